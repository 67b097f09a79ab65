//! How the files of a repository hang together, and where a walk from the hits leads.
//!
//! A report names what its author saw; what is to be changed is often a file that those files use. A personalised PageRank
//! (Haveliwala 2002) from the best hits finds it. Files that everything leads to are found from anywhere, so what counts is how
//! much more often the walk comes by than a walk from everywhere would.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use crate::error::Result;

/// Share of the walk that begins anew at the hits.
const RESTART: f64 = 0.5;
/// The same for the walk from everywhere (the usual 0.15 of PageRank).
const RESTART_ANYWHERE: f64 = 0.15;
/// Rounds of the power iteration; what a restart of a half leaves after so many is below a millionth.
const ROUNDS: usize = 20;
/// Going back along a link weighs so much of going along it.
const BACKWARDS: f64 = 0.5;
/// How much of being found from anywhere is taken off.
const COMMON: f64 = 0.8;

/// Weighted links between files.
pub struct FileLinks {
    files: HashMap<String, u32>,
    /// per file: the end of its arcs; arcs lead to a file with a share of the file's sum
    ends: Vec<usize>,
    arcs: Vec<(u32, f64)>,
    /// how often a walk from everywhere comes by
    anywhere: Vec<f64>,
}

impl FileLinks {
    /// The links between `files` (paths): from, to (indices) and weight, above 0. The same pair may come several times.
    pub fn new(files: Vec<String>, links: &[(u32, u32, f32)]) -> Self {
        let count = files.len();
        let known = |&&(from, to, weight): &&(u32, u32, f32)| {
            from != to && (from as usize) < count && (to as usize) < count && weight > 0.0
        };
        let mut both: Vec<(u32, u32, f64)> = Vec::new();
        for &(from, to, weight) in links.iter().filter(known) {
            both.push((from, to, weight.into()));
            both.push((to, from, f64::from(weight) * BACKWARDS));
        }
        both.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2)));
        let mut sums = vec![0.0; count];
        both.iter().for_each(|&(from, _, weight)| sums[from as usize] += weight);
        let mut ends = vec![0; count];
        both.iter().for_each(|&(from, ..)| ends[from as usize] += 1);
        let mut end = 0;
        for own in &mut ends {
            end += *own;
            *own = end;
        }
        let arcs = both.into_iter().map(|(from, to, weight)| (to, weight / sums[from as usize])).collect();
        let files = files.into_iter().zip(0..).collect();
        let mut links = FileLinks { files, ends, arcs, anywhere: Vec::new() };
        links.anywhere = links.visits(&vec![1.0 / count.max(1) as f64; count], RESTART_ANYWHERE);
        links
    }

    /// The number of the file at `path`.
    pub(super) fn file(&self, path: &str) -> Option<u32> {
        self.files.get(path).copied()
    }

    /// Per file: how much more often a walk from `seeds` (file and weight) comes by than one from anywhere, as a share of the
    /// largest. What begins there does not count.
    pub(super) fn walk(&self, seeds: &[(u32, f64)]) -> Vec<f32> {
        let sum: f64 = seeds.iter().map(|seed| seed.1).sum();
        let mut start = vec![0.0; self.ends.len()];
        seeds.iter().for_each(|&(file, weight)| start[file as usize] += weight / sum);
        let mut found = self.visits(&start, RESTART);
        for (file, visits) in found.iter_mut().enumerate() {
            let is_alone = self.ends[file] == file.checked_sub(1).map_or(0, |before| self.ends[before]);
            let arrived = if is_alone { 0.0 } else { (*visits - RESTART * start[file]).max(0.0) };
            *visits = arrived / self.anywhere[file].powf(COMMON);
        }
        let most = found.iter().copied().fold(0.0, f64::max);
        found.into_iter().map(|visits| if most > 0.0 { (visits / most) as f32 } else { 0.0 }).collect()
    }

    fn visits(&self, start: &[f64], restart: f64) -> Vec<f64> {
        let mut visits = start.to_vec();
        for _ in 0..ROUNDS {
            let mut next: Vec<f64> = start.iter().map(|start| restart * start).collect();
            let mut first = 0;
            for (file, &end) in self.ends.iter().enumerate() {
                let here = (1.0 - restart) * visits[file];
                for &(to, share) in &self.arcs[first..end] {
                    next[to as usize] += here * share;
                }
                first = end;
            }
            // What a file without links holds begins anew.
            let sum: f64 = next.iter().sum();
            if sum > 0.0 {
                next.iter_mut().for_each(|visits| *visits /= sum);
            }
            visits = next;
        }
        visits
    }
}

/// Makes the links between a repository's files when a query first wants them.
pub type LinkSource = Arc<dyn Fn() -> Result<FileLinks> + Send + Sync>;

/// The links of a repository, made once.
pub(super) struct Links {
    source: LinkSource,
    made: OnceLock<FileLinks>,
}

impl Links {
    pub(super) fn new(source: LinkSource) -> Self {
        Links { source, made: OnceLock::new() }
    }

    pub(super) fn get(&self) -> Result<&FileLinks> {
        match self.made.get() {
            Some(links) => Ok(links),
            None => {
                let links = (self.source)()?;
                Ok(self.made.get_or_init(|| links))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_finds_what_the_hits_use_rather_than_what_all_use() {
        let files = ["hit", "used", "hub", "a", "b", "c"].map(str::to_owned).to_vec();
        let links =
            FileLinks::new(files, &[(0, 1, 1.0), (0, 2, 1.0), (3, 2, 1.0), (4, 2, 1.0), (5, 2, 1.0), (9, 0, 1.0)]);
        let found = links.walk(&[(links.file("hit").expect("known"), 1.0)]);
        assert_eq!(found[1], 1.0);
        assert!(found[2] < 1.0 && found[3] < found[2], "{found:?}");
        assert_eq!(links.file("nowhere"), None);
    }

    #[test]
    fn no_links_lead_nowhere() {
        let links = FileLinks::new(vec!["alone".into()], &[]);
        assert_eq!(links.walk(&[(0, 1.0)]), [0.0]);
        assert_eq!(links.walk(&[]), [0.0]);
    }
}
