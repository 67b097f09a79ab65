//! C: includes, linkage, macros, names of functions and of variables.

use super::linked;
use graphrag::Tier;
use rag_core::ReferenceKind;

#[test]
fn a_declaration_leads_to_its_definition() {
    let linked = linked(&[
        (
            "lib/list.h",
            "#ifndef LIST_H\n#define LIST_H\ntypedef struct list list;\nlist *list_new(void);\nint list_len(const list *l);\nint never_defined(int a);\n#endif\n",
        ),
        (
            "lib/list.c",
            "#include \"list.h\"\nstruct list { int len; };\nstatic int check(int a) { return a; }\nlist *list_new(void) { return 0; }\nint list_len(const list *l) { return check(l->len); } // 1\n",
        ),
        (
            "app/main.c",
            "#include <stdio.h>\n#include \"list.h\"\nstatic int check(int a) { return a; }\nint main(void) {\n  list *l = list_new(); // 2\n  check(list_len(l)); // 3\n  never_defined(1); // 4\n  printf(\"x\"); // 5\n  return 0;\n}\n",
        ),
    ]);
    linked.proves("check(l->len); } // 1", "lib/list.c:3");
    linked.proves("list_new(); // 2", "lib/list.c:4");
    linked.proves("check(list_len(l)); // 3", "app/main.c:3");
    linked.proves("list_len(l)); // 3", "lib/list.c:5");
    linked.proves("never_defined(1); // 4", "lib/list.h:6");
    linked.is_external("printf(\"x\"); // 5");
}

#[test]
fn what_is_not_seen_is_not_proven() {
    let linked = linked(&[
        ("a.c", "static int hidden(void) { return 1; }\nint shared(void) { return hidden(); } // 1\n"),
        ("b.c", "#include <unistd.h>\nint f(void) { return shared(); } // 2\nint g(void) { return hidden(); } // 3\n"),
    ]);
    linked.proves("hidden(); } // 1", "a.c:1");
    linked.leaves("shared(); } // 2", &["a.c:2"]);
    // Another file cannot mean what is static there, but its name is all that is known.
    assert_ne!(linked.call("hidden(); } // 3").0, Tier::Proven);
}

#[test]
fn several_definitions_are_possible() {
    let linked = linked(&[
        ("include/port.h", "int port_open(int a);\n"),
        (
            "src/unix/port.c",
            "#include \"port.h\"\nint port_open(int a) { return a; }\nint near(void) { return port_open(1); } // 1\n",
        ),
        ("src/win/port.c", "#include \"port.h\"\nint port_open(int a) { return -a; }\n"),
        ("src/core.c", "#include \"port.h\"\nint far(void) { return port_open(1); } // 2\n"),
    ]);
    linked.proves("port_open(1); } // 1", "src/unix/port.c:2");
    linked.leaves("port_open(1); } // 2", &["src/unix/port.c:2", "src/win/port.c:2"]);
}

#[test]
fn macros_are_definitions() {
    let linked = linked(&[
        (
            "m.h",
            "#define TWICE(x) ((x) + (x))\n#ifdef _WIN32\n#define snprintf other_snprintf\nint recv(int a);\n#endif\n#ifdef TLS\nint tls_open(void);\n#endif\n",
        ),
        (
            "m.c",
            "#include <stdio.h>\n#include \"m.h\"\nint f(char *b) {\n  TWICE(2); // 1\n  snprintf(b, 1, \"\"); // 2\n  tls_open(); // 3\n  return recv(1); // 4\n}\n",
        ),
    ]);
    linked.proves("TWICE(2); // 1", "m.h:1");
    // A stand-in for the system's, under a condition.
    linked.leaves("snprintf(b, 1, \"\"); // 2", &["m.h:3"]);
    linked.proves("tls_open(); // 3", "m.h:7");
    linked.leaves("recv(1); // 4", &["m.h:4"]);
}

#[test]
fn variables_hide_functions() {
    let linked = linked(&[(
        "v.c",
        "typedef int (*hook)(int);\nstruct ops { hook open; int (*close)(int); };\nint open(int a) { return a; }\nint f(hook open, struct ops *o) {\n  int (*g)(int) = open;\n  open(1); // 1\n  g(1); // 2\n  o->close(2); // 3\n  { int (*h)(int) = g; h(3); } // 4\n  return 0;\n}\nint k(void) { return open(1); } // 5\n",
    )]);
    for mark in ["open(1); // 1", "g(1); // 2", "h(3); } // 4"] {
        linked.is_unresolved(mark);
    }
    linked.leaves("close(2); // 3", &["v.c:2"]);
    linked.proves("open(1); } // 5", "v.c:3");
}

#[test]
fn types_are_tags_or_typedefs() {
    let linked = linked(&[(
        "t.c",
        "struct node { struct node *next; }; // 1\ntypedef struct node node;\ntypedef struct { int x; } point;\nstruct node *f(void); // 2\nnode *g(void); // 3\npoint *h(void); // 4\nenum color { RED };\nenum color c; // 5\n",
    )]);
    let at = |mark: &str| linked.edge(ReferenceKind::Type, mark);
    assert_eq!(at("node *f(void); // 2"), (Tier::Proven, vec!["t.c:1".to_owned()]));
    assert_eq!(at("node *g(void); // 3"), (Tier::Proven, vec!["t.c:2".to_owned()]));
    assert_eq!(at("point *h(void); // 4"), (Tier::Proven, vec!["t.c:3".to_owned()]));
    assert_eq!(at("color c; // 5"), (Tier::Proven, vec!["t.c:7".to_owned()]));
}

#[test]
fn includes_are_found_by_the_end_of_their_path() {
    let linked = linked(&[
        ("include/kit/api.h", "void api(void);\n"),
        ("vendor/kit/other.h", "void other(void);\n"),
        ("src/string.h", "void strange(void);\n"),
        (
            "src/use.c",
            "#include <kit/api.h>\n#include \"kit/other.h\"\n#include <string.h>\nvoid f(void) {\n  api(); // 1\n  other(); // 2\n  strange(); // 3\n}\n",
        ),
    ]);
    linked.proves("api(); // 1", "include/kit/api.h:1");
    linked.proves("other(); // 2", "vendor/kit/other.h:1");
    assert_eq!(linked.call("strange(); // 3").0, Tier::Possible);
}
