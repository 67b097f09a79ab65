//! The part of a statement that both stores share.

/// How an attempt ends, as the assignments of an `UPDATE`. What the caller names: now; the id of this write; the word of the outcome, its
/// result and its error; milliseconds until the job may go on, with none it keeps its place in the queue.
macro_rules! ending {
    (now: $now:expr, write: $write:literal, word: $word:literal, result: $result:literal, error: $error:literal, after: $after:literal) => {
        concat!(
            "status = CASE WHEN ",
            $word,
            " NOT IN ('retry', 'parked', 'snoozed', 'returned') THEN ",
            $word,
            "
                WHEN cancel_requested THEN 'cancelled' WHEN ",
            $word,
            " = 'parked' THEN 'blocked'
                WHEN ",
            $word,
            " = 'retry' AND attempts >= max_attempts THEN 'dead' ELSE 'queued' END,
            attempts = attempts - CASE WHEN ",
            $word,
            " IN ('parked', 'snoozed', 'returned') THEN 1 ELSE 0 END,
            run_at = CASE WHEN ",
            $after,
            " > 0 THEN ",
            $now,
            " + ",
            $after,
            " ELSE run_at END,
            result = coalesce(",
            $result,
            ", result),
            error = CASE WHEN ",
            $word,
            " IN ('parked', 'snoozed', 'returned') THEN error ELSE ",
            $error,
            " END,
            finished_at = CASE WHEN ",
            $word,
            " IN ('retry', 'parked', 'snoozed', 'returned') AND NOT cancel_requested
                AND NOT (",
            $word,
            " = 'retry' AND attempts >= max_attempts) THEN NULL ELSE ",
            $now,
            " END,
            lease_until = NULL, last_write = ",
            $write,
            ", last_event = last_event + 1"
        )
    };
}

pub(super) use ending;
