//! Transactions that append to lists and read them.
//!
//! After Jepsen's `list-append` (Kingsbury & Alvaro, *Elle*, VLDB 2020): a list shows in which
//! order its elements were appended, so that reads give away how transactions depend on each other.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;

use crate::call::{Call, Step};
use crate::workload::{Claim, Workload};

/// How lists are laid over the transactions.
#[derive(Debug, Clone)]
pub struct Lists {
    /// Lists in use at a time.
    pub active_keys: i64,
    /// Transactions after which the lists in use are replaced by fresh ones, to keep them short.
    pub txns_per_generation: u64,
    /// Steps of a transaction at the most.
    pub steps_max: usize,
}

impl Default for Lists {
    fn default() -> Lists {
        Lists {
            active_keys: 6,
            txns_per_generation: 300,
            steps_max: 4,
        }
    }
}

impl Lists {
    fn keys_from(&self, n: u64) -> i64 {
        (n / self.txns_per_generation) as i64 * self.active_keys
    }
}

impl Workload for Lists {
    fn setup(&self) -> Vec<Call> {
        Vec::new()
    }

    fn call(&self, n: u64) -> BoxedStrategy<Call> {
        let first = self.keys_from(n);
        let unique = n as i64 * self.steps_max as i64;
        let step = (0..self.active_keys, any::<bool>());
        vec(step, 1..=self.steps_max)
            .prop_map(move |steps| {
                let step = |(element, (key, read)): (i64, (i64, bool))| match read {
                    true => Step::Read { key: first + key },
                    false => Step::Append {
                        key: first + key,
                        element,
                    },
                };
                let ops = (unique..).zip(steps).map(step).collect();
                Call::Txn { ops }
            })
            .boxed()
    }

    fn final_reads(&self, issued: u64) -> Vec<Call> {
        // The lists of the last two generations: earlier ones were read by hundreds since.
        let end = self.keys_from(issued.saturating_sub(1)) + self.active_keys;
        let begin = (end - 2 * self.active_keys).max(0);
        (begin..end).map(read).collect()
    }

    fn probe(&self) -> Call {
        read(0)
    }

    fn claim(&self) -> Claim {
        Claim::of("list-append")
    }
}

fn read(key: i64) -> Call {
    Call::Txn {
        ops: vec![Step::Read { key }],
    }
}
