//! Session order and real-time order, in as many edges as there are events.
//!
//! Real time: every instant at which transactions complete has a waypoint, the waypoints form a
//! chain in time, a completed transaction leads to its instant, and an instant to what was invoked
//! directly after it. One waypoint does for completions without an invocation in between.

use rustc_hash::FxHashMap;

use super::history::{History, NEVER, Outcome, TxnId};
use super::inference::Inference;
use crate::budget::{Exhausted, Meter};
use crate::graph::{Node, PROCESS, REALTIME, THROUGH};

/// Adds both orders between transactions that did not fail. One of unknown outcome may have taken
/// effect at any time after its invocation, and nothing follows it.
pub(super) fn add(inference: &mut Inference, meter: &mut Meter) -> Result<(), Exhausted> {
    sessions(inference, meter)?;
    match inference.history.sessions_only {
        true => Ok(()),
        false => real_time(inference, meter),
    }
}

/// By transaction, where it is among those of its session, from 0 to [`NEVER`]: a guess of when it
/// was where there are no times.
pub(super) fn turns(history: &History) -> Vec<u32> {
    let mut lengths: FxHashMap<i64, u64> = FxHashMap::default();
    for row in &history.txns {
        *lengths.entry(row.process).or_default() += 1;
    }
    let mut before: FxHashMap<i64, u64> = FxHashMap::default();
    let mut turn = |process: i64| {
        let place = before.entry(process).or_default();
        *place += 1;
        (*place * u64::from(NEVER) / lengths[&process]) as u32
    };
    history.txns.iter().map(|row| turn(row.process)).collect()
}

fn sessions(inference: &mut Inference, meter: &mut Meter) -> Result<(), Exhausted> {
    let mut last: FxHashMap<i64, TxnId> = FxHashMap::default();
    for (txn, row) in (0..).zip(&inference.history.txns) {
        if !row.invoked || row.outcome == Outcome::Fail {
            continue;
        }
        meter.step(inference.builder.bytes())?;
        let before = match inference.committed[txn as usize] {
            true => last.insert(row.process, txn),
            false => last.get(&row.process).copied(),
        };
        if let Some(before) = before
            && inference.history.txn(before).end != NEVER
        {
            inference.edge(before, txn, PROCESS);
        }
    }
    Ok(())
}

fn real_time(inference: &mut Inference, meter: &mut Meter) -> Result<(), Exhausted> {
    let history = inference.history;
    let committed = |txn: &TxnId| inference.committed[*txn as usize];
    let ended: Vec<TxnId> = history.ended.iter().copied().filter(committed).collect();
    let before = |txn: &TxnId, begin: u32| history.txn(*txn).end < begin;
    let mut ended = ended.into_iter().peekable();
    let mut instant: Option<Node> = None;
    for (txn, row) in (0..).zip(&history.txns) {
        if !row.invoked || row.outcome == Outcome::Fail {
            continue;
        }
        meter.step(inference.builder.bytes())?;
        if ended.peek().is_some_and(|txn| before(txn, row.begin)) {
            let next = inference.builder.add_nodes(1);
            if let Some(before) = instant.replace(next) {
                inference.builder.edge(before, next, THROUGH);
            }
            while let Some(txn) = ended.next_if(|txn| before(txn, row.begin)) {
                inference.builder.edge(txn, next, REALTIME);
            }
        }
        if let Some(instant) = instant {
            inference.builder.edge(instant, txn, THROUGH);
        }
    }
    Ok(())
}
