//! Java: which overload takes the arguments, as far as their types are known.
//!
//! A type is compared by the name it is written with if it comes from outside, and by its definition if it is one of the
//! repository. What is not known excludes nothing.

use rag_core::bindings::{Expr, ExprId, List, Literal, ScopeKind, Source, Space};

use crate::file::File;
use crate::java_calls::Method;
use crate::types::{Def, Env, Type};
use crate::world::{Entity, World};

/// The type of an argument or parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind<'a> {
    Unknown,
    /// `null`
    Nothing,
    /// A lambda.
    Function,
    /// `Object` or a type parameter.
    Any,
    Primitive(&'a str),
    /// A type from outside, or an array: its name and its brackets.
    Named(&'a str, &'a str),
    Own(Def),
}

/// Primitive types, each before those it is widened to.
const WIDER: [&str; 6] = ["byte", "short", "int", "long", "float", "double"];

fn is_primitive(name: &str) -> bool {
    WIDER.contains(&name) || matches!(name, "char" | "boolean")
}

impl<'a> World<'a> {
    /// The methods that take the arguments of a call in `file`; of several, the one that takes them best.
    pub(crate) fn java_best(&self, file: u32, methods: Vec<Method>, arguments: List) -> Vec<Method> {
        if methods.len() < 2 {
            return methods;
        }
        let given = self.file(file).facts.bindings.list(arguments);
        let Some(given) =
            self.deeper(|| given.iter().map(|&argument| self.java_kind(file, argument)).collect::<Vec<Kind>>())
        else {
            return methods;
        };
        let mut taking: Vec<(Method, Vec<Kind>)> = Vec::new();
        for method in &methods {
            let wanted = self.java_parameter_kinds(method, given.len());
            let excluded =
                given.iter().zip(&wanted).any(|(given, wanted)| self.java_takes(*wanted, *given) == Some(false));
            if !excluded {
                taking.push((method.clone(), wanted));
            }
        }
        // Without a method that takes them, something about them was read wrongly.
        if taking.is_empty() {
            return methods;
        }
        let exact = taking.iter().filter(|(_, wanted)| wanted.iter().zip(&given).all(|(a, b)| is_exact(*a, *b)));
        let exact: Vec<&Method> = exact.map(|(method, _)| method).collect();
        if let [one] = exact.as_slice() {
            return vec![(*one).clone()];
        }
        let certain = |wanted: &[Kind]| wanted.iter().zip(&given).all(|(a, b)| self.java_takes(*a, *b) == Some(true));
        if taking.iter().all(|(_, wanted)| certain(wanted)) {
            let narrowest = |wanted: &[Kind]| {
                let narrower =
                    |other: &[Kind]| other.iter().zip(wanted).all(|(a, b)| self.java_takes(*a, *b) == Some(true));
                taking.iter().all(|(_, other)| narrower(other))
            };
            let best: Vec<&Method> =
                taking.iter().filter(|(_, wanted)| narrowest(wanted)).map(|(method, _)| method).collect();
            if let [one] = best.as_slice() {
                return vec![(*one).clone()];
            }
        }
        taking.into_iter().map(|(method, _)| method).collect()
    }

    /// Whether none of the methods takes the arguments of a call in `file`.
    pub(crate) fn java_excluded(&self, file: u32, methods: &[Method], arguments: List) -> bool {
        let given = self.file(file).facts.bindings.list(arguments);
        let given: Option<Vec<Kind>> =
            self.deeper(|| given.iter().map(|&argument| self.java_kind(file, argument)).collect());
        let Some(given) = given else { return false };
        let excluded = |method: &Method| {
            let wanted = self.java_parameter_kinds(method, given.len());
            given.iter().zip(&wanted).any(|(given, wanted)| self.java_takes(*wanted, *given) == Some(false))
        };
        !methods.is_empty() && methods.iter().all(excluded)
    }

