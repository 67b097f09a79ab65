//! Where a text may be cut, and how bad each place is.

use std::ops::Range;

use tree_sitter::{Node, Tree};

use super::partition::Cut;
use crate::document::Section;

/// Cost of a cut one level deeper in the syntax tree.
const DEEPER: f32 = 0.15;
/// Levels beyond which depth makes no difference.
const DEEPEST: usize = 8;
/// Cost of separating a comment, attribute or decorator from what follows it.
const GLUED: f32 = 2.0;
/// Cost of a cut inside a line.
const WITHIN_LINE: f32 = 3.0;
/// Cost of a cut inside a word, where a text has neither lines nor blanks.
const WITHIN_WORD: f32 = 6.0;

/// Cuts along the syntax tree: between the nodes that are small enough to be one chunk, at line starts where possible.
pub(super) fn of_tree(text: &str, tree: &Tree, max_bytes: usize) -> Vec<Cut> {
    let mut cuts = Vec::new();
    let mut cursor = tree.walk();
    // The root is always opened: even a small file of many functions prefers to be cut between them.
    if !cursor.goto_first_child() {
        return of_lines(text, 0..text.len(), max_bytes);
    }
    let mut depth = 0;
    let mut previous = None;
    loop {
        let node = cursor.node();
        cuts.extend(cut_before(text, node, previous, depth));
        let large = node.end_byte() - node.start_byte() > max_bytes;
        if large && cursor.goto_first_child() {
            depth += 1;
            previous = None;
            continue;
        }
        if large {
            cuts.extend(within_token(text, node, max_bytes));
        }
        previous = Some(node);
        while !cursor.goto_next_sibling() {
            if depth == 0 || !cursor.goto_parent() {
                return cuts;
            }
            depth -= 1;
            previous = Some(cursor.node());
        }
    }
}

/// The cut before `node`, moved to the start of its line if nothing but blanks stands between.
fn cut_before(text: &str, node: Node, previous: Option<Node>, depth: usize) -> Option<Cut> {
    let start = node.start_byte();
    let depth_cost = DEEPER * depth.min(DEEPEST) as f32;
    let Some(line) = start_of_blank(text.get(..start)?) else {
        return Some(Cut { at: start, cost: depth_cost + WITHIN_LINE });
    };
    let glued = previous.is_some_and(|previous| describes_next(text, previous, line));
    // A closing bracket belongs to what it closes.
    let closing = node.child_count() == 0 && node.end_byte() - start == 1;
    let glue = if glued || closing { GLUED } else { 0.0 };
    Some(Cut { at: line, cost: depth_cost + glue })
}

/// Whether `node` is a comment or an attribute that ends on the line before `line`.
fn describes_next(text: &str, node: Node, line: usize) -> bool {
    let kind = node.kind();
    let describes = ["comment", "attribute", "decorator", "annotation", "pragma"];
    describes.iter().any(|part| kind.contains(part))
        && text
            .get(node.end_byte()..line)
            .is_some_and(|between| between.bytes().filter(|byte| *byte == b'\n').count() <= 1)
}

/// Cuts inside one token, a string or comment over the limit: only between its lines.
fn within_token(text: &str, node: Node, max_bytes: usize) -> Vec<Cut> {
    let range = node.start_byte()..node.end_byte();
    if text.get(range.clone()).is_none() {
        return Vec::new();
    }
    let mut cuts = of_lines(text, range, max_bytes);
    cuts.retain(|cut| cut.cost < WITHIN_LINE);
    cuts.iter_mut().for_each(|cut| cut.cost += GLUED);
    cuts
}

/// Where the last line of `text` begins, if it holds nothing but blanks. Looks at no more than those: a file may be one
/// long line with a million nodes.
fn start_of_blank(text: &str) -> Option<usize> {
    let blank = |byte: &&u8| byte.is_ascii_whitespace() && **byte != b'\n';
    let line = text.len() - text.as_bytes().iter().rev().take_while(blank).count();
    (line == 0 || text.as_bytes()[line - 1] == b'\n').then_some(line)
}

/// Cuts of a document: at headings, the better the higher they stand, then at paragraphs and lines.
pub(super) fn of_sections(text: &str, sections: &[Section], max_bytes: usize) -> Vec<Cut> {
    let mut cuts = of_lines(text, 0..text.len(), max_bytes);
    let highest = sections.iter().map(|section| section.level).min().unwrap_or(1);
    for cut in &mut cuts {
        cut.cost += 0.5;
    }
    cuts.extend(sections.iter().map(|section| Cut {
        at: section.span.start as usize,
        cost: DEEPER * f32::from((section.level - highest).min(6)),
    }));
    cuts.sort_by_key(|cut| cut.at);
    // A heading stays with its first paragraph.
    for section in sections {
        let (heading_end, section_end) = (section.heading.end as usize, section.span.end as usize);
        // Not beyond the section: a whole document may stand in one line.
        let rest = text.get(heading_end..section_end).unwrap_or("");
        let body = memchr::memchr(b'\n', rest.as_bytes()).map_or(section_end, |at| heading_end + at + 1);
        let first = cuts.partition_point(|cut| cut.at < heading_end);
        let next = cuts[first..].iter_mut().take_while(|cut| cut.at <= (body + 1).min(section_end));
        next.filter(|cut| cut.at != section.span.start as usize).for_each(|cut| cut.cost += GLUED);
    }
    cuts
}

/// Cuts of a plain text: after blank lines, then at line ends; in longer lines at blanks, and where there are none
/// between any two characters.
pub(super) fn of_lines(text: &str, range: Range<usize>, max_bytes: usize) -> Vec<Cut> {
    let bytes = text.as_bytes();
    let mut cuts = Vec::new();
    let mut start = range.start;
    let mut blank_before = false;
    while start < range.end {
        let end = memchr::memchr(b'\n', &bytes[start..range.end]).map_or(range.end, |at| start + at + 1);
        let line = &bytes[start..end];
        let blank = line.iter().all(u8::is_ascii_whitespace);
        let indented = line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        let cost = match (blank_before, blank, indented) {
            // A blank line goes with what precedes it.
            (_, true, _) => 1.0,
            (true, false, false) => 0.0,
            (true, false, true) => 0.2,
            (false, false, false) => 0.4,
            (false, false, true) => 0.6,
        };
        if start > range.start {
            cuts.push(Cut { at: start, cost });
        }
        if line.len() > max_bytes {
            within_line(text, start..end, max_bytes, &mut cuts);
        }
        blank_before = blank;
        start = end;
    }
    cuts
}

fn within_line(text: &str, line: Range<usize>, max_bytes: usize, cuts: &mut Vec<Cut>) {
    let mut last = line.start;
    let mut previous = ' ';
    for (at, character) in text[line.clone()].char_indices() {
        let at = line.start + at;
        if previous.is_whitespace() && !character.is_whitespace() {
            cuts.push(Cut { at, cost: WITHIN_LINE });
            last = at;
        } else if at - last >= max_bytes && !character.is_alphanumeric() {
            cuts.push(Cut { at, cost: WITHIN_WORD });
            last = at;
        } else if at - last >= 2 * max_bytes {
            cuts.push(Cut { at, cost: 2.0 * WITHIN_WORD });
            last = at;
        }
        previous = character;
    }
}
