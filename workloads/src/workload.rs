//! The seam between workloads and the harness, and the table of all of them.

use proptest::strategy::BoxedStrategy;

use crate::call::Call;
use crate::{bank, counter, list_append, lock, queue, register, set};

/// What a workload claims of a store: the checker's model and what it needs to judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The checker's model name, as in `faultbench check --model`.
    pub model: &'static str,
    /// For `bank`: the total every read must see.
    pub total: Option<i64>,
}

impl Claim {
    /// A claim that needs nothing but a model.
    pub fn of(model: &'static str) -> Claim {
        Claim { model, total: None }
    }
}

/// A workload: pure functions of an operation's position, so that leaving one operation out of a
/// plan changes no other.
pub trait Workload: Sync + Send {
    /// Calls that prepare the store before the load, made once each, in order.
    fn setup(&self) -> Vec<Call>;

    /// The generator of the `n`-th call of the load. Values that must be unique derive from `n`.
    fn call(&self, n: u64) -> BoxedStrategy<Call>;

    /// Calls made after the faults are healed, for a load of `issued` calls; each is made through
    /// every node.
    fn final_reads(&self, issued: u64) -> Vec<Call>;

    /// A cheap call that shows that a node serves again, be it by declining.
    fn probe(&self) -> Call;

    fn claim(&self) -> Claim;

    /// Calls a second, all clients together, that suit it.
    fn rate_per_s(&self) -> u32 {
        RATE_PER_S
    }
}

/// What suits most workloads.
const RATE_PER_S: u32 = 400;

/// Names a workload in plans.
#[derive(Debug, Clone, Copy)]
pub struct WorkloadKind {
    pub name: &'static str,
    /// One line for `faultbench list`.
    pub about: &'static str,
    pub build: fn() -> Box<dyn Workload>,
}

/// Every workload there is.
pub const WORKLOADS: &[WorkloadKind] = &[
    WorkloadKind {
        name: "bank",
        about: "transfers between accounts and reads of all; the total never changes",
        build: || Box::new(bank::Bank::default()),
    },
    WorkloadKind {
        name: "counter",
        about: "increments of a counter and reads of it; no acknowledged increment is ever lost",
        build: || Box::new(counter::Counter),
    },
    WorkloadKind {
        name: "list-append",
        about: "transactions of appends to lists and reads of them; strictly serializable",
        build: || Box::new(list_append::Lists::default()),
    },
    WorkloadKind {
        name: "lock",
        about: "locks taken and given back; one holder at a time, or fencing tokens that grow",
        build: || Box::new(lock::Locks),
    },
    WorkloadKind {
        name: "queue",
        about: "elements put into a queue and taken out; what goes in comes out once",
        build: || Box::new(queue::Queue),
    },
    WorkloadKind {
        name: "register",
        about: "reads, writes and compare-and-sets of many registers; each is linearizable",
        build: || Box::new(register::Registers::default()),
    },
    WorkloadKind {
        name: "set",
        about: "adds unique elements and reads them all; no acknowledged add is ever lost",
        build: || Box::new(set::GrowingSet),
    },
];

/// Looks a workload up by name.
pub fn workload_named(name: &str) -> Option<&'static WorkloadKind> {
    WORKLOADS.iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests;
