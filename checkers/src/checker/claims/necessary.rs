//! A claim that is dear to decide, after one that follows from it and is cheap.

use crate::Op;
use crate::budget::Budget;
use crate::checker::{Checker, OpError};
use crate::lattice::Model;
use crate::report::{Claim, Report, Validity};

/// Answers `claim` by what follows from it if that is violated, else by itself.
pub(super) struct Necessary {
    pub claim: Model,
    /// Judges what follows; `None` once it met an event it cannot take.
    pub follows: Option<Box<dyn Checker>>,
    pub checker: Box<dyn Checker>,
}

impl Checker for Necessary {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        self.checker.push(op)?;
        if let Some(follows) = &mut self.follows
            && follows.push(op).is_err()
        {
            self.follows = None;
        }
        Ok(())
    }

    fn finish(self: Box<Self>, budget: &Budget) -> Report {
        let report = self.follows.map(|follows| follows.finish(budget));
        match report.filter(|report| report.validity == Validity::Invalid) {
            Some(mut report) => {
                report.claims = vec![Claim::new(self.claim, Validity::Invalid)];
                report
            }
            None => self.checker.finish(budget),
        }
    }
}
