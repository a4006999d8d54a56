//! Linearizability (Herlihy & Wing, *Linearizability: a correctness condition for concurrent
//! objects*, TOPLAS 1990): every operation seems to take effect at one instant between its
//! invocation and its completion.
//!
//! The property is local (theorem 1 there), so every key is decided alone, by the cheapest sound
//! method: a [direct one](vocabulary::Vocabulary::decide) where the object has one for such
//! histories, else the [`search`]. Keys are shared out over the threads of the budget.
//!
//! For the same objects, [sequential consistency](sequential) asks for one order of all that keeps
//! that of each process.

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
mod process_order;
pub mod register;
pub mod search;
mod sequential;
mod summary;
pub mod vocabulary;
pub mod zones;

use crate::Op;
use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::lattice::Model as Consistency;
use crate::report::Report;
use calls::Calls;
use judge::Judge;
use vocabulary::Vocabulary;

pub use register::{CAS_REGISTER_FUNCTIONS, REGISTER_FUNCTIONS};

/// Judges objects of one kind, one for each key.
pub struct Linearizable<V: Vocabulary> {
    calls: Calls<V>,
    witness: bool,
    /// Asked for sequential consistency instead.
    sequential: bool,
    /// Judges what follows from that, until it meets an event it cannot take.
    follows: Option<Box<dyn Checker>>,
}

impl<V: Vocabulary> Linearizable<V> {
    /// Judges by sequential consistency if [`Params::consistency`] is that alone.
    pub fn new(vocabulary: V, params: &Params) -> Linearizable<V> {
        let sequential = params.consistency == [Consistency::Sequential];
        let follows = sequential.then(|| vocabulary.before_sequential(params));
        Linearizable {
            follows: follows.flatten(),
            calls: Calls::new(vocabulary, params),
            witness: params.witness,
            sequential,
        }
    }
}

impl<V: Vocabulary> Checker for Linearizable<V> {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        self.calls.push(op)?;
        if let Some(follows) = &mut self.follows
            && follows.push(op).is_err()
        {
            self.follows = None;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, budget: &Budget) -> Report {
        let follows = self.follows.take();
        let object = self.calls.vocabulary.object();
        let mut report = match self.sequential {
            false => Report::new("linearizable", format!("a linearizable {object}")),
            true => Report::new("sequential", format!("a sequentially consistent {object}")),
        };
        report.warn(self.calls.pairing.warnings());
        let judge = Judge::new(&self.calls, budget, self.witness);
        let outcomes = judge.decide();
        report.figure("calls", self.calls.calls.len());
        report.figure("ok", self.calls.succeeded);
        report.figure("keys", outcomes.len());
        match self.sequential {
            false => judge.conclude(&outcomes, &mut report),
            true => {
                let rule_out = || follows.map(|follows| follows.finish(budget));
                sequential::conclude(&judge, &outcomes, rule_out, &mut report);
            }
        }
        if self.calls.succeeded == 0 {
            report.doubt(NOTHING_TESTED);
        }
        report
    }
}

#[cfg(test)]
mod tests;
