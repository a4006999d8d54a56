//! A counter: no acknowledged increment is lost.
//!
//! After Jepsen's `counter` test.

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;

use crate::call::Call;
use crate::workload::{Claim, Workload};

/// One counter.
#[derive(Debug, Clone)]
pub struct Counter;

/// The largest increment.
const BY_MAX: i64 = 5;

impl Workload for Counter {
    fn setup(&self) -> Vec<Call> {
        Vec::new()
    }

    fn call(&self, _n: u64) -> BoxedStrategy<Call> {
        let increment = (1..=BY_MAX).prop_map(|by| Call::Increment { by });
        prop_oneof![4 => increment, 1 => Just(Call::ReadCounter)].boxed()
    }

    fn final_reads(&self, _issued: u64) -> Vec<Call> {
        vec![Call::ReadCounter]
    }

    fn probe(&self) -> Call {
        Call::ReadCounter
    }

    fn claim(&self) -> Claim {
        Claim::of("counter-bounds")
    }
}
