//! Buses from outside: what all of them promise, and what happens when hints, connections and servers fail.

/// Official clients of Supabase Realtime, against the double and against our client.
mod clients;
/// What every bus promises, whichever it is.
mod conformance;
/// No tests: a database of its own for each test.
mod database;
/// No tests: a Realtime service that can be told to fail.
mod double;
/// Lost hints, cut connections, servers that restart.
mod faults;
