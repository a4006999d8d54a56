//! Linearizability (Herlihy & Wing, *Linearizability: a correctness condition for concurrent
//! objects*, TOPLAS 1990): every operation seems to take effect at one instant between its
//! invocation and its completion.
//!
//! The property is local (theorem 1 there), so every key is decided alone, by the cheapest sound
//! method: a [direct one](vocabulary::Vocabulary::decide) where the object has one for such
//! histories, else the [`search`]. Keys are shared out over the threads of the budget.

mod calls;
mod conflict;
mod events;
mod evidence;
mod explain;
pub mod interned;
mod judge;
mod minimal;
pub mod model;
pub mod models;
pub mod powerset;
pub mod register;
pub mod search;
mod summary;
pub mod vocabulary;
pub mod zones;

use crate::Op;
use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::report::Report;
use calls::Calls;
use judge::Judge;
use vocabulary::Vocabulary;

pub use register::{CAS_REGISTER_FUNCTIONS, REGISTER_FUNCTIONS};

/// Judges objects of one kind, one for each key.
pub struct Linearizable<V: Vocabulary> {
    calls: Calls<V>,
    witness: bool,
}

impl<V: Vocabulary> Linearizable<V> {
    pub fn new(vocabulary: V, params: &Params) -> Linearizable<V> {
        Linearizable {
            calls: Calls::new(vocabulary, params),
            witness: params.witness,
        }
    }
}

impl<V: Vocabulary> Checker for Linearizable<V> {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        self.calls.push(op)
    }

    fn finish(self: Box<Self>, budget: &Budget) -> Report {
        let object = self.calls.vocabulary.object();
        let mut report = Report::new("linearizable", format!("a linearizable {object}"));
        report.warn(self.calls.pairing.warnings());
        Judge::new(&self.calls, budget, self.witness).decide_all(&mut report);
        if self.calls.succeeded == 0 {
            report.doubt(NOTHING_TESTED);
        }
        report
    }
}

#[cfg(test)]
mod tests;
