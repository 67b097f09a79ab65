//! What jobs make and is too large for a row: files, kept under the SHA-256 of their content.
//!
//! The same content is stored once, whoever makes it, and a content that was stored never changes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// Where contents are kept.
#[derive(Clone, Debug)]
pub struct Artifacts {
    objects: Arc<dyn ObjectStore>,
    base: String,
}

/// A content that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of the content, in hexadecimal digits.
    pub sha256: String,
    /// Bytes.
    pub size: i64,
    /// Where it lies.
    pub uri: String,
}

impl Artifacts {
    /// Contents at `url`: a folder, or `s3://bucket/prefix`. Keys, region and endpoint of a server that speaks S3 come from the usual
    /// variables of the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT`.
    ///
    /// # Errors
    /// [`Error::Address`] if there is nothing of that kind.
    pub fn open(url: &str) -> Result<Self> {
        if !url.contains("://") {
            return Self::in_folder(Path::new(url));
        }
        let wrong = |reason: String| Error::Address { address: crate::store::redacted(url), reason };
        let Some(place) = url.strip_prefix("s3://") else {
            return Err(wrong("artifacts are kept in a folder, or at `s3://bucket/prefix`".into()));
        };
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let bucket = AmazonS3Builder::from_env().with_bucket_name(bucket).build();
        let objects = PrefixStore::new(bucket.map_err(|error| wrong(error.to_string()))?, prefix);
        Ok(Artifacts { objects: Arc::new(objects), base: url.trim_end_matches('/').to_owned() })
    }

    /// Contents in a folder, which is made if it is missing.
    ///
    /// # Errors
    /// [`Error::Address`] if it cannot be.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        let wrong = |reason: String| Error::Address { address: folder.display().to_string(), reason };
        std::fs::create_dir_all(folder).map_err(|error| wrong(error.to_string()))?;
        let folder = folder.canonicalize().map_err(|error| wrong(error.to_string()))?;
        let objects = LocalFileSystem::new_with_prefix(&folder).map_err(|error| wrong(error.to_string()))?;
        Ok(Artifacts { objects: Arc::new(objects), base: format!("file://{}", folder.display()) })
    }

    /// Stores a content. It is written again if it is there already, so that it counts as young; see [`sweep`](Self::sweep).
    ///
    /// # Errors
    /// [`Error::Artifact`].
    pub async fn put(&self, content: Vec<u8>) -> Result<Stored> {
        let sha256 = format!("{:x}", Sha256::digest(&content));
        let (place, size) = (place(&sha256), content.len() as i64);
        self.objects.put(&place, content.into()).await.map_err(|source| failed(&sha256, source))?;
        Ok(Stored { uri: format!("{}/{place}", self.base), sha256, size })
    }

    /// The content with this digest. It is compared with it.
    ///
    /// # Errors
    /// [`Error::Artifact`] if it is not there; [`Error::Store`] if it was damaged.
    pub async fn get(&self, sha256: &str) -> Result<Vec<u8>> {
        if sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Error::Invalid(format!("`{}` is no SHA-256", crate::job::short(sha256))));
        }
        let found = self.objects.get(&place(sha256)).await.map_err(|source| failed(sha256, source))?;
        let content = found.bytes().await.map_err(|source| failed(sha256, source))?.to_vec();
        if format!("{:x}", Sha256::digest(&content)) != sha256 {
            return Err(Error::Store { reason: format!("the content of artifact {sha256} is damaged") });
        }
        Ok(content)
    }

    /// Removes contents that are older than `grace` and of which `is_used` knows nothing. The time is for jobs that have stored a content
    /// and not recorded it yet. Gives their number.
    ///
    /// # Errors
    /// [`Error::Artifact`], or what `is_used` says.
    pub async fn sweep<F: Future<Output = Result<bool>>>(
        &self,
        grace: Duration,
        is_used: impl Fn(String) -> F,
    ) -> Result<u64> {
        let prefix = ObjectPath::from("sha256");
        let mut contents = self.objects.list(Some(&prefix));
        let mut newest = None;
        let mut found = Vec::new();
        while let Some(content) = contents.try_next().await.map_err(|source| failed("sha256", source))? {
            newest = newest.max(Some(content.last_modified));
            found.push(content);
        }
        drop(contents);
        let mut removed = 0;
        for content in found {
            let sha256 = content.location.filename().unwrap_or_default().to_owned();
            // Young by the clock of what is stored, not by ours.
            let age = newest.and_then(|newest| (newest - content.last_modified).to_std().ok()).unwrap_or_default();
            if age > grace && !is_used(sha256.clone()).await? {
                self.objects.delete(&content.location).await.map_err(|source| failed(&sha256, source))?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

fn place(sha256: &str) -> ObjectPath {
    ObjectPath::from(format!("sha256/{}/{sha256}", &sha256[..2]))
}

fn failed(name: &str, source: object_store::Error) -> Error {
    Error::Artifact { name: name.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn contents_are_found_by_their_digest() {
        let folder = tempfile::tempdir().expect("temp dir");
        let artifacts = Artifacts::in_folder(folder.path()).expect("a folder");
        let stored = artifacts.put(b"abc".to_vec()).await.expect("stored");
        assert_eq!(stored.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(artifacts.put(b"abc".to_vec()).await.expect("stored"), stored);
        assert_eq!(artifacts.get(&stored.sha256).await.expect("it is there"), b"abc");
        let file = stored.uri.strip_prefix("file://").expect("a file");
        std::fs::write(file, b"abd").expect("written");
        assert!(artifacts.get(&stored.sha256).await.is_err_and(|error| error.to_string().contains("damaged")));
        for wrong in ["", "../../etc/passwd", &"f".repeat(64)] {
            assert!(artifacts.get(wrong).await.is_err());
        }
    }

    #[test]
    fn other_places_are_refused() {
        assert!(
            matches!(Artifacts::open("ftp://me:secret@host/x"), Err(Error::Address { address, .. }) if !address.contains("secret"))
        );
    }
}
