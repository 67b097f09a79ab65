//! In which files do two trees differ?

use std::cmp::Ordering;
use std::iter::Peekable;

use gix_hash::ObjectId;
use gix_object::TreeRefIter;
use gix_object::tree::EntryRef;

use super::objects::{Missing, Objects};

/// How deep folders are followed. Objects are not hashed again when they are read, so a made-up folder can hold itself.
const MAX_DEPTH: usize = 128;
/// Bytes of paths that one comparison makes; a million files have fewer.
const MAX_PATHS: usize = 128 << 20;

/// A file that differs.
pub(super) struct Change {
    pub(super) path: String,
    /// Its content before; none if it was added.
    pub(super) before: Option<ObjectId>,
    /// Its content after; none if it was removed.
    pub(super) after: Option<ObjectId>,
}

/// The folder `prefix` of a tree; none if there is none.
pub(super) fn folder(
    objects: &mut Objects,
    mut tree: ObjectId,
    prefix: &[String],
) -> Result<Option<ObjectId>, Missing> {
    for name in prefix {
        let entries = objects.tree(tree)?;
        let mut folders = entries_of(&entries).filter(|entry| entry.mode.is_tree());
        match folders.find(|entry| *entry.filename == name.as_bytes()) {
            Some(entry) => tree = entry.oid.to_owned(),
            None => return Ok(None),
        }
    }
    Ok(Some(tree))
}

/// The first `limit` changes from one tree to another; either can be absent. Names that are not UTF-8 are left out, and
/// whatever is behind the first [`MAX_PATHS`].
pub(super) fn changes(
    objects: &mut Objects,
    before: Option<ObjectId>,
    after: Option<ObjectId>,
    limit: usize,
) -> Result<Vec<Change>, Missing> {
    let mut found = Vec::new();
    let mut made = 0;
    let mut open = vec![(String::new(), 0, before, after)];
    while let Some((folder, depth, before, after)) = open.pop() {
        if before == after || depth > MAX_DEPTH {
            continue;
        }
        let before = before.map(|id| objects.tree(id)).transpose()?;
        let after = after.map(|id| objects.tree(id)).transpose()?;
        let mut before = entries_of(before.as_deref().unwrap_or_default()).peekable();
        let mut after = entries_of(after.as_deref().unwrap_or_default()).peekable();
        while let Some((old, new)) = next_pair(&mut before, &mut after) {
            let same = |(old, new): (&EntryRef, &EntryRef)| old.oid == new.oid;
            let Some(entry) = old.as_ref().or(new.as_ref()) else { break };
            if old.as_ref().zip(new.as_ref()).is_some_and(same) || entry.mode.is_commit() {
                continue;
            }
            let Ok(name) = std::str::from_utf8(entry.filename) else { continue };
            let path = format!("{folder}{name}");
            made += path.len();
            objects.spend(path.len());
            if made > MAX_PATHS {
                return Ok(found);
            }
            let (before, after) = (old.map(|entry| entry.oid.to_owned()), new.map(|entry| entry.oid.to_owned()));
            if entry.mode.is_tree() {
                open.push((path + "/", depth + 1, before, after));
            } else {
                found.push(Change { path, before, after });
                if found.len() >= limit {
                    return Ok(found);
                }
            }
        }
    }
    Ok(found)
}

fn entries_of(tree: &[u8]) -> impl Iterator<Item = EntryRef<'_>> {
    TreeRefIter::from_bytes(tree, gix_hash::Kind::Sha1).map_while(Result::ok)
}

/// The next entries of two trees: two of one name and kind, or one alone.
fn next_pair<'a>(
    before: &mut Peekable<impl Iterator<Item = EntryRef<'a>>>,
    after: &mut Peekable<impl Iterator<Item = EntryRef<'a>>>,
) -> Option<(Option<EntryRef<'a>>, Option<EntryRef<'a>>)> {
    let order = match (before.peek(), after.peek()) {
        (None, None) => return None,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(old), Some(new)) => place(old).cmp(place(new)),
    };
    Some(match order {
        Ordering::Less => (before.next(), None),
        Ordering::Equal => (before.next(), after.next()),
        Ordering::Greater => (None, after.next()),
    })
}

/// Entries are sorted as if the names of folders ended with a slash.
fn place<'a>(entry: &EntryRef<'a>) -> impl Iterator<Item = &'a u8> {
    entry.filename.iter().chain(entry.mode.is_tree().then_some(&b'/'))
}
