//! A circuit breaker: what fails most of the time is left alone for a while, then tried with a few probes.
//!
//! ```text
//! closed ──failures──▶ open ──time──▶ half open ──all probes succeed──▶ closed
//!                        ▲                │
//!                        └──a probe fails─┘  (open twice as long)
//! ```
//!
//! Time comes from outside, so that tests need not wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::rules::BreakerRule;

/// The window is counted in so many parts; the oldest is forgotten at once.
const PARTS: u64 = 10;

/// What a breaker lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Everything.
    Closed,
    /// Nothing.
    Open,
    /// A few probes.
    HalfOpen,
}

/// A breaker that is open, or has its probes under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// When asking again may help.
    pub retry_after: Duration,
}

/// Counts outcomes of one key and decides whether it is called.
#[derive(Debug)]
pub struct Breaker {
    rule: BreakerRule,
    origin: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    phase: Phase,
    /// Counts changes of state: what began before a change says nothing about the time after it.
    epoch: u64,
    /// How often it was opened since it was closed last.
    opened: u32,
    window: [Part; PARTS as usize],
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    Open { until: Instant },
    HalfOpen { running: u32, passed: u32 },
}

/// Outcomes of one part of the window.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    number: u64,
    all: u32,
    failed: u32,
}

impl Breaker {
    /// Closed, with nothing counted.
    pub fn new(rule: BreakerRule, now: Instant) -> Arc<Self> {
        let inner = Inner { phase: Phase::Closed, epoch: 0, opened: 0, window: [Part::default(); PARTS as usize] };
        Arc::new(Breaker { rule, origin: now, inner: inner.into() })
    }

