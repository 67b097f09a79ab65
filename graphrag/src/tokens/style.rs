//! How comments and literals of a language begin and end.

/// What a single quote begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Single {
    /// Nothing.
    Nothing,
    /// A string.
    String,
    /// A character, or something else that is no literal.
    Character,
}

/// Comments and literals of a language.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// What begins a comment up to the end of the line.
    pub line: &'static [&'static str],
    /// What begins and ends a comment.
    pub block: Option<(&'static str, &'static str)>,
    /// Whether comments hold comments.
    pub nested: bool,
    pub single: Single,
    /// Whether three quotes begin a string of many lines.
    pub triple: bool,
    /// Whether a plain string may have many lines.
    pub many_lines: bool,
    /// Backticks are templates, and slashes may be regular expressions.
    pub template: bool,
    /// Backticks are strings without escapes.
    pub raw_backtick: bool,
    /// `r#"…"#`.
    pub raw_hashes: bool,
    /// `R"x(…)x"`.
    pub raw_parentheses: bool,
}

const PLAIN: Style = Style {
    line: &[],
    block: None,
    nested: false,
    single: Single::Nothing,
    triple: false,
    many_lines: false,
    template: false,
    raw_backtick: false,
    raw_hashes: false,
    raw_parentheses: false,
};
const SLASHES: Style =
    Style { line: &["//"], block: Some(("/*", "*/")), single: Single::Character, triple: true, ..PLAIN };
const NESTED: Style = Style { nested: true, ..SLASHES };
const C: Style = Style { triple: false, raw_parentheses: true, ..SLASHES };
const RUST: Style = Style { triple: false, many_lines: true, raw_hashes: true, ..NESTED };
const GO: Style = Style { triple: false, raw_backtick: true, ..SLASHES };
const SCRIPT: Style = Style { triple: false, single: Single::String, template: true, ..SLASHES };
const DART: Style = Style { single: Single::String, ..NESTED };
const PHP: Style = Style { line: &["//", "#"], triple: false, single: Single::String, many_lines: true, ..SLASHES };
const HASH: Style = Style { line: &["#"], single: Single::String, many_lines: true, ..PLAIN };
const PYTHON: Style = Style { triple: true, many_lines: false, ..HASH };
const ELIXIR: Style = Style { triple: true, ..HASH };
const LUA: Style = Style { line: &["--"], block: Some(("--[[", "]]")), single: Single::String, ..PLAIN };
const SQL: Style =
    Style { line: &["--"], block: Some(("/*", "*/")), single: Single::String, many_lines: true, ..PLAIN };
const HASKELL: Style = Style { line: &["--"], block: Some(("{-", "-}")), nested: true, ..PLAIN };
const OCAML: Style = Style { block: Some(("(*", "*)")), nested: true, many_lines: true, ..PLAIN };
const ERLANG: Style = Style { line: &["%"], many_lines: true, ..PLAIN };
const LISP: Style = Style { line: &[";"], many_lines: true, ..PLAIN };

/// The style of `language`; of one that is not known, nothing is a comment.
pub(super) fn of(language: &str) -> &'static Style {
    match language {
        "c" | "cpp" | "objc" => &C,
        "csharp" | "groovy" | "java" | "proto" | "solidity" | "zig" => &SLASHES,
        "d" | "kotlin" | "scala" | "swift" => &NESTED,
        "rust" => &RUST,
        "go" => &GO,
        "javascript" | "typescript" => &SCRIPT,
        "dart" => &DART,
        "php" => &PHP,
        "python" => &PYTHON,
        "elixir" | "julia" => &ELIXIR,
        "bash" | "crystal" | "dockerfile" | "dotenv" | "fish" | "nim" | "perl" | "r" | "ruby" => &HASH,
        "lua" => &LUA,
        "sql" => &SQL,
        "elm" | "haskell" | "purescript" => &HASKELL,
        "ocaml" => &OCAML,
        "erlang" => &ERLANG,
        "clojure" | "lisp" | "scheme" => &LISP,
        _ => &PLAIN,
    }
}
