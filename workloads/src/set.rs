//! A growing set: every acknowledged add must be there at the end.
//!
//! After Jepsen's `set` and `set-full` tests. Adds are unique, reads in between date a loss.

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;

use crate::call::Call;
use crate::workload::{Claim, Workload};

/// One set, element `n` added by operation `n`. Reads grow with the set, so they are rare.
#[derive(Debug, Clone)]
pub struct GrowingSet;

const ADDS_PER_READ: u32 = 40;

impl Workload for GrowingSet {
    fn setup(&self) -> Vec<Call> {
        Vec::new()
    }

    fn call(&self, n: u64) -> BoxedStrategy<Call> {
        prop_oneof![
            ADDS_PER_READ => Just(Call::Add { element: n as i64 }),
            1 => Just(Call::ReadSet)
        ]
        .boxed()
    }

    fn final_reads(&self, _issued: u64) -> Vec<Call> {
        vec![Call::ReadSet]
    }

    fn probe(&self) -> Call {
        Call::ReadSet
    }

    fn claim(&self) -> Claim {
        Claim::of("set")
    }
}
