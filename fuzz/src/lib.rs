//! What the fuzz targets share: the laws of documents, a small index to break, and checksums that fit again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexer::{IndexOptions, update};
use rag_core::embedding::{Embedder, StaticEmbedder};
use rag_core::hybrid::{Ranking, Repository};
use rag_core::store::manifest::Manifest;
use rag_core::{Document, Mode, Query, Result, Searcher, SearchResult, Snapshot, Store};
use tempfile::TempDir;
use xxhash_rust::xxh3::xxh3_64;

/// The law of chunking: the chunks of a document, in order, are its text, and end between characters.
pub fn assert_chunks_cover(document: &Document) {
    let mut end = 0;
    assert!(!document.chunks.is_empty(), "no chunk");
    for chunk in &document.chunks {
        assert_eq!(chunk.span.start, end, "a gap or an overlap");
        assert!(!chunk.span.is_empty() || document.text.is_empty(), "an empty chunk");
        assert!(document.text.get(chunk.span.range()).is_some(), "a chunk ends inside a character");
        assert!(1 <= chunk.lines.0 && chunk.lines.0 <= chunk.lines.1, "lines {:?}", chunk.lines);
        assert!(chunk.symbol.is_none_or(|symbol| (symbol as usize) < document.symbols.len()), "no such symbol");
        end = chunk.span.end;
    }
    assert_eq!(end as usize, document.text.len(), "the chunks are not the text");
}

/// Everything a document says of its text lies in it, on character boundaries.
pub fn assert_spans_lie_in_text(document: &Document) {
    let text = &document.text;
    for (index, symbol) in document.symbols.iter().enumerate() {
        for span in [symbol.name, symbol.span, symbol.signature, symbol.doc] {
            assert!(text.get(span.range()).is_some(), "symbol {index}: {span:?}");
        }
        assert!(symbol.parent.is_none_or(|parent| (parent as usize) < index), "a parent comes first");
    }
    assert!(document.symbols.is_sorted_by_key(|symbol| symbol.span.start), "symbols are sorted");
    for reference in &document.references {
        assert!(text.get(reference.name.range()).is_some(), "{reference:?}");
        assert!(text.get(reference.qualifier.range()).is_some(), "{reference:?}");
        let enclosing = reference.enclosing.is_none_or(|symbol| (symbol as usize) < document.symbols.len());
        assert!(enclosing, "{reference:?}");
    }
}

/// A whole index of the three files in `fuzz/tree/`, in a temporary folder.
pub struct SmallIndex {
    _folder: TempDir,
    store: Store,
    embedder: Arc<StaticEmbedder>,
    /// The folder of its one generation.
    pub generation: PathBuf,
    /// Its manifest, as it was committed.
    pub manifest: Manifest,
}

impl SmallIndex {
    /// Indexes the tree.
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tree");
        let store = Store::new(folder.path().join("index"));
        let embedder = Arc::new(StaticEmbedder::bundled());
        let options = IndexOptions { threads: 1, ..IndexOptions::default() };
        let (snapshot, _) = update(&root, &store, &*embedder, &options, None, &|_| ()).expect("the tree is indexed");
        assert_eq!(snapshot.segments.len(), 1, "one thread writes one segment");
        let (generation, manifest) = (snapshot.folder.clone(), snapshot.manifest.clone());
        SmallIndex { _folder: folder, store, embedder, generation, manifest }
    }

    /// Path of its one segment.
    pub fn segment(&self) -> PathBuf {
        self.generation.join(format!("{}.seg", self.manifest.segments[0].name))
    }

    /// Path of its catalog.
    pub fn catalog(&self) -> PathBuf {
        self.generation.join("catalog.bin")
    }

    /// Writes `manifest` as the one of the generation.
    pub fn write_manifest(&self, manifest: &Manifest) {
        let json = serde_json::to_vec(manifest).expect("a manifest is always JSON");
        self.write_manifest_bytes(&json);
    }

    /// Writes any bytes as the manifest, and a pointer whose checksum fits.
    pub fn write_manifest_bytes(&self, bytes: &[u8]) {
        self.write(&self.generation.join("manifest.json"), bytes);
        let name = self.generation.file_name().expect("a folder").to_string_lossy();
        let line = format!("{name} {:016x}\n", xxh3_64(bytes));
        self.write(&self.store.folder().join("CURRENT"), line.as_bytes());
    }

    /// Writes a file of the index anew. It is removed first: what was mapped must not change.
    pub fn write(&self, path: &Path, bytes: &[u8]) {
        fs::remove_file(path).ok();
        fs::write(path, bytes).expect("the temporary folder can be written");
    }

    /// Opens the index as it is now.
    pub fn open(&self) -> Result<Searcher> {
        self.searcher(self.store.snapshot(None)?)
    }

    /// Answers questions about a snapshot.
    pub fn searcher(&self, snapshot: Snapshot) -> Result<Searcher> {
        let repositories = vec![Repository { snapshot: Arc::new(snapshot), within: Vec::new() }];
        Searcher::new(repositories, self.embedder.clone() as Arc<dyn Embedder>, Ranking::default())
    }
}

