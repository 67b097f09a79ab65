//! What a goal asks for, in English or Korean, without a language model.

use crate::research::is_korean;

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    Find,
    Explain,
    Callers,
    Impact,
    Compare,
    HowTo,
    Overview,
    Index,
    RunTests,
}

/// Phrases that show what is wanted; the first that a goal holds decides. Those that begin with `^` must begin the goal.
const PHRASES: [(Intent, &[&str]); 9] = [
    (
        Intent::RunTests,
        &[
            "run the test",
            "run all test",
            "run test",
            "execute the test",
            "execute test",
            "do the tests pass",
            "테스트를 실행",
            "테스트 실행",
            "테스트를 돌",
            "테스트 돌",
            "테스트를 수행",
            "테스트가 통과",
        ],
    ),
    (
        Intent::Index,
        &[
            "^index",
            "^reindex",
            "^re-index",
            "update the index",
            "rebuild the index",
            "인덱싱",
            "색인",
            "인덱스를 갱신",
            "인덱스를 만들",
        ],
    ),
    (
        Intent::Impact,
        &[
            "impact",
            "what breaks",
            "what would break",
            "what happens if",
            "affected by",
            "is affected",
            "if i change",
            "if i remove",
            "if i rename",
            "영향",
            "바꾸면",
            "변경하면",
            "수정하면",
            "고치면",
            "삭제하면",
            "지우면",
        ],
    ),
    (
        Intent::Compare,
        &[
            "compare",
            "difference between",
            "differences between",
            "differ from",
            " versus ",
            " vs ",
            " vs. ",
            "비교",
            "차이",
        ],
    ),
    (
        Intent::Callers,
        &[
            "who calls",
            "who uses",
            "callers of",
            "called by",
            "where is it called",
            "usages of",
            "누가 호출",
            "호출하는 곳",
            "누가 사용",
            "사용하는 곳",
            "쓰이는 곳",
            "어디서 호출",
            "어디에서 호출",
        ],
    ),
    (
        Intent::Overview,
        &[
            "overview",
            "architecture",
            "is organised",
            "is organized",
            "is structured",
            "organised?",
            "organized?",
            "structured?",
            "what is this repository",
            "what does this repository",
            "what is this project",
            "what does this project",
            "개요",
            "아키텍처",
            "전체 구조",
            "어떤 프로젝트",
            "저장소 구조",
            "프로젝트 구조",
            "구성되어",
        ],
    ),
    (Intent::HowTo, &["how do i", "how can i", "how to", "how should i", "하려면", "하는 방법", "방법을", "방법은"]),
    (
        Intent::Explain,
        &[
            "explain",
            "describe",
            "what does",
            "what is",
            "what are",
            "how does",
            "how is",
            "how are",
            "why ",
            "설명",
            "무엇을 하",
            "뭐 하는",
            "무엇인가",
            "뭔가요",
            "무슨 일",
            "어떻게",
            "왜 ",
        ],
    ),
    (Intent::Find, &["find", "where", "search", "locate", "show me", "찾", "어디", "검색", "보여"]),
];

/// Words that hold goals apart and name nothing.
const JOINTS: [&str; 12] =
    ["compare", "between", "difference", "differences", "the", "and", "with", "versus", "vs", "vs.", "to", "differ"];

/// What `goal` asks for; a search, if nothing shows it.
pub(super) fn intent(goal: &str) -> Intent {
    shown(goal).unwrap_or(Intent::Find)
}

/// What a phrase of `goal` shows to be wanted.
pub(super) fn shown(goal: &str) -> Option<Intent> {
    let goal = goal.trim().to_lowercase();
    let holds = |phrase: &&str| match phrase.strip_prefix('^') {
        Some(begin) => goal.starts_with(begin),
        None => goal.contains(*phrase),
    };
    PHRASES.iter().find(|(_, phrases)| phrases.iter().any(&holds)).map(|(intent, _)| *intent)
}

/// Whether a goal asks for more than a list: how, why, when.
pub(super) fn asks_more(goal: &str) -> bool {
    let goal = goal.to_lowercase();
    let is_asked = |word: &str| ["how", "why", "when"].contains(&word);
    goal.split(|c: char| !c.is_alphanumeric()).any(is_asked)
        || ["어떻게", "왜", "언제"].iter().any(|word| goal.contains(word))
}

