//! Session order and real-time order, in as many edges as there are events.
//!
//! Real time: every instant at which transactions complete has a waypoint, the waypoints form a
//! chain in time, a completed transaction leads to its instant, and an instant to what was invoked
//! directly after it. One waypoint does for completions without an invocation in between.

use rustc_hash::FxHashMap;

use super::history::{NEVER, TxnId};
use super::inference::Inference;
use crate::graph::{Node, PROCESS, REALTIME, THROUGH};

/// Adds both orders between committed transactions. One of unknown outcome may have taken effect at
/// any time after its invocation, and nothing follows it.
pub(super) fn add(inference: &mut Inference) {
    sessions(inference);
    real_time(inference);
}

fn sessions(inference: &mut Inference) {
    let mut last: FxHashMap<i64, TxnId> = FxHashMap::default();
    for (txn, row) in (0..).zip(&inference.history.txns) {
        if !row.invoked || !inference.committed[txn as usize] {
            continue;
        }
        if let Some(before) = last.insert(row.process, txn)
            && inference.history.txn(before).end != NEVER
        {
            inference.edge(before, txn, PROCESS);
        }
    }
}

fn real_time(inference: &mut Inference) {
    let history = inference.history;
    let mut ends: Vec<(u32, TxnId)> = (0..)
        .zip(&history.txns)
        .filter(|(txn, row)| row.end != NEVER && inference.committed[*txn as usize])
        .map(|(txn, row)| (row.end, txn))
        .collect();
    ends.sort_unstable();
    let mut ends = ends.into_iter().peekable();
    let mut instant: Option<Node> = None;
    for (txn, row) in (0..).zip(&history.txns) {
        if !row.invoked || !inference.committed[txn as usize] {
            continue;
        }
        if ends.peek().is_some_and(|(end, _)| *end < row.begin) {
            let next = inference.builder.add_nodes(1);
            if let Some(before) = instant.replace(next) {
                inference.builder.edge(before, next, THROUGH);
            }
            while let Some((_, ended)) = ends.next_if(|(end, _)| *end < row.begin) {
                inference.builder.edge(ended, next, REALTIME);
            }
        }
        if let Some(instant) = instant {
            inference.builder.edge(instant, txn, THROUGH);
        }
    }
}
