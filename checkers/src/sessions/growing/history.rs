//! Sessions of units that add to collections and read them whole.
//!
//! A unit is an operation, or a transaction. Elements are added once to a key, so a read tells
//! exactly which units it saw. Units are numbered session by session, in session order; adds are
//! numbered by their units.

use rustc_hash::FxHashMap;

use crate::causal::history::{Outcome, Span};
use crate::checker::{OpError, Params};
use crate::intern::Interner;
use crate::lowering::Pending;
use crate::{Op, OpType, Value};

pub(super) const FUNCTIONS: &[&str] = &["add", "append", "read", "txn"];

const MICRO_OPS: &str = "a list of micro-operations [append key element] and [r key elements]";

/// A key and an element, interned.
type Entry = (u32, u32);

/// What a call does: what it adds, and what its reads showed, in order.
#[derive(Debug, Default)]
pub(super) struct Done {
    adds: Vec<Entry>,
    reads: Vec<(u32, Vec<u32>)>,
}

/// A unit as it was recorded.
#[derive(Debug)]
struct Recorded {
    session: u32,
    outcome: Outcome,
    span: Span,
    done: Done,
}

/// Takes operations and records units.
pub(super) struct Lowering {
    lenient: bool,
    keys: Interner,
    elements: Interner,
    pending: Pending<(i64, u64, Vec<Entry>)>,
    /// The open session of each process, and the process of each session.
    sessions: FxHashMap<i64, u32>,
    processes: Vec<i64>,
    units: Vec<Recorded>,
    pub succeeded: u64,
}

impl Lowering {
    pub fn new(params: &Params) -> Lowering {
        Lowering {
            lenient: params.lenient,
            keys: Interner::default(),
            elements: Interner::default(),
            pending: Pending::default(),
            sessions: FxHashMap::default(),
            processes: Vec::new(),
            units: Vec::new(),
            succeeded: 0,
        }
    }

    pub fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        if !FUNCTIONS.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, FUNCTIONS));
        }
        if op.kind == OpType::Invoke {
            let done = self.lower(op, false)?;
            return self
                .pending
                .invoke(op, process, (process, op.index, done.adds));
        }
        let call = match self.pending.completed_by(op, process) {
            Ok((_, invoked, adds)) => Some((*invoked, adds.clone())),
            Err(_) if self.lenient => None,
            Err(error) => return Err(error),
        };
        let outcome = match op.kind {
            OpType::Ok => Outcome::Committed,
            OpType::Fail => Outcome::Aborted,
            OpType::Info | OpType::Invoke => Outcome::Indefinite,
        };
        // A log answers an append with its place, so what was invoked tells what was added.
        let is_plain = op.f != "txn";
        let done = match (&call, outcome) {
            (Some((_, adds)), Outcome::Committed) if is_plain && !adds.is_empty() => Done {
                adds: adds.clone(),
                reads: Vec::new(),
            },
            (_, Outcome::Committed) | (None, _) => self.lower(op, outcome == Outcome::Committed)?,
            (Some((_, adds)), _) => Done {
                adds: adds.clone(),
                reads: Vec::new(),
            },
        };
        self.succeeded += u64::from(outcome == Outcome::Committed);
        let span = Span {
            invoked: call.map_or(op.index, |(invoked, _)| invoked),
            completed: op.index,
            time: op.time,
        };
        self.unit(process, span, outcome, done);
        self.pending.close(op, process);
        Ok(())
    }

    /// An indefinite unit ends its session: what the process does later may come before it.
    pub fn unit(&mut self, process: i64, span: Span, outcome: Outcome, done: Done) {
        let next = self.processes.len() as u32;
        let session = *self.sessions.entry(process).or_insert(next);
        if session == next {
            self.processes.push(process);
        }
        if outcome == Outcome::Indefinite {
            self.sessions.remove(&process);
        }
        self.units.push(Recorded {
            session,
            outcome,
            span,
            done,
        });
    }

    fn lower(&mut self, op: &Op, is_ok: bool) -> Result<Done, OpError> {
        let mut done = Done::default();
        let key = op.key.as_ref().unwrap_or(&Value::Nil);
        match op.f.as_ref() {
            "txn" => {
                let wrong = |found: &Value| {
                    OpError::new(op, format!("a transaction holds {found}"), MICRO_OPS)
                };
                let micro_ops = op.value.as_items().ok_or_else(|| wrong(&op.value))?;
                for micro_op in micro_ops {
                    let Some([f, key, value]) = micro_op.as_items() else {
                        return Err(wrong(micro_op));
                    };
                    match f.as_name() {
                        Some("append") => self.add(key, value, &mut done),
                        Some("r") if is_ok => self.read(op, key, value, &mut done)?,
                        Some("r") => {}
                        _ => return Err(wrong(micro_op)),
                    }
                }
            }
            "read" if is_ok => self.read(op, key, &op.value, &mut done)?,
            "read" => {}
            _ => self.add(key, &op.value, &mut done),
        }
        Ok(done)
    }

    pub fn add(&mut self, key: &Value, element: &Value, done: &mut Done) {
        let entry = (self.keys.intern(key), self.elements.intern(element));
        done.adds.push(entry);
    }

    fn read(
        &mut self,
        op: &Op,
        key: &Value,
        shown: &Value,
        done: &mut Done,
    ) -> Result<(), OpError> {
        let items = match shown {
            Value::Nil => &[],
            shown => shown.as_items().ok_or_else(|| {
                OpError::new(
                    op,
                    format!("a read returned {shown}"),
                    "all elements, or nil",
                )
            })?,
        };
        self.shown(key, items, done);
        Ok(())
    }

    /// What the transaction added itself says nothing of others.
    pub fn shown<'v>(
        &mut self,
        key: &Value,
        items: impl IntoIterator<Item = &'v Value>,
        done: &mut Done,
    ) {
        let key = self.keys.intern(key);
        let own = done.adds.iter().filter(|(k, _)| *k == key);
        let own: Vec<u32> = own.map(|(_, element)| *element).collect();
        let shown = items.into_iter().map(|item| self.elements.intern(item));
        let shown: Vec<u32> = shown.filter(|element| !own.contains(element)).collect();
        done.reads.push((key, shown));
    }

    /// All units; calls that never completed are indefinite.
    pub fn finish(mut self) -> History {
        let pending = std::mem::take(&mut self.pending);
        let mut open: Vec<_> = pending.into_open().collect();
        open.sort_unstable_by_key(|(_, invoked, _)| *invoked);
        for (process, invoked, adds) in open {
            let span = Span {
                invoked,
                completed: invoked,
                time: None,
            };
            let reads = Vec::new();
            self.unit(process, span, Outcome::Indefinite, Done { adds, reads });
        }
        Numbering::new(&self.units).history(self)
    }
}

