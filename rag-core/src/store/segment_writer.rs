//! Writes one segment: documents in, a checksummed file out.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::container::{ContainerWriter, FileDigest};
use super::manifest::{Counts, SegmentEntry};
use super::segment::{
    BM25_PREFIX, ChunkRecord, FileRecord, KIND, NONE, ReferenceRecord, Segment, SymbolRecord, pack_span,
};
use crate::analysis::{Lexicon, TermId, for_each_word};
use crate::bm25::{Field, PostingsBuilder};
use crate::concepts::{Concept, concepts_of_text};
use crate::document::{Chunk, Document, FileRole, path_stem};
use crate::embedding::{Embedder, mix_path};
use crate::error::Result;
use crate::symbol::{Span, Symbol, SymbolKind};
use crate::vector::{Quantizer, build_hnsw};

/// Vectors that may be reused for a file: those of its last version, by hash of what was embedded.
pub struct OldVectors<'a> {
    segment: &'a Segment,
    chunks: HashMap<u64, u32>,
}

impl<'a> OldVectors<'a> {
    /// The vectors of `file` in `segment`.
    pub fn new(segment: &'a Segment, file: u32) -> Self {
        OldVectors { segment, chunks: segment.vectors_of(file).collect() }
    }
}

/// Collects documents into a segment.
pub struct SegmentWriter<'e> {
    embedder: &'e dyn Embedder,
    lexicon: Lexicon,
    postings: PostingsBuilder,
    vectors: Quantizer,
    files: Vec<FileRecord>,
    chunks: Vec<ChunkRecord>,
    symbols: Vec<SymbolRecord>,
    references: Vec<ReferenceRecord>,
    languages: Vec<&'static str>,
    paths: String,
    texts: Vec<u8>,
    /// of all chunks, one after the other, and where those of each end
    concepts: Vec<Concept>,
    concept_ends: Vec<u32>,
    /// of all files, one after the other, and where those of each end
    bindings: Vec<u8>,
    binding_ends: Vec<u64>,
    terms: Vec<TermId>,
    embedded: usize,
}

impl<'e> SegmentWriter<'e> {
    /// An empty segment.
    pub fn new(embedder: &'e dyn Embedder) -> Self {
        SegmentWriter {
            embedder,
            lexicon: Lexicon::new(),
            postings: PostingsBuilder::default(),
            vectors: Quantizer::new(embedder.dimensions()),
            files: Vec::new(),
            chunks: Vec::new(),
            symbols: Vec::new(),
            references: Vec::new(),
            languages: Vec::new(),
            paths: String::new(),
            texts: Vec::new(),
            concepts: Vec::new(),
            concept_ends: Vec::new(),
            bindings: Vec::new(),
            binding_ends: Vec::new(),
            terms: Vec::new(),
            embedded: 0,
        }
    }

    /// Whether nothing was added yet.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Number of texts that went through the model; the vectors of the others were reused.
    pub fn embedded(&self) -> usize {
        self.embedded
    }

    /// Adds what was added so far to `counts`.
    pub fn count(&self, counts: &mut Counts) {
        for file in &self.files {
            file.count(self.languages[file.language as usize], counts);
        }
    }

