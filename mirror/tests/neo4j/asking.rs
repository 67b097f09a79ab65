//! Questions: the mirror answers as the embedded graph does.

use graphrag::Graph;
use graphrag::graph::{Follow, Impact, NodeId, Reached, Relation, Step};

use mirror::neo4j::{Changed, SyncOptions};

use crate::world::World;
use crate::{origin, server};

/// A node without its number.
fn name(graph: &Graph, id: NodeId) -> String {
    let node = graph.node(id);
    let lines = node.lines;
    format!("{} {} in {} at {lines:?} {:?}", node.kind.as_str(), node.name, graph.path(id), node.symbol)
}

/// All that a graph says, without numbers.
pub fn text(graph: &Graph) -> Vec<String> {
    let mut lines = Vec::new();
    for id in graph.ids() {
        let parent = graph.node(id).parent.map(|parent| name(graph, parent));
        lines.push(format!("{} within {parent:?}", name(graph, id)));
        for link in graph.uses(id) {
            lines.push(format!(
                "  {:?} {}",
                (link.relation, link.line, link.count, link.is_proven),
                name(graph, link.node)
            ));
            for evidence in graph.evidence(id, link.node) {
                let place = (graph.path(evidence.file), evidence.line, evidence.span, evidence.origin, evidence.words);
                lines.push(format!("    {place:?}"));
            }
        }
    }
    for (name_of_use, sites) in graph.unresolved_names() {
        let sites: Vec<String> =
            sites.map(|site| format!("{} {:?}", name(graph, site.node), (site.line, site.relation))).collect();
        lines.push(format!("{name_of_use}: {sites:?}"));
    }
    lines
}

fn reached(graph: &Graph, reached: &[Reached]) -> Vec<String> {
    let link =
        |reached: &Reached| (reached.link.relation, reached.link.line, reached.link.count, reached.link.is_proven);
    let line = |reached: &Reached| {
        let (node, from) = (name(graph, reached.node), name(graph, reached.from));
        format!("{node} from {from} by {:?} {} {}", link(reached), reached.distance, reached.is_proven)
    };
    reached.iter().map(line).collect()
}

fn steps(graph: &Graph, way: Option<Vec<Step>>) -> Option<Vec<String>> {
    let line = |(node, link): &Step| {
        let link = link.map(|link| (link.relation, link.line, link.is_proven, name(graph, link.node)));
        format!("{} {link:?}", name(graph, *node))
    };
    way.map(|steps| steps.iter().map(line).collect())
}

fn impact(graph: &Graph, impact: &Impact) -> Vec<Vec<String>> {
    [&impact.affected, &impact.tests, &impact.documents, &impact.together].map(|part| reached(graph, part)).to_vec()
}

/// What people write to name something.
fn words(world: &World, graph: &Graph) -> Vec<String> {
    let mut words: Vec<String> = world.files.keys().take(12).cloned().collect();
    words.extend(world.files.keys().take(6).map(|path| format!("{path}:12")));
    words.extend((0..12).map(|number| format!("name{number}")));
    words.extend(graph.ids().step_by(9).map(|id| graph.node(id).name.replace('.', "::")));
    words.extend(
        ["src", "src/", ".", "numpy", "token buckets", "Basket", "nothing", "", "name3.name4", "tests/x.py:9"]
            .map(str::to_owned),
    );
    words
}

const FOLLOWS: [Follow; 4] = [
    Follow { relations: &[], proven_only: false, depth: 1 },
    Follow { relations: &[Relation::Call], proven_only: false, depth: 3 },
    Follow { relations: &[], proven_only: true, depth: 8 },
    Follow { relations: &[Relation::Inherit, Relation::Override], proven_only: false, depth: 8 },
];

#[test]
fn the_whole_graph_comes_back() {
    let Some(server) = server() else { return };
    let (origin, world) = (origin("whole"), World::new(50));
    server.sync(&origin, 1, &world.graph(), SyncOptions::default()).unwrap();
    let view = server.whole(&origin).unwrap();
    assert_eq!(text(&view.graph), text(&world.graph()));
    assert_eq!(view.graph.communities(), world.graph().communities());
    let seeds = [(3, 1.0)];
    assert_eq!(view.graph.rank(&seeds, 20), world.graph().rank(&seeds, 20));
}

