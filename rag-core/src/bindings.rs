//! What the names of a file stand for: scopes, bindings and the expressions they are bound to.
//!
//! A parser writes these facts down once; linking reads them together with those of all other files.
//! Everything is a span into the text or an index into one of the tables, so a file costs a few
//! allocations. Expressions that say nothing about a type are [`Expr::Unknown`].

use serde::{Deserialize, Serialize};

use crate::symbol::{ReferenceKind, Span};

/// Index of an expression in [`Bindings::exprs`].
pub type ExprId = u32;
/// Index of a scope in [`Bindings::scopes`].
pub type ScopeId = u32;

/// The facts of one file. Scope 0 is the file; expression 0 is [`Expr::Unknown`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bindings {
    /// The package that the file says it belongs to; empty if it says none.
    pub package: Span,
    /// Scopes, parents before children.
    pub scopes: Vec<Scope>,
    /// Names and what they are bound to, in the order of the text within a scope.
    pub names: Vec<Binding>,
    /// Expressions and type annotations.
    pub exprs: Vec<Expr>,
    /// Items of [`List`]s.
    pub items: Vec<ExprId>,
    /// Re-exports and star imports.
    pub exports: Vec<Export>,
    /// Values that functions return or yield: scope of the function, value.
    pub returns: Vec<(ScopeId, ExprId)>,
    /// Places that use a definition.
    pub sites: Vec<Site>,
}

/// A range of [`Bindings::items`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// First item.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

/// What opens a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScopeKind {
    /// The file.
    File,
    /// Class or interface: its names are members.
    Class,
    /// Object literal, object type or enumeration: its names are members.
    Object,
    /// Function, method, lambda or function type.
    Function,
    /// Namespace inside of a file: its names are members and visible inside.
    Namespace,
    /// Block or comprehension.
    Block,
    /// Members of a type that is written elsewhere. Of an `impl`, the first base is the type, the second the trait; of the
    /// method of a receiver, `name` and `returns` say which type.
    Extension,
}

/// A region of the text with names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// What opens it.
    pub kind: ScopeKind,
    /// The scope around it; the file's is itself.
    pub parent: ScopeId,
    /// The defined name; empty for anonymous scopes.
    pub name: Span,
    /// Bases of a class; of a function that is called on a receiver it is no member of, the receiver's type.
    pub bases: List,
    /// Decorators that are not among the flags.
    pub decorators: List,
    /// Names of type parameters, each an [`Expr::Name`].
    pub type_parameters: List,
    /// Declared result of a function; of a class, the type it is made of, and of an extension, the type it extends.
    pub returns: Option<ExprId>,
    /// What is special about it.
    pub flags: ScopeFlags,
}

/// Properties of a function. A class that is static is an object: there is one of it. If it is a class method's, too, its
/// members are those of the class around it (`companion object`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeFlags {
    /// Calling gives an awaitable.
    pub is_async: bool,
    /// It yields.
    pub is_generator: bool,
    /// Read like an attribute.
    pub is_property: bool,
    /// Belongs to the class, has no receiver.
    pub is_static: bool,
    /// Its receiver is the class.
    pub is_class_method: bool,
    /// Has no body: an overload or a signature.
    pub is_signature: bool,
    /// Constructs an instance (`constructor`).
    pub is_constructor: bool,
    /// Says that it replaces an inherited one.
    pub is_override: bool,
    /// Its last parameter takes any number of arguments.
    pub is_variadic: bool,
}

/// Where a name can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Space {
    /// As value only.
    Value,
    /// As type only.
    Type,
    /// As both.
    Both,
    /// As macro only.
    Macro,
}

/// A name bound in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The name; empty for what a glob import brings ([`Source::Use`]) and for the fields of a tuple, in their order.
    pub name: Span,
    /// The scope it belongs to.
    pub scope: ScopeId,
    /// The block it was bound in: outside of it, earlier bindings of the name may still hold.
    pub extent: Span,
    /// What it is bound to.
    pub source: Source,
    /// Where it can be used.
    pub space: Space,
    /// Bound through an instance (`self.x = …`).
    pub is_instance: bool,
}

/// What a name is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Source {
    /// A class, function, namespace or object with a scope.
    Scope(ScopeId),
    /// A value.
    Value(ExprId),
    /// A declared type and, if it has one, a first value.
    Declared(ExprId, Option<ExprId>),
    /// An item of a module: an empty item is the module itself.
    Import {
        /// Path of the module as written, without quotes.
        module: Span,
        /// The imported name, empty for the module.
        item: Span,
    },
    /// What a path leads to (`use a::b`); without a name: everything in it.
    Use(ExprId),
    /// The receiver of a method (`self`).
    Receiver,
    /// The class of the receiver (`cls`).
    ReceiverClass,
    /// A parameter without declared type: its position and default value.
    Parameter(u32, Option<ExprId>),
    /// A type parameter and its bound.
    TypeParameter(Option<ExprId>),
    /// Another name for a type.
    Alias(ExprId),
    /// A value of which nothing is known.
    Opaque,
}

