//! The hub: what a repository holds at a revision, and which of it to download.

use serde::Deserialize;

use super::choose::choose;
use super::client::Client;
use super::digest::Check;
use super::download::{Plan, Remote};
use super::error::{Error, Kind, Result};
use super::event::{Event, Progress};
use super::files::is_safe_path;
use super::manifest::Source;
use super::url::{escape, escape_path};

/// What the hub says about a revision of a repository.
#[derive(Deserialize)]
struct Listing {
    /// The commit.
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    #[serde(rename = "rfilename")]
    path: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob_id: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: String,
    size: u64,
}

/// Asks the hub what to download for `repository` at `revision`.
pub(crate) fn plan(
    client: &Client,
    repository: &str,
    revision: &str,
    graph: Option<&str>,
    progress: &Progress,
) -> Result<Plan> {
    let endpoint = &client.network.endpoint;
    let token = client.network.token.as_deref();
    progress(Event::Asking { what: repository });
    let url = format!("{endpoint}/api/models/{repository}/revision/{}?blobs=true", escape(revision));
    let page = client.text(&url, "application/json", token, progress)?;
    let listing: Listing = serde_json::from_str(&page.text).map_err(|error| {
        let message = format!("cannot read what the hub says about `{repository}`: {error}");
        Error::new(Kind::Content, message).hint("is `HF_ENDPOINT` really a hub?")
    })?;
    if !is_hex(&listing.sha, 40) {
        return Err(Error::new(Kind::Content, format!("the hub names no commit for `{repository}`")));
    }
    let names: Vec<&str> = listing.siblings.iter().map(|sibling| sibling.path.as_str()).collect();
    let chosen = choose(&names, graph, &format!("`{repository}`"))?;
    let remote = |path: &String| {
        let sibling = listing.siblings.iter().find(|sibling| sibling.path == *path).expect("chosen from these");
        let url = format!("{endpoint}/{repository}/resolve/{}/{}", listing.sha, escape_path(path));
        remote(sibling, url, repository)
    };
    Ok(Plan {
        files: chosen.iter().map(remote).collect::<Result<_>>()?,
        source: Source::Huggingface {
            repository: repository.into(),
            revision: revision.into(),
            commit: listing.sha.clone(),
        },
        token: client.network.token.clone(),
    })
}

/// Nothing is taken that could not be checked, nor put where it does not belong.
fn remote(sibling: &Sibling, url: String, repository: &str) -> Result<Remote> {
    let Sibling { path, size, blob_id, lfs } = sibling;
    if !is_safe_path(path) {
        return Err(Error::new(Kind::Content, format!("`{repository}` has a file with the bad name `{path}`")));
    }
    let (bytes, check) = match (lfs, blob_id) {
        (Some(lfs), _) if is_hex(&lfs.sha256, 64) => (Some(lfs.size), Check::Sha256(lfs.sha256.to_lowercase())),
        (None, Some(id)) if is_hex(id, 40) => (*size, Check::GitBlob(id.to_lowercase())),
        _ => {
            let message = format!("the hub names no checksum for `{path}` of `{repository}`");
            return Err(Error::new(Kind::Content, message).hint("a mirror may leave them out; try the hub itself"));
        }
    };
    Ok(Remote { path: path.clone(), url, bytes, check })
}

/// Whether `text` is that many hexadecimal digits.
pub(crate) fn is_hex(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
