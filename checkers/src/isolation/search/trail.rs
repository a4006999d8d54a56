//! The literals that hold, in order, and what conflicts among them teach.
//!
//! Conflict-driven clause learning (Marques-Silva & Sakallah 1999). Where what was learnt would
//! lead far back, only the last level is left and the literal is kept as one of the earlier level
//! it belongs to (Nadel & Ryvchin, *Chronological backtracking*, SAT 2018): choices are made in
//! the order of time, and what comes long after has nothing to do with it.

use rustc_hash::FxHashSet;

use super::{Conflict, Known, Reason, Search};
use crate::budget::{Exhausted, Meter};
use crate::graph::topology::GIVEN;
use crate::isolation::clauses::{Literal, literal};
use crate::isolation::refutation::Why;

/// Levels that are left at the most to go where a learnt literal belongs.
const LEVELS_LEFT_MAX: u32 = 8;

impl Search<'_, '_> {
    /// Makes a literal hold in any case. False if that is a contradiction.
    pub(super) fn force(
        &mut self,
        literal: Literal,
        why: Why,
        meter: &mut Meter,
    ) -> Result<bool, Exhausted> {
        self.why.insert(literal / 2, why);
        let conflict = self.assign(literal, 0, Reason::Decided, meter)?;
        Ok(conflict.is_none())
    }

    /// Makes all open choices. False if that cannot be done.
    pub(super) fn solve(&mut self, held: u64, meter: &mut Meter) -> Result<bool, Exhausted> {
        let mut conflict = self.propagate(meter)?;
        loop {
            while let Some(found) = conflict {
                meter.step(held.max(self.bytes()))?;
                let level = self.level_of_all(&found.literals);
                // It is still there after that, so it is met again.
                self.back_to(level, meter)?;
                if level == 0 {
                    return Ok(false);
                }
                conflict = self.learn(found, meter)?;
                if conflict.is_none() {
                    conflict = self.propagate(meter)?;
                }
            }
            let Some(number) = self.next_open() else {
                return Ok(true);
            };
            self.levels.push(self.trail.len() as u32);
            let side = literal(number, self.phase[number as usize]);
            conflict = self.assign(side, self.level(), Reason::Decided, meter)?;
            if conflict.is_none() {
                conflict = self.propagate(meter)?;
            }
        }
    }

    /// Leaves all levels above this one. What belongs to a level that stays is only moved; a
    /// conflict that is met on the way is one of such literals alone.
    pub(super) fn back_to(
        &mut self,
        level: u32,
        meter: &mut Meter,
    ) -> Result<Option<Conflict>, Exhausted> {
        if self.level() <= level {
            return Ok(None);
        }
        let begin = self.levels[level as usize] as usize;
        self.levels.truncate(level as usize);
        self.topology.truncate(self.trail[begin].1 as usize);
        self.propagated = self.propagated.min(begin);
        let mut conflict = None;
        for (literal, _) in self.trail.split_off(begin) {
            let number = literal / 2;
            match self.known[number as usize].take() {
                Some(known) if known.level <= level => {
                    let met = self.assign(literal, known.level, known.reason, meter)?;
                    conflict = conflict.or(met);
                }
                _ => self.put_off(number),
            }
        }
        Ok(conflict)
    }

    /// Lets a literal hold, with its edges, as one of a level that may be an earlier one.
    fn assign(
        &mut self,
        literal: Literal,
        level: u32,
        reason: Reason,
        meter: &mut Meter,
    ) -> Result<Option<Conflict>, Exhausted> {
        let (number, value) = (literal as usize / 2, literal % 2 == 1);
        self.known[number] = Some(Known {
            value,
            level,
            reason,
        });
        self.phase[number] = value;
        self.trail.push((literal, self.topology.came() as u32));
        let mut edges = std::mem::take(&mut self.edges);
        self.polygraph
            .edges(self.choices[number], value, literal, &mut edges);
        let mut conflict = None;
        for edge in &edges {
            if let Err(cycle) = self.topology.insert(*edge, meter)? {
                let tags = cycle.iter().map(|edge| edge.tag);
                let mut literals: Vec<Literal> = tags.filter(|tag| *tag != GIVEN).collect();
                literals.sort_unstable();
                literals.dedup();
                self.conflicts += 1;
                self.last_cycle.clone_from(&cycle);
                conflict = Some(Conflict {
                    literals,
                    cycle: Some(cycle),
                });
                break;
            }
        }
        self.edges = edges;
        Ok(conflict)
    }

