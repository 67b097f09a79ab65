//! Finding and loading the ONNX Runtime library.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use ort::environment::Environment;
use ort::logging::LogLevel;

use crate::error::{Error, Result};

/// Names of the library, without what may follow on Unix (`libonnxruntime.so.1.31.1`).
const LIBRARY: &str = if cfg!(windows) {
    "onnxruntime.dll"
} else if cfg!(target_os = "macos") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so"
};

/// Where a library was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The file.
    pub path: PathBuf,
    /// Who said so: `setting`, `ORT_DYLIB_PATH`, `beside the program`, …
    pub origin: &'static str,
}

/// What to look at besides the environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuntimePaths {
    /// The library, or the folder it lies in, as the user set it.
    pub setting: Option<PathBuf>,
    /// Folder into which cogo itself installs the library.
    pub data: Option<PathBuf>,
}

/// A loaded library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The file and who named it.
    pub library: Candidate,
    /// What it says of its build.
    pub build: String,
}

/// One library per process: it cannot be unloaded.
static LOADED: Mutex<Option<(Loaded, Environment)>> = Mutex::new(None);

/// The environment of the process, after loading the first library that can be used.
pub(super) fn environment(paths: &RuntimePaths) -> Result<(Loaded, Environment)> {
    let mut loaded = LOADED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(known) = &*loaded {
        return Ok(known.clone());
    }
    let mut tried = Vec::new();
    for library in candidates(paths) {
        match open(&library.path) {
            Ok(environment) => {
                let known = (Loaded { library, build: ort::info().to_owned() }, environment);
                *loaded = Some(known.clone());
                return Ok(known);
            }
            Err(reason) => tried.push(format!("`{}` ({}): {reason}", library.path.display(), library.origin)),
        }
    }
    let reason = match tried.is_empty() {
        true => "it was not found".to_owned(),
        false => format!("none that was found can be used: {}", tried.join("; ")),
    };
    Err(Error::Runtime { reason })
}

/// Loads the library and says which it is.
///
/// # Errors
/// [`Error::Runtime`] if there is none, or none that can be used.
pub fn load(paths: &RuntimePaths) -> Result<Loaded> {
    environment(paths).map(|(loaded, _)| loaded)
}

fn open(path: &Path) -> Result<Environment, String> {
    // The loader takes names without a folder from anywhere.
    let path = path.canonicalize().map_err(|error| error.to_string())?;
    let builder = ort::init_from(&path).map_err(|error| error.to_string())?;
    let environment = builder.with_name("cogo").with_telemetry(false).build().map_err(|error| error.to_string())?;
    environment.set_log_level(LogLevel::Error);
    Ok(environment)
}

/// Every library there is, in the order in which they are tried.
pub fn candidates(paths: &RuntimePaths) -> Vec<Candidate> {
    let given = |path: &Path| if path.is_dir() { libraries_in(path) } else { vec![path.to_owned()] };
    let mut places: Vec<(&'static str, Vec<PathBuf>)> = Vec::new();
    if let Some(path) = &paths.setting {
        places.push(("setting", given(path)));
    }
    if let Some(path) = std::env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()) {
        places.push(("ORT_DYLIB_PATH", given(Path::new(&path))));
    }
    let program = std::env::current_exe().ok();
    if let Some(folder) = program.as_deref().and_then(Path::parent) {
        places.push(("beside the program", libraries_in(folder)));
        places.push(("beside the program", libraries_in(&folder.join("lib"))));
    }
    if let Some(folder) = &paths.data {
        places.push(("cogo's data folder", libraries_in(folder)));
    }
    for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
        if let Some(prefix) = std::env::var_os(variable) {
            places.push(("Python's onnxruntime package", libraries_of_python(Path::new(&prefix))));
        }
    }
    places.extend(system_folders().into_iter().map(|folder| ("system", libraries_in(&folder))));
    // Asking Python takes longer than all of the above.
    if places.iter().all(|(_, libraries)| libraries.is_empty()) {
        places.push(("Python's onnxruntime package", ask_python()));
    }
    let mut found: Vec<Candidate> = Vec::new();
    for (origin, libraries) in places {
        for path in libraries {
            if !found.iter().any(|known| known.path == path) {
                found.push(Candidate { path, origin });
            }
        }
    }
    found
}

/// Libraries in one folder, the newest version first.
fn libraries_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut libraries: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let versioned = name.strip_prefix("libonnxruntime.").is_some_and(|rest| rest.ends_with(".dylib"));
            name == LIBRARY
                || name.strip_prefix(LIBRARY).is_some_and(|rest| rest.starts_with('.'))
                || (cfg!(target_os = "macos") && versioned)
        })
        .collect();
    libraries.sort_by_key(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let numbers: Vec<u32> = name.split('.').filter_map(|part| part.parse().ok()).collect();
        std::cmp::Reverse(numbers)
    });
    libraries
}

/// Libraries of the package in an environment of Python.
fn libraries_of_python(prefix: &Path) -> Vec<PathBuf> {
    let versions = std::fs::read_dir(prefix.join("lib")).into_iter().flatten().flatten().map(|entry| entry.path());
    let packages = versions.map(|version| version.join("site-packages")).chain([prefix.join("Lib/site-packages")]);
    packages.flat_map(|packages| libraries_in(&packages.join("onnxruntime/capi"))).collect()
}

fn system_folders() -> Vec<PathBuf> {
    let variable = if cfg!(target_os = "macos") { "DYLD_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };
    let named = std::env::var_os(variable).unwrap_or_else(OsString::new);
    let usual = ["/usr/local/lib", "/usr/lib", "/usr/lib64", "/lib", "/opt/homebrew/lib"].map(PathBuf::from);
    let multiarch = PathBuf::from(format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH));
    std::env::split_paths(&named).filter(|path| path.is_absolute()).chain(usual).chain([multiarch]).collect()
}

/// Asks the Python on the path where the package lies, without importing it, and without looking into the current
/// folder, which may be a hostile repository.
fn ask_python() -> Vec<PathBuf> {
    const QUESTION: &str = "import importlib.util as u; s = u.find_spec('onnxruntime'); print(s.submodule_search_locations[0] if s else '')";
    for python in ["python3", "python"] {
        let Ok(answer) = Command::new(python).args(["-I", "-c", QUESTION]).output() else { continue };
        let folder = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        if answer.status.success() && !folder.is_empty() {
            return libraries_in(&Path::new(&folder).join("capi"));
        }
    }
    Vec::new()
}
