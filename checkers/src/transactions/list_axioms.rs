//! Lists as the [axioms](super::axioms) of weak levels see them, with the order of versions that
//! they show ([`ordered`](crate::isolation::ordered)).
//!
//! A read comes from the writer of the last element it found, nil and the empty list from nobody.
//! What a transaction appended itself stands behind what it found, so a read after that still tells
//! of it. A transaction's write of a key is the last of its appends. Whoever appended an element
//! follows who appended the one before in the longest list, and committed appends that no read
//! shows are behind its end: had one come before, that read would show it.
//!
//! That is all there is, for models whose weakest anomalies (G1) were not found: then every list
//! that was read begins the longest one, ends where a committed transaction left it, and has
//! nothing of a failed one. Reads that lack what their own transaction appended (`internal`) tell
//! nothing here, as on registers.

use rustc_hash::FxHashMap;

use super::codes::{Code, CodeMap};
use super::history::{History, Mop, MopKind, Outcome, TxnId};
use super::phenomena::Witness;
use super::verdict::Evidence;
use crate::budget::{Exhausted, Meter};
use crate::causal::convergence::{Overwritten, Violation};
use crate::causal::history::{self as causal, Recorder, Span, UnitId};
use crate::causal::order::Constraint;
use crate::causal::path::{self, Step};
use crate::graph::cycles::Edge;
use crate::graph::{PROCESS, RW, WR, WW};
use crate::lattice::Anomaly;
use crate::report::Finding;
use crate::value::Value;

/// The transaction of an element that was found in its place already.
const PLACED: TxnId = TxnId::MAX - 1;

/// Committed transactions. They, keys and elements bear their numbers instead of names.
pub(super) fn recorded(evidence: &Evidence) -> causal::History {
    let history = evidence.history;
    let is_told_apart = told_apart(evidence);
    let number = |number: u32| Value::Int(i64::from(number));
    let mut recorder = Recorder::new(&Value::Nil);
    recorder.timeless = history.sessions_only;
    let mut accesses = Vec::new();
    let mut own: FxHashMap<u32, Vec<Code>> = FxHashMap::default();
    for (txn, row) in (0..).zip(&history.txns) {
        if !evidence.committed[txn as usize] {
            continue;
        }
        accesses.clear();
        own.clear();
        let is_told_apart = |mop: &&Mop| is_told_apart[mop.key as usize];
        let mops = || history.mops_of(txn).iter().filter(is_told_apart);
        for mop in mops() {
            if mop.kind == MopKind::Write {
                own.entry(mop.key).or_default().push(mop.value);
                continue;
            }
            let own = own.get(&mop.key).map_or(&[][..], Vec::as_slice);
            let seen = history.elements(mop).strip_suffix(own);
            if let Some(found) = seen.filter(|_| mop.kind == MopKind::ReadList) {
                let last = found.last().map_or(Value::Nil, |last| number(*last));
                accesses.push(recorder.read(&number(mop.key), &last));
            }
        }
        // Nobody reads from a transaction before it has written all, so writes can come last.
        let writes = mops().filter(|mop| mop.kind == MopKind::Write);
        accesses.extend(writes.map(|mop| recorder.write(&number(mop.key), &number(mop.value))));
        let span = Span {
            invoked: u64::from(txn),
            completed: u64::from(txn),
            time: None,
        };
        // When one began that nobody saw begin is not known, nor when one ended without an answer.
        if !row.invoked {
            recorder.end_session(row.process);
        }
        recorder.unit(row.process, span, causal::Outcome::Committed, &accesses);
        if !row.invoked || row.outcome == Outcome::Info {
            recorder.end_session(row.process);
        }
    }
    recorder.finish()
}

/// By key, whether every element was appended once.
fn told_apart(evidence: &Evidence) -> Vec<bool> {
    let mut is_told_apart = vec![true; evidence.history.keys.codes.len()];
    for [first, _] in &evidence.ambiguous {
        let key = evidence.history.mops[*first as usize].key;
        is_told_apart[key as usize] = false;
    }
    is_told_apart
}

fn txn_of(units: &causal::History, unit: UnitId) -> TxnId {
    units.span(unit).completed as TxnId
}

