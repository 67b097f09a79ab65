//! The folder with settings of agents: what cogo comes with (`configs/`), changed and extended by the user's files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use agents::config::ConfigError as Wrong;
use agents::guard::Policies;
use agents::library::Library;
use agents::orchestrate;
use agents::plan::Workflow;
use agents::role::Role;
use agents::route::RoutingConfig;
use serde_json::Value;

use super::web::Source;
use super::{AGENTS, web};
use crate::config::{AgentsConfig, ConfigError};

/// What plans are not made of: what makes them, and what steps of other kinds are.
const NO_TOOLS: [&str; 3] = [orchestrate::KIND, orchestrate::MODEL, orchestrate::WAIT];

const WORKFLOWS: [(&str, &str); 2] = [
    ("change-review", include_str!("../../configs/workflows/change-review.yaml")),
    ("tour", include_str!("../../configs/workflows/tour.yaml")),
];

const ROLES: [(&str, &str); 3] = [
    ("operator", include_str!("../../configs/roles/operator.yaml")),
    ("researcher", include_str!("../../configs/roles/researcher.yaml")),
    ("reviewer", include_str!("../../configs/roles/reviewer.yaml")),
];

/// What the settings of agents say, read and checked.
#[derive(Clone, Debug)]
pub struct Configs {
    /// How calls and jobs are tried again, how fast and how often they may be made.
    pub policies: Policies,
    /// Which language models there are.
    pub routing: RoutingConfig,
    /// Who may work on goals.
    pub roles: Library<Role>,
    /// Plans with names.
    pub workflows: Library<Workflow>,
    /// Who may be asked outside of the repository.
    pub sources: Vec<Source>,
}

impl Configs {
    /// Reads the folder `agents.configs`, if there is one.
    ///
    /// # Errors
    /// What cannot be read or has no meaning, with file and place.
    pub fn load(settings: &AgentsConfig) -> Result<Self, ConfigError> {
        Self::read(settings.configs.clone()).map_err(|error| ConfigError { message: chain(&error), hint: None })
    }

    fn read(folder: Option<PathBuf>) -> Result<Self, Wrong> {
        let within = |name: &str| folder.as_ref().map(|folder| folder.join(name));
        let roles: Library<Role> = Library::load(within("roles").as_deref(), &ROLES)?;
        let roles = roles.checked(|role| role.check(is_tool))?;
        let workflows: Library<Workflow> = Library::load(within("workflows").as_deref(), &WORKFLOWS)?;
        let workflows = workflows.checked(|workflow| {
            workflow.check(is_tool, &["path", "web"])?;
            let plan = workflow.unfilled();
            orchestrate::check(&plan, is_tool, &roles, workflow.role.as_deref())
        })?;
        Ok(Configs {
            policies: Policies::load(folder.as_deref())?,
            routing: RoutingConfig::load(folder.as_deref())?,
            roles,
            workflows,
            sources: web::load(folder.as_deref())?,
        })
    }
}

/// Whether steps of plans may call `name`.
pub(super) fn is_tool(name: &str) -> bool {
    AGENTS.iter().any(|agent| agent.name == name) && !NO_TOOLS.contains(&name)
}

/// The inputs of a workflow, each with what it is.
pub fn inputs(workflow: &Workflow) -> BTreeMap<String, String> {
    let required = workflow.input["required"].as_array().cloned().unwrap_or_default();
    let about = |name: &String, schema: &Value| {
        let said = schema["description"].as_str().or(schema["type"].as_str()).unwrap_or("anything");
        match (schema.get("default"), required.iter().any(|known| known == name.as_str())) {
            (Some(default), _) => format!("{said} [default: {default}]"),
            (None, true) => said.to_owned(),
            (None, false) => format!("{said} [optional]"),
        }
    };
    workflow.inputs().iter().map(|(name, schema)| (name.clone(), about(name, schema))).collect()
}

/// An error with what it is due to.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(path: &str, text: &str) -> Result<Configs, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a parent")).expect("a folder");
        std::fs::write(file, text).expect("write");
        let settings = AgentsConfig { configs: Some(folder.path().to_owned()), ..AgentsConfig::default() };
        Configs::load(&settings).map_err(|error| error.message)
    }

    #[test]
    fn what_cogo_comes_with_makes_sense() {
        let configs = Configs::load(&AgentsConfig::default()).expect("it is part of the program");
        assert_eq!(configs.workflows.names().collect::<Vec<_>>(), ["change-review", "tour"]);
        assert_eq!(configs.roles.names().collect::<Vec<_>>(), ["operator", "researcher", "reviewer"]);
        let tour = inputs(configs.workflows.get("tour").expect("a workflow"));
        assert!(tour["question"].contains("[default: "), "{tour:?}");
    }

    #[test]
    fn a_file_that_makes_no_sense_is_named_with_its_step() {
        let step = |step: &str| format!("about: a\nsteps:\n  - {step}\n");
        for (path, text, wanted) in [
            ("workflows/a.yaml", step("{ id: x, tool: { name: fly } }"), "step `x` needs the tool `fly`"),
            ("workflows/a.yaml", step("{ id: x, tool: { name: orchestrate } }"), "needs the tool `orchestrate`"),
            ("workflows/a.yaml", step("{ id: x, wait: { seconds: 1 }, after: [x] }"), "wait for each other: x"),
            ("workflows/a.yaml", step("{ id: x, wait: { seconds: 1 }, after: [y] }"), "step `x` waits for `y`"),
            ("workflows/a.yaml", step("{ id: x, wat: { seconds: 1 } }"), "step `x`: unknown variant `wat`"),
            ("workflows/a.yaml", step("{ id: x, model: { prompt: hm, role: king } }"), "no role `king`"),
            (
                "workflows/a.yaml",
                format!("role: operator\n{}", step("{ id: x, tool: { name: research } }")),
                "may not use",
            ),
            ("roles/a.yaml", "about: a\npersona: b\ntools: [flying]".to_owned(), "no type of job `flying`"),
            ("roles/a.json", "{".to_owned(), "a.json"),
            (
                "retry_policy.json",
                r#"{ "keys": { "job.index": { "initial_ms": 1 } } }"#.to_owned(),
                "unknown field `initial_ms`",
            ),
        ] {
            let error = with(path, &text).expect_err(wanted);
            assert!(error.contains(wanted) && error.contains(path), "{error}");
        }
    }

    #[test]
    fn files_of_the_user_go_first() {
        let configs =
            with("retry_policy.json", r#"{ "keys": { "job.index": { "max_attempts": 2 } } }"#).expect("rules");
        assert_eq!(configs.policies.of_job("index").max_attempts, 2);
        assert_eq!(configs.policies.of_job("index").first_delay_ms, 2_000);
        let mine = "about: mine\nsteps: [{ id: a, tool: { name: overview, input: { path: \"${input/path}\" } } }]";
        let configs = with("workflows/tour.yaml", mine).expect("a workflow");
        assert_eq!(configs.workflows.get("tour").map(|tour| tour.about.as_str()), Some("mine"));
    }
}
