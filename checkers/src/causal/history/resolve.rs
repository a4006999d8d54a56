//! From recorded units to a history: which unit every read reads from.

use super::{
    Access, Fault, History, INIT, Misread, Outcome, Read, Recorded, Recorder, UnitId, Write,
};

/// No unit writes the version.
const NOBODY: u32 = u32::MAX;

/// Who writes a version, by the number of the recorded unit.
#[derive(Debug, Clone, Copy)]
struct Writer {
    unit: u32,
    outcome: Outcome,
    /// Whether the unit writes no other value to the key afterwards.
    is_final: bool,
    /// Whether another unit, or this one again, writes the same version.
    is_shared: bool,
}

const NO_WRITER: Writer = Writer {
    unit: NOBODY,
    outcome: Outcome::Aborted,
    is_final: true,
    is_shared: false,
};

/// What a key holds for the unit that is being gone through.
#[derive(Debug, Clone, Copy)]
struct Slot {
    unit: u32,
    version: u32,
    /// Where its write stands in the output.
    at: u32,
}

const NO_SLOT: Slot = Slot {
    unit: NOBODY,
    version: NOBODY,
    at: 0,
};

impl Recorder {
    /// Finds the source of every read and numbers the units.
    pub fn finish(self) -> History {
        let writers = self.writers();
        let counts = self.counted(&writers);
        let mut history = self.numbered(&counts);
        let ids = self.unit_ids(&counts, &mut history);
        let mut slots = vec![NO_SLOT; self.keys.len()];
        let mut by_id = vec![NOBODY; history.session_of.len()];
        for (at, id) in ids.iter().enumerate() {
            if *id != NOBODY {
                by_id[*id as usize] = at as u32;
            }
        }
        for at in by_id {
            self.resolve(at, &writers, &ids, &mut slots, &mut history);
            history.read_starts.push(history.reads.len() as u32);
            history.write_starts.push(history.writes.len() as u32);
        }
        history.index_writers(self.keys.len());
        history.init = self.init;
        history.keys = self.keys;
        history.values = self.values;
        history.processes = self.processes;
        history
    }

    fn accesses_of(&self, unit: usize) -> &[Access] {
        let begin = unit
            .checked_sub(1)
            .map_or(0, |before| self.units[before].accesses_end);
        &self.accesses[begin as usize..self.units[unit].accesses_end as usize]
    }

    /// The writer of every version. One that failed counts only where no other wrote it.
    fn writers(&self) -> Vec<Writer> {
        let mut writers = vec![NO_WRITER; self.versions.len()];
        let mut slots = vec![NO_SLOT; self.keys.len()];
        for (at, unit) in self.units.iter().enumerate() {
            let unit_number = at as u32;
            for access in self.accesses_of(at).iter().filter(|access| access.is_write) {
                let slot = &mut slots[self.versions[access.version as usize].key as usize];
                if slot.unit == unit_number {
                    let before = &mut writers[slot.version as usize];
                    before.is_final &= before.unit != unit_number;
                }
                *slot = Slot {
                    unit: unit_number,
                    version: access.version,
                    at: 0,
                };
                let writer = &mut writers[access.version as usize];
                let is_first = writer.unit == NOBODY;
                if is_first || writer.outcome == Outcome::Aborted {
                    *writer = Writer {
                        unit: unit_number,
                        outcome: unit.outcome,
                        is_final: true,
                        is_shared: false,
                    };
                } else {
                    writer.is_shared |= unit.outcome != Outcome::Aborted;
                }
            }
        }
        for (version, writer) in self.versions.iter().zip(&mut writers) {
            let is_written = writer.unit != NOBODY && writer.outcome != Outcome::Aborted;
            writer.is_shared |= is_written && version.value == self.init;
        }
        writers
    }

    /// Which recorded units count: those that committed, and indefinite ones somebody read from.
    fn counted(&self, writers: &[Writer]) -> Vec<bool> {
        let committed = |unit: &Recorded| unit.outcome == Outcome::Committed;
        let mut counts: Vec<bool> = self.units.iter().map(committed).collect();
        for (at, unit) in self.units.iter().enumerate() {
            if !committed(unit) {
                continue;
            }
            for access in self.accesses_of(at).iter().filter(|a| !a.is_write) {
                let writer = writers[access.version as usize];
                if writer.unit != NOBODY && writer.outcome == Outcome::Indefinite {
                    counts[writer.unit as usize] = true;
                }
            }
        }
        counts
    }

