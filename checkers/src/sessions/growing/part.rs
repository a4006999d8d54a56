//! Parts of a history, each a history of its own.
//!
//! A collection without an element is one that it was never added to: what a read shows of a part
//! is what the part adds.

use super::history::{AddId, Done, History, Lowering};
use super::rules::Violation;
use crate::causal::history::{Outcome, Span};
use crate::checker::Params;
use crate::sessions::minimal::{Mark, Whole};
use crate::value::Value;

impl Whole for History {
    type Violation = Violation;

    fn units(&self) -> usize {
        self.units()
    }

    fn span(&self, unit: u32) -> Span {
        self.spans[unit as usize]
    }

    fn touched(&self, unit: u32) -> Vec<u32> {
        let read = self.reads_of(unit).iter().map(|read| read.key);
        let added = self.adds_of(unit).iter().map(|add| add.key);
        read.chain(added).collect()
    }

    fn sources(&self, _unit: u32, _keys: &[u32]) -> Vec<u32> {
        Vec::new()
    }

    fn key(&self, key: u32) -> &Value {
        self.keys.value(key)
    }

    fn part(&self, units: &[u32], keys: &[u32]) -> Option<History> {
        let mut lowering = Lowering::new(&Params::default());
        let is_kept = |key: &u32| keys.binary_search(key).is_ok();
        for unit in units {
            let mut done = Done::default();
            // Reads first: what is shown of its own adds was not added before.
            for read in self.reads_of(*unit).iter().filter(|r| is_kept(&r.key)) {
                let is_added = |add: &&AddId| units.binary_search(&self.add(**add).unit).is_ok();
                let shown = self.shown(read).iter().filter(is_added);
                let shown = shown.map(|add| self.elements.value(self.add(*add).element));
                lowering.shown(self.key(read.key), shown, &mut done);
            }
            for add in self.adds_of(*unit).iter().filter(|add| is_kept(&add.key)) {
                let element = self.elements.value(add.element);
                lowering.add(self.key(add.key), element, &mut done);
            }
            // Sessions of one process stay apart.
            let session = i64::from(self.session_of[*unit as usize]);
            lowering.unit(session, self.span(*unit), Outcome::Committed, done);
        }
        Some(lowering.finish())
    }

    fn mark(&self, violation: &Violation) -> Mark {
        let (sort, read) = match violation {
            Violation::Missing { read, .. } => ("missing", Some(read)),
            Violation::Order { read, .. } => ("order", Some(read)),
            Violation::Rewritten { read, .. } => ("rewritten", Some(read)),
            Violation::Cycle(_) => ("cycle", None),
        };
        let reader = read.map(|read| self.span(read.unit).invoked);
        Mark { sort, reader }
    }
}
