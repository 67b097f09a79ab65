//! Rust: modules and crates, types and their members, macros.

use super::{Linked, linked};
use graphrag::graph::Relation;
use graphrag::{Graph, Resolved, Tier};
use rag_core::ReferenceKind;

const MANIFEST: (&str, &str) = ("Cargo.toml", "[package]\nname = \"my-kit\"\n");

/// A library of one file.
fn library(text: &str) -> Linked {
    linked(&[MANIFEST, ("src/lib.rs", text)])
}

fn outside(linked: &Linked, marks: &[&str]) {
    for mark in marks {
        assert_eq!(linked.call(mark), (Tier::External, vec![]), "{mark}");
    }
}

#[test]
fn modules_are_files_and_blocks() {
    let linked = linked(&[
        MANIFEST,
        (
            "src/lib.rs",
            "mod a;\nmod b;\n#[path = \"odd.rs\"]\nmod c;\npub use a::deep::f as g;\nmod inline {\n    pub fn i() {}\n    pub fn up() { super::top(); }  // 1\n}\nfn top() {}\nfn go() {\n    a::deep::f();  // 2\n    self::b::f();  // 3\n    crate::c::f();  // 4\n    inline::i();  // 5\n    g();  // 6\n}\n",
        ),
        ("src/a/mod.rs", "pub mod deep;\n"),
        ("src/a/deep.rs", "pub fn f() { super::super::b::f(); }  // 7\n"),
        ("src/b.rs", "pub fn f() {}\n"),
        ("src/odd.rs", "pub fn f() {}\n"),
        ("tests/all.rs", "mod help;\nuse my_kit::g;\nfn main() {\n    g();  // 8\n    help::h();  // 9\n}\n"),
        ("tests/help/mod.rs", "pub fn h() {}\n"),
    ]);
    linked.proves("top(); }  // 1", "src/lib.rs:10");
    linked.proves("f();  // 2", "src/a/deep.rs:1");
    linked.proves("f();  // 3", "src/b.rs:1");
    linked.proves("f();  // 4", "src/odd.rs:1");
    linked.proves("i();  // 5", "src/lib.rs:7");
    linked.proves("g();  // 6", "src/a/deep.rs:1");
    linked.proves("f(); }  // 7", "src/b.rs:1");
    linked.proves("g();  // 8", "src/a/deep.rs:1");
    linked.proves("h();  // 9", "tests/help/mod.rs:1");
}

#[test]
fn use_trees_and_globs_bind_names() {
    let linked = linked(&[
        MANIFEST,
        (
            "src/lib.rs",
            "pub mod a;\npub mod prelude { pub use crate::a::{self, x as y, inner::*}; }\n#[cfg(test)]\nmod tests {\n    use super::*;\n    fn t() {\n        use prelude::*;\n        y();  // 1\n        z();  // 2\n        a::x();  // 3\n        prelude::a::x();  // 4\n        own();  // 5\n    }\n}\nfn own() {}\n",
        ),
        ("src/a.rs", "pub fn x() {}\npub mod inner { pub fn z() {} }\n"),
    ]);
    for mark in ["y();  // 1", "x();  // 3", "x();  // 4"] {
        linked.proves(mark, "src/a.rs:1");
    }
    linked.proves("z();  // 2", "src/a.rs:2");
    linked.proves("own();  // 5", "src/lib.rs:15");
}

#[test]
fn crates_of_a_workspace_know_each_other() {
    let linked = linked(&[
        ("kit/Cargo.toml", "[package]\nname = \"my-kit\"\n"),
        ("kit/src/lib.rs", "pub struct Box2;\nimpl Box2 {\n    pub fn open(&self) {}\n}\n"),
        ("app/Cargo.toml", "[package]\nname = \"app\"\n[dependencies]\nserde = \"1\"\n"),
        (
            "app/src/main.rs",
            "use my_kit::Box2;\nuse serde::open;\nuse std::fs;\nfn go(b: Box2) {\n    b.open();  // 1\n    open();  // 2\n    fs::open();  // 3\n}\n",
        ),
    ]);
    linked.proves("b.open();  // 1".trim_start_matches("b."), "kit/src/lib.rs:3");
    outside(&linked, &["open();  // 2", "open();  // 3"]);
}

