//! Reads a rule file and resolves its names against a grammar; see [`rules`](super::rules) for the format.

use super::rules::{Action, Case, Condition, Kinds, Move, Paths, Rule, Rules, Scope, Step, Test};
use rag_core::{ReferenceKind, SymbolKind};
use std::collections::HashSet;

impl Rules {
    /// Compiles `source` for `grammar`. Wrong lines are left out and described in the second value.
    pub(super) fn compile(source: &'static str, grammar: &tree_sitter::Language) -> (Rules, Vec<String>) {
        let kinds = grammar.node_kind_count();
        let mut lists: Vec<Vec<u16>> = vec![Vec::new(); kinds];
        let mut compiled = Rules {
            rules: Vec::new(),
            by_kind: Vec::with_capacity(kinds),
            order: Vec::new(),
            paths: vec![None; kinds],
            attributes: vec![false; kinds],
            ignored: HashSet::new(),
        };
        let mut errors = Vec::new();
        for (number, line) in source.lines().enumerate() {
            let line = line.split(" #").next().unwrap_or("").trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(words) = line.strip_prefix("!ignore ") {
                compiled.ignored.extend(words.split_whitespace());
                continue;
            }
            let optional = line.strip_prefix('?');
            match (Line { grammar }).parse(optional.unwrap_or(line)) {
                Err(_) if optional.is_some() => {}
                Ok((kinds, rule)) => {
                    let index = compiled.rules.len() as u16;
                    for &kind in &kinds {
                        match rule.action {
                            Action::Path => compiled.paths[kind as usize] = Some(index),
                            _ => lists[kind as usize].push(index),
                        }
                        compiled.attributes[kind as usize] |= matches!(rule.action, Action::Attribute);
                    }
                    compiled.rules.push(rule);
                }
                Err(reason) => errors.push(format!("line {}: {reason}: `{line}`", number + 1)),
            }
        }
        for list in lists {
            let start = compiled.order.len() as u16;
            compiled.order.extend(list);
            compiled.by_kind.push((start, compiled.order.len() as u16));
        }
        (compiled, errors)
    }
}

/// Parses one line against a grammar.
struct Line<'a> {
    grammar: &'a tree_sitter::Language,
}

