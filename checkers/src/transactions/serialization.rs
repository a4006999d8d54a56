//! What known dependencies leave open, decided: serializability and snapshot isolation by
//! [`isolation::search`](crate::isolation::search), weaker models by their [axioms](super::axioms).
//!
//! A history without an anomaly in its known order of versions may still have no order of all of
//! them. Models are tried from the strongest on: one that holds answers for all weaker ones, one
//! that does not for all stronger ones.

use super::axioms::{Axiom, Units, axiom};
use super::history::{History, NEVER};
use super::order::turns;
use super::verdict::Evidence;
use super::vocabulary::Vocabulary;
use crate::budget::{Exhausted, Meter};
use crate::graph::{Graph, Kinds, Node, PROCESS, REALTIME, RW, THROUGH, WR, WW};
use crate::isolation::polygraph::{Accesses, Form, Polygraph};
use crate::isolation::search::decide;
use crate::lattice::{Anomaly, MODELS, Model, ModelSet, ruled_out, weaker_or_equal};
use crate::report::Finding;

/// Steps of the search for a model nobody claimed, only to tell whether it stands.
const STEPS_UNCLAIMED_MAX: u64 = 1 << 22;

/// Micro-operations beyond which such a search would end before it is through.
const MOPS_UNCLAIMED_MAX: usize = STEPS_UNCLAIMED_MAX as usize / 8;

/// How a model is decided: what happens at once, the order that is kept beside the dependencies,
/// and the anomaly where there is no such order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method {
    pub form: Form,
    pub order: Kinds,
    pub anomaly: Anomaly,
}

/// How a model is decided beyond the known dependencies.
#[derive(Debug, Clone, Copy)]
pub(super) enum How {
    Search(Method),
    Axiom(Axiom),
}

/// How a model is decided; `None` where dependencies are all there is. Lists and sets show their
/// order but for writes that no read tells apart, of which snapshot isolation wants one first; of
/// weaker models of lists some have an axiom, and anomalies decide the rest. Without times nothing
/// decides what real time would.
pub(super) fn how(history: &History, model: Model) -> Option<How> {
    let method = method(model, history.sessions_only).map(How::Search);
    match history.vocabulary {
        _ if history.sessions_only && model.keeps_real_time() => None,
        Vocabulary::Counters => None,
        Vocabulary::Sets => method.filter(|how| !how.is(Form::Serial)),
        Vocabulary::Lists => method
            .filter(|how| !how.is(Form::Serial))
            .or_else(|| by_axiom(history, model)),
        Vocabulary::Registers => method.or_else(|| by_axiom(history, model)),
    }
}

fn by_axiom(history: &History, model: Model) -> Option<How> {
    let mut axiom = axiom(model, history.vocabulary)?;
    axiom.keeps_sessions |= history.sessions_only;
    Some(How::Axiom(axiom))
}

impl How {
    fn anomaly(self) -> Anomaly {
        match self {
            How::Search(method) => method.anomaly,
            How::Axiom(axiom) => axiom.anomaly,
        }
    }

    /// What it proves beyond the model it is asked for.
    fn proves(self) -> Option<Model> {
        match self {
            How::Search(_) => None,
            How::Axiom(axiom) => Some(axiom.proves),
        }
    }

    /// Whether it is a search of this form.
    pub fn is(self, form: Form) -> bool {
        matches!(self, How::Search(method) if method.form == form)
    }
}

fn method(model: Model, sessions_only: bool) -> Option<Method> {
    let (form, order, anomaly) = match model {
        Model::StrictSerializable => (Form::Serial, REALTIME, Anomaly::NonserializableRealtime),
        Model::StrongSessionSerializable => {
            (Form::Serial, PROCESS, Anomaly::NonserializableProcess)
        }
        // There are no predicates, so repeatable read forbids the same cycles.
        Model::Serializable | Model::RepeatableRead => (Form::Serial, 0, Anomaly::Nonserializable),
        Model::StrongSnapshotIsolation => (Form::Snapshot, REALTIME, Anomaly::NonsnapshotRealtime),
        Model::StrongSessionSnapshotIsolation => {
            (Form::Snapshot, PROCESS, Anomaly::NonsnapshotProcess)
        }
        Model::SnapshotIsolation => (Form::Snapshot, 0, Anomaly::Nonsnapshot),
        Model::Prefix => (Form::Prefix, 0, Anomaly::Nonprefix),
        _ => return None,
    };
    Some(Method {
        form,
        order: order | if sessions_only { PROCESS } else { 0 },
        anomaly,
    })
}

