//! A generator of identifiers that never repeats one. After Jepsen's `unique-ids` checker.

use serde_json::{Map, json};

use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::intern::Interner;
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType, Value};

pub const FUNCTIONS: &[&str] = &["generate"];

/// Identifiers listed in the finding.
const IDS_LISTED_MAX: usize = 20;

/// Judges a generator. An ok `generate` carries the identifier.
#[derive(Default)]
pub struct UniqueIds {
    pending: Pending<()>,
    ids: Interner,
    /// By identifier: how often it was given, and the first two times.
    given: Vec<Given>,
    attempted: u64,
    acknowledged: u64,
    range: Option<(Value, Value)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Given {
    times: u64,
    first: u64,
    second: u64,
    time: Option<i64>,
}

impl UniqueIds {
    pub fn new(_params: &Params) -> UniqueIds {
        UniqueIds::default()
    }

    fn give(&mut self, op: &Op) {
        let id = self.ids.intern(&op.value) as usize;
        if self.given.len() <= id {
            self.given.resize(id + 1, Given::default());
        }
        let given = &mut self.given[id];
        given.times += 1;
        match given.times {
            1 => given.first = op.index,
            2 => (given.second, given.time) = (op.index, op.time),
            _ => {}
        }
        let value = || op.value.clone();
        let (least, most) = self.range.get_or_insert_with(|| (value(), value()));
        if op.value < *least {
            *least = value();
        } else if op.value > *most {
            *most = value();
        }
    }
}

impl Checker for UniqueIds {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        if !FUNCTIONS.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, FUNCTIONS));
        }
        if op.kind == OpType::Invoke {
            self.pending.invoke(op, process, ())?;
            self.attempted += 1;
            return Ok(());
        }
        self.pending.completed_by(op, process)?;
        if op.kind == OpType::Ok {
            self.acknowledged += 1;
            self.give(op);
        }
        self.pending.close(op, process);
        Ok(())
    }

    fn finish(self: Box<Self>, _budget: &Budget) -> Report {
        let mut report = Report::new("unique-ids", "identifiers that never repeat");
        let repeated = self.given.iter().zip(0u32..);
        let mut repeated: Vec<(&Given, u32)> = repeated.filter(|(g, _)| g.times > 1).collect();
        repeated.sort_by_key(|(given, _)| given.second);
        report.figure("attempted", self.attempted);
        report.figure("acknowledged", self.acknowledged);
        report.figure("duplicated", repeated.len());
        if let Some((least, most)) = &self.range {
            report.figure("range", vec![story::json(least), story::json(most)]);
        }
        if let Some((first, id)) = repeated.first() {
            let listed = repeated.iter().take(IDS_LISTED_MAX);
            let listed: Map<String, serde_json::Value> = listed
                .map(|(given, id)| (self.ids.value(*id).to_string(), given.times.into()))
                .collect();
            report.findings.push(Finding {
                anomaly: "duplicated",
                summary: format!(
                    "the identifier {} was given {} times, for the second time {}; {} identifiers \
                     were given more than once",
                    self.ids.value(*id),
                    first.times,
                    when(first.second, first.time),
                    repeated.len()
                ),
                ops: vec![first.first, first.second],
                time: first.time,
                details: json!({ "times": listed }),
            });
            report.validity = Validity::Invalid;
        }
        if self.acknowledged == 0 {
            report.doubt(NOTHING_TESTED);
        }
        report
    }
}

#[cfg(test)]
mod tests;
