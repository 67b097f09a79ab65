//! Plain text of what others have written: without tags, entities and what would disturb a terminal.

/// Names of characters that answers of searches hold.
const ENTITIES: [(&str, char); 7] =
    [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", ' '), ("hellip", '…')];
/// The longest name of a character.
const LONGEST_ENTITY: usize = 10;

/// `text` in one piece, of at most `most` bytes; `None` if nothing is left.
pub(super) fn plain(text: &str, most: usize) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '<' if rest.starts_with(|next: char| next.is_ascii_alphabetic() || next == '/' || next == '!') => {
                let Some(end) = rest.find('>') else { break };
                rest = &rest[end + 1..];
            }
            '&' => match entity(rest) {
                Some((meant, length)) => {
                    out.push(meant);
                    rest = &rest[length..];
                }
                None => out.push('&'),
            },
            '\n' => out.push('\n'),
            c if c.is_whitespace() || c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    let lines: Vec<String> = out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let text = lines.join("\n");
    let text = text.trim();
    let text = text[..text.floor_char_boundary(text.len().min(most))].trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The character that is meant behind `&`, and how long its name is with the `;`.
fn entity(rest: &str) -> Option<(char, usize)> {
    let end = rest.find(';').filter(|end| *end <= LONGEST_ENTITY)?;
    let name = &rest[..end];
    let meant = match name.strip_prefix('#') {
        Some(number) => {
            let hex = number.strip_prefix(['x', 'X']).map(|hex| u32::from_str_radix(hex, 16));
            let code = hex.unwrap_or_else(|| number.parse()).ok()?;
            char::from_u32(code).filter(|c| !c.is_control())?
        }
        None => ENTITIES.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((meant, end + 1))
}

#[cfg(test)]
mod tests {
    #[test]
    fn tags_and_entities_go() {
        let plain = |text: &str| super::plain(text, 40);
        assert_eq!(
            plain("a <b class='x'>bold</b>\t word &amp; &#39;more&#x27; &unknown;").as_deref(),
            Some("a bold word & 'more' &unknown;")
        );
        assert_eq!(plain("if a < b && c > d").as_deref(), Some("if a < b && c > d"));
        assert_eq!(plain("one\n\n  two\u{1b}[31m").as_deref(), Some("one\n\ntwo [31m"));
        assert_eq!(plain("cut <never closed").as_deref(), Some("cut"));
        assert_eq!(plain(" <p> </p> "), None);
        assert_eq!(plain(&"é".repeat(99)).map(|text| text.len()), Some(40));
    }
}
