//! The Python package index: where the newest ONNX Runtime lies. Speaks the simple API (PEP 503 and 691), which mirrors
//! serve, too.

use serde::Deserialize;
use serde_json::Value;

use super::client::{Client, Page};
use super::digest::Check;
use super::download::{Plan, Remote};
use super::error::{Error, Kind, Result};
use super::event::{Event, Progress};
use super::files::is_safe_path;
use super::hub::is_hex;
use super::manifest::Source;
use super::runtime::Platform;
use super::url::join;

const PACKAGE: &str = "onnxruntime";
const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, text/html;q=0.5";

/// A file the index offers.
#[derive(Debug, PartialEq, Eq)]
struct Offer {
    name: String,
    url: String,
    sha256: Option<String>,
    bytes: Option<u64>,
    yanked: bool,
}

/// Asks the index for the newest wheel that runs here.
pub(crate) fn plan(client: &Client, progress: &Progress) -> Result<Plan> {
    progress(Event::Asking { what: PACKAGE });
    let index = &client.network.pypi;
    let index = index.strip_suffix("/simple").unwrap_or(index);
    let page = client.text(&format!("{index}/simple/{PACKAGE}/"), ACCEPT, None, progress)?;
    let offers = if page.content_type.contains("json") { of_json(&page)? } else { of_html(&page) };
    let platform = Platform::here();
    let Some((version, wheel)) = newest(&offers, platform) else {
        let message = format!("the index has no `{PACKAGE}` for {} on {}", platform.os, platform.arch);
        return Err(
            Error::new(Kind::Content, message).hint("install ONNX Runtime in another way, and import its library here")
        );
    };
    let Some(sha256) = wheel.sha256.as_ref().filter(|sha256| is_hex(sha256, 64)) else {
        let message = format!("the index names no checksum for `{}`", wheel.name);
        return Err(Error::new(Kind::Content, message).hint("try another index (`COGO_PYPI_URL`)"));
    };
    let remote = Remote {
        path: wheel.name.clone(),
        url: wheel.url.clone(),
        bytes: wheel.bytes,
        check: Check::Sha256(sha256.to_lowercase()),
    };
    let version = version.iter().map(u64::to_string).collect::<Vec<_>>().join(".");
    let source = Source::Pypi { package: PACKAGE.into(), version, wheel: wheel.name.clone() };
    Ok(Plan { source, files: vec![remote], token: None })
}

/// The newest release among the wheels that run on `platform`, and its version.
fn newest(offers: &[Offer], platform: Platform) -> Option<(Vec<u64>, &Offer)> {
    let fitting = offers.iter().filter(|offer| !offer.yanked && is_safe_path(&offer.name)).filter_map(|offer| {
        let (version, tags) = parse_wheel(&offer.name)?;
        tags.split('.').any(|tag| platform.runs(tag)).then_some((version, offer))
    });
    // All wheels of a version hold the same library; by name, so that it is the same one each time.
    fitting.max_by(|(a, wheel_a), (b, wheel_b)| a.cmp(b).then_with(|| wheel_a.name.cmp(&wheel_b.name)))
}

/// Version and platform tags of a wheel; none for other files and for what is no release.
fn parse_wheel(name: &str) -> Option<(Vec<u64>, &str)> {
    let parts: Vec<&str> = name.strip_suffix(".whl")?.split('-').collect();
    if parts.len() < 5 || parts[0] != PACKAGE {
        return None;
    }
    let version = parts[1].split('.').map(str::parse).collect::<Result<Vec<u64>, _>>().ok()?;
    Some((version, parts.last()?))
}

