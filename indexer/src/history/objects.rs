//! Reads commits and trees, and keeps the trees: those of one commit are nearly those of the next.

use std::collections::HashMap;
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::commit::ref_iter::Token;
use gix_object::{CommitRefIter, Find, Kind};

use super::repository::Repository;

/// The largest object that is read: commits and trees are small.
const MAX_OBJECT: usize = 64 << 20;
/// Bytes of trees that are kept.
const KEPT_TREES: usize = 64 << 20;
/// Bytes of objects that the pack reader keeps, as others are stored as changes to them.
const KEPT_DELTAS: usize = 32 << 20;
/// Bytes of trees that are compared, and of paths that are made of them, in one run.
const BUDGET: u64 = 4 << 30;

/// Why something is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The object is absent, damaged, or of another kind.
    Unreadable,
    /// The run read too much already.
    Exhausted,
}

/// What a commit says.
pub(super) struct RawCommit {
    pub(super) tree: ObjectId,
    pub(super) parents: Vec<ObjectId>,
    /// Seconds since 1970.
    pub(super) time: i64,
    /// First line of the message.
    pub(super) summary: String,
}

pub(super) struct Objects {
    store: gix_odb::Handle,
    buffer: Vec<u8>,
    trees: HashMap<ObjectId, Rc<[u8]>>,
    kept: usize,
    spent: u64,
}

impl Objects {
    pub(super) fn open(repository: &Repository) -> Option<Self> {
        let options = gix_odb::store::init::Options { alloc_limit_bytes: Some(MAX_OBJECT), ..Default::default() };
        let store = gix_odb::at_opts(repository.objects(), gix_hash::Kind::Sha1, None, options).ok()?;
        let store = store.with_pack_cache(|| Box::new(gix_pack::cache::lru::MemoryCappedHashmap::new(KEPT_DELTAS)));
        Some(Objects { store, buffer: Vec::new(), trees: HashMap::new(), kept: 0, spent: 0 })
    }

    pub(super) fn commit(&mut self, id: ObjectId) -> Result<RawCommit, Missing> {
        let data = self.store.try_find(&id, &mut self.buffer).ok().flatten().ok_or(Missing::Unreadable)?;
        if data.kind != Kind::Commit {
            return Err(Missing::Unreadable);
        }
        let (mut tree, mut parents, mut time, mut summary) = (None, Vec::new(), 0, String::new());
        for token in CommitRefIter::from_bytes(data.data, gix_hash::Kind::Sha1) {
            match token.map_err(|_| Missing::Unreadable)? {
                Token::Tree { id } => tree = Some(id),
                Token::Parent { id } => parents.push(id),
                Token::Committer { signature } => time = signature.seconds(),
                Token::Message(message) => {
                    let message = message.trim_ascii_start();
                    let first = message.split(|byte| *byte == b'\n').next().unwrap_or_default();
                    summary = String::from_utf8_lossy(first.trim_ascii_end()).into_owned();
                }
                _ => {}
            }
        }
        let tree = tree.ok_or(Missing::Unreadable)?;
        Ok(RawCommit { tree, parents, time, summary })
    }

    /// Counts work of this many bytes.
    pub(super) fn spend(&mut self, bytes: usize) {
        self.spent += bytes as u64;
    }

    /// The entries of a tree, as stored.
    pub(super) fn tree(&mut self, id: ObjectId) -> Result<Rc<[u8]>, Missing> {
        if self.spent > BUDGET {
            return Err(Missing::Exhausted);
        }
        if let Some(tree) = self.trees.get(&id) {
            self.spent += tree.len() as u64 + 1;
            return Ok(tree.clone());
        }
        let data = self.store.try_find(&id, &mut self.buffer).ok().flatten().ok_or(Missing::Unreadable)?;
        if data.kind != Kind::Tree {
            return Err(Missing::Unreadable);
        }
        let tree: Rc<[u8]> = data.data.into();
        self.spent += tree.len() as u64 + 1;
        if self.kept > KEPT_TREES {
            self.trees.clear();
            self.kept = 0;
        }
        self.kept += tree.len();
        self.trees.insert(id, tree.clone());
        Ok(tree)
    }
}
