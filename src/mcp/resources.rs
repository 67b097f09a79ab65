//! Files as resources: `cogo://file/src/main.rs#L10-L40`. Only what is indexed can be read.

use std::path::PathBuf;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::Host;
use super::answer::one_line;
use super::tools::{Refusal, text_of};

/// How the addresses of files are made.
pub(super) const TEMPLATE: &str = "cogo://file/{+path}";
const FILE: &str = "cogo://file/";
const OVERVIEW: &str = "cogo://overview";
const STATUS: &str = "cogo://status";
/// Signs of a path that stay as they are.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_').remove(b'~');
/// Files that are listed: those that most others use.
const LISTED: usize = 5;
/// A longer file is read in parts.
const LONGEST: usize = 1 << 20;

/// Something that can be read.
pub(super) struct Resource {
    pub uri: String,
    pub name: String,
    pub description: String,
}

/// What there is in every repository.
pub(super) fn always() -> Vec<Resource> {
    [(OVERVIEW, "overview", "How the repository is organised"), (STATUS, "status", "Whether the index is up to date")]
        .map(|(uri, name, description)| Resource {
            uri: uri.into(),
            name: name.into(),
            description: description.into(),
        })
        .into()
}

/// What is worth reading first: the overview, the readme, the files that most others use.
pub(super) fn list(host: &Host) -> Vec<Resource> {
    let mut list = always();
    let Ok(snapshot) = host.engine().snapshot() else { return list };
    let mut add = |path: &str, description: String| {
        let uri = format!("{FILE}{}", utf8_percent_encode(path, KEPT));
        list.push(Resource { uri, name: one_line(path).into_owned(), description });
    };
    let readme = ["README.md", "README.rst", "README", "readme.md"].into_iter();
    for path in readme.filter(|path| matches!(text_of(&snapshot, path), Ok(Some(_)))).take(1) {
        add(path, "What the repository says of itself".into());
    }
    if let Ok(graph) = host.engine().graph_of(&snapshot) {
        for (file, users) in crate::overview::overview(&snapshot, &graph).central.into_iter().take(LISTED) {
            add(graph.path(file), format!("{users} files use it"));
        }
    }
    list
}

/// The tool whose answer a resource is.
pub(super) fn tool_behind(uri: &str) -> Option<&'static str> {
    match uri {
        OVERVIEW => Some("overview"),
        STATUS => Some("status"),
        _ => None,
    }
}

/// The text of a file, or of lines of it.
pub(super) fn read(host: &Host, uri: &str) -> Result<String, Refusal> {
    let unknown = || Refusal(format!("no resource `{}`; files are cogo://file/path#L10-L40", one_line(uri)));
    let rest = uri.strip_prefix(FILE).ok_or_else(unknown)?;
    let (path, lines) = match rest.split_once('#') {
        Some((path, lines)) => (path, Some(parse_lines(lines).ok_or_else(unknown)?)),
        None => (rest, None),
    };
    let path = percent_decode_str(path).decode_utf8().map_err(|_| unknown())?;
    host.look_at(&path);
    let snapshot = host.engine().snapshot()?;
    let text = text_of(&snapshot, &path)?.ok_or_else(|| Refusal(format!("`{}` is not indexed", one_line(&path))))?;
    let text = match lines {
        None => text.to_owned(),
        Some((first, last)) => {
            let lines = text.split_inclusive('\n').skip(first - 1).take((last + 1).saturating_sub(first));
            lines.collect()
        }
    };
    match text.len() <= LONGEST {
        true => Ok(text),
        false => Err(Refusal(format!("`{}` is long; read lines of it: {uri}#L1-L500", one_line(&path)))),
    }
}

/// `L10`, `L10-L40`, `L10-40`
fn parse_lines(text: &str) -> Option<(usize, usize)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.strip_prefix('L').unwrap_or(text).parse::<usize>().ok().filter(|&line| line > 0);
    Some((number(first)?, number(last)?))
}

/// The path of a `file://` address.
pub(super) fn path_of_file_uri(uri: &str) -> Option<PathBuf> {
    let path = uri.strip_prefix("file://")?;
    let path = path.strip_prefix("localhost").unwrap_or(path);
    let path = percent_decode_str(path).decode_utf8().ok()?;
    // `/C:/code` is a path of Windows behind a slash.
    let path = if cfg!(windows) { path.trim_start_matches('/') } else { &*path };
    Some(PathBuf::from(path)).filter(|path| path.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_addresses_are_read() {
        assert_eq!(parse_lines("L10-L40"), Some((10, 40)));
        assert_eq!(parse_lines("L7"), Some((7, 7)));
        assert_eq!(parse_lines("10-40"), Some((10, 40)));
        assert_eq!(parse_lines("L0"), None);
        assert_eq!(parse_lines("Lx"), None);
        assert_eq!(utf8_percent_encode("a b/ö.rs", KEPT).to_string(), "a%20b/%C3%B6.rs");
        assert_eq!(path_of_file_uri("http://x/y"), None);
        if !cfg!(windows) {
            assert_eq!(path_of_file_uri("file:///a%20b"), Some("/a b".into()));
        }
    }
}
