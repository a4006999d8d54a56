//! The bank: accounts whose balances always add up to the same total.
//!
//! After Jepsen's `bank` test. A transfer moves money in one transaction, a read sees all accounts
//! in one transaction, so under snapshot isolation or stronger every read sees the opening total.
//! The total is checked per read, in one pass and constant memory per call.

mod balances;

use serde_json::json;

use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::history::Pairing;
use crate::report::{Finding, Report, Validity};
use crate::story::when;
use crate::{Op, OpType, Value};
use balances::{Balances, account_number, head, listed};

pub const FUNCTIONS: &[&str] = &["read", "transfer", "open"];

/// Judges a bank.
///
/// `open` takes `{:accounts n :balance b}` and opens accounts `0..n`; `transfer` takes
/// `{:from a :to b :amount n}`; an ok `read` carries a map from account to balance. Accounts are
/// integers, written as numbers or as text.
pub struct Bank {
    total: Option<(i64, TotalFrom)>,
    accounts: Option<Vec<i64>>,
    opened: Opening,
    negative_balances: bool,
    pairing: Pairing,
    calls: Vec<Call>,
    transfers: Ends,
    reads: Ends,
    reads_before_opening: u64,
    /// By [`ANOMALIES`].
    bad: [Bad; ANOMALIES.len()],
}

/// Where the total comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TotalFrom {
    Given,
    Opening,
    FirstRead,
}

/// Whether the accounts are there for sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// The history has no `open`: they were there before it.
    Before,
    Begun,
    /// Acknowledged.
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Read,
    Transfer,
    Open,
}

#[derive(Debug, Clone, Copy)]
struct Call {
    function: Function,
    index: u64,
    /// Whether the accounts were there for sure when it began.
    opened: bool,
}

/// Calls by how they ended; those without completion count as indefinite.
#[derive(Debug, Default, Clone, Copy)]
struct Ends {
    invoked: u64,
    ok: u64,
    failed: u64,
}

impl Ends {
    fn figures(self) -> serde_json::Value {
        json!({
            "ok": self.ok,
            "failed": self.failed,
            "indefinite": self.invoked - self.ok - self.failed,
        })
    }
}

/// What can be wrong with a read, most telling first.
const ANOMALIES: [&str; 4] = [
    "wrong-total",
    "negative-balance",
    "missing-account",
    "unexpected-account",
];

/// Reads with one thing wrong.
#[derive(Debug, Default, Clone)]
struct Bad {
    count: u64,
    first: Option<Finding>,
    /// For wrong totals: the difference farthest from zero.
    worst: i128,
}

impl Bank {
    pub fn new(params: &Params) -> Bank {
        Bank {
            total: params.total.map(|total| (total, TotalFrom::Given)),
            accounts: None,
            opened: Opening::Before,
            negative_balances: params.negative_balances,
            pairing: Pairing::new(),
            calls: Vec::new(),
            transfers: Ends::default(),
            reads: Ends::default(),
            reads_before_opening: 0,
            bad: Default::default(),
        }
    }

    fn invoke(&mut self, op: &Op) -> Result<(), OpError> {
        let (function, opening) = match op.f.as_ref() {
            "read" => (Function::Read, None),
            "transfer" => {
                check_transfer(op)?;
                (Function::Transfer, None)
            }
            _ => (Function::Open, Some(opening(op)?)),
        };
        self.pairing
            .push(op)
            .map_err(|error| OpError::misplaced(op, &error))?;
        match function {
            Function::Read => self.reads.invoked += 1,
            Function::Transfer => self.transfers.invoked += 1,
            Function::Open => {}
        }
        if let Some((accounts, balance)) = opening {
            self.opened = Opening::Begun;
            self.accounts = Some((0..accounts).collect());
            if !matches!(self.total, Some((_, TotalFrom::Given))) {
                self.total = Some((accounts.saturating_mul(balance), TotalFrom::Opening));
            }
        }
        self.calls.push(Call {
            function,
            index: op.index,
            opened: self.opened != Opening::Begun,
        });
        Ok(())
    }

