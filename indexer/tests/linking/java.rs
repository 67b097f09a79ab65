//! Java: packages, inheritance, overloads.

use super::linked;
use graphrag::Tier;
use rag_core::ReferenceKind;

#[test]
fn classes_are_found_by_package() {
    let linked = linked(&[
        (
            "src/main/java/a/One.java",
            "package a;\npublic class One {\n  public static void go() {}\n  public static class In {\n    public static void deep() {}\n  }\n}\n",
        ),
        (
            "src/main/java/a/Two.java",
            "package a;\nclass Two {\n  void f() {\n    One.go(); // 1\n    One.In.deep(); // 2\n  }\n}\n",
        ),
        ("src/main/java/b/One.java", "package b;\npublic class One {\n  public static void go() {}\n}\n"),
        (
            "src/main/java/c/Use.java",
            "package c;\nimport a.One.In;\nimport b.*;\nclass Use {\n  void f() {\n    One.go(); // 3\n    In.deep(); // 4\n    a.One.go(); // 5\n    java.util.List.of(1); // 6\n    new a.One(); // 7\n  }\n}\n",
        ),
    ]);
    linked.proves("go(); // 1", "src/main/java/a/One.java:3");
    linked.proves("deep(); // 2", "src/main/java/a/One.java:5");
    linked.proves("go(); // 3", "src/main/java/b/One.java:3");
    linked.proves("deep(); // 4", "src/main/java/a/One.java:5");
    linked.proves("go(); // 5", "src/main/java/a/One.java:3");
    linked.is_external("of(1); // 6");
    linked.proves("One(); // 7", "src/main/java/a/One.java:2");
}

#[test]
fn namesakes_from_outside_are_not_linked() {
    let linked = linked(&[
        (
            "a/List.java",
            "package a;\npublic class List {\n  public static void of() {}\n  public int size() { return 0; }\n  public static void assertThat() {}\n}\n",
        ),
        (
            "b/Use.java",
            "package b;\nimport java.util.List;\nimport static org.other.Checks.assertThat;\nimport a.Gone;\nclass Use {\n  void f(List<String> x, Gone g, Math m) {\n    List.of(); // 1\n    x.size(); // 2\n    assertThat(); // 3\n    g.size(); // 4\n    \"a\".size(); // 5\n    Math.size(); // 6\n    m.toString(); // 7\n  }\n}\n",
        ),
    ]);
    for mark in ["of(); // 1", "size(); // 2", "assertThat(); // 3", "size(); // 5", "size(); // 6", "toString(); // 7"]
    {
        linked.is_external(mark);
    }
    // Its package is here, it is not: perhaps it is generated.
    linked.leaves("size(); // 4", &["a/List.java:4"]);
}

#[test]
fn static_imports_name_methods_and_fields() {
    let linked = linked(&[
        (
            "a/Tools.java",
            "package a;\npublic class Tools {\n  public static final Tools ONE = new Tools();\n  public static void help() {}\n  public static void help(int a) {}\n  public void run() {}\n}\n",
        ),
        (
            "b/Use.java",
            "package b;\nimport static a.Tools.help;\nimport static a.Tools.*;\nclass Use {\n  void f() {\n    help(); // 1\n    help(1); // 2\n    ONE.run(); // 3\n  }\n}\n",
        ),
    ]);
    linked.proves("help(); // 1", "a/Tools.java:4");
    linked.proves("help(1); // 2", "a/Tools.java:5");
    linked.proves("run(); // 3", "a/Tools.java:6");
}

#[test]
fn receivers_have_types() {
    let linked = linked(&[
        (
            "p/Node.java",
            "package p;\nimport java.util.*;\nclass Node {\n  Node next;\n  List<Node> kids;\n  Map<String, Other> by;\n  Node[] all;\n  Node walk() { return this; }\n}\nclass Other {\n  void walk() {}\n  Other self() { return this; }\n}\n",
        ),
        (
            "p/Use.java",
            "package p;\nimport java.util.*;\nclass Use {\n  Node node;\n  void f(Node n, Object o) throws Exception {\n    n.next.walk(); // 1\n    n.kids.get(0).walk(); // 2\n    for (Node k : n.kids) k.walk(); // 3\n    for (var k : n.kids) { k.walk(); } // 4\n    n.by.get(\"x\").walk(); // 5\n    n.all[0].walk(); // 6\n    n.walk().walk(); // 7\n    var v = new Other();\n    v.self().walk(); // 8\n    ((Other) o).walk(); // 9\n    if (o instanceof Node m) { m.walk(); } // 10\n    try (Closer c = new Closer()) { c.shut(); } // 11\n    catch (Bad e) { e.say(); } // 12\n    this.node.walk(); // 13\n    node.walk(); // 14\n    for (Map.Entry<String, Other> e : n.by.entrySet()) { e.getValue().walk(); } // 15\n    for (Node k : n.all) { k.walk(); } // 16\n    switch (o) { case Other t -> t.walk(); default -> {} } // 17\n    n.by.values().iterator().next().walk(); // 18\n    o.walk(); // 19\n  }\n  static class Closer implements AutoCloseable { void shut() {} public void close() {} }\n  static class Bad extends RuntimeException { void say() {} }\n}\n",
        ),
    ]);
    let (node, other) = ("p/Node.java:8", "p/Node.java:11");
    for mark in ["1", "2", "3", "6", "7", "13", "14"] {
        linked.proves(&format!("walk(); // {mark}"), node);
    }
    for mark in ["4", "10", "16"] {
        linked.proves(&format!("walk(); }} // {mark}"), node);
    }
    for mark in ["5", "8", "9", "18"] {
        linked.proves(&format!("walk(); // {mark}"), other);
    }
    linked.proves("walk(); } // 15", other);
    linked.proves("walk(); default -> {} } // 17", other);
    linked.proves("shut(); } // 11", "p/Use.java:27");
    linked.proves("say(); } // 12", "p/Use.java:28");
    linked.is_external("walk(); // 19");
}

