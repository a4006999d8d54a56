//! Session guarantees of collections that grow: sets, logs, and lists in transactions.
//!
//! The guarantees are those of [`sessions`](super), and so are the words; what they ask of a read
//! that shows all there is, is in [`rules`]. Elements must be added once to each key.

mod clocks;
mod history;
mod own_order;
mod part;
mod prefix;
mod rules;
mod story;

use super::{Guarantee, minimal};
use crate::Op;
use crate::budget::Budget;
use crate::checker::{self, OpError, Params};
use crate::report::{Finding, Report};
use history::{History, Lowering};

/// Judges collections by one guarantee. `add` or `append` carries an element, an ok `read` all of
/// them; `txn` is a list of `[append key element]` and `[r key elements]`.
pub(crate) struct Growing {
    guarantee: Guarantee,
    /// Reads show an order: lists.
    is_ordered: bool,
    lowering: Lowering,
}

impl Growing {
    pub fn sets(guarantee: Guarantee, params: &Params) -> Growing {
        Growing {
            guarantee,
            is_ordered: false,
            lowering: Lowering::new(params),
        }
    }

    pub fn lists(guarantee: Guarantee, params: &Params) -> Growing {
        Growing {
            is_ordered: true,
            ..Growing::sets(guarantee, params)
        }
    }
}

impl checker::Checker for Growing {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        self.lowering.push(op)
    }

    fn finish(self: Box<Self>, budget: &Budget) -> Report {
        let succeeded = self.lowering.succeeded;
        let history = self.lowering.finish();
        judge(&history, self.guarantee, self.is_ordered, succeeded, budget)
    }
}

fn judge(
    history: &History,
    guarantee: Guarantee,
    is_ordered: bool,
    succeeded: u64,
    budget: &Budget,
) -> Report {
    let object = if is_ordered { "lists" } else { "sets" };
    let mut report = Report::new("sessions", format!("{} {object}", guarantee.name()));
    let misreads = history.misreads.iter().take(Report::FINDINGS_MAX);
    report
        .findings
        .extend(misreads.map(|misread| history.misread(misread)));
    report.figure("sessions", history.sessions());
    report.figure("units", history.units());
    report.figure("misreads", history.misreads.len());
    report.figure("ambiguous_elements", history.ambiguous);
    let found = rules::violations(history, guarantee, is_ordered, &mut budget.meter());
    let exhausted = match found {
        Ok(found) => {
            report.figure("violations", found.len());
            let told = found.iter().take(Report::FINDINGS_MAX);
            let mut told: Vec<Finding> = told.map(|v| history.violation(guarantee, v)).collect();
            minimal::shrink(history, &found, &mut told, budget, |part, meter| {
                rules::violations(part, guarantee, is_ordered, meter)
            });
            report.findings.extend(told);
            None
        }
        Err(exhausted) => Some(exhausted),
    };
    if !report.conclude(succeeded, exhausted) {
        return report;
    }
    if history.ambiguous > 0 {
        report.doubt(format!(
            "{} elements were added more than once: who sees them tells nothing; add unique \
             elements",
            history.ambiguous
        ));
    } else if history.reads.is_empty() {
        report.doubt("no read succeeded: nothing shows what was seen");
    }
    report
}

#[cfg(test)]
mod tests;