#[test]
fn values_have_types() {
    let linked = library(
        "use std::sync::Arc;\npub struct Part { n: u8 }\nimpl Part {\n    pub fn new() -> Self { Self { n: 1 } }\n    fn go(&self) -> u8 { self.n }\n}\npub struct Whole { part: Option<Arc<Part>>, all: Vec<Part> }\nimpl Whole {\n    fn part(&self) -> Result<&Part, String> { Err(String::new()) }\n    fn run(&self) -> Result<(), String> {\n        Part::new().go();  // 1\n        self.part()?.go();  // 2\n        let p = self.part.as_ref().unwrap();\n        p.go();  // 3\n        let p = self.all.first().expect(\"one\");\n        p.go();  // 4\n        for p in &self.all {\n            p.go();  // 5\n        }\n        if let Some(p) = &self.part {\n            p.go();  // 6\n        }\n        let (a, _) = (Part::new(), 1);\n        a.go();  // 7\n        self.all.iter().map(|p| p.go()).count();  // 8\n        self.all[0].go();  // 9\n        let b: Box<Part> = Default::default();\n        b.go();  // 10\n        let Whole { all, .. } = self;\n        all.iter().for_each(|p| { p.go(); });  // 11\n        Ok(())\n    }\n}\n",
    );
    for mark in [
        "go();  // 1",
        "go();  // 2",
        "go();  // 3",
        "go();  // 4",
        "go();  // 5",
        "go();  // 6",
        "go();  // 7",
        "go()).count();  // 8",
        "go();  // 9",
        "go();  // 10",
        "go(); });  // 11",
    ] {
        linked.proves(mark, "src/lib.rs:5");
    }
    linked.proves("new().go();  // 1", "src/lib.rs:4");
    linked.proves("part()?.go();  // 2", "src/lib.rs:9");
    outside(&linked, &["iter().map(|p| p.go()).count();  // 8", "unwrap();", "expect(\"one\");"]);
}

#[test]
fn shadowed_names_hold_to_the_end_of_their_block() {
    let linked = library(
        "struct A;\nimpl A { fn f(&self) {} }\nstruct B;\nimpl B { fn f(&self) {} }\nfn go(x: A) {\n    x.f();  // 1\n    {\n        let x = B;\n        x.f();  // 2\n    }\n    x.f();  // 3\n    let x = B;\n    x.f();  // 4\n    match x { x => x.f() }  // 5\n}\n",
    );
    linked.proves("f();  // 1", "src/lib.rs:2");
    linked.proves("f();  // 2", "src/lib.rs:4");
    linked.proves("f();  // 3", "src/lib.rs:2");
    linked.proves("f();  // 4", "src/lib.rs:4");
    linked.proves("f() }  // 5", "src/lib.rs:4");
}

#[test]
fn traits_give_methods() {
    let linked = library(
        "trait Base { fn base(&self) {} }\ntrait Shape: Base { fn area(&self) -> u8; fn twice(&self) -> u8 { self.area() } }  // 1\nstruct Square;\nimpl Base for Square {}\nimpl Shape for Square { fn area(&self) -> u8 { 4 } }\nfn by_dyn(s: &dyn Shape) { s.area(); }  // 2\nfn by_impl(s: impl Shape) { s.twice(); }  // 3\nfn by_bound<S: Shape>(s: S) { s.base(); }  // 4\nfn by_where<S>(s: &S) where S: Shape + Clone { s.area(); }  // 5\nfn by_type(s: Square) {\n    s.area();  // 6\n    s.twice();  // 7\n    Shape::area(&s);  // 8\n    <Square as Shape>::area(&s);\n}\n",
    );
    linked.proves("area() } }  // 1", "src/lib.rs:2");
    linked.proves("area(); }  // 2", "src/lib.rs:2");
    linked.proves("twice(); }  // 3", "src/lib.rs:2");
    linked.proves("base(); }  // 4", "src/lib.rs:1");
    linked.proves("area(); }  // 5", "src/lib.rs:2");
    linked.proves("area();  // 6", "src/lib.rs:5");
    linked.proves("twice();  // 7", "src/lib.rs:2");
    linked.proves("area(&s);  // 8", "src/lib.rs:2");
}