#[test]
fn members_are_inherited() {
    let linked = linked(&[
        (
            "p/Base.java",
            "package p;\npublic abstract class Base {\n  protected Part part;\n  void own() {}\n  void over() {}\n  class Part { void use() {} }\n}\n",
        ),
        ("p/Face.java", "package p;\npublic interface Face {\n  void face();\n  default void def() {}\n}\n"),
        (
            "q/Top.java",
            "package q;\nimport p.*;\nclass Top extends Base implements Face {\n  @Override void over() { super.over(); } // 1\n  public void face() {}\n  void f(Top t, Face x, Base b) {\n    own(); // 2\n    this.over(); // 3\n    part.use(); // 4\n    t.def(); // 5\n    x.face(); // 6\n    t.face(); // 7\n    b.over(); // 8\n    t.hashCode(); // 9\n    t.nowhere(); // 10\n    Face.super.def(); // 11\n    Part p = part;\n    p.use(); // 12\n    Runnable r = new Runnable() { public void run() { own(); } }; // 13\n    new Base() { void g() { own(); } }; // 14\n  }\n}\nclass Stranger extends Thread {\n  void f() { start(); } // 15\n}\n",
        ),
    ]);
    linked.proves("over(); } // 1", "p/Base.java:5");
    linked.proves("own(); // 2", "p/Base.java:4");
    linked.proves("over(); // 3", "q/Top.java:4");
    linked.proves("use(); // 4", "p/Base.java:6");
    linked.proves("def(); // 5", "p/Face.java:4");
    linked.proves("face(); // 6", "p/Face.java:3");
    linked.proves("face(); // 7", "q/Top.java:5");
    linked.proves("over(); // 8", "p/Base.java:5");
    linked.is_external("hashCode(); // 9");
    linked.is_unresolved("nowhere(); // 10");
    linked.proves("def(); // 11", "p/Face.java:4");
    linked.proves("use(); // 12", "p/Base.java:6");
    // Whatever it implements may have a method of that name.
    linked.leaves("own(); } }; // 13", &["p/Base.java:4"]);
    linked.proves("own(); } }; // 14", "p/Base.java:4");
    linked.is_external("start(); } // 15");
    let base = linked.edge(ReferenceKind::Inherit, "Base implements Face {");
    assert_eq!(base, (Tier::Proven, vec!["p/Base.java:2".to_owned()]));
    let face = linked.edge(ReferenceKind::Inherit, "Face {");
    assert_eq!(face, (Tier::Proven, vec!["p/Face.java:2".to_owned()]));
    assert_eq!(linked.edge(ReferenceKind::Inherit, "Thread {").0, Tier::External);
}

#[test]
fn overloads_are_told_apart_by_arguments() {
    let linked = linked(&[(
        "p/O.java",
        "package p;\nclass O {\n  void f() {}\n  void f(int a) {}\n  void f(String a) {}\n  void f(O a) {}\n  void g(int a, int b) {}\n  void g(Object... all) {}\n  void h(Runnable r) {}\n  void h(Comparable c) {}\n  <T> T id(T t) { return t; }\n  void use(String s, O o, Unknown u, long n) {\n    f(); // 1\n    f(1); // 2\n    f(\"a\" + 1); // 3\n    f(o); // 4\n    f(u.x()); // 5\n    g(1, 2); // 6\n    g(1, 2, 3); // 7\n    h(() -> {}); // 8\n    f(s); // 9\n    f(id(s)); // 10\n    f(this); // 11\n    f(s == null ? 1 : 2); // 12\n  }\n}\nclass Unknown extends Other {}\n",
    )]);
    linked.proves("f(); // 1", "p/O.java:3");
    linked.proves("f(1); // 2", "p/O.java:4");
    linked.proves("f(\"a\" + 1); // 3", "p/O.java:5");
    linked.proves("f(o); // 4", "p/O.java:6");
    linked.leaves("f(u.x()); // 5", &["p/O.java:4", "p/O.java:5", "p/O.java:6"]);
    linked.proves("g(1, 2); // 6", "p/O.java:7");
    linked.proves("g(1, 2, 3); // 7", "p/O.java:8");
    linked.leaves("h(() -> {}); // 8", &["p/O.java:9", "p/O.java:10"]);
    linked.proves("f(s); // 9", "p/O.java:5");
    linked.leaves("f(id(s)); // 10", &["p/O.java:4", "p/O.java:5", "p/O.java:6"]);
    linked.proves("f(this); // 11", "p/O.java:6");
    assert_eq!(linked.call("f(s == null ? 1 : 2); // 12").0, Tier::Possible);
}

