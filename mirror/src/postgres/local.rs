//! The documents of a generation, by their digests.

use std::collections::HashMap;

use rag_core::store::{Segment, Sums};
use rag_core::{Result, Snapshot};
use rayon::prelude::*;

/// Where a document lies in a generation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub segment: usize,
    pub file: u32,
}

/// What is to be mirrored.
pub(super) struct Local<'s> {
    pub snapshot: &'s Snapshot,
    pub documents: HashMap<u128, Place>,
    pub sums: Sums,
}

impl<'s> Local<'s> {
    pub(super) fn new(snapshot: &'s Snapshot) -> Result<Self> {
        let mut places = Vec::new();
        for (index, live) in snapshot.segments.iter().enumerate() {
            let files = (0..live.live.len() as u32).filter(|file| live.live[*file as usize]);
            places.extend(files.map(|file| Place { segment: index, file }));
        }
        let digest = |place: &Place| Ok((snapshot.segments[place.segment].segment.digest(place.file)?, *place));
        let documents = places.par_iter().map(digest).collect::<Result<_>>()?;
        Ok(Local { snapshot, documents, sums: Sums::of(snapshot) })
    }

    pub(super) fn segment(&self, place: Place) -> &'s Segment {
        &self.snapshot.segments[place.segment].segment
    }

    pub(super) fn path(&self, place: Place) -> &'s str {
        self.segment(place).path(place.file)
    }

    pub(super) fn generation(&self) -> u64 {
        self.snapshot.manifest.generation
    }

    /// What ranking compares chunks and paths with, and what there is to tell.
    pub(super) fn statistics(&self) -> serde_json::Value {
        let (Sums { documents, chunks, terms }, counts) = (self.sums, &self.snapshot.manifest.counts);
        serde_json::json!({
            "documents": documents, "chunks": chunks, "terms": terms, "symbols": counts.symbols, "lines": counts.lines
        })
    }
}
