//! From `HEAD` back in time.

use std::borrow::Cow;
use std::collections::{BinaryHeap, HashMap, HashSet};

use gix_hash::ObjectId;

use super::objects::{Missing, Objects, RawCommit};
use super::repository::Repository;
use super::tree::{self, Change};
use super::{Commit, History, TouchedFile};
use crate::scan::mask_secrets;

/// How many files of one commit are kept.
const MAX_CHANGES: usize = 10_000;
/// How many files of `HEAD` are known.
const MAX_PRESENT: usize = 2_000_000;
/// How much of a summary is kept, in bytes.
const MAX_SUMMARY: usize = 200;

/// The last `limit` commits; none if `HEAD` cannot be read.
pub(super) fn walk(objects: &mut Objects, repository: &Repository, head: ObjectId, limit: usize) -> Option<History> {
    let newest = objects.commit(head).ok()?;
    let root = tree::folder(objects, newest.tree, &repository.prefix).ok()??;
    let present = tree::changes(objects, None, Some(root), MAX_PRESENT).ok()?;
    let mut files = Files { present: present.into_iter().map(|file| file.path).collect(), ..Files::default() };
    let mut history = History { is_shallow: repository.is_shallow(), ..History::default() };

    // Commits are read when their child is compared with them, and met later.
    let mut known: HashMap<ObjectId, RawCommit> = HashMap::new();
    let mut open = BinaryHeap::from([(newest.time, head)]);
    let mut seen = HashSet::from([head]);
    known.insert(head, newest);
    for _ in 0..limit {
        let Some((time, id)) = open.pop() else { break };
        let Some(commit) = known.remove(&id) else { continue };
        let mut is_whole = true;
        for &parent in &commit.parents {
            if seen.contains(&parent) {
                continue;
            }
            match objects.commit(parent) {
                Ok(older) => {
                    seen.insert(parent);
                    open.push((older.time, parent));
                    known.insert(parent, older);
                }
                Err(_) => is_whole = false,
            }
        }
        if commit.parents.len() > 1 {
            continue;
        }
        let parent = match commit.parents.first() {
            // What a commit changed is unknown without its parent.
            Some(_) if !is_whole => {
                history.unreadable += usize::from(!history.is_shallow);
                continue;
            }
            // Met before, if clocks were wrong: read once more.
            Some(parent) => match known.get(parent) {
                Some(older) => Some(older.tree),
                None => objects.commit(*parent).ok().map(|older| older.tree),
            },
            None => None,
        };
        match changes(objects, repository, parent, commit.tree) {
            Ok(changes) if changes.is_empty() => {}
            Ok(changes) => {
                let summary = summary(&commit.summary);
                history.commits.push(Commit { id: id.to_string(), time, summary, files: files.touch(&changes) });
            }
            Err(Missing::Unreadable) => history.unreadable += 1,
            Err(Missing::Exhausted) => {
                history.is_cut = true;
                break;
            }
        }
    }
    history.files = files.list;
    Some(history)
}

fn changes(
    objects: &mut Objects,
    repository: &Repository,
    before: Option<ObjectId>,
    after: ObjectId,
) -> Result<Vec<Change>, Missing> {
    let before = match before {
        Some(tree) => tree::folder(objects, tree, &repository.prefix)?,
        None => None,
    };
    let after = tree::folder(objects, after, &repository.prefix)?;
    tree::changes(objects, before, after, MAX_CHANGES)
}

/// The start of the first line of a message, without secrets.
fn summary(line: &str) -> String {
    let (masked, _) = mask_secrets(Cow::Borrowed(line));
    masked[..masked.floor_char_boundary(MAX_SUMMARY)].trim_end().to_owned()
}

/// The files that were met so far, by their present paths.
#[derive(Default)]
struct Files {
    present: HashSet<String>,
    list: Vec<TouchedFile>,
    /// Path → file. A path that something was moved away from leads to where it is now.
    by_path: HashMap<String, u32>,
}

impl Files {
    fn number(&mut self, path: &str) -> u32 {
        if let Some(&number) = self.by_path.get(path) {
            return number;
        }
        let number = self.list.len() as u32;
        let is_present = self.present.contains(path);
        self.list.push(TouchedFile { path: path.to_owned(), is_present });
        self.by_path.insert(path.to_owned(), number);
        number
    }

    /// The files of a commit, and from now on (that is, for older commits) what they were called before it.
    fn touch(&mut self, changes: &[Change]) -> Vec<u32> {
        for (old, new) in moves(changes) {
            // A path that is in use again belongs to the file that has it now.
            if !self.present.contains(old) {
                let number = self.number(new);
                self.by_path.insert(old.to_owned(), number);
            }
        }
        let mut files: Vec<u32> = changes.iter().map(|change| self.number(&change.path)).collect();
        files.sort_unstable();
        files.dedup();
        files
    }
}

/// Files that were moved without a change: old and new path. Copies of one content (empty files) cannot be told apart.
fn moves(changes: &[Change]) -> Vec<(&str, &str)> {
    let mut by_content: HashMap<ObjectId, (Vec<&str>, Vec<&str>)> = HashMap::new();
    for change in changes {
        match (change.before, change.after) {
            (Some(content), None) => by_content.entry(content).or_default().0.push(&change.path),
            (None, Some(content)) => by_content.entry(content).or_default().1.push(&change.path),
            _ => {}
        }
    }
    let unique = by_content.into_values().filter_map(|pair| match (&pair.0[..], &pair.1[..]) {
        (&[old], &[new]) => Some((old, new)),
        _ => None,
    });
    let mut moves: Vec<(&str, &str)> = unique.collect();
    moves.sort_unstable();
    moves
}
