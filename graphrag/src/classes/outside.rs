//! What is known of the standard libraries: what containers and scope functions give.

use std::rc::Rc;

use super::Classes;
use super::types::{Arguments, Ty, none, outside};

/// Methods that call their argument with the elements of a container.
pub(super) fn is_of_elements(name: &str) -> bool {
    matches!(
        name,
        "forEach"
            | "map"
            | "filter"
            | "filterNot"
            | "any"
            | "all"
            | "none"
            | "first"
            | "firstOrNull"
            | "last"
            | "lastOrNull"
            | "find"
            | "single"
            | "singleOrNull"
            | "flatMap"
            | "mapNotNull"
            | "sortedBy"
            | "sortedByDescending"
            | "sortBy"
            | "groupBy"
            | "associateBy"
            | "associateWith"
            | "associate"
            | "partition"
            | "count"
            | "sumOf"
            | "maxBy"
            | "minBy"
            | "maxByOrNull"
            | "minByOrNull"
            | "maxOf"
            | "minOf"
            | "onEach"
            | "takeWhile"
            | "dropWhile"
            | "distinctBy"
            | "removeIf"
            | "removeAll"
            | "indexOfFirst"
            | "indexOfLast"
            | "exists"
            | "forall"
            | "foreach"
            | "sortWith"
            | "filterIsInstance"
            | "toDictionary"
            | "contains"
            | "compactMap"
            | "removeIf_"
            | "Where"
            | "Select"
            | "SelectMany"
            | "Any"
            | "All"
            | "First"
            | "FirstOrDefault"
            | "Single"
            | "SingleOrDefault"
            | "Last"
            | "LastOrDefault"
            | "OrderBy"
            | "OrderByDescending"
            | "ThenBy"
            | "GroupBy"
            | "ToDictionary"
            | "Count"
            | "Sum"
            | "Max"
            | "Min"
            | "TakeWhile"
            | "SkipWhile"
            | "ForEach"
            | "Find"
            | "FindAll"
            | "Exists"
            | "RemoveAll"
            | "collect"
            | "collectFirst"
            | "withFilter"
            | "max"
            | "min"
    )
}

fn is_map(outer: &str) -> bool {
    outer.ends_with("Map") || outer.ends_with("Dictionary")
}

/// What a container from outside calls its argument with.
pub(super) fn lambda_parameter<'a>(outer: &str, held: &Arguments<'a>, name: &str, position: u32) -> Ty<'a> {
    match held.as_ref() {
        [of] if position == 0 && is_of_elements(name) && !is_map(outer) => of.clone(),
        _ => Ty::Unknown,
    }
}

