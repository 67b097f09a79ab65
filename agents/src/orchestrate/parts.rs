//! The jobs of the steps of a plan.

use std::collections::BTreeMap;
use std::ops::Add;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Tool, model};
use crate::Error;
use crate::job::{Claim, Job, JobId, Lease, NewJob, Outcome, Status};
use crate::library::Library;
use crate::plan::template::{self, Scope};
use crate::plan::{Action, Plan, Progress, Step};
use crate::retry::RetryPolicy;
use crate::role::{Caps, Role, Used};
use crate::store::{Filter, Store};
use crate::worker::{Context, Stop};

/// The type of job that asks a language model.
pub const MODEL: &str = "model";
/// The type of job that waits: it begins late, and has nothing to do.
pub const WAIT: &str = "wait";
/// The type of job that a human ends.
pub const APPROVAL: &str = "approval";

/// The parts of an orchestrator's job.
pub(super) struct Parts<'p> {
    context: &'p Context,
    ground: Ground<'p>,
    /// Jobs by their keys.
    jobs: BTreeMap<String, Job>,
    /// So many there may be.
    most: usize,
}

/// What steps stand on.
#[derive(Clone, Copy)]
pub(super) struct Ground<'p> {
    pub(super) tools: &'p [Tool],
    pub(super) roles: &'p Library<Role>,
    /// The role that works on the goal.
    pub(super) role: Option<&'p str>,
}

/// How a step stands.
enum Stands {
    Over(Result<Value, String>),
    /// These jobs have not ended.
    Open(Vec<JobId>),
}

impl<'p> Parts<'p> {
    /// All parts that there are already.
    pub(super) async fn open(context: &'p Context, ground: Ground<'p>, most: usize) -> Result<Self, Stop> {
        let filter = Filter { parent: Some(context.job().id), most: most.max(1), ..Filter::default() };
        let jobs = context.store().jobs(&filter).await?;
        let jobs = jobs.into_iter().filter_map(|job| Some((job.idempotency_key.clone()?, job))).collect();
        Ok(Parts { context, ground, jobs, most })
    }

