//! Sources of evidence outside of the repository: what the file `sources.json` says of them, and what their answers mean.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use agents::config::{ConfigError, user_file};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::Value;

use super::text::plain;
use crate::research::{Origin, Passage};

const FILE: &str = "sources.json";
const EMBEDDED: &str = include_str!("../../../configs/sources.json");
/// The most passages of one answer, and the most bytes of an answer.
const MOST: (usize, usize) = (20, 16 * 1024 * 1024);
/// A passage, and a title, are cut after so many bytes.
const LONGEST: (usize, usize) = (4_000, 200);
/// What has a longer address is left out.
const LONGEST_URL: usize = 2_000;

/// How a source speaks.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// Any search that answers a GET with JSON.
    Json,
    /// The API of a MediaWiki (`…/api.php`).
    MediaWiki,
    /// The JSON of a SearXNG (`…/search`).
    SearXng,
}

/// A source, as the file says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name; the key of its calls is `web.` and this.
    pub(super) name: String,
    kind: Kind,
    /// Of `json` a template with `{query}`, and `{results}` if wanted; otherwise the address of the API.
    url: String,
    /// The environment variable with its key.
    #[serde(default)]
    pub(super) key_variable: Option<String>,
    /// Headers, with `{key}` where the key belongs.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// Passages at most.
    #[serde(default = "five")]
    results: usize,
    /// A longer answer is none.
    #[serde(default = "one_mebibyte")]
    pub(super) max_bytes: usize,
    /// Of `json`: where its answer has the list, and where each item has title, address and text, as JSON pointers.
    #[serde(default)]
    items: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    link: String,
    #[serde(default)]
    text: String,
}

fn five() -> usize {
    5
}

fn one_mebibyte() -> usize {
    1024 * 1024
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    sources: Vec<Source>,
}

/// The sources of `folder`; as cogo comes, there are none.
pub(in crate::agent) fn load(folder: Option<&Path>) -> Result<Vec<Source>, ConfigError> {
    let (place, text) = user_file(folder, FILE)?.unwrap_or((FILE.into(), EMBEDDED.into()));
    let invalid = |at: &str, reason: String| ConfigError::Invalid { place: format!("{place}{at}"), reason };
    let file: File = serde_json::from_str(&text).map_err(|error| invalid("", error.to_string()))?;
    let mut names = BTreeSet::new();
    for source in &file.sources {
        source.check().map_err(|reason| invalid(&format!(": {}", source.name), reason))?;
        if !names.insert(&source.name) {
            return Err(invalid("", format!("there are two sources called `{}`", source.name)));
        }
    }
    Ok(file.sources)
}

impl Source {
    fn check(&self) -> Result<(), String> {
        let require = |holds: bool, otherwise: &str| if holds { Ok(()) } else { Err(otherwise.to_owned()) };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        require(!self.name.is_empty() && self.name.chars().all(is_plain), "name: letters, digits, `-` and `_`")?;
        require((1..=MOST.0).contains(&self.results), "results: from 1 to 20")?;
        require((1..=MOST.1).contains(&self.max_bytes), "max_bytes: from 1 to 16777216")?;
        let (one, other) = (self.address("a")?, self.address("b")?);
        require(one.origin() == other.origin(), "url: `{query}` must not choose the server")?;
        require(one.username().is_empty() && one.password().is_none(), "url: holds a password; use `key_variable`")?;
        if self.kind == Kind::Json {
            require(self.url.contains("{query}"), "url: `{query}` is missing")?;
            let pointers = [&self.title, &self.link, &self.text];
            require(pointers.iter().all(|at| at.starts_with('/')), "title, link, text: JSON pointers such as `/url`")?;
            require(self.items.is_empty() || self.items.starts_with('/'), "items: a JSON pointer, or empty for all")?;
        } else {
            let none = [&self.items, &self.title, &self.link, &self.text].iter().all(|at| at.is_empty());
            require(none, "items, title, link and text are for the kind `json` only")?;
        }
        let wants = self.headers.values().any(|value| value.contains("{key}"));
        require(wants == self.key_variable.is_some(), "`key_variable`, and `{key}` in `headers`, belong together")?;
        require(!wants || one.scheme() == "https" || is_here(&one), "url: a key is sent over https only")?;
        self.headers("k").map(drop)
    }

