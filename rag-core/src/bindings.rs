//! What the names of a file stand for: scopes, bindings and the expressions they are bound to.
//!
//! A parser writes these facts down once; linking reads them together with those of all other files.
//! Everything is a span into the text or an index into one of the tables, so a file costs a few
//! allocations. Expressions that say nothing about a type are [`Expr::Unknown`].

use crate::symbol::{ReferenceKind, Span};

/// Index of an expression in [`Bindings::exprs`].
pub type ExprId = u32;
/// Index of a scope in [`Bindings::scopes`].
pub type ScopeId = u32;

/// The facts of one file. Scope 0 is the file; expression 0 is [`Expr::Unknown`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// First item.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

/// What opens a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Members of a type that is written elsewhere; `name` and `returns` say which.
    Extension,
    /// Block or comprehension.
    Block,
}

/// A region of the text with names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// What opens it.
    pub kind: ScopeKind,
    /// The scope around it; the file's is itself.
    pub parent: ScopeId,
    /// The defined name; empty for anonymous scopes.
    pub name: Span,
    /// Bases of a class.
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

/// Properties of a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// As value only.
    Value,
    /// As type only.
    Type,
    /// As both.
    Both,
}

/// A name bound in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The name.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Literal {
    /// No value: `None`, `null`, `undefined`, `void`.
    Nothing,
    /// A value of a builtin type.
    Builtin,
    /// The same, where its text says which: a literal, the operator that makes it, or the type's name.
    Written(Span),
}

/// An expression or a type annotation, as far as it matters for types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// `function(arguments)`.
    Call(ExprId, List),
    /// `new class(arguments)`.
    New(ExprId, List),
    /// `object[items]`, or a generic type with its arguments; as a type of nothing known, a builtin container.
    Index(ExprId, List),
    /// `await value`.
    Await(ExprId),
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
    /// Several values at once: the results of a function.
    Tuple(List),
    /// One of several values.
    Part(ExprId, u32),
    /// A function, class or object written as an expression.
    Scope(ScopeId),
    /// As a type: the type of a value.
    TypeOf(ExprId),
    /// As a value: the value of a declared type (a cast).
    Cast(ExprId),
    /// A literal.
    Literal(Literal),
}

/// Something that a module passes on: a re-export, or names taken from another module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export {
    /// The module it comes from; empty: this one.
    pub module: Span,
    /// The name there; empty: everything.
    pub item: Span,
    /// The name here; empty with an item that is empty, too: all names are kept. With an empty item: a namespace.
    pub alias: Span,
}

/// A place that uses a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// How.
    pub kind: ReferenceKind,
    /// The used name.
    pub name: Span,
    /// The expression that is called, derived from, or the type.
    pub expr: ExprId,
    /// Number of arguments of a call; `u16::MAX` if it is not written.
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
}