#[test]
fn inherited_overloads_are_candidates_too() {
    let linked = linked(&[(
        "p/I.java",
        "package p;\nclass A {\n  void put(Object o) {}\n  void set(Object o) {}\n  void add(int i) {}\n}\nclass B extends A {\n  void put(Runnable r) {}\n  @Override void set(Object o) {}\n  void f(B b, Gone x) {\n    b.put(x.y()); // 1\n    b.set(x); // 2\n    b.add(x.y()); // 3\n  }\n}\ninterface G<T> { void take(T t); }\nclass H implements G<A> {\n  @Override public void take(A a) {}\n  void f(H h, Gone x) { h.take(x.y()); } // 4\n}\n",
    )]);
    linked.leaves("put(x.y()); // 1", &["p/I.java:3", "p/I.java:8"]);
    linked.proves("set(x); // 2", "p/I.java:9");
    linked.proves("add(x.y()); // 3", "p/I.java:5");
    linked.proves("take(x.y()); } // 4", "p/I.java:18");
}

#[test]
fn constructors_are_called() {
    let linked = linked(&[(
        "p/C.java",
        "package p;\nclass C {\n  C() { this(1); } // 1\n  C(int a) {}\n}\nclass D extends C {\n  D() { super(2); } // 2\n}\nclass E {}\nrecord R(int a, C c) {\n  R { }\n}\nrecord S(C c) {}\nenum K { A, B; void k() {} }\nclass Use {\n  void f() {\n    new C(); // 3\n    new C(1); // 4\n    new E(); // 5\n    new R(1, null); // 6\n    new S(null).c(); // 7\n    new D() { }; // 8\n    K.A.k(); // 9\n    K.values(); // 10\n    java.util.function.Supplier<C> s = D::new; // 11\n    Runnable r = K.A::k; // 12\n    new Thread(); // 13\n  }\n}\n",
    )]);
    linked.proves("this(1); } // 1", "p/C.java:4");
    linked.proves("super(2); } // 2", "p/C.java:4");
    linked.proves("C(); // 3", "p/C.java:3");
    linked.proves("C(1); // 4", "p/C.java:4");
    linked.proves("E(); // 5", "p/C.java:9");
    linked.proves("R(1, null); // 6", "p/C.java:11");
    linked.proves("S(null).c(); // 7", "p/C.java:13");
    linked.proves("c(); // 7", "p/C.java:13");
    linked.proves("D() { }; // 8", "p/C.java:7");
    linked.proves("k(); // 9", "p/C.java:14");
    linked.is_external("values(); // 10");
    linked.proves("D::new; // 11", "p/C.java:7");
    linked.proves("k; // 12", "p/C.java:14");
    linked.is_external("Thread(); // 13");
}

#[test]
fn generic_types_keep_their_arguments() {
    let linked = linked(&[(
        "p/G.java",
        "package p;\nclass Item { void use() {} }\nclass Other { void use() {} }\nclass Box<T> {\n  T item;\n  T get() { return item; }\n  <U extends Other> void each(U u) { u.use(); } // 1\n  void raw() { item.use(); } // 2\n}\nclass ItemBox extends Box<Item> {\n  void f(Box<Other> b, ItemBox i, Box<?> w) {\n    get().use(); // 3\n    b.get().use(); // 4\n    i.get().use(); // 5\n    b.item.use(); // 6\n    new Box<Item>().get().use(); // 7\n    item.use(); // 8\n    w.get().use(); // 9\n    make(new Item()).use(); // 10\n  }\n  static <V> V make(V v) { return v; }\n}\n",
    )]);
    let (item, other) = ("p/G.java:2", "p/G.java:3");
    linked.proves("use(); } // 1", other);
    linked.is_external("use(); } // 2");
    for (mark, target) in [("3", item), ("4", other), ("5", item), ("6", other), ("7", item), ("8", item), ("10", item)]
    {
        linked.proves(&format!("use(); // {mark}"), target);
    }
    linked.leaves("use(); // 9", &[item, other]);
}

