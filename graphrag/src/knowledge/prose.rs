//! The prose of a document: its text without code, addresses and tags.

use std::ops::Range;

/// Stands for every byte that is left out: a sign that no name goes over.
const LEFT_OUT: u8 = b'|';

/// `text` with everything that is no prose left out; offsets stay as they are.
pub(super) fn prose(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut fence: Option<&str> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let range = start..start + line.len();
        start = range.end;
        let trimmed = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| trimmed.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => {
                leave_out_in_line(line, range.start, &mut bytes);
                continue;
            }
            _ => {}
        }
        leave_out(&mut bytes, range);
    }
    // Whole characters were replaced by ASCII.
    String::from_utf8(bytes).unwrap_or_default()
}

fn leave_out(bytes: &mut [u8], range: Range<usize>) {
    bytes[range].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = LEFT_OUT);
}

fn leave_out_in_line(line: &str, offset: usize, bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = line[at..].find(['`', '<', ':', ']']) {
        let open = at + found;
        at = open + 1;
        let rest = &line[at..];
        let (from, end) = match line.as_bytes()[open] {
            b'`' => (open, rest.find('`').map(|end| at + end + 1)),
            b'<' if rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') => {
                (open, rest.find('>').map(|end| at + end + 1))
            }
            b':' if rest.starts_with("//") => {
                let scheme = line[..open].trim_end_matches(|c: char| c.is_ascii_alphabetic()).len();
                let end = rest.find(|c: char| c.is_whitespace() || matches!(c, ')' | '>' | '"')).unwrap_or(rest.len());
                (scheme, Some(at + end))
            }
            b']' if rest.starts_with('(') => (open, rest.find(')').map(|end| at + end + 1)),
            _ => continue,
        };
        let Some(end) = end else { continue };
        // What is written in Hangul between backticks is no code.
        let keeps = line.as_bytes()[open] == b'`' && line[from..end].chars().any(super::korean::is_hangul);
        if !keeps {
            leave_out(bytes, offset + from..offset + end);
        }
        at = end;
    }
}

/// The places of the sentences and list items in a range of `text`, without the marks before them.
pub(super) fn sentences(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = range.start;
    for line in text[range].split_inclusive('\n') {
        let end = start + line.len();
        let marks = |c: char| c.is_whitespace() || matches!(c, '-' | '+' | '>' | '•') || c.is_ascii_digit();
        let body = line.trim_start_matches(marks);
        let body = body.strip_prefix(". ").or_else(|| body.strip_prefix("* ")).unwrap_or(body);
        let mut from = end - body.len();
        for (at, _) in body.match_indices(". ") {
            let until = end - body.len() + at + 1;
            found.push(from..until);
            from = until + 1;
        }
        found.push(from..end);
        start = end;
    }
    found.retain(|range| !text[range.clone()].trim().is_empty());
    found
}

/// The places between pairs of `marks` on one line.
pub(super) fn marked(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    const MARKS: [(&str, &str); 8] =
        [("**", "**"), ("__", "__"), ("“", "”"), ("‘", "’"), ("「", "」"), ("『", "』"), ("\"", "\""), ("`", "`")];
    const LONGEST: usize = 90;
    let mut found = Vec::new();
    for (open, close) in MARKS {
        let mut at = range.start;
        while let Some(start) = text[at..range.end].find(open).map(|start| at + start + open.len()) {
            let line = text[start..range.end].find('\n').map_or(range.end, |end| start + end);
            let Some(length) = text[start..line].find(close) else {
                at = line;
                continue;
            };
            if length <= LONGEST && !text[start..start + length].trim().is_empty() {
                found.push(start..start + length);
            }
            at = start + length + close.len();
        }
    }
    found.sort_by_key(|range| range.start);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_addresses_are_left_out() {
        let text = "See `Foo Bar` at https://Example.org/Path or [Docs Page](Other/Path).\n```\nSome Code\n```\nThe <Tag Name> and `토큰 버킷`.\n";
        let prose = prose(text);
        assert_eq!(prose.len(), text.len());
        for gone in ["Foo", "Example", "Other", "Some Code", "Tag Name"] {
            assert!(!prose.contains(gone), "{gone}: {prose}");
        }
        assert!(prose.contains("Docs Page") && prose.contains("토큰 버킷"));
    }

    #[test]
    fn text_that_is_not_well_formed_is_read_all_the_same() {
        for text in ["`", "<a", "](", "://", "é://é", "```\nx", "**", "가://나 `가", "<é>", "a:// \u{2028}"] {
            let prose = prose(text);
            assert_eq!(prose.len(), text.len(), "{text}");
            let _ = (sentences(&prose, 0..prose.len()), marked(&prose, 0..prose.len()));
        }
    }

    #[test]
    fn list_marks_do_not_belong_to_sentences() {
        let text = "- **Lease**: a right.\n1. One. Two.\n";
        let found: Vec<&str> = sentences(text, 0..text.len()).into_iter().map(|range| text[range].trim()).collect();
        assert_eq!(found, ["**Lease**: a right.", "One.", "Two."]);
        let text = "a **b c** “d”";
        let found: Vec<&str> = marked(text, 0..text.len()).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["b c", "d"]);
    }
}
