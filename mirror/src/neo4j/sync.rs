//! Brings a mirror up to date.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use graphrag::Graph;

use super::client::Failure;
use super::cypher::NEVER;
use super::lease::Lease;
use super::picture::{Number, Picture, Unit};
use super::stored::{self, Holding, MOST_UNITS, Reader};
use super::value::Digest;
use super::write::{Change, Writer};
use super::{Neo4j, check, schema};
use crate::{Error, Origin, Result, Synced};

/// How often a sync begins again when another one took over.
const BEGINNINGS: usize = 5;

/// How closely a sync looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// Into units whose digest differs.
    Digests,
    /// At every item, as somebody may have changed them.
    Items,
}

/// What a sync may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SyncOptions {
    /// Replace a newer generation: one of another clone, or of an index that was written anew.
    pub older: bool,
}

/// A unit to be looked into.
struct Task<'p> {
    name: &'p str,
    /// What it should hold; none if it should not be.
    unit: Option<&'p Unit>,
    /// Whether the mirror may hold anything of it.
    is_known: bool,
}

impl Neo4j {
    /// Makes the mirror of `origin` show `graph`, the graph of `generation`. What is there already is not written again; it does not
    /// matter where an earlier sync was broken off. Waits for another sync of the same repository.
    ///
    /// # Errors
    /// [`Error::Older`] if the mirror shows a newer generation; if the server is away for longer than patience allows.
    pub fn sync(&self, origin: &Origin, generation: u64, graph: &Graph, options: SyncOptions) -> Result<Synced> {
        self.bring(origin, generation, graph, Look::Digests, options)
    }

    /// As [`sync`](Self::sync), but compares every item, and mends what somebody else has changed or removed.
    ///
    /// # Errors
    /// As [`sync`](Self::sync).
    pub fn repair(&self, origin: &Origin, generation: u64, graph: &Graph, options: SyncOptions) -> Result<Synced> {
        self.bring(origin, generation, graph, Look::Items, options)
    }

    fn bring(
        &self,
        origin: &Origin,
        generation: u64,
        graph: &Graph,
        look: Look,
        options: SyncOptions,
    ) -> Result<Synced> {
        check(origin)?;
        schema::ensure(&self.client)?;
        let picture = Picture::new(graph);
        let mut beginnings = 0;
        loop {
            let mut lease = Lease::take(&self.client, origin, &self.patience)?;
            match bring(&mut lease, generation, &picture, look, options) {
                Ok(synced) => return Ok(synced),
                Err(Failure::Lasting(error)) => return Err(error),
                Err(Failure::Passing(reason)) if beginnings == BEGINNINGS => {
                    return Err(Error::Server { server: super::SERVER, reason });
                }
                Err(Failure::Passing(_)) => beginnings += 1,
            }
        }
    }
}

fn bring(
    lease: &mut Lease,
    generation: u64,
    picture: &Picture,
    look: Look,
    options: SyncOptions,
) -> Result<Synced, Failure> {
    let theirs = lease.visible.generation;
    if generation < theirs && !options.older {
        return Err(Failure::Lasting(Error::Older { ours: generation, theirs }));
    }
    sweep(lease, picture, look)?;
    let known = stored::units(lease.client, lease.origin).map_err(Failure::Lasting)?;
    let mut of_name: BTreeMap<&str, Option<Digest>> =
        known.iter().map(|unit| (unit.name.as_str(), unit.digest)).collect();
    let stray = match look {
        Look::Digests => Vec::new(),
        Look::Items => stored::units_of_nodes(lease.client, lease.origin).map_err(Failure::Lasting)?,
    };
    for name in &stray {
        of_name.entry(name).or_default();
    }
    let tasks = tasks(picture, &of_name, look);
    let mut synced = Synced { generation, unchanged: picture.items, ..Synced::default() };
    let is_shown = lease.visible.revision > 0 && theirs == generation;
    if !tasks.is_empty() {
        lease.begin()?;
        let mut writer = Writer::new(lease, picture);
        if look == Look::Items {
            settle(&mut writer, picture, &tasks, &mut synced)?;
        }
        nodes(&mut writer, picture, &tasks, &mut synced)?;
        ties(&mut writer, picture, &tasks, &mut synced)?;
        writer.flush()?;
    }
    synced.unchanged = picture.items.saturating_sub(synced.written);
    if lease.is_pending || !is_shown {
        lease.show(generation)?;
    }
    sweep(lease, picture, Look::Digests)?;
    Ok(synced)
}

