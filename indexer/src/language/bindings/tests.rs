//! Facts of small sources, and sources that are no sources.

use super::super::{Parser, by_name};
use super::bindings;
use proptest::prelude::*;
use rag_core::bindings::{Bindings, ScopeKind, Source};

fn facts(language: &str, text: &str) -> Bindings {
    let language = by_name(language).expect("a known language");
    let outline = Parser::new().parse(language, text);
    bindings(language, &outline.tree.expect("a tree"), text)
}

#[test]
fn python_imports_and_members_are_bound() {
    let text = "from .a import b as c\nclass D(c):\n    def f(self, x: int):\n        self.y = c(x)\n";
    let facts = facts("python", text);
    let names: Vec<&str> = facts.names.iter().map(|binding| binding.name.text(text)).collect();
    assert_eq!(names, ["c", "D", "f", "self", "x", "y"]);
    assert!(matches!(facts.names[0].source, Source::Import { module, item }
        if module.text(text) == ".a" && item.text(text) == "b"));
    assert!(facts.names[5].is_instance);
    // The base, the annotation, the call.
    assert_eq!(facts.sites.len(), 3);
}

#[test]
fn typescript_exports_are_kept() {
    let text = "export * from './a'\nexport {x as y} from './b'\nexport * as n from './c'\nexport const f = () => 1\n";
    let facts = facts("typescript", text);
    assert_eq!(facts.exports.len(), 3);
    assert_eq!(facts.exports[1].alias.text(text), "y");
    assert!(matches!(facts.names[0].source, Source::Scope(_)));
}

#[test]
fn rust_imports_and_members_are_bound() {
    let text =
        "use a::{b as c, d::*};\nstruct S(u8, c);\nimpl S { fn f(&self, (x, _): (c, u8)) {} }\ncfg! { mod m; }\n";
    let facts = facts("rust", text);
    let names: Vec<&str> = facts.names.iter().map(|binding| binding.name.text(text)).collect();
    // A glob, two fields, and a pattern that is bound as a whole.
    assert_eq!(names, ["c", "", "S", "", "", "f", "self", "(x, _)", "x", "m"]);
    assert!(matches!(facts.names[0].source, Source::Use(_)));
    assert!(matches!(facts.names[9].source, Source::Import { .. }));
}

#[test]
fn go_methods_extend_their_receivers() {
    let text =
        "package p\nimport \"a/b/v2\"\ntype T struct { U; x int }\nfunc (t *T) M(a int) (v.X, error) { y := 1 }\n";
    let facts = facts("go", text);
    assert_eq!(facts.package.text(text), "p");
    let names: Vec<&str> = facts.names.iter().map(|binding| binding.name.text(text)).collect();
    assert_eq!(names, ["b", "T", "U", "x", "a", "t", "y", "M"]);
    let extension = facts.scopes.iter().find(|scope| scope.kind == ScopeKind::Extension).expect("an extension");
    assert_eq!(extension.name.text(text), "T");
}

#[test]
fn java_members_and_imports_are_bound() {
    let text = "package a.b;\nimport c.D;\nimport static c.E.f;\nimport g.*;\nclass H<T> extends D { int i; /* x */ void f(int... a) {} }\n";
    let facts = facts("java", text);
    assert_eq!(facts.package.text(text), "a.b");
    let names: Vec<&str> = facts.names.iter().map(|binding| binding.name.text(text)).collect();
    assert_eq!(names, ["D", "f", "T", "H", "i", "a", "f"]);
    assert_eq!(facts.exports.len(), 1);
    assert!(facts.scopes.iter().any(|scope| scope.flags.is_variadic));
}

#[test]
fn deep_nesting_ends() {
    for language in ["python", "typescript", "rust", "go", "java"] {
        for (open, close) in [("f(", ")"), ("[", "]"), ("a.b(", ")"), ("(", ")"), ("{", "}"), ("a<", ">"), ("-", "")] {
            let before = match language {
                "go" => "package p\nfunc f() { x = ",
                "java" => "class A { void f() { x = ",
                "rust" => "static X: u8 = m!(",
                _ => "x = ",
            };
            let text = format!("{before}{}{}\n", open.repeat(20_000), close.repeat(20_000));
            let language = by_name(language).expect("a known language");
            if let Some(tree) = Parser::new().parse(language, &text).tree {
                bindings(language, &tree, &text);
            }
        }
    }
}

proptest! {
    #[test]
    fn no_text_stops_the_visit(words in prop::collection::vec(prop::sample::select(vec![
        "class ", "def ", "(", ")", ":", "\n", "    ", "x", ".y", " = ", "import ", "from ", "export ", "{", "}", "=>",
        "const ", "interface ", "fn ", "impl ", "mod ", "use ", "let ", "match ", "m!", "$", "?", "|", "..",
        "package ", "func ", "type ", "struct ", ":=", "...", "*", "switch ", "case ", "var ", "go ", "<-", "void ", "new ",
        "this", "super", "::", "->", "int ", "static ", ";", "record ", "enum ", "[", "]", "return ", "if ", "public ",
        "<", ">", "'a'", "as ", "with ", "for ", " of ", " in ", "@", "async ", "é", "\"",
    ]), 0..80)) {
        let text: String = words.concat();
        for language in ["python", "typescript", "tsx", "rust", "go", "java"] {
            if let Some(language) = by_name(language)
                && let Some(tree) = Parser::new().parse(language, &text).tree
            {
                bindings(language, &tree, &text);
            }
        }
    }
}
