//! Looks into one file: is it text, is it written by people, does it hold secrets?

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memmem};

use super::secret::{self, Redaction};
use super::{SkipReason, skip_by_name};

/// How much of a file is searched for signs that it is not text.
const BINARY_WINDOW: usize = 8 * 1024;

/// Below this size, text with long lines is left alone.
const MINIFIED_FROM: usize = 5 * 1024;

/// Average length of the lines of minified text, at least.
const MINIFIED_LINE: usize = 500;

/// Lines up to this length look written by hand.
const ORDINARY_LINE: usize = 300;

/// More bytes in ordinary lines than this, and there is something to read besides the long lines.
/// A minified file has a licence header at most.
const ORDINARY_BYTES: usize = 4 * 1024;

/// Lines from the start of a file in which a generator says that it wrote it.
const HEADER_LINES: usize = 5;

/// Bytes of those lines, at most.
const LONGEST_HEADER: usize = 2000;

/// The text of a file that may be indexed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected<'a> {
    /// The text, without byte order mark. Tokens are masked by `*`, byte for byte, so that every
    /// offset and line stays true.
    pub text: Cow<'a, str>,
    /// Whether bytes that are not text were replaced by U+FFFD.
    pub lossy: bool,
    /// What was masked, sorted by line.
    pub redactions: Vec<Redaction>,
}

/// Looks at the content of a file that is about to be indexed: gives its text, or the reason to
/// leave it out. The reasons that the name gives ([`skip_by_name`]) are checked here once more.
///
/// Broken UTF-8 is read as well as it can be; UTF-16 is read if it starts with a byte order mark.
pub fn inspect<'a>(path: &str, bytes: &'a [u8]) -> Result<Inspected<'a>, SkipReason> {
    if let Some(reason) = skip_by_name(path) {
        return Err(reason);
    }
    let (text, lossy) = decode(bytes).ok_or(SkipReason::Binary)?;
    if secret::has_private_key(text.as_bytes()) {
        return Err(SkipReason::Secret);
    }
    let extension = extension(path);
    if is_markup_or_script(&extension) && is_minified(&text) && !is_page(&text) {
        return Err(SkipReason::Minified);
    }
    if !is_prose(&extension) && !is_template(&extension) && is_generated(&text) {
        return Err(SkipReason::Generated);
    }
    let (text, redactions) = secret::mask(text);
    Ok(Inspected { text, lossy, redactions })
}

/// The text that `bytes` hold and whether something was lost; `None` if they are not text.
fn decode(bytes: &[u8]) -> Option<(Cow<'_, str>, bool)> {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        return decode_utf8(rest);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFF\xFE") {
        return decode_utf16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xFE\xFF") {
        return decode_utf16(rest, u16::from_be_bytes);
    }
    decode_utf8(bytes)
}

fn decode_utf8(bytes: &[u8]) -> Option<(Cow<'_, str>, bool)> {
    let window = &bytes[..bytes.len().min(BINARY_WINDOW)];
    if memchr(0, window).is_some() {
        return None;
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some((Cow::Borrowed(text), false));
    }
    if is_mostly_noise(window) {
        return None;
    }
    Some((Cow::Owned(String::from_utf8_lossy(bytes).into_owned()), true))
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<(Cow<'_, str>, bool)> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut lossy = !rest.is_empty();
    let mut text = String::with_capacity(bytes.len() / 2);
    for decoded in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        text.push(decoded.unwrap_or_else(|_| {
            lossy = true;
            char::REPLACEMENT_CHARACTER
        }));
    }
    let window = &text.as_bytes()[..text.len().min(BINARY_WINDOW)];
    if memchr(0, window).is_some() {
        return None;
    }
    Some((Cow::Owned(text), lossy))
}

/// Whether too much of `window`, which is not UTF-8, is neither ASCII text nor UTF-8. Text in an
/// old eight-bit encoding has few control characters, if many letters that cannot be read.
fn is_mostly_noise(window: &[u8]) -> bool {
    let is_control = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B);
    let controls = window.iter().filter(|&&byte| is_control(byte)).count();
    let unreadable: usize = window.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    controls * 50 > window.len() || unreadable * 2 > window.len()
}

/// The extension of the last part of `path`, in lower case.
fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(String::new(), |(_, extension)| extension.to_ascii_lowercase())
}

