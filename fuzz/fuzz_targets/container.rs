//! Files that somebody made up. The first byte says what the rest is: any container as it is, or a segment or catalog of
//! a small index whose checksums are made to fit. It is refused or read; nothing panics.
#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use cogo_fuzz::{SmallIndex, read_everything, repair};
use libfuzzer_sys::fuzz_target;
use rag_core::store::catalog;
use rag_core::store::container::{Container, FileDigest};

/// Container kinds of `docs/format.md`.
const SEGMENT: u32 = 1;
const CATALOG: u32 = 2;
/// Size of a chunk's record in a segment.
const CHUNK_RECORD: usize = 48;

static INDEX: OnceLock<(SmallIndex, Vec<u8>, Vec<u8>)> = OnceLock::new();

fn index() -> &'static (SmallIndex, Vec<u8>, Vec<u8>) {
    INDEX.get_or_init(|| {
        // tantivy panics on made-up numbers, and the engine catches that where it happens. libFuzzer's hook would abort
        // before; a panic that nobody catches still ends the run.
        std::panic::set_hook(Box::new(|_| ()));
        let index = SmallIndex::new();
        let read = |path: &Path| std::fs::read(path).expect("a fresh index is whole");
        let (segment, catalog) = (read(&index.segment()), read(&index.catalog()));
        (index, segment, catalog)
    })
}

fuzz_target!(init: { index(); }, |data: &[u8]| {
    let [what, bytes @ ..] = data else { return };
    let (index, segment, catalog) = index();
    match what % 3 {
        0 => {
            let path = index.generation.join("raw");
            index.write(&path, bytes);
            if let Ok(container) = Container::open(&path, u32::from(what / 3), None) {
                read_sections(&container);
            }
        }
        1 => forge_segment(index, bytes, catalog),
        _ => forge_catalog(index, bytes, segment),
    }
});

fn read_sections(container: &Container) {
    let names: Vec<String> = container.names().map(str::to_owned).collect();
    for name in &names {
        if let Ok(records) = container.records::<u32>(name) {
            assert_eq!(records.len() * 4, container.section(name).expect("it was whole").len());
        }
    }
}

/// `bytes` as the segment of a whole generation.
fn forge_segment(index: &SmallIndex, bytes: &[u8], catalog: &[u8]) {
    let mut bytes = bytes.to_vec();
    let Some(xxh3) = repair(&mut bytes) else { return };
    index.write(&index.segment(), &bytes);
    index.write(&index.catalog(), catalog);
    let mut manifest = index.manifest.clone();
    let entry = &mut manifest.segments[0];
    entry.digest = FileDigest { bytes: bytes.len() as u64, xxh3 };
    let Ok(container) = Container::open(&index.segment(), SEGMENT, Some(entry.digest)) else { return };
    read_sections(&container);
    entry.chunks = container.section("chunks").map_or(0, |chunks| (chunks.len() / CHUNK_RECORD) as u32);
    index.write_manifest(&manifest);
    if let Ok(searcher) = index.open() {
        read_everything(&searcher);
    }
}

/// `bytes` as the catalog of a whole generation.
fn forge_catalog(index: &SmallIndex, bytes: &[u8], segment: &[u8]) {
    let mut bytes = bytes.to_vec();
    let Some(xxh3) = repair(&mut bytes) else { return };
    index.write(&index.catalog(), &bytes);
    index.write(&index.segment(), segment);
    let mut manifest = index.manifest.clone();
    manifest.catalog = FileDigest { bytes: bytes.len() as u64, xxh3 };
    if let Ok(container) = Container::open(&index.catalog(), CATALOG, None) {
        read_sections(&container);
    }
    if let Ok(entries) = catalog::read(&index.catalog(), manifest.catalog) {
        assert!(entries.iter().map(|entry| entry.path.len()).sum::<usize>() <= bytes.len());
    }
    index.write_manifest(&manifest);
    if let Ok(searcher) = index.open() {
        read_everything(&searcher);
    }
}