/// A literal, by the builtin type it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Literal {
    /// No value: `None`, `null`, `undefined`, `void`.
    Nothing,
    /// A value of a builtin type.
    Builtin,
    /// The same, where its text says which: a literal, the operator that makes it, or the type's name.
    Written(Span),
}

/// An expression or a type annotation, as far as it matters for types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expr {
    /// Says nothing about a type.
    Unknown,
    /// A name, used in a scope.
    Name(Span, ScopeId),
    /// The receiver, in a scope.
    This(ScopeId),
    /// The receiver seen as its base class, in a scope.
    Super(ScopeId),
    /// `object.name`.
    Attribute(ExprId, Span),
    /// `space::name`: an item of a module or a type.
    Path(ExprId, Span),
    /// `function(arguments)`.
    Call(ExprId, List),
    /// `new class(arguments)`.
    New(ExprId, List),
    /// `object[items]`, or a generic type with its arguments; as a type of nothing known, a builtin container.
    Index(ExprId, List),
    /// `await value`.
    Await(ExprId),
    /// `value?`: what a value holds that may be a failure.
    Try(ExprId),
    /// `**value`: what a pointer behind a reference points to.
    Pointee(ExprId),
    /// An element of an iterable.
    Element(ExprId),
    /// What a context manager gives.
    Enter(ExprId),
    /// One of two.
    Either(ExprId, ExprId),
    /// Both at once: an intersection type.
    Both(ExprId, ExprId),
    /// A sequence literal of items.
    Sequence(List),
    /// Several values at once: a tuple, or the results of a function.
    Tuple(List),
    /// A value, and the constructor that a pattern says it was made by.
    Matched(ExprId, ExprId),
    /// One of several values, or what a constructor was given there.
    Item(ExprId, u32),
    /// A function, class or object written as an expression.
    Scope(ScopeId),
    /// As a type: the type of a value.
    TypeOf(ExprId),
    /// As a value: the value of a declared type (a cast).
    Cast(ExprId),
    /// A literal.
    Literal(Literal),
    /// An argument that is given by the name of its parameter.
    Labelled(ExprId, Span),
}

/// Something that a module passes on: a re-export, or names taken from another module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// The module it comes from; empty: this one.
    pub module: Span,
    /// The name there; empty: everything.
    pub item: Span,
    /// The name here; empty with an item that is empty, too: all names are kept. With an empty item: a namespace.
    pub alias: Span,
}

/// A place that uses a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// How.
    pub kind: ReferenceKind,
    /// The used name.
    pub name: Span,
    /// The expression that is called, derived from, or the type.
    pub expr: ExprId,
    /// Number of arguments of a call; `u16::MAX` if it is not known.
    pub arguments: u16,
}

impl Bindings {
    /// The items of `list`.
    pub fn list(&self, list: List) -> &[ExprId] {
        self.items.get(list.start as usize..list.end as usize).unwrap_or_default()
    }

    /// The expression `id`; unknown if there is none.
    pub fn expr(&self, id: ExprId) -> Expr {
        self.exprs.get(id as usize).copied().unwrap_or(Expr::Unknown)
    }