#[test]
fn a_call_of_a_trait_may_reach_its_implementations() {
    let linked = library(
        "pub trait Shape { fn area(&self); }\npub struct Square;\nimpl Shape for Square { fn area(&self) {} }\nfn go(s: &dyn Shape) { s.area(); }\n",
    );
    let inherits: Vec<_> = linked.edges.iter().filter(|edge| edge.kind == ReferenceKind::Inherit).collect();
    assert_eq!(inherits.len(), 1);
    assert_eq!(inherits[0].tier, Tier::Proven);
    let facts: Vec<_> = linked.documents.iter().map(graphrag::FileFacts::of).collect();
    let resolved = Resolved { edges: linked.edges.clone(), ..Resolved::default() };
    let graph = Graph::new(&facts, resolved, &[], &graphrag::knowledge::knowledge(&facts, &Default::default()));
    let go = graph.find("go")[0];
    let calls = graph.uses(go).filter(|link| link.relation == Relation::Call);
    let reached: Vec<(u32, bool)> = calls.map(|link| (graph.node(link.node).lines.0, link.is_proven)).collect();
    assert_eq!(reached, [(1, true), (3, false)]);
}

#[test]
fn extension_traits_need_to_be_seen_and_to_fit() {
    let linked = linked(&[
        MANIFEST,
        (
            "src/lib.rs",
            "pub mod ext {\n    pub trait Read {}\n    pub trait ReadExt { fn read_all(&self) {} }\n    impl<R: Read> ReadExt for R {}\n    pub struct File;\n    impl Read for File {}\n    pub struct Other;\n}\nmod a {\n    use crate::ext::*;\n    fn f(file: File, other: Other) {\n        file.read_all();  // 1\n        other.read_all();  // 2\n    }\n}\nmod b {\n    use crate::ext::File;\n    fn f(file: File) { file.read_all(); }  // 3\n    use crate::ext::ReadExt as _;\n}\nmod c {\n    use crate::ext::File;\n    fn f(file: File) { file.read_all(); }  // 4\n}\n",
        ),
    ]);
    linked.proves("read_all();  // 1", "src/lib.rs:3");
    assert_ne!(linked.call("read_all();  // 2").0, Tier::Proven);
    linked.proves("read_all(); }  // 3", "src/lib.rs:3");
    assert_ne!(linked.call("read_all(); }  // 4").0, Tier::Proven);
}

#[test]
fn generics_carry_types() {
    let linked = library(
        "struct Item;\nimpl Item { fn go(&self) {} }\nstruct Holder<T> { inner: T }\nimpl<T> Holder<T> {\n    fn new(inner: T) -> Self { Holder { inner } }\n    fn get(&self) -> &T { &self.inner }\n}\nimpl<T> std::ops::Deref for Holder<T> { type Target = T; fn deref(&self) -> &T { &self.inner } }\nfn same<T>(x: T) -> T { x }\nfn with<R>(f: impl FnOnce(&Item) -> R) -> R { f(&Item) }\ntype Held = Holder<Item>;\nfn go(h: Holder<Item>, held: Held) {\n    h.get().go();  // 1\n    h.inner.go();  // 2\n    h.go();  // 3\n    same(Item).go();  // 4\n    with(|i| i.go());  // 5\n    with(|_| Item).go();  // 6\n    held.get().go();  // 7\n    Holder::new(Item).get().go();  // 8\n}\nstruct Counter;\nimpl Iterator for Counter { type Item = Item; fn next(&mut self) -> Option<Item> { None } }\nfn count(c: Counter) {\n    for i in c { i.go(); }  // 9\n    Counter.filter(|_| true).map(|i| i.go());  // 10\n}\n",
    );
    for mark in [
        "go();  // 1",
        "go();  // 2",
        "go();  // 3",
        "go();  // 4",
        "go());  // 5",
        "go();  // 6",
        "go();  // 7",
        "go();  // 8",
        "go(); }  // 9",
        "go());  // 10",
    ] {
        linked.proves(mark, "src/lib.rs:2");
    }
}

