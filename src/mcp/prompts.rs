//! Prompts: a task in words, and the facts to begin with.

use serde_json::{Map, Value, json};

use super::answer::one_line;
use super::tools::Refusal;

/// A task, and the call that brings its facts.
pub(super) struct Prompt {
    pub task: String,
    pub tool: &'static str,
    pub arguments: Value,
}

/// The prompts as `prompts/list` shows them.
pub(super) fn definitions() -> Value {
    let argument =
        |name: &str, description: &str| json!([{ "name": name, "description": description, "required": true }]);
    json!([
        {
            "name": "onboard",
            "description": "Get to know this repository: its parts, where it starts, what to read first",
        },
        {
            "name": "explain-symbol",
            "description": "Explain a function, type or file: what it does, who uses it, how it is tested",
            "arguments": argument("symbol", "name, Class.method, path, or path:line"),
        },
        {
            "name": "review-diff",
            "description": "Review a change: what it may break, which tests to run",
            "arguments": argument("diff", "the output of git diff"),
        },
    ])
}

/// The prompt called `name`.
pub(super) fn prompt(name: &str, arguments: &Map<String, Value>) -> Result<Prompt, Refusal> {
    let wanted = |key: &str| {
        let value = arguments.get(key).and_then(Value::as_str).filter(|value| !value.trim().is_empty());
        value.map(str::to_owned).ok_or_else(|| Refusal(format!("the prompt `{name}` needs `{key}`")))
    };
    match name {
        "onboard" => Ok(Prompt {
            task: "Explain this repository to a developer who is new to it: what it is for, its main parts and how they \
                   hang together, where programs start, and the five places to read first, in order. Use the cogo tools: \
                   `overview` with the path of a part, `read` of its central files, `graph` where you need to know who uses \
                   what. Cite path:start-end for every claim. This is what cogo knows already:"
                .into(),
            tool: "overview",
            arguments: json!({ "max_tokens": 2500 }),
        }),
        "explain-symbol" => {
            let symbol = wanted("symbol")?;
            Ok(Prompt {
                task: format!(
                    "Explain `{}`: what it does and why it exists, how it is used, what it relies on, how it is tested, and \
                     what is surprising about it. `read` it first, then its most important users; `graph` shows callers, \
                     callees and tests. Cite path:start-end for every claim. This is what cogo knows already:",
                    one_line(&symbol)
                ),
                tool: "graph",
                arguments: json!({ "symbol": symbol, "relation": "explain", "max_tokens": 2500 }),
            })
        }
        "review-diff" => {
            let diff = wanted("diff")?;
            Ok(Prompt {
                task: format!(
                    "Review this change. For every definition it touches: is it right, and does every user of it still work? \
                     `read` the users that the analysis below names, `graph` finds more. Say which tests to run, what is not \
                     tested, and which documents no longer say the truth. Begin with the most serious problem, cite \
                     path:start-end, and do not invent problems.\n\n```diff\n{diff}\n```\n\nWhat it may reach, by cogo:"
                ),
                tool: "impact",
                arguments: json!({ "diff": diff, "max_tokens": 3000 }),
            })
        }
        _ => Err(Refusal(format!("no prompt `{}`; there are onboard, explain-symbol, review-diff", one_line(name)))),
    }
}
