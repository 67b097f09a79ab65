//! Downloads one file, however often the connection is cut, and believes only its checksum.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use fs_err as fs;
use ureq::Body;
use ureq::http::{Response, StatusCode, header};

use super::client::{Again, Client, Failure, network_error};
use super::digest::{Check, compare};
use super::error::{Error, Kind, Result};
use super::event::{Event, Progress};
use super::manifest::{FileEntry, Source};

const BUFFER_BYTES: usize = 1 << 17;
/// What a download leaves free on the disk.
const SPARE_BYTES: u64 = 64 << 20;
const PASSES_THROUGH: &str = "a proxy or mirror may change what passes through it; ask its operator";

/// What is to be downloaded for one model.
pub(crate) struct Plan {
    pub(crate) source: Source,
    pub(crate) files: Vec<Remote>,
    /// For the hub's own host.
    pub(crate) token: Option<String>,
}

impl Plan {
    /// All bytes, if every size is known.
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.files.iter().try_fold(0, |sum: u64, file| Some(sum.saturating_add(file.bytes?)))
    }
}

/// A file on a server.
pub(crate) struct Remote {
    /// Where it goes, relative and checked.
    pub(crate) path: String,
    pub(crate) url: String,
    pub(crate) bytes: Option<u64>,
    pub(crate) check: Check,
}

/// Downloads `remote` into `folder`, going on with what an earlier attempt has left there. Wrong bytes are thrown away
/// and fetched once more.
pub(crate) fn download(
    client: &Client,
    remote: &Remote,
    token: Option<&str>,
    folder: &Path,
    progress: &Progress,
) -> Result<FileEntry> {
    let target = folder.join(&remote.path);
    fs::create_dir_all(target.parent().expect("it lies in the folder"))?;
    if target.is_file() {
        progress(Event::Checking { file: &remote.path });
        if let Ok(digested) = compare(&target, &remote.check)? {
            return Ok(FileEntry { path: remote.path.clone(), bytes: digested.bytes, sha256: digested.sha256 });
        }
        fs::remove_file(&target)?;
    }
    let part = Part::of(&target);
    let mut wrong = String::new();
    for _ in 0..2 {
        let mut most = part.bytes();
        client.retry(progress, || receive(client, remote, token, &part, &mut most, progress))?;
        progress(Event::Checking { file: &remote.path });
        match compare(&part.file, &remote.check)? {
            Ok(digested) => {
                fs::rename(&part.file, &target)?;
                part.forget_etag()?;
                return Ok(FileEntry { path: remote.path.clone(), bytes: digested.bytes, sha256: digested.sha256 });
            }
            Err(difference) => {
                part.discard()?;
                wrong = difference;
            }
        }
    }
    let message = format!("the server sends a wrong `{}`: {wrong}", remote.path);
    Err(Error::new(Kind::Corrupt, message).hint(PASSES_THROUGH))
}

/// What has arrived so far, and of which version.
struct Part {
    file: PathBuf,
    etag: PathBuf,
}

impl Part {
    fn of(target: &Path) -> Self {
        let with = |ending: &str| {
            let mut path = target.as_os_str().to_owned();
            path.push(ending);
            PathBuf::from(path)
        };
        Part { file: with(".part"), etag: with(".part.etag") }
    }

    fn bytes(&self) -> u64 {
        fs::metadata(&self.file).map_or(0, |metadata| metadata.len())
    }

    fn etag(&self) -> Option<String> {
        fs::read_to_string(&self.etag).ok()
    }

    fn discard(&self) -> Result<()> {
        if self.file.exists() {
            fs::remove_file(&self.file)?;
        }
        self.forget_etag()
    }

    fn forget_etag(&self) -> Result<()> {
        if self.etag.exists() {
            fs::remove_file(&self.etag)?;
        }
        Ok(())
    }
}