    /// Appends the stored form to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        if !self.scopes.is_empty() {
            let stored = postcard::to_allocvec(self).expect("facts are always storable");
            out.extend_from_slice(&stored);
        }
    }

    /// Reads the stored form; `None` if it is none, or points outside of itself.
    pub fn read(stored: &[u8]) -> Option<Self> {
        if stored.is_empty() {
            return Some(Bindings::default());
        }
        let facts: Bindings = postcard::from_bytes(stored).ok()?;
        facts.is_whole().then_some(facts)
    }

    /// Whether everything that is named exists, and parents come before children.
    fn is_whole(&self) -> bool {
        let scope = |scope: ScopeId| (scope as usize) < self.scopes.len();
        let expr = |expr: ExprId| (expr as usize) < self.exprs.len();
        let maybe = |id: Option<ExprId>| id.is_none_or(expr);
        let list = |list: List| list.start <= list.end && list.end as usize <= self.items.len();
        let of_scope = |(of, index): (&Scope, ScopeId)| {
            let lists = [of.bases, of.decorators, of.type_parameters];
            of.parent < index.max(1) && lists.into_iter().all(list) && maybe(of.returns)
        };
        let of_source = |source: Source| match source {
            Source::Scope(id) => scope(id),
            Source::Value(id) | Source::Use(id) | Source::Alias(id) => expr(id),
            Source::Declared(declared, value) => expr(declared) && maybe(value),
            Source::Parameter(_, id) | Source::TypeParameter(id) => maybe(id),
            Source::Import { .. } | Source::Receiver | Source::ReceiverClass | Source::Opaque => true,
        };
        let of_expr = |of: &Expr| match *of {
            Expr::Name(_, id) | Expr::This(id) | Expr::Super(id) | Expr::Scope(id) => scope(id),
            Expr::Attribute(id, _) | Expr::Path(id, _) | Expr::Item(id, _) | Expr::Labelled(id, _) => expr(id),
            Expr::Call(id, of) | Expr::New(id, of) | Expr::Index(id, of) => expr(id) && list(of),
            Expr::Await(id) | Expr::Try(id) | Expr::Pointee(id) | Expr::Element(id) | Expr::Enter(id) => expr(id),
            Expr::TypeOf(id) | Expr::Cast(id) => expr(id),
            Expr::Either(a, b) | Expr::Both(a, b) | Expr::Matched(a, b) => expr(a) && expr(b),
            Expr::Sequence(of) | Expr::Tuple(of) => list(of),
            Expr::Unknown | Expr::Literal(_) => true,
        };
        self.scopes.iter().zip(0..).all(of_scope)
            && self.names.iter().all(|binding| scope(binding.scope) && of_source(binding.source))
            && self.exprs.iter().all(of_expr)
            && self.items.iter().all(|&id| expr(id))
            && self.returns.iter().all(|&(of, value)| scope(of) && expr(value))
            && self.sites.iter().all(|site| expr(site.expr))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Bindings {
        let scope = |kind, parent| Scope {
            kind,
            parent,
            name: Span { start: 3, end: 9 },
            bases: List::default(),
            decorators: List { start: 0, end: 1 },
            type_parameters: List::default(),
            returns: Some(1),
            flags: ScopeFlags { is_async: true, ..ScopeFlags::default() },
        };
        Bindings {
            scopes: vec![scope(ScopeKind::File, 0), scope(ScopeKind::Class, 0), scope(ScopeKind::Function, 1)],
            names: vec![Binding {
                name: Span { start: 70_000, end: 70_004 },
                scope: 2,
                extent: Span { start: 0, end: 1 << 20 },
                source: Source::Scope(1),
                space: Space::Both,
                is_instance: false,
            }],
            exprs: vec![Expr::Unknown, Expr::Name(Span { start: 1, end: 2 }, 2)],
            items: vec![1],
            returns: vec![(2, 1)],
            ..Bindings::default()
        }
    }

    fn stored(facts: &Bindings) -> Vec<u8> {
        let mut out = Vec::new();
        facts.write(&mut out);
        out
    }

    #[test]
    fn facts_come_back() {
        assert_eq!(Bindings::read(&stored(&facts())), Some(facts()));
        assert!(stored(&Bindings::default()).is_empty());
        assert_eq!(Bindings::read(&[]), Some(Bindings::default()));
    }

    #[test]
    fn facts_that_point_outside_are_refused() {
        let break_it = |change: fn(&mut Bindings)| {
            let mut facts = facts();
            change(&mut facts);
            assert_eq!(Bindings::read(&stored(&facts)), None);
        };
        break_it(|facts| facts.scopes[1].parent = 1);
        break_it(|facts| facts.scopes[2].parent = 9);
        break_it(|facts| facts.names[0].scope = 3);
        break_it(|facts| facts.names[0].source = Source::Scope(3));
        break_it(|facts| facts.exprs[1] = Expr::Super(3));
        break_it(|facts| facts.returns[0].0 = 3);
        break_it(|facts| facts.items[0] = 2);
        break_it(|facts| facts.scopes[1].decorators = List { start: 1, end: 0 });
        break_it(|facts| facts.exprs[1] = Expr::Call(0, List { start: 0, end: 2 }));
    }

    #[test]
    fn damaged_facts_are_refused_or_whole() {
        let whole = stored(&facts());
        for at in 0..whole.len() {
            assert_eq!(Bindings::read(&whole[..at]).filter(|_| at > 0), None, "cut off at {at}");
            for bit in 0..8 {
                let mut damaged = whole.clone();
                damaged[at] ^= 1 << bit;
                assert!(Bindings::read(&damaged).is_none_or(|facts| facts.is_whole()));
            }
        }
    }
}