fn of_json(page: &Page) -> Result<Vec<Offer>> {
    #[derive(Deserialize)]
    struct Index {
        files: Vec<File>,
    }
    #[derive(Deserialize)]
    struct File {
        filename: String,
        url: String,
        #[serde(default)]
        hashes: Hashes,
        size: Option<u64>,
        /// Yes, no, or why.
        #[serde(default)]
        yanked: Value,
    }
    #[derive(Default, Deserialize)]
    struct Hashes {
        sha256: Option<String>,
    }

    let index: Index = serde_json::from_str(&page.text).map_err(|error| {
        let message = format!("cannot read what the index says about `{PACKAGE}`: {error}");
        Error::new(Kind::Content, message).hint("is `COGO_PYPI_URL` really a Python package index?")
    })?;
    let offer = |file: File| {
        let yanked = !matches!(file.yanked, Value::Null | Value::Bool(false));
        let url = join(&page.uri, &file.url)?.to_string();
        Some(Offer { name: file.filename, url, sha256: file.hashes.sha256, bytes: file.size, yanked })
    };
    Ok(index.files.into_iter().filter_map(offer).collect())
}

fn of_html(page: &Page) -> Vec<Offer> {
    let offer = |link: &str| {
        let link = link.split("</a>").next()?;
        let href = attribute(link, "href")?.replace("&amp;", "&");
        let (address, fragment) = href.split_once('#').unwrap_or((&href, ""));
        let url = join(&page.uri, address)?;
        Some(Offer {
            name: url.path().rsplit('/').next()?.to_owned(),
            url: url.to_string(),
            sha256: fragment.strip_prefix("sha256=").map(str::to_owned),
            bytes: None,
            yanked: link.contains("data-yanked"),
        })
    };
    page.text.split("<a ").skip(1).filter_map(offer).collect()
}

/// The value of an attribute, in either sort of quotes.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = tag.split_once(&format!("{name}="))?;
    let quote = rest.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
    rest[1..].split(quote).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: Platform = Platform { os: "linux", arch: "x86_64" };

    fn offer(name: &str, yanked: bool) -> Offer {
        Offer { name: name.into(), url: String::new(), sha256: None, bytes: None, yanked }
    }

    #[test]
    fn the_newest_release_for_this_machine_is_taken() {
        let offers = [
            offer("onnxruntime-1.9.0-cp39-cp39-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", false),
            offer("onnxruntime-1.22.1-cp310-cp310-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl", false),
            offer("onnxruntime-1.22.1-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl", false),
            offer("onnxruntime-1.23.0-cp311-cp311-macosx_13_0_arm64.whl", false),
            offer("onnxruntime-1.24.0-cp311-cp311-manylinux_2_28_x86_64.whl", true),
            offer("onnxruntime-1.25.0.dev20260417-cp311-cp311-manylinux_2_28_x86_64.whl", false),
            offer("onnxruntime-1.26.0.tar.gz", false),
            offer("onnxruntime_gpu-1.27.0-cp311-cp311-manylinux_2_28_x86_64.whl", false),
        ];
        let (version, wheel) = newest(&offers, LINUX).expect("one fits");
        assert_eq!((version, wheel), (vec![1, 22, 1], &offers[2]));
        assert_eq!(newest(&offers, Platform { os: "linux", arch: "riscv64" }), None);
    }

    #[test]
    fn both_sorts_of_pages_are_read() {
        let page = |content_type: &str, text: &str| Page {
            uri: "https://index/simple/onnxruntime/".parse().expect("valid"),
            content_type: content_type.into(),
            text: text.into(),
        };
        let html = r##"<a href="../../p/a.whl?x=1&amp;y=2#sha256=aa" data-requires-python=">=3.11">a.whl</a><br/>
            <a data-yanked='why' href='https://files/b.whl'>b.whl</a> <a name="top">no link</a>"##;
        let json = r#"{"files": [
            {"filename": "a.whl", "url": "../../p/a.whl?x=1&y=2", "hashes": {"sha256": "aa"}, "yanked": false},
            {"filename": "b.whl", "url": "https://files/b.whl", "hashes": {}, "yanked": "why", "size": null}]}"#;
        let expected = [
            Offer { url: "https://index/p/a.whl?x=1&y=2".into(), sha256: Some("aa".into()), ..offer("a.whl", false) },
            Offer { url: "https://files/b.whl".into(), ..offer("b.whl", true) },
        ];
        assert_eq!(of_html(&page("text/html", html)), expected);
        assert_eq!(of_json(&page("application/json", json)).expect("valid"), expected);
        assert_eq!(of_json(&page("", "<html>")).map_err(|error| error.kind), Err(Kind::Content));
    }
}
