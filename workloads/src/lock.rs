//! A lock that clients take and give back.
//!
//! After Jepsen's lock tests of etcd 3.4.3 (2020). A lock with a lease excludes nobody once its
//! holder lost the lease without knowing it; with fencing tokens that is no violation as long as
//! they grow.

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;

use crate::call::Call;
use crate::workload::{Claim, Workload};

/// One lock for all clients.
#[derive(Debug, Clone)]
pub struct Locks;

const THE_LOCK: i64 = 0;

impl Workload for Locks {
    fn setup(&self) -> Vec<Call> {
        Vec::new()
    }

    fn call(&self, _n: u64) -> BoxedStrategy<Call> {
        let acquire = Just(Call::Acquire { lock: THE_LOCK });
        let release = Just(Call::Release { lock: THE_LOCK });
        prop_oneof![acquire, release].boxed()
    }

    fn final_reads(&self, _issued: u64) -> Vec<Call> {
        Vec::new()
    }

    fn probe(&self) -> Call {
        // Whoever asks holds nothing, so a store that serves declines this.
        Call::Release { lock: THE_LOCK }
    }

    fn claim(&self) -> Claim {
        Claim::of("lock-safety")
    }
}
