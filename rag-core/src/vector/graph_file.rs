//! Looks through the files of an HNSW graph before `hnsw_rs` loads them.
//!
//! `hnsw_rs` trusts what it reads: lengths decide what it allocates, how far it reads beyond a buffer, and whether it ends the
//! process. A repository may bring a made-up graph whose checksums fit, so every number is compared with what it
//! may be. The format is that of `hnsw_rs` 0.3; another one is refused, and the exact scan takes its place.

/// Most layers of a graph, in `hnsw_rs`.
const LAYERS: usize = 16;
/// No node has more links in a layer: twice the limit that fits the header's byte.
const MOST_LINKS: u64 = 512;

const DESCRIPTION: u32 = 0x002a_6779;
const LAYER: u32 = 0x000a_676f;
const POINT: u32 = 0x000a_678f;
const DATA: u32 = 0xa67f_0000;
const FULL: u8 = 1;

/// Whether these are the files of a graph over `points` vectors of `dimensions` numbers.
pub(super) fn is_sound(graph: &[u8], data: &[u8], points: usize, dimensions: usize) -> bool {
    is_sound_graph(graph, points as u64, dimensions as u64).is_some()
        && is_sound_data(data, points, dimensions).is_some()
}

fn is_sound_graph(graph: &[u8], points: u64, dimensions: u64) -> Option<()> {
    let mut at = Reader(graph);
    wanted(at.u32()? == DESCRIPTION && at.u8()? == FULL)?;
    at.u8()?; // links per node
    let level_scale = f64::from_le_bytes(at.take()?);
    wanted(level_scale.is_finite() && level_scale > 0.0)?;
    wanted(at.u8()? as usize == LAYERS)?;
    at.u64()?; // breadth of the search while building
    wanted(at.u64()? == points && at.u64()? == dimensions)?;
    for _ in ["distance", "number type"] {
        let len = at.u64()?;
        wanted(len <= 256)?;
        let name = at.bytes(len as usize)?;
        wanted(name.is_ascii())?;
    }
    let layers = at.u8()?;
    wanted(layers as usize <= LAYERS)?;
    let mut sizes = vec![0; layers as usize];
    // Per layer: the highest place in it that a link leads to, plus one.
    let mut reached = vec![0; layers as usize];
    let mut seen = 0;
    for layer in 0..layers {
        wanted(at.u32()? == LAYER)?;
        let size = at.u64()?;
        wanted(size <= points - seen)?;
        seen += size;
        sizes[layer as usize] = size;
        for rank in 0..size {
            wanted(at.u32()? == POINT && at.u64()? < points)?;
            wanted(at.u8()? == layer && u64::from(at.u32()?) == rank)?;
            for _ in 0..LAYERS {
                let links = at.u64()?;
                wanted(links <= MOST_LINKS)?;
                for _ in 0..links {
                    at.u64()?; // number of the vector
                    let reached = reached.get_mut(at.u8()? as usize)?;
                    *reached = (u64::from(at.u32()?) + 1).max(*reached);
                    let distance = f32::from_le_bytes(at.take()?);
                    wanted(distance.is_finite() && distance >= 0.0)?;
                }
            }
        }
    }
    wanted(seen == points && reached.iter().zip(&sizes).all(|(reached, size)| reached <= size))?;
    // Where a search begins.
    at.u64()?;
    let size = sizes.get(at.u8()? as usize)?;
    wanted(u64::from(at.u32()?) < *size && at.0.is_empty())
}

fn is_sound_data(data: &[u8], points: usize, dimensions: usize) -> Option<()> {
    let mut at = Reader(data);
    wanted(at.u32()? == DATA && at.u64()? == dimensions as u64)?;
    for _ in 0..points {
        wanted(at.u32()? == DATA && at.u64()? < points as u64)?;
        wanted(at.u64()? == 4 * dimensions as u64)?;
        at.bytes(4 * dimensions)?;
    }
    wanted(at.0.is_empty())
}

fn wanted(condition: bool) -> Option<()> {
    condition.then_some(())
}

/// Little-endian numbers, one after the other.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn bytes(&mut self, len: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take().map(u8::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::build_hnsw;
    use super::*;

    #[test]
    fn a_written_graph_is_sound_and_a_spoiled_one_is_not() {
        let folder = tempfile::tempdir().expect("temp dir");
        let vector = |seed: usize| (0..8).map(|i| ((seed * 31 + i * 17) % 97) as f32 / 97.0).collect();
        let vectors: Vec<Vec<f32>> = (0..200).map(vector).collect();
        build_hnsw(&vectors, folder.path(), "a").expect("build");
        let read = |name: &str| std::fs::read(folder.path().join(name)).expect("read");
        let (graph, data) = (read("a.hnsw.graph"), read("a.hnsw.data"));
        assert!(is_sound(&graph, &data, 200, 8));
        assert!(!is_sound(&graph, &data, 199, 8) && !is_sound(&graph, &data, 200, 7));
        for at in 0..graph.len() {
            assert!(!is_sound(&graph[..at], &data, 200, 8), "truncated to {at}");
        }
        for at in 0..data.len() {
            assert!(!is_sound(&graph, &data[..at], 200, 8), "truncated to {at}");
        }
    }
}
