//! Swift: modules, extensions, labels, initialisers.

use super::linked;
use graphrag::Tier;
use rag_core::ReferenceKind;

#[test]
fn files_of_a_module_see_each_other() {
    let linked = linked(&[
        (
            "Sources/Kit/A.swift",
            "public struct One {\n  public static func make() -> One { One() }\n  public func go() {}\n}\npublic func help() {}\n",
        ),
        ("Sources/Kit/B.swift", "func f() {\n  One.make().go() // 1\n  help() // 2\n  print(1) // 3\n}\n"),
        ("Sources/Other/A.swift", "struct One { func go() {} }\n"),
        ("Tests/KitTests/T.swift", "@testable import Kit\nfunc t(o: One) {\n  o.go() // 4\n  help() // 5\n}\n"),
    ]);
    linked.proves("go() // 1", "Sources/Kit/A.swift:3");
    linked.proves("help() // 2", "Sources/Kit/A.swift:5");
    linked.is_external("print(1) // 3");
    linked.proves("go() // 4", "Sources/Kit/A.swift:3");
    linked.proves("help() // 5", "Sources/Kit/A.swift:5");
}

#[test]
fn receivers_have_types() {
    let linked = linked(&[(
        "a.swift",
        "protocol Walker { func walk() -> Node }\nclass Base { func own() {}\n func over() {} }\nclass Node: Base, Walker {\n  var next: Node?\n  let kids: [Node] = []\n  var first: Node { kids[0] }\n  func walk() -> Node { return self }\n  override func over() { super.over() } // 1\n}\nextension Node { func extra() { walk() } } // 2\nextension String { func shout() {} }\nenum Shape { case dot, box(Int)\n func draw() {} }\nfunc f(n: Node, w: Walker, any: Any) {\n  n.next?.walk() // 3\n  n.walk().own() // 4\n  n.extra() // 5\n  n.first.walk() // 6\n  for k in n.kids { k.walk() } // 7\n  n.kids.forEach { $0.walk() } // 8\n  n.kids.forEach { k in k.walk() } // 9\n  if let x = n.next { x.walk() } // 10\n  guard let y = any as? Node else { return }\n  y.walk() // 11\n  w.walk() // 12\n  \"x\".shout() // 13\n  Shape.dot.draw() // 14\n  Shape.box(1).draw() // 15\n  n.over() // 16\n}\n",
    )]);
    for mark in [
        "walk() } } // 2",
        "walk() // 3",
        "walk() // 6",
        "walk() } // 7",
        "walk() } // 8",
        "walk() } // 9",
        "walk() } // 10",
        "walk() // 11",
    ] {
        linked.proves(mark, "a.swift:8");
    }
    linked.proves("over() } // 1", "a.swift:3");
    linked.proves("own() // 4", "a.swift:2");
    linked.proves("extra() // 5", "a.swift:11");
    linked.proves("walk() // 12", "a.swift:1");
    linked.proves("shout() // 13", "a.swift:12");
    linked.proves("draw() // 14", "a.swift:14");
    linked.proves("draw() // 15", "a.swift:14");
    linked.proves("over() // 16", "a.swift:9");
    assert_eq!(linked.edge(ReferenceKind::Inherit, "Walker {"), (Tier::Proven, vec!["a.swift:1".to_owned()]));
}

#[test]
fn labels_are_part_of_a_name() {
    let linked = linked(&[(
        "a.swift",
        "struct A {\n  init(x: Int) {}\n  init(y: Int, _ z: Int = 1) {}\n  func f(_ a: Int) {}\n  func f(with a: Int) {}\n  func f(a: Int, done: () -> Void) {}\n}\nstruct P { let x: Int }\nfunc g(a: A) {\n  A(x: 1) // 1\n  A(y: 1) // 2\n  A.init(y: 1, 2) // 3\n  a.f(1) // 4\n  a.f(with: 1) // 5\n  a.f(a: 1) { } // 6\n  P(x: 1) // 7\n}\n",
    )]);
    linked.proves("A(x: 1) // 1", "a.swift:2");
    linked.proves("A(y: 1) // 2", "a.swift:3");
    linked.proves("init(y: 1, 2) // 3", "a.swift:3");
    linked.proves("f(1) // 4", "a.swift:4");
    linked.proves("f(with: 1) // 5", "a.swift:5");
    linked.proves("f(a: 1) { } // 6", "a.swift:6");
    linked.proves("P(x: 1) // 7", "a.swift:8");
}