/// What differs, and what must not be there any more.
fn tasks<'p>(picture: &'p Picture, known: &BTreeMap<&'p str, Option<Digest>>, look: Look) -> Vec<Task<'p>> {
    let wanted: BTreeSet<&str> = picture.units.iter().map(|unit| unit.name.as_str()).collect();
    let differs = |unit: &&Unit| look == Look::Items || known.get(unit.name.as_str()) != Some(&Some(unit.digest));
    let differing = picture.units.iter().filter(differs).map(|unit| Task {
        name: &unit.name,
        unit: Some(unit),
        is_known: known.contains_key(unit.name.as_str()),
    });
    let gone = known.keys().filter(|name| !wanted.contains(*name));
    differing.chain(gone.map(|name| Task { name, unit: None, is_known: true })).collect()
}

/// Brings nodes back to their units that somebody has moved.
fn settle(writer: &mut Writer, picture: &Picture, tasks: &[Task], synced: &mut Synced) -> Result<(), Failure> {
    let names: Vec<&str> = tasks.iter().map(|task| task.name).collect();
    let numbers = picture.numbers();
    let mut reader = reader(writer.lease);
    let mut rest = names.as_slice();
    while !rest.is_empty() {
        let (stored, taken) = reader.nodes(rest).map_err(Failure::Lasting)?;
        rest = &rest[taken..];
        for found in stored {
            let node = found.version.and_then(|version| numbers.get(&version).copied());
            if let Some(node) = node.filter(|&node| picture.unit(node) != found.unit) {
                synced.written += 1;
                writer.push(Change::Mend(found.id, node))?;
            }
        }
    }
    writer.flush()
}

/// Nodes first: ties need both ends.
fn nodes(writer: &mut Writer, picture: &Picture, tasks: &[Task], synced: &mut Synced) -> Result<(), Failure> {
    let next = writer.lease.next();
    let mut reader = reader(writer.lease);
    let mut rest = tasks;
    while !rest.is_empty() {
        let names: Vec<&str> = known(rest).collect();
        let (stored, taken) = match names.is_empty() {
            true => (Vec::new(), 0),
            false => reader.nodes(&names).map_err(Failure::Lasting)?,
        };
        let batch = batch(&mut rest, taken);
        let mut wanted: HashMap<Digest, Number> = HashMap::new();
        for task in batch {
            writer.push(Change::Touch(task.name.to_owned(), task.is_known))?;
            let nodes = task.unit.map(|unit| unit.nodes.as_slice()).unwrap_or_default();
            wanted.extend(nodes.iter().map(|&node| (picture.version(node), node)));
        }
        for found in stored {
            match found.version.and_then(|version| wanted.remove(&version)) {
                Some(node) => {
                    let (is_whole, is_ended) = (found.content == picture.version(node), found.until != NEVER);
                    synced.written += u64::from(!is_whole || is_ended);
                    if is_ended {
                        writer.push(Change::EndNode(found.id.clone(), NEVER))?;
                    }
                    if !is_whole {
                        writer.push(Change::Mend(found.id, node))?;
                    }
                }
                None if found.until > next => {
                    synced.deleted += 1;
                    writer.push(Change::EndNode(found.id, next))?;
                }
                None => {}
            }
        }
        let mut new: Vec<Number> = wanted.into_values().collect();
        new.sort_unstable();
        synced.written += new.len() as u64;
        new.into_iter().try_for_each(|node| writer.push(Change::Create(node)))?;
    }
    // What is created must be there before anything can be joined to it.
    writer.flush()
}