#[test]
fn enums_construct_and_match() {
    let linked = library(
        "struct A;\nimpl A { fn f(&self) {} }\nenum E { One(A), Two { a: A }, Three }\nuse E::Three;\nimpl E { fn is(&self) -> bool { Self::One(A).is() } }  // 8\nfn go(e: E, o: Option<E>) {\n    match &e {\n        E::One(a) => a.f(),  // 1\n        E::Two { a } => a.f(),  // 2\n        Three => {}\n    }\n    E::One(A).is();  // 3\n    let two = E::Two { a: A };\n    two.is();  // 4\n    Three.is();  // 5\n    let Some(E::One(a)) = o else { return };\n    a.f();  // 6\n    if let E::Two { a: inner } = e && inner.f() == () {}  // 7\n}\n",
    );
    linked.proves("f(),  // 1", "src/lib.rs:2");
    linked.proves("f(),  // 2", "src/lib.rs:2");
    linked.proves("is();  // 3", "src/lib.rs:5");
    linked.proves("One(A).is();  // 3", "src/lib.rs:3");
    linked.proves("One(A).is() } }  // 8", "src/lib.rs:3");
    linked.proves("is() } }  // 8", "src/lib.rs:5");
    linked.proves("is();  // 4", "src/lib.rs:5");
    linked.proves("Two { a: A };", "src/lib.rs:3");
    linked.proves("is();  // 5", "src/lib.rs:5");
    linked.proves("f();  // 6", "src/lib.rs:2");
    linked.proves("f() == () {}  // 7", "src/lib.rs:2");
}

#[test]
fn async_functions_are_awaited() {
    let linked = library(
        "use std::future::Future;\nstruct A;\nimpl A { fn f(&self) {} }\nasync fn make() -> Result<A, ()> { Ok(A) }\nfn later() -> impl Future<Output = A> { async { A } }\nstruct Handle<T>(T);\nimpl<T> Future for Handle<T> { type Output = Option<T>; }\nfn spawn<F: Future>(f: F) -> Handle<F::Output> { loop {} }\nasync fn go() -> Result<(), ()> {\n    make().await?.f();  // 1\n    later().await.f();  // 2\n    let a = async { A }.await;\n    a.f();  // 3\n    spawn(async move { A }).await.unwrap().f();  // 4\n    Ok(())\n}\n",
    );
    for mark in ["f();  // 1", "f();  // 2", "f();  // 3", "f();  // 4"] {
        linked.proves(mark, "src/lib.rs:3");
    }
}

#[test]
fn calls_in_macro_arguments_are_calls() {
    let linked = library(
        "struct A;\nimpl A { fn f(&self) -> Option<A> { None } fn new() -> A { A } }\nfn h(a: A) -> u8 { 1 }\nfn go(a: A) {\n    println!(\"{}\", h(a));  // 1\n    assert_eq!(a.f().unwrap().f().is_some(), true);  // 2\n    let all = vec![A::new(), A];\n    all[0].f();  // 3\n    assert!(matches!(all.first().map(|x| x.f()), Some(_)));  // 4\n    debug!(target: \"x\", x = ?A::new().f());  // 5\n}\n",
    );
    linked.proves("h(a));  // 1", "src/lib.rs:3");
    linked.proves("f().is_some(), true);  // 2", "src/lib.rs:2");
    linked.proves("f();  // 3", "src/lib.rs:2");
    assert_eq!(linked.call("f()), Some(_)));  // 4"), (Tier::Possible, vec!["src/lib.rs:2".to_owned()]));
    linked.proves("f());  // 5", "src/lib.rs:2");
    outside(&linked, &["println!(\"{}\", h(a));  // 1", "unwrap().f().is_some(), true);  // 2"]);
}

