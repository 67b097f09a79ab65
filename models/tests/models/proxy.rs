//! A proxy that wants a password, and knows hosts nobody else does.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::server::read_head;

/// `user:p@ss`, as it is sent.
const CREDENTIALS: &str = "Basic dXNlcjpwQHNz";

/// Leads every host to one server. Runs until the process ends.
pub struct Proxy {
    pub address: SocketAddr,
    tunnels: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    pub fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let tunnels = Arc::new(Mutex::new(Vec::new()));
        let shared = tunnels.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || tunnel(stream, server, &shared));
            }
        });
        Proxy { address, tunnels }
    }

    /// The hosts that were asked for with the right password.
    pub fn tunnels(&self) -> Vec<String> {
        self.tunnels.lock().expect("no panic").clone()
    }
}

fn tunnel(mut client: TcpStream, server: SocketAddr, tunnels: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let (first, headers) = read_head(&mut reader)?;
    let host = first.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    if headers.get("proxy-authorization").map(String::as_str) != Some(CREDENTIALS) {
        return client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").ok();
    }
    tunnels.lock().expect("no panic").push(host);
    let server = TcpStream::connect(server).ok()?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
    let mut to_server = server.try_clone().ok()?;
    std::thread::spawn(move || copy(&mut reader, &mut to_server));
    let mut from_server = server;
    copy(&mut from_server, &mut client);
    client.shutdown(Shutdown::Both).ok()
}

fn copy(from: &mut impl Read, to: &mut TcpStream) {
    let _ = std::io::copy(from, to);
    let _ = to.shutdown(Shutdown::Write);
}
