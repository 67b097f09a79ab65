//! Scala: packages, companions, case classes, extensions.

use super::linked;
use graphrag::Tier;
use rag_core::ReferenceKind;

#[test]
fn names_are_found_by_package_and_import() {
    let linked = linked(&[
        (
            "a.scala",
            "package a.b\nclass One { def go(): Unit = () }\nobject One {\n  def make(): One = new One\n  def help() = 1\n}\npackage object inner {\n  def deep() = 2\n}\n",
        ),
        (
            "b.scala",
            "package a\nimport b.{One => First, _}\nobject Use {\n  def f() = {\n    First.make().go() // 1\n    One.help() // 2\n    a.b.One.help() // 3\n    import a.b.inner._\n    deep() // 4\n    println(1) // 5\n    import b.One.help\n    help() // 6\n  }\n}\n",
        ),
    ]);
    linked.proves("go() // 1", "a.scala:2");
    linked.proves("help() // 2", "a.scala:5");
    linked.proves("help() // 3", "a.scala:5");
    linked.proves("deep() // 4", "a.scala:8");
    linked.is_external("println(1) // 5");
    linked.proves("help() // 6", "a.scala:5");
}

#[test]
fn receivers_have_types() {
    let linked = linked(&[(
        "a.scala",
        "package p\ntrait Base { def own(): Unit = ()\n def over(): Unit }\ncase class Node(next: Option[Node], kids: List[Node] = Nil) extends Base {\n  self =>\n  def walk(): Node = this\n  def me = this\n  override def over(): Unit = self.walk() // 1\n}\nobject Use {\n  def f(n: Node, a: Any): Unit = {\n    n.walk().own() // 2\n    n.me.walk() // 3\n    Node(None).walk() // 4\n    new Node(None).walk() // 5\n    n.kids.map(k => k.walk()) // 6\n    n.kids.head.walk() // 7\n    for (k <- n.kids) k.walk() // 8\n    a match {\n      case m: Node => m.walk() // 9\n      case _ =>\n    }\n    val v = new Base { def over() = own() } // 10\n    n.copy(kids = Nil).walk() // 11\n    n.over() // 12\n    a.walk() // 13\n  }\n}\n",
    )]);
    for mark in [
        "walk() // 1",
        "walk() // 3",
        "walk() // 4",
        "walk() // 5",
        "walk()) // 6",
        "walk() // 7",
        "walk() // 8",
        "walk() // 9",
        "walk() // 11",
    ] {
        linked.proves(mark, "a.scala:6");
    }
    linked.proves("own() // 2", "a.scala:2");
    linked.proves("own() } // 10", "a.scala:2");
    linked.proves("over() // 12", "a.scala:8");
    linked.is_external("walk() // 13");
    linked.proves("Node(None).walk() // 4", "a.scala:4");
    assert_eq!(linked.edge(ReferenceKind::Inherit, "Base {"), (Tier::Proven, vec!["a.scala:2".to_owned()]));
}

#[test]
fn extensions_and_defaults() {
    let linked = linked(&[(
        "a.scala",
        "package p\nclass A\nclass B\nextension (a: A)\n  def go(x: Int = 1): Int = x\n  def twice: Int = 2\nextension (b: B) def go(x: Int): Int = x\nimplicit class Rich(s: String) { def shout() = s }\nobject Made { def apply(x: Int): A = new A }\nobject Use:\n  def f(a: A, b: B) =\n    a.go() // 1\n    b.go(1) // 2\n    \"x\".shout() // 3\n    Made(1).go(2) // 4\n    g(1)(2) // 5\n  def g(x: Int)(y: Int) = x\n",
    )]);
    linked.proves("go() // 1", "a.scala:5");
    linked.proves("go(1) // 2", "a.scala:7");
    linked.proves("shout() // 3", "a.scala:8");
    linked.proves("go(2) // 4", "a.scala:5");
    linked.proves("Made(1).go(2) // 4", "a.scala:9");
    linked.proves("g(1)(2) // 5", "a.scala:17");
}
