//! Kotlin: packages, companions, extensions, defaults.

use super::linked;
use graphrag::Tier;
use rag_core::ReferenceKind;

#[test]
fn names_are_found_by_package_and_import() {
    let linked = linked(&[
        (
            "a/One.kt",
            "package a\nclass One {\n  fun go() {}\n  companion object {\n    fun make() = One()\n  }\n}\nfun help() {}\nval top = One()\n",
        ),
        (
            "a/Two.kt",
            "package a\nfun f() {\n  One().go() // 1\n  One.make().go() // 2\n  help() // 3\n  top.go() // 4\n}\n",
        ),
        ("b/One.kt", "package b\nclass One {\n  fun go() {}\n}\n"),
        (
            "c/Use.kt",
            "package c\nimport a.One as First\nimport b.*\nimport org.other.help\nfun f(x: First, y: One) {\n  x.go() // 5\n  y.go() // 6\n  help() // 7\n  a.help() // 8\n  println() // 9\n}\n",
        ),
    ]);
    for (mark, line) in
        [("go() // 1", 3), ("go() // 2", 3), ("help() // 3", 8), ("go() // 4", 3), ("go() // 5", 3), ("help() // 8", 8)]
    {
        linked.proves(mark, &format!("a/One.kt:{line}"));
    }
    linked.proves("go() // 6", "b/One.kt:3");
    linked.is_external("help() // 7");
    linked.is_external("println() // 9");
}

#[test]
fn receivers_have_types() {
    let linked = linked(&[(
        "a.kt",
        "package p\nopen class Base { fun own() {} \n open fun over() {} }\nclass Node(val next: Node?, kids: List<Node>) : Base() {\n  val all: List<Node> = kids\n  fun walk(): Node = this\n  override fun over() { super.over() } // 1\n}\nobject Single { fun run() {} }\nenum class Color { RED;\n fun paint() {} }\nfun f(n: Node, any: Any) {\n  n.next?.walk() // 2\n  n.walk().own() // 3\n  for (k in n.all) { k.walk() } // 4\n  n.all.forEach { it.walk() } // 5\n  n.all.first().walk() // 6\n  n.let { x -> x.walk() } // 7\n  n.apply { walk() } // 8\n  Single.run() // 9\n  Color.RED.paint() // 10\n  if (any is Node) { any.walk() } // 11\n  when (any) { is Node -> any.walk() } // 12\n  any.walk() // 13\n  n.over() // 14\n  (any as Node).walk() // 15\n  val lazily by lazy { Node(null, listOf()) }\n  lazily.walk() // 16\n}\n",
    )]);
    for mark in [
        "walk() // 2",
        "walk() } // 4",
        "walk() } // 5",
        "walk() // 6",
        "walk() } // 7",
        "walk() } // 8",
        "walk() } // 11",
        "walk() } // 12",
        "walk() // 15",
        "walk() // 16",
    ] {
        linked.proves(mark, "a.kt:6");
    }
    linked.proves("over() } // 1", "a.kt:3");
    linked.proves("own() // 3", "a.kt:2");
    linked.proves("run() // 9", "a.kt:9");
    linked.proves("paint() // 10", "a.kt:11");
    linked.is_external("walk() // 13");
    linked.proves("over() // 14", "a.kt:7");
}

#[test]
fn extensions_are_found_by_receiver() {
    let linked = linked(&[
        (
            "a.kt",
            "package p\nclass A\nclass B\nfun A.go() = 1\nfun B.go() = 2\nfun String.shout() = this\nfun <T> T.any() = this\n",
        ),
        (
            "b.kt",
            "package q\nimport p.*\nfun f(a: A, b: B, x) {\n  a.go() // 1\n  b.go() // 2\n  \"x\".shout() // 3\n  1.shout() // 4\n  a.any().go() // 5\n  nowhere().go() // 6\n}\n",
        ),
    ]);
    linked.proves("go() // 1", "a.kt:4");
    linked.proves("go() // 2", "a.kt:5");
    linked.proves("shout() // 3", "a.kt:6");
    linked.is_external("shout() // 4");
    linked.proves("go() // 5", "a.kt:4");
}

#[test]
fn the_number_of_arguments_is_a_range() {
    let linked = linked(&[(
        "a.kt",
        "package p\nclass A(val x: Int, y: Int = 1) {\n  constructor() : this(1)\n  fun f(a: Int) {}\n  fun f(a: String) {}\n  fun f(a: Int, b: Int = 2, c: () -> Unit) {}\n}\nfun g(a: A) {\n  A() // 1\n  A(1) // 2\n  A(x = 1, y = 2) // 3\n  a.f(1) // 4\n  a.f(\"x\") // 5\n  a.f(1) { } // 6\n  a.f(h()) // 7\n}\n",
    )]);
    linked.proves("A() // 1", "a.kt:3");
    linked.proves("A(1) // 2", "a.kt:2");
    linked.proves("A(x = 1, y = 2) // 3", "a.kt:2");
    linked.proves("f(1) // 4", "a.kt:4");
    linked.proves("f(\"x\") // 5", "a.kt:5");
    linked.proves("f(1) { } // 6", "a.kt:6");
    linked.leaves("f(h()) // 7", &["a.kt:4", "a.kt:5"]);
}

#[test]
fn classes_of_java_are_seen() {
    let linked = linked(&[
        (
            "p/J.java",
            "package p;\npublic class J {\n  public static J make() { return null; }\n  public void go(int a) {}\n  public void go() {}\n}\n",
        ),
        (
            "a.kt",
            "package q\nimport p.J\nclass K : J() {\n  fun f() {\n    J.make().go() // 1\n    go(1) // 2\n  }\n}\n",
        ),
    ]);
    linked.proves("go() // 1", "p/J.java:5");
    linked.proves("go(1) // 2", "p/J.java:4");
    assert_eq!(linked.edge(ReferenceKind::Inherit, "J() {"), (Tier::Proven, vec!["p/J.java:2".to_owned()]));
}

#[test]
fn a_broken_file_keeps_its_uses() {
    let text = "package p\nfun f() {}\nclass A internal constructor(x: B = f()) : C by x, D { fun g() = f() }\nfun h( { f(); val x: B = f() }\n";
    let linked = linked(&[("a.kt", text)]);
    assert!(!linked.documents[0].references.is_empty());
    for reference in &linked.documents[0].references {
        assert!(linked.edges.iter().any(|edge| edge.site == reference.name), "{reference:?}");
    }
}

#[test]
fn extensions_need_a_receiver_and_private_names_their_file() {
    let linked = linked(&[
        (
            "a.kt",
            "package p\nclass A\nfun A.check(x: Int) {}\nprivate fun hidden() {}\nclass Date(year: Int, month: Int)\nfun Date(year: Int, name: String) = Date(year, 1)\nclass Time { constructor(a: Int) }\nfun Time(b: Int): Time = Time(a = b)\n",
        ),
        (
            "b.kt",
            "package p\nfun f(a: A) {\n  check(1) // 1\n  a.apply { check(1) } // 2\n  hidden() // 3\n  Date(1, 2) // 4\n  Date(1, \"x\") // 5\n  Time(1) // 6\n}\n",
        ),
    ]);
    linked.is_external("check(1) // 1");
    linked.proves("check(1) } // 2", "a.kt:3");
    linked.is_external("hidden() // 3");
    linked.proves("Date(1, 2) // 4", "a.kt:5");
    linked.proves("Date(1, \"x\") // 5", "a.kt:6");
    linked.leaves("Time(1) // 6", &["a.kt:7", "a.kt:8"]);
}