    /// The types of a method's parameters, for `count` arguments.
    fn java_parameter_kinds(&self, method: &Method, count: usize) -> Vec<Kind<'a>> {
        let file = self.file(method.file);
        let fixed = !file.scope(method.scope).flags.is_variadic;
        let parameters = file.parameters_of(method.scope);
        let last = parameters.len().saturating_sub(1);
        let kind = |position: usize| match parameters.get(position.min(last)) {
            Some(&parameter) if fixed || position < last => self.java_declared_kind(method.file, parameter),
            _ => Kind::Unknown,
        };
        (0..count).map(kind).collect()
    }

    /// The type that a variable is declared to have.
    fn java_declared_kind(&self, file: u32, binding: u32) -> Kind<'a> {
        let this = self.file(file);
        let Source::Declared(declared, _) = this.binding(binding).source else { return Kind::Unknown };
        let (name, array) = written_type(this, this.binding(binding).name.start);
        self.java_named_kind(file, declared, name, array)
    }

    fn java_named_kind(&self, file: u32, declared: ExprId, name: &'a str, array: &'a str) -> Kind<'a> {
        let facts = self.file(file).facts.bindings;
        if name.is_empty() || name == "var" {
            return Kind::Unknown;
        }
        if !array.is_empty() {
            return Kind::Named(name, array);
        }
        if is_primitive(name) {
            return Kind::Primitive(name);
        }
        if let Expr::Name(name, scope) = facts.expr(declared) {
            let found = self.java_type_name(file, scope, self.file(file).text(name));
            let parameter = |entity: &Entity| match *entity {
                Entity::Binding(file, index) => {
                    matches!(self.file(file).binding(index).source, Source::TypeParameter(_))
                }
                _ => false,
            };
            if found.iter().any(parameter) {
                return Kind::Any;
            }
        }
        match &*self.annotated(file, declared, &Env::default()) {
            [Type::Instance(def, _)] => Kind::Own(*def),
            [Type::External | Type::Holds(_)] if name == "Object" => Kind::Any,
            [Type::External | Type::Holds(_)] => Kind::Named(name, ""),
            _ => Kind::Unknown,
        }
    }

    /// The type of an expression.
    fn java_kind(&self, file: u32, expr: ExprId) -> Kind<'a> {
        let this = self.file(file);
        let facts = this.facts.bindings;
        match facts.expr(expr) {
            Expr::Literal(Literal::Nothing) => return Kind::Nothing,
            Expr::Literal(Literal::Written(span)) => return literal_kind(this.text(span)),
            Expr::Scope(scope) if this.scope(scope).kind == ScopeKind::Function => return Kind::Function,
            Expr::Cast(declared) => match facts.expr(declared) {
                Expr::Literal(Literal::Written(span)) => return literal_kind(this.text(span)),
                Expr::Name(name, _) => return self.not_any(self.java_named_kind(file, declared, this.text(name), "")),
                _ => {}
            },
            Expr::Name(..) | Expr::Attribute(..) => {
                let found = self.meaning(file, expr, Space::Value);
                let [Entity::Binding(owner, index)] = *found.as_slice() else { return Kind::Unknown };
                return match self.file(owner).binding(index).source {
                    Source::Declared(..) => self.not_any(self.java_declared_kind(owner, index)),
                    Source::Value(value) => self.deeper(|| self.java_kind(owner, value)).unwrap_or(Kind::Unknown),
                    _ => Kind::Unknown,
                };
            }
            Expr::Call(callee, arguments) => {
                let count = (arguments.end - arguments.start) as usize;
                let called = self.deeper(|| self.java_callee(file, callee, count)).unwrap_or_default();
                let mut kinds = called.methods.iter().map(|method| self.java_result_kind(method));
                let first = kinds.next().unwrap_or(Kind::Unknown);
                let known = called.others.is_empty() && !called.outside && !called.open;
                return if known && kinds.all(|kind| kind == first) { self.not_any(first) } else { Kind::Unknown };
            }
            _ => {}
        }
        match &*self.value(file, expr) {
            [Type::Instance(def, _)] => Kind::Own(*def),
            _ => Kind::Unknown,
        }
    }

    /// What has the type of a type parameter may be anything; of `Object`, too, but as an argument it is only that.
    fn not_any(&self, kind: Kind<'a>) -> Kind<'a> {
        if kind == Kind::Any { Kind::Unknown } else { kind }
    }

    fn java_result_kind(&self, method: &Method) -> Kind<'a> {
        let file = self.file(method.file);
        let Some(declared) = file.scope(method.scope).returns else { return Kind::Unknown };
        let (name, array) = written_type(file, file.binding(method.binding).name.start);
        self.java_named_kind(method.file, declared, name, array)
    }

    /// Whether a parameter takes an argument, if that is certain.
    fn java_takes(&self, wanted: Kind, given: Kind) -> Option<bool> {
        match (wanted, given) {
            (Kind::Unknown, _) | (_, Kind::Unknown | Kind::Any) => None,
            (Kind::Primitive(_), Kind::Nothing | Kind::Function) => Some(false),
            (Kind::Named("String", _), Kind::Function) => Some(false),
            (Kind::Named(_, array), Kind::Function) if !array.is_empty() => Some(false),
            (_, Kind::Nothing | Kind::Function) => None,
            (Kind::Primitive(wanted), Kind::Primitive(given)) => Some(is_widened(given, wanted)),
            (Kind::Any, Kind::Primitive(_)) => None,
            (Kind::Any, _) => Some(true),
            (Kind::Named(name, ""), Kind::Primitive(given)) => (!boxes(name, given)).then_some(false),
            (_, Kind::Primitive(_)) => Some(false),
            (Kind::Primitive(wanted), Kind::Named(name, "")) => (!boxes(name, wanted)).then_some(false),
            (Kind::Primitive(_), _) => Some(false),
            (Kind::Own(wanted), Kind::Own(given)) => Some(wanted == given || self.derives(given, wanted)),
            // What comes from outside knows nothing of what is here.
            (Kind::Own(_), Kind::Named(..)) => Some(false),
            (Kind::Named("String", ""), Kind::Own(_)) => Some(false),
            (Kind::Named(_, array), Kind::Own(_)) => (!array.is_empty()).then_some(false),
            (Kind::Named(wanted, own), Kind::Named(given, other)) => named_takes((wanted, own), (given, other)),
            (Kind::Nothing | Kind::Function, _) => None,
        }
    }
}

