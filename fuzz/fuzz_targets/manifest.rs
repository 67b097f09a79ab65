//! Any bytes as `manifest.json` beside the true files of a generation: it is refused or read; nothing panics.
#![no_main]

use std::sync::OnceLock;

use cogo_fuzz::{SmallIndex, read_everything};
use libfuzzer_sys::fuzz_target;

static INDEX: OnceLock<SmallIndex> = OnceLock::new();

fuzz_target!(init: { INDEX.get_or_init(SmallIndex::new); }, |data: &[u8]| {
    let index = INDEX.get_or_init(SmallIndex::new);
    index.write_manifest_bytes(data);
    if let Ok(searcher) = index.open() {
        read_everything(&searcher);
    }
});
