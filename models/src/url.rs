//! The little about URLs that is needed: joining, escaping, telling origins apart, hiding passwords.

use ureq::http::Uri;

/// Resolves `reference`, as a link or a redirect names it, against the page `base`. Only `http` and `https`.
pub(crate) fn join(base: &Uri, reference: &str) -> Option<Uri> {
    let reference = reference.split('#').next().unwrap_or_default();
    let scheme = base.scheme_str()?;
    let authority = base.authority()?.as_str();
    let absolute = if reference.starts_with("https://") || reference.starts_with("http://") {
        reference.to_owned()
    } else if let Some(rest) = reference.strip_prefix("//") {
        format!("{scheme}://{rest}")
    } else if reference.starts_with('/') {
        format!("{scheme}://{authority}{reference}")
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        let (path, query) = reference.split_at(reference.find('?').unwrap_or(reference.len()));
        format!("{scheme}://{authority}{}{query}", without_dots(&format!("{folder}/{path}")))
    };
    let uri: Uri = absolute.parse().ok()?;
    (uri.host().is_some() && matches!(uri.scheme_str(), Some("http" | "https"))).then_some(uri)
}

fn without_dots(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." => {
                // The first one is the empty one before the leading slash.
                segments.truncate(segments.len().saturating_sub(1).max(1));
            }
            _ => segments.push(segment),
        }
    }
    segments.join("/")
}

/// Escapes one segment of a path.
pub(crate) fn escape(segment: &str) -> String {
    let mut escaped = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// Escapes a path, but not its slashes.
pub(crate) fn escape_path(path: &str) -> String {
    path.split('/').map(escape).collect::<Vec<_>>().join("/")
}

/// Whether both lead to the same server: scheme, host and port.
pub(crate) fn same_origin(a: &Uri, b: &Uri) -> bool {
    let origin = |uri: &Uri| (uri.scheme_str().map(str::to_owned), uri.host().map(str::to_lowercase), port(uri));
    origin(a) == origin(b)
}

/// The port, given or implied.
pub(crate) fn port(uri: &Uri) -> u16 {
    uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 })
}

/// The URL without user, password and query, which may hold secrets.
pub(crate) fn shown(uri: &Uri) -> String {
    let port = uri.port_u16().map_or(String::new(), |port| format!(":{port}"));
    format!("{}://{}{port}{}", uri.scheme_str().unwrap_or("?"), uri.host().unwrap_or("?"), uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_like_a_browser_does() {
        let base: Uri = "https://user@host:8/simple/onnxruntime/?a=b".parse().expect("valid");
        for (reference, expected) in [
            ("http://other/x#sha256=1", Some("http://other/x")),
            ("//other/x", Some("https://other/x")),
            ("/x?y", Some("https://user@host:8/x?y")),
            ("x.whl", Some("https://user@host:8/simple/onnxruntime/x.whl")),
            ("../../packages/./x.whl?y=../z", Some("https://user@host:8/packages/x.whl?y=../z")),
            ("../../../../x", Some("https://user@host:8/x")),
            ("https://", None),
        ] {
            assert_eq!(join(&base, reference).map(|uri| uri.to_string()).as_deref(), expected, "{reference}");
        }
        assert_eq!(shown(&base), "https://host:8/simple/onnxruntime/");
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let same = |a: &str, b: &str| same_origin(&a.parse().expect("valid"), &b.parse().expect("valid"));
        assert!(same("https://host/a", "https://HOST:443/b"));
        assert!(!same("https://host", "http://host") && !same("http://host:1", "http://host:2"));
        assert_eq!((escape("refs/pr/2"), escape_path("a b/ü")), ("refs%2Fpr%2F2".into(), "a%20b/%C3%BC".into()));
    }
}
