//! A history as causality sees it: sessions of units, each of which read some writes of others.
//!
//! A *unit* is what happens at once: one operation on a register, or a transaction. Every value is
//! written to a key once, so a read tells which unit it reads from. Units are numbered session by
//! session, in session order: the unit before another in its session is the number before it.
//!
//! Reads that no store can explain (of values nobody wrote, or only a failed or later part of a
//! unit did) are [`Misread`]s and leave no edge. Reads of a value written twice tell nothing, and
//! are only counted.

mod part;
mod resolve;

use rustc_hash::FxHashMap;

use crate::intern::{Interner, ValueId};
use crate::value::Value;

/// A unit's number.
pub type UnitId = u32;

/// The source of reads that returned the initial value.
pub const INIT: UnitId = u32::MAX;

/// When a unit was, by the events of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Index of its invocation.
    pub invoked: u64,
    /// Index of its completion; of its invocation where it has none.
    pub completed: u64,
    /// Nanoseconds at which it completed.
    pub time: Option<i64>,
}

/// How a unit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Committed,
    Aborted,
    /// It counts if anyone read from it.
    Indefinite,
}

/// A read of a value some other unit wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    pub key: u32,
    /// The unit that wrote the value, or [`INIT`].
    pub source: UnitId,
}

/// The last value a unit wrote to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write {
    pub key: u32,
    pub value: ValueId,
}

/// Why a read has no explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Nobody wrote the value.
    ThinAir,
    /// Only units that failed wrote it.
    Aborted,
    /// Its writer overwrote it within the same transaction.
    Intermediate,
    /// Its own transaction had written another value to the key before.
    Internal,
    /// Its own transaction wrote the value, but later.
    Future,
}

impl Fault {
    /// The anomaly's name.
    pub fn name(self) -> &'static str {
        match self {
            Fault::ThinAir => "thin-air-read",
            Fault::Aborted => "aborted-read",
            Fault::Intermediate => "intermediate-read",
            Fault::Internal => "internal",
            Fault::Future => "future-read",
        }
    }
}

/// A read without explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misread {
    pub fault: Fault,
    pub unit: UnitId,
    pub key: u32,
    pub value: ValueId,
    /// The other unit that wrote the value, if one did.
    pub writer: Option<Span>,
}

/// One access of a unit, as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    version: u32,
    is_write: bool,
}

/// A value of a key.
#[derive(Debug, Clone, Copy)]
struct Version {
    key: u32,
    value: ValueId,
}

/// Takes units in the order of their ends and makes a [`History`] of them.
#[derive(Debug)]
pub struct Recorder {
    init: ValueId,
    keys: Interner,
    values: Interner,
    versions: Vec<Version>,
    version_ids: FxHashMap<u64, u32>,
    /// The open session of each process, and how many sessions there are.
    sessions: FxHashMap<i64, u32>,
    processes: Vec<i64>,
    units: Vec<Recorded>,
    accesses: Vec<Access>,
    /// Spans tell nothing of when a unit was but within its session.
    pub timeless: bool,
}

/// A unit as recorded.
#[derive(Debug, Clone, Copy)]
struct Recorded {
    session: u32,
    outcome: Outcome,
    span: Span,
    /// Its accesses end here; they begin where those of the unit before end.
    accesses_end: u32,
}

impl Recorder {
    /// `init` is what every key holds before it is written.
    pub fn new(init: &Value) -> Recorder {
        let mut values = Interner::default();
        Recorder {
            init: values.intern(init),
            keys: Interner::default(),
            values,
            versions: Vec::new(),
            version_ids: FxHashMap::default(),
            sessions: FxHashMap::default(),
            processes: Vec::new(),
            units: Vec::new(),
            accesses: Vec::new(),
            timeless: false,
        }
    }

    /// Takes this for what every key holds before it is written, unless somebody writes it.
    pub fn assume_init(&mut self, init: &Value) {
        let init = self.values.intern(init);
        let is_written = |access: &Access| {
            access.is_write && self.versions[access.version as usize].value == init
        };
        if !self.accesses.iter().any(is_written) {
            self.init = init;
        }
    }

    /// A read that returned `value`.
    pub fn read(&mut self, key: &Value, value: &Value) -> Access {
        self.access(key, value, false)
    }

    pub fn write(&mut self, key: &Value, value: &Value) -> Access {
        self.access(key, value, true)
    }

    fn access(&mut self, key: &Value, value: &Value, is_write: bool) -> Access {
        let (key, value) = (self.keys.intern(key), self.values.intern(value));
        let next = self.versions.len() as u32;
        let id = u64::from(key) << 32 | u64::from(value);
        let version = *self.version_ids.entry(id).or_insert(next);
        if version == next {
            self.versions.push(Version { key, value });
        }
        Access { version, is_write }
    }

