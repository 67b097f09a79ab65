//! The graph of passages and concepts, and the walk over it.

use super::{ABOUT, Concept};

/// Chance that the walk starts anew at every step.
const RESTART: f32 = 0.3;
/// Share of the starts that lie at what the question names, and not at hits.
const FROM_QUESTION: f32 = 0.5;
/// Steps of the walk; what is left after them is below 3 %.
const STEPS: usize = 10;
/// How much likelier it is to go on to a passage about a concept than to one that mentions it.
const ABOUT_WEIGHT: f32 = 10.0;
/// A concept that more passages mention, and none is about, leads everywhere and so nowhere.
const HUB: usize = 60;

/// A passage where the walk starts, and how likely.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed {
    /// The passage.
    pub passage: u32,
    /// Its weight; only the proportions count.
    pub weight: f32,
}

/// Who mentions what. Passages are numbered by the caller.
pub(crate) struct ConceptGraph {
    passages: usize,
    /// sorted
    concepts: Vec<Concept>,
    /// weight of a concept: the fewer passages, the more
    rarity: Vec<f32>,
    /// per concept: its passages, with the share of the walk that goes on to each
    to_passages: Edges,
    /// per passage: its concepts, likewise
    to_concepts: Edges,
}

/// Weighted edges from each node, in one array (CSR).
#[derive(Default)]
struct Edges {
    ends: Vec<u32>,
    targets: Vec<u32>,
    shares: Vec<f32>,
}

impl Edges {
    /// From (source, target, weight), sorted by source; weights become shares.
    fn new(sources: usize, edges: &[(u32, u32, f32)]) -> Self {
        let mut made = Edges { ends: vec![0; sources], targets: Vec::new(), shares: Vec::new() };
        for group in edges.chunk_by(|a, b| a.0 == b.0) {
            let sum: f32 = group.iter().map(|edge| edge.2).sum();
            made.targets.extend(group.iter().map(|edge| edge.1));
            made.shares.extend(group.iter().map(|edge| edge.2 / sum));
            made.ends[group[0].0 as usize] = made.targets.len() as u32;
        }
        let mut last = 0;
        for end in &mut made.ends {
            last = last.max(*end);
            *end = last;
        }
        made
    }

    /// Adds to each target its share of what lies at the sources.
    fn spread(&self, from: &[f32], to: &mut [f32], factor: f32) {
        let mut start = 0;
        for (source, &end) in self.ends.iter().enumerate() {
            let range = start as usize..end as usize;
            start = end;
            let amount = from[source] * factor;
            if amount > 0.0 {
                for (target, share) in self.targets[range.clone()].iter().zip(&self.shares[range]) {
                    to[*target as usize] += amount * share;
                }
            }
        }
    }
}

impl ConceptGraph {
    /// A graph of `passages` passages; `mentions` holds (concept, passage), the lowest bit of a concept set where the
    /// passage is about it.
    pub(crate) fn new(passages: usize, mut mentions: Vec<(Concept, u32)>) -> Self {
        mentions.sort_unstable();
        let name = |mention: &(Concept, u32)| mention.0 & !ABOUT;
        let mut graph = ConceptGraph {
            passages,
            concepts: Vec::new(),
            rarity: Vec::new(),
            to_passages: Edges::default(),
            to_concepts: Edges::default(),
        };
        let (mut down, mut up) = (Vec::new(), Vec::new());
        for group in mentions.chunk_by(|a, b| name(a) == name(b)) {
            let known = group.iter().any(|mention| mention.0 & ABOUT != 0);
            // One passage leads nowhere, unless the question names what it is about.
            if !known && (group.len() == 1 || group.len() > HUB) {
                continue;
            }
            let number = graph.concepts.len() as u32;
            let rarity = ((passages + 1) as f32 / group.len() as f32).ln();
            let mention_weight = if group.len() > HUB { 1.0 / group.len() as f32 } else { 1.0 };
            for &(concept, passage) in group {
                down.push((number, passage, if concept & ABOUT != 0 { ABOUT_WEIGHT } else { mention_weight }));
                up.push((passage, number, rarity));
            }
            graph.concepts.push(name(&group[0]));
            graph.rarity.push(rarity);
        }
        up.sort_unstable_by_key(|(passage, concept, _)| (*passage, *concept));
        graph.to_passages = Edges::new(graph.concepts.len(), &down);
        graph.to_concepts = Edges::new(passages, &up);
        graph
    }

    /// Personalised PageRank (Haveliwala 2002; over passages and phrases as in HippoRAG, Gutiérrez et al. 2024): how
    /// often the walk comes by each passage, if it starts at `seeds` and at what the question names.
    pub(crate) fn walk(&self, seeds: &[Seed], question: &[Concept]) -> Vec<f32> {
        let mut start = vec![0.0; self.passages];
        let mut start_concepts = vec![0.0; self.concepts.len()];
        let named: Vec<usize> =
            question.iter().filter_map(|concept| self.concepts.binary_search(concept).ok()).collect();
        let from_question = if named.is_empty() { 0.0 } else { FROM_QUESTION };
        let sum: f32 = named.iter().map(|&concept| self.rarity[concept]).sum();
        for &concept in &named {
            start_concepts[concept] += from_question * self.rarity[concept] / sum;
        }
        let sum: f32 = seeds.iter().map(|seed| seed.weight).sum();
        for seed in seeds {
            start[seed.passage as usize] += (1.0 - from_question) * seed.weight / sum;
        }
        let (mut passages, mut concepts) = (start.clone(), start_concepts.clone());
        for _ in 0..STEPS {
            let mut next_passages: Vec<f32> = start.iter().map(|x| RESTART * x).collect();
            let mut next_concepts: Vec<f32> = start_concepts.iter().map(|x| RESTART * x).collect();
            self.to_concepts.spread(&passages, &mut next_concepts, 1.0 - RESTART);
            self.to_passages.spread(&concepts, &mut next_passages, 1.0 - RESTART);
            (passages, concepts) = (next_passages, next_concepts);
        }
        passages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_reaches_what_a_hit_names() {
        // 0 is the hit and mentions concept 2; 1 is about it; 3 mentions it, too; 2 has nothing to do with any of them.
        let mentions = vec![(2, 0), (2 | ABOUT, 1), (2, 3), (4, 2), (4 | ABOUT, 2)];
        let graph = ConceptGraph::new(4, mentions);
        let found = graph.walk(&[Seed { passage: 0, weight: 1.0 }], &[]);
        assert!(found[0] > found[1] && found[1] > found[3] && found[3] > 0.0, "{found:?}");
        assert_eq!(found[2], 0.0);
        let named = graph.walk(&[Seed { passage: 0, weight: 1.0 }], &[4]);
        assert!(named[2] > 0.0);
    }

    #[test]
    fn an_empty_graph_gives_nothing() {
        let graph = ConceptGraph::new(2, Vec::new());
        assert_eq!(graph.walk(&[], &[7]), [0.0, 0.0]);
    }
}