    /// What is asked for `query`.
    pub(super) fn address(&self, query: &str) -> Result<Url, String> {
        let coded = utf8_percent_encode(query, NON_ALPHANUMERIC).to_string();
        let results = self.results.to_string();
        let text = match self.kind {
            Kind::Json => self.url.replace("{query}", &coded).replace("{results}", &results),
            _ => self.url.clone(),
        };
        let mut url = Url::parse(&text).map_err(|error| format!("url: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("url: no HTTP address".into());
        }
        let pairs: &[(&str, &str)] = match self.kind {
            Kind::Json => &[],
            Kind::SearXng => &[("q", query), ("format", "json")],
            Kind::MediaWiki => &[
                ("action", "query"),
                ("generator", "search"),
                ("gsrsearch", query),
                ("gsrlimit", &results),
                ("prop", "info|extracts"),
                ("inprop", "url"),
                ("exintro", "1"),
                ("explaintext", "1"),
                ("exlimit", "max"),
                ("format", "json"),
                ("formatversion", "2"),
            ],
        };
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        Ok(url)
    }

    /// The headers with `key` in them; they are not shown to anybody.
    pub(super) fn headers(&self, key: &str) -> Result<HeaderMap, String> {
        let header = |(name, value): (&String, &String)| {
            let wrong = || format!("headers: `{name}` cannot be sent");
            let mut value = HeaderValue::from_str(&value.replace("{key}", key)).map_err(|_| wrong())?;
            value.set_sensitive(true);
            Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value))
        };
        self.headers.iter().map(header).collect()
    }

    /// The passages of an answer.
    ///
    /// # Errors
    /// What is not as it should be.
    pub(super) fn passages(&self, answer: &Value) -> Result<Vec<Passage>, String> {
        let [items, title, link, text] = match self.kind {
            Kind::Json => [&*self.items, &self.title, &self.link, &self.text],
            Kind::MediaWiki => ["/query/pages", "/title", "/fullurl", "/extract"],
            Kind::SearXng => ["/results", "/title", "/url", "/content"],
        };
        if let Some(said) = answer.pointer("/error/info").filter(|_| self.kind == Kind::MediaWiki) {
            return Err(format!("it says: {said}"));
        }
        let found = match answer.pointer(items) {
            Some(Value::Array(found)) => found.clone(),
            // A wiki that finds nothing says nothing.
            None if self.kind == Kind::MediaWiki && answer.is_object() => Vec::new(),
            _ => return Err(format!("its answer has no list at `{items}`")),
        };
        let mut found: Vec<&Value> = found.iter().collect();
        // Pages come by their number, with their place among the hits.
        found.sort_by_key(|item| item["index"].as_u64().filter(|_| self.kind == Kind::MediaWiki));
        let at = |item: &Value, pointer: &str, most| plain(item.pointer(pointer)?.as_str()?, most);
        let passage = |item: &&Value| {
            let url = Url::parse(item.pointer(link)?.as_str()?).ok()?;
            let text = at(item, text, LONGEST.0)?;
            if url.as_str().len() > LONGEST_URL {
                return None;
            }
            let title = at(item, title, LONGEST.1).or_else(|| url.host_str().map(str::to_owned))?;
            let origin = Origin { source: self.name.clone(), title, url: url.to_string(), kept: None };
            matches!(url.scheme(), "http" | "https").then_some((origin, text))
        };
        let passages = found.iter().filter_map(passage).take(self.results).enumerate();
        Ok(passages.map(|(rank, (origin, text))| Passage { origin, text, rank }).collect())
    }
}

