//! C++: namespaces, classes, members outside of their class, overloads, types of receivers.

use super::linked;
use graphrag::Tier;
use rag_core::ReferenceKind;

#[test]
fn members_are_defined_outside_of_their_class() {
    let linked = linked(&[
        (
            "shape.h",
            "#pragma once\nnamespace geo {\nclass Base {\n public:\n  virtual ~Base();\n  virtual int area() const = 0;\n  int twice() const { return 2 * area(); } // 1\n};\nclass KIT_EXPORT Box : public Base {\n public:\n  Box(int a);\n  Box(int a, int b);\n  int area() const override;\n  static Box make();\n private:\n  int a_;\n  Base* other_;\n};\n}\n",
        ),
        (
            "shape.cc",
            "#include \"shape.h\"\nnamespace geo {\nnamespace { int helper(int x) { return x; } }\nBox::Box(int a) : a_(a) {}\nBox::Box(int a, int b) : a_(helper(a)) {} // 2\nint Box::area() const { return other_->area() + this->twice() + twice(); } // 3\nBox Box::make() { return Box(1, 2); } // 4\n}\n",
        ),
        (
            "main.cc",
            "#include \"shape.h\"\n#include <memory>\n#include <vector>\nusing geo::Box;\nint main() {\n  Box b = Box::make(); // 5\n  b.area(); // 6\n  auto c = Box::make();\n  c.twice(); // 7\n  std::unique_ptr<Box> p = std::make_unique<Box>(1);\n  p->area(); // 8\n  p.reset(); // 9\n  std::vector<Box> v;\n  for (const auto& x : v) x.area(); // 10\n  v.size(); // 11\n  v[0].area(); // 12\n  geo::Box* q = new geo::Box(1); // 13\n  q->twice(); // 14\n  unknown->area(1, 2, 3); // 15\n  std::move(b); // 16\n}\n",
        ),
    ]);
    linked.proves("area(); } // 1", "shape.h:6");
    linked.proves("helper(a)) {} // 2", "shape.cc:3");
    linked.proves("area() + this->twice() + twice(); } // 3", "shape.h:6");
    linked.proves("twice() + twice(); } // 3", "shape.h:7");
    linked.proves("twice(); } // 3", "shape.h:7");
    linked.proves("Box(1, 2); } // 4", "shape.cc:5");
    linked.proves("make(); // 5", "shape.cc:7");
    for mark in ["area(); // 6", "area(); // 8", "area(); // 10", "area(); // 12"] {
        linked.proves(mark, "shape.cc:6");
    }
    linked.proves("twice(); // 7", "shape.h:7");
    linked.is_external("reset(); // 9");
    linked.is_external("size(); // 11");
    linked.proves("Box(1); // 13", "shape.cc:4");
    linked.proves("twice(); // 14", "shape.h:7");
    assert_ne!(linked.call("area(1, 2, 3); // 15").0, Tier::Proven);
    linked.is_external("move(b); // 16");
}

#[test]
fn overloads_are_told_apart_by_their_number_of_arguments() {
    let linked = linked(&[(
        "o.cc",
        "int f(int a) { return a; }\nint f(int a, int b) { return b; }\nint g(int a) { return a; }\nint g(double a) { return 1; }\nint h(int a, int b = 2) { return b; }\nint main() {\n  f(1); // 1\n  f(1, 2); // 2\n  g(1); // 3\n  h(1); // 4\n  h(1, 2); // 5\n}\n",
    )]);
    linked.proves("f(1); // 1", "o.cc:1");
    linked.proves("f(1, 2); // 2", "o.cc:2");
    linked.leaves("g(1); // 3", &["o.cc:3", "o.cc:4"]);
    linked.proves("h(1); // 4", "o.cc:5");
    linked.proves("h(1, 2); // 5", "o.cc:5");
}

#[test]
fn namespaces_are_searched_from_the_inside_out() {
    let linked = linked(&[
        ("a.h", "#pragma once\nnamespace a { int f(); namespace b { int f(); int g(); } }\n"),
        ("c.h", "#pragma once\nnamespace c { int only(); }\n"),
        (
            "u.cc",
            "#include \"a.h\"\n#include \"c.h\"\nnamespace a::b {\nint u() { return f() + g(); } // 1\n}\nusing namespace c;\nnamespace short_name = a::b;\nint v() {\n  a::f(); // 2\n  ::a::b::f(); // 3\n  only(); // 4\n  short_name::g(); // 5\n}\n",
        ),
    ]);
    assert_eq!(linked.call("f() + g(); } // 1").0, Tier::Proven);
    assert_eq!(linked.call("g(); } // 1").0, Tier::Proven);
    for mark in ["f(); // 2", "f(); // 3", "g(); // 5"] {
        linked.proves(mark, "a.h:2");
    }
    linked.proves("only(); // 4", "c.h:2");
}

#[test]
fn templates_give_members_the_types_of_their_arguments() {
    let linked = linked(&[(
        "t.cc",
        "struct A { void go() {} };\nstruct B { void go() {} };\ntemplate <typename T> struct Holder {\n  T item;\n  T* get() { return &item; }\n  T* operator->() { return &item; }\n};\ntemplate <> struct Holder<int> { void go() {} };\ntemplate <typename K, typename V> class Pair { public: V second; };\nusing Both = Pair<A, B>;\nvoid f(Holder<A> h, Both p) {\n  p.second.go(); // 1\n  h.nothing(); // 2\n}\ntemplate <typename T> void g(T t) { t.go(); } // 3\n",
    )]);
    linked.proves("go(); // 1", "t.cc:2");
    assert_ne!(linked.call("nothing(); // 2").0, Tier::Proven);
    assert_eq!(linked.call("go(); } // 3").0, Tier::Possible);
}

#[test]
fn bases_and_fixtures() {
    let linked = linked(&[(
        "t.cc",
        "#include <gtest/gtest.h>\nstruct Base { void setup(); };\nvoid Base::setup() {}\nstruct Fixture : public Base, public testing::Test { void run() { setup(); } }; // 1\nTEST_F(Fixture, Works) { run(); } // 2\n",
    )]);
    linked.proves("setup(); } }; // 1", "t.cc:3");
    linked.proves("run(); } // 2", "t.cc:4");
    assert_eq!(
        linked.edge(ReferenceKind::Inherit, "Base, public testing::Test { void run() { setup(); } }; // 1"),
        (Tier::Proven, vec!["t.cc:2".to_owned()])
    );
}

#[test]
fn parts_of_headers_see_what_is_around_them() {
    let linked = linked(&[
        ("impl.inl", "inline int part() { return whole(); } // 1\n"),
        ("whole.h", "#pragma once\ninline int whole() { return 1; }\n#include \"impl.inl\"\n"),
    ]);
    linked.proves("whole(); } // 1", "whole.h:2");
}
