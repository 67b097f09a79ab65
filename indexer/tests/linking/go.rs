//! Go: packages, receivers, embedding.

use super::{Linked, linked};
use graphrag::Tier;
use rag_core::ReferenceKind;

const MODULE: (&str, &str) = ("go.mod", "module example.org/kit\n\ngo 1.22\n");

/// Links the files of a module.
fn module(files: &[(&str, &str)]) -> Linked {
    let mut all = vec![MODULE];
    all.extend_from_slice(files);
    linked(&all)
}

#[test]
fn a_package_is_its_folder() {
    let linked = module(&[
        ("a/one.go", "package a\n\nfunc Make() int { return help() } // 1\n"),
        ("a/two.go", "package a\n\nfunc help() int { return 1 }\n"),
        (
            "a/one_test.go",
            "package a_test\n\nimport \"example.org/kit/a\"\n\nfunc help() {}\n\nfunc T() {\n\ta.Make() // 2\n\thelp() // 3\n}\n",
        ),
        ("b/b.go", "package b\n\nfunc help() {}\n"),
    ]);
    linked.proves("help() } // 1", "a/two.go:3");
    linked.proves("// 2", "a/one.go:3");
    linked.proves("// 3", "a/one_test.go:5");
}

#[test]
fn imports_lead_to_folders() {
    let linked = module(&[
        (
            "util/util.go",
            "package util\n\ntype Box struct{}\n\nfunc New() *Box { return &Box{} }\n\nfunc (b *Box) Open() {}\n",
        ),
        ("go-names/names.go", "package names\n\nfunc Of() {}\n"),
        ("v2/api/api.go", "package api\n\nfunc Call() {}\n"),
        (
            "main.go",
            "package main\n\nimport (\n\t\"errors\"\n\t\"example.org/kit/go-names\"\n\tapi2 \"example.org/kit/v2/api\"\n\t. \"example.org/kit/util\"\n\tother \"example.org/kit/util\"\n\t\"example.org/kitten/util\"\n\t\"example.org/kit/gone\"\n)\n\nfunc main() {\n\tnames.Of() // 1\n\tapi2.Call() // 2\n\tNew().Open() // 3\n\tother.New() // 4\n\terrors.New() // 5\n\tutil.New() // 6\n\tgone.New() // 7\n\tlen(names) // 8\n}\n",
        ),
    ]);
    linked.proves("// 1", "go-names/names.go:3");
    linked.proves("// 2", "v2/api/api.go:3");
    linked.proves("New().Open() // 3", "util/util.go:5");
    linked.proves("Open() // 3", "util/util.go:7");
    linked.proves("New() // 4", "util/util.go:5");
    linked.is_external("// 5");
    linked.is_external("New() // 6");
    linked.leaves("// 7", &["util/util.go:5"]);
    linked.is_external("// 8");
}

#[test]
fn the_innermost_module_with_the_longest_path_wins() {
    let linked = linked(&[
        MODULE,
        ("tools/go.mod", "module example.org/kit/tools\n"),
        ("tools/gen/gen.go", "package gen\n\nfunc Run() {}\n"),
        ("x/x.go", "package x\n\nimport \"example.org/kit/tools/gen\"\n\nfunc f() { gen.Run() } // 1\n"),
    ]);
    linked.proves("Run() } // 1", "tools/gen/gen.go:3");
}

#[test]
fn without_a_module_nothing_is_proven_across_folders() {
    let linked = linked(&[
        ("errors/errors.go", "package errors\n\nfunc New() {}\n"),
        (
            "x.go",
            "package x\n\nimport (\n\t\"example.org/pkg/errors\"\n\t\"fmt\"\n)\n\nfunc f() {\n\terrors.New() // 1\n\tfmt.New() // 2\n}\n",
        ),
    ]);
    linked.leaves("// 1", &["errors/errors.go:3"]);
    linked.is_external("// 2");
}

