//! Headings of reStructuredText: a line that is underlined, or overlined and underlined, by
//! punctuation. Which punctuation means which level is up to the document: the first kind that
//! occurs is the outermost.

use super::Heading;
use super::line::{Line, lines, repeated};

pub(super) fn headings(text: &str) -> Vec<Heading> {
    let lines: Vec<Line<'_>> = lines(text).collect();
    let mut styles: Vec<Style> = Vec::new();
    let mut headings = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let Some((style, title, length)) = heading_at(&lines, at) else {
            at += 1;
            continue;
        };
        let known = styles.iter().position(|known| *known == style);
        let level = known.unwrap_or_else(|| {
            styles.push(style);
            styles.len() - 1
        });
        headings.push(Heading {
            start: lines[at].start,
            text: title.range_of(title.text.trim()),
            level: u8::try_from(level + 1).unwrap_or(u8::MAX),
        });
        at += length;
    }
    headings
}

/// How a heading is marked. There are 32 marks, with and without overline, so levels are few.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Style {
    mark: u8,
    overlined: bool,
}

/// The heading that starts at line `at`: its style, the line of its text, its number of lines.
fn heading_at<'a>(lines: &[Line<'a>], at: usize) -> Option<(Style, Line<'a>, usize)> {
    if !starts_block(lines, at) {
        return None;
    }
    if let Some((mark, over)) = adornment(lines[at].text)
        && let (Some(title), Some(below)) = (lines.get(at + 1), lines.get(at + 2))
        && adornment(below.text) == Some((mark, over))
        && is_title(title.text.trim())
        && over >= title.text.trim_end().chars().count().min(4)
    {
        return Some((Style { mark, overlined: true }, *title, 3));
    }
    let title = lines[at];
    let (mark, under) = adornment(lines.get(at + 1)?.text)?;
    let is_long_enough = under >= title.text.trim_end().chars().count().min(4);
    let is_heading = is_long_enough && title.indent() == 0 && is_title(title.text.trim_end());
    is_heading.then_some((Style { mark, overlined: false }, title, 2))
}

/// Whether a block can start at line `at`: after a blank line, an underline, or a directive or
/// link target, which need no blank line after them.
fn starts_block(lines: &[Line<'_>], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).and_then(|before| lines.get(before)) else { return true };
    before.is_blank() || before.text.starts_with(".. ") || adornment(before.text).is_some()
}

/// Mark and length of a line that is nothing but one punctuation character. `::` and `..` mean
/// something else.
fn adornment(line: &str) -> Option<(u8, usize)> {
    let (mark, length) = repeated(line)?;
    let is_other = length == 2 && matches!(mark, b':' | b'.');
    (mark.is_ascii_punctuation() && length >= 2 && !is_other).then_some((mark, length))
}

/// Whether `text` can be the text of a heading: not empty, no underline itself, no list item, no
/// directive.
fn is_title(text: &str) -> bool {
    let starts_other = ["- ", "* ", "+ ", ".. ", "| ", ">>> "];
    !text.is_empty() && adornment(text).is_none() && !starts_other.iter().any(|start| text.starts_with(start))
}