    /// Follows the clauses.
    fn propagate(&mut self, meter: &mut Meter) -> Result<Option<Conflict>, Exhausted> {
        let mut units = Vec::new();
        while self.propagated < self.trail.len() {
            let lost = self.trail[self.propagated].0 ^ 1;
            self.propagated += 1;
            meter.step(0)?;
            let known = &self.known;
            let value = |literal: Literal| {
                let known: Known = known[literal as usize / 2]?;
                Some(known.value == (literal % 2 == 1))
            };
            let mut conflict = self.clauses.lose(lost, value, &mut units);
            for (clause, literal) in units.drain(..) {
                match self.value(literal) {
                    Some(true) => continue,
                    Some(false) => conflict = conflict.or(Some(clause)),
                    None => {
                        let reason = Reason::Clause(clause);
                        let level = self.level_of_all(self.clauses.get(clause));
                        if let Some(found) = self.assign(literal, level, reason, meter)? {
                            return Ok(Some(found));
                        }
                    }
                }
            }
            if let Some(clause) = conflict {
                let literals = self.clauses.get(clause).iter().map(|literal| literal ^ 1);
                return Ok(Some(Conflict {
                    literals: literals.collect(),
                    cycle: None,
                }));
            }
        }
        Ok(None)
    }

    /// Learns from a conflict of the last level, goes back, and lets what was learnt hold.
    fn learn(
        &mut self,
        conflict: Conflict,
        meter: &mut Meter,
    ) -> Result<Option<Conflict>, Exhausted> {
        let (clause, is_resolved) = self.resolve(&conflict.literals);
        let asserted = clause[0];
        let level = self.level_of_all(&clause[1..]);
        let is_near = self.level() - level <= LEVELS_LEFT_MAX;
        let back = if is_near { level } else { self.level() - 1 };
        let met = self.back_to(back, meter)?;
        if clause.len() == 1 {
            let why = match conflict.cycle {
                Some(cycle) if !is_resolved => Why::Cycle(cycle),
                _ => Why::Cases,
            };
            self.why.insert(asserted / 2, why);
            let next = self.assign(asserted, 0, Reason::Decided, meter)?;
            return Ok(met.or(next));
        }
        let number = self.clauses.add(&clause);
        let next = self.assign(asserted, level, Reason::Clause(number), meter)?;
        Ok(met.or(next))
    }

    fn level_of(&self, literal: Literal) -> u32 {
        self.known[literal as usize / 2].map_or(0, |known| known.level)
    }

    /// The last level of any of these.
    fn level_of_all(&self, literals: &[Literal]) -> u32 {
        let levels = literals.iter().map(|literal| self.level_of(*literal));
        levels.max().unwrap_or(0)
    }

    /// The clause of the first unique implication point: its literal first, then one of the highest
    /// level among the others. Whether other clauses were needed for it.
    fn resolve(&mut self, literals: &[Literal]) -> (Vec<Literal>, bool) {
        let mut seen: FxHashSet<u32> = FxHashSet::default();
        let mut clause: Vec<Literal> = vec![0];
        let mut here = 0;
        let mut is_resolved = false;
        let mut at = self.trail.len();
        let mut more: Vec<Literal> = literals.to_vec();
        loop {
            for held in more.drain(..) {
                let level = self.level_of(held);
                if level == 0 || !seen.insert(held / 2) {
                    continue;
                }
                if level == self.level() {
                    here += 1;
                } else {
                    clause.push(held ^ 1);
                }
            }
            // The last literal of the conflict that was assigned.
            let held = loop {
                at -= 1;
                let held = self.trail[at].0;
                if seen.contains(&(held / 2)) && self.level_of(held) == self.level() {
                    break held;
                }
            };
            here -= 1;
            if here == 0 {
                clause[0] = held ^ 1;
                break;
            }
            is_resolved = true;
            if let Some(Known {
                reason: Reason::Clause(reason),
                ..
            }) = self.known[held as usize / 2]
            {
                let others = self.clauses.get(reason).iter();
                more.extend(
                    others
                        .filter(|other| **other != held)
                        .map(|other| other ^ 1),
                );
            }
        }
        let highest = (1..clause.len()).max_by_key(|at| self.level_of(clause[*at]));
        if let Some(highest) = highest {
            clause.swap(1, highest);
        }
        (clause, is_resolved)
    }
}
