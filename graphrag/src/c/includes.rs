//! Which files a file of C or C++ sees.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use rag_core::Span;
use rag_core::bindings::Source;

use crate::file::{Family, File};
use crate::manifest::join;

/// Headers of the standard library of C: a file of the same name is not what `<name>` means.
const STANDARD: [&str; 31] = [
    "assert.h",
    "complex.h",
    "ctype.h",
    "errno.h",
    "fenv.h",
    "float.h",
    "inttypes.h",
    "iso646.h",
    "limits.h",
    "locale.h",
    "math.h",
    "setjmp.h",
    "signal.h",
    "stdalign.h",
    "stdarg.h",
    "stdatomic.h",
    "stdbool.h",
    "stddef.h",
    "stdint.h",
    "stdio.h",
    "stdlib.h",
    "stdnoreturn.h",
    "string.h",
    "strings.h",
    "tgmath.h",
    "threads.h",
    "time.h",
    "uchar.h",
    "unistd.h",
    "wchar.h",
    "wctype.h",
];

/// A path that is found in more places than this says nothing.
const MAX_MATCHES: usize = 8;

/// The files that a file sees.
pub(super) type Seen = Rc<HashSet<u32>>;

/// An include of a file.
pub(super) struct Include {
    /// Where it says so.
    pub(super) site: Span,
    /// Whether no condition is around it.
    always: bool,
    /// What it can mean.
    pub(super) files: Vec<u32>,
}

pub(super) struct Includes {
    direct: HashMap<u32, Vec<Include>>,
    /// File → the files that include it.
    users: HashMap<u32, Vec<u32>>,
    /// Files that include something from outside.
    outside: HashSet<u32>,
    /// What the file asked last sees, and what those see that include it.
    last: RefCell<Option<(u32, Seen)>>,
    last_always: RefCell<Option<(u32, Seen)>>,
    last_around: RefCell<Option<(u32, Seen)>>,
}

impl Includes {
    pub(super) fn new(files: &[File]) -> Self {
        let own = || files.iter().zip(0u32..).filter(|(file, _)| file.family == Family::C);
        let mut by_name: HashMap<&str, Vec<u32>> = HashMap::new();
        for (file, index) in own() {
            let path = file.facts.path;
            by_name.entry(path.rsplit('/').next().unwrap_or(path)).or_default().push(index);
        }
        let mut includes = Includes {
            direct: HashMap::new(),
            users: HashMap::new(),
            outside: HashSet::new(),
            last: RefCell::default(),
            last_always: RefCell::default(),
            last_around: RefCell::default(),
        };
        for (file, index) in own() {
            for binding in &file.facts.bindings.names {
                let Source::Import { module, .. } = binding.source else { continue };
                let found = resolve(files, &by_name, file.facts.path, file.text(module));
                let always = binding.extent.len() >= file.facts.text.len();
                if found.is_empty() {
                    includes.outside.insert(index);
                }
                for &other in &found {
                    includes.users.entry(other).or_default().push(index);
                }
                includes.direct.entry(index).or_default().push(Include { site: module, always, files: found });
            }
        }
        includes
    }

    /// What a file includes itself.
    pub(super) fn of(&self, file: u32) -> &[Include] {
        self.direct.get(&file).map(Vec::as_slice).unwrap_or_default()
    }

    /// Everything that a file includes, and itself.
    pub(super) fn seen(&self, file: u32) -> Seen {
        if let Some((of, seen)) = &*self.last.borrow()
            && *of == file
        {
            return seen.clone();
        }
        let seen = Rc::new(self.closure(vec![file], false));
        *self.last.borrow_mut() = Some((file, seen.clone()));
        seen
    }

    /// What a file includes under any condition, and itself.
    pub(super) fn always_seen(&self, file: u32) -> Seen {
        if let Some((of, seen)) = &*self.last_always.borrow()
            && *of == file
        {
            return seen.clone();
        }
        let seen = Rc::new(self.closure(vec![file], true));
        *self.last_always.borrow_mut() = Some((file, seen.clone()));
        seen
    }

    /// What the files see that include `file`: a part of others is written for what stands around it there.
    pub(super) fn around(&self, file: u32) -> Seen {
        if let Some((of, seen)) = &*self.last_around.borrow()
            && *of == file
        {
            return seen.clone();
        }
        let mut users = HashSet::from([file]);
        let mut next = vec![file];
        while let Some(file) = next.pop() {
            let more = self.users.get(&file).map(Vec::as_slice).unwrap_or_default();
            next.extend(more.iter().copied().filter(|&user| users.insert(user)));
        }
        let seen = Rc::new(self.closure(users.into_iter().collect(), false));
        *self.last_around.borrow_mut() = Some((file, seen.clone()));
        seen
    }

    /// Whether a file sees anything from outside.
    pub(super) fn sees_outside(&self, file: u32) -> bool {
        self.seen(file).iter().any(|seen| self.outside.contains(seen))
    }

    fn closure(&self, mut next: Vec<u32>, always: bool) -> HashSet<u32> {
        let mut seen: HashSet<u32> = next.iter().copied().collect();
        while let Some(file) = next.pop() {
            for include in self.of(file).iter().filter(|include| include.always || !always) {
                next.extend(include.files.iter().copied().filter(|&other| seen.insert(other)));
            }
        }
        seen
    }
}

/// The files that an include can mean: beside the file that says so, or those that end like the path, the nearest first.
fn resolve(files: &[File], by_name: &HashMap<&str, Vec<u32>>, from: &str, written: &str) -> Vec<u32> {
    let angle = written.starts_with('<');
    let path = written.trim_matches(['"', '<', '>', ' ']);
    let name = path.rsplit('/').next().unwrap_or(path);
    if angle && STANDARD.contains(&path) {
        return Vec::new();
    }
    let Some(named) = by_name.get(name) else { return Vec::new() };
    let at = |index: u32| files[index as usize].facts.path;
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let beside = join(folder, path);
    if let Some(&file) = named.iter().find(|&&file| !angle && at(file) == beside) {
        return vec![file];
    }
    let tail = path.trim_start_matches("./").trim_start_matches("../");
    let ends =
        |index: &u32| at(*index).strip_suffix(tail).is_some_and(|before| before.is_empty() || before.ends_with('/'));
    let mut found: Vec<u32> = named.iter().copied().filter(ends).collect();
    let common = |index: u32| at(index).split('/').zip(from.split('/')).take_while(|(a, b)| a == b).count();
    let best = found.iter().map(|&index| common(index)).max().unwrap_or(0);
    found.retain(|&index| common(index) == best);
    if found.len() > MAX_MATCHES { Vec::new() } else { found }
}
