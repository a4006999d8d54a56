//! Outcomes that every driver speaks of.

use faultbench_workloads::{Call, Failure, Outcome};

/// The store could not be reached, or not serve: certainly nothing happened.
pub fn unavailable(reason: impl ToString) -> Outcome {
    Outcome::Fail(Failure::Unavailable(reason.to_string()))
}

/// The store served the call and declined it.
pub fn declined(reason: impl ToString) -> Outcome {
    Outcome::Fail(Failure::Declined(reason.to_string()))
}

/// A sent call that was not answered as it should be: nothing a read does can happen later, and
/// what else it was may have happened.
pub fn in_doubt(call: &Call, reason: impl ToString) -> Outcome {
    match call.is_read() {
        true => unavailable(reason),
        false => Outcome::Info(reason.to_string()),
    }
}

/// The target has no such operation.
pub fn unsupported(call: &Call) -> Outcome {
    declined(format!("this target has no operation for `{}`", call.f()))
}
