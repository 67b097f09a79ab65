//! Arrays that were just made, or lie in a mapped file.

use std::ops::Deref;

use bytemuck::Pod;
use rag_core::store::container::Records;

/// An array of records.
pub(super) enum Array<T> {
    Made(Vec<T>),
    Stored(Records<T>),
}

impl<T> From<Vec<T>> for Array<T> {
    fn from(made: Vec<T>) -> Self {
        Array::Made(made)
    }
}

impl<T: Pod> Deref for Array<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Array::Made(made) => made,
            Array::Stored(stored) => stored,
        }
    }
}
