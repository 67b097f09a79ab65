//! Korean has no capitals: names are known from headings, marks and definitions, and stand with particles behind them.

use std::ops::Range;

use super::words::{Word, is_joint, words};

/// Particles, long ones first; with what the syllable before them must end with: a consonant, a vowel, or either.
const PARTICLES: [(&str, Before); 35] = {
    use Before::{Any, Consonant, Vowel};
    [
        ("이라는", Consonant),
        ("으로서", Consonant),
        ("으로써", Consonant),
        ("으로는", Consonant),
        ("에서는", Any),
        ("에서의", Any),
        ("에게서", Any),
        ("라는", Vowel),
        ("으로", Consonant),
        ("에서", Any),
        ("에게", Any),
        ("에는", Any),
        ("부터", Any),
        ("까지", Any),
        ("처럼", Any),
        ("보다", Any),
        ("마다", Any),
        ("이란", Consonant),
        ("이나", Consonant),
        ("이며", Consonant),
        ("로는", Any),
        ("과의", Consonant),
        ("와의", Vowel),
        ("은", Consonant),
        ("는", Vowel),
        ("이", Consonant),
        ("가", Vowel),
        ("을", Consonant),
        ("를", Vowel),
        ("과", Consonant),
        ("와", Vowel),
        ("의", Any),
        ("에", Any),
        ("로", Any),
        ("란", Vowel),
    ]
};
/// Particles that make the word before them the topic of a sentence.
const TOPIC: [&str; 5] = ["이란", "란", "은", "는", "이라는"];
/// How sentences end that say what something is.
const SAYS_WHAT: [&str; 12] = [
    "이다",
    "입니다",
    "이에요",
    "말한다",
    "말합니다",
    "뜻한다",
    "뜻합니다",
    "의미한다",
    "의미합니다",
    "가리킨다",
    "가리킵니다",
    "일컫는다",
];
/// Words that end a run of nouns: verbs and what leads to them.
const NO_NOUN_ENDS: [&str; 19] = [
    "하기",
    "되기",
    "하는",
    "되는",
    "하고",
    "하여",
    "해서",
    "하면",
    "한다",
    "합니다",
    "했다",
    "된다",
    "됩니다",
    "있는",
    "없는",
    "위한",
    "대한",
    "통한",
    "따른",
];
/// Words that stand for something else, or say nothing by themselves.
const NO_NAMES: [&str; 44] = [
    "이것",
    "그것",
    "저것",
    "이는",
    "그는",
    "여기",
    "저기",
    "우리",
    "저희",
    "당신",
    "이번",
    "다음",
    "이러한",
    "그러한",
    "모든",
    "각각",
    "하나",
    "경우",
    "때문",
    "문제",
    "방법",
    "예제",
    "예시",
    "개요",
    "소개",
    "설치",
    "사용법",
    "참고",
    "목차",
    "결론",
    "요약",
    "배경",
    "목표",
    "목적",
    "라이선스",
    "시작하기",
    "기능",
    "특징",
    "구조",
    "주의",
    "설명",
    "정의",
    "기타",
    "관련",
];
/// The longest name, in words.
const LONGEST: usize = 4;
const FIRST: u32 = 0xAC00;
const LAST: u32 = 0xD7A3;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Consonant,
    Vowel,
    Any,
}

/// Whether `c` is a syllable of Hangul.
pub(super) fn is_hangul(c: char) -> bool {
    (FIRST..=LAST).contains(&(c as u32))
}

/// Splits a particle off a word, if it fits what is left. A word by itself must keep two syllables, or every second one would lose its
/// end; behind another word of a name, one is enough.
fn particle(word: &str, is_first: bool) -> Option<(&str, &str)> {
    PARTICLES.iter().find_map(|&(particle, before)| {
        let noun = word.strip_suffix(particle)?;
        let last = noun.chars().next_back().filter(|&c| is_hangul(c))?;
        let ends_with = if (last as u32 - FIRST).is_multiple_of(28) { Before::Vowel } else { Before::Consonant };
        let fits = before == Before::Any || before == ends_with;
        (fits && (!is_first || noun.chars().nth(1).is_some())).then_some((noun, particle))
    })
}

