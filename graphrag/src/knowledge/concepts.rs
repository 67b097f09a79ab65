//! From names to concepts: which are worth a node, and which sections speak of them.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use rag_core::{FileRole, Span};

use super::said::{Extracted, normalised};
use super::terms::terms;
use super::words::{Word, is_joint, key, normal, words};
use super::{
    Citation, Concept, Knowledge, Origin, Section, Sighting, Statement, Subject, english, korean, prose, sections,
};
use crate::edge::Target;
use crate::extract::{Said, passages};
use crate::file::FileFacts;
use crate::graph::is_code;

/// More concepts say less: those that the fewest documents speak of are left out.
const MOST: usize = 20_000;
/// A name that only few documents use, and none explains, is known from so many.
const FEWEST_FILES: u32 = 2;
/// Documents that are full of names, and about nothing.
const NO_DOCUMENTS: [&str; 14] = [
    "license",
    "licence",
    "copying",
    "notice",
    "authors",
    "contributors",
    "maintainers",
    "credits",
    "changelog",
    "changes",
    "history",
    "news",
    "releases",
    "requirements",
];

/// Finds what the documents among `files` speak of. `said` is what a language model has extracted, if there is any.
pub fn knowledge(files: &[FileFacts], said: &Said) -> Knowledge {
    let sections = sections(files);
    let mut finder = Finder::new(files, &sections);
    for index in 0..sections.len() {
        finder.collect(index);
    }
    let read: Vec<Read> = sections.iter().map(|section| finder.read(section, said)).collect();
    let chosen = finder.choose();
    let sightings = finder.sightings(&chosen, &read);
    finder.finish(chosen, sightings, &read)
}

/// Whether a document is about something, and not a list of names or made for tests.
pub(crate) fn speaks(file: &FileFacts) -> bool {
    let stem = rag_core::path_stem(file.path).to_lowercase();
    !NO_DOCUMENTS.contains(&stem.as_str()) && FileRole::of(file.path) != FileRole::Test
}

/// A name that may become a concept.
#[derive(Default)]
struct Candidate {
    /// What speaks for it most.
    origin: Option<Origin>,
    files: u32,
    last_file: Option<u32>,
    /// How it is written, and how often.
    forms: BTreeMap<String, u32>,
}

/// What the model has said of a section, checked.
#[derive(Default)]
struct Read {
    entities: Vec<(Range<usize>, Name)>,
    relations: Vec<(Name, Name, String, Range<usize>)>,
}

/// What a name stands for.
#[derive(Clone)]
enum Name {
    Concept(String),
    Code(Target),
}

struct Finder<'f, 'a> {
    files: &'f [FileFacts<'a>],
    sections: &'f [Section],
    /// per file: its prose, if it is a document
    prose: HashMap<u32, String>,
    /// definitions in the code by name; none where there are several
    code: HashMap<&'a str, Option<Target>>,
    candidates: HashMap<String, Candidate>,
    /// per section: what it defines, and what its heading names
    stressed: Vec<Vec<(Range<usize>, Origin)>>,
    /// section and the two names
    aliases: Vec<(usize, Range<usize>, Range<usize>)>,
}

