//! Transactions: what isolation a store kept, from what its clients saw.
//!
//! After Adya's phenomena (1999, 2000) and Elle (Kingsbury & Alvaro, VLDB 2020). Events are lowered
//! to columns as they come; at the end each key yields dependencies between transactions and the
//! anomalies a single key shows; then the cycles of the graph are looked for, and the lattice of
//! models says what all that rules out.

mod axioms;
mod branches;
mod cases;
mod codes;
mod counter_inc;
mod counter_order;
mod history;
mod inference;
mod list_append;
mod list_axioms;
mod lists;
mod minimal;
mod order;
mod part;
mod phenomena;
mod refuted;
mod register;
mod serialization;
mod set_add;
mod sets;
mod story;
mod sums;
mod verdict;
mod versions;
mod vocabulary;

use crate::Op;
use crate::budget::Budget;
use crate::checker::{Checker, OpError, Params};
use crate::lattice::Model;
use crate::report::{Report, Validity};
use crate::value::Value;
use counter_inc::Incs;
use history::History;
use inference::infer;
use list_append::Appends;
use register::Writes;
use set_add::Adds;
use verdict::Evidence;
pub use versions::Assume;
use vocabulary::Vocabulary;

pub const FUNCTIONS: &[&str] = &["txn"];

/// Judges transactions of lists, registers, sets or counters.
///
/// A `txn` carries micro-operations: `[:append k v]`, `[:w k v]`, `[:add k v]` or `[:inc k n]`,
/// and `[:r k nil]`, in whose place an ok completion has what was read.
pub struct Transactions {
    history: History,
    claims: Vec<Model>,
    assume: Assume,
    init: Value,
    /// What registers may hold instead, if nobody writes it.
    assumed: Option<Value>,
}

impl Transactions {
    /// Lists that grow, and are nil or empty before their first element.
    pub fn list_append(params: &Params) -> Transactions {
        Transactions::new(params, Vocabulary::Lists)
    }

    /// Registers, whose values are unique for each key.
    pub fn rw_register(params: &Params) -> Transactions {
        Transactions::new(params, Vocabulary::Registers)
    }

    /// Sets that grow, and are nil or empty before their first element.
    pub fn set_add(params: &Params) -> Transactions {
        Transactions::new(params, Vocabulary::Sets)
    }

    /// Counters that are added to, and `--init` or 0 at first.
    pub fn counter_inc(params: &Params) -> Transactions {
        Transactions::new(params, Vocabulary::Counters)
    }

    fn new(params: &Params, vocabulary: Vocabulary) -> Transactions {
        let mut claims = params.consistency.clone();
        if claims.is_empty() {
            claims.push(match params.sessions_only {
                true => Model::Serializable,
                false => Model::StrictSerializable,
            });
        }
        let init = params.init.clone().unwrap_or_default();
        Transactions {
            history: History::new(vocabulary, params.lenient, params.sessions_only, &init),
            claims,
            assume: params.assume,
            init,
            assumed: params.assumed_init(),
        }
    }
}

impl Checker for Transactions {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        self.history.push(op)
    }

    fn takes_packed(&self) -> bool {
        true
    }

    fn finish(mut self: Box<Self>, budget: &Budget) -> Report {
        let mut report = self.judge(budget);
        if report.validity == Validity::Invalid {
            minimal::shrink(&self.history, &mut report, budget, |ops, budget| {
                self.again(ops, budget)
            });
        }
        report
    }
}

impl Transactions {
    /// What registers hold before they are written.
    fn initial(&mut self) -> Value {
        let assumed = self.assumed.clone().filter(|init| {
            let code = self.history.codes.code(init);
            !self.history.is_written(code)
        });
        assumed.unwrap_or_else(|| self.init.clone())
    }

    fn judge(&mut self, budget: &Budget) -> Report {
        let mut meter = budget.meter();
        let init = self.initial();
        let initial = self.history.codes.code(&init);
        let vocabulary = self.history.vocabulary;
        let inference = match vocabulary {
            Vocabulary::Lists => infer(&self.history, &mut Appends::default(), &mut meter),
            Vocabulary::Registers => {
                let mut rules = Writes::new(initial, self.assume);
                infer(&self.history, &mut rules, &mut meter)
            }
            Vocabulary::Counters => infer(&self.history, &mut Incs::default(), &mut meter),
            Vocabulary::Sets => {
                let mut inference = infer(&self.history, &mut Adds::default(), &mut meter);
                set_add::duplicates(&mut inference);
                inference
            }
        };
        let evidence = Evidence::gather(inference, &self.claims, &init, &mut meter);
        evidence.report(vocabulary.model(), vocabulary.objects())
    }

    /// The report on other events of the same kind.
    fn again(&self, ops: &[Op], budget: &Budget) -> Report {
        let mut other = Transactions {
            history: History::new(
                self.history.vocabulary,
                true,
                self.history.sessions_only,
                &self.init,
            ),
            claims: self.claims.clone(),
            assume: self.assume,
            init: self.init.clone(),
            assumed: self.assumed.clone(),
        };
        for op in ops {
            if other.push(op).is_err() {
                return Report::new("part", "nothing");
            }
        }
        other.judge(budget)
    }
}

#[cfg(test)]
mod tests;
