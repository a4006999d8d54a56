//! Registers: reads, writes and compare-and-sets of keys that come and go.
//!
//! Linearizability is local (Herlihy & Wing, *Linearizability*, 1990, theorem 1), so a run is
//! spread over many short-lived keys: each is small enough to decide, together they keep the store
//! busy. Written values are unique, which makes stale reads unmistakable and the decision
//! polynomial (Gibbons & Korach, *Testing Shared Memories*, 1997).

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;

use crate::call::Call;
use crate::workload::{Claim, Workload};

/// How the keys are laid over the operations.
#[derive(Debug, Clone)]
pub struct Registers {
    /// Keys in use at a time.
    pub active_keys: u64,
    /// Operations after which the set of active keys is replaced by fresh ones.
    pub ops_per_generation: u64,
}

impl Default for Registers {
    fn default() -> Registers {
        Registers {
            active_keys: 4,
            ops_per_generation: 1200,
        }
    }
}

/// A compare-and-set guesses the value written by one of this many operations before it on its key:
/// near enough to succeed often, far enough to fail often.
const CAS_GUESSES: u64 = 4;

impl Registers {
    fn keys_from(&self, n: u64) -> i64 {
        (n / self.ops_per_generation * self.active_keys) as i64
    }
}

impl Workload for Registers {
    fn setup(&self) -> Vec<Call> {
        Vec::new()
    }

    fn call(&self, n: u64) -> BoxedStrategy<Call> {
        let key = self.keys_from(n) + (n % self.active_keys) as i64;
        let unique = n as i64;
        let active_keys = self.active_keys as i64;
        let cas = (1..=CAS_GUESSES as i64).prop_map(move |back| Call::Cas {
            key,
            old: unique - back * active_keys,
            new: unique,
        });
        prop_oneof![
            2 => Just(Call::Read { key }),
            1 => Just(Call::Write { key, value: unique }),
            1 => cas
        ]
        .boxed()
    }

    fn final_reads(&self, issued: u64) -> Vec<Call> {
        // Only the keys written last: earlier ones were read by thousands of operations since.
        let first = self.keys_from(issued.saturating_sub(1));
        (first..first + self.active_keys as i64)
            .map(|key| Call::Read { key })
            .collect()
    }

    fn probe(&self) -> Call {
        Call::Read { key: 0 }
    }

    fn claim(&self) -> Claim {
        Claim::of("cas-register")
    }
}
