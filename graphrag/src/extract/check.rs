//! What of a model's answer is in the text.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::knowledge::{Entity, Extracted, Relation, normalised};

/// Longest name, quote and relation, in bytes.
const LONGEST_NAME: usize = 120;
const LONGEST_QUOTE: usize = 600;
const LONGEST_RELATION: usize = 80;
/// Entities and relations of one passage.
const MOST: usize = 60;

/// What was not kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Entities whose name or quote is not in the passage.
    pub entities: usize,
    /// Relations whose quote is not in the passage, or that name something that was not kept.
    pub relations: usize,
}

#[derive(Deserialize)]
struct Answer {
    passages: Vec<Part>,
}

#[derive(Deserialize)]
struct Part {
    id: usize,
    #[serde(flatten)]
    extracted: Extracted,
}

/// What the answer `text` says of each of `passages`, checked; `None` if it cannot be read. A passage that it does not speak of says
/// nothing.
pub(super) fn check(text: &str, passages: &[&str]) -> Option<Vec<(Extracted, Dropped)>> {
    // Some models put the JSON between marks of code.
    let json = text.get(text.find('{')?..=text.rfind('}')?)?;
    let answer: Answer = serde_json::from_str(json).ok()?;
    let one = |(passage, id): (&&str, usize)| {
        let parts = answer.passages.iter().filter(|part| part.id == id);
        let mut all = Extracted::default();
        for part in parts {
            all.entities.extend_from_slice(&part.extracted.entities);
            all.relations.extend_from_slice(&part.extracted.relations);
        }
        checked(passage, all)
    };
    Some(passages.iter().zip(1..).map(one).collect())
}

fn checked(passage: &str, said: Extracted) -> (Extracted, Dropped) {
    let text = normalised(passage);
    let is_there = |words: &str, longest: usize| words.len() <= longest && text.find(words).is_some();
    let mut kept = Extracted::default();
    let mut dropped = Dropped::default();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for Entity { name, quote } in said.entities {
        let name = one_line(&name);
        if kept.entities.len() < MOST && is_there(&name, LONGEST_NAME) && is_there(&quote, LONGEST_QUOTE) {
            if names.insert(name.clone()) {
                kept.entities.push(Entity { name, quote: one_line(&quote) });
            }
        } else {
            dropped.entities += 1;
        }
    }
    for Relation { from, to, relation, quote } in said.relations {
        let (from, to, relation) = (one_line(&from), one_line(&to), one_line(&relation));
        let known = names.contains(&from) && names.contains(&to) && from != to;
        let sayable = !relation.is_empty() && relation.len() <= LONGEST_RELATION;
        if known && sayable && kept.relations.len() < MOST && is_there(&quote, LONGEST_QUOTE) {
            kept.relations.push(Relation { from, to, relation, quote: one_line(&quote) });
        } else {
            dropped.relations += 1;
        }
    }
    (kept, dropped)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSAGE: &str = "The token bucket\nlimits the request rate of a client.";

    #[test]
    fn what_is_not_in_the_text_is_dropped() {
        let answer = r#"```json
            {"passages": [{"id": 1,
              "entities": [
                {"name": "token  bucket", "quote": "The token bucket limits"},
                {"name": "request rate", "quote": "limits the request rate"},
                {"name": "leaky bucket", "quote": "The token bucket limits"},
                {"name": "client", "quote": "never said"}],
              "relations": [
                {"from": "token bucket", "to": "request rate", "relation": "limits", "quote": "token bucket limits the request rate"},
                {"from": "token bucket", "to": "client", "relation": "limits", "quote": "token bucket limits"},
                {"from": "token bucket", "to": "request rate", "relation": "limits", "quote": "invented"}]}]}
            ```"#;
        let (kept, dropped) = check(answer, &[PASSAGE]).expect("it can be read").remove(0);
        let names: Vec<&str> = kept.entities.iter().map(|entity| &*entity.name).collect();
        assert_eq!((names, kept.relations.len()), (vec!["token bucket", "request rate"], 1));
        assert_eq!(dropped, Dropped { entities: 2, relations: 2 });
    }

    #[test]
    fn answers_that_are_no_answers_cannot_be_read() {
        for answer in ["", "no", "{", "}{", "{}", r#"{"passages": [{"id": "#, r#"{"passages": 3}"#] {
            assert!(check(answer, &[PASSAGE]).is_none(), "{answer}");
        }
        let silent = check(r#"{"passages": []}"#, &[PASSAGE, PASSAGE]).expect("it can be read");
        assert!(silent.iter().all(|(kept, _)| kept.entities.is_empty()));
    }
}
