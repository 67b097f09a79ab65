//! Calls that come together are done together: one statement, and one wait for the disk, for many callers.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, oneshot};

/// Groups under way at the same time. While one waits for the disk another one computes; with more of them each is smaller.
const LANES: usize = 2;
/// Calls in a group at most, so that no statement grows without bound.
const MOST: usize = 200;

/// Calls with an `I` each that wait for an `O` each.
pub(super) struct Group<I, O> {
    waiting: Mutex<Vec<(I, oneshot::Sender<O>)>>,
    lanes: Semaphore,
}

impl<I, O> Default for Group<I, O> {
    fn default() -> Self {
        Group { waiting: Mutex::default(), lanes: Semaphore::new(LANES) }
    }
}

impl<I: Send + 'static, O: Send + 'static> Group<I, O> {
    /// Does `work` for `item` and for what else waits: its own, or that of another caller, which must be the same. It gives one answer per
    /// item, in order. `None` if it panics, or the runtime ends.
    pub(super) async fn call<F>(self: &Arc<Self>, item: I, work: impl FnOnce(Vec<I>) -> F + Send + 'static) -> Option<O>
    where
        F: Future<Output = Vec<O>> + Send,
    {
        let (tell, told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push((item, tell));
        let group = self.clone();
        // In a task of its own: a caller that is dropped must not take the calls of others with it.
        tokio::spawn(async move {
            group.gather().await;
            let Ok(_lane) = group.lanes.acquire().await else { return };
            let (items, callers): (Vec<_>, Vec<_>) = group.take().into_iter().unzip();
            if items.is_empty() {
                return;
            }
            for (caller, answer) in callers.into_iter().zip(work(items).await) {
                // One that is gone needs no answer.
                drop(caller.send(answer));
            }
        });
        told.await.ok()
    }

    /// Lets those come along that are ready at this moment, as long as more and more are.
    async fn gather(&self) {
        let mut known = 0;
        loop {
            let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).len();
            if waiting <= known {
                return;
            }
            known = waiting;
            tokio::task::yield_now().await;
        }
    }

    /// The first of those that wait. Every call comes here once after it has begun to wait, so none is left over.
    fn take(&self) -> Vec<(I, oneshot::Sender<O>)> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let most = waiting.len().min(MOST);
        waiting.drain(..most).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn what_comes_while_others_are_under_way_goes_together() {
        let group = Arc::new(Group::<usize, usize>::default());
        let (begun, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let groups = Arc::new(AtomicUsize::new(0));
        let call = |number| {
            let (group, begun, gate, groups) = (group.clone(), begun.clone(), gate.clone(), groups.clone());
            let work = async move |numbers: Vec<usize>| {
                groups.fetch_add(1, Ordering::SeqCst);
                begun.add_permits(1);
                gate.acquire().await.expect("open").forget();
                numbers.into_iter().map(|number| 10 * number).collect()
            };
            tokio::spawn(async move { group.call(number, work).await })
        };
        let mut calls = Vec::new();
        for number in 0..LANES {
            calls.push(call(number));
            begun.acquire().await.expect("open").forget();
        }
        // All lanes are taken.
        calls.extend((LANES..LANES + MOST + 1).map(&call));
        let impatient = call(0);
        while group.waiting.lock().expect("no panic").len() < MOST + 2 {
            tokio::task::yield_now().await;
        }
        impatient.abort();
        gate.add_permits(LANES + 2);
        for (number, call) in calls.into_iter().enumerate() {
            assert_eq!(call.await.expect("no panic"), Some(10 * number));
        }
        assert_eq!(groups.load(Ordering::SeqCst), LANES + 2, "two groups for all that waited");
    }

    #[tokio::test]
    async fn a_panic_is_told_to_those_that_it_concerns() {
        let group = Arc::new(Group::<(), ()>::default());
        assert_eq!(group.call((), async |_| panic!("this one fails")).await, None);
        assert_eq!(group.call((), async |_| vec![()]).await, Some(()));
    }
}
