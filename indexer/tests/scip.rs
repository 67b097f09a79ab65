//! SCIP indexes: those that scip-python and scip-typescript made of the small sources in `scip/`, and some made here.

use graphrag::scip::{Imported, import, merge};
use graphrag::{Edge, FileFacts, Tier, link};
use indexer::build_document;
use indexer::language::Parser;
use rag_core::{Document, Span};

const PYTHON_INDEX: &[u8] = include_bytes!("scip/python.scip");
const PYTHON: [(&str, &str); 2] =
    [("shop.py", include_str!("scip/python/shop.py")), ("till.py", include_str!("scip/python/till.py"))];
const SCRIPT_INDEX: &[u8] = include_bytes!("scip/typescript.scip");
const SCRIPT: [(&str, &str); 2] =
    [("shop.ts", include_str!("scip/typescript/shop.ts")), ("till.ts", include_str!("scip/typescript/till.ts"))];

struct Project {
    documents: Vec<Document>,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let mut parser = Parser::new();
        let build = |(path, text): &(&str, &str)| build_document(&mut parser, path, (*text).to_owned(), 1500);
        Project { documents: files.iter().map(build).collect() }
    }

    fn facts(&self) -> Vec<FileFacts<'_>> {
        self.documents.iter().map(FileFacts::of).collect()
    }

    fn import(&self, index: &[u8]) -> Imported {
        import(index, &self.facts()).expect("an index")
    }

    fn place(&self, file: u32, at: Span) -> String {
        let document = &self.documents[file as usize];
        let line = document.text[..at.start as usize].matches('\n').count() + 1;
        format!("{}:{line} {}", document.path, at.text(&document.text))
    }

    /// `kind place → tier targets`, one per line.
    fn listing(&self, edges: &[Edge]) -> String {
        let line = |edge: &Edge| {
            let targets: Vec<String> = edge.targets.iter().map(|target| self.place(target.file, target.name)).collect();
            let site = self.place(edge.file, edge.site);
            format!("{} {site} → {:?} {}\n", edge.kind.as_str(), edge.tier, targets.join(", ")).replace(" \n", "\n")
        };
        edges.iter().map(line).collect()
    }
}

/// A message, field by field.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn number(mut self, field: u64, number: u64) -> Self {
        self.varint(field << 3);
        self.varint(number);
        self
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }
}

/// An occurrence: line, first and last character, symbol, whether it is a definition.
type Place<'a> = (u32, u32, u32, &'a str, bool);

fn document(path: &str, encoding: u64, places: &[Place]) -> Message {
    let mut document = Message::default().bytes(1, path.as_bytes()).number(6, encoding);
    for &(line, start, end, symbol, defines) in places {
        let mut range = Message::default();
        [line, start, end].into_iter().for_each(|number| range.varint(number.into()));
        let occurrence = Message::default().bytes(1, &range.0).bytes(2, symbol.as_bytes());
        document = document.bytes(2, &occurrence.number(3, defines.into()).0);
    }
    document
}

fn index(tool: &str, documents: &[Message]) -> Vec<u8> {
    let tool = Message::default().bytes(1, tool.as_bytes());
    let mut index = Message::default().bytes(1, &Message::default().bytes(2, &tool.0).0);
    for document in documents {
        index = index.bytes(2, &document.0);
    }
    index.0
}

#[test]
fn python_uses_are_answered() {
    let project = Project::new(&PYTHON);
    let imported = project.import(PYTHON_INDEX);
    assert_eq!((imported.covered, imported.stale, imported.elsewhere), (vec![true, true], vec![], 0));
    let expected = "\
import shop.py:3 json → External
inherit shop.py:11 Item → Proven shop.py:6 Item
inherit shop.py:12 price → Proven shop.py:7 price
type shop.py:12 int → External
";
    let listing = project.listing(&imported.edges);
    for line in expected.lines() {
        assert!(listing.contains(line), "{line}\n{listing}");
    }
    assert!(listing.contains("call till.py:8 price → Proven shop.py:7 price"), "{listing}");
    assert!(listing.contains("call till.py:7 fetch → Proven shop.py:16 load"), "{listing}");
    assert!(!listing.contains("ring"), "a variable is no answer\n{listing}");
}