#[test]
fn what_a_node_uses_and_who_uses_it() {
    let Some(server) = server() else { return };
    let (origin, world) = (origin("uses"), World::new(40));
    let graph = world.graph();
    server.sync(&origin, 1, &graph, SyncOptions::default()).unwrap();
    let (mut answers, mut sites) = (0, 0);
    for word in words(&world, &graph) {
        let start = graph.find(&word);
        for (follow, backwards) in FOLLOWS.iter().zip([true, false, true, true]) {
            let view = server.uses(&origin, &word, backwards, *follow).unwrap();
            let names = |graph: &Graph, ids: &[NodeId]| ids.iter().map(|&id| name(graph, id)).collect::<Vec<_>>();
            assert_eq!(names(&view.graph, &view.start), names(&graph, &start), "{word}");
            assert_eq!(view.graph.find(&word), view.start, "{word}");
            let theirs = reached(&view.graph, &view.graph.reach(&view.start, backwards, *follow));
            let ours = reached(&graph, &graph.reach(&start, backwards, *follow));
            assert_eq!(theirs, ours, "{word} {follow:?}");
            answers += ours.len();
            for (&there, &here) in view.start.iter().zip(&start) {
                let text = |graph: &Graph, id| {
                    let sites = graph.unresolved(id).into_iter();
                    sites
                        .map(|site| format!("{} {} {:?}", name(graph, site.node), site.line, site.relation))
                        .collect::<Vec<_>>()
                };
                assert_eq!(text(&view.graph, there), text(&graph, here), "{word}");
                sites += text(&graph, here).len();
            }
        }
    }
    assert!(answers > 500 && sites > 50, "{answers} {sites}");
}

#[test]
fn ways_and_impact() {
    let Some(server) = server() else { return };
    let (origin, world) = (origin("ways"), World::new(40));
    let graph = world.graph();
    server.sync(&origin, 1, &graph, SyncOptions::default()).unwrap();
    let words: Vec<String> = words(&world, &graph).into_iter().step_by(3).collect();
    let mut ways = 0;
    for (from, to) in words.iter().zip(words.iter().skip(1)).chain(words.iter().zip(words.iter().rev())) {
        for follow in FOLLOWS {
            let view = server.way(&origin, from, to, follow).unwrap();
            let theirs = steps(&view.graph, view.graph.way(&view.start, &view.goal, follow));
            let ours = steps(&graph, graph.way(&graph.find(from), &graph.find(to), follow));
            ways += usize::from(ours.as_ref().is_some_and(|way| way.len() > 2));
            assert_eq!(theirs, ours, "{from} to {to} {follow:?}");
        }
    }
    assert!(ways > 10, "{ways}");
    let mut affected = 0;
    for word in &words {
        for depth in [1, 2, 4] {
            let follow = Follow { depth, ..FOLLOWS[0] };
            let view = server
                .impact(&origin, &[Changed::Named(word), Changed::Lines("src/file2.py", Some((5, 25)))], follow)
                .unwrap();
            let mut changed = graph.find(word);
            changed.extend(graph.symbols_in("src/file2.py", Some((5, 25))));
            changed.sort_unstable();
            changed.dedup();
            let ours = impact(&graph, &graph.impact(&changed, follow));
            affected += ours.iter().map(Vec::len).sum::<usize>();
            assert_eq!(impact(&view.graph, &view.graph.impact(&view.start, follow)), ours, "{word} {depth}");
        }
    }
    assert!(affected > 300, "{affected}");
}

#[test]
fn neighbors_and_what_a_node_holds() {
    let Some(server) = server() else { return };
    let (origin, world) = (origin("neighbors"), World::new(20));
    let graph = world.graph();
    server.sync(&origin, 1, &graph, SyncOptions::default()).unwrap();
    for word in ["src", "src/file2.py", ".", "name6", "numpy", "Token bucket"] {
        let view = server.neighbors(&origin, word, FOLLOWS[0]).unwrap();
        let start = graph.find(word);
        assert_eq!(view.start.len(), start.len(), "{word}");
        for (&there, &here) in view.start.iter().zip(&start) {
            let around = |graph: &Graph, id: NodeId| {
                let mut lines: Vec<String> = graph.children(id).into_iter().map(|child| name(graph, child)).collect();
                lines.push(format!("{:?}", graph.node(id).parent.map(|parent| name(graph, parent))));
                lines
                    .extend([true, false].iter().flat_map(|way| reached(graph, &graph.reach(&[id], *way, FOLLOWS[0]))));
                lines
            };
            assert_eq!(around(&view.graph, there), around(&graph, here), "{word}");
        }
    }
}

#[test]
fn a_repository_that_was_never_synced_is_no_empty_one() {
    let Some(server) = server() else { return };
    let error = server.uses(&origin("nobody"), "x", true, FOLLOWS[0]).err().unwrap().to_string();
    assert!(error.contains("holds no repository `nobody`"), "{error}");
}
