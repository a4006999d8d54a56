//! Causal memory (CM) and PRAM: each session sees all writes in some order of its own.
//!
//! For each session there must be one order of its own operations and the writes it may know of,
//! in which each of its reads returns the last write before it. That order extends causality for
//! causal memory (Ahamad et al., *Causal memory*, Distributed Computing 1995), and for PRAM
//! (Lipton & Sandberg 1988) session order and what the session itself read.
//!
//! A write known before a read of another write must come before that one; such constraints are
//! added until nothing changes. The session is possible iff they are not cyclic and no read of the
//! initial value comes after a write of its key (CyclicHB and WriteHBInitRead of Bouajjani et al.,
//! POPL 2017; for PRAM the read-write closure of Wei et al., *Verifying PRAM consistency over
//! read/write traces*, 2013). Rather than close the relation, a pass lays the session's operations
//! down one by one, each preceded by what must come before it; a read that finds another write on
//! top adds its constraints for the next pass. A pass that finds none is a proof.

use super::convergence::{Overwritten, Violation};
use super::history::{History, INIT, UnitId};
use super::order::{Constraint, constraints_on};
use super::path::Step;
use crate::budget::{Exhausted, Meter};

/// What the order of a session must extend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extends {
    /// Session order and the reads of every session: causal memory.
    Causality,
    /// Session order and the session's own reads: PRAM.
    SessionOrder,
}

/// Decides for each session; the first violation of each that has one, in their order.
///
/// # Errors
/// The budget's end.
pub fn serialize(
    history: &History,
    extends: Extends,
    meter: &mut Meter,
) -> Result<Vec<Violation>, Exhausted> {
    let mut violations = Vec::new();
    for session in 0..history.sessions() as u32 {
        if history
            .session(session)
            .all(|unit| history.reads(unit).is_empty())
        {
            continue;
        }
        violations.extend(decide(history, session, extends, meter)?);
    }
    Ok(violations)
}

fn decide(
    history: &History,
    session: u32,
    extends: Extends,
    meter: &mut Meter,
) -> Result<Option<Violation>, Exhausted> {
    let mut constraints: Vec<Constraint> = Vec::new();
    loop {
        let mut pass = Pass {
            history,
            session,
            extends,
            constraints: &constraints,
            state: vec![State::New; history.units()],
            top: vec![INIT; history.keys()],
            stack: Vec::new(),
            found: Vec::new(),
        };
        for unit in history.session(session) {
            if let Some(violation) = pass.lay(unit, meter)? {
                return Ok(Some(violation));
            }
        }
        if pass.found.is_empty() {
            return Ok(None);
        }
        let found = pass.found;
        constraints.extend(found);
        constraints.sort_unstable();
        constraints.dedup_by_key(|constraint| (constraint.after, constraint.before));
        meter.step((constraints.len() * size_of::<Constraint>()) as u64)?;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// On the stack: what must come before it is being laid.
    Open,
    Laid,
}

/// A unit on the stack, how it came there, and how many of those before it were looked at.
struct Frame {
    unit: UnitId,
    /// The step to the unit below it on the stack; `None` for session order.
    step: Option<Step>,
    looked_at: usize,
}

struct Pass<'a> {
    history: &'a History,
    session: u32,
    extends: Extends,
    constraints: &'a [Constraint],
    state: Vec<State>,
    /// The write of each key that was laid last.
    top: Vec<UnitId>,
    stack: Vec<Frame>,
    found: Vec<Constraint>,
}

impl Pass<'_> {
    /// Lays a unit of the session after all that must come before it.
    fn lay(&mut self, unit: UnitId, meter: &mut Meter) -> Result<Option<Violation>, Exhausted> {
        if self.state[unit as usize] == State::New {
            self.open(unit, None);
        }
        while let Some(frame) = self.stack.last_mut() {
            meter.step(0)?;
            let (unit, at) = (frame.unit, frame.looked_at);
            frame.looked_at += 1;
            let Some((before, step)) = self.before(unit, at) else {
                if let Some(violation) = self.close(unit) {
                    return Ok(Some(violation));
                }
                continue;
            };
            match self.state[before as usize] {
                State::New => self.open(before, step),
                State::Open => return Ok(Some(self.cycle(before, step))),
                State::Laid => {}
            }
        }
        Ok(None)
    }

    fn open(&mut self, unit: UnitId, step: Option<Step>) {
        self.state[unit as usize] = State::Open;
        self.stack.push(Frame {
            unit,
            step,
            looked_at: 0,
        });
    }

    /// The `at`-th unit that must come before `unit`, and why.
    fn before(&self, unit: UnitId, at: usize) -> Option<(UnitId, Option<Step>)> {
        let previous = self.history.previous(unit);
        if let (Some(previous), 0) = (previous, at) {
            return Some((previous, None));
        }
        let at = at - usize::from(previous.is_some());
        let is_read_by_it =
            self.extends == Extends::Causality || self.history.session_of(unit) == self.session;
        let reads = if is_read_by_it {
            self.history.reads(unit)
        } else {
            &[]
        };
        let reads = reads.iter().filter(|read| read.source != INIT);
        let mut steps = reads
            .map(|read| Step {
                source: read.source,
                reader: unit,
                key: read.key,
                because: None,
            })
            .chain(
                constraints_on(self.constraints, unit)
                    .iter()
                    .map(Step::from),
            );
        steps.nth(at).map(|step| (step.source, Some(step)))
    }

    fn close(&mut self, unit: UnitId) -> Option<Violation> {
        self.stack.pop();
        self.state[unit as usize] = State::Laid;
        if self.history.session_of(unit) == self.session {
            for read in self.history.reads(unit) {
                let top = self.top[read.key as usize];
                if top == read.source {
                    continue;
                }
                if read.source == INIT {
                    return Some(Violation::Overwritten(Overwritten {
                        unit,
                        key: read.key,
                        source: INIT,
                        newer: top,
                    }));
                }
                self.constrain(unit, read.key, read.source);
            }
        }
        for write in self.history.writes(unit) {
            self.top[write.key as usize] = unit;
        }
        None
    }

    /// Every write of the key that is laid comes before the one that was read.
    fn constrain(&mut self, because: UnitId, key: u32, source: UnitId) {
        let writers = self.history.writers(key).iter().copied();
        let laid = writers.filter(|writer| {
            *writer != source && *writer != because && self.state[*writer as usize] == State::Laid
        });
        let last = self.history.last_of_each_session(laid);
        self.found.extend(last.into_iter().map(|before| Constraint {
            after: source,
            before,
            because,
            key,
        }));
    }

    /// The cycle that `step` closes: it leads from the open unit `first` to the top of the stack.
    fn cycle(&self, first: UnitId, step: Option<Step>) -> Violation {
        let begin = self.stack.iter().position(|frame| frame.unit == first);
        let inner = self.stack[begin.unwrap_or(0)..].iter().skip(1).rev();
        let steps = step.into_iter().chain(inner.filter_map(|frame| frame.step));
        Violation::CyclicConflicts(steps.collect())
    }
}
