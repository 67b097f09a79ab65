//! Checksums of files, computed without holding them in memory.

use std::io::Read;
use std::path::Path;

use fs_err as fs;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::error::Result;

const BUFFER_BYTES: usize = 1 << 18;

/// What a file must hash to, in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// SHA-256 of the content.
    Sha256(String),
    /// The id git gives a blob: SHA-1 of `blob LENGTH\0` and the content. It tells damage, not malice.
    GitBlob(String),
}

/// What a file hashes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digested {
    /// Its length.
    pub(crate) bytes: u64,
    /// SHA-256, in lower-case hexadecimal.
    pub(crate) sha256: String,
}

/// Hashes the file at `path`.
pub(crate) fn digest(path: &Path) -> Result<Digested> {
    let mut hasher = Sha256::new();
    let bytes = read(path, |part| hasher.update(part))?;
    Ok(Digested { bytes, sha256: format!("{:x}", hasher.finalize()) })
}

/// Hashes the file at `path` and compares; what was found instead is the inner error.
pub(crate) fn compare(path: &Path, check: &Check) -> Result<Result<Digested, String>> {
    let digested = digest(path)?;
    let (algorithm, expected, found) = match check {
        Check::Sha256(expected) => ("sha256", expected, digested.sha256.clone()),
        Check::GitBlob(expected) => ("git blob id", expected, git_blob(path, digested.bytes)?),
    };
    if *expected == found {
        return Ok(Ok(digested));
    }
    Ok(Err(format!("expected {algorithm} {expected}, found {found} ({} bytes)", digested.bytes)))
}

fn git_blob(path: &Path, bytes: u64) -> Result<String> {
    let mut hasher = Sha1::new_with_prefix(format!("blob {bytes}\0"));
    read(path, |part| hasher.update(part))?;
    Ok(format!("{:x}", hasher.finalize()))
}

fn read(path: &Path, mut each: impl FnMut(&[u8])) -> Result<u64> {
    let mut file = fs::File::open(path)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(bytes);
        }
        each(&buffer[..read]);
        bytes += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_sha256sum_and_git() {
        let file = tempfile::NamedTempFile::new().expect("temp file");
        fs::write(file.path(), "hello\n").expect("write");
        let sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        assert_eq!(digest(file.path()).expect("it exists"), Digested { bytes: 6, sha256: sha256.into() });
        let blob = Check::GitBlob("ce013625030ba8dba906f756967f9e9ca394464a".into());
        assert!(compare(file.path(), &blob).expect("it exists").is_ok());
        let other = compare(file.path(), &Check::Sha256("00".into())).expect("it exists").expect_err("another hash");
        assert_eq!(other, format!("expected sha256 00, found {sha256} (6 bytes)"));
    }
}
