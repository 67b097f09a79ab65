//! What is known of the standard library, and of crates that are like it: what containers hold and pass on.

use super::types::{Ty, Tys};

/// Pointers and guards: the members of what they hold are theirs.
pub(super) fn dereferenced(name: &str, arguments: &[Ty]) -> Option<Ty> {
    let held = match name {
        "Box" | "Rc" | "Arc" | "Ref" | "RefMut" | "MutexGuard" | "RwLockReadGuard" | "RwLockWriteGuard" | "Pin"
        | "Cow" | "ManuallyDrop" | "Lazy" | "LazyLock" | "Guard" | "CachePadded" | "UniqueArc" | "Wrapping" => {
            arguments.first()
        }
        "LazyCell" => arguments.first(),
        _ => None,
    };
    held.cloned()
}

/// Members that a pointer has itself, whatever it points to.
pub(super) fn is_own(kind: &str, name: &str) -> bool {
    match name {
        "clone" => matches!(kind, "Rc" | "Arc"),
        "as_ref" | "as_mut" | "get_mut" | "into_inner" => matches!(kind, "Pin" | "Box"),
        "set" | "map_unchecked_mut" | "get_unchecked_mut" => kind == "Pin",
        "unwrap" | "expect" | "unwrap_or_else" | "into_owned" | "to_mut" => matches!(kind, "Guard" | "Cow"),
        _ => false,
    }
}

/// Traits of the standard library whose functions have no receiver.
pub(super) fn is_trait(name: &str) -> bool {
    matches!(
        name,
        "Default"
            | "From"
            | "TryFrom"
            | "Into"
            | "TryInto"
            | "FromStr"
            | "FromIterator"
            | "Clone"
            | "Iterator"
            | "Deref"
            | "Future"
            | "Display"
            | "Debug"
            | "AsRef"
            | "Borrow"
            | "Deserialize"
            | "Serialize"
            | "Hash"
            | "PartialEq"
            | "Ord"
            | "PartialOrd"
            | "Drop"
            | "Write"
            | "Read"
            | "Add"
            | "Sub"
            | "IntoIterator"
            | "ToString"
            | "Error"
            | "Stream"
    )
}

/// Methods that the standard library gives to so many types that a namesake in the repository is most likely not meant.
pub(super) fn is_well_known(name: &str) -> bool {
    matches!(
        name,
        "clone"
            | "to_string"
            | "into"
            | "try_into"
            | "iter"
            | "iter_mut"
            | "into_iter"
            | "len"
            | "is_empty"
            | "unwrap"
            | "expect"
            | "as_ref"
            | "as_mut"
            | "to_owned"
            | "borrow"
            | "borrow_mut"
            | "eq"
            | "ne"
            | "cmp"
            | "partial_cmp"
            | "hash"
            | "fmt"
            | "map"
            | "and_then"
            | "unwrap_or"
            | "unwrap_or_else"
            | "unwrap_or_default"
            | "ok_or"
            | "ok_or_else"
            | "map_err"
            | "collect"
            | "as_str"
            | "as_bytes"
            | "to_vec"
            | "as_slice"
            | "is_some"
            | "is_none"
            | "is_ok"
            | "is_err"
            | "clone_from"
            | "type_id"
            | "try_from"
            | "default"
            | "from"
            | "ok"
            | "err"
            | "as_deref"
            | "cloned"
            | "copied"
            | "filter"
            | "enumerate"
            | "zip"
            | "rev"
            | "any"
            | "all"
            | "sum"
            | "max"
            | "min"
            | "trim"
            | "split"
            | "starts_with"
            | "ends_with"
            | "contains"
            | "push"
            | "push_str"
            | "extend"
            | "sort"
            | "sort_by"
            | "sort_by_key"
            | "dedup"
            | "abs"
            | "saturating_sub"
            | "wrapping_add"
            | "checked_add"
            | "project"
            | "is_some_and"
            | "is_ok_and"
            | "get_or_insert_with"
            | "as_deref_mut"
            | "to_lowercase"
            | "to_uppercase"
            | "chars"
            | "bytes"
            | "lines"
            | "parse"
            | "fold"
            | "filter_map"
            | "flat_map"
            | "for_each"
            | "copy_from_slice"
    )
}

