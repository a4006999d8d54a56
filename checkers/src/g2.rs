//! Predicates and inserts: Adya's phenomenon G2.
//!
//! After Jepsen's `adya` test. For each key two transactions look for rows that match a predicate,
//! each in its own and the other's table, and insert one if there is none. Serializable, at most
//! one of the two can insert: had both, each would have overwritten the predicate read of the
//! other, a cycle of two anti-dependencies (Adya 1999, G2). Snapshot isolation allows it. What the
//! transactions read is not recorded, and need not be.

use rustc_hash::FxHashMap;
use serde_json::json;

use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::intern::{Interner, ValueId};
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType};

pub const FUNCTIONS: &[&str] = &["insert"];

/// Index and time of a completion.
type Moment = (u64, Option<i64>);

/// Judges pairs of guarded inserts. `insert` carries the key, or `[key ids]` as Jepsen has it.
#[derive(Default)]
pub struct GuardedInserts {
    pending: Pending<()>,
    keys: Interner,
    /// By key: the inserts that were acknowledged, and attempts.
    inserted: FxHashMap<ValueId, Vec<Moment>>,
    attempts: FxHashMap<ValueId, u64>,
    succeeded: u64,
}

impl GuardedInserts {
    pub fn new(_params: &Params) -> GuardedInserts {
        GuardedInserts::default()
    }

    fn key(&mut self, op: &Op) -> Result<ValueId, OpError> {
        let key = match (&op.key, op.value.as_items()) {
            (Some(key), _) => key,
            (None, Some([key, _])) => key,
            (None, None) => &op.value,
            _ => {
                let problem = format!("an insert carries {}", op.value);
                return Err(OpError::new(op, problem, "a key, or [key ids]"));
            }
        };
        Ok(self.keys.intern(key))
    }
}

impl Checker for GuardedInserts {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        if !FUNCTIONS.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, FUNCTIONS));
        }
        if op.kind == OpType::Invoke {
            let key = self.key(op)?;
            self.pending.invoke(op, process, ())?;
            *self.attempts.entry(key).or_default() += 1;
            return Ok(());
        }
        self.pending.completed_by(op, process)?;
        if op.kind == OpType::Ok {
            let key = self.key(op)?;
            self.inserted
                .entry(key)
                .or_default()
                .push((op.index, op.time));
        }
        // That one was refused is how it should be.
        self.succeeded += u64::from(op.kind != OpType::Info);
        self.pending.close(op, process);
        Ok(())
    }

    fn finish(self: Box<Self>, _budget: &Budget) -> Report {
        let mut report = Report::new("g2", "at most one insert for each predicate");
        let mut both: Vec<(&ValueId, &Vec<Moment>)> = self
            .inserted
            .iter()
            .filter(|(_, inserts)| inserts.len() > 1)
            .collect();
        both.sort_by_key(|(_, inserts)| inserts[0].0);
        report.figure("keys", self.attempts.len());
        report.figure("legal", self.inserted.len() - both.len());
        report.figure("illegal", both.len());
        let told = both.iter().take(Report::FINDINGS_MAX).map(|(key, inserts)| {
            let moments: Vec<String> = inserts.iter().map(|(i, t)| when(*i, *t)).collect();
            let key = self.keys.value(**key);
            Finding {
                anomaly: "G2",
                summary: format!(
                    "{} inserts for key {key} were acknowledged, {}: each had looked for the row \
                     of the others and found none",
                    inserts.len(),
                    moments.join(" and ")
                ),
                ops: inserts.iter().map(|(index, _)| *index).collect(),
                time: inserts.last().and_then(|(_, time)| *time),
                details: json!({ "key": story::json(key), "inserts": inserts.len() }),
            }
        });
        report.findings = told.collect();
        if !report.findings.is_empty() {
            report.validity = Validity::Invalid;
        } else if self.succeeded == 0 {
            report.doubt(NOTHING_TESTED);
        } else if self.attempts.values().all(|attempts| *attempts < 2) {
            report.doubt("no key was tried twice: nothing could go wrong");
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Value;
    use crate::recording::{Recording, anomalies, ints};

    fn pair(key: i64, id: i64) -> Value {
        Value::List(vec![Value::Int(key), ints(&[id])])
    }

    #[test]
    fn one_of_two_inserts_is_fine_and_both_are_not() {
        let mut recording = Recording::default();
        recording.invoke(0, "insert", pair(1, 1));
        recording.invoke(1, "insert", pair(1, 2));
        recording.ok(0, "insert", pair(1, 1));
        recording.fail(1, "insert", pair(1, 2));
        assert_eq!(recording.check("g2").validity, Validity::Valid);
        recording.call(0, "insert", pair(2, 3));
        recording.call(1, "insert", pair(2, 4));
        let report = recording.check("g2");
        assert_eq!(anomalies(&report), ["G2"]);
        assert_eq!(report.figures["legal"], 1);
        assert_eq!(report.findings[0].ops, [5, 7]);
        let summary = &report.findings[0].summary;
        assert!(
            summary.contains("key 2") && summary.contains("0.005 s and at 0.007 s"),
            "{summary}"
        );
    }

    #[test]
    fn what_was_not_tried_is_unknown() {
        let mut recording = Recording::default();
        assert_eq!(recording.check("g2").validity, Validity::Unknown);
        recording.call(0, "insert", Value::Int(1));
        let why = recording.check("g2").unknown.expect("a reason");
        assert!(why.contains("twice"), "{why}");
    }
}
