//! Locks that clients take and give back.
//!
//! After Jepsen's lock tests of etcd 3.4.3 (2020). A lock with a lease excludes nobody once its
//! holder lost the lease without knowing it; with fencing tokens that is no violation as long as
//! they grow.

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;

use crate::call::Call;
use crate::workload::{Claim, Workload};

/// A few locks, so that most clients hold one at any time: whichever node is struck, it has
/// holders.
#[derive(Debug, Clone)]
pub struct Locks;

const LOCKS: i64 = 4;

/// Calls a second, and how many acquire for each that releases: holders are to outlast a lease
/// before they give back, and to find others waiting.
const RATE_PER_S: u32 = 24;
const ACQUIRES_PER_RELEASE: u32 = 7;

impl Workload for Locks {
    fn setup(&self) -> Vec<Call> {
        Vec::new()
    }

    fn call(&self, _n: u64) -> BoxedStrategy<Call> {
        let acquire = (0..LOCKS).prop_map(|lock| Call::Acquire { lock });
        let release = (0..LOCKS).prop_map(|lock| Call::Release { lock });
        prop_oneof![ACQUIRES_PER_RELEASE => acquire, 1 => release].boxed()
    }

    fn final_reads(&self, _issued: u64) -> Vec<Call> {
        Vec::new()
    }

    fn probe(&self) -> Call {
        // Whoever asks holds nothing, so a store that serves declines this.
        Call::Release { lock: 0 }
    }

    fn claim(&self) -> Claim {
        Claim::of("lock-safety")
    }

    fn rate_per_s(&self) -> u32 {
        RATE_PER_S
    }
}
