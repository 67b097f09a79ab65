//! The run: scan, compare with the last generation, parse and embed what changed, commit.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use rag_core::embedding::Embedder;
use rag_core::store::catalog::{CatalogEntry, Place, Stamp};
use rag_core::store::manifest::{Counts, SegmentEntry, Settings};
use rag_core::store::{OldVectors, SegmentWriter, Snapshot, Store, Transaction, WriteLock};
use rag_core::{Error, Result};
use xxhash_rust::xxh3::xxh3_64;

use crate::document_builder::build_document;
use crate::language::Parser;
use crate::merge;
use crate::report::{Note, Report};
use crate::scan::{Inspected, Scan, ScanOptions, ScannedFile, SkipReason, Skipped, inspect, scan};

/// Version of parsing, chunking and text analysis. Raise it when any of them changes what an index holds.
pub const PIPELINE_VERSION: u32 = 5;

/// A file changed this shortly before it was read may change again without its time stamp moving on
/// (clocks of file systems tick in milliseconds); its stamp is not trusted.
const CLOCK_TICK_NS: i64 = 20_000_000;

/// How to index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexOptions {
    /// Worker threads.
    pub threads: usize,
    /// Files over this size are left out.
    pub max_file_bytes: u64,
    /// Upper limit of a chunk, in bytes.
    pub chunk_bytes: u32,
    /// Segments with at least this many chunks get an HNSW graph.
    pub hnsw_min_vectors: u32,
    /// Whether vendored code is indexed too.
    pub include_vendored: bool,
    /// Start anew even if there is an index.
    pub rebuild: bool,
    /// Wait for another writer instead of failing.
    pub wait: bool,
}

impl Default for IndexOptions {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        IndexOptions {
            threads,
            max_file_bytes: 1 << 20,
            chunk_bytes: 1000,
            hnsw_min_vectors: 250_000,
            include_vendored: false,
            rebuild: false,
            wait: false,
        }
    }
}

impl IndexOptions {
    fn settings(&self, embedder: &dyn Embedder) -> Settings {
        Settings {
            pipeline: PIPELINE_VERSION,
            chunk_bytes: self.chunk_bytes,
            max_file_bytes: self.max_file_bytes,
            include_vendored: self.include_vendored,
            model: embedder.id().to_owned(),
            dimensions: embedder.dimensions() as u32,
            hnsw_min_vectors: self.hnsw_min_vectors,
        }
    }
}

/// What a run is doing; sent from several threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// So many files were seen.
    Scanned(usize),
    /// So many files, with so many bytes, will be read.
    Planned {
        /// Files.
        files: usize,
        /// Bytes.
        bytes: u64,
    },
    /// A file of so many bytes was read and indexed.
    Indexed {
        /// Bytes.
        bytes: u64,
    },
    /// A worker has no file left and writes its segment.
    Writing,
}

/// Brings the index of `root` in `store` up to date and opens it. `known` is an open snapshot, if the
/// caller has one: it spares opening the current generation.
///
/// A damaged index, or one of other settings or another version, is written anew.
///
/// # Errors
/// [`Error::Source`] if `root` cannot be walked, [`Error::Locked`] if another process is writing, and I/O
/// errors of the index folder. No file of the repository makes it fail.
pub fn update(
    root: &Path,
    store: &Store,
    embedder: &dyn Embedder,
    options: &IndexOptions,
    known: Option<Arc<Snapshot>>,
    progress: &(dyn Fn(Event) + Sync),
) -> Result<(Arc<Snapshot>, Report)> {
    let started = Instant::now();
    let scan_options = ScanOptions {
        max_file_bytes: options.max_file_bytes,
        threads: options.threads,
        include_vendored: options.include_vendored,
    };
    let settings = options.settings(embedder);
    let (scanned, opened) = rayon::join(
        || scan(root, &scan_options, &|files| progress(Event::Scanned(files))),
        || open_base(store, &settings, options, known),
    );
    let scanned = scanned.map_err(|error| Error::Source { path: root.into(), reason: error.to_string() })?;
    let (mut base, mut rebuilt) = opened?;
    let mut plan = Plan::new(&scanned, base.as_deref());
    if let Some(snapshot) = &base
        && plan.is_empty()
    {
        let report = unchanged(snapshot, scanned, started);
        return Ok((snapshot.clone(), report));
    }
    let lock = store.lock(options.wait)?;
    // A pointer that is rubbish was rubbish a moment ago, and is replaced by this commit.
    if store.current().unwrap_or(None) != base.as_ref().map(|snapshot| snapshot.manifest.generation) {
        // Somebody committed between our look and our lock.
        (base, rebuilt) = open_base(store, &settings, options, None)?;
        plan = Plan::new(&scanned, base.as_deref());
    }
    let run = Run { embedder, options, scanned: &scanned, base: base.as_deref(), progress };
    let done = run.commit(&lock, plan, settings)?;
    let snapshot = Arc::new(store.snapshot(base.as_deref())?);
    let mut report = Report {
        generation: snapshot.manifest.generation,
        counts: snapshot.manifest.counts.clone(),
        rebuilt,
        index_bytes: index_bytes(&snapshot),
        ..done
    };
    report.skipped.extend(scanned.skipped);
    report.skipped.sort();
    report.notes.extend(scanned.problems.into_iter().map(Note::from));
    report.notes.sort();
    report.elapsed = started.elapsed();
    Ok((snapshot, report))
}

