//! Comments and literals of many languages, and texts that are none.

use super::*;

fn check(language: &str, text: &str, expected: &[&str]) {
    let tokens: Vec<&str> = Tokens::new(language, text, 0..text.len()).map(|token| token.span.text(text)).collect();
    assert_eq!(tokens, expected, "{language}");
}

#[test]
fn comments_are_left_out() {
    check("rust", "a /* b /* c */ d */ e // f\ng", &["a", "e", "g"]);
    check("java", "a /* b /* c */ d", &["a", "d"]);
    check("python", "a # b\nc", &["a", "c"]);
    check("lua", "a --[[ b\n ]] c -- d", &["a", "c"]);
    check("php", "#[A] b # c\n", &["#", "[", "A", "]", "b"]);
    check("bash", "echo $# ${x#y} # z", &["echo", "$", "#", "$", "{", "x", "#", "y", "}"]);
    check("text", "a // b # c", &["a", "/", "/", "b", "#", "c"]);
}

#[test]
fn literals_are_one_token_and_hold_no_comments() {
    check("python", "f('a # b', \"\"\"c\n# d\"\"\")", &["f", "(", "'a # b'", ",", "\"\"\"c\n# d\"\"\"", ")"]);
    check(
        "rust",
        "x: &'a str = r#\"// \"b\"\"#; 'c' '\\''",
        &["x", ":", "&", "'", "a", "str", "=", "r#\"// \"b\"\"#", ";", "'c'", "'\\''"],
    );
    check("cpp", "R\"x(// )\" )x\" + 1", &["R\"x(// )\" )x\"", "+", "1"]);
    check("go", "`a // \\` b", &["`a // \\`", "b"]);
    check("javascript", "`a ${f(`http://b`, '}')} c` // d", &["`a ${f(`http://b`, '}')} c`"]);
    check("typescript", "x = /[/'\"]\\//g; a / b / c", &["x", "=", "/[/'\"]\\//", "g", ";", "a", "/", "b", "/", "c"]);
    check("java", "\"open\nnext \"s\"", &["\"open", "next", "\"s\""]);
}

#[test]
fn the_content_of_a_plain_literal_is_what_it_says() {
    let text = r#"f("/users", 'b', "a\n", "#;
    let contents: Vec<Option<&str>> =
        Tokens::new("python", text, 0..text.len()).map(|token| token.content(text)).collect();
    assert_eq!(contents, [None, None, Some("/users"), None, Some("b"), None, None, None]);
}

proptest::proptest! {
    #[test]
    fn any_text_has_tokens_in_order(text in "[a-z\"'`/*#$(){}\\\\\n\\- é한R]{0,60}", cut in 0usize..40) {
        for language in ["rust", "cpp", "go", "typescript", "python", "php", "bash", "lua", "haskell", "sql", "text"] {
            let mut at = 0;
            let range = cut..text.len().saturating_sub(cut / 2);
            for token in Tokens::new(language, &text, range.clone()) {
                let span = token.span.range();
                assert!(span.start >= at && !span.is_empty() && span.end <= range.end.max(cut));
                at = span.end;
            }
        }
    }
}
