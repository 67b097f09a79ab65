//! Searches that others offer, as a server on this machine: what they answer, and how they fail, is what a test says.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is sent back.
pub(super) enum Reply {
    /// A status, further headers (each ended by CRLF), and a body.
    Http(u16, &'static str, String),
    /// Nothing, for long.
    Silence,
    /// The head of an answer, half a body, and the end of the connection.
    Cut,
}

type Script = dyn Fn(usize, &str) -> Reply + Send + Sync;

/// The server; it lives as long as the process.
pub(super) struct SourceDouble {
    /// `http://127.0.0.1:port`
    pub(super) url: String,
    /// Targets and headers of the requests.
    pub(super) requests: Arc<Mutex<Vec<(String, String)>>>,
}

impl SourceDouble {
    /// Starts it. `script` is given how often its path was asked before, and the target of the request.
    pub(super) fn start(script: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let requests: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let (script, seen): (Arc<Script>, _) = (Arc::new(script), requests.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (script, seen) = (script.clone(), seen.clone());
                // Who is not waited for hangs up: that is no failure of the server.
                std::thread::spawn(move || serve(&stream, &*script, &seen));
            }
        });
        SourceDouble { url, requests }
    }

    /// How often a path was asked.
    pub(super) fn count(&self, path: &str) -> usize {
        self.requests.lock().expect("no panic").iter().filter(|(target, _)| path_of(target) == path).count()
    }
}

fn path_of(target: &str) -> &str {
    target.split('?').next().unwrap_or_default()
}

fn serve(mut stream: &TcpStream, script: &Script, seen: &Mutex<Vec<(String, String)>>) -> Option<()> {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    let number = {
        let mut seen = seen.lock().ok()?;
        let number = seen.iter().filter(|(other, _)| path_of(other) == path_of(&target)).count();
        seen.push((target.clone(), headers.join("\n")));
        number
    };
    match script(number, &target) {
        Reply::Http(status, headers, body) => write!(
            stream,
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .ok(),
        Reply::Silence => {
            std::thread::sleep(Duration::from_secs(30));
            None
        }
        Reply::Cut => write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{{\"results\": [").ok(),
    }
}
