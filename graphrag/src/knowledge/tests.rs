//! Concepts of small repositories.

use rag_core::bindings::Bindings;
use rag_core::{Span, Symbol, SymbolKind};

use super::*;
use crate::extract::{Said, content};

/// The headings of a Markdown text, as the indexer finds them.
fn headings(text: &str) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with('#') {
            let name = line.trim_start_matches(['#', ' ']).trim_end();
            let at = start + line.find(name).expect("it is there");
            let name = Span::new(at..at + name.len());
            if let Some(before) = symbols.last_mut() {
                before.span.end = start as u32;
            }
            symbols.push(Symbol {
                kind: SymbolKind::Section,
                name,
                span: Span::new(start..text.len()),
                signature: name,
                doc: Span::default(),
                parent: None,
            });
        }
        start += line.len();
    }
    symbols
}

fn function(text: &str, name: &str) -> Symbol {
    let at = text.find(name).expect("it is there");
    Symbol {
        kind: SymbolKind::Function,
        name: Span::new(at..at + name.len()),
        span: Span::new(0..text.len()),
        signature: Span::default(),
        doc: Span::default(),
        parent: None,
    }
}

/// What documents and one source file speak of.
fn learn(documents: &[(&str, &str)], said: &Said) -> Knowledge {
    let code = "def TokenStore(): pass\n";
    let symbols: Vec<Vec<Symbol>> = documents.iter().map(|(_, text)| headings(text)).collect();
    let source = [function(code, "TokenStore")];
    let bindings = Bindings::default();
    let facts = |path, language, text, symbols| FileFacts {
        path,
        language,
        text,
        symbols,
        references: &[],
        bindings: &bindings,
    };
    let mut files: Vec<FileFacts> = documents
        .iter()
        .zip(&symbols)
        .map(|((path, text), symbols)| {
            facts(*path, if symbols.is_empty() { "text" } else { "markdown" }, *text, &symbols[..])
        })
        .collect();
    files.push(facts("z.py", "python", code, &source));
    knowledge(&files, said)
}

fn names(knowledge: &Knowledge) -> Vec<&str> {
    knowledge.concepts.iter().map(|concept| concept.name.as_str()).collect()
}

#[test]
fn headings_definitions_and_shared_names_are_concepts() {
    let documents = [
        (
            "a.md",
            "# Token bucket\n\nWe use Redis here, and a Lonely Name.\n\n## Usage\n\nSee TokenStore. It stores in Redis.\n",
        ),
        ("b.md", "# Limits\n\nA sliding window is a list of times. The token buckets of clients live in Redis.\n"),
    ];
    let found = learn(&documents, &Said::default());
    assert_eq!(names(&found), ["Redis", "sliding window", "Token bucket"]);
    let bucket = &found.concepts[2];
    let origins: Vec<(u32, Origin)> =
        bucket.sightings.iter().map(|seen| (seen.citation.file, seen.citation.origin)).collect();
    assert_eq!(origins, [(0, Origin::Heading), (1, Origin::Text)]);
    let seen = bucket.sightings[1].citation.span;
    assert_eq!(seen.text(documents[1].1), "token buckets");
}

#[test]
fn korean_concepts_are_found_with_their_particles() {
    let documents = [
        (
            "소개.md",
            "# 토큰 버킷의 동작 방식\n\n토큰 버킷은 요청 속도를 제한하는 알고리즘이다. 누수 버킷(Leaky Bucket)과 비교한다.\n\n## 캐시\n\n\
             **지수 백오프**를 쓴다. 메시지 큐란 메시지를 쌓아 두는 곳이다.\n",
        ),
        (
            "운영.md",
            "# 운영\n\n서버에서 토큰 버킷을 설정한다. **지수 백오프**가 필요하다. 메시지 큐에서 꺼낸다. Leaky Bucket은 느리다.\n",
        ),
    ];
    let found = learn(&documents, &Said::default());
    let all = names(&found);
    for name in ["토큰 버킷", "동작 방식", "누수 버킷", "Leaky Bucket", "지수 백오프", "메시지 큐", "캐시"]
    {
        assert!(all.contains(&name), "{name}: {all:?}");
    }
    let places = |name: &str| -> Vec<&str> {
        let concept = found.concepts.iter().find(|concept| concept.name == name).expect("it is there");
        let seen = concept.sightings.iter().map(|seen| seen.citation);
        seen.map(|seen| seen.span.text(documents[seen.file as usize].1)).collect()
    };
    assert_eq!(places("토큰 버킷"), ["토큰 버킷", "토큰 버킷"]);
    assert_eq!(places("메시지 큐"), ["메시지 큐", "메시지 큐"]);
    let alias = &found.statements[0];
    assert_eq!(
        (alias.words.as_str(), alias.citation.span.text(documents[0].1)),
        ("also called", "누수 버킷(Leaky Bucket)")
    );
}

#[test]
fn abbreviations_are_other_names() {
    let found = learn(&[("a.md", "# Search\n\nIt does retrieval-augmented generation (RAG).\n")], &Said::default());
    assert_eq!(names(&found), ["RAG", "retrieval-augmented generation"]);
    let Statement { from, to, .. } = found.statements[0];
    assert_eq!((from, to), (Subject::Concept(1), Subject::Concept(0)));
}

#[test]
fn what_a_model_said_counts_as_far_as_the_text_bears_it_out() {
    let text = "# Notes\n\nThe gate keeper admits a visitor when TokenStore says so, and never before that.\n";
    let entity = |name: &str| Entity { name: name.into(), quote: name.into() };
    let relation = |from: &str, to: &str, quote: &str| Relation {
        from: from.into(),
        to: to.into(),
        relation: "admits".into(),
        quote: quote.into(),
    };
    let extracted = Extracted {
        entities: vec![entity("gate keeper"), entity("visitor"), entity("TokenStore"), entity("dragon")],
        relations: vec![
            relation("gate keeper", "visitor", "admits a visitor"),
            relation("gate keeper", "TokenStore", "TokenStore says so"),
            relation("gate keeper", "dragon", "admits a visitor"),
            relation("visitor", "gate keeper", "never said"),
        ],
    };
    let said = Said::from_iter([(content(text), extracted)]);
    let found = learn(&[("a.md", text)], &said);
    assert_eq!(names(&found), ["gate keeper", "visitor"]);
    let said: Vec<&str> = found.statements.iter().map(|statement| statement.citation.span.text(text)).collect();
    assert_eq!(said, ["admits a visitor", "TokenStore says so"]);
    assert!(matches!(found.statements[1].to, Subject::Code(target) if target.file == 1));
}

#[test]
fn no_text_makes_it_fail() {
    let pieces = [
        "# ", "**", "(", ")", "`", "토큰", "은 ", "이란", "A x ", "is a ", "RAG", "\n", "é", "://", "<", "]", " (",
        "가(A)", "。", "“", "”",
    ];
    let mut state = 7u64;
    for _ in 0..3000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
        }
        let found = learn(&[("a.md", &text), ("b.md", &text)], &Said::default());
        for concept in &found.concepts {
            assert!(concept.sightings.iter().all(|seen| !seen.citation.span.text(&text).is_empty()), "{text}");
        }
    }
}
