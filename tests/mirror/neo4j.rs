//! The graph in Neo4j: commands, and answers that are the same as those of the index. How a sync bears faults is tested beside the mirror
//! (`mirror/tests/neo4j/`).

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// Where the server is.
const SERVER: &str = "COGO_TEST_NEO4J_URI";

/// Files with everything that the documented queries ask for.
const FILES: [(&str, &str); 8] = [
    (
        "shop/prices.py",
        "import numpy\nfrom shop.basket import Basket\n\n\nclass Tax:\n    def apply(self, amount):\n        return amount\n\n\nclass Reduced(Tax):\n    def apply(self, amount):\n        return numpy.round(amount)\n\n\ndef price(item):\n    return item\n\n\ndef forgotten():\n    return 1\n",
    ),
    (
        "shop/basket.py",
        "import requests\nfrom shop.prices import Tax, price\n\n\nclass Basket:\n    def total(self, items, tax: Tax):\n        return tax.apply(sum(price(i) for i in items))\n\n\ndef checkout(basket: Basket, order):\n    order.ship()\n    return basket.total([], Tax())\n",
    ),
    ("shop/__init__.py", "from .basket import checkout\n"),
    (
        "orders/ship.py",
        "class Parcel:\n    def ship(self):\n        return 1\n\n\nclass Letter:\n    def ship(self):\n        return 2\n\n\ndef send(thing):\n    return thing.ship()\n",
    ),
    ("web/store.ts", "export class Store { get(n: number) { return n; } }\n"),
    (
        "web/app.ts",
        "import { Store } from './store';\nimport lodash from 'lodash';\nexport function run(store: Store) { store.get(1); }\nrun(new Store());\n",
    ),
    (
        "tests/test_basket.py",
        "from shop.basket import Basket, checkout\n\n\ndef test_checkout():\n    assert checkout(Basket(), None)\n\n\ndef test_vanish(thing):\n    thing.vanish()\n",
    ),
    (
        "README.md",
        "# Shop\n\nA token bucket is a limit of rates. See `Tax.apply` and `Basket.total`, in shop/prices.py.\n\n## Token buckets\n\nEvery token bucket drops calls of `price`.\n",
    ),
];

struct Shop {
    folder: TempDir,
    uri: String,
}

impl Shop {
    /// `None` if there is no server.
    fn new() -> Option<Self> {
        let Ok(uri) = std::env::var(SERVER) else {
            eprintln!("skipped: {SERVER} does not say where a Neo4j server is");
            return None;
        };
        let folder = tempfile::tempdir().expect("temp dir");
        for (path, text) in FILES {
            let path = folder.path().join("shop").join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("write");
            fs::write(path, text).expect("write");
        }
        Some(Shop { folder, uri })
    }

    fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("shop")
    }

    /// Nobody else's: the folder is new.
    fn tenant(&self) -> String {
        self.folder.path().file_name().expect("a name").to_string_lossy().into_owned()
    }

    /// Exit code, stdout and stderr of `cogo` in the repository.
    fn cogo(&self, args: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cogo"));
        command.args(args).current_dir(self.root()).env("HOME", self.folder.path()).env("NO_COLOR", "1");
        command.env("XDG_CONFIG_HOME", self.folder.path().join("config")).env("COGO_SYNC_TENANT", self.tenant());
        let output = command.envs(environment.iter().copied()).output().expect("it runs");
        let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
        (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
    }

    fn json(&self, args: &[&str]) -> Value {
        let (code, out, err) = self.cogo(args, &[]);
        assert!(code <= 1, "{args:?}: {err}");
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}"))
    }

    /// How many rows a query gives.
    fn rows(&self, cypher: &str) -> usize {
        self.rows_about("apply", cypher)
    }

    /// The same, where it is about what is called `name`.
    fn rows_about(&self, name: &str, cypher: &str) -> usize {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let graph = neo4rs::Graph::new(&self.uri, "", "").expect("the server answers");
            let query = neo4rs::query(cypher).param("tenant", self.tenant()).param("repository", "shop");
            let mut rows = graph.execute(query.param("name", name).param("from", "checkout")).await.expect("Cypher");
            let mut count = 0;
            while rows.next().await.expect("a row").is_some() {
                count += 1;
            }
            count
        })
    }
}

#[test]
fn the_commands_sync_verify_and_repair() {
    let Some(shop) = Shop::new() else { return };
    let uri = shop.uri.clone();
    let first = shop.json(&["sync", "neo4j", "--uri", &uri, "--format", "json"]);
    assert!(first["written"].as_u64() > Some(50) && first["unchanged"] == 0, "{first}");
    let again = shop.json(&["sync", "neo4j", "--uri", &uri, "--format", "json"]);
    assert_eq!((&again["written"], &again["unchanged"]), (&Value::from(0), &first["written"]));
    let verify = ["verify", "neo4j", "--url", &uri];
    assert_eq!(shop.cogo(&verify, &[]).0, 0);
    let tamper = "MATCH (n:CogoNode {tenant: $tenant, repository: $repository, qualified: 'Basket.total'}) SET n.last_line = 99 RETURN n";
    assert_eq!(shop.rows(tamper), 1);
    let (code, out, _) = shop.cogo(&verify, &[]);
    assert!(
        code == 1 && out.contains("changed  method Basket.total in shop/basket.py") && out.contains("1 difference"),
        "{out}"
    );
    let (code, out, _) = shop.cogo(&[&verify[..], &["--repair"]].concat(), &[]);
    assert!(code == 0 && out.contains("repaired: 1 written, 0 deleted"), "{out}");
    assert_eq!(shop.cogo(&verify, &[]).0, 0);
}