    /// What it lets through now.
    pub fn state(&self, now: Instant) -> State {
        match self.inner().phase {
            Phase::Closed => State::Closed,
            Phase::Open { until } if now < until => State::Open,
            Phase::Open { .. } | Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// Asks for one call.
    ///
    /// # Errors
    /// [`Rejected`] if it shall not be made.
    pub fn admit(self: &Arc<Self>, now: Instant) -> Result<Permit, Rejected> {
        let mut inner = self.inner();
        match &mut inner.phase {
            Phase::Closed => {}
            Phase::Open { until } if now < *until => return Err(Rejected { retry_after: *until - now }),
            Phase::Open { .. } => inner.change(Phase::HalfOpen { running: 1, passed: 0 }),
            Phase::HalfOpen { running, passed } if *running + *passed < self.rule.half_open_probes => *running += 1,
            Phase::HalfOpen { .. } => return Err(Rejected { retry_after: Duration::from_millis(self.rule.open_ms) }),
        }
        Ok(Permit { breaker: self.clone(), epoch: inner.epoch, is_settled: false })
    }

    fn settle(&self, epoch: u64, success: Option<bool>, now: Instant) {
        let mut inner = self.inner();
        if inner.epoch != epoch {
            return;
        }
        match (&mut inner.phase, success) {
            (Phase::Closed, Some(success)) => {
                let number = self.number(now);
                let (all, failed) = inner.count(number, success);
                let too_many = f64::from(failed) >= self.rule.failure_rate * f64::from(all);
                if !success && all >= self.rule.min_requests && too_many {
                    inner.open(&self.rule, now);
                }
            }
            (Phase::HalfOpen { .. }, Some(false)) => inner.open(&self.rule, now),
            (Phase::HalfOpen { running, passed }, outcome) => {
                *running = running.saturating_sub(1);
                *passed += u32::from(outcome.is_some());
                if *passed >= self.rule.half_open_probes {
                    inner.opened = 0;
                    inner.window = [Part::default(); PARTS as usize];
                    inner.change(Phase::Closed);
                }
            }
            _ => {}
        }
    }

    /// The part of time that `now` lies in, counted from one.
    fn number(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.origin).as_millis() as u64;
        1 + since / (self.rule.window_ms / PARTS).max(1)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn change(&mut self, phase: Phase) {
        self.phase = phase;
        self.epoch += 1;
    }

    fn open(&mut self, rule: &BreakerRule, now: Instant) {
        let longer = rule.open_ms.saturating_mul(1 << self.opened.min(20));
        let pause = Duration::from_millis(longer.min(rule.max_open_ms.max(rule.open_ms)));
        self.opened = self.opened.saturating_add(1);
        self.change(Phase::Open { until: now + pause });
    }

    /// Counts an outcome; how many there are in the window, and how many of them are failures.
    fn count(&mut self, number: u64, success: bool) -> (u32, u32) {
        let part = &mut self.window[(number % PARTS) as usize];
        if part.number != number {
            *part = Part { number, ..Part::default() };
        }
        part.all += 1;
        part.failed += u32::from(!success);
        let recent = self.window.iter().filter(|part| part.number + PARTS > number);
        recent.fold((0, 0), |(all, failed), part| (all + part.all, failed + part.failed))
    }
}

/// Leave to make one call. Dropped without an outcome, the call counts as never made.
#[derive(Debug)]
pub struct Permit {
    breaker: Arc<Breaker>,
    epoch: u64,
    is_settled: bool,
}

impl Permit {
    /// Says how the call went.
    pub fn settle(mut self, success: bool, now: Instant) {
        self.is_settled = true;
        self.breaker.settle(self.epoch, Some(success), now);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.is_settled {
            self.breaker.settle(self.epoch, None, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rule() -> BreakerRule {
        BreakerRule {
            window_ms: 1000,
            min_requests: 4,
            failure_rate: 0.5,
            open_ms: 100,
            max_open_ms: 350,
            half_open_probes: 2,
        }
    }

    fn after(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    #[test]
    fn it_opens_probes_and_closes() {
        let start = Instant::now();
        let breaker = Breaker::new(rule(), start);
        for success in [true, false, true] {
            breaker.admit(start).expect("closed").settle(success, start);
        }
        assert_eq!(breaker.state(start), State::Closed, "two of three is no matter below four");
        breaker.admit(start).expect("closed").settle(false, start);
        assert_eq!(breaker.state(start), State::Open);
        assert_eq!(breaker.admit(after(start, 40)).expect_err("open").retry_after, Duration::from_millis(60));

        let now = after(start, 100);
        let (first, second) = (breaker.admit(now).expect("a probe"), breaker.admit(now).expect("a probe"));
        assert!(breaker.admit(now).is_err(), "two probes are enough");
        drop(second);
        let second = breaker.admit(now).expect("the place of the one that was given up");
        first.settle(true, now);
        assert_eq!(breaker.state(now), State::HalfOpen);
        second.settle(true, now);
        assert_eq!(breaker.state(now), State::Closed);
        breaker.admit(now).expect("closed").settle(false, now);
        assert_eq!(breaker.state(now), State::Closed, "what was before is forgotten");
    }

    #[test]
    fn failed_probes_open_it_for_longer() {
        let start = Instant::now();
        let breaker = Breaker::new(rule(), start);
        (0..4).for_each(|_| breaker.admit(start).expect("closed").settle(false, start));
        let mut now = start;
        for pause in [100, 200, 350, 350] {
            assert_eq!(breaker.admit(now).expect_err("open").retry_after, Duration::from_millis(pause));
            now = after(now, pause);
            breaker.admit(now).expect("a probe").settle(false, now);
        }
    }

    #[test]
    fn what_began_before_a_change_does_not_count_after_it() {
        let start = Instant::now();
        let breaker = Breaker::new(rule(), start);
        let slow = breaker.admit(start).expect("closed");
        (0..4).for_each(|_| breaker.admit(start).expect("closed").settle(false, start));
        let now = after(start, 100);
        let probe = breaker.admit(now).expect("a probe");
        slow.settle(false, now);
        assert_eq!(breaker.state(now), State::HalfOpen);
        probe.settle(true, now);
        assert_eq!(breaker.state(now), State::HalfOpen);
    }

    #[test]
    fn ten_thousand_tasks_get_two_probes() {
        let start = Instant::now();
        let breaker = Breaker::new(rule(), start);
        (0..4).for_each(|_| breaker.admit(start).expect("closed").settle(false, start));
        let now = after(start, 100);
        let admitted: usize = std::thread::scope(|scope| {
            let ask = || (0..1250).filter_map(|_| breaker.admit(now).ok()).collect::<Vec<_>>();
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            let permits: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
            permits.iter().map(Vec::len).sum()
        });
        assert_eq!(admitted, 2);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Wait(u64),
        Begin,
        Finish(usize, bool),
        GiveUp(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            2 => (0u64..400).prop_map(Step::Wait),
            4 => Just(Step::Begin),
            4 => (any::<usize>(), any::<bool>()).prop_map(|(which, success)| Step::Finish(which, success)),
            1 => any::<usize>().prop_map(Step::GiveUp),
        ];
        prop::collection::vec(step, 1..200)
    }

    proptest! {
        /// Against a list of all outcomes, each with its time.
        #[test]
        fn it_agrees_with_a_list_of_outcomes(steps in steps()) {
            let start = Instant::now();
            let breaker = Breaker::new(rule(), start);
            let mut millis = 0;
            let mut running: Vec<(Permit, u64)> = Vec::new();
            // Outcomes since it was closed, and changes of state so far.
            let (mut outcomes, mut changes): (Vec<(u64, bool)>, u64) = (Vec::new(), 0);
            let mut open_until = None;
            for step in steps {
                let now = after(start, millis);
                let before = breaker.state(now);
                match step {
                    Step::Wait(pause) => millis += pause,
                    Step::Begin => match breaker.admit(now) {
                        Ok(permit) => {
                            prop_assert!(open_until.is_none_or(|until| millis >= until));
                            if open_until.take().is_some() { changes += 1; }
                            running.push((permit, changes));
                        }
                        Err(_) => prop_assert_ne!(before, State::Closed),
                    },
                    Step::GiveUp(which) if !running.is_empty() => { running.swap_remove(which % running.len()); }
                    Step::Finish(which, success) if !running.is_empty() => {
                        let (permit, epoch) = running.swap_remove(which % running.len());
                        permit.settle(success, now);
                        let state = breaker.state(now);
                        if epoch != changes || before == State::Open {
                            prop_assert_eq!(state, before);
                        } else if before == State::Closed {
                            outcomes.push((millis, success));
                            let recent = outcomes.iter().filter(|(at, _)| at / 100 + 10 > millis / 100);
                            let (all, failed) = recent.fold((0, 0), |(all, failed), (_, ok)| (all + 1, failed + usize::from(!ok)));
                            let opens = !success && all >= 4 && failed * 2 >= all;
                            prop_assert_eq!(state == State::Open, opens);
                        } else {
                            prop_assert_eq!(state == State::Open, !success);
                        }
                        if state != before {
                            changes += 1;
                            outcomes.clear();
                            if state == State::Open {
                                let pause = breaker.admit(now).expect_err("it is open").retry_after;
                                open_until = Some(millis + pause.as_millis() as u64);
                            }
                        }
                    }
                    _ => {}
                }
                let probes = running.iter().filter(|(_, epoch)| *epoch == changes).count();
                let half_open = open_until.is_none() && breaker.state(after(start, millis)) == State::HalfOpen;
                prop_assert!(!half_open || probes <= 2);
            }
        }
    }
}
