//! A hub and a Python package index on this machine, which do wrong on demand.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use sha1::{Digest, Sha1};

use super::sha256;

/// What is done wrong, once, to a request for a path.
pub enum Fault {
    /// The connection is cut after so many bytes of the body.
    Cut(usize),
    /// The body is another of the same length.
    Wrong,
    /// The file is sent from its beginning, though a part was asked for, and cut after so many bytes.
    WholeFile(usize),
    /// The part that was asked for is sent, though the file has changed.
    ChangedPart,
    /// Another part than the one that was asked for is sent, and called so.
    OtherPart,
    /// An answer without a body, with this `Retry-After`.
    Status(u16, Option<&'static str>),
    /// Nothing is sent for so long, after so many bytes of the body.
    Stall(usize, Duration),
}

/// What lies at a path.
#[derive(Clone, Default)]
pub struct Resource {
    pub body: Vec<u8>,
    pub content_type: &'static str,
    pub etag: Option<String>,
    /// Where it really lies.
    pub redirect: Option<String>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub headers: HashMap<String, String>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

#[derive(Default)]
struct State {
    resources: HashMap<String, Resource>,
    faults: HashMap<String, VecDeque<Fault>>,
    requests: Vec<Request>,
}

/// Runs until the process ends.
pub struct Server {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                // A client that goes away is no failure of the test.
                std::thread::spawn(move || serve(&stream, &shared));
            }
        });
        Server { address, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    pub fn put(&self, path: &str, resource: Resource) {
        self.state().resources.insert(path.into(), resource);
    }

    pub fn fault(&self, path: &str, fault: Fault) {
        self.state().faults.entry(path.into()).or_default().push_back(fault);
    }

    /// The requests for paths that end like this.
    pub fn requests(&self, ending: &str) -> Vec<Request> {
        self.state().requests.iter().filter(|request| request.path.ends_with(ending)).cloned().collect()
    }

    /// Puts a repository with its listing at `main`. Files above 100 bytes are large ones.
    pub fn put_repository(&self, repository: &str, commit: &str, files: &[(&str, &[u8])]) {
        let siblings = files.iter().map(|(path, body)| {
            let sibling = serde_json::json!({"rfilename": path, "size": body.len(), "blobId": git_blob(body)});
            let mut sibling = sibling.as_object().expect("an object").clone();
            if body.len() > 100 {
                let lfs = serde_json::json!({"sha256": sha256(body), "size": body.len(), "pointerSize": 135});
                sibling.insert("lfs".into(), lfs);
                // For these it is the id of the pointer.
                sibling.insert("blobId".into(), "0".repeat(40).into());
            }
            sibling
        });
        let listing = serde_json::json!({"sha": commit, "siblings": siblings.collect::<Vec<_>>()});
        let path = format!("/api/models/{repository}/revision/main?blobs=true");
        self.put(&path, Resource { body: listing.to_string().into_bytes(), ..Resource::default() });
        for (path, body) in files {
            let etag = Some(format!("\"{}\"", sha256(body)));
            self.put(
                &resolved(repository, commit, path),
                Resource { body: body.to_vec(), etag, ..Resource::default() },
            );
        }
    }
}

/// Where a file of a repository lies.
pub fn resolved(repository: &str, commit: &str, file: &str) -> String {
    format!("/{repository}/resolve/{commit}/{file}")
}

pub fn git_blob(body: &[u8]) -> String {
    let mut hasher = Sha1::new_with_prefix(format!("blob {}\0", body.len()));
    hasher.update(body);
    format!("{:x}", hasher.finalize())
}

/// Reads the head of a request.
pub fn read_head(reader: &mut impl BufRead) -> Option<(String, HashMap<String, String>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let first = line.trim_end().to_owned();
    let mut headers = HashMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            return Some((first, headers));
        };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (first, headers) = read_head(&mut reader)?;
    let path = first.split(' ').nth(1)?.to_owned();
    let (resource, fault) = {
        let mut state = state.lock().expect("no panic");
        state.requests.push(Request { path: path.clone(), headers: headers.clone() });
        let fault = state.faults.get_mut(&path).and_then(VecDeque::pop_front);
        (state.resources.get(&path).cloned(), fault)
    };
    answer(stream, resource, fault, &headers)
}

fn answer(
    mut stream: &TcpStream,
    resource: Option<Resource>,
    fault: Option<Fault>,
    headers: &HashMap<String, String>,
) -> Option<()> {
    let mut head = |status: &str, more: &str| {
        write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\n{more}\r\n").ok()?;
        stream.flush().ok()
    };
    if let Some(Fault::Status(status, after)) = fault {
        let after = after.map_or(String::new(), |after| format!("retry-after: {after}\r\n"));
        return head(&format!("{status} Trouble"), &format!("content-length: 0\r\n{after}"));
    }
    let Some(Resource { mut body, content_type, etag, redirect }) = resource else {
        return head("404 Not Found", "content-length: 0\r\n");
    };
    if let Some(target) = redirect {
        return head("302 Found", &format!("location: {target}\r\ncontent-length: 0\r\n"));
    }
    if matches!(fault, Some(Fault::Wrong)) {
        body.iter_mut().for_each(|byte| *byte = !*byte);
    }
    let unchanged = matches!(fault, Some(Fault::ChangedPart))
        || headers.get("if-range").is_none_or(|known| Some(known) == etag.as_ref());
    let start = headers.get("range").and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let start = start.filter(|_| unchanged && !matches!(fault, Some(Fault::WholeFile(_))));
    let start = start.map(|start: usize| if matches!(fault, Some(Fault::OtherPart)) { start + 7 } else { start });
    let etag = etag.map_or(String::new(), |etag| format!("etag: {etag}\r\n"));
    let total = body.len();
    let (status, range) = match start {
        Some(start) if start >= total => return head("416 Range Not Satisfiable", "content-length: 0\r\n"),
        Some(start) => ("206 Partial Content", format!("content-range: bytes {start}-{}/{total}\r\n", total - 1)),
        None => ("200 OK", String::new()),
    };
    let part = &body[start.unwrap_or(0)..];
    let length = part.len();
    head(status, &format!("content-length: {length}\r\ncontent-type: {content_type}\r\n{etag}{range}"))?;
    match fault {
        Some(Fault::Cut(after) | Fault::WholeFile(after)) => stream.write_all(&part[..after.min(length)]).ok(),
        Some(Fault::Stall(after, time)) => {
            stream.write_all(&part[..after.min(length)]).ok()?;
            std::thread::sleep(time);
            stream.write_all(&part[after.min(length)..]).ok()
        }
        _ => stream.write_all(part).ok(),
    }
}
