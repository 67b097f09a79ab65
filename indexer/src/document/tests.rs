//! Headings of every format, one case a line, and laws that hold for the sections of any text.

use std::time::{Duration, Instant};

use super::*;

const FORMATS: [DocumentFormat; 4] =
    [DocumentFormat::Markdown, DocumentFormat::ReStructuredText, DocumentFormat::AsciiDoc, DocumentFormat::Html];

/// The sections of `text`, one string each: level, text, and `<` followed by the parent's text.
fn outline(format: DocumentFormat, text: &str) -> Vec<String> {
    let found = sections(format, text);
    check_laws(text, &found);
    found
        .iter()
        .map(|section| {
            let heading = section.heading.text(text);
            match section.parent {
                Some(parent) => {
                    let parent = found[parent as usize].heading.text(text);
                    format!("{} {heading} < {parent}", section.level)
                }
                None => format!("{} {heading}", section.level),
            }
        })
        .collect()
}

/// What holds for the sections of any text.
fn check_laws(text: &str, found: &[Section]) {
    for (index, section) in found.iter().enumerate() {
        for span in [section.heading, section.span] {
            assert!(text.get(span.range()).is_some(), "{span:?} is not on character boundaries");
        }
        assert!(section.span.contains(section.heading), "heading outside of its section");
        assert!(!section.heading.is_empty(), "empty heading");
        let heading = section.heading.text(text);
        assert_eq!(heading, heading.trim(), "white space around a heading");
        let end = found.get(index + 1).map_or(text.len() as u32, |next| next.span.start);
        assert_eq!(section.span.end, end, "sections are not contiguous");
        assert!(!section.span.is_empty());
        if let Some(parent) = section.parent {
            assert!((parent as usize) < index, "parent after child");
            assert!(found[parent as usize].level < section.level, "parent not above child");
        }
    }
}

fn check(format: DocumentFormat, cases: &[(&str, &[&str])]) {
    for (text, expected) in cases {
        assert_eq!(outline(format, text), *expected, "in {text:?}");
        let crlf = text.replace('\n', "\r\n");
        assert_eq!(outline(format, &crlf).len(), expected.len(), "with \\r\\n in {text:?}");
    }
}

#[test]
fn finds_headings_of_markdown() {
    check(
        DocumentFormat::Markdown,
        &[
            ("", &[]),
            ("just text\n", &[]),
            ("# One\ntext\n## Two\n### Three\n## Four", &["1 One", "2 Two < One", "3 Three < Two", "2 Four < One"]),
            ("# A\n### C\n## B\n# D\n", &["1 A", "3 C < A", "2 B < A", "1 D"]),
            ("   # Indented\n    # code\n", &["1 Indented"]),
            ("# Closed #\n## C# ##\n## C#\n", &["1 Closed", "2 C# < Closed", "2 C# < Closed"]),
            ("# With id {#some-id}\n## a {b}\n", &["1 With id", "2 a {b} < With id"]),
            ("#hashtag\n#!/bin/sh\n#1 of 2\n####### seven\n", &[]),
            ("##Old style\n", &["2 Old style"]),
            ("#\n# \n## ##\n", &[]),
            ("# Ünïcödé 標題 ✨\n", &["1 Ünïcödé 標題 ✨"]),
            ("Title\n=====\n\nSub\n---\ntext\n", &["1 Title", "2 Sub < Title"]),
            ("two\nlines\n=====\n", &["1 two\nlines"]),
            ("text\n\n---\n\nmore\n\n***\n---\n___\n---\n", &[]),
            ("- item\n---\n\n1. item\n---\n\n> quote\n---\n\n| cell |\n---\n", &[]),
            ("    code\n---\n", &[]),
            ("a | b\n--- | ---\n1 | 2\n", &[]),
            ("```\n# no\n```\n# yes\n", &["1 yes"]),
            ("````md\n```\n# no\n```\n# no\n````\n# yes\n", &["1 yes"]),
            ("~~~ sh\n# no\n```\n# no\n~~~\n# yes\n", &["1 yes"]),
            ("1. step\n\n   ```sh\n   # no\n   ```\n\n# yes\n", &["1 yes"]),
            ("- item\n  ```\n  # no\n\n  # no\n# yes\n", &["1 yes"]),
            ("~~~\n    ~~~\n# no\n~~~\n# yes\n", &["1 yes"]),
            ("  ```\n# no\n  ```\n# yes\n", &["1 yes"]),
            ("<preadv>\n\n# yes\n", &["1 yes"]),
            ("```inline``` code\n# yes\n", &["1 yes"]),
            ("# yes\n```\n# unclosed\n", &["1 yes"]),
            ("<!-- # no\n# no\n-->\n# yes\n<!-- one line -->\nTitle\n---\n", &["1 yes", "2 Title < yes"]),
            ("<pre>\n# no\n\n# no\n</PRE>\n# yes\n", &["1 yes"]),
            ("---\ntitle: x\n# no\n---\n# yes\n", &["1 yes"]),
            ("+++\ntitle = 1\n+++\n# yes\n", &["1 yes"]),
            ("---\n\nTitle\n---\n", &["2 Title"]),
            ("---\n# yes: unclosed\n", &["1 yes: unclosed"]),
            (
                "<h1 align=\"center\">\n  <img src=\"a>b.png\"><br>\n  The <b>Name</b>\n</h1>\n\n## Sub\n",
                &["1 The <b>Name", "2 Sub < The <b>Name"],
            ),
            ("<div>\n    <h1>In a div</h1>\n    <h2>Too</h2>\n</div>\n", &["1 In a div", "2 Too < In a div"]),
            ("<h1><img src=\"logo.png\"></h1>\n\n# Name\n", &["1 Name"]),
            ("<h1>unclosed\n\n# Name\n", &["1 unclosed", "1 Name"]),
            ("<a name=\"x\"></a>\nTitle\n-----\n", &["2 Title"]),
            ("> # quoted\n\n- # in a list\n", &[]),
        ],
    );
}

