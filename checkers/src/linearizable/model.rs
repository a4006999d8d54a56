//! What an object is, to the general search: states and the steps between them.

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
    fn reads_only(&self, op: &Self::Op) -> bool;

    /// Whether `op` is possible in every state and leads to the same one from all of them: a blind
    /// write. What it follows directly is then as if it had never been.
    fn overwrites(&self, op: &Self::Op) -> bool;
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
