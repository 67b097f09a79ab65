//! SCIP messages in the protobuf wire format, as slices of the index.
//!
//! Only what linking needs is read (field numbers: `scip.proto` of SCIP 0.10), without building objects: an index can be
//! larger than the sources. The `scip` crate would bring a protobuf runtime and half a megabyte of generated code for it.

/// Where a message is broken: it ends early, or has a field of no known form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

pub(super) type Result<T> = std::result::Result<T, Malformed>;

/// The value of a field, in the forms that SCIP uses.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// A fixed-width number: no field we read.
    Skipped,
}

/// The fields of a message, in the order they are written.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u64, Value<'a>)> {
        let tag = varint(&mut self.0)?;
        let value = match tag & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => self.take(8).map(|_| Value::Skipped)?,
            2 => {
                let count = usize::try_from(varint(&mut self.0)?).map_err(|_| Malformed)?;
                Value::Bytes(self.take(count)?)
            }
            5 => self.take(4).map(|_| Value::Skipped)?,
            _ => return Err(Malformed),
        };
        Ok((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(Malformed)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Malformed)
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| Malformed)
}

/// Lines and characters are 32-bit; negative ones are written as huge numbers.
fn position(number: u64) -> Result<u32> {
    u32::try_from(number).map_err(|_| Malformed)
}

/// An index: who wrote it, and its documents, still packed.
pub(super) struct Index<'a> {
    /// Name of the indexer.
    pub(super) tool: &'a str,
    pub(super) documents: Vec<&'a [u8]>,
}

impl<'a> Index<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut index = Index { tool: "", documents: Vec::new() };
        for field in Fields(bytes) {
            match field? {
                (1, Value::Bytes(metadata)) => index.tool = tool(metadata)?.unwrap_or(index.tool),
                (2, Value::Bytes(document)) => index.documents.push(document),
                _ => {}
            }
        }
        Ok(index)
    }
}

fn tool(metadata: &[u8]) -> Result<Option<&str>> {
    for field in Fields(metadata) {
        if let (2, Value::Bytes(info)) = field? {
            for field in Fields(info) {
                if let (1, Value::Bytes(name)) = field? {
                    return text(name).map(Some);
                }
            }
        }
    }
    Ok(None)
}

/// One file of an index. What it holds is read on demand.
pub(super) struct Document<'a> {
    bytes: &'a [u8],
    /// Relative to the root of the project, `/` separators; as written.
    pub(super) path: &'a str,
    /// The whole text; empty if it was left out.
    pub(super) text: &'a str,
    /// Number of the position encoding; 0 if it was not said.
    pub(super) encoding: u64,
}

impl<'a> Document<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut document = Document { bytes, path: "", text: "", encoding: 0 };
        for field in Fields(bytes) {
            match field? {
                (1, Value::Bytes(path)) => document.path = text(path)?,
                (5, Value::Bytes(whole)) => document.text = text(whole)?,
                (6, Value::Number(encoding)) => document.encoding = encoding,
                _ => {}
            }
        }
        Ok(document)
    }

    /// Its occurrences that name a symbol.
    pub(super) fn occurrences(&self) -> impl Iterator<Item = Result<Occurrence<'a>>> + use<'a> {
        Fields(self.bytes).filter_map(|field| match field {
            Ok((2, Value::Bytes(bytes))) => Occurrence::read(bytes).transpose(),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        })
    }

    /// Pairs of symbols of which the first implements, extends or overrides the second.
    pub(super) fn implementations(&self) -> Result<Vec<(&'a str, &'a str)>> {
        let mut pairs = Vec::new();
        for field in Fields(self.bytes) {
            if let (3, Value::Bytes(information)) = field? {
                let (mut symbol, first) = ("", pairs.len());
                for field in Fields(information) {
                    match field? {
                        (1, Value::Bytes(name)) => symbol = text(name)?,
                        (4, Value::Bytes(relationship)) => {
                            pairs.extend(implemented(relationship)?.map(|other| ("", other)));
                        }
                        _ => {}
                    }
                }
                // Fields may come in any order: the name can stand behind the relationships.
                pairs[first..].iter_mut().for_each(|pair| pair.0 = symbol);
            }
        }
        Ok(pairs)
    }
}

fn implemented(relationship: &[u8]) -> Result<Option<&str>> {
    let (mut symbol, mut is_implementation) = ("", false);
    for field in Fields(relationship) {
        match field? {
            (1, Value::Bytes(name)) => symbol = text(name)?,
            (3, Value::Number(yes)) => is_implementation = yes != 0,
            _ => {}
        }
    }
    Ok((is_implementation && !symbol.is_empty()).then_some(symbol))
}

/// Lines and characters of an occurrence, 0-based, in code units of the document's encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: (u32, u32),
    pub(super) end: (u32, u32),
}

/// A place that defines or uses a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Occurrence<'a> {
    pub(super) range: Range,
    pub(super) symbol: &'a str,
    pub(super) is_definition: bool,
}

/// Bit of the roles: the occurrence defines its symbol.
const DEFINITION: u64 = 1;

impl<'a> Occurrence<'a> {
    /// None if it has no symbol (syntax highlighting only) or no range.
    fn read(bytes: &'a [u8]) -> Result<Option<Self>> {
        let (mut packed, mut known) = ([0; 4], 0);
        let (mut typed, mut symbol, mut roles) = (None, "", 0);
        for field in Fields(bytes) {
            match field? {
                (1, Value::Bytes(mut numbers)) => {
                    while !numbers.is_empty() {
                        *packed.get_mut(known).ok_or(Malformed)? = position(varint(&mut numbers)?)?;
                        known += 1;
                    }
                }
                (1, Value::Number(number)) => {
                    *packed.get_mut(known).ok_or(Malformed)? = position(number)?;
                    known += 1;
                }
                (8, Value::Bytes(range)) => {
                    let [line, start, end, _] = numbers(range)?;
                    typed = Some(Range { start: (line, start), end: (line, end) });
                }
                (9, Value::Bytes(range)) => {
                    let [first, start, last, end] = numbers(range)?;
                    typed = Some(Range { start: (first, start), end: (last, end) });
                }
                (2, Value::Bytes(name)) => symbol = text(name)?,
                (3, Value::Number(bits)) => roles = bits,
                _ => {}
            }
        }
        let range = match (typed, known, packed) {
            (Some(range), ..) => Some(range),
            (None, 3, [line, start, end, _]) => Some(Range { start: (line, start), end: (line, end) }),
            (None, 4, [first, start, last, end]) => Some(Range { start: (first, start), end: (last, end) }),
            (None, 0, _) => None,
            _ => return Err(Malformed),
        };
        let is_definition = roles & DEFINITION != 0;
        Ok(range.filter(|_| !symbol.is_empty()).map(|range| Occurrence { range, symbol, is_definition }))
    }
}

/// Fields 1 to 4 of a message of numbers.
fn numbers(message: &[u8]) -> Result<[u32; 4]> {
    let mut numbers = [0; 4];
    for field in Fields(message) {
        if let (at @ 1..=4, Value::Number(number)) = field? {
            numbers[at as usize - 1] = position(number)?;
        }
    }
    Ok(numbers)
}
