//! What cogo knows about a language.

/// What a language is mostly used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LanguageKind {
    /// Programs, queries, schemas and build scripts.
    Code,
    /// Documents.
    Markup,
    /// Settings and structured data.
    Config,
    /// Everything else that is text.
    Text,
}

/// Loads a grammar.
pub(super) type Grammar = fn() -> tree_sitter::Language;

/// A language cogo knows: its name, how its files are recognised, its grammar and its rules.
#[derive(Clone, Copy, Debug)]
pub struct Language {
    /// Lower-case identifier: `"rust"`, `"csharp"`. TypeScript with JSX is `"typescript"` as well.
    pub name: &'static str,
    /// Other names people use for it, lower case.
    pub aliases: &'static [&'static str],
    /// File extensions without the dot, lower case.
    pub extensions: &'static [&'static str],
    /// Whole file names.
    pub filenames: &'static [&'static str],
    /// Programs named in a `#!` line.
    pub interpreters: &'static [&'static str],
    /// What it is used for.
    pub kind: LanguageKind,
    /// The grammar and the text of its rule file.
    pub(super) grammar: Option<(Grammar, &'static str)>,
}

impl Language {
    /// Whether this build can parse it; otherwise its files only get a label.
    pub fn has_grammar(&self) -> bool {
        self.grammar.is_some()
    }

    pub(super) const fn extensions(self, extensions: &'static [&'static str]) -> Self {
        Language { extensions, ..self }
    }

    pub(super) const fn aliases(self, aliases: &'static [&'static str]) -> Self {
        Language { aliases, ..self }
    }

    pub(super) const fn filenames(self, filenames: &'static [&'static str]) -> Self {
        Language { filenames, ..self }
    }

    pub(super) const fn interpreters(self, interpreters: &'static [&'static str]) -> Self {
        Language { interpreters, ..self }
    }

    pub(super) const fn grammar(self, grammar: Option<(Grammar, &'static str)>) -> Self {
        Language { grammar, ..self }
    }
}

/// An entry without anything but its name.
pub(super) const fn language(name: &'static str, kind: LanguageKind) -> Language {
    Language { name, aliases: &[], extensions: &[], filenames: &[], interpreters: &[], kind, grammar: None }
}
