//! Mirrors in real servers.
//!
//! `tests/run.py` starts the servers and says in the environment where they are; a test whose server is not there says so and ends.
//! Each test has a database of its own.

mod commands;
mod database;
mod engines;
mod faults;
mod neo4j;
mod postgres;
mod proxy;
mod restart;
mod search;
mod serving;
mod tls;
mod whole;