/// Methods that give a local value itself. `project` gives the fields of a pinned value, by the same names.
pub(super) fn passes_on(name: &str) -> bool {
    matches!(
        name,
        "clone"
            | "to_owned"
            | "borrow"
            | "borrow_mut"
            | "as_ref"
            | "as_mut"
            | "by_ref"
            | "get_mut"
            | "project"
            | "project_ref"
    )
}

/// Functions that give whatever is wanted of them.
pub(super) fn is_asked_for(name: &str) -> bool {
    matches!(
        name,
        "parse"
            | "into"
            | "try_into"
            | "collect"
            | "sum"
            | "product"
            | "default"
            | "unwrap_or_default"
            | "from"
            | "try_from"
            | "deserialize"
            | "downcast"
            | "downcast_ref"
            | "downcast_mut"
            | "downcast_arc"
            | "extract"
            | "from_str"
            | "from_slice"
            | "from_reader"
            | "from_value"
            | "from_bytes"
            | "recv"
            | "try_recv"
            | "join"
            | "take"
            | "replace"
            | "new"
            | "build"
            | "get"
            | "get_mut"
            | "borrow"
            | "as_ref"
            | "as_mut"
            | "decode"
            | "next"
            | "cast"
            | "transmute"
            | "zeroed"
            | "read"
            | "with"
            | "block_on"
            | "spawn"
    )
}

/// `value?`
pub(super) fn tried(of: &Ty) -> Ty {
    match of {
        Ty::Outside(name, arguments) => match (&**name, arguments.first()) {
            ("Option" | "Result" | "Poll" | "LockResult" | "IoResult", Some(held)) => held.clone(),
            // `io::Result<T>` and other aliases.
            ("Guard" | "", _) => of.clone(),
            (_, Some(held)) => held.clone(),
            _ => Ty::Unknown,
        },
        _ => Ty::Unknown,
    }
}

/// What `Some(x)`, `Ok(x)`, `Err(x)` hold.
pub(super) fn held_by(of: &Ty, constructor: &str) -> Ty {
    match (of, constructor) {
        (Ty::Outside(name, _), "Some" | "Ok" | "Ready") if name.is_empty() || &**name == "Guard" => of.clone(),
        (Ty::Outside(..), "Some" | "Ok" | "Ready" | "Borrowed" | "Owned" | "Occupied" | "Vacant") => of.argument(0),
        (Ty::Outside(..), "Err") => of.argument(1),
        _ => Ty::Unknown,
    }
}

/// What a loop over a value from outside gives.
pub(super) fn element(of: &Ty) -> Ty {
    let Ty::Outside(name, arguments) = of else { return Ty::Unknown };
    match &**name {
        "" => Ty::foreign(),
        "HashMap" | "BTreeMap" | "IndexMap" | "FxHashMap" | "AHashMap" | "Map" if arguments.len() > 1 => {
            Ty::Tuple(arguments[..2].into())
        }
        "String" | "str" | "Range" => Ty::foreign(),
        _ if is_sequence(name) || matches!(&**name, "Option" | "Result") => of.argument(0),
        _ => match dereferenced(name, arguments) {
            Some(inner) => element(&inner),
            None => Ty::Unknown,
        },
    }
}

/// `value[…]`
pub(super) fn element_at(of: &Ty) -> Ty {
    let Ty::Outside(name, arguments) = of else { return Ty::Unknown };
    match &**name {
        "HashMap" | "BTreeMap" | "IndexMap" | "FxHashMap" | "AHashMap" | "Map" => of.argument(1),
        "" => Ty::foreign(),
        _ if is_sequence(name) => of.argument(0),
        _ => match dereferenced(name, arguments) {
            Some(inner) => element_at(&inner),
            None => Ty::Unknown,
        },
    }
}

fn is_sequence(name: &str) -> bool {
    matches!(
        name,
        "Vec"
            | "VecDeque"
            | "HashSet"
            | "BTreeSet"
            | "BinaryHeap"
            | "LinkedList"
            | "SmallVec"
            | "ArrayVec"
            | "IndexSet"
            | "FxHashSet"
            | "AHashSet"
            | "Iterator"
            | "IntoIterator"
            | "DoubleEndedIterator"
            | "ExactSizeIterator"
            | "Peekable"
            | "Rev"
            | "IntoIter"
            | "Slab"
            | "ParallelIterator"
            | "IndexedParallelIterator"
            | "Stream"
    )
}