/// Names in a goal: what stands in backticks; else words that look like code or paths, without Korean particles.
pub(super) fn names(goal: &str) -> Vec<String> {
    let quoted: Vec<String> =
        goal.split('`').skip(1).step_by(2).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    if !quoted.is_empty() {
        return quoted;
    }
    let mut names: Vec<String> = Vec::new();
    for word in goal.split_whitespace() {
        let is_code = |c: char| c.is_ascii_alphanumeric() || "_.:/-#".contains(c);
        let start = word.find(is_code).unwrap_or(word.len());
        let end = word[start..].find(|c: char| !is_code(c)).map_or(word.len(), |at| start + at);
        let name = word[start..end].trim_matches(|c: char| ".:-/#".contains(c));
        if looks_like_code(name) && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// What a goal is about: its [`names`]; else words that begin like names of types, as `Lexicon` in "who calls Lexicon?".
pub(super) fn subjects(goal: &str) -> Vec<String> {
    let names = names(goal);
    if !names.is_empty() {
        return names;
    }
    // A sentence of English begins with a capital; one of Korean does not.
    let words = goal.split_whitespace().skip(usize::from(!is_korean(goal)));
    let word = |word: &str| {
        let end = word.trim_start_matches(|c: char| c.is_ascii_punctuation());
        let name = end.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        (name.starts_with(|c: char| c.is_ascii_uppercase()) && name != "I").then(|| name.to_owned())
    };
    words.filter_map(word).collect()
}

/// `snake_case`, `camelCase`, `Type::method`, `Type.method`, `src/file.rs`, `file.rs:7`.
fn looks_like_code(word: &str) -> bool {
    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
    let inner_upper = word.char_indices().any(|(at, c)| at > 0 && c.is_ascii_uppercase());
    let lower = word.chars().any(|c| c.is_ascii_lowercase());
    let is_joined = word.contains('_') || word.contains("::") || word.contains('/') || word.contains('.');
    letters > 1 && (is_joined || (inner_upper && lower)) && !word.contains("..")
}

/// The two things that a comparison is about: names, or else what stands around "and", "vs", "와".
pub(super) fn compared(goal: &str) -> Option<(String, String)> {
    if let [first, second, ..] = &names(goal)[..] {
        return Some((first.clone(), second.clone()));
    }
    for joint in [" versus ", " vs. ", " vs ", " and ", " with ", " to ", "와 ", "과 ", "이랑 ", "랑 "] {
        let Some((before, after)) = goal.split_once(joint) else { continue };
        let side = |text: &str, words: &[&str]| -> String {
            let kept = text.split_whitespace().filter(|word| !words.contains(&word.to_lowercase().as_str()));
            kept.collect::<Vec<_>>().join(" ").trim_matches(|c: char| c.is_ascii_punctuation()).to_owned()
        };
        let korean = [
            "비교해",
            "비교해줘",
            "비교",
            "차이",
            "차이는",
            "차이를",
            "차이점은",
            "주세요",
            "알려줘",
            "설명해줘",
            "무엇인가요",
            "무엇인가요?",
            "의",
        ];
        let sides = (side(before, &JOINTS), side(after, &[&JOINTS[..], &korean[..]].concat()));
        if !sides.0.is_empty() && !sides.1.is_empty() {
            return Some(sides);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_understood_in_both_languages() {
        for (goal, wanted) in [
            ("find the retry policy", Intent::Find),
            ("where are sessions signed?", Intent::Find),
            ("토큰은 어디서 만료되나요?", Intent::Find),
            ("explain TokenBucket", Intent::Explain),
            ("TokenBucket 을 설명해줘", Intent::Explain),
            ("who calls `take`?", Intent::Callers),
            ("take 를 누가 호출하나요?", Intent::Callers),
            ("what breaks if I change TokenBucket.take?", Intent::Impact),
            ("take 를 바꾸면 무엇이 영향을 받나요?", Intent::Impact),
            ("compare Sqlite and Postgres", Intent::Compare),
            ("Sqlite 와 Postgres 의 차이는?", Intent::Compare),
            ("how do I add a new language?", Intent::HowTo),
            ("새 언어를 추가하려면?", Intent::HowTo),
            ("give me an overview", Intent::Overview),
            ("how is this repository organised?", Intent::Overview),
            ("이 저장소의 전체 구조를 알려줘", Intent::Overview),
            ("index this repository", Intent::Index),
            ("이 저장소를 색인해줘", Intent::Index),
            ("run the tests", Intent::RunTests),
            ("테스트를 실행해줘", Intent::RunTests),
            ("limiter", Intent::Find),
        ] {
            assert_eq!(intent(goal), wanted, "{goal}");
        }
    }

    #[test]
    fn names_are_seen() {
        assert_eq!(names("what breaks if I change TokenBucket.take?"), ["TokenBucket.take"]);
        assert_eq!(names("TokenBucket.take를 바꾸면?"), ["TokenBucket.take"]);
        assert_eq!(names("explain `take` in src/limit.py:7, please."), ["take"]);
        assert_eq!(names("explain src/limit.py:7, please."), ["src/limit.py:7"]);
        assert_eq!(names("Where is it? The end."), Vec::<String>::new());
        assert_eq!(names("parse_config and parseConfig"), ["parse_config", "parseConfig"]);
        assert_eq!(subjects("Who calls Lexicon, and may I change it?"), ["Lexicon"]);
        assert_eq!(subjects("Lexicon 을 바꾸면?"), ["Lexicon"]);
        assert_eq!(subjects("Who calls `take` of Bucket?"), ["take"]);
    }

    #[test]
    fn both_sides_of_a_comparison_are_seen() {
        let both = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(compared("compare TokenBucket and LeakyBucket"), both("TokenBucket", "LeakyBucket"));
        assert_eq!(
            compared("compare the sqlite store with the postgres store"),
            both("sqlite store", "postgres store")
        );
        assert_eq!(compared("세션 토큰과 접근 토큰의 차이는?"), both("세션 토큰", "접근 토큰의 차이는"));
        assert_eq!(compared("compare this"), None);
    }
}