#[test]
fn finds_headings_of_restructured_text() {
    check(
        DocumentFormat::ReStructuredText,
        &[
            ("", &[]),
            (
                "Title\n=====\n\nSub\n---\n\nSub sub\n~~~~~~~\n\nOther\n-----\n",
                &["1 Title", "2 Sub < Title", "3 Sub sub < Sub", "2 Other < Title"],
            ),
            ("=====\nTitle\n=====\n\nSub\n===\n", &["1 Title", "2 Sub < Title"]),
            ("=======\n Title\n=======\n", &["1 Title"]),
            ("A\n--\n\nB\n==\n", &["1 A", "2 B < A"]),
            (".. _label:\n\nTitle\n=====\n", &["1 Title"]),
            (".. _label:\nTitle\n=====\n", &["1 Title"]),
            ("text of a\nparagraph\n---------\n", &[]),
            ("text\n\n----\n\nmore text\n", &[]),
            ("Code::\n\n    Title\n    =====\n", &[]),
            ("=====  =====\na      b\n=====  =====\n1      2\n=====  =====\n", &[]),
            ("+---+\n| a |\n+---+\n", &[]),
            ("Long title here\n===\n", &[]),
            ("Long title here\n====\n", &["1 Long title here"]),
            ("Größe\n=====\n", &["1 Größe"]),
            ("- item\n------\n", &[]),
            ("x\n::\n\n..\n\n", &[]),
        ],
    );
}

#[test]
fn finds_headings_of_asciidoc() {
    check(
        DocumentFormat::AsciiDoc,
        &[
            ("", &[]),
            (
                "= Book\n:toc:\n\n== Chapter\n\n=== Section ===\n\n== Other\n",
                &["1 Book", "2 Chapter < Book", "3 Section < Chapter", "2 Other < Book"],
            ),
            ("# Book\n## Chapter\n", &["1 Book", "2 Chapter < Book"]),
            ("[source,sh]\n----\n== no\n----\n== yes\n", &["2 yes"]),
            ("....\n== no\n----\n== no\n....\n== yes\n", &["2 yes"]),
            ("////\n== no\n////\n== yes\n", &["2 yes"]),
            ("```rb\n== no\n```\n== yes\n", &["2 yes"]),
            (
                "Title\n=====\n\nChapter\n-------\n\nSection\n~~~~~~~\n",
                &["1 Title", "2 Chapter < Title", "3 Section < Chapter"],
            ),
            ("some text\n----\n== no\n----\n", &[]),
            (".Title\n----\n== no\n----\n", &[]),
            ("====\nexample\n====\n==no\n", &[]),
        ],
    );
}

