//! What an agent gets for its tokens: one answer of the MCP tool `search`, against finding words with grep and reading files.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::atomic::AtomicBool;

use anyhow::{Result, anyhow};
use cogo::eval::{Paths, Question, Target};
use cogo::mcp::{Host, Refusal, call};
use cogo::tokens::estimate;
use cogo::{Engine, EngineOptions, Snapshot};
use serde::Serialize;
use serde_json::json;

use crate::McpSearch;
use crate::code_search::{RepositoryEntry, from_checkout, read_set};

/// Words that an agent would not search for.
const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "be", "by", "can", "do", "does", "for", "from", "how", "in", "into", "is",
    "it", "its", "of", "on", "or", "that", "the", "this", "to", "was", "what", "when", "where", "which", "who", "why",
    "with",
];

/// What one way of looking costs, and what it finds.
#[derive(Clone, Copy, Default, Serialize)]
struct Found {
    tokens: f64,
    most_tokens: usize,
    /// Share of queries with a relevant file in the answer.
    any: f64,
    /// Share of queries with all relevant files in it.
    all: f64,
}

impl Found {
    fn add(&mut self, tokens: usize, paths: &[String], judged: &Question, root: &str) {
        let is_read = |target: &Target| {
            paths.iter().any(|path| target.is_hit(&from_checkout(root, path), (0, u32::MAX), Paths::Suffix))
        };
        self.tokens += tokens as f64;
        self.most_tokens = self.most_tokens.max(tokens);
        self.any += f64::from(u8::from(judged.relevant.iter().any(is_read)));
        self.all += f64::from(u8::from(judged.relevant.iter().all(is_read)));
    }

    fn over(self, queries: usize) -> Self {
        let n = queries.max(1) as f64;
        Found { tokens: self.tokens / n, any: self.any / n, all: self.all / n, ..self }
    }
}

/// Asks every query in both ways and prints what they find and cost.
pub fn run(options: &McpSearch) -> Result<()> {
    let (repositories, queries) = read_set(&options.data)?;
    let (mut tool, mut grep, mut asked) = (Found::default(), Found::default(), 0);
    for repository in repositories.iter().filter(|r| options.only.is_empty() || options.only.contains(&r.name)) {
        let judged: Vec<&Question> =
            queries.iter().filter(|query| query.repo.as_ref() == Some(&repository.name)).collect();
        let (found, read) = measure(options, repository, &judged)?;
        let row = |found: Found| format!("{:>6.0} tokens, any {:.3}, all {:.3}", found.tokens, found.any, found.all);
        println!(
            "{:<22} search {}   grep {}",
            repository.name,
            row(found.over(judged.len())),
            row(read.over(judged.len()))
        );
        for (sum, part) in [(&mut tool, found), (&mut grep, read)] {
            sum.tokens += part.tokens;
            sum.any += part.any;
            sum.all += part.all;
            sum.most_tokens = sum.most_tokens.max(part.most_tokens);
        }
        asked += judged.len();
    }
    println!("\n{asked} queries");
    for (name, found) in [("search", tool.over(asked)), ("grep and read", grep.over(asked))] {
        println!(
            "{name:<14} {:>6.0} tokens (at most {}), a relevant file in {:.3}, all of them in {:.3}",
            found.tokens, found.most_tokens, found.any, found.all
        );
    }
    Ok(())
}

fn measure(options: &McpSearch, repository: &RepositoryEntry, judged: &[&Question]) -> Result<(Found, Found)> {
    let root = options.checkouts.join(&repository.name).join(&repository.root);
    let folder = Some(std::env::temp_dir().join("cogo-eval").join(&repository.name));
    let engine = Engine::new(&root, EngineOptions { folder, ..EngineOptions::default() });
    engine.refresh(&|_| ())?;
    let host = Host::start(engine)?;
    let snapshot = host.engine().snapshot()?;
    let texts = texts(&snapshot)?;
    let (mut tool, mut grep) = (Found::default(), Found::default());
    for judged in judged {
        let arguments = json!({ "query": judged.query, "max_tokens": options.tokens });
        let answer = call(&host, "search", arguments, &AtomicBool::new(false)).map_err(|Refusal(why)| anyhow!(why))?;
        tool.add(estimate(&answer), &cited(&answer), judged, &repository.root);
        let (tokens, read) = grep_and_read(&texts, &judged.query, options);
        grep.add(tokens, &read, judged, &repository.root);
    }
    Ok((tool, grep))
}

/// The paths of the numbered places of an answer.
fn cited(answer: &str) -> Vec<String> {
    let place = |line: &str| {
        let (rank, rest) = line.split_once(". ")?;
        rank.parse::<u32>().ok()?;
        Some(rest.split_whitespace().next()?.rsplit_once(':')?.0.to_owned())
    };
    answer.lines().filter_map(place).collect()
}

struct File {
    path: String,
    text: String,
    lower: String,
}

fn texts(snapshot: &Snapshot) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for live in &snapshot.segments {
        for file in (0..live.live.len() as u32).filter(|&file| live.live[file as usize]) {
            let text = live.segment.text(file)?.as_str().to_owned();
            files.push(File { path: live.segment.path(file).to_owned(), lower: text.to_lowercase(), text });
        }
    }
    Ok(files)
}

/// As an agent with ripgrep would: files with most of the words first, then with most matches; read until the tokens are used.
fn grep_and_read(files: &[File], query: &str, options: &McpSearch) -> (usize, Vec<String>) {
    let lower = query.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let words: HashSet<&str> = words.filter(|word| !STOP_WORDS.contains(word)).collect();
    let mut ranked: Vec<(Reverse<usize>, Reverse<usize>, &File)> = Vec::new();
    for file in files {
        let counts: Vec<usize> = words.iter().map(|word| file.lower.matches(word).count()).collect();
        let distinct = counts.iter().filter(|&&count| count > 0).count();
        if distinct > 0 {
            ranked.push((Reverse(distinct), Reverse(counts.iter().sum()), file));
        }
    }
    ranked.sort_by_key(|(distinct, matches, file)| (*distinct, *matches, &file.path));
    let (mut used, mut read) = (0, Vec::new());
    for (_, _, file) in ranked {
        if used >= options.grep_tokens {
            break;
        }
        read.push(file.path.clone());
        used = (used + estimate(&file.text).min(options.file_tokens)).min(options.grep_tokens);
    }
    (used, read)
}