fn ties<'g>(
    writer: &mut Writer<'_, '_, 'g>,
    picture: &Picture<'g>,
    tasks: &[Task],
    synced: &mut Synced,
) -> Result<(), Failure> {
    let next = writer.lease.next();
    let mut reader = reader(writer.lease);
    let mut rest = tasks;
    while !rest.is_empty() {
        let names: Vec<&str> = known(rest).collect();
        let (stored, taken) = match names.is_empty() {
            true => (Vec::new(), 0),
            false => reader.ties(&names).map_err(Failure::Lasting)?,
        };
        let batch = batch(&mut rest, taken);
        let mut there: HashMap<Digest, Vec<stored::Tie>> = HashMap::new();
        for tie in stored {
            there.entry(tie.digest()).or_default().push(tie);
        }
        for task in batch {
            for &node in task.unit.map(|unit| unit.nodes.as_slice()).unwrap_or_default() {
                for tie in picture.ties(node) {
                    // One that holds is better than one that has ended; of two that hold, one is too much.
                    let same = there.get_mut(&picture.digest(&tie));
                    let found = same.and_then(|same| {
                        let holds = same.iter().position(|tie| tie.until == NEVER);
                        (!same.is_empty()).then(|| same.swap_remove(holds.unwrap_or_default()))
                    });
                    synced.written += u64::from(found.as_ref().is_none_or(|found| found.until != NEVER));
                    match found {
                        Some(found) if found.until == NEVER => {}
                        Some(found) => writer.push(Change::EndTie(found.id, NEVER))?,
                        None => writer.push(Change::Join(tie))?,
                    }
                }
            }
        }
        for tie in there.into_values().flatten().filter(|tie| tie.until > next) {
            synced.deleted += 1;
            writer.push(Change::EndTie(tie.id, next))?;
        }
        for task in batch {
            writer.push(Change::Done(task.name.to_owned(), task.unit.map(|unit| unit.digest)))?;
        }
    }
    Ok(())
}

fn reader<'c>(lease: &Lease<'c>) -> Reader<'c> {
    Reader { client: lease.client, origin: lease.origin, holding: Holding::Until(lease.next()), batch: MOST_UNITS }
}

/// Names of the known units among the next tasks.
fn known<'p>(tasks: &[Task<'p>]) -> impl Iterator<Item = &'p str> {
    tasks.iter().take(MOST_UNITS).filter(|task| task.is_known).map(|task| task.name)
}

/// Takes tasks off `rest`, so that `taken` known ones are among them.
fn batch<'t, 'p>(rest: &mut &'t [Task<'p>], taken: usize) -> &'t [Task<'p>] {
    let mut left = taken;
    let count = rest
        .iter()
        .take(MOST_UNITS)
        .take_while(|task| {
            let fits = !task.is_known || left > 0;
            left = left.saturating_sub(usize::from(task.is_known));
            fits
        })
        .count();
    let (batch, after) = rest.split_at(count);
    *rest = after;
    batch
}

/// Removes what ended with the visible revision or before.
fn sweep(lease: &mut Lease, picture: &Picture, look: Look) -> Result<(), Failure> {
    let visible = lease.visible.revision;
    let units = stored::units(lease.client, lease.origin).map_err(Failure::Lasting)?;
    let mut names: BTreeSet<String> = units
        .into_iter()
        .filter(|unit| look == Look::Items || unit.touched.is_some_and(|touched| touched <= visible))
        .map(|unit| unit.name)
        .collect();
    if look == Look::Items {
        names.extend(stored::units_of_nodes(lease.client, lease.origin).map_err(Failure::Lasting)?);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut writer = Writer::new(lease, picture);
    for batch in names.chunks(MOST_UNITS) {
        for kind in [stored::Kind::Tie, stored::Kind::Node] {
            let (client, origin) = (writer.lease.client, writer.lease.origin);
            let of_no_use = stored::of_no_use(client, origin, batch, visible, kind, look == Look::Items);
            for id in of_no_use.map_err(Failure::Lasting)? {
                writer.push(match kind {
                    stored::Kind::Tie => Change::DropTie(id),
                    stored::Kind::Node => Change::DropNode(id),
                })?;
            }
            writer.flush()?;
        }
        // In a repair, what the sync itself has touched is looked into again anyway.
        batch.iter().try_for_each(|unit| writer.push(Change::Swept((*unit).to_owned())))?;
    }
    writer.flush()
}