    fn complete(&mut self, op: &Op, process: i64) -> Result<(), OpError> {
        let Some(call) = self.pairing.open_call(process) else {
            self.pairing
                .push(op)
                .map_err(|error| OpError::misplaced(op, &error))?;
            return Ok(());
        };
        let call = self.calls[call];
        let is_read = call.function == Function::Read && op.kind == OpType::Ok;
        let balances = is_read.then(|| Balances::of(op)).transpose()?;
        self.pairing
            .push(op)
            .map_err(|error| OpError::misplaced(op, &error))?;
        let ends = match call.function {
            Function::Read => &mut self.reads,
            Function::Transfer => &mut self.transfers,
            Function::Open => {
                if op.kind == OpType::Ok {
                    self.opened = Opening::Done;
                }
                return Ok(());
            }
        };
        match op.kind {
            OpType::Ok => ends.ok += 1,
            OpType::Fail => ends.failed += 1,
            OpType::Info | OpType::Invoke => {}
        }
        if let Some(balances) = balances {
            self.judge(op, call, &balances);
        }
        Ok(())
    }

    fn judge(&mut self, op: &Op, call: Call, balances: &Balances) {
        if balances.is_empty() && !call.opened {
            self.reads_before_opening += 1;
            return;
        }
        let accounts = self
            .accounts
            .get_or_insert_with(|| balances.by_account.keys().copied().collect());
        let missing: Vec<i64> = accounts
            .iter()
            .filter(|account| {
                balances
                    .by_account
                    .get(account)
                    .copied()
                    .flatten()
                    .is_none()
            })
            .copied()
            .collect();
        let unexpected: Vec<i64> = balances
            .by_account
            .keys()
            .filter(|account| !accounts.contains(account))
            .copied()
            .collect();
        let negative: Vec<i64> = balances
            .by_account
            .iter()
            .filter(|(_, balance)| balance.is_some_and(|b| b < 0))
            .map(|(account, _)| *account)
            .collect();
        // Accounts that are not as they should be explain a wrong total.
        let is_whole = missing.is_empty() && unexpected.is_empty();
        if is_whole {
            self.judge_total(op, call, balances);
        }
        let negative = if self.negative_balances {
            Vec::new()
        } else {
            negative
        };
        let odd = [
            (1, "saw a negative balance in", negative, ""),
            (2, "did not see", missing, ""),
            (3, "saw", unexpected, ", which nobody opened"),
        ];
        for (anomaly, verb, accounts, rest) in odd {
            if !accounts.is_empty() {
                let what = format!("{verb} {}{rest}", listed(&accounts));
                let details = json!({ "accounts": head(&accounts) });
                self.record(anomaly, op, call, balances, what, details);
            }
        }
    }

    fn judge_total(&mut self, op: &Op, call: Call, balances: &Balances) {
        let total = balances.total();
        let first = i64::try_from(total).unwrap_or(i64::MAX);
        let (expected, _) = *self.total.get_or_insert((first, TotalFrom::FirstRead));
        let difference = total - i128::from(expected);
        if difference == 0 {
            return;
        }
        let what = format!(
            "saw a total of {total} where {expected} must be: {} {}",
            difference.abs(),
            if difference < 0 {
                "is missing"
            } else {
                "too much"
            }
        );
        let details = json!({
            "total": total.to_string(),
            "expected": expected,
            "difference": difference.to_string(),
        });
        self.record(0, op, call, balances, what, details);
        let worst = &mut self.bad[0].worst;
        if difference.abs() > worst.abs() {
            *worst = difference;
        }
    }

