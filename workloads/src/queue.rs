//! A queue: what is put in comes out, once.
//!
//! After Jepsen's `total-queue`: what is left at the end is drained, so that every acknowledged
//! element must have come out somewhere.

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;

use crate::call::Call;
use crate::workload::{Claim, Workload};

/// One queue, element `n` put in by operation `n`.
#[derive(Debug, Clone)]
pub struct Queue;

impl Workload for Queue {
    fn setup(&self) -> Vec<Call> {
        Vec::new()
    }

    fn call(&self, n: u64) -> BoxedStrategy<Call> {
        // More goes in than out: a failover finds something to lose.
        prop_oneof![
            3 => Just(Call::Enqueue { element: n as i64 }),
            2 => Just(Call::Dequeue)
        ]
        .boxed()
    }

    fn final_reads(&self, _issued: u64) -> Vec<Call> {
        vec![Call::Drain]
    }

    fn probe(&self) -> Call {
        Call::Dequeue
    }

    fn claim(&self) -> Claim {
        Claim::of("total-queue")
    }
}