fn is_map(name: &str) -> bool {
    matches!(name, "HashMap" | "BTreeMap" | "IndexMap" | "FxHashMap" | "AHashMap")
}

fn option(of: Ty) -> Ty {
    Ty::outside("Option", &[of])
}

fn iterator(of: Ty) -> Ty {
    Ty::outside("Iterator", &[of])
}

/// A declared result whose parts are left open: `collect::<Vec<_>>()`.
pub(super) fn filled(name: &str, declared: Ty, of: &Ty) -> Ty {
    let declared = match (&declared, name) {
        (Ty::Outside(kind, parts), "collect") if is_sequence(kind) && parts.iter().all(Ty::is_unknown) => {
            Ty::Outside(kind.clone(), Tys::from([element(of)]))
        }
        (Ty::Outside(kind, parts), "collect") if is_map(kind) && parts.iter().all(Ty::is_unknown) => {
            match element(of) {
                Ty::Tuple(parts) => Ty::Outside(kind.clone(), parts),
                _ => declared,
            }
        }
        _ => declared,
    };
    match name {
        "parse" | "downcast" => Ty::outside("Result", &[declared, Ty::Unknown]),
        "downcast_ref" => option(declared),
        _ => declared,
    }
}

/// What a method from outside gives. `given` are the arguments, `called` what a function gives.
pub(super) fn method(
    of: &Ty,
    name: &str,
    given: &dyn Fn(usize) -> Ty,
    called: &dyn Fn(&Ty) -> Ty,
    element_of: &dyn Fn(&Ty) -> Ty,
) -> Ty {
    let Ty::Outside(kind, arguments) = of else {
        return match name {
            name if passes_on(name) => of.clone(),
            "to_string" => Ty::outside("String", &[]),
            _ => Ty::Unknown,
        };
    };
    let first = || of.argument(0);
    let closure = |at: usize| called(&given(at));
    match (&**kind, name) {
        (_, "clone" | "to_owned" | "by_ref" | "borrow" | "borrow_mut") if !matches!(&**kind, "RefCell" | "str") => {
            of.clone()
        }
        (_, "to_string") => Ty::outside("String", &[]),
        ("Option" | "Result" | "Guard" | "LockResult", _)
            if name.starts_with("unwrap") || name.starts_with("expect") =>
        {
            match (name, &**kind) {
                ("unwrap_err" | "expect_err", _) => of.argument(1),
                (_, "Guard") => of.clone(),
                _ => first(),
            }
        }
        (
            "Option" | "Result",
            "as_ref" | "as_mut" | "take" | "replace" | "cloned" | "copied" | "or" | "or_else" | "filter" | "inspect"
            | "as_deref" | "as_deref_mut" | "xor" | "as_pin_mut" | "inspect_err" | "context" | "with_context"
            | "map_err",
        ) => deref_held(of, name),
        ("Option", "ok_or" | "ok_or_else") => Ty::outside("Result", &[first(), given(0)]),
        ("Option", "get_or_insert_with" | "get_or_insert" | "insert") => first(),
        ("Option", "zip") => option(Ty::Tuple([first(), given(0).argument(0)].into())),
        ("Option" | "Result", "map") => Ty::Outside(kind.clone(), [closure(0)].into()),
        ("Option" | "Result", "and_then") => closure(0),
        ("Option" | "Result", "map_or" | "map_or_else") => closure(1),
        ("Option" | "Result", "flatten" | "transpose") => first(),
        ("Option" | "Result", "iter" | "iter_mut" | "into_iter") => iterator(first()),
        ("Result", "ok") => option(first()),
        ("Result", "err") => option(of.argument(1)),
        (
            "Mutex" | "RwLock" | "ReentrantMutex",
            "lock" | "read" | "write" | "lock_owned" | "get_mut" | "into_inner",
        ) => Ty::outside("Guard", &[first()]),
        ("Mutex" | "RwLock", "try_lock" | "try_read" | "try_write") => option(first()),
        (
            "RefCell" | "Cell" | "UnsafeCell" | "AtomicRefCell",
            "borrow" | "borrow_mut" | "get" | "replace" | "take" | "get_mut" | "into_inner",
        ) => first(),
        ("OnceCell" | "OnceLock" | "OnceBox", "get" | "get_mut" | "take") => option(first()),
        ("OnceCell" | "OnceLock", "get_or_init") => first(),
        ("Weak", "upgrade") => option(Ty::outside("Arc", &[first()])),
        ("Rc" | "Arc", "downgrade") => Ty::outside("Weak", &[first()]),
        ("Pin", "as_mut" | "as_ref" | "get_mut") => of.clone(),
        ("Box", "as_ref" | "as_mut") => first(),
        ("Cow", "into_owned" | "to_mut") => first(),
        ("Entry", "or_default" | "or_insert" | "or_insert_with" | "or_insert_with_key") => of.argument(1),
        ("Entry", "and_modify") => of.clone(),
        (_, name) if is_asked_for(name) && matches!(&**kind, "String" | "str" | "") => Ty::Unknown,
        ("String" | "str" | "", _) => Ty::foreign(),
        (map, _) if is_map(map) => map_method(of, name),
        (kind, _) if is_sequence(kind) => sequence_method(of, kind, name, given, called, element_of),
        (kind, _) => match dereferenced(kind, arguments) {
            Some(inner) => method(&inner, name, given, called, element_of),
            None => Ty::Unknown,
        },
    }
}

