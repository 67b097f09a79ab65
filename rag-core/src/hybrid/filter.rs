//! Filters, resolved to one flag per file.

use globset::{Glob, GlobMatcher};

use super::query::Filter;
use crate::error::{Error, Result};
use crate::store::{LiveSegment, Segment};
use crate::symbol::SymbolKind;

pub(super) struct CompiledFilter {
    include: Vec<GlobMatcher>,
    exclude: Vec<GlobMatcher>,
    languages: Vec<String>,
    kinds: Vec<SymbolKind>,
}

impl CompiledFilter {
    pub(super) fn new(filter: &Filter) -> Result<Self> {
        let mut compiled = CompiledFilter {
            include: Vec::new(),
            exclude: Vec::new(),
            languages: filter.languages.clone(),
            kinds: filter.kinds.clone(),
        };
        for glob in &filter.paths {
            let (list, pattern) = match glob.strip_prefix('!') {
                Some(pattern) => (&mut compiled.exclude, pattern),
                None => (&mut compiled.include, glob.as_str()),
            };
            let anchored = match pattern.strip_prefix("./").unwrap_or(pattern) {
                name if !name.trim_end_matches('/').contains('/') => format!("**/{name}"),
                path => path.trim_start_matches('/').to_owned(),
            };
            // A folder stands for all that is in it.
            let patterns = match anchored.strip_suffix('/') {
                Some(folder) => vec![format!("{folder}/**")],
                None => vec![format!("{anchored}/**"), anchored],
            };
            for pattern in patterns {
                let glob = Glob::new(&pattern)
                    .map_err(|error| Error::Query { reason: format!("path filter `{glob}`: {}", error.kind()) })?;
                list.push(glob.compile_matcher());
            }
        }
        Ok(compiled)
    }

    /// Per file of the segment: whether it is live and admitted. Only what lies `within` one of these files and
    /// folders is, if there are any, and globs are relative to them.
    pub(super) fn files(&self, live: &LiveSegment, within: &[String]) -> Vec<bool> {
        let segment = &live.segment;
        let everything =
            self.include.is_empty() && self.exclude.is_empty() && self.languages.is_empty() && within.is_empty();
        let admits = |file: u32| {
            relative(segment.path(file), within).is_some_and(|path| self.admits_file(path, segment.language(file)))
        };
        live.live.iter().zip(0..).map(|(&live, file)| live && (everything || admits(file))).collect()
    }

    /// Whether the file may be found.
    pub(super) fn admits_file(&self, path: &str, language: &str) -> bool {
        (self.include.is_empty() || self.include.iter().any(|glob| glob.is_match(path)))
            && !self.exclude.iter().any(|glob| glob.is_match(path))
            && (self.languages.is_empty() || self.languages.iter().any(|name| name == language))
    }

    /// Whether chunks are restricted within a file.
    pub(super) fn by_kind(&self) -> bool {
        !self.kinds.is_empty()
    }

    /// Whether the chunk's definition is of an admitted kind.
    pub(super) fn admits_chunk(&self, segment: &Segment, chunk: u32) -> bool {
        self.kinds.is_empty() || segment.chunk_kind(chunk).is_some_and(|kind| self.kinds.contains(&kind))
    }

    /// Whether a definition of this kind is admitted.
    pub(super) fn admits_kind(&self, kind: SymbolKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

/// `path` relative to the first of `within` that holds it, or as it is if there are none.
fn relative<'p>(path: &'p str, within: &[String]) -> Option<&'p str> {
    if within.is_empty() {
        return Some(path);
    }
    within.iter().find_map(|folder| match path.strip_prefix(folder.as_str())? {
        // A file that was asked for by its name.
        "" => Some(path.rsplit('/').next().unwrap_or(path)),
        below => below.strip_prefix('/'),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_folder_that_holds_them() {
        let within = ["src/a".to_owned(), "lib.rs".to_owned()];
        assert_eq!(relative("src/a/b.rs", &within), Some("b.rs"));
        assert_eq!(relative("src/ab/c.rs", &within), None);
        assert_eq!(relative("lib.rs", &within), Some("lib.rs"));
        assert_eq!(relative("x.rs", &[]), Some("x.rs"));
    }
}