#[test]
fn typescript_uses_are_answered() {
    let project = Project::new(&SCRIPT);
    let imported = project.import(SCRIPT_INDEX);
    assert_eq!((&imported.covered, &imported.stale), (&vec![true, true], &vec![]));
    let expected = "\
inherit shop.ts:5 Item → Proven shop.ts:1 Item
type shop.ts:5 Item → Proven shop.ts:1 Item
inherit shop.ts:7 price → Proven shop.ts:2 price
call shop.ts:8 parse → External
type shop.ts:12 Item → Proven shop.ts:1 Item
call shop.ts:13 Gift → Proven shop.ts:6 constructor
import till.ts:1 load → Proven shop.ts:12 load
import till.ts:1 Item → Proven shop.ts:1 Item
type till.ts:5 Item → Proven shop.ts:1 Item
call till.ts:6 fetch → Proven shop.ts:12 load
call till.ts:6 fetch → Proven shop.ts:12 load
type till.ts:7 Item → Proven shop.ts:1 Item
call till.ts:7 price → Proven shop.ts:2 price
call till.ts:8 local → Proven till.ts:7 local
call till.ts:8 price → Proven shop.ts:2 price
call till.ts:8 load → Proven till.ts:3 load
";
    assert_eq!(project.listing(&imported.edges), expected);
}

#[test]
fn answers_take_the_place_of_linked_edges_and_the_others_stay() {
    let project = Project::new(&PYTHON);
    let linked = link(&project.facts(), &[]);
    let merged = merge(linked.clone(), project.import(PYTHON_INDEX));
    let key = |edge: &Edge| (edge.file, edge.site, edge.kind);
    assert!(merged.windows(2).all(|pair| key(&pair[0]) <= key(&pair[1])));
    for edge in &linked {
        assert!(merged.iter().any(|other| key(other) == key(edge)), "{edge:?}");
    }
    let listing = project.listing(&merged);
    assert!(listing.contains("call till.py:11 ring → Proven shop.py:12 price"), "still ours\n{listing}");
    assert_eq!(listing.matches("call till.py:8 price").count(), 1, "{listing}");
    assert_eq!(merge(linked.clone(), Imported::default()), linked);
}

#[test]
fn a_neighbour_that_the_index_calls_external_stays_proven() {
    let project = Project::new(&[("a.py", "def f(): ...\n"), ("b.py", "from a import f\nf()\n")]);
    let places = [(1, 0, 1, "t m other 1 a/f().", false)];
    let imported = project.import(&index("t", &[document("b.py", 1, &places)]));
    assert_eq!(project.listing(&imported.edges), "call b.py:2 f → External\n");
    let merged = merge(link(&project.facts(), &[]), imported);
    assert_eq!(project.listing(&merged), "call b.py:2 f → Proven a.py:1 f\n");
}

#[test]
fn files_that_changed_are_stale() {
    let (path, text) = PYTHON[1];
    let changed = [
        text.replacen("import", "\nimport", 1),
        text.replacen("    present", "\n    present", 1),
        text.replace("total", "amount"),
        text.replace("    return ring()\n", ""),
        text.replace('Ü', "U").replace("\"😀\"; item", "0; item"),
        String::new(),
    ];
    for changed in changed {
        let project = Project::new(&[PYTHON[0], (path, &changed)]);
        let imported = project.import(PYTHON_INDEX);
        assert_eq!((imported.covered, imported.stale), (vec![true, false], vec![1]), "{changed}");
        assert!(imported.edges.iter().all(|edge| edge.file == 0));
    }
    // What is defined in a stale file is neither linked nor external.
    let project = Project::new(&[("shop.py", "class Item: ...\n"), PYTHON[1]]);
    let listing = project.listing(&project.import(PYTHON_INDEX).edges);
    assert_eq!(listing.lines().filter(|line| !line.contains("External")).count(), 0, "{listing}");
    assert!(!listing.contains("Gift") && !listing.contains("price"), "{listing}");
}

#[test]
fn a_text_in_the_index_is_compared() {
    let text = "def f(): ...\nf()\n";
    let project = Project::new(&[("a.py", text)]);
    let places = [(0, 4, 5, "t m p 1 a/f().", true), (1, 0, 1, "t m p 1 a/f().", false)];
    for (stored, covered) in [(text, true), ("def f(): ...\nf()\n\n", false)] {
        let document = document("a.py", 1, &places).bytes(5, stored.as_bytes());
        assert_eq!(project.import(&index("t", &[document])).covered, [covered]);
    }
}

