//! Named workflows: plans in files, with a schema of what they are given.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Plan, Step, template};

/// A plan that waits for its input, as its file says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// What it is for, in a sentence.
    pub about: String,
    /// The [JSON schema](https://json-schema.org) of its input, an object. A property's `default` is taken where nothing is given.
    #[serde(default = "nothing")]
    pub input: Value,
    /// The role that works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The steps, in any order.
    pub steps: Vec<Step>,
    /// The result, with references; all outputs by step if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Value>,
}

fn nothing() -> Value {
    json!({ "type": "object", "properties": {}, "additionalProperties": false })
}

impl Workflow {
    /// Whether it can be carried out with tools for which `knows` is true, whatever fits its schema is given. `given` are names of inputs that
    /// it gets besides those of its schema.
    ///
    /// # Errors
    /// What is wrong with it, and in which step.
    pub fn check(&self, knows: impl Fn(&str) -> bool, given: &[&str]) -> Result<(), String> {
        jsonschema::validator_for(&self.input).map_err(|error| format!("input: the schema is none: {error}"))?;
        self.unfilled().check(knows).map_err(|invalid| invalid.to_string())?;
        let Some(known) = self.input.get("properties").and_then(Value::as_object) else { return Ok(()) };
        let places = self.steps.iter().map(|step| (format!("step `{}`", step.id), step.action.values()));
        for (place, values) in places.chain([("result".to_owned(), self.result.iter().collect())]) {
            for path in values.into_iter().flat_map(template::paths) {
                let Some(name) = path.strip_prefix("input/").and_then(|rest| rest.split('/').next()) else { continue };
                if !known.contains_key(name) && !given.contains(&name) {
                    return Err(format!("{place} refers to the input `{name}`, which the schema does not have"));
                }
            }
        }
        Ok(())
    }

    /// The plan for `input`; `name` is the workflow's own.
    ///
    /// # Errors
    /// How the input differs from the schema.
    pub fn plan(&self, name: &str, input: Value) -> Result<Plan, String> {
        let mut input = if input.is_null() { json!({}) } else { input };
        if let (Some(fields), Some(known)) = (input.as_object_mut(), self.input["properties"].as_object()) {
            for (name, default) in known.iter().filter_map(|(name, schema)| Some((name, schema.get("default")?))) {
                fields.entry(name).or_insert_with(|| default.clone());
            }
        }
        let validator = jsonschema::validator_for(&self.input).map_err(|error| error.to_string())?;
        let place = |error: &jsonschema::ValidationError| match error.instance_path().as_str() {
            "" => error.to_string(),
            at => format!("{at}: {error}"),
        };
        let wrong: Vec<String> = validator.iter_errors(&input).map(|error| place(&error)).collect();
        match wrong.is_empty() {
            true => Ok(Plan { input, reason: format!("the workflow `{name}`"), ..self.unfilled() }),
            false => Err(format!("the input of the workflow `{name}` does not fit: {}", wrong.join("; "))),
        }
    }

    /// Its plan, without input.
    pub fn unfilled(&self) -> Plan {
        Plan {
            goal: self.about.clone(),
            reason: String::new(),
            input: Value::Null,
            steps: self.steps.clone(),
            result: self.result.clone(),
        }
    }

    /// The properties of its input, by name.
    pub fn inputs(&self) -> Map<String, Value> {
        self.input["properties"].as_object().cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workflow(steps: Value) -> Workflow {
        let input = json!({ "type": "object", "required": ["symbol"], "additionalProperties": false, "properties": {
            "symbol": { "type": "string", "minLength": 1 }, "most": { "type": "integer", "default": 3 } } });
        let workflow =
            json!({ "about": "looks at a symbol", "input": input, "steps": steps, "result": "${look/found}" });
        serde_json::from_value(workflow).expect("a workflow")
    }

    fn look(input: Value) -> Workflow {
        workflow(json!([{ "id": "look", "tool": { "name": "search", "input": input } }]))
    }

    #[test]
    fn an_input_must_fit_its_schema() {
        let workflow = look(json!({ "query": "${input/symbol}", "limit": "${input/most}", "path": "${input/path}" }));
        assert_eq!(workflow.check(|tool| tool == "search", &["path"]), Ok(()));
        let plan = workflow.plan("look", json!({ "symbol": "take" })).expect("a plan");
        assert_eq!(
            (&plan.input, plan.reason.as_str()),
            (&json!({ "symbol": "take", "most": 3 }), "the workflow `look`")
        );
        let refused = workflow.plan("look", json!({ "symbol": 7, "speed": 1 })).expect_err("two mistakes");
        assert!(refused.contains("/symbol: 7 is not of type") && refused.contains("speed"), "{refused}");
        assert!(workflow.plan("look", Value::Null).is_err_and(|reason| reason.contains("symbol")));
    }

    #[test]
    fn what_cannot_be_carried_out_is_refused_with_its_step() {
        let why = |workflow: Workflow| workflow.check(|tool| tool == "search", &["path"]).expect_err("it is wrong");
        assert_eq!(
            why(look(json!({ "query": "${input/symbl}" }))),
            "step `look` refers to the input `symbl`, which the schema does not have"
        );
        let none = workflow(json!([{ "id": "see", "tool": { "name": "search" } }]));
        assert!(why(none).contains("result refers to `look`"));
        assert!(
            why(workflow(json!([{ "id": "look", "tool": { "name": "fly" } }])))
                .contains("step `look` needs the tool `fly`")
        );
        let wrong = Workflow { input: json!({ "type": 7 }), ..look(json!({})) };
        assert!(why(wrong).contains("the schema is none"));
    }
}
