//! What a parser finds in a file: definitions and references, as spans into its text.
//!
//! Names are spans rather than strings: a repository has hundreds of thousands of references,
//! and the text they point into is kept anyway.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A half-open range of bytes in one file, 0-based. Lines exist only at the rim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "(u32, u32)", into = "(u32, u32)")]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte; never below `start`.
    pub end: u32,
}

/// Stored as start and length: lengths are small, and small numbers take one byte.
impl From<Span> for (u32, u32) {
    fn from(span: Span) -> Self {
        (span.start, span.end - span.start)
    }
}

impl From<(u32, u32)> for Span {
    fn from((start, len): (u32, u32)) -> Self {
        Span { start, end: start.saturating_add(len) }
    }
}

impl Span {
    /// The span of `range`; offsets beyond `u32::MAX` saturate (files that large are never indexed).
    pub fn new(range: Range<usize>) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span { start: clamp(range.start), end: clamp(range.end.max(range.start)) }
    }

    /// The span as an index range.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether the span covers no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// Whether `other` lies inside (or equals) this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The text that the span covers, or `""` if it does not lie in `text` on character boundaries.
    pub fn text(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or("")
    }
}

/// What a definition defines. The names are those of the Language Server Protocol where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SymbolKind {
    /// Module, namespace or package.
    Module = 0,
    /// Class.
    Class = 1,
    /// Struct, record or data type.
    Struct = 2,
    /// Enumeration, union or sum type.
    Enum = 3,
    /// Interface, trait, protocol, type class or behaviour.
    Interface = 4,
    /// Type alias or opaque type.
    TypeAlias = 5,
    /// `impl`, `extension` or `instance` block: it adds members to a type defined elsewhere.
    Extension = 6,
    /// Free function, or procedure.
    Function = 7,
    /// Function inside a type.
    Method = 8,
    /// Constructor or initializer.
    Constructor = 9,
    /// Field, property or attribute of a type.
    Field = 10,
    /// Enum member or variant.
    Variant = 11,
    /// Module-level or otherwise visible constant.
    Constant = 12,
    /// Module-level variable.
    Variable = 13,
    /// Macro.
    Macro = 14,
    /// Heading of a document.
    Section = 15,
    /// Key of a configuration file, target of a build file, table of a schema, selector of a style sheet.
    Key = 16,
}

impl SymbolKind {
    /// Every kind, in the order of its stored number.
    pub const ALL: [SymbolKind; 17] = [
        SymbolKind::Module,
        SymbolKind::Class,
        SymbolKind::Struct,
        SymbolKind::Enum,
        SymbolKind::Interface,
        SymbolKind::TypeAlias,
        SymbolKind::Extension,
        SymbolKind::Function,
        SymbolKind::Method,
        SymbolKind::Constructor,
        SymbolKind::Field,
        SymbolKind::Variant,
        SymbolKind::Constant,
        SymbolKind::Variable,
        SymbolKind::Macro,
        SymbolKind::Section,
        SymbolKind::Key,
    ];

    /// The kind with the stored number `n`.
    pub fn from_u8(n: u8) -> Option<Self> {
        Self::ALL.get(n as usize).copied()
    }

    /// The lower-case word used in output and filters.
    pub fn as_str(self) -> &'static str {
        match self {
            SymbolKind::Module => "module",
            SymbolKind::Class => "class",
            SymbolKind::Struct => "struct",
            SymbolKind::Enum => "enum",
            SymbolKind::Interface => "interface",
            SymbolKind::TypeAlias => "type",
            SymbolKind::Extension => "extension",
            SymbolKind::Function => "function",
            SymbolKind::Method => "method",
            SymbolKind::Constructor => "constructor",
            SymbolKind::Field => "field",
            SymbolKind::Variant => "variant",
            SymbolKind::Constant => "constant",
            SymbolKind::Variable => "variable",
            SymbolKind::Macro => "macro",
            SymbolKind::Section => "section",
            SymbolKind::Key => "key",
        }
    }

    /// The kind named by `word` (see [`as_str`](Self::as_str)).
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether the kind names a type.
    pub fn is_type(self) -> bool {
        matches!(
            self,
            SymbolKind::Class | SymbolKind::Struct | SymbolKind::Enum | SymbolKind::Interface | SymbolKind::TypeAlias
        )
    }

    /// Whether the kind is something that can be called.
    pub fn is_callable(self) -> bool {
        matches!(self, SymbolKind::Function | SymbolKind::Method | SymbolKind::Constructor | SymbolKind::Macro)
    }
}

impl fmt::Display for SymbolKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A definition. Symbols of a file are sorted by `span.start`, parents before children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// What it defines.
    pub kind: SymbolKind,
    /// The defined name.
    pub name: Span,
    /// The whole definition, from its first attribute or decorator to its last byte; without leading comments.
    pub span: Span,
    /// From the start of the definition to its body: the signature.
    pub signature: Span,
    /// The doc comment (leading comment block, docstring), with its comment marks; empty if there is none.
    pub doc: Span,
    /// Index (in the file's symbols) of the innermost enclosing definition.
    pub parent: Option<u32>,
}

/// How a name is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum ReferenceKind {
    /// Called, instantiated, or invoked as a macro.
    Call = 0,
    /// Imported (`name` is the imported path or item).
    Import = 1,
    /// Extended, implemented, mixed in, derived from.
    Inherit = 2,
    /// Used as a type.
    Type = 3,
}

impl ReferenceKind {
    /// Every kind, in the order of its stored number.
    pub const ALL: [ReferenceKind; 4] =
        [ReferenceKind::Call, ReferenceKind::Import, ReferenceKind::Inherit, ReferenceKind::Type];

    /// The kind with the stored number `n`.
    pub fn from_u8(n: u8) -> Option<Self> {
        Self::ALL.get(n as usize).copied()
    }

    /// The lower-case word used in output.
    pub fn as_str(self) -> &'static str {
        match self {
            ReferenceKind::Call => "call",
            ReferenceKind::Import => "import",
            ReferenceKind::Inherit => "inherit",
            ReferenceKind::Type => "type",
        }
    }
}

/// A use of a name. References of a file are sorted by `name.start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference {
    /// How it is used.
    pub kind: ReferenceKind,
    /// The used name: the last identifier of a path (`c` in `a.b::c()`).
    pub name: Span,
    /// What stands before the name: receiver or path (`a.b` in `a.b::c()`); empty if nothing.
    pub qualifier: Span,
    /// Index (in the file's symbols) of the innermost enclosing definition.
    pub enclosing: Option<u32>,
}
