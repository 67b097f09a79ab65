//! The law of the graph: after any edits it is, byte for byte, the graph of a repository that is indexed anew. And what it
//! takes from beside the index: git history and SCIP.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cogo::{Engine, EngineOptions};

use crate::repository::Random;

/// Versions of files that use each other, in every language that is resolved, and documents.
const FILES: &[(&str, &[&str])] = &[
    (
        "shop/prices.py",
        &[
            "class Tax:\n    def apply(self, amount):\n        return amount\n\n\ndef price(item):\n    return item\n",
            "class Tax:\n    def apply(self, amount):\n        return self.rate() * amount\n\n    def rate(self):\n        return 1\n",
            "import numpy\n\n\ndef price(item):\n    return numpy.round(item)\n",
        ],
    ),
    (
        "shop/basket.py",
        &[
            "from shop.prices import Tax, price\n\n\ndef total(items, tax: Tax):\n    return tax.apply(sum(price(i) for i in items))\n",
            "from .prices import *\n\n\nclass Free(Tax):\n    def apply(self, amount):\n        return 0\n\n\ndef total(items):\n    return Free().apply(items.vanish())\n",
        ],
    ),
    ("shop/__init__.py", &["", "from .basket import total\n"]),
    (
        "web/app.ts",
        &[
            "import { Store } from './store';\nexport function run(store: Store) { store.get(1); }\n",
            "import { Store } from './store';\nimport lodash from 'lodash';\nclass Mine extends Store { get(n: number) { return lodash(n); } }\nnew Mine().get(2);\n",
        ],
    ),
    (
        "web/store.ts",
        &[
            "export class Store { get(n: number) { return n; } }\n",
            "export interface Store { get(n: number): number }\n",
        ],
    ),
    (
        "src/lib.rs",
        &[
            "mod part;\npub fn go() { part::step(); }\n",
            "mod part;\nuse part::step;\nfn go() { step(); std::mem::take(&mut 1); }\n",
        ],
    ),
    ("src/part.rs", &["pub fn step() {}\n", "pub trait Walk { fn step(&self) {} }\npub fn step() {}\n"]),
    ("Cargo.toml", &["[package]\nname = \"kit\"\n"]),
    ("go.mod", &["module example.org/kit\n"]),
    (
        "pkg/a.go",
        &["package pkg\n\nfunc A() { B() }\n", "package pkg\n\nimport \"fmt\"\n\nfunc A() { fmt.Println(B()) }\n"],
    ),
    (
        "pkg/b.go",
        &["package pkg\n\nfunc B() int { return 1 }\n", "package pkg\n\ntype T struct{}\n\nfunc (T) B() {}\n"],
    ),
    (
        "java/p/A.java",
        &[
            "package p;\nclass A { void f() { new B().g(); } }\n",
            "package p;\nclass A extends B { void g() { super.g(); } }\n",
        ],
    ),
    (
        "java/p/B.java",
        &[
            "package p;\nclass B { void g() {} }\n",
            "package p;\nimport java.util.List;\nclass B { void g() {} void g(int n) {} }\n",
        ],
    ),
    ("shop/copy.py", &[COPIED, CHANGED]),
    ("shop/other.py", &[CHANGED, COPIED]),
    ("shop/server.py", &[COPIED, "import os\n\n@app.get('/prices')\ndef prices():\n    return os.environ['PRICES']\n"]),
    ("app.example.env", &["PRICES=\n", "OTHER=1\n"]),
    ("lib/c.rb", &["def helper\n  total\nend\n", "class Helper\nend\n"]),
    (
        "README.md",
        &[
            "# Kit\n\nSee `Tax.apply` and `shop.basket.total`, in shop/prices.py.\n",
            "# Kit\n\n## Store\n\n`Store.get` is called by run().\n",
        ],
    ),
];

/// A function that is long enough to be seen as a copy, and one that is almost the same.
const COPIED: &str = "def cheapest(items, limit):\n    found = []\n    for item in items[:limit]:\n        if item.price > 10 and not item.sold:\n            found.append(item)\n        else:\n            log(item, 'left out')\n    found.sort(key=lambda item: item.price)\n    return found[0] if found else None\n";
const CHANGED: &str = "def cheapest(items, limit):\n    found = []\n    for item in items[:limit]:\n        if item.price > 20 and not item.sold:\n            found.append(item)\n        else:\n            log(item, 'left out')\n    found.sort(key=lambda item: item.price)\n    return found[0] if found else None\n";

fn engine(root: &Path, folder: PathBuf) -> Engine {
    Engine::new(root, EngineOptions { folder: Some(folder), ..EngineOptions::default() })
}

/// The bytes of the graph of an engine's newest generation.
fn graph(engine: &Engine) -> Vec<u8> {
    engine.refresh(&|_| ()).expect("index");
    engine.graph().expect("a graph");
    let generation = engine.snapshot().expect("a snapshot").manifest.generation;
    fs::read(engine.store().folder().join(format!("gen-{generation:06}/graph.bin"))).expect("it is kept")
}

