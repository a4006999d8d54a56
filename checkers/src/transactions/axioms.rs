//! Read committed, read atomic and causal transactions on registers, and on lists a monotonic
//! atomic view and the latter two, decided by their axioms.
//!
//! They need no order of the versions: see [`isolation`](crate::isolation). Lists show theirs, and
//! are asked to agree with it: see [`list_axioms`]. A history that keeps a level and the order of
//! sessions keeps the level, and with sessions that is decided faster; only where it fails is the
//! level asked for by itself.

use super::history::{History, MopKind, Outcome, TxnId};
use super::list_axioms;
use super::verdict::Evidence;
use super::vocabulary::Vocabulary;
use crate::budget::{Exhausted, Meter};
use crate::causal::convergence::Violation;
use crate::causal::evidence::Teller;
use crate::causal::history::{self as causal, Access, Recorder, Span};
use crate::causal::order::Constraint;
use crate::isolation::{self, Level};
use crate::lattice::{Anomaly, Model};
use crate::report::Finding;
use crate::value::Value;

/// Findings told of one axiom.
const TOLD_MAX: usize = 4;

/// How a model is decided by an axiom, and the anomaly where it does not hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axiom {
    pub level: Level,
    pub keeps_sessions: bool,
    pub anomaly: Anomaly,
    /// The strongest model that it proves.
    pub proves: Model,
}

/// The axiom of a model; `None` where there is none.
///
/// That of read committed asks for a monotonic atomic view. Real time is left to anomalies, and
/// where the order of versions is known, so is all that read committed forbids.
pub(super) fn axiom(model: Model, vocabulary: Vocabulary) -> Option<Axiom> {
    use Model::*;
    let is_list = vocabulary == Vocabulary::Lists;
    let (level, keeps_sessions, anomaly, proves) = match model {
        TransactionalCausal => (Level::Causal, false, Anomaly::Noncausal, model),
        ReadAtomic => (Level::ReadAtomic, false, Anomaly::FracturedReads, model),
        MonotonicAtomicView if is_list => {
            (Level::ReadCommitted, false, Anomaly::NonatomicView, model)
        }
        _ if is_list => return None,
        MonotonicAtomicView | ReadCommitted => {
            let anomaly = Anomaly::Noncommitted;
            (Level::ReadCommitted, false, anomaly, MonotonicAtomicView)
        }
        StrongSessionReadCommitted | StrongReadCommitted => {
            let anomaly = Anomaly::NoncommittedProcess;
            (Level::ReadCommitted, true, anomaly, model)
        }
        _ => return None,
    };
    Some(Axiom {
        level,
        keeps_sessions,
        anomaly,
        proves,
    })
}

/// The history as the axioms see it.
#[derive(Debug)]
pub(super) struct Units {
    /// With the order of sessions, and without it.
    in_sessions: causal::History,
    apart: Option<causal::History>,
    /// Which writers of a key follow each other, where lists show it.
    versions: Option<Vec<Constraint>>,
}

impl Units {
    pub fn new(evidence: &Evidence, meter: &mut Meter) -> Result<Units, Exhausted> {
        let in_sessions = units(evidence);
        let versions = match evidence.history.vocabulary {
            Vocabulary::Lists => Some(list_axioms::versions(evidence, &in_sessions, meter)?),
            _ => None,
        };
        Ok(Units {
            in_sessions,
            apart: None,
            versions,
        })
    }

    /// What breaks an axiom.
    pub fn decide(
        &mut self,
        axiom: Axiom,
        evidence: &Evidence,
        meter: &mut Meter,
    ) -> Result<Vec<Finding>, Exhausted> {
        let history = evidence.history;
        let versions = self.versions.as_deref();
        let mut seen = &self.in_sessions;
        let mut found = violations(seen, axiom.level, versions, meter)?;
        if !axiom.keeps_sessions && !found.is_empty() {
            seen = self.apart.get_or_insert_with(|| units(evidence).apart());
            found = violations(seen, axiom.level, versions, meter)?;
        }
        let told = found.iter().take(TOLD_MAX).map(|violation| match versions {
            Some(_) => list_axioms::tell(history, seen, axiom.anomaly, violation),
            None => tell(history, seen, axiom, violation),
        });
        Ok(told.collect())
    }
}

fn violations(
    units: &causal::History,
    level: Level,
    versions: Option<&[Constraint]>,
    meter: &mut Meter,
) -> Result<Vec<Violation>, Exhausted> {
    let is_apart = units.sessions() == units.units();
    match (versions, level) {
        (Some(versions), level) => isolation::ordered::violations(units, level, versions, meter),
        (None, Level::Causal) if is_apart => isolation::sessionless::violations(units, meter),
        (None, level) => isolation::violations(units, level, meter),
    }
}

fn units(evidence: &Evidence) -> causal::History {
    match evidence.history.vocabulary {
        Vocabulary::Lists => list_axioms::recorded(evidence),
        _ => recorded(evidence.history, evidence.init),
    }
}

fn tell(
    history: &History,
    units: &causal::History,
    axiom: Axiom,
    violation: &Violation,
) -> Finding {
    let mut finding = Teller { history: units }.violation(violation);
    finding.details["pattern"] = finding.anomaly.into();
    finding.anomaly = axiom.anomaly.name();
    let is_told = |txn: &TxnId| finding.ops.contains(&history.txn(*txn).indices[1]);
    let txns: Vec<TxnId> = (0..history.txns.len() as TxnId).filter(is_told).collect();
    finding.ops = history.indices(&txns);
    finding.details["transactions"] = txns.iter().map(|txn| history.txn_json(*txn)).collect();
    finding
}

/// Transactions in the order of their invocations, which is that of sessions.
fn recorded(history: &History, init: &Value) -> causal::History {
    let mut recorder = Recorder::new(init);
    recorder.timeless = history.sessions_only;
    let mut accesses: Vec<Access> = Vec::new();
    for (txn, row) in (0..).zip(&history.txns) {
        accesses.clear();
        for mop in history.mops_of(txn) {
            let key = history.codes.value(history.keys.codes[mop.key as usize]);
            let value = history.codes.value(mop.value);
            match mop.kind {
                MopKind::Write => accesses.push(recorder.write(&key, &value)),
                MopKind::Read => accesses.push(recorder.read(&key, &value)),
                MopKind::ReadList | MopKind::ReadSet | MopKind::Unknown => {}
            }
        }
        let span = Span {
            invoked: row.indices[0],
            completed: row.indices[1],
            time: row.times[1],
        };
        let outcome = match row.outcome {
            Outcome::Ok => causal::Outcome::Committed,
            Outcome::Fail => causal::Outcome::Aborted,
            Outcome::Info => causal::Outcome::Indefinite,
        };
        // When one began that nobody saw begin is not known.
        if !row.invoked {
            recorder.end_session(row.process);
        }
        recorder.unit(row.process, span, outcome, &accesses);
        if !row.invoked {
            recorder.end_session(row.process);
        }
    }
    recorder.finish()
}