    /// A history with its sessions laid out and nothing in them.
    fn numbered(&self, counts: &[bool]) -> History {
        let mut starts = vec![0u32; self.processes.len() + 1];
        for (unit, counts) in self.units.iter().zip(counts) {
            starts[unit.session as usize + 1] += u32::from(*counts);
        }
        for session in 0..self.processes.len() {
            starts[session + 1] += starts[session];
        }
        let units = *starts.last().unwrap_or(&0) as usize;
        let nowhen = super::Span {
            invoked: 0,
            completed: 0,
            time: None,
        };
        History {
            keys: Default::default(),
            values: Default::default(),
            init: 0,
            processes: Vec::new(),
            starts,
            session_of: vec![0; units],
            spans: vec![nowhen; units],
            reads: Vec::new(),
            read_starts: vec![0],
            writes: Vec::new(),
            write_starts: vec![0],
            writers: Vec::new(),
            writer_starts: Vec::new(),
            misreads: Vec::new(),
            timeless: self.timeless,
            ambiguous_reads: 0,
        }
    }

    /// The number of each recorded unit; [`NOBODY`] for those that do not count.
    fn unit_ids(&self, counts: &[bool], history: &mut History) -> Vec<UnitId> {
        let mut next = history.starts.clone();
        let mut ids = vec![NOBODY; self.units.len()];
        for (at, unit) in self.units.iter().enumerate() {
            if !counts[at] {
                continue;
            }
            let id = &mut next[unit.session as usize];
            ids[at] = *id;
            history.session_of[*id as usize] = unit.session;
            history.spans[*id as usize] = unit.span;
            *id += 1;
        }
        ids
    }

    /// Adds the reads and writes of a recorded unit.
    fn resolve(
        &self,
        at: u32,
        writers: &[Writer],
        ids: &[UnitId],
        slots: &mut [Slot],
        history: &mut History,
    ) {
        let unit = ids[at as usize];
        let is_definite = self.units[at as usize].outcome == Outcome::Committed;
        for access in self.accesses_of(at as usize) {
            let version = self.versions[access.version as usize];
            let slot = &mut slots[version.key as usize];
            let wrote = (slot.unit == at).then_some(slot.version);
            if access.is_write {
                let write = Write {
                    key: version.key,
                    value: version.value,
                };
                let end = history.writes.len() as u32;
                let place = if wrote.is_some() { slot.at } else { end };
                if place == end {
                    history.writes.push(write);
                } else {
                    history.writes[place as usize] = write;
                }
                *slot = Slot {
                    unit: at,
                    version: access.version,
                    at: place,
                };
                continue;
            }
            if !is_definite || wrote == Some(access.version) {
                continue;
            }
            let key = version.key;
            let source = match wrote {
                Some(_) => Source::Wrong(Fault::Internal),
                None => self.source(at, access.version, writers, ids),
            };
            match source {
                Source::Unit(source) => history.reads.push(Read { key, source }),
                Source::Unclear => history.ambiguous_reads += 1,
                Source::Wrong(fault) => {
                    let writer = writers[access.version as usize].unit;
                    let is_theirs = matches!(fault, Fault::Aborted | Fault::Intermediate);
                    history.misreads.push(Misread {
                        fault,
                        unit,
                        key,
                        value: version.value,
                        writer: is_theirs.then(|| self.units[writer as usize].span),
                    });
                }
            }
        }
    }

    /// Where a read by the recorded unit `at`, which has not written the key before, comes from.
    fn source(&self, at: u32, version: u32, writers: &[Writer], ids: &[UnitId]) -> Source {
        let writer = writers[version as usize];
        let is_written = writer.unit != NOBODY;
        let counts = is_written && ids[writer.unit as usize] != NOBODY;
        if writer.is_shared {
            Source::Unclear
        } else if writer.unit == at {
            Source::Wrong(Fault::Future)
        } else if counts && writer.is_final {
            Source::Unit(ids[writer.unit as usize])
        } else if counts {
            Source::Wrong(Fault::Intermediate)
        } else if self.versions[version as usize].value == self.init {
            Source::Unit(INIT)
        } else if is_written {
            Source::Wrong(Fault::Aborted)
        } else {
            Source::Wrong(Fault::ThinAir)
        }
    }
}

/// Where a read comes from.
enum Source {
    Unit(UnitId),
    /// Several units wrote the value.
    Unclear,
    Wrong(Fault),
}

impl History {
    fn index_writers(&mut self, keys: usize) {
        let mut starts = vec![0u32; keys + 1];
        for write in &self.writes {
            starts[write.key as usize + 1] += 1;
        }
        for key in 0..keys {
            starts[key + 1] += starts[key];
        }
        self.writer_starts = starts.clone();
        self.writers = vec![0; self.writes.len()];
        for unit in 0..self.units() as UnitId {
            let range = self.write_starts[unit as usize]..self.write_starts[unit as usize + 1];
            for write in &self.writes[range.start as usize..range.end as usize] {
                let next = &mut starts[write.key as usize];
                self.writers[*next as usize] = unit;
                *next += 1;
            }
        }
    }
}
