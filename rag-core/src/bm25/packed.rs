//! A read-only tantivy directory over sections of a segment file.
//!
//! tantivy writes half a dozen files an index, and creating and syncing files is what a small index costs; packed
//! into the segment they cost one file and one sync.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tantivy::HasLen;
use tantivy::directory::error::{DeleteError, OpenReadError, OpenWriteError};
use tantivy::directory::{Directory, FileHandle, OwnedBytes, WatchCallback, WatchHandle, WritePtr};

use crate::store::container::Bytes;

#[derive(Clone)]
pub(super) struct PackedDirectory {
    files: Arc<Vec<(PathBuf, Bytes)>>,
}

impl PackedDirectory {
    pub(super) fn new(files: Vec<(String, Bytes)>) -> Self {
        let files = files.into_iter().map(|(name, bytes)| (PathBuf::from(name), bytes)).collect();
        PackedDirectory { files: Arc::new(files) }
    }

    fn find(&self, path: &Path) -> Option<&Bytes> {
        self.files.iter().find(|(name, _)| name == path).map(|(_, bytes)| bytes)
    }

    fn open(&self, path: &Path) -> Result<&Bytes, OpenReadError> {
        self.find(path).ok_or_else(|| OpenReadError::FileDoesNotExist(path.to_owned()))
    }
}

impl std::fmt::Debug for PackedDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.files.iter().map(|(name, _)| name)).finish()
    }
}

fn read_only() -> io::Error {
    io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "a packed text index is read-only")
}

impl Directory for PackedDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        self.open(path).map(|bytes| Arc::new(PackedFile(bytes.clone())) as Arc<dyn FileHandle>)
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        Ok(self.find(path).is_some())
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        self.open(path).map(|bytes| bytes.to_vec())
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        Err(DeleteError::IoError { io_error: Arc::new(read_only()), filepath: path.to_owned() })
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        Err(OpenWriteError::wrap_io_error(read_only(), path.to_owned()))
    }

    fn atomic_write(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        Err(read_only())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn watch(&self, _: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}

struct PackedFile(Bytes);

impl std::fmt::Debug for PackedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PackedFile({} bytes)", self.0.len())
    }
}

impl HasLen for PackedFile {
    fn len(&self) -> usize {
        self.0.len()
    }
}

impl FileHandle for PackedFile {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        let bytes = self.0.slice(range).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(OwnedBytes::new(bytes))
    }
}
