//! What a question means: misspelt words, and what is wanted besides its subject.

use super::Repository;

#[test]
fn a_word_that_stands_nowhere_is_searched_as_the_nearest_one_and_that_is_said() {
    let repository = Repository::new();
    for (query, unknown, known, path) in [
        ("reqeusts server busy", "reqeust", "request", "docs/guide.md"),
        ("tockens level", "tocken", "token", "src/token_bucket.py"),
    ] {
        let run = repository.cogo(["search", query, "--mode", "lexical", "--format", "json"]).expect(0);
        assert_eq!(run.json()[0]["path"], path, "{run:?}");
        assert!(run.err.contains(unknown) && run.err.contains(&format!("searched for `{known}`")), "{run:?}");
    }
}

#[test]
fn what_resembles_nothing_stays_as_it_is() {
    let repository = Repository::new();
    let run = repository.cogo(["search", "zyxwvut", "--mode", "lexical", "--format", "json"]).expect(1);
    assert!(!run.err.contains("searched for"), "{run:?}");
    // Short words are like too many others.
    let run = repository.cogo(["search", "takr", "--mode", "lexical", "--format", "json"]).expect(1);
    assert!(!run.err.contains("searched for"), "{run:?}");
}

#[test]
fn who_asks_for_tests_gets_tests() {
    let repository = Repository::empty();
    repository.write(
        "shop/cart.py",
        "class Cart:\n    def total(self):\n        \"\"\"The total of a cart.\"\"\"\n        return 1\n",
    );
    repository.write(
        "tests/test_cart.py",
        "from shop.cart import Cart\n\n\ndef test_total():\n    assert Cart().total() == 1\n",
    );
    assert_eq!(repository.search(&["how is the total of a cart computed"])[0], "shop/cart.py");
    assert_eq!(repository.search(&["where is the total of a cart tested"])[0], "tests/test_cart.py");
}
