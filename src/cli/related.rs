//! `cogo find-related`.

use std::path::{Path, PathBuf};

use rag_core::Mode;

use super::args::RelatedArgs;
use super::failure::Usage;
use super::target::Target;
use super::{Done, search};

pub(super) fn run(args: &RelatedArgs) -> anyhow::Result<Done> {
    let (path, line) = place(&args.place.to_string_lossy())?;
    let root = match &args.hits.index_dir {
        Some(_) => PathBuf::from("."),
        // The whole repository is searched, not only the file.
        None => crate::locate(&path)?.root,
    };
    let target = Target::locate(&[root], &args.hits, serde_json::json!({}))?;
    let engine = &target.workspace.engines()[0];
    let within = within(&path, engine.root())?;
    let query = search::query(&args.hits, &target);
    if query.mode == Mode::Symbol {
        return Err(Usage::new("what is related is not found by name").hint("use another `--mode`").into());
    }
    target.refresh(&args.hits)?;
    let mut result = engine.related(&within, line, &query)?;
    // All words of the place were asked for; marking them would mark everything.
    result.terms.clear();
    search::note_limits(&result);
    search::print(&result, &target, &args.hits)
}

fn place(place: &str) -> Result<(PathBuf, u32), Usage> {
    let parsed = place.rsplit_once(':').and_then(|(path, line)| Some((path, line.parse::<u32>().ok()?)));
    match parsed {
        Some((path, line)) if !path.is_empty() && line > 0 => Ok((path.into(), line)),
        _ => {
            Err(Usage::new(format!("`{place}` is not a place")).hint("write `path/to/file.rs:42`; lines count from 1"))
        }
    }
}

fn within(path: &Path, root: &Path) -> anyhow::Result<String> {
    let absolute = path.canonicalize()?;
    if absolute.is_dir() {
        let message = format!("`{}` is a folder", path.display());
        return Err(Usage::new(message).hint("name a file and a line in it").into());
    }
    let within = absolute.strip_prefix(root).unwrap_or(&absolute);
    let parts: Vec<_> = within.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    Ok(parts.join("/"))
}
