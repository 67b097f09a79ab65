//! Few rows by one INSERT instead of a COPY.
//!
//! A COPY ends with a message of its own, and that small packet waits until the server has acknowledged the rows before, which takes 40 ms
//! (Nagle's algorithm meets delayed acknowledgements; the client offers no `TCP_NODELAY`). An INSERT is one message.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgTypeInfo};
use sqlx::{AssertSqlSafe, Encode, PgConnection, Postgres, Row, Type};

use super::copy::Rows;
use super::failure::Attempt;

/// Name of a type, and the numbers of it and of its arrays.
struct Element {
    oid: u32,
    array: u32,
}

/// Types of columns, in their order.
async fn elements(connection: &mut PgConnection, types: &[&str]) -> Attempt<Vec<Element>> {
    let rows = sqlx::query(
        "SELECT oid, typarray FROM unnest($1::text[]) WITH ORDINALITY AS wanted(name, place)
         JOIN pg_type ON oid = to_regtype(name) ORDER BY place",
    )
    .bind(types)
    .fetch_all(connection)
    .await?;
    let element = |row: &sqlx::postgres::PgRow| -> sqlx::Result<Element> {
        Ok(Element { oid: row.try_get::<Oid, _>(0)?.0, array: row.try_get::<Oid, _>(1)?.0 })
    };
    Ok(rows.iter().map(element).collect::<sqlx::Result<_>>()?)
}

/// A column of rows, in the binary format of an array.
struct Column {
    array: u32,
    bytes: Vec<u8>,
}

impl Type<Postgres> for Column {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("bytea[]")
    }
}

impl Encode<'_, Postgres> for Column {
    fn encode_by_ref(&self, out: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        out.extend_from_slice(&self.bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(self.array)))
    }
}

/// Up to so many bytes of rows an INSERT is faster than a COPY.
const SMALL: usize = 1 << 20;

/// Writes `rows` into `table`: names and types of its columns.
pub(super) async fn write(
    connection: &mut PgConnection,
    rows: &Rows,
    table: &str,
    columns: &[(&str, &str)],
) -> Attempt<()> {
    match rows.len() <= SMALL {
        true => insert(connection, rows, table, columns).await,
        false => rows.copy(connection, table, columns).await,
    }
}

async fn insert(connection: &mut PgConnection, rows: &Rows, table: &str, columns: &[(&str, &str)]) -> Attempt<()> {
    let count = rows.count() as i32;
    if count == 0 {
        return Ok(());
    }
    let types: Vec<&str> = columns.iter().map(|(_, kind)| *kind).collect();
    let elements = elements(connection, &types).await?;
    // Dimensions, whether there may be nulls, type, length, first index.
    let head = |element: &Element| {
        let [one, count] = [1, count].map(i32::to_be_bytes);
        [one, one, element.oid.to_be_bytes(), count, one].concat()
    };
    let mut made: Vec<Column> = elements.iter().map(|e| Column { array: e.array, bytes: head(e) }).collect();
    for row in rows.values() {
        for (column, value) in made.iter_mut().zip(row) {
            column.bytes.extend_from_slice(value);
        }
    }
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
    let statement = format!("INSERT INTO {table} ({}) SELECT * FROM unnest({})", names.join(", "), places.join(", "));
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for column in made {
        query = query.bind(column);
    }
    query.execute(connection).await?;
    Ok(())
}
