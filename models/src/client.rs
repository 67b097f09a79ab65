//! HTTP with what downloads need: redirects that do not carry the token away, proxies per scheme, retries.

use std::cell::Cell;
use std::io;
use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use ureq::http::{Response, StatusCode, Uri, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::error::{Error, Kind, Result};
use super::event::{Event, Progress};
use super::network::{Network, without_password};
use super::url;

const MAX_REDIRECTS: usize = 10;
/// The longest pause between two tries; a server that asks for more is told to the user instead.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// Listings are small; nobody may fill our memory.
const MAX_TEXT_BYTES: u64 = 64 << 20;

/// A request that failed.
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) again: Again,
    /// Whether bytes arrived before it failed; the count of retries starts anew then.
    pub(crate) progressed: bool,
}

/// Whether and when to try again.
pub(crate) enum Again {
    Never,
    Later,
    After(Duration),
}

impl Failure {
    pub(crate) fn later(error: Error) -> Self {
        Failure { error, again: Again::Later, progressed: false }
    }
}

/// Trying again does not help.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure { error, again: Again::Never, progressed: false }
    }
}

/// The disk's fault, not the server's.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Error::from(error).into()
    }
}

/// A page of text.
pub(crate) struct Page {
    /// Where it was found after redirects.
    pub(crate) uri: Uri,
    pub(crate) content_type: String,
    pub(crate) text: String,
}

/// A client for all servers of a [`Network`].
pub(crate) struct Client<'n> {
    pub(crate) network: &'n Network,
    endpoint: Uri,
    direct: Agent,
    http: Option<Agent>,
    https: Option<Agent>,
    /// Whether any server ever answered.
    reached: Cell<bool>,
}

impl<'n> Client<'n> {
    pub(crate) fn new(network: &'n Network) -> Result<Self> {
        let proxied = |proxy: &Option<String>| proxy.as_ref().map(|proxy| agent(network, Some(proxy))).transpose();
        Ok(Client {
            network,
            endpoint: parse(&network.endpoint)?,
            direct: agent(network, None)?,
            http: proxied(&network.proxies.http)?,
            https: proxied(&network.proxies.https)?,
            reached: Cell::new(false),
        })
    }