/// What the searches found.
#[derive(Debug, Default)]
pub(super) struct Searched {
    /// Models that hold, and all they imply.
    pub valid: ModelSet,
    pub refuted: Vec<(Anomaly, Finding)>,
    /// A model that was claimed and could not be decided.
    pub cut_short: Option<(Model, Exhausted)>,
}

/// Decides what the dependencies leave open.
pub(super) fn search(
    evidence: &Evidence,
    graph: &Graph,
    accesses: &Accesses,
    meter: &mut Meter,
) -> Searched {
    let mut searched = Searched::default();
    let mut out = ruled_out(evidence.shown());
    let claimed = |model: &Model| evidence.claims.contains(model);
    let all = || MODELS.iter().map(|kind| kind.model);
    let history = evidence.history;
    let is_small = history.mops.len() <= MOPS_UNCLAIMED_MAX;
    let is_cheap = |model: &Model| {
        let is_axiom = matches!(how(history, *model), Some(How::Axiom(_)));
        is_axiom || history.vocabulary == Vocabulary::Registers
    };
    let asked = |model: &Model| is_small && !claimed(model) && is_cheap(model);
    let order = all().filter(claimed).chain(all().filter(asked));
    let mut decider = Decider {
        evidence,
        graph,
        accesses,
        units: None,
        turns: match history.sessions_only {
            true => turns(history),
            false => Vec::new(),
        },
    };
    for model in order {
        let Some(how) = how(history, model) else {
            continue;
        };
        if out.contains(model) || searched.valid.contains(model) || evidence.holds(model) {
            continue;
        }
        let decided = if claimed(&model) {
            decider.decide(how, meter)
        } else {
            decider.decide(how, &mut meter.fresh(STEPS_UNCLAIMED_MAX))
        };
        match decided {
            Ok(findings) if findings.is_empty() => {
                let proven = how.proves().unwrap_or(model);
                searched.valid = searched.valid.or(weaker_or_equal(proven));
            }
            Ok(findings) => {
                let anomaly = how.anomaly();
                out = out.or(ruled_out([anomaly].into_iter().collect()));
                let findings = findings.into_iter().map(|finding| (anomaly, finding));
                searched.refuted.extend(findings);
            }
            Err(exhausted) if claimed(&model) => {
                searched.cut_short.get_or_insert((model, exhausted));
            }
            Err(_) => {}
        }
    }
    searched
}

/// Has what deciding takes.
struct Decider<'a, 'h> {
    evidence: &'a Evidence<'h>,
    graph: &'a Graph,
    accesses: &'a Accesses,
    units: Option<Units>,
    /// By transaction, where there are no times.
    turns: Vec<u32>,
}

impl Decider<'_, '_> {
    /// What speaks against a model; nothing where it holds.
    fn decide(&mut self, how: How, meter: &mut Meter) -> Result<Vec<Finding>, Exhausted> {
        let history = self.evidence.history;
        let method = match how {
            How::Search(method) => method,
            How::Axiom(axiom) => {
                let units = match self.units.take() {
                    Some(units) => units,
                    None => Units::new(self.evidence, meter)?,
                };
                return self.units.insert(units).decide(axiom, self.evidence, meter);
            }
        };
        let polygraph = Polygraph {
            form: method.form,
            graph: self.graph,
            mask: WW | WR | RW | THROUGH | method.order,
            accesses: self.accesses,
        };
        let span = |event: Node| {
            let Some((txn, _)) = polygraph.txn_of(event) else {
                return [0, NEVER];
            };
            let row = history.txn(txn);
            let turn = self.turns.get(txn as usize);
            turn.map_or([row.begin, row.end], |turn| [0, *turn])
        };
        let decided = decide(&polygraph, span, meter)?;
        let refuted = |refutation| history.refuted(method, &polygraph, &refutation);
        Ok(decided.err().map(refuted).into_iter().collect())
    }
}