#[test]
fn receivers_have_types() {
    let linked = module(&[
        (
            "t/types.go",
            "package t\n\ntype Node struct {\n\tnext *Node\n\tkids []*Node\n\tby map[string]Node\n\tin chan Node\n}\n\nfunc (n *Node) Walk() {}\n\ntype Other struct{}\n\nfunc (Other) Walk() {}\n",
        ),
        (
            "t/use.go",
            "package t\n\nimport \"strings\"\n\nfunc pair() (*Node, Other, error) { return nil, Other{}, nil }\n\nfunc use(n Node, rest ...Other) {\n\tn.next.Walk() // 1\n\tn.kids[0].Walk() // 2\n\tfor _, kid := range n.kids {\n\t\tkid.Walk() // 3\n\t}\n\tif v, ok := n.by[\"x\"]; ok {\n\t\tv.Walk() // 4\n\t}\n\t(<-n.in).Walk() // 5\n\ta, b, err := pair()\n\ta.Walk() // 6\n\tb.Walk() // 7\n\terr.Error() // 8\n\tvar s strings.Builder\n\ts.Walk() // 9\n\trest[0].Walk() // 10\n\tvar x any = n\n\tx.(Other).Walk() // 11\n\tswitch y := x.(type) {\n\tcase *Node:\n\t\ty.Walk() // 12\n\tcase Other:\n\t\ty.Walk() // 13\n\t}\n\tfunc(o Other) { o.Walk() }(b) // 14\n\tnew(Node).Walk() // 15\n\tmake([]Other, 1)[0].Walk() // 16\n\t[]Node{}[0].Walk() // 17\n\tappend(n.kids, nil)[1:][0].Walk() // 18\n\tx.Walk() // 19\n\tf := n.Walk\n\tf() // 20\n\tNode.Walk(n) // 21\n}\n",
        ),
    ]);
    let (node, other) = ("t/types.go:10", "t/types.go:14");
    for mark in ["1", "2", "3", "4", "5", "6", "12", "15", "17", "18"] {
        linked.proves(&format!("Walk() // {mark}"), node);
    }
    linked.proves("Walk(n) // 21", node);
    for mark in ["7", "10", "11", "13", "16"] {
        linked.proves(&format!("Walk() // {mark}"), other);
    }
    linked.proves("Walk() }(b) // 14", other);
    linked.is_external("// 8");
    linked.is_external("Walk() // 9");
    linked.leaves("Walk() // 19", &[node, other]);
    // It may be given another function before it is called.
    linked.leaves("f() // 20", &[node]);
}

#[test]
fn embedded_types_lend_their_members() {
    let linked = module(&[(
        "e.go",
        "package e\n\nimport \"sync\"\n\ntype Base struct{}\n\nfunc (b *Base) Go()  {}\nfunc (b *Base) Own() {}\n\ntype Middle struct {\n\t*Base\n}\n\ntype Top struct {\n\tMiddle\n\tsync.Mutex\n}\n\nfunc (t Top) Own() {}\n\ntype Left struct{ Base }\ntype Both struct {\n\tLeft\n\tMiddle\n}\n\ntype Hidden struct {\n\tMiddle\n\tsync.Locker\n}\n\ntype Plain Base\ntype Again = Top\n\nfunc f(t Top, m Middle, b Both, h Hidden, p Plain, a Again) {\n\tt.Go() // 1\n\tt.Own() // 2\n\tm.Own() // 3\n\tt.Middle.Base.Own() // 4\n\tt.Lock() // 5\n\th.Lock() // 6\n\tp.Go() // 7\n\ta.Own() // 8\n}\n",
    )]);
    // The mutex is nearer than what the middle embeds: it might hide it.
    linked.leaves("Go() // 1", &["e.go:7"]);
    linked.proves("Own() // 2", "e.go:19");
    linked.proves("Own() // 3", "e.go:8");
    linked.proves("Own() // 4", "e.go:8");
    linked.is_external("Lock() // 5");
    linked.is_external("Lock() // 6");
    // A defined type has no methods of what it is made of.
    assert_ne!(linked.call("Go() // 7").0, Tier::Proven);
    linked.proves("Own() // 8", "e.go:19");
}

#[test]
fn interfaces_prove_their_own_methods() {
    let linked = module(&[(
        "i.go",
        "package i\n\nimport \"io\"\n\ntype Reader interface{ Read() }\n\ntype Both interface {\n\tReader\n\tio.Closer\n\tDone() error\n}\n\ntype File struct{}\n\nfunc (File) Read() {}\nfunc (File) Done() error { return nil }\n\nfunc f(b Both) {\n\tb.Read() // 1\n\tb.Done() // 2\n\tb.Close() // 3\n\tb.Done().Error() // 4\n}\n",
    )]);
    linked.proves("Read() // 1", "i.go:5");
    linked.proves("Done() // 2", "i.go:10");
    linked.is_external("Close() // 3");
    linked.is_external("Error() // 4");
    let inherit = linked.edge(ReferenceKind::Inherit, "Reader");
    assert_eq!(inherit, (Tier::Proven, vec!["i.go:5".to_owned()]));
}

#[test]
fn structs_inherit_from_nothing() {
    let linked = module(&[(
        "s.go",
        "package s\n\ntype Runner interface{ Run() }\n\ntype Base struct{}\n\nfunc (Base) Run() {}\n\ntype Top struct{ Base }\n\nvar _ Runner = Top{}\n",
    )]);
    assert!(linked.edges.iter().all(|edge| edge.kind != ReferenceKind::Inherit));
}

