//! A shelf of books.
use std::collections::HashMap;

/// A shelf that finds a book by its title.
pub struct BookShelf {
    books: HashMap<String, u32>,
}

impl BookShelf {
    /// Puts a book on the shelf.
    pub fn put(&mut self, title: &str, pages: u32) {
        self.books.insert(title.to_owned(), pages);
    }
}
