//! TOML: one table changes, every other byte stays.

use anyhow::Context;
use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::Start;

/// `text` with a table `[table.name]`.
pub(super) fn with_entry(text: &str, table: &str, name: &str, start: &Start) -> anyhow::Result<String> {
    let mut document = parse(text)?;
    let servers = document.entry(table).or_insert_with(|| {
        let mut servers = Table::new();
        servers.set_implicit(true);
        Item::Table(servers)
    });
    let servers = servers.as_table_like_mut().with_context(|| format!("its `{table}` is no table"))?;
    if servers.get(name).is_none() {
        servers.insert(name, Item::Table(Table::new()));
    }
    let entry = servers.get_mut(name).and_then(Item::as_table_like_mut);
    let entry = entry.with_context(|| format!("its `{table}.{name}` is no table"))?;
    // What else was set for it, such as a timeout, stays.
    entry.insert("command", value(&start.command));
    entry.insert("args", value(start.arguments.iter().collect::<Array>()));
    Ok(document.to_string())
}

/// `text` without the table `[table.name]`; nothing if nothing else is in it.
pub(super) fn without_entry(text: &str, table: &str, name: &str) -> anyhow::Result<Option<String>> {
    let mut document = parse(text)?;
    let Some(servers) = document.get_mut(table).and_then(Item::as_table_like_mut) else {
        return Ok(Some(text.to_owned()));
    };
    if servers.remove(name).is_none() {
        return Ok(Some(text.to_owned()));
    }
    if servers.is_empty() {
        document.remove(table);
    }
    Ok(Some(document.to_string()).filter(|text| !text.trim().is_empty()))
}

fn parse(text: &str) -> anyhow::Result<DocumentMut> {
    text.parse().context("it is no TOML")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_other_servers_stay() {
        let start = Start { command: "cogo".into(), arguments: vec!["mcp".into()] };
        let text = "# mine\nmodel = \"x\"   # odd\n\n[mcp_servers.other]\ncommand = \"y\"\n";
        let with = with_entry(text, "mcp_servers", "cogo", &start).expect("edit");
        assert_eq!(with, format!("{text}\n[mcp_servers.cogo]\ncommand = \"cogo\"\nargs = [\"mcp\"]\n"));
        assert_eq!(with_entry(&with, "mcp_servers", "cogo", &start).expect("again"), with);
        assert_eq!(without_entry(&with, "mcp_servers", "cogo").expect("edit").as_deref(), Some(text));
        let alone = with_entry("", "mcp_servers", "cogo", &start).expect("edit");
        assert_eq!(without_entry(&alone, "mcp_servers", "cogo").expect("edit"), None);
        assert!(with_entry("mcp_servers = 3", "mcp_servers", "cogo", &start).is_err());
        assert!(with_entry("= 3", "mcp_servers", "cogo", &start).is_err());
    }
}
