//! How to reach the servers: addresses, proxies, patience. Reads the environment only where it is told to.

use std::fmt;
use std::time::Duration;

use ureq::http::Uri;

use super::error::{Error, Kind, Result};
use super::url;

/// Where models come from by default.
pub const ENDPOINT: &str = "https://huggingface.co";
/// Where the ONNX Runtime library comes from by default.
pub const PYPI: &str = "https://pypi.org";

/// How to reach the servers.
#[derive(Clone)]
pub struct Network {
    /// The hub for models, without a trailing slash.
    pub endpoint: String,
    /// The Python package index; with or without the `/simple` at its end. May hold `user:password@`.
    pub pypi: String,
    /// Proxies to go through.
    pub proxies: Proxies,
    /// What proves to the hub who we are. Sent to the hub's own host only.
    pub token: Option<String>,
    /// Whether the network must not be used at all.
    pub offline: bool,
    /// How often a failed request is sent again. Bytes that arrived in between set the count back.
    pub retries: usize,
    /// How long to wait before the first retry; it doubles with each, and a random part is added.
    pub retry_after: Duration,
    /// How long a connection may take to be made.
    pub connect: Duration,
    /// How long a server may send nothing before the connection counts as cut.
    pub stall: Duration,
}

impl Default for Network {
    /// The public servers, without proxies.
    fn default() -> Self {
        Network {
            endpoint: ENDPOINT.into(),
            pypi: PYPI.into(),
            proxies: Proxies::default(),
            token: None,
            offline: false,
            retries: 5,
            retry_after: Duration::from_millis(500),
            connect: Duration::from_secs(15),
            stall: Duration::from_secs(60),
        }
    }
}

/// Secrets are left out.
impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &str| text.parse().map_or_else(|_| "invalid".to_owned(), |uri| url::shown(&uri));
        f.debug_struct("Network")
            .field("endpoint", &shown(&self.endpoint))
            .field("pypi", &shown(&self.pypi))
            .field("proxies", &self.proxies)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("offline", &self.offline)
            .finish_non_exhaustive()
    }
}

impl Network {
    /// Reads `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`, `COGO_OFFLINE`, `COGO_PYPI_URL` and the variables of
    /// [`Proxies`] from the environment.
    pub fn from_env() -> Self {
        Self::from_variables(&|name| std::env::var(name).ok())
    }

    /// Like [`from_env`](Self::from_env), with another environment.
    pub fn from_variables(variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let given = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let base = |name: &str| given(name).map(|value| value.trim_end_matches('/').to_owned());
        let on = |name: &str| {
            given(name).is_some_and(|value| matches!(value.to_lowercase().as_str(), "1" | "true" | "yes" | "on"))
        };
        Network {
            endpoint: base("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.into()),
            pypi: base("COGO_PYPI_URL").unwrap_or_else(|| PYPI.into()),
            proxies: Proxies::from_variables(&given),
            token: given("HF_TOKEN"),
            offline: on("HF_HUB_OFFLINE") || on("COGO_OFFLINE"),
            ..Network::default()
        }
    }

    /// Refuses if the network must not be used for `name`.
    pub(crate) fn check_online(&self, name: &str) -> Result<()> {
        if !self.offline {
            return Ok(());
        }
        let message = format!("cannot download `{name}`: the network must not be used");
        Err(Error::new(Kind::Offline, message).hint(
            "unset `COGO_OFFLINE` and `HF_HUB_OFFLINE`, or fetch the files on another machine and import them here",
        ))
    }
}

/// Proxies to go through: `http://`, `https://`, `socks5://`, each with `user:password@` if need be.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For `http://` servers (`HTTP_PROXY`).
    pub http: Option<String>,
    /// For `https://` servers (`HTTPS_PROXY`).
    pub https: Option<String>,
    /// Hosts that are reached directly (`NO_PROXY`): `host`, `.domain`, `*.domain`, each with `:port` if need be, or
    /// `*`. A host stands for its subdomains, too.
    pub except: Vec<String>,
}

