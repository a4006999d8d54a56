//! Carries a gate's runs out, one after another.

use std::path::Path;

use super::expect::Surprise;
use super::file::Case;
use super::journal::Journal;
use super::record::Record;
use super::summary::{CaseOutcome, RunOutcome, Summary};
use crate::store::RunDir;
use crate::verdict::Exit;

/// A run that was carried out.
pub struct Ran {
    pub record: Record,
    /// The user asked to stop: what was recorded is not what was planned.
    pub interrupted: bool,
}

/// What happens between runs.
pub struct Conduct<'a> {
    /// Carries one run out.
    pub run: &'a mut dyn FnMut(&Case, u64) -> Ran,
    /// Is told of each run that ended, and whether it was taken from the journal.
    pub watch: &'a mut dyn FnMut(&RunOutcome, bool),
    pub journal: Journal,
    /// Where runs are kept.
    pub store: &'a Path,
    /// Keep also those that went as expected.
    pub keep: bool,
}

impl Conduct<'_> {
    /// Carries all runs of `cases` out, or those until the user stops it.
    ///
    /// # Errors
    /// The journal cannot be written, or a run cannot be removed.
    pub fn carry_out(&mut self, cases: &[Case]) -> Result<Summary, String> {
        let planned = cases.iter().map(|case| case.seeds.len()).sum();
        let mut summary = Summary::new(planned);
        for case in cases {
            let (runs, interrupted) = self.runs(case)?;
            let mut outcome = CaseOutcome::new(case, runs, interrupted);
            if !self.keep {
                self.remove_expected(&mut outcome)?;
            }
            summary.cases.push(outcome);
            if interrupted {
                break;
            }
        }
        Ok(summary)
    }

    /// The runs of a case that ended, and whether the user stopped another.
    fn runs(&mut self, case: &Case) -> Result<(Vec<RunOutcome>, bool), String> {
        let mut outcomes = Vec::new();
        for &seed in &case.seeds {
            let earlier = self.journal.earlier(&case.name, &case.args, seed);
            let again = earlier.is_some();
            let record = match earlier {
                Some(record) => record.clone(),
                None => {
                    let ran = (self.run)(case, seed);
                    if ran.interrupted {
                        return Ok((outcomes, true));
                    }
                    let written = self.journal.write(&ran.record);
                    written.map_err(|error| format!("cannot write the gate's journal: {error}"))?;
                    ran.record
                }
            };
            let surprise: Option<Surprise> = case.expectation.surprise(&record);
            let outcome = RunOutcome { record, surprise };
            (self.watch)(&outcome, again);
            outcomes.push(outcome);
        }
        Ok((outcomes, false))
    }

    /// What went as expected needs no evidence. Runs that lack the anomaly their case should show
    /// are kept with it.
    fn remove_expected(&self, case: &mut CaseOutcome) -> Result<(), String> {
        let missing = case.missing.is_some();
        for run in &mut case.runs {
            let suspect = missing && run.record.exit() != Exit::Safety;
            if run.surprise.is_some() || suspect {
                continue;
            }
            let Some(dir) = run.record.dir.take() else {
                continue;
            };
            // A run from the journal was removed when it had ended.
            if Path::new(&dir).exists() {
                let removed = RunDir::open(Path::new(&dir)).remove(self.store);
                removed.map_err(|error| format!("cannot remove {dir}: {error}"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
