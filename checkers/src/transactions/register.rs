//! Dependencies of transactions that write and read registers: Elle (VLDB 2020), section 5, and
//! Adya (1999) for the version order.
//!
//! Values are unique for each key, so a read names its writer. The order of versions is known in
//! part: see [`versions`](super::versions). That a transaction's write comes after the version it
//! read is no assumption for read committed and above: were it before, the reader would depend on
//! the writer and be overwritten by it, which is G1c. Only as a reason for G0 has it to be asked
//! for ([`Assume::wfr_keys`]).

use serde_json::json;

use super::cases::Case;
use super::codes::{Code, CodeMap, NIL};
use super::history::{Mop, MopKind, TxnId};
use super::inference::{Inference, Origin, Rules, by_txn};
use super::versions::{self, Assume, INITIAL, Orders, Touch, WFR};
use crate::budget::{Exhausted, Meter};
use crate::graph::fan::fan;
use crate::graph::{Kinds, RW, WR, WW};
use crate::isolation::polygraph::{Access, INIT, NOTHING};
use crate::lattice::Anomaly;

/// One key while it is looked at.
#[derive(Debug, Default)]
pub(super) struct Writes {
    init: Code,
    assume: Assume,
    /// The value of each version; the first is the initial one.
    values: Vec<Code>,
    versions: CodeMap,
    /// By version: who committed it as its last write of the key.
    installers: Vec<Option<TxnId>>,
    /// Version and who found it there, sorted.
    readers: Vec<(u32, TxnId)>,
    /// Version and who found it and wrote another.
    updates: Vec<(u32, TxnId)>,
    touches: Vec<Touch>,
    /// By transaction: the version it found before it wrote, and whether it wrote.
    deeds: Vec<(TxnId, Option<u32>, bool)>,
    orders: Orders,
}

impl Rules for Writes {
    /// A read after a read or write of its own transaction must show just that.
    fn check_internal(&self, own: &[u32], inference: &mut Inference) {
        for pair in own.windows(2) {
            check_internal(inference.mop(pair[0]), inference.mop(pair[1]), inference);
        }
    }

    fn look(
        &mut self,
        key: u32,
        mops: &[u32],
        inference: &mut Inference,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        let history = inference.history;
        self.clear();
        for own in by_txn(history, mops) {
            meter.step(inference.builder.bytes())?;
            self.transaction(own, inference);
        }
        if self.assume.sequential_keys {
            versions::session_order(&self.touches, &mut self.orders);
        }
        if self.assume.linearizable_keys {
            versions::real_time_order(&self.touches, &mut self.orders);
        }
        self.readers.sort_unstable();
        self.drop_cycles(key, inference, meter)?;
        self.connect(inference);
        self.accesses(key, inference);
        let seen = |version: u32| history.codes.text(self.values[version as usize]);
        inference.lost_updates(key, &mut self.updates, "wrote", seen);
        Ok(())
    }
}

impl Writes {
    /// Rules for registers that hold `init` at first.
    pub fn new(init: Code, assume: Assume) -> Writes {
        Writes {
            init,
            assume,
            ..Writes::default()
        }
    }

    fn clear(&mut self) {
        self.values.clear();
        self.versions.clear();
        self.installers.clear();
        self.readers.clear();
        self.updates.clear();
        self.touches.clear();
        self.deeds.clear();
        self.orders.clear();
        self.version(self.init);
    }

    fn version(&mut self, value: Code) -> u32 {
        if let Some(version) = self.versions.get(value) {
            return version;
        }
        let version = self.values.len() as u32;
        self.values.push(value);
        self.installers.push(None);
        self.versions.insert(value, version);
        version
    }

    /// Looks at what one transaction did with the key.
    fn transaction(&mut self, own: &[u32], inference: &mut Inference) {
        let history = inference.history;
        let txn = inference.mop(own[0]).txn;
        let row = history.txn(txn);
        if !inference.committed[txn as usize] {
            return;
        }
        let mut found = None;
        let mut last = None;
        let mut wrote = false;
        for (at, &number) in own.iter().enumerate() {
            let mop = inference.mop(number);
            wrote |= mop.kind == MopKind::Write;
            if mop.kind == MopKind::Read {
                future_read(&own[at..], mop, inference);
                if at == 0 {
                    found = Some(self.version(mop.value));
                }
                // What is found later on, if it is another, may be nobody's too.
                if !wrote && last.replace(mop.value) != Some(mop.value) {
                    origin(mop, self.init, inference);
                }
            }
        }
        let mut writes = own.iter().rev().map(|number| inference.mop(*number));
        let left = writes.find(|mop| mop.kind == MopKind::Write);
        let left = left.map(|mop| self.version(mop.value));
        if let Some(version) = left {
            self.installers[version as usize] = Some(txn);
        }
        if let Some(version) = found {
            self.readers.push((version, txn));
        }
        if let (Some(found), Some(left)) = (found, left)
            && found != left
        {
            self.updates.push((found, txn));
            self.orders.push((found, left, WFR));
        }
        self.deeds.push((txn, found, left.is_some()));
        if let (Some(first), Some(last)) = (found.or(left), left.or(found)) {
            self.touches.push(Touch {
                process: row.process,
                begin: row.begin,
                end: row.end,
                is_timed: row.invoked,
                first,
                last,
            });
        }
    }

