//! Notebooks: cells, their places, and JSON that is none.

use super::{Cell, CellKind, notebook};

fn kinds_and_sources(cells: &[Cell]) -> Vec<(CellKind, &str)> {
    cells.iter().map(|cell| (cell.kind, cell.source.as_str())).collect()
}

#[test]
fn reads_cells_with_their_place() {
    let json = r##"{
 "cells": [
  {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "t\u00e9xt \"q\""]},
  {"cell_type": "code", "outputs": [{"data": {"image/png": "]}{["}}], "source": "print('\\n')"},
  {"cell_type": "raw", "source": []}
 ],
 "metadata": {"kernelspec": {"language": "x"}, "language_info": {"name": "Python"}},
 "nbformat": 4
}"##;
    let notebook = notebook(json).expect("it is a notebook");
    assert_eq!(notebook.language.as_deref(), Some("python"));
    assert_eq!(
        kinds_and_sources(&notebook.cells),
        [(CellKind::Markdown, "# Title\ntéxt \"q\""), (CellKind::Code, "print('\\n')"), (CellKind::Raw, ""),]
    );
    for cell in &notebook.cells {
        let raw = cell.span.text(json);
        assert!(raw.starts_with("{\"cell_type\"") && raw.ends_with('}'), "{raw}");
    }
}

#[test]
fn reads_version_three() {
    let json = r#"{"metadata": {"name": ""}, "nbformat": 3, "worksheets": [{"cells": [
        {"cell_type": "heading", "level": 2, "source": ["Head"]},
        {"cell_type": "code", "input": ["1 + 1"], "language": "python"}]}]}"#;
    let notebook = notebook(json).expect("it is a notebook");
    assert_eq!(kinds_and_sources(&notebook.cells), [(CellKind::Markdown, "## Head"), (CellKind::Code, "1 + 1")]);
    assert_eq!(notebook.language, None);
}

#[test]
fn what_is_no_notebook_is_none() {
    for json in [
        "",
        "null",
        "[]",
        "{}",
        "{",
        "\"cells\"",
        r#"{"cells": []}"#,
        r#"{"cells": [1, 2]}"#,
        r#"{"name": "x", "nbformat": 4}"#,
        r#"{"cells": {"cell_type": "code"}}"#,
    ] {
        assert_eq!(notebook(json), None, "{json}");
    }
    assert!(notebook(r#"{"cells": [], "nbformat": 4}"#).is_some());
}

#[test]
fn a_file_that_breaks_off_keeps_what_is_whole() {
    let json = r#"{"cells": [{"cell_type": "code", "source": "a"}, {"cell_type": "code", "sou"#;
    let notebook = notebook(json).expect("one cell is whole");
    assert_eq!(kinds_and_sources(&notebook.cells), [(CellKind::Code, "a")]);
}

#[test]
fn a_broken_cell_does_not_take_the_others_with_it() {
    let json = r#"{"cells": [{"cell_type": "code", "source": "\ud800"}, 7, {"source": "x"},
        {"cell_type": "code", "source": "b"}], "nbformat": 4}"#;
    let notebook = notebook(json).expect("it is a notebook");
    assert_eq!(kinds_and_sources(&notebook.cells), [(CellKind::Code, "b")]);
}

#[test]
fn every_prefix_and_every_hole_of_a_notebook_is_survived() {
    let json = r#"{"cells":[{"cell_type":"code","source":["é\\","\""]}],"metadata":{},"nbformat":4}"#;
    for end in (0..=json.len()).filter(|&end| json.is_char_boundary(end)) {
        if let Some(notebook) = notebook(&json[..end]) {
            assert!(notebook.cells.iter().all(|cell| json.get(cell.span.range()).is_some()));
        }
        let mut with_hole = json.to_owned();
        if end < json.len() {
            with_hole.remove(end);
            let _ = notebook(&with_hole);
        }
    }
}

#[test]
fn deep_nesting_is_survived() {
    for open in ["[", "{\"a\":", "{\"cells\":[", "{\"cells\":[{\"source\":[", "\""] {
        let json = format!("{{\"cells\": [{}", open.repeat(200_000));
        let _ = notebook(&json);
        let _ = notebook(&open.repeat(200_000));
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let json = format!("{{\"cells\":[{{\"cell_type\":\"code\",\"source\":{deep}}}],\"nbformat\":4}}");
    assert!(notebook(&json).is_some_and(|notebook| notebook.cells.is_empty()));
}
