//! The parts of a goal that asks for several things, in English or Korean: "find who calls X and explain how it is configured".

use super::intent::{Intent, compared, names, shown, subjects};
use crate::research::is_korean;

/// Words that begin a part of its own behind "and", "then" or a comma.
const BEGINNINGS: [&str; 27] = [
    "check",
    "compare",
    "describe",
    "execute",
    "explain",
    "find",
    "give",
    "how",
    "index",
    "list",
    "locate",
    "reindex",
    "run",
    "say",
    "search",
    "show",
    "summarise",
    "summarize",
    "tell",
    "update",
    "what",
    "when",
    "where",
    "which",
    "who",
    "why",
    "whose",
];
/// What holds parts together, and belongs to none of them. Longer ones first.
const JOINTS: [&str; 8] = [", and then ", " and then ", ", then ", ". then ", ", and ", " then ", " and ", ", "];
/// What ends a part, and the next begins.
const ENDS: [char; 6] = ['?', ';', '\n', '？', '。', '!'];
/// Korean words that stand between parts.
const KOREAN_JOINTS: [&str; 7] = ["그리고 ", "그런 다음 ", "그다음에 ", "그다음 ", "그 다음 ", "또한 ", "이어서 "];
/// Ends of Korean verbs behind which another part follows.
const KOREAN_ENDS: [&str; 6] = ["하고 ", "찾고 ", "주고 ", "보고 ", "돌리고 ", "한 다음 "];
/// English words that stand for what was spoken of.
const PRONOUNS: [&str; 5] = ["it", "its", "they", "them", "their"];
/// Korean ones.
const KOREAN_PRONOUNS: [&str; 6] = ["그것", "이것", "그걸", "이걸", "그게", "이게"];
/// Goals with more parts are taken as one.
const MOST: usize = 4;

/// A part of a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clause {
    /// What is wanted.
    pub(super) intent: Intent,
    /// In words, with names in place of "it".
    pub(super) text: String,
}

/// The parts of `goal`; one, if it asks for one thing, or for nothing but an answer in sentences.
pub(super) fn clauses(goal: &str) -> Vec<Clause> {
    let whole = || vec![Clause { intent: super::intent::intent(goal), text: goal.to_owned() }];
    let mut parts: Vec<Clause> = Vec::new();
    for text in joined(goal) {
        let Some(intent) = shown(&text) else { return whole() };
        match parts.last_mut() {
            // What research answers it answers together.
            Some(last) if answers(last.intent) && answers(intent) && names(&text).is_empty() => {
                last.text = format!("{}, {text}", last.text);
            }
            _ => parts.push(Clause { intent, text }),
        }
    }
    if parts.len() < 2 || parts.len() > MOST || parts.iter().all(|part| answers(part.intent)) {
        return whole();
    }
    for at in 1..parts.len() {
        let (before, rest) = parts.split_at_mut(at);
        rest[0].text = resolved(&rest[0].text, &before[at - 1].text);
    }
    parts
}

/// Whether it is a question that research answers in sentences.
fn answers(intent: Intent) -> bool {
    matches!(intent, Intent::Find | Intent::Explain | Intent::HowTo)
}

/// The pieces of a goal, each of which says what it wants; what does not belongs to the piece before.
fn joined(goal: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for (joint, piece) in pieces_of(goal) {
        match pieces.last_mut() {
            Some(last) if shown(piece).is_none() || shown(last).is_none() => {
                last.push_str(joint);
                last.push_str(piece);
            }
            _ => pieces.push(piece.to_owned()),
        }
    }
    pieces.iter().map(|piece| piece.trim().trim_end_matches(['.', ',']).to_owned()).collect()
}

/// What may be parts, each with what holds it to the one before.
fn pieces_of(goal: &str) -> Vec<(&str, &str)> {
    let mut pieces = Vec::new();
    let (mut start, mut joint) = (0, "");
    let mut at = 0;
    let mut is_quoted = false;
    while let Some(c) = goal[at..].chars().next() {
        is_quoted ^= c == '`';
        if let Some((end, next)) = boundary(&goal[at..]).filter(|_| !is_quoted && at > start) {
            pieces.push((joint, &goal[start..at + end]));
            (joint, start, at) = (&goal[at + end..at + next], at + next, at + next);
            continue;
        }
        at += c.len_utf8();
    }
    pieces.push((joint, &goal[start..]));
    pieces.retain(|(_, piece)| piece.chars().any(char::is_alphanumeric));
    pieces
}