#[test]
fn macros_are_found_and_may_hold_items() {
    let linked = linked(&[
        MANIFEST,
        (
            "src/lib.rs",
            "#[macro_use]\nmod macros;\ncfg_x! {\n    pub mod a;\n    pub fn own() { a::f(); }  // 1\n}\nfn go() {\n    own();  // 2\n    cfg_x! { let a = a::make(); a.f(); }  // 3\n    crate::cfg_x! {}  // 4\n    other!();  // 5\n}\n",
        ),
        (
            "src/macros.rs",
            "macro_rules! cfg_x {\n    ($($item:item)*) => { $( #[cfg(x)] $item )* $crate::a::f(); };  // 6\n}\n",
        ),
        ("src/a.rs", "pub fn f() {}\npub struct A;\nimpl A { pub fn f(&self) {} }\npub fn make() -> A { A }\n"),
    ]);
    linked.proves("f(); }  // 1", "src/a.rs:1");
    linked.proves("own();  // 2", "src/lib.rs:5");
    linked.proves("f(); }  // 3", "src/a.rs:3");
    linked.proves("cfg_x! {}  // 4", "src/macros.rs:1");
    linked.proves("cfg_x! { let a = a::make(); a.f(); }  // 3", "src/macros.rs:1");
    outside(&linked, &["other!();  // 5"]);
    linked.proves("f(); };  // 6", "src/a.rs:1");
}

#[test]
fn pointers_have_members_of_their_own() {
    let linked = library(
        "trait Go { fn go(&self); }\nstruct A;\nimpl Go for A { fn go(&self) {} }\nimpl<G: Go + ?Sized> Go for Box<G> { fn go(&self) { (**self).go() } }  // 8\nimpl<T> Len for *const T { fn len(&self) {} }\ntrait Len { fn len(&self); }\nfn f(a: A, b: Box<A>, d: &dyn Go, r: std::rc::Rc<A>) {\n    a.go();  // 1\n    b.go();  // 2\n    d.go();  // 3\n    r.go();  // 4\n    a.len();  // 5\n    let made = Default::default();\n    f(made, made, made, made);  // 6\n    let a: A = From::from(1);  // 7\n}\n",
    );
    linked.proves("go() } }  // 8", "src/lib.rs:1");
    linked.proves("go();  // 1", "src/lib.rs:3");
    linked.proves("go();  // 2", "src/lib.rs:4");
    linked.proves("go();  // 3", "src/lib.rs:1");
    linked.proves("go();  // 4", "src/lib.rs:3");
    assert_ne!(linked.call("len();  // 5").0, Tier::Proven);
    linked.proves("f(made, made, made, made);  // 6", "src/lib.rs:7");
    assert_eq!(linked.call("from(1);  // 7").0, Tier::Unresolved);
}

#[test]
fn namesakes_from_outside_are_not_linked() {
    let linked = library(
        "struct A { v: Vec<u8> }\n#[derive(Clone)]\nstruct B;\nimpl A {\n    fn len(&self) -> usize { 0 }\n    fn clone(&self) -> A { A { v: vec![] } }\n    fn get(&self, n: usize) {}\n}\nfn drop(a: A) {}\nmod m {\n    use super::{A, B};\n    fn go(a: A, b: B, text: &str) {\n        a.v.len();  // 1\n        text.len();  // 2\n        b.clone();  // 3\n        drop(a);  // 4\n        String::from(\"x\").len();  // 5\n        a.v.get(1);  // 6\n        std::mem::drop(b);  // 7\n        text.nowhere();  // 8\n    }\n}\n",
    );
    let marks = [
        "len();  // 1",
        "len();  // 2",
        "clone();  // 3",
        "drop(a);  // 4",
        "len();  // 5",
        "get(1);  // 6",
        "drop(b);  // 7",
    ];
    outside(&linked, &marks);
    outside(&linked, &["nowhere();  // 8"]);
}

#[test]
fn what_is_not_known_keeps_its_candidates() {
    let linked = library(
        "struct A;\nimpl A { fn go(&self) {} fn one(&self, x: u8) {} }\nstruct B;\nimpl B { fn go(&self) {} }\nfn one(x: u8) {}\nfn f(call: impl Fn()) {\n    let x = unseen!();\n    x.go();  // 1\n    x.one();  // 2\n    x.one(1);  // 3\n    call();  // 4\n    lost();  // 5\n}\nfn call() {}\n",
    );
    let both = vec!["src/lib.rs:2".to_owned(), "src/lib.rs:4".to_owned()];
    assert_eq!(linked.call("go();  // 1"), (Tier::Possible, both));
    // No method of that name takes no arguments; and functions are no methods.
    assert_eq!(linked.call("one();  // 2"), (Tier::External, vec![]));
    assert_eq!(linked.call("one(1);  // 3"), (Tier::Possible, vec!["src/lib.rs:2".to_owned()]));
    assert_eq!(linked.call("call();  // 4"), (Tier::Unresolved, vec![]));
    assert_eq!(linked.call("lost();  // 5"), (Tier::Unresolved, vec![]));
}