/// Whether files of this kind are commonly minified. JSON, notebooks and prose have long lines too,
/// but are worth reading.
fn is_markup_or_script(extension: &str) -> bool {
    matches!(extension, "js" | "mjs" | "cjs" | "css" | "html" | "htm" | "xhtml" | "svg")
}

/// Whether files of this kind are read by people. A page whose header asks not to edit it is still
/// the documentation.
fn is_prose(extension: &str) -> bool {
    matches!(extension, "md" | "markdown" | "mdx" | "rst" | "adoc" | "asciidoc" | "asc" | "txt" | "org" | "ipynb")
}

/// Whether files of this kind become other files. The header that says "generated" is about those.
fn is_template(extension: &str) -> bool {
    matches!(
        extension,
        "in" | "tmpl"
            | "tpl"
            | "template"
            | "j2"
            | "jinja"
            | "jinja2"
            | "erb"
            | "ejs"
            | "mustache"
            | "hbs"
            | "handlebars"
            | "tt"
            | "ftl"
            | "vm"
            | "stub"
            | "mako"
            | "gotmpl"
    )
}

/// Whether nearly all of `text` stands in lines too long to be written by hand.
fn is_minified(text: &str) -> bool {
    if text.len() < MINIFIED_FROM {
        return false;
    }
    let (mut start, mut lines, mut ordinary) = (0, 0, 0);
    let ends = memchr_iter(b'\n', text.as_bytes()).chain(std::iter::once(text.len()));
    for end in ends {
        let length = end - start;
        if length <= ORDINARY_LINE {
            ordinary += length;
        }
        lines += 1;
        start = end + 1;
    }
    text.len() / lines >= MINIFIED_LINE && ordinary <= ORDINARY_BYTES
}

/// Whether `text` is a page to be read, even if in long lines: text is marked up every few lines.
/// Scripts and styles packed into one page have no such density.
fn is_page(text: &str) -> bool {
    let count = |tag: &str| memmem::find_iter(text.as_bytes(), tag).count();
    let marked_up: usize = ["<p", "<li", "<td", "<h", "<dt"].into_iter().map(count).sum();
    !text.trim_start().starts_with("<svg") && marked_up * 1000 > text.len()
}

/// Whether a comment in the first lines says that a tool wrote the file.
///
/// "Do not edit" alone is not enough: people write that above their own code too. Nor is "code
/// generated by": people write that about what their code generates.
fn is_generated(text: &str) -> bool {
    const HANDS_OFF: [&str; 5] = ["do not edit", "do not modify", "do not change", "don't edit", "do not hand"];
    let header = header(text);
    let mentions = |word: &str| memmem::find(header.as_bytes(), word.as_bytes()).is_some();
    if !mentions("enerated") && !mentions("ENERATED") {
        return false;
    }
    let (mut generated, mut hands_off) = (false, false);
    for line in header.lines() {
        if !is_comment(line) {
            continue;
        }
        let line = line.to_ascii_lowercase();
        if marks_generated(&line) {
            return true;
        }
        generated |= line.contains("generated");
        hands_off |= HANDS_OFF.iter().any(|words| says(&line, words));
    }
    generated && hands_off
}

/// The first lines of `text`, as far as a header reaches.
fn header(text: &str) -> &str {
    let lines_end = memchr_iter(b'\n', text.as_bytes()).nth(HEADER_LINES - 1);
    let end = lines_end.unwrap_or(text.len()).min(LONGEST_HEADER);
    &text[..text.floor_char_boundary(end)]
}

/// Whether `line` holds `words`, and not as a quotation.
fn says(line: &str, words: &str) -> bool {
    line.find(words).is_some_and(|at| !line[..at].ends_with(['"', '\'', '`']))
}

/// Whether `@generated` stands in `line` as a word of its own, not quoted.
fn marks_generated(line: &str) -> bool {
    line.split_ascii_whitespace()
        .any(|word| word.trim_end_matches(['.', ',', ';', ':', '*', '/', '>', '-']) == "@generated")
}

/// Whether `line` looks like a comment in any of the usual languages.
fn is_comment(line: &str) -> bool {
    const MARKS: [&str; 12] = ["//", "#", "/*", "*", "--", ";", "<!--", "%", "{-", "(*", "\"\"\"", "'"];
    let line = line.trim_start();
    MARKS.iter().any(|mark| line.starts_with(mark))
}
