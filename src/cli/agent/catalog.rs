//! `cogo agent kinds`, `workflows`, `roles`: what there is to be asked for.

use std::io::Write;

use serde_json::{Value, json};

use super::args::CatalogArgs;
use crate::agent::{self, AGENTS, Configs};
use crate::cli::args::Format;
use crate::cli::output::{self, harmless};
use crate::cli::{Done, target};
use crate::config::Sources;

pub(super) fn kinds(args: &CatalogArgs) -> anyhow::Result<Done> {
    let kinds = AGENTS.map(|agent| json!({ "name": agent.name, "about": agent.about, "inputs": agent.inputs }));
    print(&kinds, args.format, |kind| vec![said(&kind["inputs"])])
}

pub(super) fn workflows(args: &CatalogArgs) -> anyhow::Result<Done> {
    let configs = configs(args)?;
    let all: Vec<Value> = configs
        .workflows
        .all()
        .map(|(name, file, workflow)| {
            json!({ "name": name, "about": workflow.about, "role": workflow.role, "inputs": agent::inputs(workflow),
                "schema": workflow.input, "file": file })
        })
        .collect();
    print(&all, args.format, |workflow| {
        let inputs = workflow["inputs"].as_object().into_iter().flatten();
        inputs.map(|(name, about)| format!("{name}: {}", said(about))).collect()
    })
}

pub(super) fn roles(args: &CatalogArgs) -> anyhow::Result<Done> {
    let configs = configs(args)?;
    let all: Vec<Value> = configs
        .roles
        .all()
        .map(|(name, file, role)| {
            json!({ "name": name, "about": role.about, "persona": role.persona, "tools": role.tools, "limits": role.limits,
                "file": file })
        })
        .collect();
    print(&all, args.format, |role| {
        let tools: Vec<String> = role["tools"].as_array().into_iter().flatten().map(said).collect();
        let limits = role["limits"].as_object().into_iter().flatten();
        let limits: Vec<String> = limits.map(|(name, most)| format!("{name} {most}")).collect();
        vec![tools.join(", "), limits.join(", ")]
    })
}

fn configs(args: &CatalogArgs) -> anyhow::Result<Configs> {
    let flags = args.logging.log.as_ref().map_or(json!({}), |log| json!({ "log": log }));
    let config = Sources::read(None, flags)?.config()?;
    target::init_log(&config)?;
    Ok(Configs::load(&config.agents)?)
}

/// A value as a word.
fn said(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Name and sentence of each, then what `more` says of it.
fn print(all: &[Value], format: Format, more: impl Fn(&Value) -> Vec<String>) -> anyhow::Result<Done> {
    if format != Format::Text {
        output::print_json(&all, format)?;
        return Ok(Done::Something);
    }
    let mut out = output::stdout();
    for one in all {
        writeln!(out, "{}  {}", harmless(&said(&one["name"])), harmless(&said(&one["about"])))?;
        for line in more(one).iter().filter(|line| !line.is_empty()) {
            writeln!(out, "    {}", harmless(line))?;
        }
    }
    out.flush()?;
    Ok(Done::Something)
}