impl Line<'_> {
    fn parse(&self, line: &'static str) -> Result<(Kinds, Rule), String> {
        let mut words = line.split_whitespace();
        let kinds = self.kinds(words.next().unwrap_or(""))?;
        let action = match words.next().unwrap_or("") {
            "def" => Action::Define(words.next().and_then(SymbolKind::parse).ok_or("unknown symbol kind")?),
            "ref" => {
                let word = words.next().unwrap_or("");
                let kind = ReferenceKind::ALL.into_iter().find(|kind| kind.as_str() == word);
                Action::Refer(kind.ok_or("unknown reference kind")?)
            }
            "comment" => Action::Comment,
            "doc" => Action::Doc,
            "attribute" => Action::Attribute,
            "local" => Action::Local,
            "skip" => Action::Skip,
            "embed" => Action::Embed,
            "path" => Action::Path,
            other => return Err(format!("unknown action `{other}`")),
        };
        let mut rule = Rule {
            action,
            conditions: Vec::new(),
            name: self.paths(".")?,
            qualifier: Box::default(),
            from: Box::default(),
            body: Box::default(),
            doc: Box::default(),
            each: None,
            outer: Box::default(),
            sole: Box::default(),
            split: "",
            strip: "",
            merge: false,
            rest: false,
            own: false,
            member: false,
            whole: false,
            typed: false,
            line: false,
            also: false,
        };
        for word in words {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            match key {
                "name" => rule.name = self.paths(value)?,
                "qualifier" => rule.qualifier = self.paths(value)?,
                "from" => rule.from = self.paths(value)?,
                "body" => rule.body = self.paths(value)?,
                "doc" => rule.doc = self.paths(value)?,
                "each" => rule.each = Some(self.step(value)?),
                "outer" => rule.outer = self.kinds(value)?,
                "sole" => rule.sole = self.kinds(value)?,
                "if" => rule.conditions.push(self.condition(value, true)?),
                "unless" => rule.conditions.push(self.condition(value, false)?),
                "in" | "notin" => {
                    rule.conditions.push(Condition { test: Test::Parent(self.kinds(value)?), expected: key == "in" })
                }
                "scope" => rule.conditions.push(Condition { test: scopes(value)?, expected: true }),
                "max" => {
                    let depth = value.parse().map_err(|_| "max wants a number")?;
                    rule.conditions.push(Condition { test: Test::Depth(depth), expected: true });
                }
                "split" => rule.split = value,
                "strip" => rule.strip = value,
                "merge" => rule.merge = true,
                "rest" => rule.rest = true,
                "own" => rule.own = true,
                "member" => rule.member = true,
                "whole" => rule.whole = true,
                "typed" => rule.typed = true,
                "line" => rule.line = true,
                "also" => rule.also = true,
                other => return Err(format!("unknown key `{other}`")),
            }
        }
        Ok((kinds, rule))
    }

    fn condition(&self, value: &'static str, expected: bool) -> Result<Condition, String> {
        let test = if let Some((path, words)) = value.split_once('=') {
            Test::Text(self.paths(path)?, words.split('|').collect())
        } else if let Some((path, case)) = value.split_once('~') {
            let case = match case {
                "upper" => Case::Upper,
                "lower" => Case::Lower,
                "caps" => Case::Caps,
                other => return Err(format!("unknown case `{other}`")),
            };
            Test::Case(self.paths(path)?, case)
        } else {
            Test::Exists(self.paths(value)?)
        };
        Ok(Condition { test, expected })
    }

    fn paths(&self, value: &str) -> Result<Paths, String> {
        value.split(',').map(|path| path.split('/').map(|step| self.step(step)).collect()).collect()
    }

    fn step(&self, value: &str) -> Result<Step, String> {
        let (go, filter) = value.split_once(':').unwrap_or((value, ""));
        let filter = if filter.is_empty() { Box::default() } else { self.kinds(filter)? };
        let rest = go.get(1..).unwrap_or("");
        let go = match go.as_bytes().first() {
            None => return Err("empty step".to_owned()),
            Some(b'.') => Move::Stay,
            Some(b'<') => Move::PreviousLeaf,
            Some(b'@') => Move::Child(self.kinds(rest)?),
            Some(b'>') => Move::Descend(self.kinds(rest)?),
            Some(b'^') => Move::Ancestor(self.kinds(rest)?),
            Some(b'-' | b'0'..=b'9') => Move::Nth(go.parse().map_err(|_| "not a number")?),
            Some(_) => {
                let field = self.grammar.field_id_for_name(go);
                Move::Field(field.ok_or_else(|| format!("unknown field `{go}`"))?.get())
            }
        };
        Ok(Step { go, filter })
    }

    /// Node kinds joined by `|`; a token is written in quotes.
    fn kinds(&self, value: &str) -> Result<Kinds, String> {
        value
            .split('|')
            .map(|name| {
                let token = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
                let id = self.grammar.id_for_node_kind(token.unwrap_or(name), token.is_none());
                if id == 0 { Err(format!("unknown node kind `{name}`")) } else { Ok(id) }
            })
            .collect()
    }
}

fn scopes(value: &str) -> Result<Test, String> {
    let scopes = value.split('|').map(|word| match word {
        "file" => Ok(Scope::File),
        "module" => Ok(Scope::Module),
        "type" => Ok(Scope::Type),
        "value" => Ok(Scope::Value),
        "local" => Ok(Scope::Local),
        other => Err(format!("unknown scope `{other}`")),
    });
    Ok(Test::Scope(scopes.collect::<Result<_, _>>()?))
}
