//! `cogo graph`: who uses what, and how sure that is.

use super::Repository;

fn shop() -> Repository {
    let repository = Repository::empty();
    repository.write("shop/prices.py", "def price(item):\n    return round(item)\n\n\nclass Tax:\n    def apply(self, amount):\n        return amount\n\n\nclass NoTax(Tax):\n    def apply(self, amount):\n        return amount\n");
    repository.write(
        "shop/basket.py",
        "from shop.prices import Tax, price\n\n\ndef total(items, tax: Tax):\n    return tax.apply(sum(price(item) for item in items))\n\n\ndef checkout(thing):\n    thing.pay()\n    return total([], Tax())\n",
    );
    repository.write(
        "tests/test_basket.py",
        "from shop.basket import checkout\n\n\ndef test_checkout():\n    checkout(None)\n",
    );
    repository.write("shop/other.py", "def price(x):\n    return x\n");
    repository.write("shop/__init__.py", "");
    repository
}

#[test]
fn callers_are_proven_by_imports_and_types() {
    let repository = shop();
    let answer = repository.cogo(["graph", "callers", "shop/prices.py:1", "--format", "json"]).expect(0).json();
    assert_eq!(answer["proven"], 1, "{answer}");
    assert_eq!(answer["found"][0]["name"], "total");
    assert_eq!(answer["found"][0]["link"]["line"], 5);
    // The name of another function is no caller of this one.
    let other = repository.cogo(["graph", "callers", "shop/other.py:1", "--format", "json"]).expect(1).json();
    assert_eq!((&other["proven"], &other["possible"]), (&0.into(), &0.into()), "{other}");
    let text = repository.cogo(["graph", "callers", "Tax.apply"]).expect(0).out;
    assert!(text.contains("basket.py:4  total (function)") && text.contains("1 proven"), "{text}");
}

#[test]
fn a_call_of_a_method_may_reach_what_overrides_it() {
    let answer = shop().cogo(["graph", "callers", "NoTax.apply", "--format", "json"]).expect(0).json();
    assert_eq!((&answer["proven"], &answer["possible"]), (&0.into(), &1.into()), "{answer}");
    assert_eq!(answer["found"][0]["link"]["candidates"], 2);
    let proven = shop().cogo(["graph", "callers", "NoTax.apply", "--proven"]).expect(1).out;
    assert!(proven.contains("0 proven"), "{proven}");
}

#[test]
fn what_nobody_can_resolve_is_said() {
    let repository = shop();
    repository.write("shop/pay.py", "class Card:\n    def charge(self):\n        pass\n");
    repository.write("shop/unknown.py", "def run(x):\n    x.vanish()\n");
    let text = repository.cogo(["graph", "callees", "checkout"]).expect(0).out;
    assert!(text.contains("total (function)") && !text.contains("charge"), "{text}");
}

#[test]
fn a_change_reaches_its_users_and_their_tests() {
    let answer = shop().cogo(["graph", "impact", "shop/prices.py:1-2", "--format", "json"]).expect(0).json();
    let names = |list: &str| -> Vec<String> {
        let found = answer[list].as_array().expect("a list").iter();
        found.map(|node| node["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert!(names("affected").contains(&"checkout".to_owned()), "{answer}");
    assert!(names("tests").contains(&"test_checkout".to_owned()), "{answer}");
}

#[test]
fn a_way_is_found_and_drawn() {
    let repository = shop();
    let way = repository.cogo(["graph", "path", "test_checkout", "Tax.apply", "--format", "json"]).expect(0).json();
    let names: Vec<&str> =
        way.as_array().expect("steps").iter().map(|step| step["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["test_checkout", "checkout", "total", "Tax.apply"]);
    let dot = repository.cogo(["graph", "path", "checkout", "Tax.apply", "--format", "dot"]).expect(0).out;
    assert!(dot.starts_with("digraph cogo {") && dot.contains("->") && dot.trim_end().ends_with('}'), "{dot}");
    let mermaid = repository.cogo(["graph", "callees", "checkout", "--format", "mermaid"]).expect(0).out;
    assert!(mermaid.starts_with("graph LR") && mermaid.contains("-->"), "{mermaid}");
    repository.cogo(["graph", "path", "Tax.apply", "checkout"]).expect(1);
}

#[test]
fn ambiguous_and_unknown_names_get_help() {
    let repository = shop();
    let ambiguous = repository.cogo(["graph", "callers", "price"]).expect(2).err;
    assert!(ambiguous.contains("may mean 2 things") && ambiguous.contains("shop/other.py:1"), "{ambiguous}");
    let unknown = repository.cogo(["graph", "callers", "nothing_like_it"]).expect(2).err;
    assert!(unknown.contains("hint:"), "{unknown}");
}

#[test]
fn a_context_fits_its_tokens_and_names_what_does_not() {
    let repository = shop();
    let context = |tokens: &str| {
        repository.cogo(["context", "what is the total price", "--tokens", tokens, "--format", "json"]).expect(0).json()
    };
    let large = context("4000");
    let blocks = large["blocks"].as_array().expect("blocks");
    assert_eq!((&blocks[0]["reason"], &blocks[0]["level"]), (&"hit 1".into(), &"body".into()), "{large}");
    assert_eq!(large["omitted"].as_array().expect("a list").len(), 0, "{large}");
    let small = context("120");
    assert!(small["tokens"].as_u64().expect("a number") <= 120, "{small}");
    assert!(!small["omitted"].as_array().expect("a list").is_empty(), "{small}");
    let text = repository.cogo(["context", "what is the total price"]).expect(0).out;
    assert!(text.contains("── shop/") && text.contains("tokens"), "{text}");
}
