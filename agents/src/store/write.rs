//! The parts of statements that both stores share.

/// How an attempt ends, as the assignments of an `UPDATE`. `$1` job, `$2` number of the lease, `$3` id of this write, `$4` word of the
/// outcome, `$5` result, `$6` error, `$7` milliseconds until it may go on; with none it keeps its place
/// in the queue.
macro_rules! ending {
    ($now:literal, $json:literal) => {
        concat!(
            "status = CASE WHEN $4 NOT IN ('retry', 'parked', 'snoozed', 'returned') THEN $4
                WHEN cancel_requested THEN 'cancelled' WHEN $4 = 'parked' THEN 'blocked'
                WHEN $4 = 'retry' AND attempts >= max_attempts THEN 'dead' ELSE 'queued' END,
            attempts = attempts - CASE WHEN $4 IN ('parked', 'snoozed', 'returned') THEN 1 ELSE 0 END,
            run_at = CASE WHEN $7 > 0 THEN ",
            $now,
            " + $7 ELSE run_at END,
            result = coalesce($5",
            $json,
            ", result),
            error = CASE WHEN $4 IN ('parked', 'snoozed', 'returned') THEN error ELSE $6 END,
            finished_at = CASE WHEN $4 IN ('retry', 'parked', 'snoozed', 'returned') AND NOT cancel_requested
                AND NOT ($4 = 'retry' AND attempts >= max_attempts) THEN NULL ELSE ",
            $now,
            " END,
            lease_until = NULL, last_write = $3, last_event = last_event + 1"
        )
    };
}

/// The word of the event that says how an attempt ended: from the new status and the word of the outcome.
macro_rules! ended {
    () => {
        "CASE status WHEN 'dead' THEN 'failed' WHEN 'blocked' THEN 'parked'
            WHEN 'queued' THEN CASE $4 WHEN 'retry' THEN 'retry_scheduled' ELSE 'parked' END ELSE status END"
    };
}

pub(super) use {ended, ending};
