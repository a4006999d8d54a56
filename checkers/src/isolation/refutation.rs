//! Why no choices fit, as far as a search found out.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::clauses::Literal;
use super::polygraph::Choice;
use crate::graph::topology::{GIVEN, Tagged};

/// Why there is no order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refutation {
    /// Orders of writers that are forced, each for a reason; later ones may need earlier ones.
    pub forced: Vec<Forced>,
    /// The cycle that is left in any case.
    pub cycle: Vec<Tagged>,
    /// The choices that came up, by number: edges bear twice that.
    pub choices: Vec<Choice>,
    /// Combinations of choices that were tried and failed.
    pub conflicts: u64,
}

impl Refutation {
    /// `held` are the literals that hold in any case, in order, and `why` the reasons by choice.
    pub fn new(
        held: &[Literal],
        why: &FxHashMap<u32, Why>,
        cycle: &[Tagged],
        choices: &[Choice],
    ) -> Refutation {
        let mut needed: Vec<Literal> = cycle.iter().map(|edge| edge.tag).collect();
        let mut used = BTreeSet::new();
        while let Some(tag) = needed.pop() {
            if tag == GIVEN || !used.insert(tag / 2) {
                continue;
            }
            if let Some(Why::Cycle(cycle)) = why.get(&(tag / 2)) {
                // The edge of the refuted side is no support of this one.
                let others = cycle.iter().map(|edge| edge.tag);
                needed.extend(others.filter(|other| *other / 2 != tag / 2));
            }
        }
        let forced = held
            .iter()
            .filter(|literal| used.contains(&(**literal / 2)));
        let forced = forced.map(|literal| Forced {
            literal: *literal,
            why: why.get(&(literal / 2)).cloned().unwrap_or(Why::Cases),
        });
        Refutation {
            forced: forced.collect(),
            cycle: cycle.to_vec(),
            choices: choices.to_vec(),
            conflicts: 0,
        }
    }

    /// The choice an edge is of.
    pub fn choice(&self, tag: Literal) -> Option<Choice> {
        self.choices.get(tag as usize / 2).copied()
    }
}

/// A side of a choice that must be taken.
#[derive(Debug, Clone)]
pub(crate) struct Forced {
    pub literal: Literal,
    pub why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// The initial value is the first.
    Initial,
    /// The other side closes this cycle.
    Cycle(Vec<Tagged>),
    /// The other side failed, whatever else was chosen.
    Cases,
}