/// Which writers of each key follow each other, sorted.
pub(super) fn versions(
    evidence: &Evidence,
    units: &causal::History,
    meter: &mut Meter,
) -> Result<Vec<Constraint>, Exhausted> {
    let history = evidence.history;
    let mut unit_of: Vec<UnitId> = vec![causal::INIT; history.txns.len()];
    for unit in 0..units.units() as UnitId {
        unit_of[txn_of(units, unit) as usize] = unit;
    }
    let is_told_apart = told_apart(evidence);
    let (mops, begins) = history.by_key();
    let mut writers = CodeMap::default();
    let mut versions: Vec<Constraint> = Vec::new();
    let mut follow = |key: u32, first: Option<TxnId>, second: TxnId| {
        let [before, after] = [first.unwrap_or(second), second].map(|txn| unit_of[txn as usize]);
        if before != after {
            versions.push(Constraint {
                after,
                before,
                because: after,
                key,
            });
        }
    };
    for (key, lists) in (0..).zip(&history.lists) {
        if !is_told_apart[key as usize] {
            continue;
        }
        let own = &mops[begins[key as usize] as usize..begins[key as usize + 1] as usize];
        let appends = own.iter().map(|number| &history.mops[*number as usize]);
        let is_sure =
            |mop: &&Mop| mop.kind == MopKind::Write && evidence.committed[mop.txn as usize];
        let appends = appends.filter(is_sure);
        writers.clear();
        for append in appends.clone() {
            writers.insert(append.value, append.txn);
        }
        let mut last = None;
        for element in lists.branch(lists.longest()) {
            meter.step(0)?;
            let Some(writer) = writers.get(*element).filter(|txn| *txn != PLACED) else {
                continue;
            };
            follow(key, last.replace(writer), writer);
            writers.insert(*element, PLACED);
        }
        for append in appends {
            meter.step(0)?;
            if writers.get(append.value) != Some(PLACED) {
                follow(key, last, append.txn);
            }
        }
    }
    versions.sort_unstable();
    versions.dedup_by_key(|constraint| (constraint.after, constraint.before));
    meter.step((versions.len() * size_of::<Constraint>()) as u64)?;
    Ok(versions)
}

/// The finding of a violation, as a cycle of dependencies.
pub(super) fn tell(
    history: &History,
    units: &causal::History,
    anomaly: Anomaly,
    violation: &Violation,
) -> Finding {
    let mut cycle = Vec::new();
    match violation {
        Violation::Overwritten(found) => {
            cycle.push(Edge {
                from: txn_of(units, found.unit),
                to: txn_of(units, found.newer),
                kind: RW,
            });
            let known = path::path(units, &[], found.newer, found.unit).unwrap_or_default();
            walk(units, found.newer, &known, found.unit, &mut cycle);
        }
        Violation::CyclicOrder(steps) | Violation::CyclicConflicts(steps) => {
            if let Some(first) = steps.first() {
                walk(units, first.source, steps, first.source, &mut cycle);
            }
        }
    }
    let mut finding = history.cycle(&Witness { anomaly, cycle });
    if let Violation::Overwritten(found) = violation {
        stale(history, units, found, &mut finding);
    }
    finding
}

/// Adds the edges of a path, and those of sessions between its steps.
fn walk(units: &causal::History, from: UnitId, path: &[Step], to: UnitId, cycle: &mut Vec<Edge>) {
    let mut at = from;
    let mut go = |from: &mut UnitId, to: UnitId, kind| {
        if *from != to {
            let [source, target] = [*from, to].map(|unit| txn_of(units, unit));
            cycle.push(Edge {
                from: source,
                to: target,
                kind,
            });
        }
        *from = to;
    };
    for step in path {
        go(&mut at, step.source, PROCESS);
        let kind = if step.because.is_some() { WW } else { WR };
        go(&mut at, step.reader, kind);
    }
    go(&mut at, to, PROCESS);
}

/// Says which read is older than what its transaction knew of.
fn stale(history: &History, units: &causal::History, found: &Overwritten, finding: &mut Finding) {
    let [reader, newer] = [found.unit, found.newer].map(|unit| txn_of(units, unit));
    let number = units.keys.value(found.key).as_int();
    let is_read = |mop: &&Mop| mop.kind == MopKind::ReadList && number == Some(i64::from(mop.key));
    let mut reads = history.mops_of(reader).iter().rev().filter(is_read);
    // The cycle begins with the reader and the newer writer.
    let [one, other] = ["T1", "T2"];
    let why = reads.find_map(|read| {
        let next = history.next_append(newer, read.key, read.value as usize)?;
        Some((history.append_reason(read, next, one, other), read.key))
    });
    let edges = &mut finding.details["cycle"];
    if let Some((why, key)) = why {
        edges[0]["why"] = why.into();
        edges[0]["key"] = history.key_text(key).into();
    }
    let told = edges.as_array().into_iter().flatten();
    let told: Vec<&str> = told.filter_map(|edge| edge["why"].as_str()).collect();
    finding.summary = format!(
        "{one} knew of {other}, yet read what {other} had already changed: {}",
        told.join("; ")
    );
}