impl Default for SmallIndex {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads every record of a snapshot and asks it in every mode; errors are fine, panics are not.
pub fn read_everything(searcher: &Searcher) {
    for repository in searcher.repositories() {
        for live in &repository.snapshot.segments {
            for file in 0..live.live.len() as u32 {
                let segment = &live.segment;
                let (path, _, _) = (segment.path(file), segment.language(file), segment.role(file));
                let text = segment.text(file).map(|text| text.as_str().len()).unwrap_or(0);
                assert!(text <= u32::MAX as usize);
                segment.symbols(file);
                segment.references(file).ok();
                segment.bindings(file).ok();
                let kinds = segment.chunks_of(file).filter_map(|chunk| segment.chunk_kind(chunk)).count();
                assert!(kinds <= segment.chunks_of(file).len());
                assert_eq!(segment.vectors_of(file).count(), segment.chunks_of(file).len());
                searcher.related(0, path, 1, &Query::new("related")).map(check_hits_of(10)).ok();
            }
        }
    }
    for mode in [Mode::Hybrid, Mode::Lexical, Mode::Semantic, Mode::Symbol] {
        for text in ["BookShelf", "retry request with backoff", "検索"] {
            let query = Query { mode, explain: true, ..Query::new(text) };
            searcher.search(&query).map(check_hits_of(query.limit)).ok();
        }
    }
}

fn check_hits_of(limit: usize) -> impl Fn(SearchResult) {
    move |result| assert!(result.hits.len() <= limit)
}

/// Makes the checksums of a container fit its bytes again, so that what lies behind them is reached. Gives the
/// checksum of the section table; `None` if there is no table. The layout is that of `docs/format.md`.
pub fn repair(bytes: &mut [u8]) -> Option<u64> {
    const FOOTER: usize = 32;
    let footer = bytes.len().checked_sub(FOOTER)?;
    bytes[footer + 24..].copy_from_slice(b"COGOEND\0");
    bytes.get_mut(..4)?.copy_from_slice(b"COGO");
    let number = |bytes: &[u8], at: usize| {
        bytes.get(at..at + 8).map(|number| u64::from_le_bytes(number.try_into().expect("eight bytes")))
    };
    let start = usize::try_from(number(bytes, footer)?).ok().filter(|start| *start <= footer)?;
    bytes[footer + 8..footer + 16].copy_from_slice(&((footer - start) as u64).to_le_bytes());
    let mut at = start;
    while at + 2 <= footer {
        let name = u16::from_le_bytes([bytes[at], bytes[at + 1]]) as usize;
        let numbers = at + 2 + name;
        if numbers + 24 > footer {
            break;
        }
        let from = usize::try_from(number(bytes, numbers)?).ok()?;
        let len = usize::try_from(number(bytes, numbers + 8)?).ok()?;
        if let Some(section) = from.checked_add(len).and_then(|end| bytes.get(from..end)) {
            let hash = xxh3_64(section);
            bytes[numbers + 16..numbers + 24].copy_from_slice(&hash.to_le_bytes());
        }
        at = numbers + 24;
    }
    let hash = xxh3_64(&bytes[start..footer]);
    bytes[footer + 16..footer + 24].copy_from_slice(&hash.to_le_bytes());
    Some(hash)
}
