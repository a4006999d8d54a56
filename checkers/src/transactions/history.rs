//! Transactions lowered to columns: who ran what when, and every micro-operation once.

use rustc_hash::FxHashSet;

use super::branches::BranchRef;
use super::codes::{Code, Codes, Keys, NIL};
use super::lists::Lists;
use super::part::{Given, Part};
use super::sets::Sets;
use super::vocabulary::Vocabulary;
use crate::checker::OpError;
use crate::lowering::OpenCalls;
use crate::value::{MicroF, MicroOp};
use crate::{Op, OpType, Value};

/// A transaction's number, in order of invocation.
pub(super) type TxnId = u32;

/// The end of a transaction that nobody saw end.
pub(super) const NEVER: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok,
    Fail,
    /// Unknown: completed so, or not at all.
    Info,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Txn {
    pub process: i64,
    /// Indices of invocation and completion in the history.
    pub indices: [u64; 2],
    pub times: [Option<i64>; 2],
    /// Positions among the events judged. An invocation nobody recorded has position 0, a
    /// completion nobody recorded [`NEVER`].
    pub begin: u32,
    pub end: u32,
    pub outcome: Outcome,
    /// Whether the invocation was recorded.
    pub invoked: bool,
    first_mop: u32,
    mops: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MopKind {
    /// A write of a register or an append.
    Write,
    /// A read of a register: `value` is what it saw.
    Read,
    /// A read of a list: `value` is its length.
    ReadList,
    /// A read of a set: `value` is its size.
    ReadSet,
    /// A read whose result nobody knows.
    Unknown,
}

/// A micro-operation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mop {
    pub txn: TxnId,
    pub key: u32,
    pub value: Code,
    pub branch: u16,
    pub kind: MopKind,
}

impl Mop {
    /// What a read of a collection saw.
    pub fn stored(&self) -> BranchRef {
        BranchRef {
            branch: self.branch,
            length: self.value,
        }
    }

    pub fn is_collection(&self) -> bool {
        matches!(self.kind, MopKind::ReadList | MopKind::ReadSet)
    }

    pub fn is_read(&self) -> bool {
        self.kind == MopKind::Read || self.is_collection()
    }
}

#[derive(Debug)]
pub(super) struct History {
    pub vocabulary: Vocabulary,
    /// What counters are at first.
    pub init: i64,
    lenient: bool,
    /// The order of events tells that of each session and no more.
    pub sessions_only: bool,
    pub txns: Vec<Txn>,
    pub mops: Vec<Mop>,
    pub keys: Keys,
    pub codes: Codes,
    /// By key, where there are lists.
    pub lists: Vec<Lists>,
    /// By key, where there are sets.
    pub sets: Vec<Sets>,
    /// Who read an element of a set twice at once: transaction, key and element.
    pub repeats: Vec<(TxnId, u32, Code)>,
    /// Transactions that are known to have ended, in the order of their ends.
    pub ended: Vec<TxnId>,
    open: OpenCalls,
    events: u32,
}

/// Transactions and micro-operations of one history: their numbers are 32 bits, and waypoints of
/// the graph need some too.
const MOPS_MAX: usize = 1 << 30;

impl History {
    pub fn new(
        vocabulary: Vocabulary,
        lenient: bool,
        sessions_only: bool,
        init: &Value,
    ) -> History {
        History {
            vocabulary,
            init: init.as_int().unwrap_or(0),
            lenient,
            sessions_only,
            txns: Vec::new(),
            mops: Vec::new(),
            keys: Keys::default(),
            codes: Codes::default(),
            lists: Vec::new(),
            sets: Vec::new(),
            repeats: Vec::new(),
            ended: Vec::new(),
            open: OpenCalls::default(),
            events: 0,
        }
    }

