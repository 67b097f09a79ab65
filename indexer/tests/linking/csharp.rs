//! C#: namespaces, usings, partial classes, extensions, overloads.

use super::linked;
use graphrag::Tier;
use rag_core::ReferenceKind;

#[test]
fn names_are_found_by_namespace_and_using() {
    let linked = linked(&[
        (
            "a/One.cs",
            "namespace A.B;\npublic class One {\n  public static void Go() {}\n  public class In { public static void Deep() {} }\n}\n",
        ),
        (
            "a/Two.cs",
            "namespace A.B.C {\n  class Two {\n    void F() {\n      One.Go(); // 1\n      One.In.Deep(); // 2\n    }\n  }\n}\n",
        ),
        ("b/One.cs", "namespace Z;\npublic class One {\n  public static void Go() {}\n}\n"),
        (
            "c/Use.cs",
            "using Z;\nusing First = A.B.One;\nusing static A.B.One.In;\nclass Use {\n  void F() {\n    One.Go(); // 3\n    First.Go(); // 4\n    Deep(); // 5\n    A.B.One.Go(); // 6\n    Console.WriteLine(); // 7\n    string.Join(\"\"); // 8\n  }\n}\n",
        ),
        ("d/Globals.cs", "global using A.B;\n"),
    ]);
    linked.proves("Go(); // 1", "a/One.cs:3");
    linked.proves("Deep(); // 2", "a/One.cs:4");
    linked.proves("Go(); // 4", "a/One.cs:3");
    linked.proves("Deep(); // 5", "a/One.cs:4");
    linked.proves("Go(); // 6", "a/One.cs:3");
    linked.is_external("WriteLine(); // 7");
    linked.is_external("Join(\"\"); // 8");
    // What all files import is imported here, too.
    assert_eq!(linked.call("Go(); // 3").0, Tier::Possible);
}

#[test]
fn receivers_have_types() {
    let linked = linked(&[
        (
            "Node.cs",
            "namespace P;\npublic class Base { public virtual void Over() {}\n public void Own() {} }\npublic partial class Node : Base {\n  public Node Next { get; set; }\n  public List<Node> Kids = new();\n  public Node Walk() => this;\n  public override void Over() { base.Over(); } // 1\n}\npublic partial class Node {\n  public void Part() {}\n}\n",
        ),
        (
            "Use.cs",
            "namespace P;\nclass Use {\n  Node node;\n  async Task<Node> Load() => node;\n  async void F(Node n, object o) {\n    n.Next.Walk(); // 2\n    n.Next?.Walk(); // 3\n    n.Walk().Own(); // 4\n    foreach (var k in n.Kids) { k.Walk(); } // 5\n    n.Part(); // 6\n    var v = new Node();\n    v.Walk(); // 7\n    if (o is Node m) { m.Walk(); } // 8\n    ((Node)o).Walk(); // 9\n    n.Kids[0].Walk(); // 10\n    n.Kids.Where(k => k.Walk()); // 11\n    (await Load()).Walk(); // 12\n    this.node.Over(); // 13\n    Node w = new();\n    w.Walk(); // 14\n    n.Kids.First().Walk(); // 15\n    o.Walk(); // 16\n    n.ToString(); // 17\n  }\n}\n",
        ),
    ]);
    for mark in ["2", "3", "7", "9", "10", "12", "14", "15"] {
        linked.proves(&format!("Walk(); // {mark}"), "Node.cs:7");
    }
    linked.proves("Walk(); } // 5", "Node.cs:7");
    linked.proves("Walk(); } // 8", "Node.cs:7");
    linked.proves("Walk()); // 11", "Node.cs:7");
    linked.proves("Over(); } // 1", "Node.cs:2");
    linked.proves("Own(); // 4", "Node.cs:3");
    linked.proves("Part(); // 6", "Node.cs:11");
    linked.proves("Over(); // 13", "Node.cs:8");
    linked.is_external("Walk(); // 16");
    linked.is_external("ToString(); // 17");
    // A class of two parts is one definition.
    let parts = vec!["Node.cs:4".to_owned(), "Node.cs:10".to_owned()];
    assert_eq!(linked.edge(ReferenceKind::Type, "Node node;"), (Tier::Proven, parts));
}

#[test]
fn extensions_and_overloads() {
    let linked = linked(&[
        (
            "E.cs",
            "namespace E {\n  public static class Ext {\n    public static int Twice(this string s, int n = 2) => n;\n    public static void Run(this A a, System.Action<A> f) {}\n  }\n  public class A {\n    public A(int x) {}\n    public A(string x, params int[] y) {}\n    public void Run(CancellationToken t = default) {}\n    public void G(int a) {}\n    public void G(string a) {}\n  }\n  public class A<T> {}\n}\n",
        ),
        (
            "U.cs",
            "using E;\nclass U {\n  void F(A a) {\n    \"x\".Twice(); // 1\n    Ext.Twice(\"x\", 3); // 2\n    new A(1); // 3\n    new A(\"x\", 1, 2); // 4\n    new A<int>(); // 5\n    a.Run(x => {}); // 6\n    a.Run(); // 7\n    a.G(1); // 8\n    a.G(\"x\"); // 9\n    a.G(H()); // 10\n  }\n}\n",
        ),
        ("V.cs", "class V { void F(string s) { s.Twice(); } } // 11\n"),
    ]);
    linked.proves("Twice(); // 1", "E.cs:3");
    linked.proves("Twice(\"x\", 3); // 2", "E.cs:3");
    linked.proves("A(1); // 3", "E.cs:7");
    linked.proves("A(\"x\", 1, 2); // 4", "E.cs:8");
    linked.proves("A<int>(); // 5", "E.cs:13");
    linked.proves("Run(x => {}); // 6", "E.cs:4");
    linked.proves("Run(); // 7", "E.cs:9");
    linked.proves("G(1); // 8", "E.cs:10");
    linked.proves("G(\"x\"); // 9", "E.cs:11");
    linked.is_external("Twice(); } } // 11");
    assert_eq!(linked.call("G(H()); // 10").0, Tier::Possible);
}
