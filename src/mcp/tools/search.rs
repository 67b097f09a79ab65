//! `search`: hits as places to cite, with the lines that speak of the query.

use std::ops::Range;

use indexer::language;
use rag_core::hybrid::Correction;
use rag_core::{Filter, Hit, Mode, Query};
use serde::Deserialize;

use super::super::answer::{Answer, cite, next, one_line};
use super::{Answered, Call, LONGEST, LONGEST_QUERY, Refusal, given, limit};
use crate::config::suggestion;
use crate::highlight::{Highlighter, Mark, best_window};
use crate::tokens::estimate;

pub(super) const TOKENS: usize = 2000;
const HITS: usize = 8;
const MOST_HITS: usize = 50;
/// Lines that are shown of the first hit; later ones get fewer.
const LINES: usize = 24;
const FEWEST_LINES: usize = 3;
/// Longer lines are cut.
const LONGEST_LINE: usize = 160;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    query: String,
    limit: Option<usize>,
    #[serde(default)]
    paths: Vec<String>,
    lang: Option<String>,
    mode: Option<ModeWord>,
    max_tokens: Option<usize>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ModeWord {
    Hybrid,
    Lexical,
    Semantic,
    Symbol,
}

pub(super) fn answer(call: &Call, arguments: Arguments) -> Answered {
    given("query", &arguments.query, LONGEST_QUERY)?;
    let limit = limit(arguments.max_tokens, TOKENS)?;
    let mut query = Query::new(&*arguments.query);
    query.limit = arguments.limit.unwrap_or(HITS).clamp(1, MOST_HITS);
    query.mode = match arguments.mode {
        None | Some(ModeWord::Hybrid) => Mode::Hybrid,
        Some(ModeWord::Lexical) => Mode::Lexical,
        Some(ModeWord::Semantic) => Mode::Semantic,
        Some(ModeWord::Symbol) => Mode::Symbol,
    };
    query.filter = filter(arguments.paths, arguments.lang)?;
    let result = call.engine().search(&query)?;
    call.go_on()?;
    let hits = &result.hits;
    let mut answer = Answer::new(limit);
    for Correction { unknown, known } in &result.corrections {
        answer.line(&format!("nothing holds a word like `{unknown}`; searched for `{known}`"));
    }
    let Some(first) = hits.first() else {
        let filtered = if query.filter.is_empty() { "" } else { " with these filters" };
        answer.line(&format!("nothing found{filtered}"));
        return Ok(answer.end(&["Next: other words · overview".into()]));
    };
    let mut highlighter = Highlighter::new(&result.terms);
    let headings: Vec<String> = hits.iter().enumerate().map(|(rank, hit)| heading(rank + 1, hit)).collect();
    let mut shown = 0;
    for (rank, hit) in hits.iter().enumerate() {
        // Every place is named, if that is possible at all; what is left is for the lines, most for the best.
        let later: usize = headings[rank + 1..].iter().map(|heading| estimate(heading) + 1).sum();
        if !answer.line(&headings[rank]) {
            break;
        }
        shown += 1;
        let share = answer.room().saturating_sub(later) * 2 / (hits.len() - rank + 1);
        let lines = (LINES / (rank + 1)).max(FEWEST_LINES);
        snippet(&mut answer, hit, lines, share, &mut highlighter);
    }
    let mut end = Vec::new();
    if shown < hits.len() {
        end.push(format!("{} more hits do not fit: raise max_tokens", hits.len() - shown));
    }
    let place = cite(&first.path, (first.start_line, first.end_line));
    let mut steps = vec![format!("read {place}")];
    if let Some(symbol) = first.symbol.as_deref().filter(|_| first.kind.is_some_and(|kind| kind.is_callable())) {
        steps.push(format!("graph {} callers", one_line(symbol)));
    }
    if hits.len() == query.limit && query.limit < MOST_HITS {
        steps.push(format!("search with limit {}", (2 * query.limit).min(MOST_HITS)));
    }
    end.push(next(&steps));
    if let Some(reason) = &result.degraded {
        end.push(format!("({reason}; answered without the large model)"));
    }
    Ok(answer.end(&end))
}

fn heading(rank: usize, hit: &Hit) -> String {
    let place = cite(&hit.path, (hit.start_line, hit.end_line));
    match (&hit.symbol, hit.kind) {
        (Some(symbol), Some(kind)) => format!("{rank}. {place} {} ({kind})", one_line(symbol)),
        _ => format!("{rank}. {place}"),
    }
}

/// Adds the best lines of a hit, with their numbers, as long as they take no more than `share` tokens.
fn snippet(answer: &mut Answer, hit: &Hit, most: usize, share: usize, highlighter: &mut Highlighter) {
    let text: Vec<&str> = hit.text.trim_end().lines().collect();
    let marks: Vec<Vec<Mark>> = text.iter().map(|line| highlighter.marks(line)).collect();
    let mut left = share;
    for index in shown_lines(&text, &marks, most) {
        let line = text[index];
        let end = line.floor_char_boundary(LONGEST_LINE);
        let rest = if end < line.len() { "…" } else { "" };
        let line = format!("{}\t{}{rest}", hit.start_line as usize + index, &line[..end]);
        let tokens = estimate(&line) + 1;
        if tokens > left || !answer.line(&line) {
            return;
        }
        left -= tokens;
    }
}

/// The first line says what it is; the others are the best run of lines. Blank lines say nothing.
fn shown_lines(text: &[&str], marks: &[Vec<Mark>], most: usize) -> impl Iterator<Item = usize> {
    let window: Range<usize> = best_window(marks, most);
    let head = (window.start > 0 && most > 1).then_some(0);
    let said: Vec<bool> = text.iter().map(|line| !line.trim().is_empty()).collect();
    head.into_iter().chain(window).filter(move |&index| said[index])
}

fn filter(paths: Vec<String>, lang: Option<String>) -> Result<Filter, Refusal> {
    for path in &paths {
        given("paths", path, LONGEST)?;
    }
    let mut filter = Filter { paths, ..Filter::default() };
    if let Some(name) = lang.filter(|name| !name.is_empty()) {
        let language = language::by_name(&name).ok_or_else(|| {
            let names = language::all().iter().flat_map(|language| language.aliases.iter().chain([&language.name]));
            let hint = suggestion(&name.to_lowercase(), names.copied()).map(|name| format!("; did you mean `{name}`?"));
            Refusal(format!("unknown language `{}`{}", one_line(&name), hint.unwrap_or_default()))
        })?;
        filter.languages.push(language.name.to_owned());
    }
    Ok(filter)
}
