//! Rows in the binary format of COPY.

use sqlx::PgConnection;

use super::failure::Attempt;

const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Most bytes of one message.
const LARGEST_PART: usize = 1 << 20;

/// Rows on their way into a table.
pub(super) struct Rows {
    bytes: Vec<u8>,
    columns: i16,
    count: u64,
}

impl Rows {
    pub(super) fn new(columns: i16) -> Self {
        Rows { bytes: HEADER.to_vec(), columns, count: 0 }
    }

    /// Begins a row; as many values as there are columns follow.
    pub(super) fn row(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(&self.columns.to_be_bytes());
        self.count += 1;
        self
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Per row its values, each with its length before it, as in an array.
    pub(super) fn values(&self) -> impl Iterator<Item = Vec<&[u8]>> {
        let mut rest = self.content();
        (0..self.count).map(move |_| {
            rest = rest.get(2..).unwrap_or_default();
            let value = |_| {
                let length = rest.first_chunk().map_or(0, |length| i32::from_be_bytes(*length).max(0)) as usize;
                let (value, after) = rest.split_at_checked(4 + length).unwrap_or_default();
                rest = after;
                value
            };
            (0..self.columns).map(value).collect()
        })
    }

    /// The rows without the header.
    pub(super) fn content(&self) -> &[u8] {
        &self.bytes[HEADER.len()..]
    }

    pub(super) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        self.field(|out| out.extend_from_slice(value))
    }

    pub(super) fn int8(&mut self, value: i64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(super) fn int4(&mut self, value: u32) -> &mut Self {
        self.bytes(&i32::try_from(value).unwrap_or(i32::MAX).to_be_bytes())
    }

    pub(super) fn null(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(&(-1i32).to_be_bytes());
        self
    }

    pub(super) fn optional<T>(&mut self, value: Option<T>, add: impl FnOnce(&mut Self, T) -> &mut Self) -> &mut Self {
        match value {
            Some(value) => add(self, value),
            None => self.null(),
        }
    }

    /// A text. PostgreSQL has no NUL: it becomes U+FFFD.
    pub(super) fn text(&mut self, value: &str) -> &mut Self {
        if value.contains('\0') {
            return self.bytes(value.replace('\0', "\u{fffd}").as_bytes());
        }
        self.bytes(value.as_bytes())
    }

    pub(super) fn bool(&mut self, value: bool) -> &mut Self {
        self.bytes(&[u8::from(value)])
    }

    /// A `halfvec` of halves as bits.
    pub(super) fn halfvec(&mut self, halves: &[u16]) -> &mut Self {
        self.field(|out| {
            out.extend_from_slice(&(halves.len() as u16).to_be_bytes());
            out.extend_from_slice(&[0, 0]);
            halves.iter().for_each(|half| out.extend_from_slice(&half.to_be_bytes()));
        })
    }

    /// A `sparsevec` of so many dimensions: sorted places from 0, and what stands there, which is not 0.
    pub(super) fn sparsevec(&mut self, dimensions: u32, weights: &[(u32, f32)]) -> &mut Self {
        self.field(|out| {
            for number in [dimensions, weights.len() as u32, 0] {
                out.extend_from_slice(&number.to_be_bytes());
            }
            weights.iter().for_each(|(place, _)| out.extend_from_slice(&place.to_be_bytes()));
            weights.iter().for_each(|(_, weight)| out.extend_from_slice(&weight.to_be_bytes()));
        })
    }

    /// A `tsvector` of sorted lexemes, each with the weights (0 for D to 3 for A) of its places.
    pub(super) fn tsvector<'t>(&mut self, lexemes: impl ExactSizeIterator<Item = (&'t str, &'t [u8])>) -> &mut Self {
        self.field(|out| {
            out.extend_from_slice(&(lexemes.len() as u32).to_be_bytes());
            for (lexeme, weights) in lexemes {
                out.extend_from_slice(lexeme.as_bytes());
                out.push(0);
                out.extend_from_slice(&(weights.len() as u16).to_be_bytes());
                for (weight, place) in weights.iter().zip(1u16..) {
                    out.extend_from_slice(&(u16::from(*weight) << 14 | place).to_be_bytes());
                }
            }
        })
    }

    fn field(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        write(&mut self.bytes);
        let length = (self.bytes.len() - at - 4) as i32;
        self.bytes[at..at + 4].copy_from_slice(&length.to_be_bytes());
        self
    }

    /// Copies the rows into `table`, by a `COPY … FROM STDIN (FORMAT binary)`.
    pub(super) async fn copy(
        &self,
        connection: &mut PgConnection,
        table: &str,
        columns: &[(&str, &str)],
    ) -> Attempt<()> {
        if self.count == 0 {
            return Ok(());
        }
        let columns: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let statement = format!("COPY {table} ({}) FROM STDIN (FORMAT binary)", columns.join(", "));
        let mut copy = connection.copy_in_raw(&statement).await?;
        let (first, last) = self.bytes.split_at(self.bytes.len() / LARGEST_PART * LARGEST_PART);
        for part in first.chunks(LARGEST_PART) {
            copy.send(part).await?;
        }
        // The end goes with the last rows: a packet of two bytes may wait for an answer to the one before.
        copy.send([last, &(-1i16).to_be_bytes()].concat()).await?;
        copy.finish().await?;
        Ok(())
    }
}

/// The rows of a `COPY … TO STDOUT (FORMAT binary)`, each as its bytes; `None` if they are not in that format.
pub(super) fn rows_of(bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = bytes.strip_prefix(HEADER)?;
    let mut rows = Vec::new();
    loop {
        let (columns, mut after) = rest.split_first_chunk::<2>()?;
        let columns = i16::from_be_bytes(*columns);
        if columns < 0 {
            return after.is_empty().then_some(rows);
        }
        for _ in 0..columns {
            let (length, value) = after.split_first_chunk::<4>()?;
            after = value.get(usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0)..)?;
        }
        rows.push(&rest[..rest.len() - after.len()]);
        rest = after;
    }
}

/// The first value of a row, which is an `int8`.
pub(super) fn first_int8(row: &[u8]) -> Option<i64> {
    row.get(6..14)?.try_into().ok().map(i64::from_be_bytes)
}