    /// Takes the next event. On an error nothing has changed but names learnt.
    pub fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        if op.f != super::FUNCTIONS[0] {
            return Err(OpError::unknown_function(op, super::FUNCTIONS));
        }
        if let Some(key) = &op.key {
            let problem = format!("a transaction is about the key {key}");
            return Err(OpError::new(
                op,
                problem,
                "keys inside its micro-operations only",
            ));
        }
        if self.mops.len() + self.txns.len() > MOPS_MAX {
            let problem = "the history is too long".to_owned();
            let most = format!("at most {MOPS_MAX} transactions and micro-operations");
            return Err(OpError::new(op, problem, most));
        }
        let (begin, repeats) = (self.mops.len(), self.repeats.len());
        let pushed = self.take(op, process);
        if pushed.is_err() {
            self.mops.truncate(begin);
            self.repeats.truncate(repeats);
        }
        pushed
    }

    fn take(&mut self, op: &Op, process: i64) -> Result<(), OpError> {
        let at = self.events;
        if op.kind == OpType::Invoke {
            let txn = self.txns.len() as TxnId;
            let (first_mop, mops) = self.lower(op, txn, false)?;
            self.open.invoke(op, process, txn)?;
            self.txns.push(Txn {
                process,
                indices: [op.index, op.index],
                times: [op.time, None],
                begin: at,
                end: NEVER,
                outcome: Outcome::Info,
                invoked: true,
                first_mop,
                mops,
            });
            self.events += 1;
            return Ok(());
        }
        let open = match self.open.completed_by(op, process) {
            Err(_) if self.lenient => None,
            open => Some(open?),
        };
        let txn = open.unwrap_or(self.txns.len() as TxnId);
        // What was invoked stays where nothing better is known.
        let lowered = match (op.kind, open) {
            (OpType::Ok, _) | (_, None) => Some(self.lower(op, txn, op.kind == OpType::Ok)?),
            _ => None,
        };
        if open.is_none() {
            self.txns.push(Txn {
                process,
                indices: [op.index, op.index],
                times: [None, None],
                begin: 0,
                end: NEVER,
                outcome: Outcome::Info,
                invoked: false,
                first_mop: 0,
                mops: 0,
            });
        }
        self.open.close(process);
        self.events += 1;
        let row = &mut self.txns[txn as usize];
        row.indices[1] = op.index;
        row.times[1] = op.time;
        (row.end, row.outcome) = match op.kind {
            OpType::Ok => (at, Outcome::Ok),
            OpType::Fail => (at, Outcome::Fail),
            OpType::Info | OpType::Invoke => (NEVER, Outcome::Info),
        };
        if row.end != NEVER {
            self.ended.push(txn);
        }
        if let Some((first_mop, mops)) = lowered {
            self.settle(txn, first_mop, mops);
        }
        Ok(())
    }

    /// Puts what a transaction did in the place of what it was invoked to do, if that is as long.
    fn settle(&mut self, txn: TxnId, first_mop: u32, mops: u32) {
        let row = &mut self.txns[txn as usize];
        if row.mops == mops && mops > 0 {
            let begin = first_mop as usize;
            let place = row.first_mop as usize;
            self.mops.copy_within(begin.., place);
            self.mops.truncate(begin);
            return;
        }
        let (old, count) = (row.first_mop as usize, row.mops as usize);
        (row.first_mop, row.mops) = (first_mop, mops);
        for mop in &mut self.mops[old..old + count] {
            mop.kind = MopKind::Unknown;
        }
    }

    /// Appends the micro-operations of an event.
    fn lower(&mut self, op: &Op, txn: TxnId, results: bool) -> Result<(u32, u32), OpError> {
        let first = self.mops.len() as u32;
        // All are looked at first: of an event that is refused, no list may be learnt.
        match &op.value {
            Value::Nil => {}
            Value::Packed(packed) => {
                let part = |mop: &MicroOp| Part::of_packed(mop, packed);
                let fits = |mop: &&MicroOp| part(mop).fits(self.vocabulary, results);
                if let Some(bad) = packed.as_slice().iter().find(|mop| !fits(mop)) {
                    return Err(self.malformed(op, &packed.unpacked_op(bad)));
                }
                for mop in packed.as_slice() {
                    self.append(op, txn, Part::of_packed(mop, packed), results)?;
                }
            }
            other => {
                let items = other.as_items().ok_or_else(|| self.malformed(op, other))?;
                let fits = |part: &Part| part.fits(self.vocabulary, results);
                let bad = |item: &&Value| !Part::of(item).as_ref().is_some_and(fits);
                if let Some(bad) = items.iter().find(bad) {
                    return Err(self.malformed(op, bad));
                }
                for part in items.iter().filter_map(Part::of) {
                    self.append(op, txn, part, results)?;
                }
            }
        }
        Ok((first, self.mops.len() as u32 - first))
    }

    /// Lowers a micro-operation that fits the vocabulary.
    #[inline]
    fn append(&mut self, op: &Op, txn: TxnId, part: Part, results: bool) -> Result<(), OpError> {
        let code = self.codes.given(part.key);
        let key = self.keys.number(code);
        match self.vocabulary {
            Vocabulary::Lists if self.lists.len() <= key as usize => {
                self.lists.push(Lists::default())
            }
            Vocabulary::Sets if self.sets.len() <= key as usize => self.sets.push(Sets::default()),
            _ => {}
        }
        let (value, branch, kind) = match (part.f, self.vocabulary) {
            (MicroF::Read, _) if !results => (NIL, 0, MopKind::Unknown),
            (MicroF::Read, Vocabulary::Lists | Vocabulary::Sets) => {
                let stored = self.store(txn, key, part.value).ok_or_else(|| {
                    let key = self.codes.text(code);
                    let problem = format!("the reads of {key} contradict each other too often");
                    let objects = self.vocabulary.objects();
                    let most = format!("at most 65535 contradictory {objects} a key");
                    OpError::new(op, problem, most)
                })?;
                let kind = match self.vocabulary {
                    Vocabulary::Sets => MopKind::ReadSet,
                    _ => MopKind::ReadList,
                };
                (stored.length, stored.branch, kind)
            }
            (MicroF::Read, Vocabulary::Counters) if matches!(part.value, Given::Nil) => {
                (self.codes.given(Given::Int(self.init)), 0, MopKind::Read)
            }
            (MicroF::Read, _) => (self.codes.given(part.value), 0, MopKind::Read),
            _ => (self.codes.given(part.value), 0, MopKind::Write),
        };
        self.mops.push(Mop {
            txn,
            key,
            value,
            branch,
            kind,
        });
        Ok(())
    }

    /// Keeps the collection that a read saw. `None` where there are too many contradictory ones.
    #[inline]
    fn store(&mut self, txn: TxnId, key: u32, seen: Given) -> Option<BranchRef> {
        let at = key as usize;
        if self.vocabulary == Vocabulary::Lists {
            return self.lists[at].store(seen, &mut self.codes);
        }
        let (stored, repeated) = self.sets[at].store(seen, &mut self.codes)?;
        let repeats = repeated.into_iter().map(|element| (txn, key, element));
        self.repeats.extend(repeats);
        Some(stored)
    }

    fn malformed(&self, op: &Op, item: &Value) -> OpError {
        let expected = self.vocabulary.expected();
        OpError::new(op, format!("a transaction holds {item}"), expected)
    }

    pub fn txn(&self, txn: TxnId) -> &Txn {
        &self.txns[txn as usize]
    }

    /// The micro-operations of a transaction, in order.
    pub fn mops_of(&self, txn: TxnId) -> &[Mop] {
        let row = self.txn(txn);
        &self.mops[row.first_mop as usize..(row.first_mop + row.mops) as usize]
    }

    /// Micro-operations by key, in order of transactions: numbers into `mops`, and where the run
    /// of each key begins.
    pub fn by_key(&self) -> (Vec<u32>, Vec<u32>) {
        let keys = self.keys.codes.len();
        let mut begins = vec![0u32; keys + 2];
        let known = |mop: &&Mop| mop.kind != MopKind::Unknown;
        for mop in self.mops.iter().filter(known) {
            begins[mop.key as usize + 2] += 1;
        }
        for key in 2..begins.len() {
            begins[key] += begins[key - 1];
        }
        let mut mops = vec![0; begins[keys + 1] as usize];
        for (number, mop) in (0..).zip(&self.mops) {
            if mop.kind != MopKind::Unknown {
                let next = &mut begins[mop.key as usize + 1];
                mops[*next as usize] = number;
                *next += 1;
            }
        }
        begins.pop();
        (mops, begins)
    }

    /// Whether anybody wrote the value, to whatever key.
    pub fn is_written(&self, value: Code) -> bool {
        let mut mops = self.mops.iter();
        mops.any(|mop| mop.kind == MopKind::Write && mop.value == value)
    }

    /// Which of these keys and values were read.
    pub fn read_of(&self, asked: &FxHashSet<(u32, Code)>) -> FxHashSet<(u32, Code)> {
        if asked.is_empty() {
            return FxHashSet::default();
        }
        let mut keys = vec![false; self.keys.codes.len()];
        for (key, _) in asked {
            keys[*key as usize] = true;
        }
        let is_asked = |read: &(u32, Code)| keys[read.0 as usize] && asked.contains(read);
        let found = self.mops.iter().filter(|mop| mop.kind == MopKind::Read);
        let found = found.map(|mop| (mop.key, mop.value));
        let lists = (0..).zip(self.lists.iter().map(|lists| lists.all()));
        let sets = (0..).zip(self.sets.iter().map(|sets| sets.all()));
        let lists = lists.filter(|(key, _)| keys[*key as usize]);
        let sets = sets.filter(|(key, _)| keys[*key as usize]);
        let lists = lists.flat_map(|(key, all)| all.map(move |element| (key, element)));
        let sets = sets.flat_map(|(key, all)| all.map(move |element| (key, element)));
        found.chain(lists).chain(sets).filter(is_asked).collect()
    }

    pub fn key_text(&self, key: u32) -> String {
        self.codes.text(self.keys.codes[key as usize])
    }

    /// The elements of the collection that a read saw.
    pub fn elements(&self, mop: &Mop) -> &[Code] {
        let key = mop.key as usize;
        match mop.kind {
            MopKind::ReadList => self.lists[key].elements(mop.stored()),
            MopKind::ReadSet => self.sets[key].elements(mop.stored()),
            _ => &[],
        }
    }
}