    /// Sends one request and follows redirects. Answers other than 2xx and 416 are failures.
    pub(crate) fn get(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        token: Option<&str>,
    ) -> Result<(Uri, Response<Body>), Failure> {
        let mut uri = parse(url)?;
        for _ in 0..=MAX_REDIRECTS {
            let mut request = self.agent(&uri).get(uri.clone());
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            if let Some(token) = token
                && url::same_origin(&uri, &self.endpoint)
            {
                request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            let response = request.call().map_err(|error| self.failure(&uri, &error))?;
            self.reached.set(true);
            if !response.status().is_redirection() {
                return check_status(&uri, response);
            }
            let target = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
            let target = target.and_then(|target| url::join(&uri, target));
            let target = target.ok_or_else(|| network_error(&uri, "it redirects to nowhere"))?;
            if uri.scheme_str() == Some("https") && target.scheme_str() == Some("http") {
                return Err(network_error(&uri, "it redirects from https to http").into());
            }
            uri = target;
        }
        Err(network_error(&uri, "too many redirects").into())
    }

    /// Reads a page of text.
    pub(crate) fn text(&self, url: &str, accept: &str, token: Option<&str>, progress: &Progress) -> Result<Page> {
        self.retry(progress, || {
            let (uri, mut response) = self.get(url, &[("accept", accept)], token)?;
            let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let content_type = content_type.unwrap_or_default().to_owned();
            let body = response.body_mut().with_config().limit(MAX_TEXT_BYTES).lossy_utf8(true);
            let text = body.read_to_string().map_err(|error| self.failure(&uri, &error))?;
            Ok(Page { uri, content_type, text })
        })
    }

    /// Tries until it succeeds, cannot succeed, or patience is at its end.
    pub(crate) fn retry<T>(&self, progress: &Progress, mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T> {
        let mut waits = self.waits();
        loop {
            let Failure { error, again, progressed } = match attempt() {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if progressed {
                waits = self.waits();
            }
            let asked = match again {
                Again::Never => return Err(error),
                Again::Later => Duration::ZERO,
                Again::After(wait) if wait > LONGEST_WAIT => {
                    let hint = format!("the server asks to come back in {} seconds", wait.as_secs());
                    return Err(error.hint(hint));
                }
                Again::After(wait) => wait,
            };
            let Some(wait) = waits.next() else {
                return Err(error);
            };
            let wait = wait.max(asked);
            progress(Event::Retrying { reason: &error.message, wait });
            std::thread::sleep(wait);
        }
    }

    fn waits(&self) -> ExponentialBackoff {
        let builder = ExponentialBuilder::new().with_jitter().with_min_delay(self.network.retry_after);
        builder.with_max_times(self.network.retries).build()
    }

    fn agent(&self, uri: &Uri) -> &Agent {
        let proxied = if uri.scheme_str() == Some("http") { &self.http } else { &self.https };
        proxied.as_ref().filter(|_| !self.network.proxies.excepts(uri)).unwrap_or(&self.direct)
    }

    fn failure(&self, uri: &Uri, error: &ureq::Error) -> Failure {
        let failed = network_error(uri, error);
        match error {
            ureq::Error::ConnectProxyFailed(_) => {
                let hint = if uri.scheme_str() == Some("http") {
                    "many proxies forbid to reach `http://` servers this way; use `https://`, or list it in `NO_PROXY`"
                } else {
                    "check user and password in `HTTPS_PROXY` (special characters as %XX)"
                };
                failed.hint(hint).into()
            }
            // What rustls has to say about a certificate comes as invalid data.
            ureq::Error::Rustls(_) | ureq::Error::Tls(_) => untrusted(failed).into(),
            ureq::Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => untrusted(failed).into(),
            // No passing trouble, if it was always so.
            ureq::Error::HostNotFound if !self.reached.get() => unreachable(failed).into(),
            ureq::Error::Io(error) if !self.reached.get() && !is_cut(error) => unreachable(failed).into(),
            ureq::Error::Io(_)
            | ureq::Error::HostNotFound
            | ureq::Error::Timeout(_)
            | ureq::Error::Protocol(_)
            | ureq::Error::ConnectionFailed => Failure::later(failed),
            _ => failed.into(),
        }
    }
}

/// Whether there was a connection.
fn is_cut(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof, WouldBlock};
    [BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof, WouldBlock].contains(&error.kind())
}

fn unreachable(error: Error) -> Error {
    error.hint("is there a network? behind a firewall, set `HTTPS_PROXY`, or `HF_ENDPOINT` to a mirror")
}

fn untrusted(error: Error) -> Error {
    error.hint(
        "install your system's certificates (`ca-certificates`); if a proxy of your company inspects connections, point \
         `SSL_CERT_FILE` to its own",
    )
}

/// A failure of the server at `uri`.
pub(crate) fn network_error(uri: &Uri, reason: impl std::fmt::Display) -> Error {
    Error::new(Kind::Network, format!("cannot get `{}`: {reason}", url::shown(uri)))
}

fn parse(url: &str) -> Result<Uri> {
    let uri: Option<Uri> = url.parse().ok();
    let usable = uri.filter(|uri| uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https")));
    usable.ok_or_else(|| {
        let shown = without_password(url);
        Error::new(Kind::Network, format!("`{shown}` is no address")).hint("it must start with `https://`")
    })
}

fn agent(network: &Network, proxy: Option<&String>) -> Result<Agent> {
    let proxy = proxy.map(|url| {
        ureq::Proxy::new(url).map_err(|_| {
            let message = format!("`{}` is no address of a proxy", without_password(url));
            Error::new(Kind::Network, message).hint("it looks like `http://user:password@host:port`")
        })
    });
    let config = Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .proxy(proxy.transpose()?)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .user_agent(concat!("cogo/", env!("CARGO_PKG_VERSION")))
        // Compressed bytes could not be resumed nor compared.
        .accept_encoding("identity")
        .timeout_resolve(Some(network.connect))
        .timeout_connect(Some(network.connect))
        .timeout_recv_response(Some(network.stall))
        .timeout_per_read(Some(network.stall))
        .timeout_per_write(Some(network.stall));
    Ok(config.build().new_agent())
}

fn check_status(uri: &Uri, response: Response<Body>) -> Result<(Uri, Response<Body>), Failure> {
    let status = response.status();
    if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE {
        return Ok((uri.clone(), response));
    }
    let error = network_error(uri, format!("the server answers {status}"));
    let passing = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
    if passing || status.is_server_error() {
        let after = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let again = after.and_then(|value| retry_after(value, SystemTime::now())).map_or(Again::Later, Again::After);
        return Err(Failure { error, again, progressed: false });
    }
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => error
            .hint("check the name; for a private or gated repository set `HF_TOKEN`, and accept its terms on the web"),
        StatusCode::NOT_FOUND => error.hint("check the name and the revision"),
        _ => error,
    }
    .into())
}

/// The wait a `Retry-After` asks for: seconds or a date.
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    httpdate::parse_http_date(value.trim()).ok()?.duration_since(now).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_may_ask_to_wait_in_seconds_or_until_a_date() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("valid");
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:40 GMT", now), Some(Duration::from_secs(3)));
        assert_eq!((retry_after("soon", now), retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now)), (None, None));
    }
}