#[test]
fn settings_name_the_server_and_never_show_its_password() {
    let Some(shop) = Shop::new() else { return };
    let (code, _, err) = shop.cogo(&["sync", "neo4j"], &[]);
    assert!(code == 2 && err.contains("sync.neo4j"), "{err}");
    let (code, _, err) = shop.cogo(&["sync", "neo4j", "--uri", "http://me:s3cret@h"], &[]);
    assert!(code == 2 && !err.contains("s3cret"), "{err}");
    let uri = shop.uri.replace("://", "://neo4j:s3cret@");
    let environment = [("COGO_SYNC_NEO4J", &*uri), ("COGO_SYNC_REPOSITORY", "other")];
    let (code, out, err) = shop.cogo(&["sync", "neo4j"], &environment);
    assert!(code == 0 && !out.contains("s3cret"), "{out}{err}");
    let (_, out, _) = shop.cogo(&["config", "show"], &environment);
    assert!(out.contains("sync.neo4j") && !out.contains("s3cret"), "{out}");
    let of_other = "MATCH (r:CogoRepository {tenant: $tenant, repository: 'other'}) RETURN r";
    assert_eq!(shop.rows(of_other), 1);
}

#[test]
fn a_commit_brings_the_mirror_up_to_date_if_that_is_set() {
    let Some(shop) = Shop::new() else { return };
    let environment = [("COGO_SYNC_NEO4J", &*shop.uri), ("COGO_SYNC_AUTO", "true")];
    assert_eq!(shop.cogo(&["index"], &environment).0, 0);
    fs::write(shop.root().join("late.py"), "def late():\n    pass\n").expect("write");
    assert_eq!(shop.cogo(&["index"], &environment).0, 0);
    let late = "MATCH (n:CogoNode:File {tenant: $tenant, repository: $repository, path: 'late.py'}) RETURN n";
    assert_eq!(shop.rows(late), 1);
    assert_eq!(shop.cogo(&["verify", "neo4j", "--uri", &shop.uri], &[]).0, 0);
}

#[test]
fn the_mirror_answers_as_the_index_does() {
    let Some(shop) = Shop::new() else { return };
    let commits = Path::new(&shop.root()).join(".git");
    assert!(!commits.exists());
    assert_eq!(shop.cogo(&["sync", "neo4j", "--uri", &shop.uri], &[]).0, 0);
    let names = [
        "Tax.apply",
        "Reduced.apply",
        "Tax",
        "Basket",
        "total",
        "price",
        "send",
        "Parcel.ship",
        "Store",
        "Store.get",
        "checkout",
    ];
    let mut found = 0;
    for verb in ["callers", "callees", "references", "imports", "implementations", "tests", "neighbors"] {
        for name in
            names.iter().chain(&["shop/basket.py", "web/app.ts:3", "README.md", "token bucket", "numpy", "shop"])
        {
            found += same(&shop, &["graph", verb, name]);
            found += same(&shop, &["graph", verb, name, "--proven", "--depth", "3"]);
        }
    }
    for (from, to) in [
        ("checkout", "Tax.apply"),
        ("test_checkout", "price"),
        ("README.md", "price"),
        ("run", "checkout"),
        ("token bucket", "price"),
    ] {
        found += same(&shop, &["graph", "path", from, to]);
    }
    for place in ["shop/prices.py", "shop/prices.py:6", "shop/basket.py:5-9", "web/store.ts", "orders/ship.py:2"] {
        found += same(&shop, &["graph", "impact", place]);
        found += same(&shop, &["graph", "impact", place, "--depth", "1", "--proven"]);
    }
    // Texts and counts come from the index where it is of the same generation; files that were young then may have been read again.
    assert_eq!(shop.cogo(&["sync", "neo4j", "--uri", &shop.uri], &[]).0, 0);
    for question in [&["overview"][..], &["communities"], &["explain", "Tax.apply"], &["explain", "token bucket"]] {
        found += same(&shop, &[&["graph"], question].concat());
    }
    // Without the index, the mirror is enough for what hangs together.
    let folder = tempfile::tempdir().expect("temp dir");
    let root = folder.path().join(Path::new(&shop.root()).file_name().expect("a name"));
    std::fs::create_dir(&root).expect("create");
    let elsewhere = ["graph", "communities", "--in", root.to_str().expect("UTF-8"), "--neo4j", &shop.uri];
    let (code, out, err) = shop.cogo(&elsewhere, &[]);
    assert!(code == 0 && out.starts_with("level 0"), "{out}{err}");
    assert!(!root.join(".cogo").exists(), "nothing was indexed");
    assert!(found > 60, "{found} answers say something");
}

/// Whether there is an answer; it is the same from both.
fn same(shop: &Shop, args: &[&str]) -> usize {
    for format in ["json", "text"] {
        let args = [args, &["--format", format]].concat();
        let ours = shop.cogo(&args, &[]);
        let theirs = shop.cogo(&[&args[..], &["--neo4j", &shop.uri]].concat(), &[]);
        assert_eq!(theirs, ours, "{args:?}");
        if ours.0 != 0 {
            return 0;
        }
    }
    1
}

#[test]
fn the_documented_queries_find_something() {
    let Some(shop) = Shop::new() else { return };
    assert_eq!(shop.cogo(&["sync", "neo4j", "--uri", &shop.uri], &[]).0, 0);
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/neo4j.md")).expect("the page");
    let queries: Vec<&str> =
        document.split("```cypher\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(queries.len(), 10);
    for query in queries {
        assert!(shop.rows(query) + shop.rows_about("vanish", query) > 0, "{query}");
    }
}