#[test]
fn definitions_under_different_conditions_are_all_possible() {
    let linked = linked(&[
        MANIFEST,
        (
            "src/lib.rs",
            "#[cfg(unix)]\n#[path = \"unix.rs\"]\nmod sys;\n#[cfg(windows)]\n#[path = \"windows.rs\"]\nmod sys;\n#[cfg(a)]\nfn twin() {}\n#[cfg(not(a))]\nfn twin() {}\nfn go() {\n    sys::open();  // 1\n    twin();  // 2\n}\n#[cfg(test)]\nuse std::fs::File;\n#[cfg(not(test))]\nuse sys::File;\nfn f(file: File) { file.sync(); }  // 3\n",
        ),
        ("src/unix.rs", "pub fn open() {}\npub struct File;\nimpl File { pub fn sync(&self) {} }\n"),
        ("src/windows.rs", "pub fn open() {}\n"),
    ]);
    let both = vec!["src/unix.rs:1".to_owned(), "src/windows.rs:1".to_owned()];
    assert_eq!(linked.call("open();  // 1"), (Tier::Possible, both));
    // Parts of one item.
    let parts = vec!["src/lib.rs:8".to_owned(), "src/lib.rs:10".to_owned()];
    assert_eq!(linked.call("twin();  // 2"), (Tier::Proven, parts));
    assert_eq!(linked.call("sync(); }  // 3"), (Tier::Possible, vec!["src/unix.rs:3".to_owned()]));
}

#[test]
fn definitions_that_need_each_other_end() {
    let mut text = String::from(
        "type A = B;\ntype B = A;\nfn f() { A::new(); A::X { y: 1 }; }\nuse g as h;\nuse h as g;\nuse self::*;\nfn k() { g(); h::i(); }\n",
    );
    text.push_str("trait P: Q + R {}\ntrait Q: P + R {}\ntrait R: P + Q {}\ntrait E { fn e(&self); }\nimpl<T: P> E for T {}\nfn u<T: P>(t: T) { t.nowhere(); t.e(); }\n");
    text.push_str(
        "fn v<T: Add<T> + Sub<T> + Mul<T>, U: From<(T, U)> + Into<(U, T)>>(t: T, u: U) -> T { v(t.add(u), u).sub() }\n",
    );
    text.push_str("impl std::ops::Deref for S { type Target = S; }\nstruct S(S);\nfn w(s: S) { s.nowhere().0.0.nowhere(); let c = |x| c(x); c(c); }\nimpl Iterator for S { type Item = <S as Iterator>::Item; }\n");
    let linked = library(&text);
    assert!(linked.edges.iter().any(|edge| edge.tier == Tier::Proven));
}

#[test]
fn the_order_of_files_does_not_matter() {
    let mut files = [
        MANIFEST,
        ("src/lib.rs", "pub mod a;\npub use a::*;\npub fn top(x: A) { x.go(); }\n"),
        ("src/a.rs", "pub struct A;\nimpl A { pub fn go(&self) { crate::top(A) } }\n"),
        ("tests/one.rs", "mod common;\nfn t() { common::help().go(); }\n"),
        ("tests/two.rs", "mod common;\nfn t() { crate::common::help().go(); }\n"),
        ("tests/common/mod.rs", "use my_kit::A;\npub fn help() -> A { crate::own(); A }\n"),
    ];
    let shape = |linked: &Linked| {
        let name = |file: u32| linked.documents[file as usize].path.clone();
        let targets =
            |edge: &graphrag::Edge| edge.targets.iter().map(|at| (name(at.file), at.name)).collect::<Vec<_>>();
        let mut edges: Vec<_> =
            linked.edges.iter().map(|edge| (name(edge.file), edge.site, edge.tier, targets(edge))).collect();
        edges.sort();
        edges
    };
    let forwards = shape(&linked(&files));
    files.reverse();
    assert_eq!(forwards, shape(&linked(&files)));
    assert!(forwards.iter().filter(|edge| edge.2 == Tier::Proven).count() > 8);
}
