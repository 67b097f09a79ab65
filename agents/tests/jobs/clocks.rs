//! Clocks that are wrong, and clocks that are set.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use agents::job::Status;
use agents::store::Filter;

use crate::faults::{PATIENCE, all_over, check_all, held_by, now, wait_until, work};
use crate::process::Process;
use crate::stores::{Kind, TestStore};

/// A library that shifts the clock of a process by what a file says, in seconds; `None` where it cannot be made.
fn shifted_clock(folder: &Path) -> Option<std::path::PathBuf> {
    const SOURCE: &str = r#"
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/time.h>
        #include <time.h>
        static long shift(void) {
            long seconds = 0;
            FILE *file = fopen(getenv("JOBS_TEST_SHIFT"), "r");
            if (file) { if (fscanf(file, "%ld", &seconds) != 1) seconds = 0; fclose(file); }
            return seconds;
        }
        int clock_gettime(clockid_t clock, struct timespec *time) {
            static int (*real)(clockid_t, struct timespec *);
            if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
            int done = real(clock, time);
            if (done == 0 && clock == CLOCK_REALTIME) time->tv_sec += shift();
            return done;
        }
        int gettimeofday(struct timeval *restrict now, void *restrict zone) {
            struct timespec time;
            int done = clock_gettime(CLOCK_REALTIME, &time);
            now->tv_sec = time.tv_sec;
            now->tv_usec = time.tv_nsec / 1000;
            return done;
        }
        time_t time(time_t *to) {
            struct timespec now;
            clock_gettime(CLOCK_REALTIME, &now);
            if (to) *to = now.tv_sec;
            return now.tv_sec;
        }
    "#;
    let (source, library) = (folder.join("clock.c"), folder.join("clock.so"));
    std::fs::write(&source, SOURCE).expect("written");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).args(["-ldl"]).status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no C compiler for a clock that is wrong");
        return None;
    }
    Some(library)
}

fn start_at(store: &TestStore, name: &str, library: &Path, shift: &str) -> Process {
    let file = store.folder.path().join(format!("shift-{name}"));
    std::fs::write(&file, shift).expect("written");
    let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    // A lease of a minute is not lost because the machine is slow; an hour is more than that.
    let lease = if store.kind == Kind::Postgres { "60" } else { "2" };
    let environment =
        [("LD_PRELOAD", text(library)), ("JOBS_TEST_SHIFT", text(&file)), ("JOBS_TEST_LEASE", lease.to_owned())];
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Process::start(&store.url, name, store.folder.path().join("artifacts"), &environment)
}

/// Workers whose clocks are an hour apart agree, because nobody asks their clocks.
#[test]
fn the_clocks_of_workers_do_not_matter() {
    crate::stores::on(Kind::Postgres, async |store| {
        let Some(library) = shifted_clock(store.folder.path()) else { return };
        let shifts = [("behind", "-3600"), ("ahead", "3600"), ("right", "0")];
        let _workers = shifts.map(|(name, shift)| start_at(store, name, &library, shift));
        let (mut ids, mut executors) = (Vec::new(), BTreeSet::new());
        let begun = Instant::now();
        while ids.len() < 60 || executors.len() < 3 {
            assert!(begun.elapsed() < PATIENCE, "only {executors:?} take part");
            ids.push(store.enqueue(work(store, 100, 5)).await);
            tokio::time::sleep(Duration::from_millis(10)).await;
            executors.extend(
                store.store.jobs(&Filter::default()).await.expect("read").into_iter().filter_map(|job| job.executor_id),
            );
        }
        all_over(store).await;
        check_all(store, "clocks 1 h apart", &ids).await;
        for id in ids {
            let job = store.job(id).await;
            assert_eq!(job.attempts, 1, "a lease was taken away");
            assert!((now() - job.created_at).abs() < 600_000 && job.finished_at >= job.started_at);
        }
    });
}

/// The clock of the machine with the SQLite file is set, forwards and back, while workers work and die.
#[test]
fn a_clock_that_is_set_loses_nothing() {
    crate::stores::on(Kind::Sqlite, async |store| {
        let Some(library) = shifted_clock(store.folder.path()) else { return };
        let mut ids = Vec::new();
        for _ in 0..60 {
            ids.push(store.enqueue(work(store, 400, 20)).await);
        }
        let mut workers = ["one", "two"].map(|name| start_at(store, name, &library, "0"));
        let step = |shift: &str| {
            for name in ["one", "two", "three"] {
                std::fs::write(store.folder.path().join(format!("shift-{name}")), shift).expect("written");
            }
        };
        for name in ["one", "two"] {
            wait_until("it has work", async || held_by(store, name).await > 0).await;
        }
        step("3600");
        // Once what it has was leased until an hour from now, it dies.
        let is_ahead = async || {
            let running = Filter { statuses: vec![Status::Running], ..Filter::default() };
            let running = store.store.jobs(&running).await.expect("read");
            running
                .iter()
                .any(|job| job.executor_id.as_deref() == Some("one") && job.lease_until > Some(now() + 3_000_000))
        };
        wait_until("it works an hour ahead", is_ahead).await;
        workers[0].kill();
        step("0");
        workers[0] = start_at(store, "three", &library, "0");
        all_over(store).await;
        check_all(store, "clock set by 1 h and back", &ids).await;
    });
}
