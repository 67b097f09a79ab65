//! Macros that hide definitions of C++ from the grammar: `class LIBRARY_EXPORT Shape {`, `LIBRARY_INLINE void draw();`.
//!
//! The grammar knows no macros: it reads such a class as a function, and the macro in front of a function as its type. Where one
//! stands between `class` and the name, or between the start of a line and a keyword, it is read as white space; offsets stay
//! what they are.

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
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some(len) = leading_macros(line) {
            let indent = line.len() - line.trim_start().len();
            bytes.to_mut()[start + indent..start + len].fill(b' ');
        }
        start += line.len();
    }
    bytes
}

/// Words that begin a declaration, and that no type can stand before.
const BEGINNINGS: [&str; 18] = [
    "auto",
    "void",
    "bool",
    "int",
    "char",
    "unsigned",
    "long",
    "double",
    "float",
    "constexpr",
    "inline",
    "static",
    "explicit",
    "virtual",
    "template",
    "class",
    "struct",
    "typename",
];

/// How far the macros at the start of a line reach, if a declaration follows them.
fn leading_macros(line: &str) -> Option<usize> {
    let mut rest = line.trim_start();
    let mut found = false;
    loop {
        let word = &rest[..rest.find(|c| !is_word(c))?];
        if BEGINNINGS.contains(&word) {
            return found.then_some(line.len() - rest.len());
        }
        let is_macro = word.len() > 3
            && word.contains('_')
            && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        let after = rest[word.len()..].trim_start_matches([' ', '\t']);
        if !is_macro || after.len() + word.len() == rest.len() {
            return None;
        }
        found = true;
        rest = after;
    }
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
    let named = len > 0
        && &class[..len] != "final"
        && class.len() < after.len()
        && class.starts_with(|c: char| is_word(c) && !c.is_ascii_digit());
    let tail = class[len..].trim_start();
    let tail = tail.strip_prefix("final").unwrap_or(tail).trim_start();
    let single = class[..len].trim_end_matches(':');
    // Without a body it may be a variable: `struct STAT x;`.
    let begins = tail.starts_with(['{', ':', '<']) || declspec && tail.starts_with(';') || single.len() < len;
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
    fn macros_in_front_of_a_declaration_are_white_space() {
        check("KIT_API auto f();\n  KIT_A KIT_B void g();", "        auto f();\n              void g();");
        for text in ["KIT_TYPE f();", "KIT_CALL(void)", "MAX int", "KIT_TYPE\nvoid", "KIT_A "] {
            check(text, text);
        }
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