/// One request: appends what comes to the part. `most` is how much there has ever been: a server that starts over again
/// and again makes no progress.
fn receive(
    client: &Client,
    remote: &Remote,
    token: Option<&str>,
    part: &Part,
    most: &mut u64,
    progress: &Progress,
) -> Result<(), Failure> {
    let mut have = part.bytes();
    if remote.bytes.is_some_and(|bytes| have > bytes) {
        part.discard()?;
        have = 0;
    }
    if have > 0 && remote.bytes == Some(have) {
        return Ok(());
    }
    let range = format!("bytes={have}-");
    let etag = part.etag();
    let mut headers = Vec::new();
    if have > 0 {
        headers.push(("range", range.as_str()));
        headers.extend(etag.as_deref().map(|etag| ("if-range", etag)));
    }
    let (uri, mut response) = client.get(&remote.url, &headers, token)?;
    let resumed = response.status() == StatusCode::PARTIAL_CONTENT;
    let changed = strong_etag(&response).zip(etag).is_some_and(|(now, then)| now != then);
    let elsewhere = resumed && (changed || range_start(&response) != Some(have));
    if response.status() == StatusCode::RANGE_NOT_SATISFIABLE || elsewhere {
        part.discard()?;
        return Err(Failure::later(network_error(&uri, "the file has changed while it was downloaded")));
    }
    if !resumed {
        part.discard()?;
        have = 0;
        if let Some(etag) = strong_etag(&response) {
            fs::write(&part.etag, etag)?;
        }
    }
    let offered = response.body().content_length().map(|rest| have.saturating_add(rest));
    match (remote.bytes, offered) {
        (None, Some(offered)) => check_space(part.file.parent().expect("it lies in a folder"), offered - have)?,
        (Some(expected), Some(offered)) if expected != offered => {
            let error = network_error(&uri, format!("it has {offered} bytes instead of {expected}"));
            return Err(Error { kind: Kind::Corrupt, ..error }.hint(PASSES_THROUGH).into());
        }
        _ => {}
    }
    let total = remote.bytes.or(offered);
    let mut file = fs::OpenOptions::new().create(true).append(true).open(&part.file)?;
    let mut body = response.body_mut().with_config().limit(u64::MAX).reader();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = match body.read(&mut buffer) {
            Ok(0) if total.is_some_and(|total| have < total) => Err(io::ErrorKind::UnexpectedEof.into()),
            read => read,
        };
        let read = read.map_err(|reason| {
            let error = network_error(&uri, format!("the connection was cut after {have} bytes: {reason}"));
            let progressed = have > *most;
            *most = have.max(*most);
            Failure { error, again: Again::Later, progressed }
        })?;
        if read == 0 {
            break;
        }
        file.write_all(&buffer[..read])?;
        have += read as u64;
        progress(Event::Bytes { file: &remote.path, done: have, total });
        if total.is_some_and(|total| have > total) {
            // More than there should be: the checksum will tell.
            break;
        }
    }
    file.sync_all()?;
    Ok(())
}

/// The version of the file, if it is one that stands for its very bytes.
fn strong_etag(response: &Response<Body>) -> Option<String> {
    let etag = response.headers().get(header::ETAG)?.to_str().ok()?;
    (etag.starts_with('"')).then(|| etag.to_owned())
}

/// Where the bytes of a partial answer begin.
fn range_start(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// Refuses if `folder` lies on a disk without room for `bytes` more.
pub(crate) fn check_space(folder: &Path, bytes: u64) -> Result<()> {
    let free = fs4::available_space(folder).map_err(|error| {
        Error::new(Kind::Io, format!("cannot ask for the free space of `{}`: {error}", folder.display()))
    })?;
    if free >= bytes.saturating_add(SPARE_BYTES) {
        return Ok(());
    }
    let (bytes, free) = (ByteSize(bytes), ByteSize(free));
    Err(Error::new(Kind::Space, format!("{bytes} are needed in `{}`, but only {free} are free", folder.display()))
        .hint("free some space, or keep the models on another disk"))
}
