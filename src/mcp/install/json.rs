//! JSON with comments: one entry of one table changes, every other byte stays.

use anyhow::{Context, bail};
use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstRootNode};
use serde_json::Value;

/// `text` with an entry `name` in `table`.
pub(super) fn with_entry(text: &str, table: &str, name: &str, entry: &Value) -> anyhow::Result<String> {
    let root = parse(if text.trim().is_empty() { "{}\n" } else { text })?;
    let object = object_of(&root)?;
    let servers = match object.get(table) {
        None => object.append(table, CstInputValue::Object(Vec::new())).object_value(),
        Some(property) => property.object_value(),
    };
    let servers = servers.with_context(|| format!("its `{table}` is no object"))?;
    match servers.get(name) {
        Some(property) if property.to_serde_value().as_ref() == Some(entry) => {}
        Some(property) => property.set_value(input(entry)),
        None => drop(servers.append(name, input(entry))),
    }
    Ok(root.to_string())
}

/// `text` without the entry `name` in `table`; nothing if nothing else is in it.
pub(super) fn without_entry(text: &str, table: &str, name: &str) -> anyhow::Result<Option<String>> {
    if text.trim().is_empty() {
        return Ok(Some(text.to_owned()));
    }
    let root = parse(text)?;
    let object = object_of(&root)?;
    let Some(servers) = object.get(table) else { return Ok(Some(text.to_owned())) };
    let entry = servers.object_value().and_then(|servers| servers.get(name));
    let Some(entry) = entry else { return Ok(Some(text.to_owned())) };
    entry.remove();
    if servers.object_value().is_some_and(|servers| servers.properties().is_empty()) {
        servers.remove();
    }
    let left = root.to_string();
    let is_empty = left.split_whitespace().collect::<String>() == "{}";
    Ok((!is_empty).then_some(left))
}

fn parse(text: &str) -> anyhow::Result<CstRootNode> {
    CstRootNode::parse(text, &ParseOptions::default()).context("it is no JSON that can be changed safely")
}

fn object_of(root: &CstRootNode) -> anyhow::Result<CstObject> {
    match root.object_value() {
        Some(object) => Ok(object),
        None => bail!("it is no JSON object"),
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(input).collect()),
        Value::Object(map) => {
            CstInputValue::Object(map.iter().map(|(key, value)| (key.clone(), input(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TEXT: &str = "{\n  // mine\n  \"inputs\": [1, 2],   /* odd  spacing */\n  \"servers\": {\n    \"other\": { \"command\": \"x\" }, // stays\n  },\n}\n";

    #[test]
    fn comments_and_spacing_of_others_stay() {
        let entry = json!({ "command": "cogo", "args": ["mcp"] });
        let with = with_entry(TEXT, "servers", "cogo", &entry).expect("edit");
        for kept in ["// mine", "[1, 2],   /* odd  spacing */", "{ \"command\": \"x\" }, // stays"] {
            assert!(with.contains(kept), "{with}");
        }
        assert!(with.contains("\"cogo\""), "{with}");
        assert_eq!(with_entry(&with, "servers", "cogo", &entry).expect("again"), with, "twice is once");
        let without = without_entry(&with, "servers", "cogo").expect("edit").expect("the rest");
        assert!(!without.contains("cogo") && without.contains("// stays") && without.contains("// mine"), "{without}");
    }

    #[test]
    fn an_empty_file_gets_an_entry_and_loses_everything_with_it() {
        let with = with_entry("", "mcpServers", "cogo", &json!({ "command": "cogo" })).expect("edit");
        let value: Value = serde_json::from_str(&with).expect("JSON");
        assert_eq!(value, json!({ "mcpServers": { "cogo": { "command": "cogo" } } }));
        assert_eq!(without_entry(&with, "mcpServers", "cogo").expect("edit"), None);
        assert_eq!(without_entry("{\"a\":1}", "mcpServers", "cogo").expect("edit").as_deref(), Some("{\"a\":1}"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in ["[1]", "{\"servers\": 3}", "{", "{\"servers\": [}"] {
            assert!(with_entry(text, "servers", "cogo", &json!({})).is_err(), "{text}");
        }
    }
}
