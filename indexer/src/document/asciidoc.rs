//! Headings of AsciiDoc: `== text`, and the older underlined form. Listings and comments are passed
//! over.

use super::Heading;
use super::line::{Line, lines, repeated};

pub(super) fn headings(text: &str) -> Vec<Heading> {
    let mut headings = Vec::new();
    // The delimiter that ends the block we are in.
    let mut block: Option<&str> = None;
    // The line before, if it starts a paragraph.
    let mut before: Option<Line<'_>> = None;
    let mut after_blank = true;
    for line in lines(text) {
        let content = line.text.trim_end();
        if let Some(delimiter) = block {
            if content == delimiter {
                block = None;
                after_blank = true;
            }
            continue;
        }
        if let Some(title) = before.take()
            && let Some(level) = underline_level(title, content)
        {
            let text = title.range_of(title.text.trim());
            headings.push(Heading { start: title.start, text, level });
            after_blank = true;
            continue;
        }
        if let Some(delimiter) = opens_block(content) {
            block = Some(delimiter);
        } else if let Some((level, title)) = heading(content) {
            headings.push(Heading { start: line.start, text: line.range_of(title), level });
        } else if after_blank && is_title(content) {
            before = Some(line);
        }
        after_blank = line.is_blank() || is_attribute(content);
    }
    headings
}

/// The delimiter that ends the verbatim block that `line` starts.
fn opens_block(line: &str) -> Option<&str> {
    if line.starts_with("```") {
        return Some("```");
    }
    let (mark, length) = repeated(line)?;
    (length >= 4 && matches!(mark, b'-' | b'.' | b'+' | b'/')).then_some(line)
}

/// Level and text of a one-line heading. `#` is allowed for `=`.
fn heading(line: &str) -> Option<(u8, &str)> {
    let mark = line.chars().next().filter(|c| matches!(c, '=' | '#'))?;
    let level = line.chars().take_while(|&c| c == mark).count();
    let rest = &line[level..];
    if level > 6 || !rest.starts_with([' ', '\t']) {
        return None;
    }
    let title = rest.trim();
    let closing = title.trim_end_matches(mark);
    let is_closed = title.len() - closing.len() == level && closing.ends_with([' ', '\t']);
    let title = if is_closed { closing.trim_end() } else { title };
    (!title.is_empty()).then_some((level as u8, title))
}

/// The level of `title` if `line` is its underline: of the same length, give or take one.
fn underline_level(title: Line<'_>, line: &str) -> Option<u8> {
    let (mark, length) = repeated(line)?;
    let level = match mark {
        b'=' => 1,
        b'-' => 2,
        b'~' => 3,
        b'^' => 4,
        b'+' => 5,
        _ => return None,
    };
    (length >= 3 && title.text.trim_end().chars().count().abs_diff(length) <= 1).then_some(level)
}

/// Whether `line` could be underlined: it starts with a letter or digit.
fn is_title(line: &str) -> bool {
    line.starts_with(char::is_alphanumeric)
}

/// Whether `line` sets attributes of the block that follows it.
fn is_attribute(line: &str) -> bool {
    line.starts_with('[') && line.ends_with(']')
}
