//! What a caller may show while it waits.

use std::time::Duration;

/// Something that happened while a model was pulled, imported or verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// Another process works on the same model; we wait for it.
    Waiting,
    /// A server is asked what it has of something.
    Asking {
        /// Of which repository or package.
        what: &'a str,
    },
    /// It is known what will be downloaded.
    Planned {
        /// Files.
        files: usize,
        /// Their bytes, if the server says.
        bytes: Option<u64>,
    },
    /// Bytes of a file were downloaded, copied or unpacked.
    Bytes {
        /// The file.
        file: &'a str,
        /// How many are here.
        done: u64,
        /// How many there will be, if that is known.
        total: Option<u64>,
    },
    /// The checksum of a file is computed.
    Checking {
        /// The file.
        file: &'a str,
    },
    /// A request failed and is sent again.
    Retrying {
        /// Why it failed.
        reason: &'a str,
        /// After which time.
        wait: Duration,
    },
}

/// Told of every [`Event`].
pub type Progress<'p> = dyn Fn(Event<'_>) + 'p;