/// The generation to build on, or none and why: no index, or one that cannot be built on.
fn open_base(
    store: &Store,
    settings: &Settings,
    options: &IndexOptions,
    known: Option<Arc<Snapshot>>,
) -> Result<(Option<Arc<Snapshot>>, Option<String>)> {
    if options.rebuild {
        return Ok((None, Some("asked for".into())));
    }
    let current = match store.current() {
        Ok(Some(current)) => current,
        Ok(None) => return Ok((None, None)),
        Err(error @ Error::Corrupt { .. }) => return Ok((None, Some(error.to_string()))),
        Err(error) => return Err(error),
    };
    let snapshot = match known.filter(|known| known.manifest.generation == current) {
        Some(known) => known,
        None => match store.snapshot(None) {
            Ok(snapshot) => Arc::new(snapshot),
            Err(error @ (Error::Corrupt { .. } | Error::Format { .. } | Error::TextIndex(_))) => {
                return Ok((None, Some(error.to_string())));
            }
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok((None, Some(format!("a file of the index is missing: {error}"))));
            }
            Err(error) => return Err(error),
        },
    };
    if snapshot.manifest.settings == *settings {
        Ok((Some(snapshot), None))
    } else {
        Ok((None, Some("it was made with other settings or by another version".into())))
    }
}

fn unchanged(snapshot: &Snapshot, scanned: Scan, started: Instant) -> Report {
    let read = snapshot.catalog.iter().filter_map(|entry| match entry.place {
        Place::Skipped(code) => Some(Skipped { path: entry.path.clone(), reason: reason(code)? }),
        Place::Indexed { .. } => None,
    });
    let mut skipped: Vec<Skipped> = scanned.skipped.into_iter().chain(read).collect();
    skipped.sort();
    // Files that are left out by name are not in the catalog: they may be others than at the last commit.
    let counts = Counts { skipped: skipped.len() as u64, ..snapshot.manifest.counts.clone() };
    Report {
        generation: snapshot.manifest.generation,
        counts,
        unchanged: true,
        skipped,
        notes: scanned.problems.into_iter().map(Note::from).collect(),
        index_bytes: index_bytes(snapshot),
        elapsed: started.elapsed(),
        ..Report::default()
    }
}

fn index_bytes(snapshot: &Snapshot) -> u64 {
    let manifest = &snapshot.manifest;
    let files = manifest.segments.iter().flat_map(|segment| segment.hnsw.values().chain([&segment.digest]));
    files.fold(manifest.catalog.bytes, |sum, file| sum.saturating_add(file.bytes))
}

fn code(reason: SkipReason) -> u8 {
    SkipReason::ALL.iter().position(|known| *known == reason).unwrap_or(0) as u8
}

fn reason(code: u8) -> Option<SkipReason> {
    SkipReason::ALL.get(code as usize).copied()
}

fn stamp(file: &ScannedFile) -> Stamp {
    Stamp { size: file.size, modified_ns: file.modified_ns, changed_ns: file.changed_ns as i64, inode: file.inode }
}

/// The difference between the tree and a generation.
struct Plan {
    /// Entries that stay as they are.
    kept: Vec<CatalogEntry>,
    /// Indexes (in the scan) of files to read, with the entry they had.
    changed: Vec<(usize, Option<CatalogEntry>)>,
    /// Files that are gone.
    removed: usize,
}

impl Plan {
    /// Compares two lists that are sorted by path.
    fn new(scanned: &Scan, base: Option<&Snapshot>) -> Self {
        let mut plan = Plan { kept: Vec::new(), changed: Vec::new(), removed: 0 };
        let mut old = base.map_or(&[][..], |base| &base.catalog).iter().peekable();
        for (index, file) in scanned.files.iter().enumerate() {
            while old.next_if(|entry| entry.path < file.path).is_some() {
                plan.removed += 1;
            }
            match old.next_if(|entry| entry.path == file.path) {
                Some(entry) if entry.stamp == stamp(file) => plan.kept.push(entry.clone()),
                entry => plan.changed.push((index, entry.cloned())),
            }
        }
        plan.removed += old.count();
        plan
    }

    fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.removed == 0
    }
}

/// One run of the pipeline.
struct Run<'r> {
    embedder: &'r dyn Embedder,
    options: &'r IndexOptions,
    scanned: &'r Scan,
    base: Option<&'r Snapshot>,
    progress: &'r (dyn Fn(Event) + Sync),
}

/// What became of a file that was read.
enum Outcome {
    /// Its content is what the index has already.
    Same(Place),
    /// It is in the worker's segment, at this index.
    Indexed(u32),
    /// It is left out.
    Skipped(SkipReason),
}

/// What one worker did.
#[derive(Default)]
struct Work {
    /// Segment it wrote, if any.
    segment: Option<SegmentEntry>,
    /// Index in the scan, stamp, content hash, outcome.
    outcomes: Vec<(usize, Stamp, u64, Outcome)>,
    notes: Vec<Note>,
    embedded: usize,
    counts: Counts,
}

impl Run<'_> {
    fn commit(&self, lock: &WriteLock, mut plan: Plan, settings: Settings) -> Result<Report> {
        let transaction = lock.begin()?;
        let mut report = Report { removed: plan.removed, ..Report::default() };
        let base_segments = self.base.map_or(&[][..], |base| &base.segments);
        let merged = merge::segments_to_rewrite(base_segments, &plan.kept);
        self.move_to_changed(&mut plan, &merged);
        // Large files first, so that no thread is left with one at the end.
        plan.changed.sort_by_key(|(index, _)| std::cmp::Reverse(self.scanned.files[*index].size));
        let bytes = plan.changed.iter().map(|(index, _)| self.scanned.files[*index].size).sum();
        (self.progress)(Event::Planned { files: plan.changed.len(), bytes });
        let works = self.work(&transaction, &plan.changed, &merged, bytes)?;

        // Segments that still hold a live file are kept; the catalog's numbers follow.
        let mut segments = Vec::new();
        let mut numbers = Vec::with_capacity(base_segments.len());
        let mut used = vec![false; base_segments.len()];
        let mut counts = Counts::default();
        works.iter().for_each(|work| counts.add(&work.counts));
        let outcomes = works.iter().flat_map(|work| &work.outcomes);
        let same = outcomes.filter_map(|(_, _, _, outcome)| match outcome {
            Outcome::Same(place) => Some(*place),
            _ => None,
        });
        for place in plan.kept.iter().map(|entry| entry.place).chain(same) {
            if let Place::Indexed { segment, file } = place {
                used[segment as usize] = true;
                base_segments[segment as usize].segment.count_file(file, &mut counts);
            }
        }
        for (live, used) in base_segments.iter().zip(&used) {
            numbers.push(segments.len() as u32);
            if *used {
                transaction.keep(live.segment.entry())?;
                segments.push(live.segment.entry().clone());
            }
        }
        let renumber = |place: Place| match place {
            Place::Indexed { segment, file } => Place::Indexed { segment: numbers[segment as usize], file },
            skipped => skipped,
        };
        let mut entries: Vec<CatalogEntry> = plan.kept;
        entries.iter_mut().for_each(|entry| entry.place = renumber(entry.place));
        for work in works {
            let new_segment = segments.len() as u32;
            segments.extend(work.segment);
            report.embedded += work.embedded;
            report.notes.extend(work.notes);
            for (index, stamp, content, outcome) in work.outcomes {
                let path = self.scanned.files[index].path.clone();
                let place = match outcome {
                    Outcome::Same(place) => renumber(place),
                    Outcome::Indexed(file) => {
                        report.indexed += 1;
                        Place::Indexed { segment: new_segment, file }
                    }
                    Outcome::Skipped(reason) => Place::Skipped(code(reason)),
                };
                entries.push(CatalogEntry { path, stamp, content, place });
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        report.skipped = entries
            .iter()
            .filter_map(|entry| match entry.place {
                Place::Skipped(code) => Some(Skipped { path: entry.path.clone(), reason: reason(code)? }),
                Place::Indexed { .. } => None,
            })
            .collect();
        counts.skipped = (report.skipped.len() + self.scanned.skipped.len()) as u64;
        transaction.commit(settings, segments, &entries, counts)?;
        Ok(report)
    }

    /// Files of segments that are rewritten are read again, as if they had changed.
    fn move_to_changed(&self, plan: &mut Plan, merged: &[bool]) {
        if !merged.contains(&true) {
            return;
        }
        let is_merged = |entry: &CatalogEntry| match entry.place {
            Place::Indexed { segment, .. } => merged[segment as usize],
            Place::Skipped(_) => false,
        };
        let files = &self.scanned.files;
        for entry in plan.kept.extract_if(.., |entry| is_merged(entry)) {
            if let Ok(index) = files.binary_search_by(|file| file.path.cmp(&entry.path)) {
                plan.changed.push((index, Some(entry)));
            }
        }
    }

    /// Reads, parses and embeds the changed files, on several threads, each into a segment of its own.
    fn work(
        &self,
        transaction: &Transaction,
        changed: &[(usize, Option<CatalogEntry>)],
        merged: &[bool],
        bytes: u64,
    ) -> Result<Vec<Work>> {
        // A thread that has little to do costs more than it brings.
        let worth = (bytes / (64 << 10)).max(1) as usize;
        let threads = self.options.threads.clamp(1, worth.min(changed.len()).max(1));
        let queue = AtomicUsize::new(0);
        let failed = Mutex::new(None);
        let works = Mutex::new(Vec::new());
        rayon::scope(|scope| {
            for thread in 0..threads {
                let (queue, failed, works) = (&queue, &failed, &works);
                scope.spawn(move |_| {
                    let name = format!("g{:06}-{thread}", transaction.generation());
                    match self.worker(transaction, &name, changed, merged, queue) {
                        Ok(work) => works.lock().expect("no worker panics holding it").push((thread, work)),
                        Err(error) => *failed.lock().expect("no worker panics holding it") = Some(error),
                    }
                });
            }
        });
        if let Some(error) = failed.into_inner().expect("no worker panics holding it") {
            return Err(error);
        }
        let mut works = works.into_inner().expect("no worker panics holding it");
        works.sort_by_key(|(thread, _)| *thread);
        Ok(works.into_iter().map(|(_, work)| work).collect())
    }

    fn worker(
        &self,
        transaction: &Transaction,
        name: &str,
        changed: &[(usize, Option<CatalogEntry>)],
        merged: &[bool],
        queue: &AtomicUsize,
    ) -> Result<Work> {
        let mut writer = SegmentWriter::new(self.embedder);
        let mut parser = Parser::new();
        let mut work = Work::default();
        while let Some((index, entry)) = changed.get(queue.fetch_add(1, Ordering::Relaxed)) {
            let file = &self.scanned.files[*index];
            let rewritten = |segment: u32| merged[segment as usize];
            let (stamp, content, outcome) =
                self.read(file, entry.as_ref(), &rewritten, &mut writer, &mut parser, &mut work.notes)?;
            work.outcomes.push((*index, stamp, content, outcome));
            (self.progress)(Event::Indexed { bytes: file.size });
        }
        (self.progress)(Event::Writing);
        work.embedded = writer.embedded();
        writer.count(&mut work.counts);
        if !writer.is_empty() {
            let entry = writer.finish(transaction.folder(), name, self.options.hnsw_min_vectors)?;
            work.segment = Some(entry);
        }
        Ok(work)
    }

    fn read(
        &self,
        file: &ScannedFile,
        old: Option<&CatalogEntry>,
        rewritten: &dyn Fn(u32) -> bool,
        writer: &mut SegmentWriter,
        parser: &mut Parser,
        notes: &mut Vec<Note>,
    ) -> Result<(Stamp, u64, Outcome)> {
        let mut stamp = stamp(file);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64);
        if now - stamp.modified_ns.max(stamp.changed_ns) < CLOCK_TICK_NS {
            stamp = Stamp::default();
        }
        let bytes = match file.read(self.options.max_file_bytes) {
            Ok(bytes) => bytes,
            Err(reason) => return Ok((stamp, 0, Outcome::Skipped(reason))),
        };
        let content = xxh3_64(&bytes);
        let old_place = old.filter(|old| old.content == content).map(|old| old.place);
        match old_place {
            Some(Place::Indexed { segment, .. }) if rewritten(segment) => {}
            Some(place) => return Ok((stamp, content, Outcome::Same(place))),
            None => {}
        }
        let Inspected { text, lossy, redactions } = match inspect(&file.path, &bytes) {
            Ok(inspected) => inspected,
            Err(reason) => return Ok((stamp, content, Outcome::Skipped(reason))),
        };
        let mut note = |message: String| notes.push(Note { path: file.path.clone(), message });
        if lossy {
            note("is not valid UTF-8; broken bytes were replaced".into());
        }
        for redaction in &redactions {
            note(format!("line {}: masked what looks like a secret ({})", redaction.line, redaction.kind));
        }
        let document = build_document(parser, &file.path, text.into_owned(), self.options.chunk_bytes as usize);
        let old_vectors = old.zip(self.base).and_then(|(old, base)| match old.place {
            Place::Indexed { segment, file } => Some(OldVectors::new(&base.segments[segment as usize].segment, file)),
            Place::Skipped(_) => None,
        });
        let index = writer.add(&document, old_vectors.as_ref());
        Ok((stamp, content, Outcome::Indexed(index)))
    }
}