/// `as_deref` sees through a pointer.
fn deref_held(of: &Ty, name: &str) -> Ty {
    match (of, name, of.argument(0)) {
        (Ty::Outside(kind, arguments), "as_deref" | "as_deref_mut", Ty::Outside(inner, held)) => {
            let held = dereferenced(&inner, &held).unwrap_or(Ty::Outside(inner, held));
            let rest = arguments.iter().skip(1).cloned();
            Ty::Outside(kind.clone(), std::iter::once(held).chain(rest).collect())
        }
        _ => of.clone(),
    }
}

fn map_method(of: &Ty, name: &str) -> Ty {
    let (key, value) = (of.argument(0), of.argument(1));
    match name {
        "get" | "get_mut" | "remove" | "insert" => option(value),
        "values" | "values_mut" | "into_values" => iterator(value),
        "keys" | "into_keys" => iterator(key),
        "iter" | "iter_mut" | "into_iter" | "drain" | "range" | "into_par_iter" | "par_iter" => {
            iterator(Ty::Tuple([key, value].into()))
        }
        "entry" => Ty::outside("Entry", &[key, value]),
        "get_key_value" | "first_key_value" | "last_key_value" | "pop_first" | "pop_last" | "remove_entry" => {
            option(Ty::Tuple([key, value].into()))
        }
        "len" | "is_empty" | "contains_key" | "clear" => Ty::foreign(),
        _ => Ty::Unknown,
    }
}

