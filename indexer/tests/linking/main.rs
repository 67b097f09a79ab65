//! From source to edges: which definition a call means, language by language.

mod c;
mod cpp;
mod csharp;
mod go;
mod java;
mod kotlin;
mod php;
mod ruby;
mod rust;
mod scala;
mod similar;
mod surface;
mod swift;

use graphrag::{Edge, FileFacts, Manifest, Tier, link};
use indexer::build_document;
use indexer::language::Parser;
use rag_core::{Document, ReferenceKind};

struct Linked {
    documents: Vec<Document>,
    edges: Vec<Edge>,
}

fn linked(files: &[(&str, &str)]) -> Linked {
    let mut parser = Parser::new();
    let documents: Vec<Document> =
        files.iter().map(|(path, text)| build_document(&mut parser, path, (*text).to_owned(), 1500)).collect();
    let facts: Vec<FileFacts> = documents.iter().map(FileFacts::of).collect();
    let manifests: Vec<Manifest> = files.iter().flat_map(|(path, text)| Manifest::read(path, text)).collect();
    let edges = link(&facts, &manifests);
    Linked { documents, edges }
}

impl Linked {
    /// Tier of the call whose line goes on as `mark` (or, if none starts there, of the last call on the line that ends
    /// with it), and the lines (1-based) it leads to.
    fn call(&self, mark: &str) -> (Tier, Vec<String>) {
        self.edge(ReferenceKind::Call, mark)
    }

    /// The same for another kind of use.
    fn edge(&self, kind: ReferenceKind, mark: &str) -> (Tier, Vec<String>) {
        let rest = |edge: &&Edge| {
            let document = &self.documents[edge.file as usize];
            document.text[edge.site.start as usize..].lines().next().unwrap_or("")
        };
        let marked = self.edges.iter().filter(|edge| edge.kind == kind && rest(edge).ends_with(mark));
        let mut marked: Vec<&Edge> = marked.collect();
        marked.sort_by_key(|edge| rest(edge) != mark);
        let exact = marked.first().filter(|edge| rest(edge) == mark);
        let edge = exact.or(marked.last()).unwrap_or_else(|| panic!("a use marked `{mark}`"));
        let targets = edge.targets.iter().map(|target| {
            let document = &self.documents[target.file as usize];
            let line = document.text[..target.name.start as usize].matches('\n').count() + 1;
            format!("{}:{line}", document.path)
        });
        (edge.tier, targets.collect())
    }

    fn proves(&self, mark: &str, target: &str) {
        assert_eq!(self.call(mark), (Tier::Proven, vec![target.to_owned()]), "{mark}");
    }

    /// The call leaves these candidates.
    fn leaves(&self, mark: &str, targets: &[&str]) {
        let targets = targets.iter().map(|target| (*target).to_owned()).collect();
        assert_eq!(self.call(mark), (Tier::Possible, targets), "{mark}");
    }

    fn is_external(&self, mark: &str) {
        assert_eq!(self.call(mark), (Tier::External, vec![]), "{mark}");
    }

    fn is_unresolved(&self, mark: &str) {
        assert_eq!(self.call(mark), (Tier::Unresolved, vec![]), "{mark}");
    }
}

#[test]
fn python_receivers_have_types() {
    let linked = linked(&[
        ("kit/__init__.py", "from .base import Base as Base\nfrom . import tools as tools\n"),
        (
            "kit/base.py",
            "class Base:\n    def go(self): ...\n    def __enter__(self):\n        return self\n    @classmethod\n    def make(cls):\n        return cls()\n\nclass Derived(Base):\n    def __init__(self):\n        self.part = Base()\n    def run(self):\n        self.part.go()  # 1\n        super().go()  # 2\n        self.go()  # 3\n",
        ),
        ("kit/tools.py", "from .base import Derived\ndef build() -> Derived: ...\ndef other():\n    return build()\n"),
        (
            "test_kit.py",
            "import kit\nfrom kit import tools as t\nkit.Base().go()  # 4\nt.build().run()  # 5\nt.other().go()  # 6\nwith kit.Base() as b:\n    b.go()  # 7\nkit.Base.make().go()  # 8\nfor x in [kit.Base()]:\n    x.go()  # 9\nkit.tools.build()  # 10\n",
        ),
    ]);
    for mark in ["# 1", "# 2", "# 3", "# 4", "# 6", "# 7", "# 8", "# 9"] {
        linked.proves(mark, "kit/base.py:2");
    }
    linked.proves("# 5", "kit/base.py:12");
    linked.proves("# 10", "kit/tools.py:2");
}

#[test]
fn python_namesakes_are_not_linked() {
    let linked = linked(&[
        (
            "own.py",
            "def loads(x): ...\ndef print(x): ...\nclass A:\n    def get(self): ...\n    def loads(self): ...\n",
        ),
        (
            "user.py",
            "import json\nfrom json import loads\njson.loads(1)  # 1\nloads(1)  # 2\nprint(1)  # 3\ndef f(loads, x):\n    loads()  # 4\n    x.get()  # 5\n    {}.get()  # 6\n    x.nowhere()  # 7\n",
        ),
    ]);
    for mark in ["# 1", "# 2", "# 3", "# 6"] {
        assert_eq!(linked.call(mark), (Tier::External, vec![]), "{mark}");
    }
    assert_eq!(linked.call("# 4").0, Tier::Possible);
    assert_eq!(linked.call("# 5"), (Tier::Possible, vec!["own.py:4".to_owned()]));
    assert_eq!(linked.call("# 7").0, Tier::Unresolved);
}

