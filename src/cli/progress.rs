//! Progress bars on stderr, only on a terminal, and only for work that takes a while.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indexer::Event;
use indicatif::{ProgressBar, ProgressStyle};

/// Work that is over sooner shows no bar.
const PATIENCE: Duration = Duration::from_millis(200);

/// Follows one run of the indexer.
pub(super) struct Progress {
    started: Instant,
    shown: bool,
    bar: OnceLock<ProgressBar>,
    files: AtomicU64,
    bytes: AtomicU64,
    planned_files: AtomicU64,
    planned_bytes: AtomicU64,
    indexing: AtomicBool,
    writing: AtomicBool,
}

impl Progress {
    /// For a run that starts now; `quiet` shows nothing.
    pub(super) fn new(quiet: bool) -> Self {
        Progress {
            started: Instant::now(),
            shown: !quiet && std::io::stderr().is_terminal(),
            bar: OnceLock::new(),
            files: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            planned_files: AtomicU64::new(0),
            planned_bytes: AtomicU64::new(0),
            indexing: AtomicBool::new(false),
            writing: AtomicBool::new(false),
        }
    }

    /// Takes note of `event`; called from several threads.
    pub(super) fn note(&self, event: Event) {
        if !self.shown {
            return;
        }
        match event {
            Event::Scanned(files) => self.files.store(files as u64, Ordering::Relaxed),
            Event::Planned { files, bytes } => {
                self.files.store(0, Ordering::Relaxed);
                self.planned_files.store(files as u64, Ordering::Relaxed);
                self.planned_bytes.store(bytes, Ordering::Relaxed);
                self.indexing.store(true, Ordering::Relaxed);
            }
            Event::Indexed { bytes } => {
                self.files.fetch_add(1, Ordering::Relaxed);
                self.bytes.fetch_add(bytes, Ordering::Relaxed);
            }
            Event::Writing => self.writing.store(true, Ordering::Relaxed),
        }
        if self.started.elapsed() > PATIENCE {
            self.draw();
        }
    }

    fn draw(&self) {
        let bar = self.bar.get_or_init(|| {
            let bar = ProgressBar::new_spinner().with_elapsed(self.started.elapsed());
            bar.set_style(style("{spinner} scanning {msg}"));
            bar.set_message("…");
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        let files = self.files.load(Ordering::Relaxed);
        if !self.indexing.load(Ordering::Relaxed) {
            bar.set_message(format!("{files} files"));
            return;
        }
        // The bar counts bytes: files differ too much in size for an honest estimate.
        let planned = self.planned_bytes.load(Ordering::Relaxed);
        bar.set_message(format!("{files}/{}", self.planned_files.load(Ordering::Relaxed)));
        if bar.length() != Some(planned) {
            bar.set_length(planned);
            bar.set_style(style("{spinner} {prefix} [{bar:28}] {msg} files, {binary_bytes_per_sec}, {eta} left"));
            bar.set_prefix("indexing");
        }
        if self.writing.load(Ordering::Relaxed) {
            bar.set_prefix("writing");
        }
        bar.set_position(self.bytes.load(Ordering::Relaxed));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}

/// A bar for a large model that reads chunk after chunk.
pub(super) fn backfill(quiet: bool) -> ProgressBar {
    if quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0);
    bar.set_style(style("{spinner} reading [{bar:28}] {human_pos}/{human_len} chunks, {msg}, {eta} left"));
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).expect("the templates are ours");
    style.progress_chars("=> ")
}