    fn record(
        &mut self,
        anomaly: usize,
        op: &Op,
        call: Call,
        balances: &Balances,
        what: String,
        mut details: serde_json::Value,
    ) {
        let bad = &mut self.bad[anomaly];
        bad.count += 1;
        if bad.first.is_some() {
            return;
        }
        details["read"] = balances.json();
        let at = when(op.index, op.time);
        bad.first = Some(Finding {
            anomaly: ANOMALIES[anomaly],
            summary: format!("the read {at} by process {} {what}", op.process),
            ops: vec![call.index, op.index],
            time: op.time,
            details,
        });
    }
}

impl Checker for Bank {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        if function_named(&op.f).is_none() {
            return Err(OpError::unknown_function(op, FUNCTIONS));
        }
        if let Some(key) = &op.key {
            let problem = format!("a bank operation is about the key {key}");
            return Err(OpError::new(
                op,
                problem,
                "one bank, without independent keys",
            ));
        }
        if op.kind == OpType::Invoke {
            self.invoke(op)
        } else {
            self.complete(op, process)
        }
    }

    fn finish(self: Box<Self>, _budget: &Budget) -> Report {
        let promise = match self.total {
            Some((total, _)) => format!("a bank whose total is always {total}"),
            None => "a bank whose total never changes".to_owned(),
        };
        let mut report = Report::new("bank", promise);
        report.warn(self.pairing.warnings());
        report.figure("transfers", self.transfers.figures());
        report.figure("reads", self.reads.figures());
        report.figure("reads_before_opening", self.reads_before_opening);
        if let Some((total, from)) = self.total {
            report.figure("total", total);
            report.figure("total_from", from.name());
        }
        for (name, bad) in ANOMALIES.into_iter().zip(self.bad) {
            report.figure(name, bad.count);
            if let Some(mut finding) = bad.first {
                if bad.count > 1 {
                    finding.summary += &format!("; {} reads are wrong in this way", bad.count);
                }
                finding.details["count"] = bad.count.into();
                if bad.worst != 0 {
                    finding.details["worst_difference"] = bad.worst.to_string().into();
                }
                report.findings.push(finding);
                report.validity = Validity::Invalid;
            }
        }
        if self.reads.ok + self.transfers.ok == 0 {
            report.doubt(NOTHING_TESTED);
        } else if self.reads.ok == self.reads_before_opening {
            report.doubt("no read of the open accounts succeeded: their total was never seen");
        }
        report
    }
}

impl TotalFrom {
    fn name(self) -> &'static str {
        match self {
            TotalFrom::Given => "given",
            TotalFrom::Opening => "the opening of the accounts",
            TotalFrom::FirstRead => "the first read",
        }
    }
}

fn function_named(f: &str) -> Option<Function> {
    match f {
        "read" => Some(Function::Read),
        "transfer" => Some(Function::Transfer),
        "open" => Some(Function::Open),
        _ => None,
    }
}

fn check_transfer(op: &Op) -> Result<(), OpError> {
    let account = |name| op.value.get(name).and_then(account_number);
    let amount = op.value.get("amount").and_then(Value::as_int);
    if account("from").is_some() && account("to").is_some() && amount.is_some() {
        return Ok(());
    }
    let problem = format!("the arguments of a transfer are {}", op.value);
    Err(OpError::new(
        op,
        problem,
        "{:from account, :to account, :amount n}",
    ))
}

/// Accounts the `open` operation of a history may name.
const ACCOUNTS_MAX: i64 = 1 << 20;

/// How many accounts are opened, and the balance of each.
fn opening(op: &Op) -> Result<(i64, i64), OpError> {
    let field = |name| op.value.get(name).and_then(Value::as_int);
    match (field("accounts"), field("balance")) {
        (Some(accounts @ 0..=ACCOUNTS_MAX), Some(balance)) => Ok((accounts, balance)),
        _ => {
            let problem = format!("the arguments of an open are {}", op.value);
            let expected = format!("{{:accounts n, :balance b}}, n at most {ACCOUNTS_MAX}");
            Err(OpError::new(op, problem, expected))
        }
    }
}

#[cfg(test)]
mod tests;