impl Proxies {
    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` for where these are missing, and `NO_PROXY`. Names in lower
    /// case win, as they do for curl.
    fn from_variables(given: &dyn Fn(&str) -> Option<String>) -> Self {
        let either = |name: &str| given(&name.to_lowercase()).or_else(|| given(name));
        let all = either("ALL_PROXY");
        let except = either("NO_PROXY").unwrap_or_default();
        Proxies {
            http: either("HTTP_PROXY").or_else(|| all.clone()),
            https: either("HTTPS_PROXY").or(all),
            except: except.split([',', ' ']).filter(|host| !host.is_empty()).map(str::to_owned).collect(),
        }
    }

    /// Whether `uri` is reached directly even if there is a proxy.
    pub(crate) fn excepts(&self, uri: &Uri) -> bool {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_lowercase();
        let port = url::port(uri).to_string();
        self.except.iter().any(|entry| {
            let entry = entry.to_lowercase();
            // An address of IPv6 has colons of its own.
            let (name, on) = match entry.rsplit_once(':') {
                Some((name, on)) if !name.contains(':') => (name, Some(on)),
                _ => (entry.as_str(), None),
            };
            let domain = name.trim_start_matches('*').trim_start_matches('.').trim_matches(['[', ']']);
            let below = host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
            (name == "*" || !domain.is_empty() && below) && on.is_none_or(|on| on == port)
        })
    }
}

/// Passwords are left out.
impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |proxy: &Option<String>| proxy.as_ref().map(|proxy| without_password(proxy).to_owned());
        f.debug_struct("Proxies")
            .field("http", &shown(&self.http))
            .field("https", &shown(&self.https))
            .field("except", &self.except)
            .finish()
    }
}

/// The address of a proxy without user and password.
pub(crate) fn without_password(proxy: &str) -> &str {
    let rest = proxy.rsplit_once("://").map_or(proxy, |(_, rest)| rest);
    rest.rsplit_once('@').map_or(rest, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &'static [(&str, &str)]) -> Network {
        Network::from_variables(&|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_sets_everything() {
        let network = environment(&[]);
        assert_eq!((network.endpoint.as_str(), network.pypi.as_str()), (ENDPOINT, PYPI));
        assert_eq!((network.offline, network.token, network.proxies), (false, None, Proxies::default()));
        let network = environment(&[
            ("HF_ENDPOINT", "http://hub/"),
            ("COGO_PYPI_URL", "http://user:secret@pypi/simple/"),
            ("HF_TOKEN", " secret\n"),
            ("HF_HUB_OFFLINE", "0"),
            ("COGO_OFFLINE", "ON"),
            ("HTTPS_PROXY", "http://user:secret@upper"),
            ("https_proxy", "http://user:secret@lower"),
            ("ALL_PROXY", "socks5://all"),
            ("NO_PROXY", "a, b"),
        ]);
        assert_eq!((network.endpoint.as_str(), network.token.as_deref()), ("http://hub", Some("secret")));
        assert!(network.offline);
        assert_eq!(network.proxies.https.as_deref(), Some("http://user:secret@lower"));
        assert_eq!(network.proxies.http.as_deref(), Some("socks5://all"));
        assert_eq!(network.proxies.except, ["a", "b"]);
        assert!(!format!("{network:?}").contains("secret"), "{network:?}");
    }

    #[test]
    fn exceptions_cover_hosts_domains_and_ports() {
        for (entry, uri, expected) in [
            ("*", "http://anything", true),
            ("", "http://anything", false),
            (".", "http://anything", false),
            ("corp.example", "https://CORP.example/x", true),
            ("corp.example", "https://a.corp.example", true),
            ("corp.example", "https://notcorp.example", false),
            (".corp.example", "https://a.corp.example", true),
            ("*.corp.example", "https://a.b.corp.example", true),
            ("corp.example:8080", "http://corp.example:8080", true),
            ("corp.example:8080", "http://corp.example", false),
            ("127.0.0.1", "http://127.0.0.1:99", true),
            ("::1", "http://[::1]:99", true),
        ] {
            let proxies = Proxies { except: vec![entry.into()], ..Proxies::default() };
            assert_eq!(proxies.excepts(&uri.parse().expect("valid")), expected, "{entry} {uri}");
        }
    }
}