impl<'f, 'a> Finder<'f, 'a> {
    fn new(files: &'f [FileFacts<'a>], sections: &'f [Section]) -> Self {
        let mut code: HashMap<&str, Option<Target>> = HashMap::new();
        let mut prose = HashMap::new();
        if !sections.is_empty() {
            for (file, index) in files.iter().zip(0..) {
                for (symbol, number) in file.symbols.iter().zip(0..).filter(|(symbol, _)| is_code(symbol.kind)) {
                    let target = Target { file: index, name: symbol.name, symbol: Some(number) };
                    let name = symbol.name.text(file.text);
                    code.entry(name).and_modify(|known| *known = None).or_insert(Some(target));
                }
            }
        }
        for section in sections {
            prose.entry(section.file).or_insert_with(|| prose::prose(files[section.file as usize].text));
        }
        let stressed = Vec::with_capacity(sections.len());
        Finder { files, sections, prose, code, candidates: HashMap::new(), stressed, aliases: Vec::new() }
    }

    fn heading(&self, section: &Section) -> Option<Range<usize>> {
        let symbols = self.files[section.file as usize].symbols;
        section.symbol.and_then(|symbol| symbols.get(symbol as usize)).map(|symbol| symbol.name.range())
    }

    /// Notes the names of a section.
    fn collect(&mut self, index: usize) {
        let section = self.sections[index];
        let file = &self.files[section.file as usize];
        let mut stressed = Vec::new();
        if speaks(file) {
            let text = &self.prose[&section.file];
            let found = terms(text, self.heading(&section), section.span.range(), file.language != "html");
            for (range, origin) in found.names {
                note(&mut self.candidates, &text[range.clone()], section.file, origin);
                if origin != Origin::Text {
                    stressed.push((range, origin));
                }
            }
            self.aliases.extend(found.aliases.into_iter().map(|(a, b)| (index, a, b)));
        }
        self.stressed.push(stressed);
    }

    /// Checks what the model has said of a section, and notes the names that are there.
    fn read(&mut self, section: &Section, said: &Said) -> Read {
        let text = self.files[section.file as usize].text;
        let mut read = Read::default();
        if said.is_empty() {
            return read;
        }
        for range in passages(text, section.span.range()) {
            let Some(Extracted { entities, relations }) = said.of(&text[range.clone()]) else { continue };
            let passage = normalised(&text[range.clone()]);
            let place =
                |words: &str| passage.find(words).map(|found| range.start + found.start..range.start + found.end);
            let mut names: HashMap<&str, Name> = HashMap::new();
            for entity in entities {
                let (Some(found), Some(_)) = (place(&entity.name), place(&entity.quote)) else { continue };
                let form = &text[found.clone()];
                let name = match self.code.get(form) {
                    Some(Some(target)) => Name::Code(*target),
                    _ => Name::Concept(key(form)),
                };
                if let Name::Concept(key) = &name {
                    if key.is_empty() {
                        continue;
                    }
                    note(&mut self.candidates, form, section.file, Origin::Model);
                }
                read.entities.push((found, name.clone()));
                names.insert(&entity.name, name);
            }
            for relation in relations {
                let ends = (names.get(relation.from.as_str()), names.get(relation.to.as_str()));
                if let ((Some(from), Some(to)), Some(quote)) = (ends, place(&relation.quote)) {
                    read.relations.push((from.clone(), to.clone(), relation.relation.clone(), quote));
                }
            }
        }
        read
    }

    /// The names that become concepts, with how they are written, sorted.
    fn choose(&mut self) -> Vec<(String, String)> {
        let mut chosen = Vec::new();
        for (key, candidate) in std::mem::take(&mut self.candidates) {
            let form = candidate.forms.iter().max_by_key(|(form, count)| (**count, std::cmp::Reverse(form.len())));
            let Some((form, _)) = form else { continue };
            let explained = candidate.origin.is_some_and(|origin| origin != Origin::Text);
            // What only has the name of a definition is mentioned as that already.
            let is_code = candidate.forms.keys().any(|form| self.code.contains_key(form.as_str()));
            if !is_code && (explained || candidate.files >= FEWEST_FILES) {
                chosen.push((candidate.files, key, form.clone()));
            }
        }
        chosen.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        chosen.truncate(MOST);
        let mut chosen: Vec<(String, String)> = chosen.into_iter().map(|(_, key, form)| (key, form)).collect();
        chosen.sort();
        chosen
    }

    /// Per concept: per section the place that says most.
    fn sightings(&self, chosen: &[(String, String)], read: &[Read]) -> Vec<BTreeMap<u32, Citation>> {
        let table = Table::new(chosen);
        let mut found: Vec<BTreeMap<u32, Citation>> = vec![BTreeMap::new(); chosen.len()];
        let mut see = |concept: u32, section: usize, range: Range<usize>, origin: Origin| {
            let file = self.sections[section].file;
            let citation = Citation { file, span: Span::new(range), origin };
            let best = found[concept as usize].entry(section as u32).or_insert(citation);
            if (origin, citation.span.start) < (best.origin, best.span.start) {
                *best = citation;
            }
        };
        for (index, section) in self.sections.iter().enumerate() {
            let text = &self.prose[&section.file];
            let stressed = &self.stressed[index];
            table.find(text, section.span.range(), |concept, range| {
                let around = |(stressed, _): &&(Range<usize>, Origin)| {
                    stressed.start <= range.start && range.end <= stressed.end
                };
                let origin = stressed.iter().filter(around).map(|(_, origin)| *origin).min();
                see(concept, index, range, origin.unwrap_or(Origin::Text));
            });
            for (range, name) in &read[index].entities {
                if let Name::Concept(key) = name
                    && let Some(concept) = position(chosen, key)
                {
                    see(concept, index, range.clone(), Origin::Model);
                }
            }
        }
        found
    }

    fn finish(&self, chosen: Vec<(String, String)>, found: Vec<BTreeMap<u32, Citation>>, read: &[Read]) -> Knowledge {
        let mut statements = Vec::new();
        for (section, a, b) in &self.aliases {
            let file = self.sections[*section].file;
            let text = &self.prose[&file];
            let concept = |range: &Range<usize>| position(&chosen, &key(&text[range.clone()])).map(Subject::Concept);
            if let (Some(from), Some(to)) = (concept(a), concept(b))
                && from != to
            {
                // With the bracket that closes the second name.
                let span = Span::new(a.start..b.end + 1);
                let citation = Citation { file, span, origin: Origin::Definition };
                statements.push(Statement { from, to, words: "also called".into(), citation });
            }
        }
        for (section, read) in self.sections.iter().zip(read) {
            let subject = |name: &Name| match name {
                Name::Concept(key) => position(&chosen, key).map(Subject::Concept),
                Name::Code(target) => Some(Subject::Code(*target)),
            };
            for (from, to, words, quote) in &read.relations {
                if let (Some(from), Some(to)) = (subject(from), subject(to))
                    && from != to
                {
                    let citation =
                        Citation { file: section.file, span: Span::new(quote.clone()), origin: Origin::Model };
                    statements.push(Statement { from, to, words: words.clone(), citation });
                }
            }
        }
        let concepts = chosen.into_iter().zip(found).map(|((_, name), places)| {
            let sighting = |(section, citation): (u32, Citation)| Sighting {
                symbol: self.sections[section as usize].symbol,
                citation,
            };
            Concept { name, sightings: places.into_iter().map(sighting).collect() }
        });
        Knowledge { concepts: concepts.collect(), statements }
    }
}

