//! `overview`: how the repository, a folder or a file is organised.

use graphrag::Graph;
use graphrag::graph::{NodeId, NodeKind};
use rag_core::{Snapshot, SymbolKind};
use serde::Deserialize;

use super::super::answer::{Answer, next, one_line, place};
use super::super::host::is_inside;
use super::{Answered, Call, LONGEST, Refusal, given, limit, text_of};
use crate::overview::{overview, summary};

pub(super) const TOKENS: usize = 1500;
/// Parts that are described with what they are about.
const PARTS: usize = 10;
/// Definitions that stand for a part, or for a file.
const KEYS: usize = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    path: Option<String>,
    max_tokens: Option<usize>,
}

pub(super) fn answer(call: &Call, arguments: Arguments) -> Answered {
    let answer = Answer::new(limit(arguments.max_tokens, TOKENS)?);
    let path = arguments.path.as_deref().unwrap_or("").trim().trim_start_matches("./").trim_end_matches('/');
    if path.is_empty() || path == "." {
        return repository(call, answer);
    }
    given("path", path, LONGEST)?;
    if !is_inside(path) {
        return Err(Refusal(format!("`{}` lies outside of the repository", one_line(path))));
    }
    let (snapshot, graph) = call.view()?;
    if let Some(file) = graph.file(path) {
        return file_outline(&snapshot, &graph, file, answer);
    }
    let folder = graph.find(path).into_iter().find(|&id| graph.node(id).kind == NodeKind::Folder);
    match folder {
        Some(folder) => folder_content(&graph, folder, answer),
        None => Err(Refusal(format!("no indexed file or folder `{}`\nNext: overview without a path", one_line(path)))),
    }
}

fn repository(call: &Call, mut answer: Answer) -> Answered {
    let (snapshot, graph) = call.view()?;
    let found = overview(&snapshot, &graph);
    let languages: Vec<String> =
        found.languages.iter().take(8).map(|(language, files)| format!("{language} {files}")).collect();
    let counts = &snapshot.manifest.counts;
    answer.line(&format!("{} files, {} lines: {}", counts.files, counts.lines, languages.join(", ")));
    let starts: Vec<String> = found.entries.iter().map(|&id| place(&graph, id)).collect();
    answer.list("programs start at", &starts);
    if answer.line(&format!("parts ({})", found.communities.len())) {
        for part in found.communities.iter().take(PARTS) {
            call.go_on()?;
            let central = part.files.first().map(|&file| format!(", see {}", one_line(graph.path(file))));
            let title = one_line(&part.title);
            answer.line(&format!("  {title} ({} files{})", part.files.len(), central.unwrap_or_default()));
            for &id in part.key_symbols.iter().take(KEYS - 1) {
                if let Some(summary) = summary(&snapshot, &graph, id)? {
                    answer.line(&format!("    {}: {}", one_line(graph.node(id).name), one_line(&summary)));
                }
            }
        }
    }
    let counted = |list: &[(NodeId, usize)]| -> Vec<String> {
        list.iter().map(|&(id, files)| format!("{} by {files} files", one_line(graph.node(id).name))).collect()
    };
    answer.list("used most", &counted(&found.central));
    let packages: Vec<String> =
        found.packages.iter().map(|&(id, _)| one_line(graph.node(id).name).into_owned()).collect();
    if !packages.is_empty() {
        answer.line(&format!("packages from outside: {}", packages.join(", ")));
    }
    let mut steps: Vec<String> = found
        .central
        .first()
        .map(|&(id, _)| format!("overview {}", one_line(graph.node(id).name)))
        .into_iter()
        .collect();
    steps.push("search what you are looking for".into());
    Ok(answer.end(&[next(&steps)]))
}

fn file_outline(snapshot: &Snapshot, graph: &Graph, file: NodeId, mut answer: Answer) -> Answered {
    let path = one_line(graph.path(file)).into_owned();
    let count = text_of(snapshot, graph.path(file))?.map_or(0, |text| text.lines().count());
    answer.line(&format!("{path}: {count} lines, used by {} files", graph.times_used(file)));
    let mut lines = Vec::new();
    for id in graph.symbols_of(file) {
        let node = graph.node(id);
        let is_inner = node.parent.is_some_and(|parent| graph.node(parent).symbol.is_some());
        if is_inner && matches!(node.kind.symbol(), Some(SymbolKind::Field | SymbolKind::Variable)) {
            continue;
        }
        let depth = std::iter::successors(node.parent, |&parent| graph.node(parent).parent)
            .take_while(|&parent| graph.node(parent).symbol.is_some())
            .count();
        let about = summary(snapshot, graph, id)?.map(|about| format!(": {}", one_line(&about))).unwrap_or_default();
        let ((first, last), kind) = (node.lines, node.kind.as_str());
        lines.push(format!("{}{first}-{last} {} ({kind}){about}", "  ".repeat(depth + 1), one_line(node.own_name())));
    }
    let shown = answer.lines(&lines);
    let more = (shown < lines.len()).then(|| format!("… {} more definitions: raise max_tokens", lines.len() - shown));
    let steps = [format!("read {path}"), format!("graph {path} references")];
    Ok(answer.end(&more.into_iter().chain([next(&steps)]).collect::<Vec<_>>()))
}

fn folder_content(graph: &Graph, folder: NodeId, mut answer: Answer) -> Answered {
    let children = graph.children(folder);
    answer.line(&format!("{}: {} files and folders", place(graph, folder), children.len()));
    let lines: Vec<String> = children
        .iter()
        .map(|&id| {
            let node = graph.node(id);
            if node.kind != NodeKind::File {
                return place(graph, id);
            }
            let mut top: Vec<NodeId> =
                graph.symbols_of(id).filter(|&symbol| graph.node(symbol).parent == Some(id)).collect();
            top.sort_by_key(|&symbol| std::cmp::Reverse(graph.used_by(symbol).len()));
            let names: Vec<_> = top.iter().take(KEYS).map(|&symbol| one_line(graph.node(symbol).own_name())).collect();
            format!("{} (used by {} files) {}", place(graph, id), graph.times_used(id), names.join(", "))
        })
        .collect();
    let shown = answer.lines(lines.iter().map(|line| format!("  {}", line.trim_end())));
    let more = (shown < lines.len()).then(|| format!("… {} more: raise max_tokens", lines.len() - shown));
    let first = children.first().map(|&id| format!("overview {}", place(graph, id)));
    let steps: Vec<String> = first.into_iter().chain(["search with paths".into()]).collect();
    Ok(answer.end(&more.into_iter().chain([next(&steps)]).collect::<Vec<_>>()))
}