/// What a word may be without particles, the word itself first.
pub(super) fn stems(word: &str, is_first: bool) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(word), move |word| particle(word, is_first).map(|(noun, _)| noun)).take(3)
}

/// Whether a run of words may be a name.
fn is_name(words: &[Word]) -> bool {
    let one_is_no_noun = words.iter().any(|word| NO_NOUN_ENDS.iter().any(|end| word.text.ends_with(end)));
    let long_enough = words.iter().map(|word| word.text.chars().count()).sum::<usize>() >= 2;
    let says_something = !words.iter().all(|word| NO_NAMES.contains(&word.text));
    let first = words.first().is_some_and(|word| !NO_NAMES[..13].contains(&word.text));
    !words.is_empty() && words.len() <= LONGEST && long_enough && says_something && first && !one_is_no_noun
}

fn range(words: &[Word]) -> Range<usize> {
    words[0].start..words[words.len() - 1].end()
}

/// The noun phrases of a heading: a particle ends one (`토큰 버킷의 동작 방식`), and so does a verb.
pub(super) fn of_heading(text: &str, heading: Range<usize>, mut each: impl FnMut(Range<usize>)) {
    let all: Vec<Word> = words(&text[heading.clone()]).map(|word| at(word, heading.start)).collect();
    if !all.iter().any(Word::is_korean) {
        return;
    }
    let mut run: Vec<Word> = Vec::new();
    for (index, &word) in all.iter().enumerate() {
        let joint = index == 0 || is_joint(&text[all[index - 1].end()..word.start]);
        let verb = NO_NOUN_ENDS.iter().any(|end| word.text.ends_with(end));
        if !joint || verb {
            end_run(&mut run, &mut each);
        }
        // A particle by itself stands behind a word in another script.
        let alone = word.is_korean() && index > 0 && all[index - 1].end() == word.start;
        if verb || alone {
            end_run(&mut run, &mut each);
            continue;
        }
        // The last word of a heading is a noun, whatever its last syllable looks like.
        match particle(word.text, true).filter(|_| word.is_korean() && index + 1 < all.len()) {
            Some((noun, _)) => {
                run.push(Word { text: noun, ..word });
                end_run(&mut run, &mut each);
            }
            None => run.push(word),
        }
    }
    end_run(&mut run, &mut each);
}

fn end_run(run: &mut Vec<Word>, each: &mut impl FnMut(Range<usize>)) {
    if run.iter().any(Word::is_korean) && is_name(run) {
        each(range(run));
    }
    run.clear();
}

