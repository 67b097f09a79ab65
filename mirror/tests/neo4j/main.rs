//! The mirror in Neo4j, with a real server. `COGO_TEST_NEO4J_URI` says where one is; `tests/run.py` starts one and sets it. Without
//! it these tests do nothing, and the test command says so by name.

mod asking;
mod faults;
#[cfg(unix)]
mod restart;
mod syncing;
mod world;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mirror::Origin;
use mirror::neo4j::{Address, Neo4j, Patience};

/// The address of the server; none if there is none for tests.
fn address() -> Option<Address> {
    let uri = std::env::var("COGO_TEST_NEO4J_URI").ok().filter(|uri| !uri.is_empty())?;
    Some(Address::parse(&uri).expect("COGO_TEST_NEO4J_URI is an address"))
}

/// Faults pass quickly, so tests need not wait long for them.
fn patience() -> Patience {
    Patience { lease: Duration::from_millis(500), ..Patience::default() }
}

/// A connection; none if there is no server for tests.
fn server() -> Option<Neo4j> {
    Some(Neo4j::open(&address()?, patience()).expect("the server answers"))
}

/// A repository that no other test knows.
fn origin(name: &str) -> Origin {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let now = std::time::UNIX_EPOCH.elapsed().expect("time goes on").as_nanos();
    let tenant = format!("test-{}-{now}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    Origin { tenant, repository: name.to_owned() }
}

/// Changes something in the server behind the mirror's back; how many rows that was.
fn meddle(origin: &Origin, cypher: &str) -> i64 {
    let uri = std::env::var("COGO_TEST_NEO4J_URI").expect("there is a server");
    let address = Address::parse(&uri).expect("it is an address");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let config = neo4rs::ConfigBuilder::default().uri(uri).user(address.user.as_str());
        let config = config.password(address.password.as_str()).build().expect("a configuration");
        let graph = neo4rs::Graph::connect(config).expect("the server answers");
        let query = neo4rs::query(&format!("{cypher} RETURN count(*) AS rows"));
        let query = query.param("tenant", origin.tenant.as_str()).param("repository", origin.repository.as_str());
        let mut rows = graph.execute(query).await.expect("the server understands");
        rows.next().await.expect("an answer").expect("a row").get("rows").expect("a number")
    })
}
