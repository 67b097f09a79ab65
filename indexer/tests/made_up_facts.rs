//! A repository can bring a made-up index: whatever facts can be read from one can be linked without a panic and in time.

use std::time::{Duration, Instant};

use graphrag::{FileFacts, Graph, Manifest, resolve};
use indexer::build_document;
use indexer::language::Parser;
use proptest::prelude::*;
use rag_core::Document;
use rag_core::bindings::Bindings;

const SOURCES: [(&str, &str); 17] = [
    (
        "kit/a.py",
        "from .b import B, run as go\nimport os\n\n\nclass A(B):\n    x: B = B()\n\n    def f(self, n=1):\n        with go() as b:\n            return [i.g() for i in b.h(self.f)]\n",
    ),
    (
        "kit/b.py",
        "from .a import *\n\n\nclass B:\n    def g(self): ...\n\n    @property\n    def h(self):\n        return self.g\n\n\ndef run():\n    yield B()\n",
    ),
    (
        "web/a.ts",
        "import D, { type S, get as take } from './b';\nexport * from './b';\nexport class A<T extends S> extends D<T> { f(x: T = take()) { return super.f(x).g?.(this.f); } }\n",
    ),
    (
        "web/b.ts",
        "export interface S { g(): S }\nexport default class D<T> { f(x: T): S { return get(); } }\nexport const get = async () => ({ g() { return get(); } });\n",
    ),
    (
        "src/lib.rs",
        "mod part;\nuse part::{Walk, *};\npub struct S<T>(T);\nimpl<T: Walk> Walk for S<T> { fn step(&self) -> Option<u8> { let Some(x) = self.0.step() else { return None }; Some(x) } }\nfn go(w: &dyn Walk) { println!(\"{:?}\", w.step()?.max(1)); }\n",
    ),
    (
        "src/part.rs",
        "pub trait Walk { fn step(&self) -> Option<u8>; }\npub enum E { A(u8), B { c: u8 } }\npub use E::*;\n",
    ),
    (
        "go/a.go",
        "package a\n\nimport \"example.org/kit/go/b\"\n\ntype T struct{ b.U }\n\nfunc (t *T) F(x ...int) (n int, err error) { n, err = t.G(x[0]); return }\n",
    ),
    (
        "p/A.java",
        "package p;\nimport java.util.*;\nclass A<T> extends B { T t; void f(int... n) { this.<T>g(n.length, x -> x).h(A::new); super.f(n); } class C extends A<C> {} }\n",
    ),
    (
        "c/a.h",
        "#include \"b.h\"\n#define F(x) g(x)\ntypedef struct node { struct node *next; } node;\nint g(node *n);\n",
    ),
    (
        "c/b.h",
        "#include \"a.h\"\nnamespace n { template <typename T> class A : public A<T> { T t; A* f(int a = 1); using B = A<A>; }; }\n",
    ),
    (
        "c/b.cc",
        "#include \"a.h\"\nusing namespace n;\ntemplate <typename T> A<T>* n::A<T>::f(int a) { auto x = this->f(F(a)); for (auto& y : *x) y.t->f(); return x; }\n",
    ),
    (
        "web/a.php",
        "<?php\nnamespace K;\nuse K\\A as B;\ntrait T { use T; }\nclass A extends B { use T; public ?A $a; function f(A $x): static { return $this->a->f(new B($x)); } }\nfunction g() { return A::f(g()); }\n",
    ),
    (
        "lib/a.rb",
        "module K\n  class A < B\n    include K\n    X = A.new\n    def f(a, b = f(1)) = X.f(@y ||= f(a)) { |q| q.f(b) }\n  end\n  class B < A; end\nend\n",
    ),
    (
        "p/b.kt",
        "package p\nimport p.*\nclass K<T : A<T>>(val x: T, y: Int = 1) : B() { companion object { fun make() = K<A>(1) } fun T.go() = let { it.x.f { go() } } }\n",
    ),
    (
        "p/c.cs",
        "using static N.A; using X = N.A; namespace N; partial class A : B<X> { public A(int x = 1) : this() { foreach (var y in Z) y?.F(k => k.G(x)); } } partial class A { static int E(this A a) => a.E(); }\n",
    ),
    (
        "p/d.scala",
        "package p\nimport q.{A => B, _}\ncase class D[T](x: T)(y: D[T]) extends B[T] { self => def f = x match { case d: D[T] => d.f; case _ => D(self).f } }\nobject D { implicit class R(s: D[_]) { def g = s.f } }\n",
    ),
    (
        "p/e.swift",
        "import K\nprotocol W: V { func f(_ x: Int) -> Self }\nextension E: W where T: W { init(x: T, _ y: Int = 1) { if let z = x.f(1) { z.map { $0.f(y) } } } }\nenum E<T> { case a, b(c: T) }\n",
    ),
];

fn documents() -> Vec<Document> {
    let mut parser = Parser::new();
    SOURCES.iter().map(|(path, text)| build_document(&mut parser, path, (*text).to_owned(), 1500)).collect()
}

/// Links the files with these facts; time is limited by the work that one question may take.
fn link(documents: &[Document], bindings: &[Bindings]) {
    let facts: Vec<FileFacts> = documents
        .iter()
        .zip(bindings)
        .map(|(document, bindings)| FileFacts { bindings, ..FileFacts::of(document) })
        .collect();
    let manifests = [
        Manifest::read("Cargo.toml", "[package]\nname = \"kit\"\n"),
        Manifest::read("go.mod", "module example.org/kit\n"),
    ]
    .concat();
    let started = Instant::now();
    let graph = Graph::new(
        &facts,
        resolve(&facts, &manifests),
        &[],
        &graphrag::knowledge::knowledge(&facts, &Default::default()),
    );
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    graph.communities();
}

proptest! {
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn damaged_facts_are_refused_or_linked(
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let documents = documents();
        let mut stored: Vec<Vec<u8>> = documents
            .iter()
            .map(|document| {
                let mut out = Vec::new();
                document.bindings.write(&mut out);
                out
            })
            .collect();
        for (file, at, byte) in damages {
            let file = file.index(stored.len());
            let at = at.index(stored[file].len());
            stored[file][at] = byte;
        }
        let read = |(stored, document): (&Vec<u8>, &Document)| {
            Bindings::read(stored).unwrap_or_else(|| document.bindings.clone())
        };
        let bindings: Vec<Bindings> = stored.iter().zip(&documents).map(read).collect();
        link(&documents, &bindings);
    }

    /// Facts of one file with the text of another.
    #[test]
    fn facts_of_other_files_are_linked(order in Just((0..SOURCES.len()).collect::<Vec<usize>>()).prop_shuffle()) {
        let documents = documents();
        let bindings: Vec<Bindings> = order.iter().map(|&other| documents[other].bindings.clone()).collect();
        link(&documents, &bindings);
    }
}
