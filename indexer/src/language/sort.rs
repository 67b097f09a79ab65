//! The order that the walk promises: symbols and references by position, nothing twice.

use rag_core::{Reference, Span, Symbol};

/// Sorts both lists, and drops references that are the name of a definition or repeat another.
pub(super) fn sorted(
    mut symbols: Vec<Symbol>,
    mut references: Vec<Reference>,
    mut taken: Vec<Span>,
) -> (Vec<Symbol>, Vec<Reference>) {
    // The walk goes in document order, so most files are sorted already.
    if !symbols.is_sorted_by_key(|symbol| symbol.span.start) {
        let places = places_by_start(&symbols);
        let mut reordered = symbols.clone();
        for (old, symbol) in symbols.iter().enumerate() {
            let parent = symbol.parent.map(|index| places[index as usize]);
            reordered[places[old] as usize] = Symbol { parent, ..*symbol };
        }
        symbols = reordered;
        for reference in &mut references {
            reference.enclosing = reference.enclosing.map(|index| places[index as usize]);
        }
    }
    // Stable: of references to one name the outermost node's, which knows more, comes first.
    references.sort_by_key(|reference| reference.name.start);
    references.dedup_by(|later, first| later.name == first.name);
    taken.sort_unstable();
    let mut names = taken.into_iter().peekable();
    references.retain(|reference| {
        while names.next_if(|name| *name < reference.name).is_some() {}
        names.peek() != Some(&reference.name)
    });
    (symbols, references)
}

/// For every symbol its place in the sorted order; parents stay before children.
fn places_by_start(symbols: &[Symbol]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..symbols.len()).collect();
    order.sort_by_key(|&index| symbols[index].span.start);
    let mut places = vec![0; symbols.len()];
    for (place, index) in order.into_iter().enumerate() {
        places[index] = place as u32;
    }
    places
}
