//! Objects whose steps are not determined: an operation may lead to one of several states.
//!
//! The usual subset construction: a state of [`Powerset`] is the set of states the object may be
//! in, which makes it deterministic, so that one search serves both (Athalye's Porcupine does
//! likewise).

use std::collections::BTreeSet;
use std::hash::Hash;

use crate::linearizable::model::Model;

/// A sequential object that may choose.
pub trait Nondeterministic {
    type State: Clone + Ord + Hash;
    /// As [`Model::Op`].
    type Op: Clone + Eq + Hash;

    fn init(&self) -> Self::State;

    /// Every state that `op` may lead to from `state`; none where it cannot have had its result.
    fn steps(&self, state: &Self::State, op: &Self::Op) -> Vec<Self::State>;
}

/// The deterministic model of a non-deterministic one.
#[derive(Debug, Clone, Copy)]
pub struct Powerset<N>(pub N);

impl<N: Nondeterministic> Model for Powerset<N> {
    type State = BTreeSet<N::State>;
    type Op = N::Op;

    fn init(&self) -> BTreeSet<N::State> {
        BTreeSet::from([self.0.init()])
    }

    fn step(&self, states: &BTreeSet<N::State>, op: &N::Op) -> Option<BTreeSet<N::State>> {
        let after: BTreeSet<N::State> = states
            .iter()
            .flat_map(|state| self.0.steps(state, op))
            .collect();
        (!after.is_empty()).then_some(after)
    }
}