impl<'a> Classes<'_, 'a> {
    /// A property of something from outside.
    pub(super) fn outside_member(&self, outer: &'a str, held: &Arguments<'a>, name: &str) -> Ty<'a> {
        match (name, held.as_ref()) {
            (
                "value" | "Value" | "get" | "head" | "last" | "first" | "Result" | "headOption" | "Current"
                | "lastOption",
                [of],
            ) => match name {
                "headOption" | "lastOption" => Ty::Outside("Option", [of.clone()].into()),
                _ => of.clone(),
            },
            ("values" | "Values", [_, of]) => Ty::Outside("Collection", [of.clone()].into()),
            ("keys" | "Keys", [of, _]) => Ty::Outside("Collection", [of.clone()].into()),
            ("key" | "Key" | "_1", [of, _]) | ("value" | "Value" | "_2", [_, of]) => of.clone(),
            (
                "tail" | "init" | "reverse" | "distinct" | "toList" | "toSeq" | "toSet" | "toVector" | "indices"
                | "lazy" | "iterator",
                [_],
            ) => Ty::Outside(outer, held.clone()),
            _ if held.iter().any(Ty::may_be_own) => Ty::Unknown,
            _ => outside(),
        }
    }

    /// What a method of something from outside gives; `lambda` is what the function in its last argument gives.
    pub(super) fn outside_result(
        &self,
        outer: &'a str,
        held: &Arguments<'a>,
        name: &str,
        lambda: Option<Ty<'a>>,
        own: bool,
    ) -> Ty<'a> {
        if let [of] = held.as_ref()
            && !is_map(outer)
        {
            match name {
                "first" | "last" | "firstOrNull" | "lastOrNull" | "single" | "singleOrNull" | "find" | "get"
                | "getOrNull" | "removeAt" | "removeLast" | "removeFirst" | "elementAt" | "random" | "maxBy"
                | "minBy" | "maxByOrNull" | "minByOrNull" | "getOrElse" | "orElse" | "next" | "pop" | "popLast"
                | "First" | "FirstOrDefault" | "Single" | "SingleOrDefault" | "Last" | "LastOrDefault"
                | "ElementAt" | "Find" | "Pop" | "Peek" | "Dequeue" | "apply" | "orElseThrow" | "poll" | "peek"
                | "findLast" | "reduce" | "headOption_" => return of.clone(),
                "filter" | "filterNot" | "filterNotNull" | "sorted" | "sortedBy" | "sortedByDescending"
                | "sortedWith" | "take" | "drop" | "takeWhile" | "dropWhile" | "reversed" | "distinct"
                | "distinctBy" | "toList" | "toSet" | "toMutableList" | "toMutableSet" | "asSequence" | "plus"
                | "minus" | "shuffled" | "onEach" | "asIterable" | "iterator" | "Where" | "OrderBy"
                | "OrderByDescending" | "Take" | "Skip" | "Reverse" | "Distinct" | "ToList" | "ToArray"
                | "AsEnumerable" | "Concat" | "ThenBy" | "subList" | "orEmpty" | "ConfigureAwait" | "dropFirst"
                | "dropLast" | "prefix" | "suffix" | "sortBy" | "sortWith" | "toSeq" | "toVector" | "slice"
                | "TakeWhile" | "SkipWhile" => return Ty::Outside(outer, held.clone()),
                "map" | "mapNotNull" | "Select" | "compactMap" => {
                    return lambda.map_or(Ty::Unknown, |of| Ty::Outside("List", [of].into()));
                }
                "withIndex" | "zip" | "flatMap" | "SelectMany" | "groupBy" | "GroupBy" => return Ty::Unknown,
                _ => {}
            }
        }
        if let [key, of] = held.as_ref()
            && is_map(outer)
        {
            match name {
                "get" | "getValue" | "getOrPut" | "put" | "remove" | "getOrDefault" | "computeIfAbsent"
                | "getOrElse" => return of.clone(),
                "values" => return Ty::Outside("Collection", [of.clone()].into()),
                "keys" => return Ty::Outside("Collection", [key.clone()].into()),
                _ => {}
            }
        }
        match own || held.iter().any(Ty::may_be_own) {
            true => Ty::Unknown,
            false => outside(),
        }
    }

    /// What a function of the standard library gives for arguments of one type.
    pub(super) fn outside_function(&self, name: &str, first: Option<Ty<'a>>) -> Option<Ty<'a>> {
        let held = |outer: &'static str| first.clone().map(|of| Ty::Outside(outer, [of].into()));
        match name {
            "listOf" | "mutableListOf" | "arrayListOf" | "listOfNotNull" | "List" | "Seq" | "Vector" => held("List"),
            "setOf" | "mutableSetOf" | "Set" => held("Set"),
            "arrayOf" | "sequenceOf" | "Array" => held("Array"),
            "Some" | "Option" => held("Option"),
            "requireNotNull" | "checkNotNull" => first,
            "lazy" => match first {
                Some(Ty::Function(of)) => Some(Ty::Outside("Lazy", Rc::from([(*of).clone()]))),
                _ => None,
            },
            "buildString" | "String" => Some(Ty::Outside("String", none())),
            _ => None,
        }
    }
}