    /// Adds a document, which has at least one chunk, and returns its index in the segment.
    pub fn add(&mut self, document: &Document, old: Option<&OldVectors>) -> u32 {
        debug_assert!(!document.chunks.is_empty(), "a document has a chunk");
        let file = self.files.len() as u32;
        let first_chunk = self.chunks.len() as u32;
        let (path_terms, stem_words) = self.add_path(&document.path, first_chunk);
        let language = self.language(document.language);
        self.files.push(FileRecord {
            text_at: self.texts.len() as u64,
            text_hash: xxh3_64(document.text.as_bytes()),
            text_len: document.text.len() as u32,
            path_at: self.paths.len() as u32,
            path_len: document.path.len() as u32,
            first_chunk,
            chunks: document.chunks.len() as u32,
            first_symbol: self.symbols.len() as u32,
            symbols: document.symbols.len() as u32,
            first_reference: self.references.len() as u32,
            references: document.references.len() as u32,
            path_terms,
            language,
            stem_words,
            role: FileRole::of(&document.path) as u8,
            lines: document.chunks.last().map_or(0, |chunk| chunk.lines.1),
        });
        self.paths.push_str(&document.path);
        self.texts.extend_from_slice(document.text.as_bytes());

        let mut path_vector = vec![0.0; self.embedder.dimensions()];
        self.embedder.embed(&document.path, &mut path_vector);
        let mut vector = vec![0.0; self.embedder.dimensions()];
        let mut embed_text = String::new();
        for chunk in &document.chunks {
            let embedded = self.embed(document, chunk, &path_vector, &mut vector, &mut embed_text, old);
            let terms = self.add_terms(document, chunk);
            if document.is_prose {
                self.add_concepts(document, chunk);
            }
            self.concept_ends.push(self.concepts.len() as u32);
            self.chunks.push(ChunkRecord {
                embedded,
                file,
                start: chunk.span.start,
                end: chunk.span.end,
                first_line: chunk.lines.0,
                last_line: chunk.lines.1,
                symbol: chunk.symbol.unwrap_or(NONE),
                terms,
                reserved: 0,
            });
        }
        self.symbols.extend(document.symbols.iter().map(|symbol| SymbolRecord {
            kind: symbol.kind as u32,
            parent: symbol.parent.unwrap_or(NONE),
            name: pack_span(symbol.name),
            span: pack_span(symbol.span),
            signature: pack_span(symbol.signature),
            doc: pack_span(symbol.doc),
        }));
        self.references.extend(document.references.iter().map(|reference| ReferenceRecord {
            kind: reference.kind as u32,
            enclosing: reference.enclosing.unwrap_or(NONE),
            name: pack_span(reference.name),
            qualifier: pack_span(reference.qualifier),
        }));
        document.bindings.write(&mut self.bindings);
        self.binding_ends.push(self.bindings.len() as u64);
        file
    }

    /// Adds the words of a path to the first chunk of its file; returns the number of its terms, and of the distinct
    /// words of its stem.
    fn add_path(&mut self, path: &str, first_chunk: u32) -> (u32, u8) {
        self.lexicon.analyze(path, &mut self.terms);
        let path_terms = self.terms.len() as u32;
        self.postings.add(Field::Path, first_chunk, &mut self.terms);
        // A stem's compound is no word of its own: `flat_hash_map` is matched by its three words.
        let mut stem_words: Vec<TermId> = Vec::new();
        for_each_word(path_stem(path), |word| {
            self.lexicon.analyze(word.text, &mut self.terms);
            stem_words.extend(self.terms.first());
            self.terms.clear();
        });
        stem_words.sort_unstable();
        stem_words.dedup();
        let distinct = stem_words.len().min(255) as u8;
        self.postings.add(Field::Stem, first_chunk, &mut stem_words);
        (path_terms, distinct)
    }

    /// Adds the vector of a chunk, reused if the same text was embedded before; returns the text's hash.
    fn embed(
        &mut self,
        document: &Document,
        chunk: &Chunk,
        path_vector: &[f32],
        vector: &mut [f32],
        scratch: &mut String,
        old: Option<&OldVectors>,
    ) -> u64 {
        let text = chunk.span.text(&document.text);
        let mut hash = Xxh3::new();
        for part in [&*document.path, &chunk.context, text] {
            hash.update(part.as_bytes());
            hash.update(&[0]);
        }
        let hash = hash.digest();
        if let Some(old) = old
            && let Some(&stored) = old.chunks.get(&hash)
        {
            self.vectors.push_stored(&old.segment.vectors, stored);
            return hash;
        }
        self.embedded += 1;
        if chunk.context.is_empty() {
            self.embedder.embed(text, vector);
        } else {
            scratch.clear();
            scratch.push_str(&chunk.context);
            scratch.push('\n');
            scratch.push_str(text);
            self.embedder.embed(scratch, vector);
        }
        mix_path(vector, path_vector);
        self.vectors.push(vector);
        hash
    }

    /// Adds the terms of a chunk and returns how many each of the first three fields has.
    fn add_terms(&mut self, document: &Document, chunk: &Chunk) -> [u32; 3] {
        let number = self.chunks.len() as u32;
        let text = &document.text;
        let symbols = symbols_starting_in(&document.symbols, chunk.span);
        let mut counts = [0; 3];
        for field in [Field::Text, Field::Symbols, Field::Docs] {
            match field {
                Field::Text => self.lexicon.analyze(chunk.span.text(text), &mut self.terms),
                Field::Symbols => {
                    symbols.iter().for_each(|symbol| self.lexicon.analyze(symbol.name.text(text), &mut self.terms));
                }
                _ => {
                    self.lexicon.analyze(&chunk.context, &mut self.terms);
                    symbols.iter().for_each(|symbol| self.lexicon.analyze(symbol.doc.text(text), &mut self.terms));
                }
            }
            counts[field as usize] = self.terms.len() as u32;
            self.postings.add(field, number, &mut self.terms);
        }
        for symbol in symbols.iter().filter(|symbol| symbol.kind.is_type()) {
            let name = symbol.name.text(text);
            let joined: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            if !joined.is_empty() {
                self.terms.push(self.lexicon.number(&joined));
            }
        }
        self.postings.add(Field::Types, number, &mut self.terms);
        counts
    }

