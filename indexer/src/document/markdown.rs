//! Headings of Markdown: `# text`, underlined lines, and `<h1>` as READMEs have it. Code blocks,
//! comments and front matter are passed over.
//!
//! This is not a CommonMark parser. Headings in quotes and lists are not sections, so containers
//! need not be followed, only kept from being mistaken for paragraphs.

use super::line::{Line, lines, repeated};
use super::{Heading, html};

/// Underlined paragraphs longer than this are text above a rule, not headings.
const LONGEST_UNDERLINED: usize = 200;

pub(super) fn headings(text: &str) -> Vec<Heading> {
    let mut scanner = Scanner { text, headings: Vec::new(), state: State::Text, paragraph: None, in_list: false };
    let body = front_matter_end(text);
    for line in lines(text).skip_while(|line| line.start < body) {
        scanner.line(line);
    }
    scanner.headings
}

/// Where the body starts: after a block of metadata between `---` or `+++` at the very start.
fn front_matter_end(text: &str) -> usize {
    let mut all = lines(text);
    let Some(first) = all.next() else { return 0 };
    let fence = first.text.trim_end();
    if fence != "---" && fence != "+++" {
        return 0;
    }
    // Metadata starts at once; a blank line means that the first one was a rule.
    let mut is_first = true;
    while let Some(line) = all.next() {
        if is_first && line.is_blank() {
            return 0;
        }
        is_first = false;
        if line.text.trim_end() == fence || (fence == "---" && line.text.trim_end() == "...") {
            return all.next().map_or(text.len(), |after| after.start);
        }
    }
    0
}

/// What the scanner is inside of.
#[derive(Clone, Copy)]
enum State {
    Text,
    Fence(Fence),
    /// A block of HTML that this text closes.
    Until(&'static str),
    /// A heading in HTML that was read already, up to this offset.
    Past(usize),
}

/// A fenced code block.
#[derive(Clone, Copy)]
struct Fence {
    mark: u8,
    length: usize,
    indent: usize,
    /// Lines indented less end the list, and the block with it.
    least_indent: usize,
}

/// The paragraph that the last line belongs to.
struct Paragraph {
    start: usize,
    end: usize,
    /// Whether an underline can make it a heading: it stands in no list, quote or table.
    is_plain: bool,
}

struct Scanner<'a> {
    text: &'a str,
    headings: Vec<Heading>,
    state: State,
    paragraph: Option<Paragraph>,
    /// Whether indented lines belong to an item of a list.
    in_list: bool,
}

impl Scanner<'_> {
    fn line(&mut self, line: Line<'_>) {
        match self.state {
            State::Fence(fence) if line.is_blank() || line.indent() >= fence.least_indent => {
                if fence.is_closed_by(line) {
                    self.state = State::Text;
                }
                return;
            }
            State::Until(end) => {
                if contains_ignoring_case(line.text, end) {
                    self.state = State::Text;
                }
                return;
            }
            State::Past(end) if line.start < end => return,
            State::Fence(_) | State::Past(_) | State::Text => self.state = State::Text,
        }
        if line.is_blank() {
            self.paragraph = None;
            return;
        }
        if is_list_item(line.text.trim_start()) {
            self.in_list = true;
        } else if self.paragraph.is_none() && line.indent() == 0 {
            self.in_list = false;
        }
        if let Some((mark, length)) = opens_fence(line.text) {
            let indent = line.indent();
            // The content of an item is indented by two at least.
            let least_indent = if self.in_list && indent >= 2 { 2 } else { 0 };
            self.state = State::Fence(Fence { mark, length, indent, least_indent });
            self.paragraph = None;
            return;
        }
        // Indentation makes code, but not right below other text.
        let is_deep = line.indent() > 3;
        if line.text.trim_start().starts_with('<') && !(is_deep && self.paragraph.is_none()) {
            self.html_line(line);
            return;
        }
        if is_deep {
            self.text_line(line, false);
            return;
        }
        if let Some((level, title)) = atx(line.text) {
            self.paragraph = None;
            if !title.is_empty() {
                self.push(line.start, line.range_of(title), level);
            }
            return;
        }
        if let Some(level) = underline_level(line.text) {
            if let Some(paragraph) = self.paragraph.take() {
                self.underlined(&paragraph, level);
            }
            return;
        }
        self.text_line(line, is_plain(line.text));
    }

    fn text_line(&mut self, line: Line<'_>, is_plain: bool) {
        let end = line.start + line.text.len();
        match &mut self.paragraph {
            Some(paragraph) => paragraph.end = end,
            None => self.paragraph = Some(Paragraph { start: line.start, end, is_plain }),
        }
    }

    fn underlined(&mut self, paragraph: &Paragraph, level: u8) {
        let Some(raw) = self.text.get(paragraph.start..paragraph.end) else { return };
        let title = raw.trim();
        let has_words = title.chars().any(char::is_alphanumeric);
        if !paragraph.is_plain || !has_words || title.len() > LONGEST_UNDERLINED {
            return;
        }
        let start = paragraph.start + (raw.len() - raw.trim_start().len());
        self.push(paragraph.start, start..start + title.len(), level);
    }

    /// A line that starts with a tag or comment.
    fn html_line(&mut self, line: Line<'_>) {
        let tag = line.text.trim_start();
        let at = line.range_of(tag).start;
        // What follows a tag without a blank line is HTML too, and cannot be underlined.
        self.paragraph = Some(Paragraph { start: line.start, end: line.start + line.text.len(), is_plain: false });
        if let Some(found) = html::heading_at(self.text, at) {
            if let Some(title) = found.title {
                self.push(line.start, title, found.level);
            }
            self.state = State::Past(found.end);
        } else if let Some((start, end)) = opens_html_block(tag) {
            self.paragraph = None;
            if !contains_ignoring_case(&tag[start.len()..], end) {
                self.state = State::Until(end);
            }
        } else if tag.starts_with("<a ") {
            // An anchor for the heading that follows.
            self.paragraph = None;
        }
    }

    fn push(&mut self, start: usize, text: std::ops::Range<usize>, level: u8) {
        self.headings.push(Heading { start, text, level });
    }
}

