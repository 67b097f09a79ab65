//! The facts of one file, and tables to find things in them.

use std::collections::HashMap;

use rag_core::bindings::{Binding, Bindings, Expr, List, ScopeId, ScopeKind, Source};
use rag_core::{Document, Reference, Span, Symbol, SymbolKind};

/// What linking reads of a file.
#[derive(Clone, Copy)]
pub struct FileFacts<'a> {
    /// Path relative to the root, `/` separators.
    pub path: &'a str,
    /// Name of the language.
    pub language: &'a str,
    /// The text that all spans point into.
    pub text: &'a str,
    /// Definitions, sorted by start.
    pub symbols: &'a [Symbol],
    /// Uses of names.
    pub references: &'a [Reference],
    /// What names stand for.
    pub bindings: &'a Bindings,
}

impl<'a> FileFacts<'a> {
    /// The facts of a parsed file.
    pub fn of(document: &'a Document) -> Self {
        FileFacts {
            path: &document.path,
            language: document.language,
            text: &document.text,
            symbols: &document.symbols,
            references: &document.references,
            bindings: &document.bindings,
        }
    }

    /// Whether it is written for people.
    pub(crate) fn is_document(&self) -> bool {
        self.language == "text" || self.symbols.iter().any(|symbol| symbol.kind == SymbolKind::Section)
    }
}

/// Languages that share names: a call in one can mean a definition in the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Family<'a> {
    Python,
    Script,
    Rust,
    Go,
    Java,
    /// C and C++.
    C,
    Php,
    Ruby,
    Kotlin,
    CSharp,
    Scala,
    Swift,
    Other(&'a str),
}

impl Family<'_> {
    /// Whether a name is visible from its declaration to the end of its block, and types are declared: what a variable
    /// is given later says nothing about its type.
    pub(crate) fn is_static(self) -> bool {
        matches!(self, Family::Go | Family::Java)
    }

    /// Whether what its facts leave out is still found by name.
    pub(crate) fn falls_back_to_names(self) -> bool {
        matches!(self, Family::C | Family::Php | Family::Ruby) || self.has_classes()
    }

    /// Whether the rules of [`crate::classes`] hold.
    pub(crate) fn has_classes(self) -> bool {
        matches!(self, Family::Kotlin | Family::CSharp | Family::Scala | Family::Swift)
    }
}

/// A file with its tables.
pub(crate) struct File<'a> {
    pub(crate) facts: FileFacts<'a>,
    pub(crate) family: Family<'a>,
    /// Scope and name → bindings, in the order of the text.
    names: HashMap<ScopeId, HashMap<&'a str, Vec<u32>>>,
    /// The same for methods, where they have a space of names of their own.
    methods: HashMap<ScopeId, HashMap<&'a str, Vec<u32>>>,
    /// Function → values it returns or yields.
    returns: HashMap<ScopeId, Vec<u32>>,
    /// Class or object type → its call signatures.
    signatures: HashMap<ScopeId, Vec<ScopeId>>,
    /// Function written as an argument → the call and its position.
    pub(crate) arguments: HashMap<ScopeId, (u32, usize)>,
    /// What is called → the arguments.
    pub(crate) calls: HashMap<u32, List>,
    /// Value of a declared name → the declared type.
    pub(crate) expected: HashMap<u32, u32>,
    /// Function written as an expression → the expression.
    pub(crate) written: HashMap<ScopeId, u32>,
    /// Function → its parameters.
    parameters: HashMap<ScopeId, Vec<u32>>,
    /// Start of a symbol's name → the symbol.
    symbols: HashMap<u32, u32>,
    /// Start of a function's name → its scope.
    functions: HashMap<u32, ScopeId>,
}