    /// Leaves out what contradicts itself, and reports it where it is a promise that is broken.
    fn drop_cycles(
        &mut self,
        key: u32,
        inference: &mut Inference,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        let versions = self.values.len() as u32;
        if self.orders.is_empty() {
            return Ok(());
        }
        let all = versions::cyclic(versions, &self.orders, Kinds::MAX, meter)?;
        if !all.any_cycle() {
            return Ok(());
        }
        let told = if self.assume.wfr_keys {
            Kinds::MAX
        } else {
            Kinds::MAX & !WFR
        };
        let broken = versions::cyclic(versions, &self.orders, told, meter)?;
        if broken.any_cycle() {
            let members = (0..versions).filter(|version| broken.is_cyclic(*version));
            let members: Vec<u32> = members.collect();
            self.cyclic_versions(key, &members, inference);
        }
        self.orders.retain(|(from, to, _)| !all.joins(*from, *to));
        Ok(())
    }

    /// Tells what each transaction did, by who wrote what it found.
    fn accesses(&self, key: u32, inference: &mut Inference) {
        let access = |(txn, found, writes): &(TxnId, Option<u32>, bool)| {
            let source = match found {
                Some(0) => INIT,
                Some(version) => self.installers[*version as usize].unwrap_or(NOTHING),
                None => NOTHING,
            };
            Access {
                key,
                source: if source == *txn { NOTHING } else { source },
                txn: *txn,
                writes: *writes,
            }
        };
        inference.accesses.extend(self.deeds.iter().map(access));
    }

    fn cyclic_versions(&self, key: u32, members: &[u32], inference: &mut Inference) {
        /// Values named in the sentence.
        const NAMED_MAX: usize = 6;
        let history = inference.history;
        inference.cases.add(Anomaly::CyclicVersions, || {
            let value = |version: &u32| history.codes.text(self.values[*version as usize]);
            let named: Vec<String> = members.iter().take(NAMED_MAX).map(value).collect();
            let key = history.key_text(key);
            let writers = members.iter().filter_map(|v| self.installers[*v as usize]);
            Case {
                summary: format!(
                    "by the assumptions made, the values {} of {key} each came before the others",
                    named.join(", ")
                ),
                txns: writers.take(NAMED_MAX).collect(),
                details: json!({ "key": key, "values": named, "count": members.len() }),
            }
        });
    }

    fn readers_of(&self, version: u32) -> &[(u32, TxnId)] {
        let begin = self.readers.partition_point(|(v, _)| *v < version);
        let end = self.readers.partition_point(|(v, _)| *v <= version);
        &self.readers[begin..end]
    }

    /// Turns the order of versions into dependencies.
    fn connect(&mut self, inference: &mut Inference) {
        for version in 1..self.values.len() {
            let value = self.values[version];
            if let Origin::Committed(writer) = inference.origin(value) {
                for (_, reader) in self.readers_of(version as u32) {
                    inference.edge(writer, *reader, WR);
                }
            }
        }
        let mut follows = vec![false; self.values.len()];
        for (_, to, _) in &self.orders {
            follows[*to as usize] = true;
        }
        // The initial version comes directly before all that follow nothing else.
        for (version, follows) in (0..).zip(follows).skip(1) {
            if !follows {
                self.orders.push((0, version, INITIAL));
            }
        }
        self.orders.sort_unstable();
        for same in self.orders.chunk_by(|a, b| a.0 == b.0) {
            let from = same[0].0;
            let installed = |(_, to, _): &(u32, u32, Kinds)| self.installers[*to as usize];
            let mut next: Vec<TxnId> = same.iter().filter_map(installed).collect();
            next.sort_unstable();
            next.dedup();
            if next.is_empty() {
                continue;
            }
            let readers = self.readers_of(from).iter().map(|(_, txn)| (*txn, RW));
            let readers: Vec<(TxnId, Kinds)> = readers.collect();
            fan(&mut inference.builder, &readers, &next);
            if let Some(writer) = self.installers[from as usize] {
                for order in same {
                    let vouched = order.2 != WFR || self.assume.wfr_keys;
                    if let (Some(next), true) = (installed(order), vouched) {
                        inference.edge(writer, next, WW);
                    }
                }
            }
        }
    }
}

/// Whether what a read found was there to be read.
fn origin(read: &Mop, init: Code, inference: &mut Inference) {
    match inference.origin(read.value) {
        Origin::Nobody if read.value == init || read.value == NIL => {}
        Origin::Nobody => {
            inference.misread(Anomaly::GarbageRead, read, &[], ", which nobody ever wrote");
        }
        Origin::Aborted(writer) => {
            let what = ", but the transaction that wrote it had failed";
            inference.misread(Anomaly::G1a, read, &[writer], what);
        }
        Origin::Committed(writer) if writer == read.txn => {}
        Origin::Committed(writer) => {
            if let Some(next) = inference.replaced_by(read.value) {
                let next = inference.history.codes.text(next.value);
                let what = format!(", which its writer replaced by {next} before it committed");
                inference.misread(Anomaly::G1b, read, &[writer], &what);
            }
        }
    }
}

fn check_internal(before: &Mop, read: &Mop, inference: &mut Inference) {
    if read.kind != MopKind::Read || read.value == before.value {
        return;
    }
    let value = inference.history.codes.text(before.value);
    let did = match before.kind {
        MopKind::Write => "written",
        _ => "read",
    };
    let what = format!(" after it had {did} {value}");
    inference.misread(Anomaly::Internal, read, &[], &what);
}

/// Whether a read, the first of these, saw what its transaction wrote only later.
fn future_read(own: &[u32], read: &Mop, inference: &mut Inference) {
    let mut later = own.iter().map(|number| inference.mop(*number));
    if later.any(|mop| mop.kind == MopKind::Write && mop.value == read.value) {
        let what = " and wrote that itself only after";
        inference.misread(Anomaly::FutureRead, read, &[], what);
    }
}
