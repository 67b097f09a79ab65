//! Connections that are encrypted, and ends that are not who they say they are.
//!
//! The PostgreSQL of these tests is built without TLS, so something in front of it speaks TLS as PostgreSQL does: it answers an
//! `SSLRequest`, shakes hands, and passes on what it reads.

use std::path::PathBuf;
use std::sync::Arc;

use mirror::Error;
use mirror::postgres::SyncOptions;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

use super::database::{Database, Mirrored};

/// What a client sends first if it wants TLS: its length, and a code that is no version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// An authority, and a server in front of PostgreSQL that it vouches for.
struct Front {
    folder: TempDir,
    port: u16,
    /// Accepts as long as it lives.
    _runtime: Runtime,
}

impl Front {
    /// Calls itself `name`.
    fn new(database: &Database, name: &str) -> Self {
        let folder = tempfile::tempdir().expect("temp dir");
        let (authority, certificate, key) = certificates(name);
        std::fs::write(folder.path().join("authority.pem"), authority).expect("write");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("they belong together");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let server = database.place();
        runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, server) = (acceptor.clone(), server.clone());
                tokio::spawn(async move { drop(serve(client, acceptor, server).await) });
            }
        });
        Front { folder, port, _runtime: runtime }
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// The database behind it, at `host` and with these parameters.
    fn url(&self, database: &Database, host: &str, parameters: &str) -> String {
        let through = database.url_through(self.port).replace("127.0.0.1", host);
        format!("{through}?{parameters}")
    }

    fn verified(&self, database: &Database, host: &str, authority: &Front) -> String {
        self.url(database, host, &format!("sslmode=verify-full&sslrootcert={}", authority.authority().display()))
    }
}

async fn serve(mut client: TcpStream, acceptor: TlsAcceptor, server: (String, u16)) -> std::io::Result<()> {
    let mut first = [0; 8];
    client.read_exact(&mut first).await?;
    if first != SSL_REQUEST {
        // A client that did not ask for TLS is sent away.
        return Ok(());
    }
    client.write_all(b"S").await?;
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(server).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

/// An authority as PEM, and a certificate of it for a server of this name, with its key.
fn certificates(name: &str) -> (String, CertificateDer<'static>, PrivateKeyDer<'static>) {
    let mut authority = CertificateParams::new([]).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let pem = authority.self_signed(&key).expect("a certificate").pem();
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new([name.to_owned()]).expect("a name");
    let certificate = certificate.signed_by(&key, &issuer).expect("a certificate");
    (pem, certificate.der().clone(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}

#[test]
fn a_server_that_an_authority_vouches_for_is_trusted() {
    let Some(database) = Database::new() else { return };
    let front = Front::new(&database, "localhost");
    let mirrored = Mirrored::new(&front.verified(&database, "localhost", &front), 12);
    assert_eq!(mirrored.sync().written, 12);
    mirrored.assert_clean(&database);
}

#[test]
fn encryption_alone_needs_no_authority() {
    let Some(database) = Database::new() else { return };
    let front = Front::new(&database, "somebody");
    let mirrored = Mirrored::new(&front.url(&database, "127.0.0.1", "sslmode=require"), 12);
    assert_eq!(mirrored.sync().written, 12);
    mirrored.assert_clean(&database);
}

#[test]
fn nothing_is_said_to_whom_nobody_vouches_for() {
    let Some(database) = Database::new() else { return };
    let (front, other) = (Front::new(&database, "localhost"), Front::new(&database, "localhost"));
    let stranger = front.verified(&database, "localhost", &other);
    let renamed = front.verified(&database, "127.0.0.1", &front);
    let open = format!("{}?sslmode=require", database.url());
    for (url, what) in [(stranger, "another authority"), (renamed, "another name"), (open, "a server without TLS")] {
        let mirrored = Mirrored::new(&url, 3);
        let error = mirrored.mirror.sync(&mirrored.snapshot, &SyncOptions::default()).expect_err(what);
        let said = error.to_string().to_lowercase();
        assert!(said.contains("tls") || said.contains("certificate"), "{what}: {said}");
        assert!(!matches!(error, Error::Older { .. }), "{what}: {error:?}");
    }
    let tables = "SELECT count(*) FROM pg_namespace WHERE nspname = 'cogo'";
    assert_eq!(database.number(tables), 0, "nothing was written");
}
