//! The text index of a few files: their terms, sorted, each with its occurrences.
//!
//! A segment that was cut out of another one holds some hundred terms. A dictionary and compressed lists would cost more to open than
//! to search; a sorted array is used as it lies.

use bytemuck::{Pod, Zeroable};

use super::Field;
use crate::error::Result;
use crate::store::container::{Bytes, Container, ContainerWriter, Records};

const TEXTS: &str = "forward.texts";
const TEXT_ENDS: &str = "forward.texts.ends";
const RECORDS: &str = "forward.records";
const RECORD_ENDS: &str = "forward.records.ends";

/// A term in a field of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct ForwardRecord {
    pub field: u32,
    pub chunk: u32,
    pub frequency: u32,
}

/// Terms and their occurrences.
pub(crate) struct Forward {
    texts: Bytes,
    /// per term: where its text ends
    text_ends: Records<u32>,
    /// per term by field and chunk
    records: Records<ForwardRecord>,
    /// per term: where its records end
    record_ends: Records<u32>,
}

impl Forward {
    /// Whether the container holds one.
    pub(crate) fn is_in(container: &Container) -> bool {
        container.names().any(|name| name == TEXTS)
    }

    /// Writes sorted terms with their sorted records.
    pub(crate) fn write<'t>(
        writer: &mut ContainerWriter<Vec<u8>>,
        terms: impl Iterator<Item = (&'t str, &'t [ForwardRecord])>,
    ) -> Result<()> {
        let (mut texts, mut text_ends) = (String::new(), Vec::new());
        let (mut records, mut record_ends) = (Vec::new(), Vec::new());
        for (term, own) in terms {
            texts.push_str(term);
            text_ends.push(texts.len() as u32);
            records.extend_from_slice(own);
            record_ends.push(records.len() as u32);
        }
        writer.section(TEXTS, &[texts.as_bytes()])?;
        writer.section(TEXT_ENDS, &[bytemuck::cast_slice(&text_ends)])?;
        writer.section(RECORDS, &[bytemuck::cast_slice(&records)])?;
        writer.section(RECORD_ENDS, &[bytemuck::cast_slice(&record_ends)])
    }

    /// The terms of `container`, over `chunks` chunks.
    pub(crate) fn open(container: &Container, chunks: u32) -> Result<Self> {
        let forward = Forward {
            texts: container.section(TEXTS)?,
            text_ends: container.records(TEXT_ENDS)?,
            records: container.records(RECORDS)?,
            record_ends: container.records(RECORD_ENDS)?,
        };
        let ends_at = |ends: &[u32], len: usize| ends.is_sorted() && ends.last().copied().unwrap_or(0) as usize == len;
        let whole = ends_at(&forward.text_ends, forward.texts.len())
            && ends_at(&forward.record_ends, forward.records.len())
            && forward.text_ends.len() == forward.record_ends.len()
            && forward.records.iter().all(|record| record.chunk < chunks);
        if whole { Ok(forward) } else { Err(container.corrupt("terms do not match the chunks")) }
    }

    fn text(&self, term: usize) -> &[u8] {
        &self.texts[part(&self.text_ends, term)]
    }

    pub(super) fn for_each(&self, field: Field, term: &str, each: &mut impl FnMut(u32, u32)) {
        let (mut low, mut high) = (0, self.text_ends.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.text(middle).cmp(term.as_bytes()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let records = &self.records[part(&self.record_ends, middle)];
                    let own = records.iter().filter(|record| record.field == field as u32);
                    return own.for_each(|record| each(record.chunk, record.frequency));
                }
            }
        }
    }

    pub(super) fn for_each_term(&self, field: Field, each: &mut impl FnMut(&str, u32, u32)) {
        for term in 0..self.text_ends.len() {
            let Ok(text) = std::str::from_utf8(self.text(term)) else { continue };
            for record in &self.records[part(&self.record_ends, term)] {
                if record.field == field as u32 {
                    each(text, record.chunk, record.frequency);
                }
            }
        }
    }
}

/// The part of an array that belongs to `index`, by where each part ends.
fn part(ends: &[u32], index: usize) -> std::ops::Range<usize> {
    let start = if index == 0 { 0 } else { ends[index - 1] };
    start as usize..ends[index] as usize
}