fn sequence_method(
    of: &Ty,
    kind: &str,
    name: &str,
    given: &dyn Fn(usize) -> Ty,
    called: &dyn Fn(&Ty) -> Ty,
    element_of: &dyn Fn(&Ty) -> Ty,
) -> Ty {
    let first = || of.argument(0);
    let closure = |at: usize| called(&given(at));
    match name {
        "iter" | "iter_mut" | "into_iter" | "drain" | "par_iter" | "into_par_iter" | "par_iter_mut" | "filter"
        | "rev" | "skip" | "take" | "chain" | "peekable" | "inspect" | "skip_while" | "take_while" | "cloned"
        | "copied" | "step_by" | "fuse" | "union" | "intersection" | "difference" | "cycle" | "splice" => {
            iterator(first())
        }
        "map" => iterator(closure(0)),
        "filter_map" | "map_while" | "flat_map" => iterator(element_of(&closure(0))),
        "flatten" => iterator(element_of(&first())),
        "enumerate" => iterator(Ty::Tuple([Ty::foreign(), first()].into())),
        "zip" => iterator(Ty::Tuple([first(), element_of(&given(0))].into())),
        "next" | "last" | "nth" | "max_by_key" | "min_by_key" | "max_by" | "min_by" | "max" | "min" | "find"
        | "peek" | "peek_mut" | "next_back" | "first" | "last_mut" | "first_mut" | "get" | "get_mut" | "pop"
        | "pop_front" | "pop_back" | "front" | "back" | "front_mut" | "back_mut" | "reduce" | "next_if"
        | "iter_find" => option(first()),
        "remove" if kind == "VecDeque" => option(first()),
        "remove" | "swap_remove" | "get_unchecked" | "get_unchecked_mut" => first(),
        "find_map" => closure(0),
        "fold" => given(0),
        "chunks" | "windows" | "chunks_exact" | "chunks_mut" | "split" => iterator(Ty::outside("Vec", &[first()])),
        "split_at" | "split_at_mut" | "partition" => Ty::Tuple([of.clone(), of.clone()].into()),
        "split_first" | "split_last" => option(Ty::Tuple([first(), of.clone()].into())),
        "as_slice" | "as_mut_slice" | "to_vec" | "into_boxed_slice" | "into_vec" | "split_off" | "as_ref"
        | "as_mut" => of.clone(),
        "len" | "is_empty" | "count" | "contains" | "any" | "all" | "position" | "binary_search" | "sum" | "join"
        | "concat" | "capacity" => Ty::foreign(),
        _ => Ty::Unknown,
    }
}

/// The parameter of a function that is given to a method from outside.
pub(super) fn closure_parameter(of: &Ty, name: &str, argument: usize, position: u32) -> Ty {
    let Ty::Outside(kind, arguments) = of else { return Ty::Unknown };
    let kind: &str = kind;
    let second_type = matches!(name, "map_err" | "unwrap_or_else" | "or_else" | "inspect_err" | "ok_or_else");
    match (kind, name) {
        ("Result", _) if second_type => of.argument(1),
        ("Result", "map_or_else") if argument == 0 => of.argument(1),
        ("Option" | "Result", _) => of.argument(0),
        ("Entry", "and_modify") => of.argument(1),
        ("", _) => Ty::Unknown,
        (_, "fold" | "try_fold" | "scan") if is_sequence(kind) => {
            if position == 1 {
                of.argument(0)
            } else {
                Ty::Unknown
            }
        }
        (_, "retain" | "retain_mut") if is_map(kind) => of.argument(position as usize),
        _ if is_sequence(kind) && position < 2 => of.argument(0),
        _ => match dereferenced(kind, arguments) {
            Some(inner) => closure_parameter(&inner, name, argument, position),
            None => Ty::Unknown,
        },
    }
}

/// An associated function of a type from outside.
pub(super) fn associated(of: &Ty, name: &str, given: &dyn Fn(usize) -> Ty) -> Ty {
    let Ty::Outside(kind, arguments) = of else { return Ty::Unknown };
    let wraps = dereferenced(kind, arguments).is_some() || arguments.is_empty();
    match (&**kind, name) {
        ("Box" | "Rc" | "Arc" | "Pin", "new" | "pin" | "from") if wraps => Ty::Outside(kind.clone(), [given(0)].into()),
        ("Rc" | "Arc", "clone") => given(0),
        ("Rc" | "Arc", "downgrade") => Ty::outside("Weak", &[given(0).argument(0)]),
        (
            "Mutex" | "RwLock" | "RefCell" | "Cell" | "UnsafeCell" | "ManuallyDrop" | "OnceCell" | "CachePadded",
            "new" | "from",
        ) if arguments.is_empty() => Ty::Outside(kind.clone(), [given(0)].into()),
        ("Option", "Some") => Ty::outside("Option", &[given(0)]),
        (_, "new" | "with_capacity" | "default" | "from" | "from_iter" | "new_in") => of.clone(),
        _ if is_named_number(kind) => Ty::foreign(),
        _ => Ty::Unknown,
    }
}

fn is_named_number(name: &str) -> bool {
    matches!(
        name,
        "u8" | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "usize"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "isize"
            | "f32"
            | "f64"
            | "char"
            | "bool"
            | "str"
            | "String"
    )
}
