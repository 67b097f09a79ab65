//! Cells of a Jupyter notebook, with their place in the raw JSON.
//!
//! `serde_json` tells values but not offsets. So a small scanner finds where the cells lie, and
//! `serde_json` decodes only what is needed of them; outputs are passed over, however large.

use std::ops::Range;

use rag_core::Span;
use serde_json::Value;

/// A notebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notebook {
    /// Its cells in order.
    pub cells: Vec<Cell>,
    /// The language of its code, in lower case, if it says so.
    pub language: Option<String>,
}

/// A cell of a notebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Where the cell object lies in the raw JSON.
    pub span: Span,
    /// What it holds.
    pub kind: CellKind,
    /// Its source, decoded.
    pub source: String,
}

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CellKind {
    /// Text in Markdown.
    Markdown,
    /// Code in the language of the notebook.
    Code,
    /// Anything else.
    Raw,
}

/// Reads a notebook; `None` if `json` is not one. Cells that cannot be read are left out, and of a
/// file that breaks off those before the break are given.
pub fn notebook(json: &str) -> Option<Notebook> {
    let top = members(json, 0..json.len())?;
    let mut cells = Vec::new();
    if let Some(list) = value_of(json, &top, "cells") {
        read_cells(json, list, &mut cells);
    } else {
        // Version 3 had sheets, of which there was only ever one.
        let sheets = elements(json, value_of(json, &top, "worksheets")?);
        for sheet in sheets {
            let members = members(json, sheet).unwrap_or_default();
            if let Some(list) = value_of(json, &members, "cells") {
                read_cells(json, list, &mut cells);
            }
        }
    }
    if cells.is_empty() && value_of(json, &top, "nbformat").is_none() {
        return None;
    }
    Some(Notebook { cells, language: language(json, &top) })
}

fn read_cells(json: &str, list: Range<usize>, cells: &mut Vec<Cell>) {
    cells.extend(elements(json, list).into_iter().filter_map(|range| read_cell(json, range)));
}

fn read_cell(json: &str, range: Range<usize>) -> Option<Cell> {
    let members = members(json, range.clone())?;
    let kind = decoded(json, &members, "cell_type")?;
    let source = decoded(json, &members, "source").or_else(|| decoded(json, &members, "input"))?;
    let mut source = joined(&source)?;
    let kind = match kind.as_str()? {
        "markdown" => CellKind::Markdown,
        "code" => CellKind::Code,
        "heading" => {
            // Version 3 had a cell of its own for a heading.
            let level = decoded(json, &members, "level").and_then(|level| level.as_u64());
            let marks = "#".repeat(level.unwrap_or(1).clamp(1, 6) as usize);
            source = format!("{marks} {source}");
            CellKind::Markdown
        }
        _ => CellKind::Raw,
    };
    Some(Cell { span: Span::new(range), kind, source })
}

/// The text of a source: a string, or a list of strings.
fn joined(source: &Value) -> Option<String> {
    match source {
        Value::String(text) => Some(text.clone()),
        Value::Array(lines) => Some(lines.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

fn language(json: &str, top: &[Member]) -> Option<String> {
    let metadata = members(json, value_of(json, top, "metadata")?)?;
    let said = |object: &str, key: &str| {
        let members = members(json, value_of(json, &metadata, object)?)?;
        decoded(json, &members, key)?.as_str().map(str::to_ascii_lowercase)
    };
    said("language_info", "name").or_else(|| said("kernelspec", "language"))
}

/// A member of an object: where the text of its key and its value lie.
struct Member {
    key: Range<usize>,
    value: Range<usize>,
}

/// Where the value of `key` lies. Keys with escapes are not understood; notebooks have none.
fn value_of(json: &str, members: &[Member], key: &str) -> Option<Range<usize>> {
    let member = members.iter().find(|member| json.get(member.key.clone()) == Some(key))?;
    Some(member.value.clone())
}

fn decoded(json: &str, members: &[Member], key: &str) -> Option<Value> {
    serde_json::from_str(json.get(value_of(json, members, key)?)?).ok()
}

/// The members of the object that starts in `range`, up to its end or to the first that is broken.
fn members(json: &str, range: Range<usize>) -> Option<Vec<Member>> {
    let bytes = &json.as_bytes()[..range.end];
    let mut at = skip_space(bytes, range.start);
    if bytes.get(at) != Some(&b'{') {
        return None;
    }
    let mut members = Vec::new();
    loop {
        at = skip_space(bytes, at + 1);
        if bytes.get(at) != Some(&b'"') {
            return Some(members);
        }
        let Some(key_end) = skip_string(bytes, at) else { return Some(members) };
        let key = at + 1..key_end - 1;
        at = skip_space(bytes, key_end);
        if bytes.get(at) != Some(&b':') {
            return Some(members);
        }
        let start = skip_space(bytes, at + 1);
        let end = skip_value(bytes, start);
        members.push(Member { key, value: start..end.unwrap_or(bytes.len()) });
        at = skip_space(bytes, end.unwrap_or(bytes.len()));
        if bytes.get(at) != Some(&b',') {
            return Some(members);
        }
    }
}

/// The elements of the array that starts in `range`, up to its end or to the first that is broken.
fn elements(json: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let bytes = &json.as_bytes()[..range.end];
    let mut elements = Vec::new();
    if bytes.get(range.start) != Some(&b'[') {
        return elements;
    }
    let mut at = range.start;
    loop {
        let start = skip_space(bytes, at + 1);
        let Some(end) = skip_value(bytes, start) else { return elements };
        elements.push(start..end);
        at = skip_space(bytes, end);
        if bytes.get(at) != Some(&b',') {
            return elements;
        }
    }
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// The end of the string that starts at `at`.
fn skip_string(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The end of the value that starts at `at`. Nesting is counted, not followed, so that no depth of
/// it can exhaust the stack.
fn skip_value(bytes: &[u8], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = at;
    loop {
        match *bytes.get(at)? {
            b'"' => at = skip_string(bytes, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
            }
            b',' if depth == 0 => return None,
            b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => at += 1,
            _ => at = skip_scalar(bytes, at),
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The end of the number or word that starts at `at`; at least one byte further.
fn skip_scalar(bytes: &[u8], at: usize) -> usize {
    let ends = |byte: &u8| b",:{}[]\" \t\r\n".contains(byte);
    bytes[at..].iter().position(ends).map_or(bytes.len(), |length| at + length.max(1))
}
