//! Telling the clients about cogo: an entry in their configuration, shown as a change before it is made.

mod clients;
mod json;
mod toml;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

pub use clients::{Client, Scope};

/// What the entry is called.
const NAME: &str = "cogo";

/// A change to a configuration file that is not made yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file.
    pub path: PathBuf,
    /// What it holds; none if there is no such file.
    pub before: Option<String>,
    /// What it is to hold; none if nothing is left.
    pub after: Option<String>,
}

impl Edit {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.before == self.after
    }

    /// The change as a unified diff.
    pub fn diff(&self) -> String {
        let (before, after) = (self.before.as_deref().unwrap_or(""), self.after.as_deref().unwrap_or(""));
        let name = self.path.display().to_string();
        similar::TextDiff::from_lines(before, after).unified_diff().header(&name, &name).to_string()
    }

    /// Makes the change: the whole file, or nothing.
    ///
    /// # Errors
    /// If the file has changed meanwhile, or cannot be written.
    pub fn apply(&self) -> anyhow::Result<()> {
        // A link to a file that is kept elsewhere stays one.
        let path = self.path.canonicalize().unwrap_or_else(|_| self.path.clone());
        if read(&path)? != self.before {
            bail!("`{}` has changed meanwhile", path.display());
        }
        let Some(after) = &self.after else {
            return fs::remove_file(&path).with_context(|| format!("cannot remove `{}`", path.display()));
        };
        let failed = || format!("cannot write `{}`", path.display());
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).with_context(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
        file.write_all(after.as_bytes()).with_context(failed)?;
        match fs::metadata(&path) {
            Ok(metadata) => file.as_file().set_permissions(metadata.permissions()).with_context(failed)?,
            Err(_) => file.as_file().set_permissions(default_permissions(folder)?).with_context(failed)?,
        }
        file.as_file().sync_all().with_context(failed)?;
        file.persist(&path).map_err(|error| error.error).with_context(failed)?;
        Ok(())
    }
}

/// A new file is made like any other, not like a temporary one.
fn default_permissions(folder: &Path) -> anyhow::Result<fs::Permissions> {
    let probe = tempfile::Builder::new().prefix(".cogo-").make_in(folder, |path| fs::File::create_new(path))?;
    Ok(probe.as_file().metadata()?.permissions())
}

/// How a client is to start cogo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The program.
    pub command: String,
    /// What it is called with.
    pub arguments: Vec<String>,
}

/// The change that tells `client` about cogo.
///
/// # Errors
/// If its configuration cannot be read or understood.
pub fn install(client: Client, scope: &Scope, start: &Start) -> anyhow::Result<Edit> {
    edit(client, scope, |text, table| match client.is_toml() {
        true => toml::with_entry(text, table, NAME, start).map(Some),
        false => json::with_entry(text, table, NAME, &client.json_entry(start)).map(Some),
    })
}

/// The change that makes `client` forget cogo.
///
/// # Errors
/// As [`install`].
pub fn uninstall(client: Client, scope: &Scope) -> anyhow::Result<Edit> {
    edit(client, scope, |text, table| match client.is_toml() {
        true => toml::without_entry(text, table, NAME),
        false => json::without_entry(text, table, NAME),
    })
}

/// What the configuration of `client` must hold, for those who write it by hand.
///
/// # Errors
/// None that is not a bug.
pub fn snippet(client: Client, start: &Start) -> anyhow::Result<String> {
    match client.is_toml() {
        true => toml::with_entry("", client.table(), NAME, start),
        false => json::with_entry("", client.table(), NAME, &client.json_entry(start)),
    }
}

fn edit(
    client: Client,
    scope: &Scope,
    change: impl FnOnce(&str, &str) -> anyhow::Result<Option<String>>,
) -> anyhow::Result<Edit> {
    let path = client.path(scope)?;
    let before = read(&path)?;
    let after = change(before.as_deref().unwrap_or(""), client.table())
        .with_context(|| format!("`{}` is left as it is", path.display()))?;
    // No file is made to say nothing.
    let after = if before.is_none() { after.filter(|text| !text.trim().is_empty()) } else { after };
    Ok(Edit { path, before, after })
}

fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    }
}
