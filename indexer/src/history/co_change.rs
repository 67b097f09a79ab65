//! Which files change together?

use std::cmp::Reverse;
use std::collections::HashMap;

use super::{History, Limits};

/// A file that changes together with another.
#[derive(Clone, Debug, PartialEq)]
pub struct CoChange {
    /// Path of the file.
    pub path: String,
    /// Path of the file that changes with it.
    pub with: String,
    /// Number of commits that touched both.
    pub count: u32,
    /// Share of these among the commits that touched either (Jaccard's index), in (0, 1].
    pub strength: f32,
}

/// The other file of a pair.
struct Partner {
    file: u32,
    count: u32,
    strength: f32,
}

impl History {
    /// For each file that still exists, those that changed together with it, strongest first. Sorted by path; ties break by
    /// count, then by path. Bulk edits count nowhere.
    pub fn co_changed(&self, limits: &Limits) -> Vec<CoChange> {
        let mut changes: HashMap<u32, u32> = HashMap::new();
        let mut pairs: HashMap<(u32, u32), u32> = HashMap::new();
        for commit in self.commits.iter().filter(|commit| commit.files.len() <= limits.bulk) {
            let present = |file: &u32| self.files.get(*file as usize).is_some_and(|file| file.is_present);
            let files: Vec<u32> = commit.files.iter().copied().filter(present).collect();
            for (at, &a) in files.iter().enumerate() {
                *changes.entry(a).or_default() += 1;
                for &b in &files[at + 1..] {
                    *pairs.entry((a, b)).or_default() += 1;
                }
            }
        }
        let path = |file: u32| &self.files[file as usize].path;
        let mut partners: HashMap<u32, Vec<Partner>> = HashMap::new();
        for ((a, b), count) in pairs.into_iter().filter(|(_, count)| *count >= limits.support) {
            let strength = count as f32 / (changes[&a] + changes[&b] - count) as f32;
            partners.entry(a).or_default().push(Partner { file: b, count, strength });
            partners.entry(b).or_default().push(Partner { file: a, count, strength });
        }
        let mut files: Vec<(u32, Vec<Partner>)> = partners.into_iter().collect();
        files.sort_unstable_by_key(|(file, _)| path(*file));
        let mut found = Vec::new();
        for (file, mut with) in files {
            with.sort_unstable_by(|a, b| {
                let ties = (Reverse(a.count), path(a.file)).cmp(&(Reverse(b.count), path(b.file)));
                b.strength.total_cmp(&a.strength).then(ties)
            });
            with.truncate(limits.partners);
            found.extend(with.into_iter().map(|partner| CoChange {
                path: path(file).clone(),
                with: path(partner.file).clone(),
                count: partner.count,
                strength: partner.strength,
            }));
        }
        found
    }
}