#[test]
fn characters_are_counted_as_the_document_says_or_as_the_tool_does() {
    let project = Project::new(&[("a.py", "def f(): ...\n'ü😀', f()\n")]);
    for (tool, encoding, at) in [("t", 1, 10), ("t", 2, 7), ("t", 3, 6), ("t", 0, 10), ("scip-python", 0, 7)] {
        let places = [(0, 4, 5, "t m p 1 a/f().", true), (1, at, at + 1, "t m p 1 a/f().", false)];
        let imported = project.import(&index(tool, &[document("a.py", encoding, &places)]));
        assert_eq!(project.listing(&imported.edges), "call a.py:2 f → Proven a.py:1 f\n", "{tool} {encoding}");
    }
}

#[test]
fn several_definitions_are_possible_and_several_parts_are_one() {
    let project = Project::new(&[("a.py", "def f(): ...\ndef f(): ...\nclass A:\n  def f(self): ...\nf()\n")]);
    let tier = |definitions: [&str; 3], uses: &[&str]| {
        let mut places = vec![];
        for (symbol, (line, at)) in definitions.into_iter().zip([(0, 4), (1, 4), (3, 6)]) {
            places.push((line, at, at + 1, symbol, true));
        }
        places.extend(uses.iter().map(|&symbol| (4, 0, 1, symbol, false)));
        let imported = project.import(&index("t", &[document("a.py", 1, &places)]));
        imported.edges.into_iter().map(|edge| (edge.tier, edge.targets.len())).collect::<Vec<_>>()
    };
    let (one, other, outside) = ("t m p 1 a/f().", "t m p 1 a/A#f().", "t m q 1 x/f().");
    assert_eq!(tier([one, one, other], &[one]), [(Tier::Proven, 2)]);
    assert_eq!(tier([one, "local 1", other], &[one]), [(Tier::Proven, 2)], "all parts, if the index names the first");
    assert_eq!(tier([one, one, other], &[one, other]), [(Tier::Possible, 3)]);
    assert_eq!(tier([one, one, other], &[other, outside]), [(Tier::Possible, 1)]);
    assert_eq!(tier([one, one, other], &[outside]), [(Tier::External, 0)]);
    // Of the package that is indexed: not external, but unknown.
    assert_eq!(tier([one, one, other], &["t m p 1 b/f()."]), []);
}

#[test]
fn documents_of_other_places_are_left_out() {
    let project = Project::new(&[("a.py", "def f(): ...\nf()\n")]);
    let places = [(0, 4, 5, "t m p 1 a/f().", true), (1, 0, 1, "t m p 1 a/f().", false)];
    let paths = ["/a.py", "../a.py", "x/../a.py", "C:\\a.py", "", "a.py\0", "b.py"];
    let documents: Vec<Message> = paths.iter().map(|path| document(path, 1, &places)).collect();
    let imported = project.import(&index("t", &documents));
    assert_eq!((imported.covered, imported.elsewhere, imported.edges), (vec![false], paths.len(), vec![]));
    assert_eq!(project.import(&index("t", &[document("./a.py", 1, &places)])).covered, [true]);
}

#[test]
fn broken_bytes_are_refused_or_say_less() {
    for (index, files) in [(PYTHON_INDEX, PYTHON), (SCRIPT_INDEX, SCRIPT)] {
        let project = Project::new(&files);
        let facts = project.facts();
        for end in 0..index.len() {
            let _ = import(&index[..end], &facts);
        }
        let mut broken = index.to_vec();
        for at in 0..index.len() {
            for flip in [1, 0x80, 0xff] {
                broken[at] ^= flip;
                if let Ok(imported) = import(&broken, &facts) {
                    let _ = merge(link(&facts, &[]).into_iter().take(20).collect(), imported);
                }
                broken[at] ^= flip;
            }
        }
    }
    assert!(import(b"\xff\xff\xff", &[]).is_err());
    assert!(import(b"{\"not\": \"an index\"}", &[]).is_err());
}