#[test]
fn python_branches_leave_several_definitions() {
    let linked = linked(&[(
        "a.py",
        "class A:\n    def go(self): ...\nclass B:\n    def go(self): ...\ndef f(c):\n    x = A()\n    if c:\n        x = B()\n        x.go()  # 1\n    x.go()  # 2\n    x = B()\n    x.go()  # 3\n",
    )]);
    linked.proves("# 1", "a.py:4");
    linked.proves("# 3", "a.py:4");
    assert_eq!(linked.call("# 2"), (Tier::Possible, vec!["a.py:2".to_owned(), "a.py:4".to_owned()]));
}

#[test]
fn typescript_follows_exports_and_chains() {
    let linked = linked(&[
        (
            "src/index.ts",
            "export * from './shape.js'\nexport {helper as help} from './helper'\nexport * as ns from './helper'\n",
        ),
        (
            "src/shape.ts",
            "export interface Shape { scale(n: number): this }\nexport class Box<T> implements Shape {\n  constructor(readonly item: T) {}\n  scale(n: number): this { return this }\n  get(): T { return this.item }\n}\nexport function box<T>(item: T): Box<T>;\nexport function box(item: any): any { return new Box(item) }\n",
        ),
        ("src/helper.ts", "export const helper = () => 1\nexport default class Main { run() {} }\n"),
        (
            "test/a.ts",
            "import * as lib from '../src'\nimport {help} from '../src/index'\nimport Main from '../src/helper'\nlib.box(1).scale(2)  // 1\nhelp()  // 2\nlib.ns.helper()  // 3\nnew Main().run()  // 4\nlib.box(new Main()).scale(1).get().run()  // 5\nconst o = { f() {} }\no.f()  // 6\nfunction g(fetch: any) { fetch() }  // 7\n",
        ),
    ]);
    linked.proves("scale(2)  // 1", "src/shape.ts:4");
    linked.proves("// 2", "src/helper.ts:1");
    linked.proves("helper()  // 3", "src/helper.ts:1");
    linked.proves("run()  // 4", "src/helper.ts:2");
    linked.proves("get().run()  // 5", "src/shape.ts:5");
    linked.proves("run()  // 5", "src/helper.ts:2");
    linked.proves("f()  // 6", "test/a.ts:9");
}

#[test]
fn typescript_contexts_type_parameters() {
    let linked = linked(&[(
        "a.ts",
        "export interface Node { walk(): void }\ninterface Maker<T> { new (d: any): T }\ndeclare function make<T>(init: (inst: T) => void): Maker<T>\nexport const Node: Maker<Node> = make((inst) => {\n  inst.walk()  // 1\n})\nfunction each(f: (n: Node) => void) {}\neach((n) => n.walk())  // 2\nnew Node(1).walk()  // 3\nconst twice = (x) => x\ntwice.walk()  // 4\n",
    )]);
    linked.proves("walk()  // 1", "a.ts:1");
    linked.proves("walk())  // 2", "a.ts:1");
    linked.proves("walk()  // 3", "a.ts:1");
    assert_eq!(linked.call("walk()  // 4").0, Tier::Possible);
}

#[test]
fn python_a_class_passed_as_parameter_may_be_a_derived_one() {
    let text = "class A: ...\ndef f(c: type[A]):\n    c()  # 1\n    k = A\n    k()  # 2\n";
    let linked = linked(&[("a.py", text)]);
    assert_eq!(linked.call("# 1"), (Tier::Possible, vec!["a.py:1".to_owned()]));
    linked.proves("# 2", "a.py:1");
}

#[test]
fn python_packages_name_their_parts() {
    let linked = linked(&[
        ("kit/__init__.py", "from . import part as part\nfrom .star import *\n"),
        ("kit/part.py", "def f(): ...\n"),
        ("kit/star.py", "def g(): ...\n"),
        ("user.py", "import kit\nimport kit.part as p\nkit.part.f()  # 1\nkit.g()  # 2\np.f()  # 3\n"),
    ]);
    linked.proves("f()  # 1", "kit/part.py:1");
    linked.proves("g()  # 2", "kit/star.py:1");
    linked.proves("f()  # 3", "kit/part.py:1");
}

#[test]
fn order_of_files_does_not_matter() {
    let files = [
        ("a.py", "from b import f\ndef g():\n    return f()\n"),
        ("b.py", "from a import g\ndef f():\n    return g()\n"),
        ("c.py", "import a, b\na.g()\nb.f()\n"),
    ];
    let mut turned = files;
    turned.reverse();
    let shape = |linked: &Linked| {
        let name = |file: u32| linked.documents[file as usize].path.clone();
        let mut edges: Vec<_> = linked
            .edges
            .iter()
            .map(|edge| {
                let targets: Vec<_> = edge.targets.iter().map(|target| (name(target.file), target.name)).collect();
                (name(edge.file), edge.site, edge.tier, targets)
            })
            .collect();
        edges.sort();
        edges
    };
    assert_eq!(shape(&linked(&files)), shape(&linked(&turned)));
}