/// Character and length of the fence that `line` opens. Code in lists is indented, so any
/// indentation will do.
fn opens_fence(line: &str) -> Option<(u8, usize)> {
    let line = line.trim_start();
    let mark = *line.as_bytes().first().filter(|byte| matches!(byte, b'`' | b'~'))?;
    let length = line.bytes().take_while(|&byte| byte == mark).count();
    let is_inline = mark == b'`' && line[length..].contains('`');
    (length >= 3 && !is_inline).then_some((mark, length))
}

impl Fence {
    fn is_closed_by(self, line: Line<'_>) -> bool {
        repeated(line.text.trim_start()).is_some_and(|(mark, length)| mark == self.mark && length >= self.length)
            && line.indent() <= self.indent + 3
    }
}

/// Level and text of a heading that starts with `#`.
fn atx(line: &str) -> Option<(u8, &str)> {
    let line = line.trim_start();
    let level = line.bytes().take_while(|&byte| byte == b'#').count();
    if !(1..=6).contains(&level) {
        return None;
    }
    let rest = &line[level..];
    // `##Text` was a heading in the first Markdown, and old files have it; `#text` may be a tag.
    let is_old_style = level >= 2 && rest.starts_with(char::is_alphabetic);
    if !rest.is_empty() && !rest.starts_with([' ', '\t']) && !is_old_style {
        return None;
    }
    Some((level as u8, without_closing_marks(rest.trim())))
}

/// `title` without the `#` that may close it and without attributes (`{#id .class}`).
fn without_closing_marks(title: &str) -> &str {
    let mut title = title;
    if title.ends_with('}')
        && let Some(brace) = title.rfind('{')
        && title[brace + 1..].starts_with(['#', '.', ':'])
    {
        title = title[..brace].trim_end();
    }
    let bare = title.trim_end_matches('#');
    // `C#` keeps its mark: closing marks stand apart.
    if bare.is_empty() || bare.ends_with([' ', '\t']) { bare.trim_end() } else { title }
}

fn underline_level(line: &str) -> Option<u8> {
    match repeated(line.trim_start()) {
        Some((b'=', 2..)) => Some(1),
        Some((b'-', 2..)) => Some(2),
        _ => None,
    }
}

/// Whether `line` starts an ordinary paragraph, not a quote, list or table.
fn is_plain(line: &str) -> bool {
    let line = line.trim_start();
    !line.starts_with(['>', '|', ':']) && !is_list_item(line)
}

/// Whether `line`, without indentation, starts an item of a list.
fn is_list_item(line: &str) -> bool {
    let bytes = line.as_bytes();
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let marks: &[u8] = if digits == 0 { b"-*+" } else { b".)" };
    let has_mark = digits < 10 && bytes.get(digits).is_some_and(|mark| marks.contains(mark));
    has_mark && matches!(bytes.get(digits + 1), None | Some(b' ' | b'\t'))
}

/// Start and end of the block of HTML that `tag` opens, if blank lines do not end it.
fn opens_html_block(tag: &str) -> Option<(&'static str, &'static str)> {
    const BLOCKS: [(&str, &str); 5] = [
        ("<!--", "-->"),
        ("<pre", "</pre>"),
        ("<script", "</script>"),
        ("<style", "</style>"),
        ("<textarea", "</textarea>"),
    ];
    let opens = |start: &str| {
        let Some((name, rest)) = tag.split_at_checked(start.len()) else { return false };
        let is_whole = start == "<!--" || !rest.starts_with(char::is_alphanumeric);
        is_whole && name.eq_ignore_ascii_case(start)
    };
    BLOCKS.into_iter().find(|(start, _)| opens(start))
}

fn contains_ignoring_case(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}