fn note(candidates: &mut HashMap<String, Candidate>, form: &str, file: u32, origin: Origin) {
    let key = key(form);
    let form = form.split_whitespace().collect::<Vec<_>>().join(" ");
    let candidate = candidates.entry(key).or_default();
    candidate.origin = Some(candidate.origin.map_or(origin, |before| before.min(origin)));
    *candidate.forms.entry(form).or_default() += 1;
    if candidate.last_file != Some(file) {
        (candidate.last_file, candidate.files) = (Some(file), candidate.files + 1);
    }
}

fn position(chosen: &[(String, String)], key: &str) -> Option<u32> {
    chosen.binary_search_by(|(known, _)| known.as_str().cmp(key)).ok().map(|at| at as u32)
}

/// Finds the names of concepts in texts.
struct Table<'c> {
    /// first word → concepts, those of many words first
    by_first: HashMap<&'c str, Vec<u32>>,
    concepts: Vec<(Vec<&'c str>, Case)>,
}

/// How a name of one word must be written: common words are capitalised in names only.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Any,
    First,
    All,
}

impl<'c> Table<'c> {
    fn new(chosen: &'c [(String, String)]) -> Self {
        let mut by_first: HashMap<&str, Vec<u32>> = HashMap::new();
        let mut concepts = Vec::with_capacity(chosen.len());
        for ((key, form), number) in chosen.iter().zip(0..) {
            let words: Vec<&str> = key.split(' ').collect();
            let case = match words.len() {
                1 if english::is_acronym(form) => Case::All,
                1 if form.starts_with(char::is_uppercase) => Case::First,
                _ => Case::Any,
            };
            by_first.entry(words[0]).or_default().push(number);
            concepts.push((words, case));
        }
        for numbers in by_first.values_mut() {
            numbers.sort_by_key(|&number| std::cmp::Reverse(concepts[number as usize].0.len()));
        }
        Table { by_first, concepts }
    }

    /// Calls `each` with every name in a range of `text`, long ones before their parts.
    fn find(&self, text: &str, range: Range<usize>, mut each: impl FnMut(u32, Range<usize>)) {
        let offset = range.start;
        let all: Vec<(Word, String)> = words(&text[range])
            .map(|word| Word { start: word.start + offset, ..word })
            .map(|word| (word, normal(word.text)))
            .collect();
        let mut at = 0;
        while at < all.len() {
            match self.longest(text, &all[at..]) {
                Some((concept, length, end)) => {
                    each(concept, all[at].0.start..end);
                    at += length;
                }
                None => at += 1,
            }
        }
    }

    /// The longest name that the words begin with: the concept, its number of words, and where it ends.
    fn longest(&self, text: &str, all: &[(Word, String)]) -> Option<(u32, usize, usize)> {
        let (first, normal) = &all[0];
        let whole = self.by_first.get(normal.as_str()).into_iter().flatten();
        let found = whole.copied().find_map(|number| {
            let (name, case) = &self.concepts[number as usize];
            let here = all.get(..name.len())?;
            let joint = here.windows(2).all(|pair| is_joint(&text[pair[0].0.end()..pair[1].0.start]));
            let fits_case = match case {
                Case::Any => true,
                Case::First => first.text.starts_with(char::is_uppercase),
                Case::All => english::is_acronym(first.text.trim_end_matches('s')),
            };
            let (last, before) = here.split_last()?;
            let wanted = name[..name.len() - 1].iter().zip(before).all(|(wanted, (_, word))| wanted == word);
            let end = match last.0.is_korean() {
                true => korean::stems(last.0.text, name.len() == 1).find(|stem| *stem == name[name.len() - 1])?.len(),
                false => (last.1 == name[name.len() - 1]).then_some(last.0.text.len())?,
            };
            (joint && fits_case && wanted).then_some((number, name.len(), last.0.start + end))
        });
        found.or_else(|| {
            // One Korean word with a particle.
            let mut stems = korean::stems(first.text, true).skip(1).filter(|_| first.is_korean());
            stems.find_map(|stem| {
                let mut numbers = self.by_first.get(stem)?.iter();
                let number = *numbers.find(|&&number| self.concepts[number as usize].0.len() == 1)?;
                Some((number, 1, first.start + stem.len()))
            })
        })
    }
}
