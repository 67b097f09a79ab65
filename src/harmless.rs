//! The text of a repository is not ours: names and paths are shown without what could do harm.

/// `text` without characters that could move the cursor, colour the screen or forge a line: the text of a repository is
/// not ours.
pub(crate) fn harmless(text: &str) -> std::borrow::Cow<'_, str> {
    let harmful =
        |c: char| (c.is_control() && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if !text.contains(harmful) {
        return text.into();
    }
    text.chars().map(|c| if harmful(c) { '\u{fffd}' } else { c }).collect()
}