#[test]
fn generic_types_keep_their_arguments() {
    let linked = module(&[(
        "g.go",
        "package g\n\ntype Item struct{}\n\nfunc (Item) Use() {}\n\ntype Other struct{}\n\nfunc (Other) Use() {}\n\ntype List[T any] struct{ all []T }\n\nfunc NewList[T any](first T) *List[T] { return nil }\n\nfunc (l *List[E]) First() E { return l.all[0] }\n\ntype User interface{ Use() }\n\nfunc Each[T User](x T) T {\n\tx.Use() // 1\n\treturn x\n}\n\nfunc f(l List[Item]) {\n\tl.First().Use() // 2\n\tNewList(Item{}).First().Use() // 3\n\tEach(Item{}).Use() // 4\n\tList[Item]{}.First().Use() // 5\n\tNewList[Item](1).First() // 6\n}\n",
    )]);
    linked.proves("Use() // 1", "g.go:17");
    for mark in ["2", "3", "4", "5"] {
        let (tier, targets) = linked.call(&format!("Use() // {mark}"));
        assert!(tier == Tier::Proven && targets == ["g.go:5"], "{mark}: {tier:?} {targets:?}");
    }
    linked.proves("First() // 6", "g.go:15");
}

#[test]
fn defined_types_are_made_of_others() {
    let linked = module(&[(
        "d.go",
        "package d\n\ntype Step struct{}\n\nfunc (Step) Run() {}\n\ntype Steps []Step\n\nfunc (s Steps) All() {\n\tfor _, step := range s {\n\t\tstep.Run() // 1\n\t}\n}\n\ntype Maker func() Step\n\ntype Kind int\n\nconst (\n\tA Kind = iota\n\tB\n)\n\nfunc (k Kind) Name() string { return \"\" }\n\nfunc f(m Maker) {\n\tm().Run() // 2\n\tB.Name() // 3\n\tSteps{}[0].Run() // 4\n\tKind(1).Name() // 5\n\tSteps(nil).All() // 6\n}\n",
    )]);
    for mark in ["1", "2", "4"] {
        linked.proves(&format!("Run() // {mark}"), "d.go:5");
    }
    linked.proves("Name() // 3", "d.go:24");
    linked.proves("Name() // 5", "d.go:24");
    linked.proves("All() // 6", "d.go:9");
    linked.proves("Kind(1).Name() // 5", "d.go:17");
}

#[test]
fn the_nearest_declaration_before_a_use_counts() {
    let linked = module(&[(
        "n.go",
        "package n\n\ntype A struct{}\n\nfunc (A) M() {}\n\ntype B struct{}\n\nfunc (B) M() {}\n\nfunc make1() B { return B{} }\n\nfunc run() {}\n\nfunc f(x A, run func(), n *n2) {\n\tif x := (B{}); true {\n\t\tx.M() // 1\n\t}\n\tx.M() // 2\n\t{\n\t\tx := x\n\t\tx.M() // 3\n\t}\n\trun() // 4\n\tn.M() // 5\n}\n\ntype n2 struct{ A }\n",
    )]);
    linked.proves("M() // 1", "n.go:9");
    linked.proves("M() // 2", "n.go:5");
    linked.proves("M() // 3", "n.go:5");
    // A parameter, whatever else has its name.
    linked.is_unresolved("run() // 4");
    linked.proves("M() // 5", "n.go:5");
}

#[test]
fn files_for_several_systems_leave_candidates() {
    let linked = module(&[
        ("s/a_linux.go", "package s\n\nfunc open() {}\n"),
        ("s/a_windows.go", "package s\n\nfunc open() {}\n"),
        ("s/s.go", "package s\n\nfunc f() { open() } // 1\n"),
    ]);
    linked.leaves("open() } // 1", &["s/a_linux.go:3", "s/a_windows.go:3"]);
}

#[test]
fn types_that_contain_themselves_end() {
    let linked = module(&[(
        "h.go",
        "package h\n\ntype A = map[A]A\ntype B C\ntype C B\ntype S struct{ T }\ntype T struct{ S }\ntype L[X any] struct{ L2[L[X]] }\ntype L2[X any] struct{ L[L2[X]] }\ntype F func(F) F\n\nfunc f(a A, b B, s S, l L[int], g F) {\n\ta[a][a].M() // 1\n\tb.M() // 2\n\ts.M() // 3\n\tl.M() // 4\n\tg(g)(g).M() // 5\n}\n",
    )]);
    for mark in ["1", "2", "3", "4", "5"] {
        assert_ne!(linked.call(&format!("M() // {mark}")).0, Tier::Proven);
    }
}
