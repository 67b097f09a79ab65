//! Macros that hide a class of C++ from the grammar: `class LIBRARY_EXPORT Shape {`.
//!
//! The grammar knows no macros and reads such a class as a function. Where one stands between `class` and the name, it is read
//! as white space; offsets stay what they are.

use std::borrow::Cow;

/// `text` as the grammar of `language` should read it.
pub(super) fn masked<'t>(language: &str, text: &'t str) -> Cow<'t, [u8]> {
    let mut bytes = Cow::Borrowed(text.as_bytes());
    if language != "cpp" {
        return bytes;
    }
    for word in ["class ", "struct ", "union "] {
        for (at, _) in text.match_indices(word) {
            let starts = text[..at].chars().next_back().is_none_or(|c| !is_word(c));
            if let Some(end) = starts.then(|| macro_end(text, at + word.len())).flatten() {
                bytes.to_mut()[at + word.len()..end].fill(b' ');
            }
        }
    }
    bytes
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Where the macro that starts at `start` ends, if it is one: written in capitals, and followed by the name and the start
/// of a class.
fn macro_end(text: &str, start: usize) -> Option<usize> {
    let rest = text.get(start..)?;
    let name = rest.trim_start_matches([' ', '\t']);
    let len = name.find(|c| !is_word(c))?;
    let capital = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let declspec = &name[..len] == "__declspec" || &name[..len] == "__attribute__";
    if len < 3 || !(declspec || name[..len].chars().all(capital)) {
        return None;
    }
    let mut after = &name[len..];
    if after.starts_with('(') {
        let mut open = 0i32;
        let close = after.char_indices().take(200).find_map(|(at, c)| {
            open += i32::from(c == '(') - i32::from(c == ')');
            (open == 0).then_some(at + 1)
        })?;
        after = &after[close..];
    }
    let class = after.trim_start();
    let len = class.find(|c| !(is_word(c) || c == ':'))?;
    let named = len > 0 && class.len() < after.len() && class.starts_with(|c: char| is_word(c) && !c.is_ascii_digit());
    let tail = class[len..].trim_start();
    let tail = tail.strip_prefix("final").unwrap_or(tail).trim_start();
    let single = class[..len].trim_end_matches(':');
    let begins = tail.starts_with(['{', ':', ';', '<']) || single.len() < len;
    (named && begins).then(|| text.len() - after.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(String::from_utf8_lossy(&masked("cpp", text)), expected);
    }

    #[test]
    fn macros_in_front_of_a_class_are_white_space() {
        check("class KIT_EXPORT Shape {};", "class            Shape {};");
        check("struct KIT_API(1) Shape : Base {};", "struct            Shape : Base {};");
        check("class KIT_EXPORT Shape final : Base {};", "class            Shape final : Base {};");
        check("class __declspec(dllexport) A;", "class                       A;");
    }

    #[test]
    fn names_in_capitals_stay() {
        for text in [
            "class SHAPE {};",
            "class SHAPE final {};",
            "struct STAT x;",
            "struct STAT *f(int);",
            "class A B",
            "class ",
        ] {
            check(text, text);
        }
        assert_eq!(&*masked("c", "struct KIT_EXPORT shape {"), b"struct KIT_EXPORT shape {");
    }
}