fn is_exact(wanted: Kind, given: Kind) -> bool {
    matches!(wanted, Kind::Primitive(_) | Kind::Named(..) | Kind::Own(_)) && wanted == given
}

fn named_takes((wanted, own): (&str, &str), (given, other): (&str, &str)) -> Option<bool> {
    if (wanted, own) == (given, other) {
        return Some(true);
    }
    match (own.is_empty(), other.is_empty()) {
        (false, true) => Some(false),
        (true, false) => (!matches!(wanted, "Serializable" | "Cloneable")).then_some(false),
        (false, false) if is_primitive(wanted) || is_primitive(given) => Some(false),
        (true, true) if given == "String" => {
            Some(matches!(wanted, "CharSequence" | "Comparable" | "Serializable" | "Constable"))
        }
        (true, true) if wanted == "String" => Some(false),
        _ => None,
    }
}

fn is_widened(given: &str, wanted: &str) -> bool {
    let rank = |name: &str| WIDER.iter().position(|wider| *wider == name);
    match (given, rank(given), rank(wanted)) {
        _ if given == wanted => true,
        ("char", _, Some(wanted)) => wanted >= 2,
        (_, Some(given), Some(wanted)) => given < wanted,
        _ => false,
    }
}

/// Whether a primitive value may be given for the class, or the other way round.
fn boxes(class: &str, primitive: &str) -> bool {
    let own = match primitive {
        "int" => "Integer",
        "char" => "Character",
        "byte" => "Byte",
        "short" => "Short",
        "long" => "Long",
        "float" => "Float",
        "double" => "Double",
        _ => "Boolean",
    };
    class == own || matches!(class, "Number" | "Comparable" | "Serializable" | "Constable")
}

/// The type of a literal, of a primitive type's name, or of what an operator gives.
fn literal_kind(text: &str) -> Kind<'_> {
    let hex = text.starts_with("0x") || text.starts_with("0X");
    match text.as_bytes() {
        _ if is_primitive(text) => Kind::Primitive(text),
        [b'"', ..] => Kind::Named("String", ""),
        [b'\'', ..] => Kind::Primitive("char"),
        [b't' | b'f' | b'=' | b'!' | b'<' | b'>' | b'&' | b'|', ..] => Kind::Primitive("boolean"),
        [.., b'l' | b'L'] => Kind::Primitive("long"),
        [.., b'f' | b'F'] if !hex => Kind::Primitive("float"),
        [.., b'd' | b'D'] if !hex => Kind::Primitive("double"),
        [b'0'..=b'9' | b'.', ..] if !hex && text.contains(['.', 'e', 'E']) => Kind::Primitive("double"),
        [b'0'..=b'9', ..] if !hex || !text.contains(['.', 'p', 'P']) => Kind::Primitive("int"),
        _ => Kind::Unknown,
    }
}

/// How the type in front of a declared name is written, without its arguments: `Map` and `[]` of `Map<K, V>[] maps`.
pub(crate) fn written_type<'f>(file: &File<'f>, name: u32) -> (&'f str, &'f str) {
    let before = file.facts.text.get(..name as usize).unwrap_or("").trim_end();
    let base = before.trim_end_matches(['[', ']', '.', ' ']);
    let array = match before[base.len()..].trim() {
        "..." => "[]",
        array => array,
    };
    let mut open = 0;
    let start = base.char_indices().rev().find_map(|(at, c)| {
        match c {
            '>' => open += 1,
            '<' => open -= 1,
            _ => {}
        }
        let ends = open == 0 && c != '<' && !c.is_alphanumeric() && !matches!(c, '_' | '$');
        ends.then_some(at + c.len_utf8())
    });
    let written = base.get(start.unwrap_or(0)..).unwrap_or("");
    (written.split('<').next().unwrap_or(written).trim_end(), array)
}