#[test]
fn finds_headings_of_html() {
    check(
        DocumentFormat::Html,
        &[
            ("", &[]),
            ("<h1>One</h1><p>a</p><H2 class='x'>Two</H2>\n<h1>Three</h1>", &["1 One", "2 Two < One", "1 Three"]),
            ("<h2>\n  A &amp; <em>B</em> c\n</h2>", &["2 A &amp; <em>B</em> c"]),
            ("<h1><a href=\"#x\"><span>Deep</span></a></h1>", &["1 Deep"]),
            ("<!-- <h1>no</h1> --><h1>yes</h1>", &["1 yes"]),
            ("<script>'<h1>no</h1>'</script><style>/*<h1>no*/</style><h1>yes</h1>", &["1 yes"]),
            ("<header><hr><html><h1>yes</h1>", &["1 yes"]),
            ("<h1>a<h2>b</h2>", &["1 a", "2 b < a"]),
            ("<h1></h1><h1> <br> </h1>", &[]),
            ("<h1 title=\"a > b\">yes</h1>", &["1 yes"]),
            ("<h1", &[]),
            ("<h1>", &[]),
            ("<!-- unclosed <h1>no</h1>", &[]),
        ],
    );
}

#[test]
fn a_section_starts_with_its_line_and_reaches_to_the_next() {
    let text = "before\n\n# One\ntext\n\n  ## Two\nmore";
    let found = sections(DocumentFormat::Markdown, text);
    let parts: Vec<&str> = found.iter().map(|section| section.span.text(text)).collect();
    assert_eq!(parts, ["# One\ntext\n\n", "  ## Two\nmore"]);
    let text = "<p>x</p>\n  <h1>One</h1> <h2>Two</h2>";
    let found = sections(DocumentFormat::Html, text);
    let parts: Vec<&str> = found.iter().map(|section| section.span.text(text)).collect();
    assert_eq!(parts, ["  <h1>One</h1> ", "<h2>Two</h2>"]);
}

#[test]
fn names_of_languages_give_formats() {
    assert_eq!(DocumentFormat::from_language("Markdown"), Some(DocumentFormat::Markdown));
    assert_eq!(DocumentFormat::from_language("rst"), Some(DocumentFormat::ReStructuredText));
    assert_eq!(DocumentFormat::from_language("asciidoc"), Some(DocumentFormat::AsciiDoc));
    assert_eq!(DocumentFormat::from_language("html"), Some(DocumentFormat::Html));
    assert_eq!(DocumentFormat::from_language("rust"), None);
}

/// Numbers that look random and are the same on every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[rustfmt::skip]
const PIECES: [&str; 44] = [
    "# ", "## ", "#", "===", "---", "=====\n", "-----\n", "\n", "\n", "\n\n", "\r\n", "```", "~~~",
    "text", "é標", "✨", " ", "    ", "\t", "<h1>", "</h1>", "<h2 a=\"", "\">", "<!--", "-->",
    "<pre>", "</pre>", "<script", "</script>", "= ", "== ", "....", "////", ".. x", "- ", "1. ",
    "> ", "|", "{#id}", "<", ">", "\u{0}", "\u{a0}", "\u{2028}",
];

#[test]
fn any_text_gives_sections_that_obey_the_laws() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for _ in 0..5_000 {
        let length = numbers.below(40);
        let text: String = (0..length).map(|_| PIECES[numbers.below(PIECES.len())]).collect();
        for format in FORMATS {
            check_laws(&text, &sections(format, &text));
        }
    }
}

#[test]
fn hostile_text_takes_linear_time() {
    #[rustfmt::skip]
    let shapes = [
        "<h1 \"", "<h1", "<h1>", "<!--", "<script>", "<pre>\n", "```\n", "````\n~~~\n", "# a\n",
        "a\n=\n", "a\n==\n", "== a\n", "----\n", "a\n", "a ", "#", "-", "=", "> ", "<", "<a ", "é",
        "\u{a0}", "\n", "    <", "<div>\n", "{#", "<h1>\n\n",
    ];
    for shape in shapes {
        let text = shape.repeat((1 << 18) / shape.len());
        for format in FORMATS {
            let start = Instant::now();
            check_laws(&text, &sections(format, &text));
            let time = start.elapsed();
            // A quadratic scanner takes far longer here; the limit leaves room for slow machines.
            assert!(time < Duration::from_secs(5), "{format:?} {shape:?} took {time:?}");
        }
    }
}