impl<'a> File<'a> {
    pub(crate) fn new(facts: FileFacts<'a>) -> Self {
        let family = match facts.language {
            "python" => Family::Python,
            "typescript" | "javascript" => Family::Script,
            "rust" => Family::Rust,
            "go" => Family::Go,
            "java" => Family::Java,
            "c" | "cpp" => Family::C,
            "php" => Family::Php,
            "ruby" => Family::Ruby,
            "kotlin" => Family::Kotlin,
            "csharp" => Family::CSharp,
            "scala" => Family::Scala,
            "swift" => Family::Swift,
            other => Family::Other(other),
        };
        let mut file = File {
            facts,
            family,
            names: HashMap::new(),
            methods: HashMap::new(),
            returns: HashMap::new(),
            signatures: HashMap::new(),
            arguments: HashMap::new(),
            calls: HashMap::new(),
            expected: HashMap::new(),
            written: HashMap::new(),
            parameters: HashMap::new(),
            symbols: facts.symbols.iter().zip(0..).map(|(symbol, index)| (symbol.name.start, index)).collect(),
            functions: HashMap::new(),
        };
        let bindings = facts.bindings;
        for (binding, index) in bindings.names.iter().zip(0..) {
            let function = |scope: ScopeId| {
                bindings.scopes.get(scope as usize).is_some_and(|scope| scope.kind == ScopeKind::Function)
            };
            let method = family == Family::Java && matches!(binding.source, Source::Scope(scope) if function(scope));
            let table = if method { &mut file.methods } else { &mut file.names };
            let names = table.entry(binding.scope).or_default();
            names.entry(binding.name.text(facts.text)).or_default().push(index);
            let inside = bindings.scopes.get(binding.scope as usize).map(|scope| scope.kind);
            let parameter = matches!(
                binding.source,
                Source::Parameter(..)
                    | Source::Receiver
                    | Source::ReceiverClass
                    | Source::Declared(_, None)
                    | Source::Opaque
            );
            if parameter && inside == Some(ScopeKind::Function) {
                file.parameters.entry(binding.scope).or_default().push(index);
            }
            if let Source::Declared(declared, Some(value)) = binding.source {
                file.expected.insert(value, declared);
            }
        }
        for &(scope, value) in &bindings.returns {
            file.returns.entry(scope).or_default().push(value);
        }
        for (scope, index) in bindings.scopes.iter().zip(0..) {
            let around = bindings.scopes.get(scope.parent as usize).map(|parent| parent.kind);
            if family == Family::Rust && scope.kind == ScopeKind::Function && !scope.name.is_empty() {
                file.functions.insert(scope.name.start, index);
            }
            if scope.kind == ScopeKind::Function
                && scope.name.is_empty()
                && scope.flags.is_signature
                && matches!(around, Some(ScopeKind::Class | ScopeKind::Object))
            {
                file.signatures.entry(scope.parent).or_default().push(index);
            }
        }
        for (expr, index) in bindings.exprs.iter().zip(0..) {
            if let Expr::Scope(scope) = expr {
                file.written.insert(*scope, index);
            }
            if let Expr::Call(callee, arguments) = expr
                && (family == Family::Java || family.has_classes())
            {
                file.calls.insert(*callee, *arguments);
            }
            if let Expr::Call(_, arguments) | Expr::New(_, arguments) = expr {
                for (position, &argument) in bindings.list(*arguments).iter().enumerate() {
                    if let Expr::Scope(scope) = bindings.expr(argument) {
                        file.arguments.insert(scope, (index, position));
                    }
                }
            }
        }
        file
    }

    pub(crate) fn text(&self, span: Span) -> &'a str {
        span.text(self.facts.text)
    }

    pub(crate) fn binding(&self, index: u32) -> &'a Binding {
        &self.facts.bindings.names[index as usize]
    }

    /// The bindings of `name` in exactly this scope.
    pub(crate) fn bound(&self, scope: ScopeId, name: &str) -> &[u32] {
        self.names.get(&scope).and_then(|names| names.get(name)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The methods `name` of a class whose methods have a space of names of their own.
    pub(crate) fn methods_of(&self, scope: ScopeId, name: &str) -> &[u32] {
        self.methods.get(&scope).and_then(|names| names.get(name)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The binding of a class.
    pub(crate) fn class_binding(&self, class: ScopeId) -> Option<u32> {
        let name = self.text(self.scope(class).name);
        let mut at = self.scope(class).parent;
        loop {
            let is_class = |&&index: &&u32| self.binding(index).source == Source::Scope(class);
            if let Some(&index) = self.bound(at, name).iter().find(is_class) {
                return Some(index);
            }
            if at == 0 {
                return None;
            }
            at = self.scope(at).parent;
        }
    }

    pub(crate) fn scope(&self, scope: ScopeId) -> &'a rag_core::bindings::Scope {
        &self.facts.bindings.scopes[scope as usize]
    }

    pub(crate) fn parameters_of(&self, scope: ScopeId) -> &[u32] {
        self.parameters.get(&scope).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn returned(&self, scope: ScopeId) -> &[u32] {
        self.returns.get(&scope).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn call_signatures(&self, scope: ScopeId) -> &[ScopeId] {
        self.signatures.get(&scope).map(Vec::as_slice).unwrap_or_default()
    }

    /// The symbol whose name stands at `name`.
    pub(crate) fn symbol_at(&self, name: Span) -> Option<u32> {
        self.symbols.get(&name.start).copied()
    }

    /// Whether what is bound at `name` can be called with this many arguments, on a receiver or not.
    pub(crate) fn takes(&self, name: Span, arguments: usize, receiver: bool) -> bool {
        let Some(&scope) = self.functions.get(&name.start) else { return !receiver };
        let parameters = self.parameters_of(scope);
        let own = parameters.iter().any(|&index| self.binding(index).source == Source::Receiver);
        let expected = parameters.len() - usize::from(own && receiver);
        (own || !receiver) && expected == arguments
    }

    /// The innermost scope of `kind` from `scope` outwards.
    pub(crate) fn around(&self, mut scope: ScopeId, kinds: &[ScopeKind]) -> Option<ScopeId> {
        loop {
            let here = self.facts.bindings.scopes.get(scope as usize)?;
            if kinds.contains(&here.kind) {
                return Some(scope);
            }
            if scope == 0 {
                return None;
            }
            scope = here.parent;
        }
    }
}
