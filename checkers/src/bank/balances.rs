//! What a read of the bank saw, and how accounts are named in findings.

use std::collections::BTreeMap;

use serde_json::json;

use crate::checker::OpError;
use crate::{Op, Value};

/// Accounts named in one finding.
const ACCOUNTS_LISTED_MAX: usize = 16;

/// One read, lowered.
pub(super) struct Balances {
    pub by_account: BTreeMap<i64, Option<i64>>,
}

impl Balances {
    pub fn of(op: &Op) -> Result<Balances, OpError> {
        let expected = "a map from account numbers to integer balances";
        let wrong = |what: String| OpError::new(op, what, expected);
        let entries: &[(Value, Value)] = match &op.value {
            Value::Map(entries) => entries,
            Value::Nil => &[],
            other => return Err(wrong(format!("a read of the bank returned {other}"))),
        };
        let mut by_account = BTreeMap::new();
        for (account, balance) in entries {
            let number = account_number(account)
                .ok_or_else(|| wrong(format!("{account} is no account number")))?;
            let balance = match balance {
                Value::Nil => None,
                Value::Int(n) => Some(*n),
                other => return Err(wrong(format!("account {number} holds {other}"))),
            };
            if by_account.insert(number, balance).is_some() {
                return Err(wrong(format!("account {number} is in one read twice")));
            }
        }
        Ok(Balances { by_account })
    }

    pub fn total(&self) -> i128 {
        self.by_account
            .values()
            .flatten()
            .map(|b| i128::from(*b))
            .sum()
    }

    pub fn is_empty(&self) -> bool {
        self.by_account.values().all(Option::is_none)
    }

    pub fn json(&self) -> serde_json::Value {
        self.by_account
            .iter()
            .map(|(a, b)| (a.to_string(), json!(b)))
            .collect()
    }
}

pub(super) fn account_number(value: &Value) -> Option<i64> {
    value.as_int().or_else(|| value.as_name()?.parse().ok())
}

pub(super) fn head(accounts: &[i64]) -> &[i64] {
    &accounts[..accounts.len().min(ACCOUNTS_LISTED_MAX)]
}

pub(super) fn listed(accounts: &[i64]) -> String {
    let names: Vec<String> = head(accounts).iter().map(i64::to_string).collect();
    let more = accounts.len() - names.len();
    let noun = if accounts.len() == 1 {
        "account"
    } else {
        "accounts"
    };
    match more {
        0 => format!("{noun} {}", names.join(", ")),
        _ => format!("{noun} {} and {more} more", names.join(", ")),
    }
}
