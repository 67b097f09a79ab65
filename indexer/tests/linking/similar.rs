//! Copies, and uses that too many definitions may be meant by.

use super::linked;
use graphrag::graph::{Follow, Relation};
use graphrag::{FileFacts, Graph, resolve};

fn graph(files: &[(&str, &str)]) -> Graph {
    let documents = linked(files).documents;
    let facts: Vec<FileFacts> = documents.iter().map(FileFacts::of).collect();
    Graph::new(&facts, resolve(&facts, &[]), &[], &Default::default())
}

const BODY: &str = "(items, limit):\n    found = []\n    for item in items[:limit]:\n        if item.price > 10 and not item.sold:\n            \
    found.append(item)\n        else:\n            log(item, 'left out')\n    found.sort(key=lambda item: item.price)\n    \
    return found[0] if found else None\n";

#[test]
fn copies_are_linked_and_change_nothing_else() {
    let one = format!("def pick{BODY}\ndef user():\n    return pick([], 1)\n");
    // Documentation and comments make no difference, a name does.
    let two = format!("# A copy.\ndef pick{}", BODY.replace(":\n    found", ":\n    \"\"\"Picks.\"\"\"\n    found"));
    let three = format!("def choose{BODY}");
    let files = [("a.py", &*one), ("b.py", &*two), ("c.py", &*three)];
    let graph = graph(&files);
    let of = |path: &str| graph.symbols_of(graph.file(path).expect("a file")).start;
    let (a, b, c) = (of("a.py"), of("b.py"), of("c.py"));
    let similar = |id| {
        let links = graph.uses(id).filter(|link| link.relation == Relation::Similar);
        links.map(|link| (link.node, link.is_proven, link.count)).collect::<Vec<_>>()
    };
    assert_eq!(similar(a)[0], (b, true, 1000));
    assert!(matches!(similar(a)[1], (node, false, 700..1000) if node == c), "{:?}", similar(a));
    assert_eq!(similar(b), [(a, true, 1000)], "one of those that are equal is compared with the rest");
    assert_eq!(similar(c).len(), 1);
    // It is no use: nobody gets to the copy by what he uses, and a change of the one does not reach the other.
    let follow = Follow { relations: &[], proven_only: false, depth: 8 };
    assert_eq!(graph.way(&[a], &[b], follow), None);
    assert!(graph.way(&[a], &[b], Follow { relations: &[Relation::Similar], ..follow }).is_some());
    assert!(graph.impact(&[a], follow).affected.iter().all(|reached| reached.node != b));
    assert!(graph.uses_between_files().is_empty());
    assert!(graph.rank(&[(a, 1.0)], 10).iter().all(|(node, _)| ![b, c].contains(node)));
}

#[test]
fn a_use_that_too_many_may_be_meant_by_says_how_many() {
    let many: String = (0..70).map(|number| format!("class C{number}:\n    def go(self): ...\n")).collect();
    let graph = graph(&[("a.py", &many), ("b.py", "def f(x):\n    x.go()\n")]);
    let first = graph.find("C0.go")[0];
    assert_eq!(graph.used_by(first).len(), 0);
    let sites: Vec<(u32, u32)> = graph.unresolved(first).iter().map(|site| (site.line, site.candidates)).collect();
    assert_eq!(sites, [(2, 70)]);
}
