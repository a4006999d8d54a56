//! What an object is, to the general search: states and the steps between them.
//!
//! # A model of your own
//!
//! ```
//! use faultbench_checkers::budget::Budget;
//! use faultbench_checkers::linearizable::model::{Decision, Interval, Model};
//! use faultbench_checkers::linearizable::search::Search;
//!
//! /// A light with a switch that tells whether the light is on now.
//! struct Light;
//!
//! impl Model for Light {
//!     type State = bool;
//!     type Op = bool;
//!
//!     fn init(&self) -> bool {
//!         false
//!     }
//!
//!     fn step(&self, on: &bool, told: &bool) -> Option<bool> {
//!         (*told != *on).then_some(*told)
//!     }
//! }
//!
//! let op = |op, start, finish| Interval { op, start, finish };
//! let mut decide = |ops: &[Interval<bool>]| {
//!     Search::new(&Light, ops).run(&mut Budget::unlimited().meter())
//! };
//! assert_eq!(decide(&[op(false, 1, 4), op(true, 2, 3)]), Ok(Decision::Linearizable));
//! assert!(matches!(decide(&[op(false, 1, 2), op(true, 3, 4)]), Ok(Decision::Impossible(_))));
//! ```
//!
//! An object whose steps lead to one of several states is a [`Nondeterministic`](super::powerset)
//! model; one whose states are large is wrapped in [`Interned`](super::interned). To check recorded
//! histories with it, give it a [`Vocabulary`](super::vocabulary::Vocabulary).

use std::hash::Hash;

/// A sequential object. Its operations carry their results, so that a step either explains one or
/// is impossible.
pub trait Model {
    type State: Clone + Eq + Hash;
    /// A call with its result. Two equal operations must be interchangeable: the search takes
    /// pending equal operations in the order of their deadlines.
    type Op: Clone + Eq + Hash;

    fn init(&self) -> Self::State;

    /// The state after `op` in `state`, or `None` where `op` cannot have had its result there.
    fn step(&self, state: &Self::State, op: &Self::Op) -> Option<Self::State>;

    /// Whether `op` never changes any state. Such an operation is placed as soon as it fits.
    fn reads_only(&self, _op: &Self::Op) -> bool {
        false
    }

    /// Whether `op` is possible in every state and leads to the same one from all of them: a blind
    /// write. What it follows directly is then as if it had never been.
    fn overwrites(&self, _op: &Self::Op) -> bool {
        false
    }

    /// Memory the model itself holds by now, beside the states the search holds.
    fn bytes(&self) -> u64 {
        0
    }
}

/// The finish of an operation that may take effect at any time after its start, or never.
pub const NEVER: u32 = u32::MAX;

/// An operation between two events of a history, numbered by their order: no two are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval<O> {
    pub op: O,
    /// Position of the invocation.
    pub start: u32,
    /// Position of the completion, or [`NEVER`] for an indefinite operation.
    pub finish: u32,
}

impl<O> Interval<O> {
    pub fn is_indefinite(&self) -> bool {
        self.finish == NEVER
    }
}

/// The answer of a decision procedure about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<E> {
    Linearizable,
    /// Not linearizable, with what shows it.
    Impossible(E),
}

/// Whether the order explains every definite operation: by the model, in real time, each once.
pub fn replays<M: Model>(model: &M, ops: &[Interval<M::Op>], order: &[u32]) -> bool {
    let mut state = model.init();
    let mut latest_start = 0;
    let mut placed = vec![false; ops.len()];
    for &i in order {
        let op = &ops[i as usize];
        if op.finish < latest_start || std::mem::replace(&mut placed[i as usize], true) {
            return false;
        }
        latest_start = latest_start.max(op.start);
        match model.step(&state, &op.op) {
            Some(after) => state = after,
            None => return false,
        }
    }
    ops.iter()
        .zip(placed)
        .all(|(op, placed)| placed || op.is_indefinite())
}