#[test]
fn fields_methods_and_types_have_names_of_their_own() {
    let linked = linked(&[(
        "p/N.java",
        "package p;\nclass N {\n  Size size;\n  int size() { return 0; }\n  static class Size { void of() {} int size() { return 1; } }\n  void f() {\n    size(); // 1\n    size.of(); // 2\n    size.size(); // 3\n    String size = \"\";\n    size(); // 4\n    size.size(); // 5\n    java.util.function.Supplier<N> n = () -> { size(); return null; }; // 6\n  }\n  class Inner {\n    void g() {\n      size(); // 7\n      N.this.size.of(); // 8\n    }\n  }\n}\n",
    )]);
    for mark in ["size(); // 1", "size(); // 4", "size(); return null; }; // 6", "size(); // 7"] {
        linked.proves(mark, "p/N.java:4");
    }
    linked.proves("of(); // 2", "p/N.java:5");
    linked.proves("size(); // 3", "p/N.java:5");
    linked.is_external("size(); // 5");
    linked.proves("of(); // 8", "p/N.java:5");
}

#[test]
fn a_folder_of_its_own_comes_first() {
    let linked = linked(&[
        ("one/src/p/Main.java", "package p;\nclass Main { static void go() {} }\n"),
        ("two/src/p/Main.java", "package p;\nclass Main { static void go() {} }\n"),
        ("two/src/p/Use.java", "package p;\nclass Use { void f() { Main.go(); } } // 1\n"),
        ("three/src/p/Use.java", "package p;\nclass Use { void f() { Main.go(); } } // 2\n"),
    ]);
    linked.proves("go(); } } // 1", "two/src/p/Main.java:2");
    linked.leaves("go(); } } // 2", &["one/src/p/Main.java:2", "two/src/p/Main.java:2"]);
}

#[test]
fn classes_that_derive_from_themselves_end() {
    let linked = linked(&[(
        "p/H.java",
        "package p;\nclass A extends B {}\nclass B extends A implements A, A, A, A, A, A, A, A, A, A {}\nclass C<T> extends C<C<C<T>>> {}\nclass D<T extends D<T>> extends D<D<D<D<T>>>> { T t; }\nclass Use<T extends U, U extends T> {\n  void f(A a, C<A> c, D<?> d, T t) {\n    a.m(); // 1\n    c.m(); // 2\n    d.t.t.t.m(); // 3\n    t.m(); // 4\n    a.get().m(); // 5\n  }\n}\n",
    )]);
    for mark in ["1", "2", "3", "4", "5"] {
        assert_ne!(linked.call(&format!("m(); // {mark}")).0, Tier::Proven);
    }
}

#[test]
fn super_is_the_class_that_is_extended() {
    let linked = linked(&[
        ("p/Face.java", "package p;\npublic interface Face { Object poll(); }\n"),
        ("p/Base.java", "package p;\npublic class Base { public Object poll() { return null; } }\n"),
        (
            "q/Use.java",
            "package q;\nimport java.util.*;\nimport p.*;\nclass Use extends ArrayDeque<String> implements Face {\n  public Object poll() { return super.poll(); } // 1\n}\nclass Two implements Face {\n  Two() { super(); } // 2\n  public Object poll() { return super.hashCode(); } // 3\n}\nclass Three extends Base implements Face {\n  public Object poll() { return super.poll(); } // 4\n  class In extends Thread { void f(Base b) { b.poll(); } } // 5\n}\n",
        ),
    ]);
    linked.is_external("poll(); } // 1");
    linked.is_external("super(); } // 2");
    linked.is_external("hashCode(); } // 3");
    linked.proves("poll(); } // 4", "p/Base.java:2");
    // A type of this file's imports, although an outer class comes from outside.
    linked.proves("poll(); } } // 5", "p/Base.java:2");
}

#[test]
fn what_comes_from_outside_may_have_the_overload() {
    let linked = linked(&[(
        "p/O.java",
        "package p;\nimport org.other.Tree;\nimport java.util.*;\nimport java.util.concurrent.atomic.AtomicReference;\nclass Mine extends Tree {\n  void drop(Mine m) {}\n  void f(Mine m) {\n    drop(1); // 1\n    drop(m); // 2\n    Objects.requireNonNull(m, \"m\").drop(m); // 3\n  }\n}\nclass Ref extends AtomicReference<Mine> {\n  void f(Mine m) { get().drop(m); } // 4\n}\n",
    )]);
    linked.is_external("drop(1); // 1");
    linked.proves("drop(m); // 2", "p/O.java:6");
    linked.proves("drop(m); // 3", "p/O.java:6");
    linked.proves("drop(m); } // 4", "p/O.java:6");
}