    /// The next unit of a process.
    ///
    /// An indefinite one ends its session: what the process does later may come before it.
    pub fn unit(&mut self, process: i64, span: Span, outcome: Outcome, accesses: &[Access]) {
        let next = self.processes.len() as u32;
        let session = *self.sessions.entry(process).or_insert(next);
        if session == next {
            self.processes.push(process);
        }
        if outcome == Outcome::Indefinite {
            self.end_session(process);
        }
        self.accesses.extend_from_slice(accesses);
        self.units.push(Recorded {
            session,
            outcome,
            span,
            accesses_end: self.accesses.len() as u32,
        });
    }

    /// Lets the next unit of a process begin a session of its own.
    pub fn end_session(&mut self, process: i64) {
        self.sessions.remove(&process);
    }

    /// Whether no unit was committed.
    pub fn is_empty(&self) -> bool {
        !self
            .units
            .iter()
            .any(|unit| unit.outcome == Outcome::Committed)
    }
}

/// Units in session order with what each read and wrote.
#[derive(Debug)]
pub struct History {
    pub(crate) keys: Interner,
    pub(crate) values: Interner,
    pub(crate) init: ValueId,
    /// The process of each session.
    pub processes: Vec<i64>,
    /// The first unit of each session, and the number of units.
    starts: Vec<u32>,
    session_of: Vec<u32>,
    spans: Vec<Span>,
    reads: Vec<Read>,
    read_starts: Vec<u32>,
    writes: Vec<Write>,
    write_starts: Vec<u32>,
    /// The units that write each key, ascending.
    writers: Vec<UnitId>,
    writer_starts: Vec<u32>,
    pub misreads: Vec<Misread>,
    /// Spans tell nothing of when a unit was.
    timeless: bool,
    /// Reads of values that were written more than once.
    pub ambiguous_reads: u64,
}

impl History {
    /// The same without the order of sessions: each unit is one of its own.
    pub fn apart(mut self) -> History {
        let units = self.units() as UnitId;
        let process = |session: &u32| self.processes[*session as usize];
        self.processes = self.session_of.iter().map(process).collect();
        self.session_of = (0..units).collect();
        self.starts = (0..=units).collect();
        self
    }

    pub fn units(&self) -> usize {
        self.session_of.len()
    }

    pub fn sessions(&self) -> usize {
        self.processes.len()
    }

    /// The units of a session.
    pub fn session(&self, session: u32) -> std::ops::Range<UnitId> {
        self.starts[session as usize]..self.starts[session as usize + 1]
    }

    pub fn session_of(&self, unit: UnitId) -> u32 {
        self.session_of[unit as usize]
    }

    /// The place of a unit in its session, from 1: how many units of it a clock counts with it.
    pub fn position(&self, unit: UnitId) -> u32 {
        unit - self.starts[self.session_of(unit) as usize] + 1
    }

    /// The unit before this one in its session.
    pub fn previous(&self, unit: UnitId) -> Option<UnitId> {
        (self.position(unit) > 1).then(|| unit - 1)
    }

    /// Where to guess the unit among those of all sessions.
    pub fn turn(&self, unit: UnitId) -> u64 {
        if !self.timeless {
            return self.span(unit).completed;
        }
        let session = self.session(self.session_of(unit));
        (u64::from(unit - session.start) << 32) / u64::from(session.end - session.start)
    }

    pub fn span(&self, unit: UnitId) -> Span {
        self.spans[unit as usize]
    }

    /// What the unit read from other units, in its order.
    pub fn reads(&self, unit: UnitId) -> &[Read] {
        let at = unit as usize;
        &self.reads[self.read_starts[at] as usize..self.read_starts[at + 1] as usize]
    }

    /// The last write to each key it wrote.
    pub fn writes(&self, unit: UnitId) -> &[Write] {
        let at = unit as usize;
        &self.writes[self.write_starts[at] as usize..self.write_starts[at + 1] as usize]
    }

    pub fn keys(&self) -> usize {
        self.writer_starts.len() - 1
    }

    /// The units that write a key, session by session.
    pub fn writers(&self, key: u32) -> &[UnitId] {
        let at = key as usize;
        &self.writers[self.writer_starts[at] as usize..self.writer_starts[at + 1] as usize]
    }

    /// The last of each session's units among ascending ones.
    pub fn last_of_each_session(&self, units: impl Iterator<Item = UnitId>) -> Vec<UnitId> {
        let mut last: Vec<UnitId> = Vec::new();
        for unit in units {
            match last.last_mut() {
                Some(before) if self.session_of(*before) == self.session_of(unit) => *before = unit,
                _ => last.push(unit),
            }
        }
        last
    }

    /// The value a unit leaves in a key; the initial one where it does not write it.
    pub(crate) fn value(&self, unit: UnitId, key: u32) -> &Value {
        let written = (unit != INIT)
            .then(|| self.writes(unit).iter().find(|write| write.key == key))
            .flatten();
        self.values.value(written.map_or(self.init, |w| w.value))
    }

    /// Bytes a row of one clock takes.
    pub fn clock_bytes(&self) -> u64 {
        4 * self.sessions() as u64
    }
}
