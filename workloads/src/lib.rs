//! What clients do to a store under test: the calls they make, the generators that draw them from
//! a seed, the reads that close a run, and which checker judges the result.
//!
//! A workload knows no process, no socket and no target. Adding one means one new file and one row
//! in [`WORKLOADS`].
#![forbid(unsafe_code)]

pub mod bank;
pub mod call;
pub mod counter;
pub mod list_append;
pub mod lock;
pub mod outcome;
pub mod queue;
pub mod register;
pub mod set;
mod workload;

pub use call::{Call, Step, ints};
pub use outcome::{Failure, Outcome};
pub use workload::{Claim, WORKLOADS, Workload, WorkloadKind, workload_named};