fn at(word: Word<'_>, offset: usize) -> Word<'_> {
    Word { start: word.start + offset, ..word }
}

/// The name in `marked` (between quotes or marks of emphasis), if it may be one.
pub(super) fn of_mark(text: &str, marked: Range<usize>) -> Option<Range<usize>> {
    let inner = &text[marked.clone()];
    let all: Vec<Word> = words(inner).map(|word| at(word, marked.start)).collect();
    let plain = inner.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
    (plain && all.iter().any(Word::is_korean) && is_name(&all)).then(|| range(&all))
}

/// What a sentence defines: `X란 …`, `X는 … 이다`.
pub(super) fn of_sentence(text: &str, sentence: Range<usize>) -> Option<Range<usize>> {
    let own = &text[sentence.clone()];
    let end = own.trim_end().trim_end_matches(['.', ':', '!']);
    let says_what =
        SAYS_WHAT.iter().any(|says| end.ends_with(says)) && !end.ends_with("것이다") && !end.ends_with("것입니다");
    let mut name: Vec<Word> = Vec::new();
    for word in words(own).map(|word| at(word, sentence.start)).take(LONGEST + 1) {
        let before = name.last().map(|before| &text[before.end()..word.start]);
        // Marks of emphasis may stand around the name.
        if before.is_some_and(|gap| !is_joint(gap.trim_matches(['*', '_', '`', '"', '\'']))) {
            return None;
        }
        let glued = before.is_some_and(|gap| !gap.contains(char::is_whitespace) && !gap.contains('-'));
        let (noun, particle) = match particle(word.text, name.is_empty()) {
            Some((noun, particle)) => (Some(Word { text: noun, ..word }), Some(particle)),
            // `Kafka는`, `**토큰 버킷**은`
            None if glued && TOPIC.contains(&word.text) => (None, Some(word.text)),
            None => (Some(word), None),
        };
        name.extend(noun);
        let Some(particle) = particle else { continue };
        let defines = matches!(particle, "란" | "이란") || says_what && TOPIC.contains(&particle);
        return (defines && is_name(&name)).then(|| range(&name));
    }
    None
}

/// The Korean name right before `end`, of `most` words or fewer; words with particles end it.
pub(super) fn before(text: &str, start: usize, end: usize, most: usize) -> Option<Range<usize>> {
    let all: Vec<Word> = words(&text[start..end]).map(|word| at(word, start)).collect();
    let mut next = end;
    let mut name: Vec<Word> = Vec::new();
    for &word in all.iter().rev().take(most.min(LONGEST)) {
        let ends = !name.is_empty() && particle(word.text, true).is_some();
        let gap = text[word.end()..next].trim_matches(['*', '_', '`', '"', '\'']);
        if !word.is_korean() || ends || !is_joint(gap) {
            break;
        }
        next = word.start;
        name.insert(0, word);
    }
    is_name(&name).then(|| range(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_fit_what_stands_before_them() {
        assert_eq!(particle("버킷은", true), Some(("버킷", "은")));
        assert_eq!(particle("캐시는", true), Some(("캐시", "는")));
        assert_eq!(particle("캐시은", true), None);
        assert_eq!(particle("서버에서는", true), Some(("서버", "에서는")));
        assert_eq!(particle("토큰이란", true), Some(("토큰", "이란")));
        // One syllable is left: that is a noun.
        assert_eq!(particle("회의", true), None);
        assert_eq!(particle("의", true), None);
        assert_eq!(particle("큐란", false), Some(("큐", "란")));
        assert_eq!(stems("서버에서의", true).collect::<Vec<_>>(), ["서버에서의", "서버"]);
    }

    fn headings(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        of_heading(text, 0..text.len(), |range| found.push(range));
        found.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn headings_hold_noun_phrases() {
        assert_eq!(headings("토큰 버킷의 동작 방식"), ["토큰 버킷", "동작 방식"]);
        assert_eq!(headings("속도 제한을 설정하기"), ["속도 제한"]);
        assert_eq!(headings("Kafka와 메시지 큐"), ["메시지 큐"]);
        assert!(headings("소개").is_empty() && headings("Token bucket").is_empty());
    }

    #[test]
    fn sentences_define_their_topic() {
        let defined = |text: &str| of_sentence(text, 0..text.len()).map(|range| text[range].to_owned());
        assert_eq!(defined("토큰 버킷은 요청 속도를 제한하는 알고리즘이다.").as_deref(), Some("토큰 버킷"));
        assert_eq!(defined("캐시란 자주 쓰는 값을 가까이 두는 것").as_deref(), Some("캐시"));
        assert_eq!(defined("**누수 버킷**은 큐를 쓰는 방식입니다.").as_deref(), Some("누수 버킷"));
        assert_eq!(defined("이것은 예제이다."), None);
        assert_eq!(defined("서버는 내일 멈출 것이다."), None);
        assert_eq!(defined("우리는 빠르게 달린다."), None);
    }
}