#[test]
fn edits_end_in_the_graph_of_a_clean_rebuild() {
    let root = tempfile::tempdir().expect("temp dir");
    let indexes = tempfile::tempdir().expect("temp dir");
    let edited = engine(root.path(), indexes.path().join("edited"));
    let mut random = Random(0x9a9);
    let mut links = 0;
    let mut relations = std::collections::BTreeSet::new();
    for round in 0..40 {
        for _ in 0..=random.below(4) {
            let (path, versions) = FILES[random.below(FILES.len())];
            let path = root.path().join(path);
            match random.below(6) {
                0 => drop(fs::remove_file(path)),
                _ => {
                    fs::create_dir_all(path.parent().expect("a folder")).expect("create");
                    fs::write(path, versions[random.below(versions.len())]).expect("write");
                }
            }
        }
        let anew = engine(root.path(), indexes.path().join(format!("anew-{round}")));
        assert!(graph(&edited) == graph(&anew), "round {round}");
        let graph = anew.graph().expect("a graph");
        links = links.max(graph.size().1);
        relations
            .extend(graph.ids().flat_map(|id| graph.uses(id).map(|link| link.relation.as_str()).collect::<Vec<_>>()));
    }
    assert!(links > 12, "the files hang together: {links}");
    assert!(["similar", "route", "read", "set"].iter().all(|relation| relations.contains(relation)), "{relations:?}");
}

#[test]
fn a_graph_that_was_kept_is_the_one_that_was_made() {
    let root = tempfile::tempdir().expect("temp dir");
    for (path, versions) in FILES {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("create");
        fs::write(path, versions[0]).expect("write");
    }
    let describe = |engine: &Engine| {
        engine.refresh(&|_| ()).expect("index");
        let graph = engine.graph().expect("a graph");
        let node = |id| format!("{:?} {} {:?}", graph.node(id), graph.path(id), graph.uses(id).collect::<Vec<_>>());
        let used = |id| format!("{:?} {:?}", graph.used_by(id).collect::<Vec<_>>(), graph.unresolved(id));
        graph.ids().map(|id| node(id) + &used(id)).collect::<Vec<String>>()
    };
    let folder = root.path().join(".cogo");
    let made = describe(&engine(root.path(), folder.clone()));
    assert_eq!(describe(&engine(root.path(), folder)), made);
}

/// Runs git in `root`; false if there is no git.
fn git(root: &Path, args: &[&str]) -> bool {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
    let status = Command::new("git").current_dir(root).args(identity).args(args).output();
    status.is_ok_and(|output| output.status.success())
}

#[test]
fn files_that_were_committed_together_are_linked() {
    let root = tempfile::tempdir().expect("temp dir");
    let root = root.path();
    if !git(root, &["init", "-q"]) {
        println!("skipped files_that_were_committed_together_are_linked: git cannot be run");
        return;
    }
    for version in 0..3 {
        for name in ["a.py", "b.py"] {
            fs::write(root.join(name), format!("x = {version}\n")).expect("write");
        }
        fs::write(root.join(format!("alone{version}.py")), "y = 1\n").expect("write");
        assert!(git(root, &["add", "."]) && git(root, &["commit", "-q", "-m", "change"]));
    }
    let engine = engine(root, root.join(".cogo"));
    engine.refresh(&|_| ()).expect("index");
    let graph = engine.graph().expect("a graph");
    let (a, b) = (graph.file("a.py").expect("a file"), graph.file("b.py").expect("a file"));
    let links: Vec<_> = graph.uses(a).collect();
    assert_eq!(links.len(), 1, "{links:?}");
    assert_eq!((links[0].node, links[0].relation.as_str(), links[0].count), (b, "co-change", 3));
}

#[test]
fn a_scip_index_goes_before_our_own_answers() {
    let root = tempfile::tempdir().expect("temp dir");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("indexer/tests/scip");
    for name in ["shop.py", "till.py"] {
        fs::copy(sources.join("python").join(name), root.path().join(name)).expect("copy");
    }
    let proven = |engine: &Engine| {
        engine.refresh(&|_| ()).expect("index");
        let graph = engine.graph().expect("a graph");
        graph.ids().flat_map(|id| graph.uses(id)).filter(|link| link.is_proven).count()
    };
    let without = proven(&engine(root.path(), root.path().join(".cogo")));
    let with = engine(root.path(), root.path().join(".cogo")).with_scip(sources.join("python.scip"));
    let with = proven(&with);
    assert!(with > without, "{with} against {without}");
    // In the root it is found without being named; a broken one is left out.
    fs::copy(sources.join("python.scip"), root.path().join("index.scip")).expect("copy");
    assert_eq!(proven(&engine(root.path(), root.path().join(".cogo"))), with);
    fs::write(root.path().join("index.scip"), b"nonsense").expect("write");
    assert_eq!(proven(&engine(root.path(), root.path().join(".cogo"))), without);
}