/// Whether an address is on this machine.
fn is_here(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn source(fields: Value) -> Source {
        let mut source = json!({ "name": "mine", "kind": "json", "url": "https://a.b/s?q={query}&n={results}", "items": "/hits",
            "title": "/t", "link": "/u", "text": "/x" });
        source.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        serde_json::from_value(source).expect("a source")
    }

    fn named(kind: &str, url: &str) -> Source {
        serde_json::from_value(json!({ "name": "mine", "kind": kind, "url": url })).expect("a source")
    }

    #[test]
    fn a_query_cannot_leave_its_place() {
        let address = source(json!({})).address("a&n=9 /#é").expect("an address");
        assert_eq!(address.as_str(), "https://a.b/s?q=a%26n%3D9%20%2F%23%C3%A9&n=5");
        let wiki = named("mediawiki", "https://w.org/w/api.php").address("a&b").expect("an address");
        assert!(
            wiki.as_str().starts_with("https://w.org/w/api.php?action=query&generator=search&gsrsearch=a%26b&"),
            "{wiki}"
        );
    }

    #[test]
    fn what_could_leak_or_mean_nothing_is_refused() {
        let key = json!({ "key_variable": "K", "headers": { "X-Key": "{key}" } });
        let refused = |fields: Value| source(fields).check().expect_err("it is wrong");
        assert_eq!(source(json!({})).check(), Ok(()));
        assert_eq!(source(key.clone()).check(), Ok(()));
        assert!(refused(json!({ "url": "https://{query}.b/" })).contains("choose the server"));
        assert!(refused(json!({ "url": "https://me:secret@a.b/{query}" })).contains("password"));
        assert!(refused(json!({ "url": "file:///etc/{query}" })).contains("no HTTP address"));
        assert!(refused(json!({ "url": "https://a.b/" })).contains("`{query}` is missing"));
        assert!(refused(json!({ "key_variable": "K" })).contains("belong together"));
        let mut bare = key;
        bare["url"] = "http://a.b/{query}".into();
        assert!(refused(bare).contains("https only"));
        assert!(refused(json!({ "results": 0 })).contains("results"));
        assert!(refused(json!({ "text": "x" })).contains("JSON pointers"));
        assert!(refused(json!({ "kind": "searxng" })).contains("kind `json` only"));
    }

    #[test]
    fn answers_become_passages() {
        let hit = |url: &str, text: &str| json!({ "t": "A &amp; <b>B</b>", "u": url, "x": text });
        let answer = json!({ "hits": [hit("https://x.y/1", "one <em>two</em>"), hit("javascript:alert(1)", "no"),
            hit("https://x.y/2", " "), { "t": 7 }, hit("https://x.y/3", "three")] });
        let found = source(json!({})).passages(&answer).expect("passages");
        let told: Vec<(&str, &str, usize)> = found.iter().map(|p| (&*p.origin.url, &*p.text, p.rank)).collect();
        assert_eq!(told, [("https://x.y/1", "one two", 0), ("https://x.y/3", "three", 1)]);
        assert_eq!(found[0].origin.title, "A & B");
        assert_eq!(source(json!({ "results": 1 })).passages(&answer).expect("passages").len(), 1);
        assert!(
            source(json!({})).passages(&json!({ "hits": {} })).is_err_and(|why| why.contains("no list at `/hits`"))
        );
    }

    #[test]
    fn wikis_and_meta_searches_need_no_mapping() {
        let page = |index: u64, title: &str| json!({ "index": index, "title": title, "fullurl": format!("https://w.org/{title}"), "extract": "text" });
        let wiki = named("mediawiki", "https://w.org/w/api.php");
        let found = wiki.passages(&json!({ "query": { "pages": [page(2, "b"), page(1, "a")] } })).expect("passages");
        assert_eq!(found.iter().map(|p| &*p.origin.title).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(wiki.passages(&json!({ "batchcomplete": true })), Ok(Vec::new()));
        assert!(wiki.passages(&json!({ "error": { "info": "no" } })).is_err());
        let searx = named("searxng", "https://s.lan/search");
        let found = searx.passages(&json!({ "results": [{ "title": "t", "url": "https://x.y/", "content": "c" }] }));
        assert_eq!(found.expect("passages")[0].text, "c");
    }
}
