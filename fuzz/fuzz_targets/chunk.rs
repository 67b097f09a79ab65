//! The first byte chooses a language, the second a chunk size, the rest is a source file: whatever it holds, its chunks
//! are its text, and every symbol and reference lies in it.
#![no_main]

use std::cell::RefCell;

use cogo_fuzz::{assert_chunks_cover, assert_spans_lie_in_text};
use indexer::build_document;
use indexer::language::{Language, Parser, all};
use libfuzzer_sys::fuzz_target;

thread_local! {
    static PARSER: RefCell<Parser> = RefCell::new(Parser::new());
    /// Those that are parsed; the others are all cut as text, and there are many.
    static LANGUAGES: Vec<&'static Language> = all().iter().filter(|language| language.has_grammar()).collect();
}

fuzz_target!(|data: &[u8]| {
    let [language, size, source @ ..] = data else { return };
    let language = LANGUAGES.with(|languages| languages[*language as usize % languages.len()]);
    let chunk_bytes = 1 << (4 + size % 8);
    let text = String::from_utf8_lossy(source).into_owned();
    let path = path_of(language);
    let document = PARSER.with_borrow_mut(|parser| build_document(parser, &path, text.clone(), chunk_bytes));
    assert_eq!(document.text, text, "the text is what was given");
    assert_chunks_cover(&document);
    assert_spans_lie_in_text(&document);
});

/// A path that is recognised as `language`.
fn path_of(language: &Language) -> String {
    match (language.extensions, language.filenames) {
        ([extension, ..], _) => format!("src/file.{extension}"),
        ([], [name, ..]) => format!("src/{name}"),
        ([], []) => "src/file".to_owned(),
    }
}