/// If a part ends where `text` begins: where exactly, and where the next one begins.
fn boundary(text: &str) -> Option<(usize, usize)> {
    let lower = |text: &str| text.chars().take(16).collect::<String>().to_lowercase();
    if let Some(end) = text.chars().next().filter(|c| ENDS.contains(c)) {
        return Some((0, end.len_utf8()));
    }
    if let Some(joint) = KOREAN_JOINTS.iter().find(|joint| text.starts_with(**joint)) {
        return Some((0, joint.len()));
    }
    if let Some(end) = KOREAN_ENDS.iter().find(|end| text.starts_with(**end)) {
        return Some((end.len() - 1, end.len()));
    }
    let joint = JOINTS.iter().find(|joint| text.is_char_boundary(joint.len()) && lower(text).starts_with(**joint))?;
    let next = text[joint.len()..].split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    BEGINNINGS.contains(&lower(next).as_str()).then_some((0, joint.len()))
}

/// `text` with names in place of what stands for them, if it has none of its own; they are of the part `before`.
fn resolved(text: &str, before: &str) -> String {
    if !names(text).is_empty() {
        return text.to_owned();
    }
    let is_said = |word: &str| text.split(|c: char| !c.is_alphanumeric()).any(|said| said.eq_ignore_ascii_case(word));
    let sides = compared(before).map(|(one, other)| vec![one, other]).unwrap_or_default();
    // A side of a comparison, which need not look like code: it is marked as a name.
    if let Some(side) = sides.iter().find(|side| !side.contains(' ') && is_said(side)) {
        return text.replacen(side.as_str(), &format!("`{side}`"), 1);
    }
    let Some(name) = subjects(before).into_iter().next() else { return text.to_owned() };
    if let Some(pronoun) = KOREAN_PRONOUNS.iter().find(|pronoun| text.contains(**pronoun)) {
        return text.replacen(pronoun, &format!("`{name}`"), 1);
    }
    let is_pronoun = |word: &str| PRONOUNS.contains(&word.to_lowercase().trim_matches(|c: char| !c.is_alphanumeric()));
    if text.split_whitespace().any(is_pronoun) {
        let words =
            text.split_whitespace().map(|word| if is_pronoun(word) { format!("`{name}`") } else { word.to_owned() });
        return words.collect::<Vec<_>>().join(" ");
    }
    // Korean leaves out what was spoken of.
    if is_korean(text) { format!("`{name}` {text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(goal: &str) -> Vec<(Intent, String)> {
        clauses(goal).into_iter().map(|clause| (clause.intent, clause.text)).collect()
    }

    #[test]
    fn goals_of_several_parts_are_seen() {
        use Intent::{Callers, Compare, Explain, Impact, Index, Overview, RunTests};
        for (goal, wanted) in [
            (
                "find who calls `take` and explain how it is configured",
                vec![(Callers, "find who calls `take`"), (Explain, "explain how `take` is configured")],
            ),
            (
                "compare Sqlite and Postgres, then show what breaks if Sqlite changes",
                vec![(Compare, "compare Sqlite and Postgres"), (Impact, "show what breaks if `Sqlite` changes")],
            ),
            (
                "explain Lexicon; what breaks if I change it?",
                vec![(Explain, "explain Lexicon"), (Impact, "what breaks if I change `Lexicon`")],
            ),
            (
                "Index this repository, then give me an overview",
                vec![(Index, "Index this repository"), (Overview, "give me an overview")],
            ),
            (
                "Who calls parse_config? What breaks if I change it?",
                vec![(Callers, "Who calls parse_config"), (Impact, "What breaks if I change `parse_config`")],
            ),
            (
                "`take` 를 누가 호출하는지 찾고 어떻게 설정되는지 설명해줘",
                vec![(Callers, "`take` 를 누가 호출하는지 찾고"), (Explain, "`take` 어떻게 설정되는지 설명해줘")],
            ),
            (
                "`A` 와 `B` 를 비교해줘. 그리고 그것을 바꾸면 무엇이 영향을 받나요?",
                vec![(Compare, "`A` 와 `B` 를 비교해줘"), (Impact, "`A`을 바꾸면 무엇이 영향을 받나요")],
            ),
            (
                "테스트를 실행하고 전체 구조를 알려줘",
                vec![(RunTests, "테스트를 실행하고"), (Overview, "전체 구조를 알려줘")],
            ),
        ] {
            let found = of(goal);
            let found: Vec<(Intent, &str)> = found.iter().map(|(intent, text)| (*intent, text.as_str())).collect();
            assert_eq!(found, wanted, "{goal}");
        }
    }

    #[test]
    fn what_is_one_question_stays_one() {
        for goal in [
            "how are sessions signed, and where is the key read?",
            "compare `Sqlite` and `Postgres`",
            "what is the difference between the circuit breaker and the rate limit?",
            "`quick_select` 누가 호출하나요? SegmentWriter",
            "Sqlite하고 Postgres를 비교해줘",
            "who calls `run and find`?",
            "find the retry policy, please.",
            "",
        ] {
            assert_eq!(of(goal).len(), 1, "{goal}: {:?}", of(goal));
            assert_eq!(of(goal)[0].1, goal);
        }
    }
}