    /// Settles what is over, begins what may begin, and gives the jobs to wait for: none if the plan is over.
    pub(super) async fn go_on<'s>(
        &mut self,
        round: usize,
        plan: &'s Plan,
        progress: &mut Progress<'s>,
    ) -> Result<Vec<JobId>, Stop> {
        loop {
            let (mut open, mut is_settled) = (Vec::new(), false);
            for step in progress.ready() {
                match self.look(&format!("{round}/{}", step.id), step, progress).await? {
                    Stands::Over(outcome) => {
                        progress.settle(step, outcome);
                        is_settled = true;
                    }
                    Stands::Open(jobs) => open.extend(jobs),
                }
            }
            if !is_settled {
                debug_assert!(!open.is_empty() || progress.is_over(), "{} waits for nothing", plan.goal);
                return Ok(open);
            }
        }
    }

    async fn look(&mut self, key: &str, step: &Step, progress: &Progress<'_>) -> Result<Stands, Stop> {
        let scope = progress.scope();
        let text = |value: &Value| match template::fill(value, &scope) {
            Value::String(text) => text,
            other => other.to_string(),
        };
        let (kind, payload, delay) = match &step.action {
            Action::Route { .. } => {
                return Ok(Stands::Over(progress.route(&step.action).ok_or_else(|| "no route".to_owned())));
            }
            Action::Map { over, tool, input, most } => {
                return self.look_at_all(key, step, (over, tool, input, *most), &scope).await;
            }
            Action::Tool { name, input } => match self.prepare(name, template::fill(input, &scope)) {
                Ok(payload) => (name.as_str(), payload, 0),
                Err(reason) => return Ok(Stands::Over(Err(reason))),
            },
            Action::Model { prompt, tier, schema, role } => {
                let asked = json!({ "prompt": text(prompt), "tier": tier, "schema": schema });
                match self.ask(key, asked, role.as_deref()) {
                    Ok(payload) => (MODEL, payload, 0),
                    Err(stands) => return Ok(stands),
                }
            }
            Action::Approval { question } => (APPROVAL, json!({ "question": text(question) }), 0),
            Action::Wait { seconds } => (WAIT, json!({}), *seconds),
        };
        self.job(key, step, kind, payload, Duration::from_secs(delay)).await
    }

    /// The payload of a step that asks a language model, for the roles that ask. What they may use is for all their steps together, so these
    /// go one after the other.
    fn ask(&self, key: &str, asked: Value, role: Option<&str>) -> Result<Value, Stands> {
        if self.jobs.contains_key(&self.whole(key)) {
            // It is there already, with what was left then.
            return Ok(asked);
        }
        let mut names: Vec<&str> = self.ground.role.into_iter().chain(role).collect();
        names.dedup();
        let (mut personas, mut left) = (Vec::new(), Caps::default());
        for name in &names {
            let role =
                self.ground.roles.get(name).ok_or_else(|| Stands::Over(Err(format!("there is no role `{name}`"))))?;
            let asking = || self.jobs.values().filter(|job| job.kind == MODEL);
            let caps = role.limits;
            if (caps.calls.is_some() || caps.tokens.is_some() || caps.cost.is_some())
                && let Some(open) = asking().find(|job| !job.status.is_over())
            {
                return Err(Stands::Open(vec![open.id]));
            }
            let used = asking().map(|job| model::used(job, name)).fold(Used::default(), Used::add);
            let caps =
                caps.left(used).map_err(|why| Stands::Over(Err(format!("the role `{name}` may do no more: {why}"))))?;
            left = left.and(caps);
            personas.push(role.persona.trim());
        }
        Ok(model::question(&asked, &names, &personas.join("\n\n"), &left))
    }

    /// One job for each item of a list. An item that fails brings `null`; all of them fail together only.
    async fn look_at_all(
        &mut self,
        key: &str,
        step: &Step,
        (over, tool, input, most): (&Value, &str, &Value, usize),
        scope: &Scope,
    ) -> Result<Stands, Stop> {
        let Value::Array(items) = template::fill(over, scope) else {
            return Ok(Stands::Over(Err("what it is done for is no list".into())));
        };
        let (mut open, mut outputs, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        for (number, item) in items.iter().take(most).enumerate() {
            let mut scope = scope.clone();
            scope.insert("item".into(), item.clone());
            let stands = match self.prepare(tool, template::fill(input, &scope)) {
                Ok(payload) => self.job(&format!("{key}/{number}"), step, tool, payload, Duration::ZERO).await?,
                Err(reason) => Stands::Over(Err(reason)),
            };
            match stands {
                Stands::Open(jobs) => open.extend(jobs),
                Stands::Over(Ok(output)) => outputs.push(output),
                Stands::Over(Err(reason)) => {
                    outputs.push(Value::Null);
                    failures.push(reason);
                }
            }
        }
        Ok(match (open.is_empty(), failures.first()) {
            (false, _) => Stands::Open(open),
            (true, Some(first)) if failures.len() == outputs.len() => {
                Stands::Over(Err(format!("all {} items failed; the first: {first}", outputs.len())))
            }
            (true, _) => Stands::Over(Ok(json!({
                "items": outputs, "failed": failures.len(), "left_out": items.len().saturating_sub(most),
            }))),
        })
    }

    /// The key of a job among all jobs.
    fn whole(&self, key: &str) -> String {
        format!("{}:{key}", self.context.job().id)
    }

    fn prepare(&self, tool: &str, input: Value) -> Result<Value, String> {
        let known = self.ground.tools.iter().find(|known| known.name == tool);
        (known.ok_or_else(|| format!("there is no tool `{tool}`"))?.prepare)(input)
    }

    /// The job `key` of a step: made if there is none.
    async fn job(
        &mut self,
        key: &str,
        step: &Step,
        kind: &str,
        payload: Value,
        delay: Duration,
    ) -> Result<Stands, Stop> {
        let whole = self.whole(key);
        if let Some(job) = self.jobs.get(&whole) {
            return Ok(stands(job));
        }
        if self.jobs.len() >= self.most {
            return Ok(Stands::Over(Err(format!("the limit of {} jobs is reached", self.most))));
        }
        let mut retry = self
            .ground
            .tools
            .iter()
            .find(|tool| tool.name == kind)
            .map_or_else(RetryPolicy::default, |tool| tool.retry.clone());
        retry.timeout_ms = step.timeout_s.map(|seconds| seconds.saturating_mul(1000)).or(retry.timeout_ms);
        retry.max_attempts = step.attempts.map_or(retry.max_attempts, |attempts| attempts.clamp(1, 100) as i32);
        let job = NewJob { retry, delay, priority: self.context.job().priority, ..NewJob::new(kind, payload) };
        let id = match self.context.enqueue(key, job).await {
            Ok(enqueued) => enqueued.id(),
            // Too large a payload, say: this step's fault.
            Err(Stop::Fail(reason)) => return Ok(Stands::Over(Err(reason))),
            Err(stop) => return Err(stop),
        };
        match self.context.store().job(id).await? {
            Some(job) => {
                let stands = stands(&job);
                self.jobs.insert(whole, job);
                Ok(stands)
            }
            None => Ok(Stands::Open(vec![id])),
        }
    }
}

/// Answers the question of an approval: `id` is its job. What waits for it goes on, or fails if the answer is no.
///
/// # Errors
/// [`Error::NoJob`]; [`Error::State`] if it is no question, or was answered before.
pub async fn answer(store: &dyn Store, id: JobId, yes: bool, who: &str) -> crate::Result<()> {
    let job = store.job(id).await?.ok_or_else(|| Error::NoJob { id: id.to_string() })?;
    let is_open = job.kind == APPROVAL && !job.status.is_over();
    let over = || Error::State { id, status: job.status, reason: "only an open question can be answered" };
    if !is_open {
        return Err(over());
    }
    let claim = Claim {
        kinds: vec![APPROVAL.into()],
        most: usize::from(u8::MAX),
        executor_id: who.to_owned(),
        lease: Duration::from_secs(60),
        root: Some(job.root),
    };
    let mut is_answered = false;
    for claimed in store.claim(&claim).await?.jobs {
        let lease = Lease { job_id: claimed.id, run_lease: claimed.run_lease, executor_id: who.to_owned() };
        let outcome = match (claimed.id == id, yes) {
            (true, true) => Outcome::Succeeded(json!({ "approved": true, "by": who })),
            (true, false) => Outcome::Failed(format!("{who} said no")),
            // Other questions of the same work stay open.
            (false, _) => Outcome::Returned,
        };
        is_answered |= claimed.id == id;
        store.finish(&lease, &outcome).await?;
    }
    if is_answered { Ok(()) } else { Err(over()) }
}

fn stands(job: &Job) -> Stands {
    let why = || job.error.clone().unwrap_or_else(|| job.status.to_string());
    match job.status {
        Status::Succeeded => Stands::Over(Ok(job.result.clone().unwrap_or(Value::Null))),
        Status::Failed | Status::Dead => Stands::Over(Err(why())),
        Status::Cancelled => Stands::Over(Err("it was cancelled".into())),
        _ => Stands::Open(vec![job.id]),
    }
}
