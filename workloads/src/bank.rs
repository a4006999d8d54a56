//! The bank: money moves between accounts, and its total stays what it was.
//!
//! After Jepsen's `bank` test. A store that runs a transfer as one serializable transaction can
//! never show a total other than the opening one; one that tears a transfer apart, or loses half of
//! it, does.

use proptest::prelude::*;
use proptest::strategy::BoxedStrategy;

use crate::call::Call;
use crate::workload::{Claim, Workload};

/// Sizes of the bank. Balances are small so that transfers run out of funds now and then: a store
/// that forgets to check shows a negative balance.
#[derive(Debug, Clone)]
pub struct Bank {
    pub accounts: i64,
    pub opening_balance: i64,
    pub transfer_max: i64,
}

impl Default for Bank {
    fn default() -> Bank {
        Bank {
            accounts: 8,
            opening_balance: 10,
            transfer_max: 5,
        }
    }
}

impl Bank {
    fn read_all(&self) -> Call {
        Call::ReadAccounts {
            accounts: self.accounts,
        }
    }
}

impl Workload for Bank {
    fn setup(&self) -> Vec<Call> {
        vec![Call::OpenAccounts {
            accounts: self.accounts,
            balance: self.opening_balance,
        }]
    }

    fn call(&self, _n: u64) -> BoxedStrategy<Call> {
        let accounts = self.accounts;
        // `to` is drawn from the others: a transfer to oneself tests nothing.
        let transfer = (0..accounts, 1..accounts, 1..=self.transfer_max).prop_map(
            move |(from, step, amount)| Call::Transfer {
                from,
                to: (from + step) % accounts,
                amount,
            },
        );
        prop_oneof![3 => transfer, 1 => Just(self.read_all())].boxed()
    }

    fn final_reads(&self, _issued: u64) -> Vec<Call> {
        vec![self.read_all()]
    }

    fn probe(&self) -> Call {
        self.read_all()
    }

    fn claim(&self) -> Claim {
        Claim {
            model: "bank",
            total: Some(self.accounts * self.opening_balance),
        }
    }
}