    /// Adds what a passage is about (its headings, or the one it lies under) and what it mentions.
    fn add_concepts(&mut self, document: &Document, chunk: &Chunk) {
        let text = &document.text;
        let begun = symbols_starting_in(&document.symbols, chunk.span);
        let around = chunk.symbol.and_then(|index| document.symbols.get(index as usize)).filter(|_| begun.is_empty());
        let headings = begun.iter().chain(around).filter(|symbol| symbol.kind == SymbolKind::Section);
        let names = headings.map(|symbol| symbol.name.text(text));
        self.concepts.extend(concepts_of_text(names, chunk.span.text(text)));
    }

    /// Writes the segment as `name` into `folder`; segments of at least `hnsw_min_vectors` get a graph.
    pub fn finish(self, folder: &Path, name: &str, hnsw_min_vectors: u32) -> Result<SegmentEntry> {
        let path = folder.join(format!("{name}.seg"));
        let mut writer = ContainerWriter::create(&path, KIND)?;
        writer.section("files", &[bytemuck::cast_slice(&self.files)])?;
        writer.section("chunks", &[bytemuck::cast_slice(&self.chunks)])?;
        writer.section("symbols", &[bytemuck::cast_slice(&self.symbols)])?;
        writer.section("references", &[bytemuck::cast_slice(&self.references)])?;
        writer.section("languages", &[self.languages.join("\n").as_bytes()])?;
        writer.section("paths", &[self.paths.as_bytes()])?;
        writer.section("texts", &[&self.texts])?;
        writer.section("concepts", &[bytemuck::cast_slice(&self.concepts)])?;
        writer.section("concepts.ends", &[bytemuck::cast_slice(&self.concept_ends)])?;
        writer.section("bindings", &[&self.bindings])?;
        writer.section("bindings.ends", &[bytemuck::cast_slice(&self.binding_ends)])?;
        for (file, content) in self.postings.finish(&self.lexicon, self.chunks.len() as u32)? {
            writer.section(&format!("{BM25_PREFIX}{file}"), &[&content])?;
        }
        for (section, content) in self.vectors.sections() {
            writer.section(section, &[content])?;
        }
        let digest = writer.finish()?;
        let chunks = self.chunks.len() as u32;
        let mut entry = SegmentEntry { name: name.to_owned(), digest, chunks, hnsw: BTreeMap::new() };
        if chunks >= hnsw_min_vectors {
            entry.hnsw = write_hnsw(folder, &entry, self.embedder.dimensions())?;
        }
        Ok(entry)
    }

    fn language(&mut self, name: &'static str) -> u16 {
        let known = self.languages.iter().position(|language| *language == name);
        known.unwrap_or_else(|| {
            self.languages.push(name);
            self.languages.len() - 1
        }) as u16
    }
}

/// Symbols (sorted by start) whose definition begins in `span`.
fn symbols_starting_in(symbols: &[Symbol], span: Span) -> &[Symbol] {
    let first = symbols.partition_point(|symbol| symbol.span.start < span.start);
    let last = symbols.partition_point(|symbol| symbol.span.start < span.end);
    &symbols[first..last]
}

fn write_hnsw(folder: &Path, entry: &SegmentEntry, dimensions: usize) -> Result<BTreeMap<String, FileDigest>> {
    let segment = Segment::open(folder, entry, dimensions)?;
    let vectors: Vec<Vec<f32>> = (0..entry.chunks).map(|chunk| segment.vectors.vector(chunk)).collect();
    build_hnsw(&vectors, folder, &entry.name)?;
    let mut files = BTreeMap::new();
    for extension in ["hnsw.graph", "hnsw.data"] {
        let name = format!("{}.{extension}", entry.name);
        let path = folder.join(&name);
        fs_err::File::open(&path)?.sync_all()?;
        let bytes = fs_err::read(&path)?;
        files.insert(name, FileDigest { bytes: bytes.len() as u64, xxh3: xxh3_64(&bytes) });
    }
    Ok(files)
}