/// An add, or an element of a read.
pub(super) type AddId = u32;

#[derive(Debug, Clone, Copy)]
pub(super) struct Add {
    pub unit: u32,
    pub key: u32,
    pub element: u32,
}

/// A read, and where what it showed lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    pub unit: u32,
    pub key: u32,
    begin: u32,
    end: u32,
}

/// A read of an element that cannot be there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Misread {
    pub unit: u32,
    pub key: u32,
    pub element: u32,
    /// When somebody added it, but failed.
    pub aborted: Option<Span>,
}

#[derive(Debug)]
pub(super) struct History {
    pub keys: Interner,
    pub elements: Interner,
    pub processes: Vec<i64>,
    /// The first unit of each session, and the number of units.
    pub starts: Vec<u32>,
    pub session_of: Vec<u32>,
    pub spans: Vec<Span>,
    /// By unit.
    pub adds: Vec<Add>,
    /// The adds of each key, and where those of each begin.
    by_key: Vec<AddId>,
    key_starts: Vec<u32>,
    pub reads: Vec<Read>,
    pub read_starts: Vec<u32>,
    shown: Vec<AddId>,
    pub misreads: Vec<Misread>,
    /// Elements that several units added to one key: they tell nothing.
    pub ambiguous: u64,
}

impl History {
    pub fn units(&self) -> usize {
        self.session_of.len()
    }

    pub fn sessions(&self) -> usize {
        self.processes.len()
    }

    pub fn reads_of(&self, unit: u32) -> &[Read] {
        let at = unit as usize;
        &self.reads[self.read_starts[at] as usize..self.read_starts[at + 1] as usize]
    }

    /// What a unit added.
    pub fn adds_of(&self, unit: u32) -> &[Add] {
        let begin = self.adds.partition_point(|add| add.unit < unit);
        let end = self.adds.partition_point(|add| add.unit <= unit);
        &self.adds[begin..end]
    }

    /// What a read showed, in its order.
    pub fn shown(&self, read: &Read) -> &[AddId] {
        &self.shown[read.begin as usize..read.end as usize]
    }

    /// All adds of a key.
    pub fn adds_of_key(&self, key: u32) -> &[AddId] {
        let at = key as usize;
        &self.by_key[self.key_starts[at] as usize..self.key_starts[at + 1] as usize]
    }

