//! How long to wait before a request is tried again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::Error;

/// Tries after the first one.
const TIMES: usize = 4;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// A provider that asks for a longer pause is out of service.
const LONGEST_ASKED: Duration = Duration::from_secs(120);

/// The pauses of one call.
pub(crate) struct Pauses(backon::ExponentialBackoff);

impl Pauses {
    pub(crate) fn new() -> Self {
        let pauses = ExponentialBuilder::default().with_min_delay(FIRST_PAUSE).with_max_delay(LONGEST_PAUSE);
        Pauses(pauses.with_max_times(TIMES).with_jitter().build())
    }

    /// How long to wait after `error`; `None` if there is no point in another try.
    pub(crate) fn after(&mut self, error: &Error) -> Option<Duration> {
        if !error.is_transient() {
            return None;
        }
        let own = self.0.next()?;
        let asked = error.retry_after().unwrap_or_default();
        (asked <= LONGEST_ASKED).then(|| own.max(asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16, retry_after: Option<u64>) -> Error {
        Error::Status { status, message: String::new(), retry_after: retry_after.map(Duration::from_secs) }
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        assert!(Pauses::new().after(&status(400, None)).is_none());
        assert!(Pauses::new().after(&status(401, Some(1))).is_none());
        assert!(Pauses::new().after(&Error::Reply(String::new())).is_none());
        assert!(Pauses::new().after(&status(503, None)).is_some_and(|pause| pause >= FIRST_PAUSE));
        assert!(Pauses::new().after(&status(429, Some(7))).is_some_and(|pause| pause >= Duration::from_secs(7)));
        assert!(Pauses::new().after(&status(429, Some(3600))).is_none());
    }

    #[test]
    fn it_gives_up() {
        let mut pauses = Pauses::new();
        assert_eq!((0..10).filter(|_| pauses.after(&Error::Timeout).is_some()).count(), TIMES);
    }
}
