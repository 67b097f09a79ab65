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

#[test]
fn neighbours_are_of_all_kinds() {
    let repository = shop();
    repository.write("README.md", "# Shop\n\nPrices come from `Tax.apply`, see shop/basket.py.\n");
    let file = repository.cogo(["graph", "neighbors", "shop/basket.py", "--format", "json"]).expect(0).json();
    assert_eq!(file["in"]["name"], "shop");
    let names = |list: &serde_json::Value| -> Vec<String> {
        list.as_array().expect("a list").iter().map(|node| node["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&file["holds"]), ["total", "checkout"]);
    assert!(names(&file["uses"]).contains(&"shop/prices.py".to_owned()), "{file}");
    assert!(names(&file["used_by"]).contains(&"Shop".to_owned()), "a section mentions the file: {file}");
    let mentions = repository.cogo(["graph", "neighbors", "Tax.apply", "--kind", "mention", "--format", "json"]);
    assert_eq!(names(&mentions.expect(0).json()["used_by"]), ["Shop"]);
    repository.cogo(["graph", "neighbors", "Tax", "--kind", "friendship"]).expect(2);
}

#[test]
fn implementations_tests_and_imports_are_found() {
    let repository = shop();
    repository.write("shop/clock.py", "import datetime\nfrom numpy.linalg import norm\n");
    let found = |args: &[&str]| {
        let answer = repository.cogo(["graph"].into_iter().chain(args.iter().copied()).chain(["--format", "json"]));
        let answer = answer.expect(0).json();
        let found = answer["found"].as_array().expect("a list").iter();
        found.map(|node| node["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&["implementations", "Tax"]), ["NoTax"]);
    assert_eq!(found(&["implementations", "Tax.apply"]), ["NoTax.apply"]);
    assert_eq!(found(&["tests", "total"]), ["test_checkout"]);
    assert_eq!(found(&["imports", "shop/clock.py"]), ["datetime", "numpy"]);
    assert_eq!(found(&["references", "numpy"]), ["shop/clock.py"]);
}

#[test]
fn a_diff_says_what_to_test_and_to_read_again() {
    let repository = shop();
    repository.write("docs/prices.md", "# Prices\n\nRounded by `shop.prices.price`.\n");
    let diff = "--- a/shop/prices.py\n+++ b/shop/prices.py\n@@ -1,2 +1,2 @@\n-def price(item):\n+def price(item):\n";
    repository.write("change.diff", diff);
    let path = repository.path("change.diff");
    let answer = repository.cogo(["graph", "impact", "--diff", path.to_str().expect("UTF-8"), "--format", "json"]);
    let answer = answer.expect(0).json();
    assert_eq!(answer["tests"][0]["name"], "test_checkout", "{answer}");
    assert_eq!(answer["documents"][0]["name"], "Prices", "{answer}");
    assert!(
        answer["affected"][0]["reason"].as_str().expect("a reason").starts_with("calls price at line 5"),
        "{answer}"
    );
    let text = repository.cogo(["graph", "impact", "--diff", path.to_str().expect("UTF-8")]).expect(0).out;
    assert!(text.contains("tests to run: 1 test") && text.contains("documents to read again: 1 section"), "{text}");
}

#[test]
fn an_overview_names_parts_packages_and_entries() {
    let repository = shop();
    repository
        .write("shop/run.py", "import flask\nfrom shop.basket import checkout\n\n\ndef main():\n    checkout(None)\n");
    let overview = repository.cogo(["graph", "overview", "--format", "json"]).expect(0).json();
    assert_eq!(overview["entries"][0]["name"], "main", "{overview}");
    assert!(overview["packages"].as_array().expect("a list").iter().any(|package| package["name"] == "flask"));
    assert!(!overview["communities"].as_array().expect("a list").is_empty(), "{overview}");
    let levels = repository.cogo(["graph", "communities", "--format", "json"]).expect(0).json();
    let files: usize = levels["levels"][0]
        .as_array()
        .expect("parts")
        .iter()
        .map(|part| part["files"].as_array().expect("files").len())
        .sum();
    assert!(files >= 5, "{levels}");
    let explained = repository.cogo(["graph", "explain", "total", "--format", "json"]).expect(0).json();
    assert_eq!(explained["signature"], "def total(items, tax: Tax)", "{explained}");
    assert_eq!(explained["tests"][0]["name"], "test_checkout", "{explained}");
    let text = repository.cogo(["graph", "explain", "total"]).expect(0).out;
    assert!(text.contains("1 test reach") && text.contains("from others: call (1)"), "{text}");
}

#[test]
fn graphml_is_well_formed() {
    let repository = shop();
    let xml = repository.cogo(["graph", "callees", "checkout", "--format", "graphml"]).expect(0).out;
    assert!(xml.starts_with("<?xml") && xml.trim_end().ends_with("</graphml>"), "{xml}");
    assert_eq!(xml.matches("<node ").count(), xml.matches("</node>").count());
    assert!(xml.contains("<data key=\"relation\">call</data>"), "{xml}");
}

#[test]
fn a_kept_graph_is_used_and_a_damaged_one_is_made_again() {
    let repository = shop();
    let ask = || repository.cogo(["graph", "callers", "total", "--format", "json"]).expect(0).json();
    // Files that were just written are read once more by the next command, which makes a new generation.
    std::thread::sleep(std::time::Duration::from_millis(30));
    ask();
    let first = ask();
    assert_eq!(ask(), first);
    let mut bytes = std::fs::read(kept_path(&repository)).expect("the graph");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    for damaged in [&bytes[..], b"nothing", b""] {
        std::fs::remove_file(kept_path(&repository)).expect("remove it");
        std::fs::write(kept_path(&repository), damaged).expect("damage it");
        assert_eq!(ask(), first);
    }
}

/// Where the newest generation keeps its graph.
fn kept_path(repository: &Repository) -> std::path::PathBuf {
    let generations = std::fs::read_dir(repository.path(".cogo")).expect("an index").flatten();
    let folders = generations.map(|entry| entry.path()).filter(|path| path.is_dir());
    folders.filter(|path| path.join("manifest.json").exists()).max().expect("a generation").join("graph.bin")
}

#[test]
fn a_report_finds_the_function_it_is_about() {
    let repository = shop();
    let report = "Totals ignore the tax\n### Description\n\nThe total of a basket is computed without the tax when the list of \
                  items is empty, although one would expect it to be applied.\n\n### Steps to reproduce\n```python\nfrom shop.basket \
                  import total\ntotal([], Tax())\n```\n\n### Environment\nLinux 6.1, Python 3.12, numpy, price of nothing\n";
    let hits = repository.cogo(["search", report, "--unit", "definition", "--format", "json"]).expect(0).json();
    assert_eq!(hits[0]["symbol"], "total", "{hits}");
    assert_eq!((&hits[0]["start_line"], &hits[0]["end_line"]), (&4.into(), &5.into()), "{hits}");
    let files = repository.cogo(["search", report, "--format", "json", "--explain"]).expect(0).json();
    assert_eq!(files[0]["path"], "shop/basket.py", "{files}");
    assert!(files.to_string().contains("\"linked\""), "{files}");
}

#[test]
fn questions_are_answered_as_wide_as_they_are() {
    let repository = shop();
    let ask = |question: &str| repository.cogo(["graph", "ask", question, "--format", "json"]).expect(0).json();
    let names = |list: &serde_json::Value| -> Vec<String> {
        list.as_array().expect("a list").iter().map(|node| node["name"].as_str().expect("a name").to_owned()).collect()
    };
    let whole = ask("how is this shop organised?");
    assert_eq!(whole["scope"], "global");
    let shares: f64 =
        whole["parts"].as_array().expect("parts").iter().map(|part| part["share"].as_f64().expect("one")).sum();
    assert!(shares > 0.5 && shares < 1.001, "{whole}");
    let one = ask("what happens around Tax.apply?");
    assert_eq!((&one["scope"], names(&one["named"])), (&"local".into(), vec!["Tax.apply".to_owned()]));
    assert!(names(&one["symbols"]).contains(&"total".to_owned()), "{one}");
    assert_eq!(ask("sum of all prices")["scope"], "drift");
    let text = repository.cogo(["graph", "ask", "sum of all prices", "--scope", "local"]).expect(0).out;
    assert!(text.contains("what hangs together with that"), "{text}");
}

#[test]
fn a_context_falls_back_to_skeletons_and_says_how_hits_hang_together() {
    let repository = shop();
    let long: String = (0..40).map(|line| format!("        value = value + {line}\n")).collect();
    repository.write(
        "shop/discount.py",
        &format!("class Discount:\n    def of(self, value):\n        \"\"\"Takes off a discount.\"\"\"\n{long}\n    def none(self):\n        return 0\n"),
    );
    let context = |tokens: &str| {
        repository.cogo(["context", "discount price total", "--tokens", tokens, "--format", "json"]).expect(0).json()
    };
    let levels = |context: &serde_json::Value| -> Vec<String> {
        let blocks = context["blocks"].as_array().expect("blocks").iter();
        blocks.map(|block| block["level"].as_str().expect("a level").to_owned()).collect()
    };
    let paths = context("4000")["paths"].to_string();
    assert!(paths.contains("-call->"), "{paths}");
    let tight = context("110");
    assert!(levels(&tight).contains(&"skeleton".to_owned()), "{tight}");
}
