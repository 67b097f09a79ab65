//! `cogo mcp`.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use super::args::{InstallArgs, McpArgs, McpCommand};
use super::failure::Usage;
use super::output::{self, harmless};
use super::{Done, failure, target};
use crate::mcp::install::{self, Edit, Scope, Start};
use crate::mcp::{Host, HttpOptions, serve_http, serve_stdio};

pub(super) fn run(args: &McpArgs) -> anyhow::Result<Done> {
    match &args.command {
        Some(McpCommand::Install(args)) => change(args, true),
        Some(McpCommand::Uninstall(args)) => change(args, false),
        None => serve(args),
    }
}

fn serve(args: &McpArgs) -> anyhow::Result<Done> {
    let (given, index_dir, log) = (args.path.clone(), args.index_dir.clone(), args.logging.log.clone());
    let open = move |root: Option<&Path>| -> anyhow::Result<Arc<Host>> {
        let path = given.as_deref().or(root).unwrap_or(Path::new("."));
        if given.is_none() {
            refuse_everything(path)?;
        }
        let logging = super::args::Logging { log: log.clone() };
        let (engine, _) = target::engine_for(path, index_dir.as_deref(), &logging)?;
        Ok(Host::start(engine)?)
    };
    let Some(address) = args.http else {
        if let Some(path) = &args.path {
            // Said to the one who starts it, not to the agent.
            crate::locate(path)?;
        }
        serve_stdio(Box::new(move |root| Ok(open(root)?))).map_err(anyhow::Error::from_boxed)?;
        return Ok(Done::Something);
    };
    let options = HttpOptions { token: args.token.clone() };
    options.check(address).map_err(|reason| Usage::new(reason).hint("set COGO_MCP_TOKEN, or use 127.0.0.1"))?;
    serve_http(open(None)?, address, &options, |address| {
        target::note(&format!("serving MCP at http://{address}/mcp"));
    })
    .map_err(anyhow::Error::from_boxed)?;
    Ok(Done::Something)
}

/// An editor may start us in the home folder: nobody wants that to be indexed.
fn refuse_everything(path: &Path) -> anyhow::Result<()> {
    let path = path.canonicalize().with_context(|| format!("cannot open `{}`", path.display()))?;
    let home = directories::BaseDirs::new().and_then(|folders| folders.home_dir().canonicalize().ok());
    if path.parent().is_none() || home.is_some_and(|home| home == path) {
        let message = format!("`{}` is no repository", path.display());
        return Err(Usage::new(message).hint("name one: `cogo mcp PATH`").into());
    }
    Ok(())
}

fn change(args: &InstallArgs, install: bool) -> anyhow::Result<Done> {
    let scope = match args.user {
        true => Scope::User(directories::BaseDirs::new().context("there is no home folder")?.home_dir().to_owned()),
        false => Scope::Project(std::path::absolute(&args.project)?),
    };
    let start = Start { command: args.command.clone(), arguments: vec!["mcp".into()] };
    let edit = match install {
        true => install::install(args.client, &scope, &start),
        false => install::uninstall(args.client, &scope),
    };
    let edit = match edit {
        Err(error) if !error.chain().any(|cause| cause.is::<std::io::Error>()) => {
            let by_hand = format!("by hand, it is\n{}", install::snippet(args.client, &start)?);
            return Err(Usage::new(failure::message(&error)).hint(by_hand).into());
        }
        edit => edit?,
    };
    if edit.is_empty() {
        let state = if install { "knows cogo already" } else { "does not know cogo" };
        target::note(&format!("{state}: `{}`", edit.path.display()));
        return Ok(Done::Nothing);
    }
    print(&edit)?;
    if !args.yes {
        target::note("nothing is written yet; `--yes` does it");
        return Ok(Done::Something);
    }
    edit.apply()?;
    target::note(&format!("`{}` is written", edit.path.display()));
    if install {
        target::note(args.client.advice());
    }
    Ok(Done::Something)
}

fn print(edit: &Edit) -> anyhow::Result<()> {
    let mut out = output::stdout();
    edit.diff().lines().try_for_each(|line| writeln!(out, "{}", harmless(line)))?;
    Ok(out.flush()?)
}
