//! Histories written down by tests, an event a millisecond.

use crate::budget::Budget;
use crate::checker::{OpError, Params, model_named};
use crate::report::{Finding, Report};
use crate::{Op, OpType, Process, Value};

/// A history in the making. Indices count from 0; event `i` is at `i` milliseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recording {
    pub ops: Vec<Op>,
}

impl Recording {
    pub fn event(
        &mut self,
        process: Process,
        kind: OpType,
        f: &'static str,
        value: impl Into<Value>,
    ) -> &mut Op {
        let index = self.ops.len() as u64;
        self.ops.push(Op {
            index,
            time: Some(index as i64 * 1_000_000),
            kind,
            process,
            f: f.into(),
            value: value.into(),
            key: None,
            node: None,
            error: None,
        });
        let last = self.ops.len() - 1;
        &mut self.ops[last]
    }

    pub fn invoke(&mut self, process: i64, f: &'static str, value: impl Into<Value>) -> &mut Op {
        self.event(Process::Client(process), OpType::Invoke, f, value)
    }

    pub fn ok(&mut self, process: i64, f: &'static str, value: impl Into<Value>) -> &mut Op {
        self.event(Process::Client(process), OpType::Ok, f, value)
    }

    pub fn fail(&mut self, process: i64, f: &'static str, value: impl Into<Value>) -> &mut Op {
        self.event(Process::Client(process), OpType::Fail, f, value)
    }

    pub fn info(&mut self, process: i64, f: &'static str, value: impl Into<Value>) -> &mut Op {
        self.event(Process::Client(process), OpType::Info, f, value)
    }

    /// A call that nothing overlaps.
    pub fn call(&mut self, process: i64, f: &'static str, value: impl Into<Value> + Clone) {
        self.invoke(
            process,
            f,
            if f == "read" {
                Value::Nil
            } else {
                value.clone().into()
            },
        );
        self.ok(process, f, value);
    }

    pub fn try_check(&self, model: &str, params: &Params) -> Result<Report, OpError> {
        let kind = model_named(model).expect("a model of the table");
        let mut checker = kind.checker(params);
        for op in &self.ops {
            checker.push(op)?;
        }
        Ok(checker.finish(&Budget::unlimited()))
    }

    pub fn check(&self, model: &str) -> Report {
        self.try_check(model, &Params::default())
            .expect("a readable history")
    }
}

/// The anomalies of a report in its order.
pub(crate) fn anomalies(report: &Report) -> Vec<&'static str> {
    report
        .findings
        .iter()
        .map(|finding| finding.anomaly)
        .collect()
}

/// The events of the minimal part of a finding, and whether none of them can be left out.
pub(crate) fn minimal(finding: &Finding) -> Option<(Vec<u64>, bool)> {
    let minimal = finding.details.get("minimal")?;
    let ops = minimal["ops"].as_array()?.iter();
    let ops = ops.map(|op| op.as_u64()).collect::<Option<Vec<u64>>>()?;
    Some((ops, minimal["is_least"].as_bool()?))
}

pub(crate) fn ints(items: &[i64]) -> Value {
    Value::List(items.iter().map(|n| Value::Int(*n)).collect())
}

/// Histories of each simulated store that a test judges: as many as usual, or what
/// `FAULTBENCH_PLANTED_SEEDS` says.
pub(crate) fn planted_seeds(usual: u64) -> u64 {
    let asked = std::env::var("FAULTBENCH_PLANTED_SEEDS").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(usual)
}
