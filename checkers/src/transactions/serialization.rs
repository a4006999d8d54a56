//! Serializability and snapshot isolation of registers, decided: what the graph leaves open is
//! searched for by [`isolation::search`](crate::isolation::search).
//!
//! A history without an anomaly in its known order of versions may still have no order of all of
//! them. Models are tried from the strongest on: one that holds answers for all weaker ones, one
//! that does not for all stronger ones.

use super::history::NEVER;
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

/// How a model is decided: what happens at once, the order that is kept beside the dependencies,
/// and the anomaly where there is no such order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method {
    pub form: Form,
    pub order: Kinds,
    pub anomaly: Anomaly,
}

/// The method for a model; `None` where there is none. Lists and sets show their order but for
/// writes that no read tells apart, of which snapshot isolation wants one first; anomalies decide
/// the rest.
pub(super) fn method(vocabulary: Vocabulary, model: Model) -> Option<Method> {
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
    if vocabulary != Vocabulary::Registers && form == Form::Serial {
        return None;
    }
    Some(Method {
        form,
        order,
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
    let vocabulary = evidence.history.vocabulary;
    let asked = |model: &Model| vocabulary == Vocabulary::Registers && !claimed(model);
    let order = all().filter(claimed).chain(all().filter(asked));
    for model in order {
        let Some(method) = method(vocabulary, model) else {
            continue;
        };
        if out.contains(model) || searched.valid.contains(model) || evidence.holds(model) {
            continue;
        }
        let polygraph = Polygraph {
            form: method.form,
            graph,
            mask: WW | WR | RW | THROUGH | method.order,
            accesses,
        };
        let ends = |event: Node| {
            let txn = polygraph.txn_of(event);
            txn.map_or(NEVER, |(txn, _)| evidence.history.txn(txn).end)
        };
        let decided = if claimed(&model) {
            decide(&polygraph, ends, meter)
        } else {
            decide(&polygraph, ends, &mut meter.fresh(STEPS_UNCLAIMED_MAX))
        };
        match decided {
            Ok(Ok(_)) => searched.valid = searched.valid.or(weaker_or_equal(model)),
            Ok(Err(refutation)) => {
                let finding = evidence.history.refuted(method, &polygraph, &refutation);
                searched.refuted.push((method.anomaly, finding));
                out = out.or(ruled_out([method.anomaly].into_iter().collect()));
            }
            Err(exhausted) if claimed(&model) => {
                searched.cut_short.get_or_insert((model, exhausted));
            }
            Err(_) => {}
        }
    }
    searched
}