    fn index_keys(&mut self) {
        self.by_key = (0..self.adds.len() as AddId).collect();
        let adds = &self.adds;
        self.by_key.sort_by_key(|add| adds[*add as usize].key);
        let starts = (0..=self.keys.len() as u32).map(|key| {
            let begin = self
                .by_key
                .partition_point(|add| adds[*add as usize].key < key);
            begin as u32
        });
        self.key_starts = starts.collect();
    }

    pub fn add(&self, add: AddId) -> Add {
        self.adds[add as usize]
    }

    pub fn session(&self, session: u32) -> std::ops::Range<u32> {
        self.starts[session as usize]..self.starts[session as usize + 1]
    }

    /// The place of a unit in its session, from 1.
    pub fn position(&self, unit: u32) -> u32 {
        unit - self.starts[self.session_of[unit as usize] as usize] + 1
    }
}

/// Which recorded units count, and their numbers.
struct Numbering {
    /// By entry: the recorded unit that added it, and whether another did too.
    adders: FxHashMap<Entry, (u32, bool)>,
    aborted: FxHashMap<Entry, Span>,
    counts: Vec<bool>,
}

impl Numbering {
    fn new(units: &[Recorded]) -> Numbering {
        let mut adders: FxHashMap<Entry, (u32, bool)> = FxHashMap::default();
        let mut aborted = FxHashMap::default();
        for (at, unit) in (0..).zip(units) {
            for entry in &unit.done.adds {
                if unit.outcome == Outcome::Aborted {
                    aborted.insert(*entry, unit.span);
                } else {
                    let known = adders.entry(*entry).or_insert((at, false));
                    known.1 |= known.0 != at;
                }
            }
        }
        let committed = |unit: &Recorded| unit.outcome == Outcome::Committed;
        let mut counts: Vec<bool> = units.iter().map(committed).collect();
        for unit in units {
            for (key, shown) in &unit.done.reads {
                for element in shown {
                    if let Some((adder, _)) = adders.get(&(*key, *element)) {
                        counts[*adder as usize] = true;
                    }
                }
            }
        }
        Numbering {
            adders,
            aborted,
            counts,
        }
    }

    fn history(&self, lowering: Lowering) -> History {
        let units = &lowering.units;
        let counted = (0..units.len() as u32).filter(|unit| self.counts[*unit as usize]);
        let mut order: Vec<u32> = counted.collect();
        order.sort_by_key(|unit| units[*unit as usize].session);
        let mut history = History {
            starts: vec![0; lowering.processes.len() + 1],
            processes: lowering.processes,
            session_of: Vec::new(),
            spans: Vec::new(),
            adds: Vec::new(),
            by_key: Vec::new(),
            key_starts: Vec::new(),
            reads: Vec::new(),
            read_starts: vec![0],
            shown: Vec::new(),
            misreads: Vec::new(),
            ambiguous: self.adders.values().filter(|(_, shared)| *shared).count() as u64,
            keys: lowering.keys,
            elements: lowering.elements,
        };
        let mut ids: FxHashMap<Entry, AddId> = FxHashMap::default();
        for (unit, number) in (0..).zip(&order) {
            let recorded = &units[*number as usize];
            history.session_of.push(recorded.session);
            history.starts[recorded.session as usize + 1] += 1;
            history.spans.push(recorded.span);
            for (key, element) in &recorded.done.adds {
                let is_shared = self.adders.get(&(*key, *element)).is_none_or(|(_, s)| *s);
                let next = history.adds.len() as AddId;
                if !is_shared && *ids.entry((*key, *element)).or_insert(next) == next {
                    history.adds.push(Add {
                        unit,
                        key: *key,
                        element: *element,
                    });
                }
            }
        }
        history.index_keys();
        for session in 0..history.processes.len() {
            history.starts[session + 1] += history.starts[session];
        }
        for (unit, number) in (0..).zip(&order) {
            for (key, shown) in &units[*number as usize].done.reads {
                self.read(unit, *key, shown, &ids, &mut history);
            }
            history.read_starts.push(history.reads.len() as u32);
        }
        history
    }

    fn read(
        &self,
        unit: u32,
        key: u32,
        shown: &[u32],
        ids: &FxHashMap<Entry, AddId>,
        history: &mut History,
    ) {
        let begin = history.shown.len() as u32;
        for element in shown {
            let entry = (key, *element);
            match ids.get(&entry) {
                Some(add) => history.shown.push(*add),
                None if self.adders.contains_key(&entry) => {}
                None => history.misreads.push(Misread {
                    unit,
                    key,
                    element: *element,
                    aborted: self.aborted.get(&entry).copied(),
                }),
            }
        }
        history.reads.push(Read {
            unit,
            key,
            begin,
            end: history.shown.len() as u32,
        });
    }
}
