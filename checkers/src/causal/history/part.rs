//! Parts of a history, each a history of its own.

use super::{Access, History, INIT, Outcome, Recorder, Span, UnitId};
use crate::budget::{Exhausted, Meter};
use crate::causal::convergence::Violation;
use crate::causal::path::path;
use crate::sessions::minimal::{Mark, Whole};
use crate::value::Value;

impl Whole for History {
    type Violation = Violation;

    fn units(&self) -> usize {
        self.units()
    }

    fn span(&self, unit: UnitId) -> Span {
        self.span(unit)
    }

    fn touched(&self, unit: UnitId) -> Vec<u32> {
        let read = self.reads(unit).iter().map(|read| read.key);
        let written = self.writes(unit).iter().map(|write| write.key);
        read.chain(written).collect()
    }

    fn sources(&self, unit: UnitId, keys: &[u32]) -> Vec<u32> {
        let reads = self.reads(unit).iter();
        let reads = reads.filter(|read| keys.binary_search(&read.key).is_ok());
        let sources = reads.map(|read| read.source);
        sources.filter(|source| *source != INIT).collect()
    }

    /// Of a conflict: how the unit that tells it knew of the older write.
    fn between(&self, violation: &Violation, meter: &mut Meter) -> Result<Vec<UnitId>, Exhausted> {
        let Violation::CyclicConflicts(steps) = violation else {
            return Ok(Vec::new());
        };
        let mut units = Vec::new();
        for step in steps {
            meter.step(0)?;
            let known = step
                .because
                .map(|reader| path(self, &[], step.source, reader));
            let known = known.flatten().unwrap_or_default();
            units.extend(known.iter().flat_map(|step| [step.source, step.reader]));
        }
        Ok(units)
    }

    fn key(&self, key: u32) -> &Value {
        self.keys.value(key)
    }

    fn part(&self, units: &[UnitId], keys: &[u32]) -> Option<History> {
        let mut recorder = Recorder::new(self.values.value(self.init));
        let is_kept = |key: &u32| keys.binary_search(key).is_ok();
        for unit in units {
            let reads = self.reads(*unit).iter().filter(|read| is_kept(&read.key));
            let mut accesses: Vec<Access> = Vec::new();
            for read in reads {
                let key = self.keys.value(read.key);
                accesses.push(recorder.read(key, self.value(read.source, read.key)));
            }
            let writes = self.writes(*unit).iter();
            for write in writes.filter(|write| is_kept(&write.key)) {
                let key = self.keys.value(write.key);
                accesses.push(recorder.write(key, self.values.value(write.value)));
            }
            // Sessions of one process stay apart.
            let session = i64::from(self.session_of(*unit));
            recorder.unit(session, self.span(*unit), Outcome::Committed, &accesses);
        }
        let part = recorder.finish();
        part.misreads.is_empty().then_some(part)
    }

    fn mark(&self, violation: &Violation) -> Mark {
        match violation {
            Violation::CyclicOrder(_) => Mark::Sort("order"),
            Violation::CyclicConflicts(_) => Mark::Sort("conflicts"),
            Violation::Overwritten(found) => Mark::Reader(self.span(found.unit).invoked),
        }
    }
}
