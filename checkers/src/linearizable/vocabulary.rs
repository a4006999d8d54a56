//! How histories write the operations of an object: the bridge from events to a [`Model`].

use std::fmt;
use std::hash::Hash;

use crate::Op;
use crate::budget::{Exhausted, Meter};
use crate::checker::{Checker, OpError, Params};
use crate::linearizable::model::{Interval, Model, replays};
use crate::report::Witness;

/// What the calls of a history mean to a model.
///
/// A call is lowered at its invocation and again when its result is known.
pub trait Vocabulary: Send + Sync {
    /// A call with its result.
    type Op: Clone + Eq + Hash + fmt::Debug + Send + Sync;
    type Model: Model<Op = Self::Op>;

    /// Every function it knows.
    fn functions(&self) -> &'static [&'static str];

    /// The object in a sentence: "register".
    fn object(&self) -> &'static str;

    /// The object of one key, before the history.
    fn model(&self) -> Self::Model;

    /// The call an invocation makes, its result not known yet.
    ///
    /// # Errors
    /// The arguments are not ones of its function.
    fn invoked(&mut self, op: &Op) -> Result<Self::Op, OpError>;

    /// The call with the result an `ok` carries; `None` where it tells nothing.
    ///
    /// # Errors
    /// The result is not one of its function.
    fn answered(&mut self, call: &Self::Op, op: &Op) -> Result<Option<Self::Op>, OpError>;

    /// What a `fail` tells: by default nothing, the call had no effect.
    fn refused(&mut self, _call: &Self::Op, _op: &Op) -> Option<Self::Op> {
        None
    }

    /// The call with no known result, if it may have had an effect.
    fn unanswered(&self, call: &Self::Op) -> Option<Self::Op>;

    /// The operation in words: "read of 3".
    fn tell(&self, op: &Self::Op) -> String;

    /// The state in words, after "can only have held".
    fn tell_state(&self, model: &Self::Model, state: &<Self::Model as Model>::State) -> String;

    /// Leaves out operations that cannot make a difference.
    fn prune(&self, _ops: &mut Vec<Interval<Self::Op>>) {}

    /// Decides without a search, where a polynomial method applies; `None` where none does. With
    /// `order`, a linearization is given if the method makes one.
    ///
    /// # Errors
    /// The limit that was reached before an answer was found.
    fn decide(
        &self,
        _ops: &[Interval<Self::Op>],
        _order: bool,
        _meter: &mut Meter<'_>,
    ) -> Result<Option<Direct>, Exhausted> {
        Ok(None)
    }

    /// A checker of something that follows from sequential consistency and is cheaper to decide, if
    /// there is one.
    fn before_sequential(&self, _params: &Params) -> Option<Box<dyn Checker>> {
        None
    }

    /// Whether the order explains every definite operation.
    fn replays(&self, ops: &[Interval<Self::Op>], order: &[u32]) -> bool {
        replays(&self.model(), ops, order)
    }

    /// The states an order goes through, in words: after each of its first [`Witness::STATES_MAX`]
    /// operations, as far as these explain each other.
    fn tell_states(&self, ops: &[Interval<Self::Op>], order: &[u32]) -> Vec<String> {
        let model = self.model();
        let mut state = model.init();
        let mut told = Vec::new();
        for at in order.iter().take(Witness::STATES_MAX) {
            let Some(after) = model.step(&state, &ops[*at as usize].op) else {
                break;
            };
            told.push(self.tell_state(&model, &after));
            state = after;
        }
        told
    }
}

/// An answer found without a search.
#[derive(Debug)]
pub struct Direct {
    /// The method's name.
    pub method: &'static str,
    /// A linearization, if one was asked for and the method makes one; or why there is none.
    pub outcome: Result<Option<Vec<u32>>, Contradiction>,
}

/// Why operations have no order, by their positions in what was decided.
#[derive(Debug)]
pub struct Contradiction {
    /// The operation that cannot be explained.
    pub about: u32,
    /// Those that contradict each other, in the order of the story.
    pub story: Vec<u32>,
    /// A sentence that goes on after "cannot be explained: ".
    pub reason: Vec<Piece>,
}

/// A piece of a sentence.
#[derive(Debug)]
pub enum Piece {
    Text(String),
    /// An operation with its time and process.
    Told(u32),
}

impl Piece {
    pub fn text(text: impl Into<String>) -> Piece {
        Piece::Text(text.into())
    }
}
