//! A connection that does not last.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// Passes connections on to a server, and cuts each of them after a while.
pub struct Proxy {
    pub port: u16,
    /// Connections that were cut.
    pub cut: Arc<AtomicU32>,
    /// Whether connections may live from now on.
    pub spares: Arc<AtomicBool>,
    stop: Arc<AtomicBool>,
}

impl Proxy {
    pub fn new(to: (String, u16), lifetime: Duration) -> Self {
        Self::at(0, to, lifetime)
    }

    /// At this port, where another one may have been.
    pub fn at(port: u16, to: (String, u16), lifetime: Duration) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let proxy = Proxy { port, cut: Arc::default(), spares: Arc::default(), stop: Arc::default() };
        let (cut, spares, stop) = (proxy.cut.clone(), proxy.spares.clone(), proxy.stop.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                let (Ok(client), false) = (client, stop.load(Ordering::Relaxed)) else { return };
                let Ok(server) = TcpStream::connect((to.0.as_str(), to.1)) else { continue };
                // Without this every small message waits 40 ms, and few fit into a connection's life.
                client.set_nodelay(true).and(server.set_nodelay(true)).expect("a socket");
                pass(&client, &server);
                pass(&server, &client);
                let (cut, spares) = (cut.clone(), spares.clone());
                thread::spawn(move || {
                    thread::sleep(lifetime);
                    if spares.load(Ordering::Relaxed) {
                        return;
                    }
                    // A connection that has ended already cannot be cut.
                    if client.shutdown(Shutdown::Both).is_ok() {
                        cut.fetch_add(1, Ordering::Relaxed);
                    }
                    drop(server.shutdown(Shutdown::Both));
                });
            }
        });
        proxy
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the listener.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
    }
}

fn pass(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
    thread::spawn(move || {
        let mut bytes = [0; 1 << 14];
        while let Ok(read @ 1..) = from.read(&mut bytes) {
            if to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        drop(to.shutdown(Shutdown::Both));
    });
}
