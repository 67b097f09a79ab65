//! How soon do others go on with what a killed worker had? At the times that the product has: beat 2 s, lease 6 s, a look each second.
//!
//! Sixteen worker processes; in each round eight of those that work are killed with SIGKILL, at eight moments of a beat, and replaced.
//!
//! ```text
//! cargo bench -p agents --bench recovery      in an SQLite file, and in PostgreSQL if COGO_BENCH_DATABASE_URL says where an empty database is
//! ```

use std::collections::HashMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agents::job::{Event, JobId, NewJob, Status};
use agents::store::{self, Filter, Store};
use agents::worker::{Context, Handler, Stop, Timing, Worker};
use serde_json::{Value, json};

/// Says to this program that it is a worker, and where the jobs are.
const WORKER: &str = "RECOVERY_WORKER";
const NAME: &str = "RECOVERY_NAME";
/// Worker processes.
const WORKERS: usize = 16;
/// Those that are killed in a round.
const KILLED: usize = 8;

/// Never ends at the first attempt, and at once at the second.
struct Held;

#[async_trait::async_trait]
impl Handler for Held {
    fn kind(&self) -> &str {
        "held"
    }

    async fn run(&self, context: &Context) -> Result<Value, Stop> {
        if context.job().attempts == 1 {
            context.stopped().await;
            return Err(Stop::Cancelled);
        }
        Ok(Value::Null)
    }
}

/// A worker process.
struct Process {
    child: Child,
    name: String,
}

impl Process {
    fn start(url: &str, number: usize) -> Self {
        let name = format!("worker-{number}");
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.env(WORKER, url).env(NAME, &name).stdout(Stdio::null());
        Process { child: command.spawn().expect("it starts"), name }
    }

    /// Kills it. Gives the time, in milliseconds since 1970.
    fn kill(&mut self) -> i64 {
        self.child.kill().expect("it runs");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        self.child.wait().expect("it is gone");
        now.as_millis() as i64
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        if let Ok(url) = std::env::var(WORKER) {
            let store = store::open(&url).await.expect("it opens");
            let name = std::env::var(NAME).expect("it has a name");
            let worker = Worker::new(store).named(name).with(Held).with_concurrency(2);
            worker.run(std::future::pending()).await.expect("it works");
            return;
        }
        // `cargo test --benches` only wants to know that it runs.
        let rounds = if std::env::args().any(|argument| argument == "--bench") { 15 } else { 1 };
        let folder = tempfile::tempdir().expect("a folder");
        measure("sqlite", &format!("sqlite:{}", folder.path().join("jobs.db").display()), rounds).await;
        match std::env::var("COGO_BENCH_DATABASE_URL") {
            Ok(url) => measure("postgres", &url, rounds).await,
            Err(_) => eprintln!("skipped: COGO_BENCH_DATABASE_URL does not say where a PostgreSQL server is"),
        }
    });
}

async fn measure(who: &str, url: &str, rounds: usize) {
    let store = store::open(url).await.expect("it opens");
    let mut workers: Vec<Process> = (0..WORKERS).map(|number| Process::start(url, number)).collect();
    let (mut ids, mut deaths) = (Vec::new(), HashMap::new());
    for round in 0..rounds {
        while running(&store).await.len() < WORKERS {
            if store.counts().await.expect("read").iter().all(|count| count.status != Status::Queued) {
                ids.push(store.enqueue(&NewJob::new("held", json!({}))).await.expect("enqueued").id());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let holders = running(&store).await;
        let busy = workers.iter_mut().filter(|worker| holders.contains(&worker.name));
        for (nth, worker) in busy.take(KILLED).enumerate() {
            deaths.insert(worker.name.clone(), worker.kill());
            *worker = Process::start(url, WORKERS + round * KILLED + nth);
            // Not all at the same time since their last sign of life.
            tokio::time::sleep(Timing::default().beat / KILLED as u32).await;
        }
        while running(&store).await.iter().any(|holder| deaths.contains_key(holder)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    for process in &mut workers {
        process.kill();
    }
    let mut seconds = Vec::new();
    for id in ids {
        seconds.extend(recovery(&store, id, &deaths).await);
    }
    seconds.sort_by(f64::total_cmp);
    let at = |part: f64| seconds[((seconds.len() - 1) as f64 * part).round() as usize];
    println!(
        "{who}: {} workers killed, {} jobs lost; begun again after p50 {:.2} s, p99 {:.2} s, at most {:.2} s",
        deaths.len(),
        seconds.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

/// The names of those that have a job, one for each job.
async fn running(store: &Arc<dyn Store>) -> Vec<String> {
    let running = Filter { statuses: vec![Status::Running], most: 1000, ..Filter::default() };
    let jobs = store.jobs(&running).await.expect("read");
    jobs.into_iter().filter_map(|job| job.executor_id).collect()
}

/// Seconds from the death of the worker that had the job until the next one began it; `None` if its worker did not die.
async fn recovery(store: &Arc<dyn Store>, id: JobId, deaths: &HashMap<String, i64>) -> Option<f64> {
    let events = store.events(&id.stream(), 0, 1000).await.expect("read");
    let starts: Vec<&Event> = events.iter().filter(|event| event.kind == "held_started").collect();
    let death = deaths.get(starts.first()?.data["executor"].as_str()?)?;
    let again = starts.get(1).expect("somebody went on with it");
    Some((again.at - death) as f64 / 1000.0)
}
