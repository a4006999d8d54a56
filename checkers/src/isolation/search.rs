//! Makes the choices of a polygraph so that no cycle arises, or proves that they cannot be made.
//!
//! Cobra (Tan et al., OSDI 2020) and PolySI (Huang et al., VLDB 2023) lay down every choice, prune
//! those that known order decides, and hand the rest to a solver that keeps the graph acyclic. Here
//! choices are not laid down before they matter: the events are sorted, by their times where
//! nothing else is known, and the transactions run in that order ([`Replay`]). Reads and writes the
//! order does not explain name choices; those that known order decides are decided, the others are
//! searched for by conflicts: each cycle is a clause of choices that cannot be made together
//! (conflict-driven clause learning, Marques-Silva & Sakallah 1999). The graph is kept in a
//! topological order ([`Topology`]), which is then replayed, and so on until it explains all. A
//! store that keeps its promise mostly takes effect in the order of time, so few choices ever
//! matter.

use std::collections::BinaryHeap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::clauses::{Clauses, Literal, literal};
use super::guess::Guess;
use super::polygraph::{Choice, INIT, Polygraph};
use super::refutation::{Refutation, Why};
use super::replay::Replay;
use crate::budget::{Exhausted, Meter};
use crate::graph::Node;
use crate::graph::topology::{GIVEN, Tagged, Topology};

/// Conflicts after which the search begins anew with what it learnt; twice as many the next time.
const RESTART_CONFLICTS: u64 = 256;

/// Guesses made at the most, each with what the one before showed to be forced.
const GUESSES_MAX: u32 = 16;

/// Another guess is made where one in so many of the choices that came up is forced.
const FORCED_SHARE: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Decided,
    Clause(u32),
}

#[derive(Debug, Clone, Copy)]
struct Known {
    value: bool,
    level: u32,
    reason: Reason,
}

/// A contradiction: literals that all hold and cannot together.
struct Conflict {
    literals: Vec<Literal>,
    cycle: Option<Vec<Tagged>>,
}

pub(crate) struct Search<'p, 'g> {
    polygraph: &'p Polygraph<'g>,
    topology: Topology,
    choices: Vec<Choice>,
    numbers: FxHashMap<Choice, u32>,
    known: Vec<Option<Known>>,
    /// The side to try first.
    phase: Vec<bool>,
    /// Whether the choice is to be made: others the order has agreed with so far.
    is_active: Vec<bool>,
    /// When the choice was last part of a conflict, and the open ones by that.
    stamp: Vec<u64>,
    open: BinaryHeap<(u64, u32)>,
    clock: u64,
    clauses: Clauses,
    /// Literals that hold, in order, each with the edges there were before.
    trail: Vec<(Literal, u32)>,
    /// Where each level begins in the trail; level 0 is not listed.
    levels: Vec<u32>,
    propagated: usize,
    why: FxHashMap<u32, Why>,
    conflicts: u64,
    last_cycle: Vec<Tagged>,
    edges: Vec<Tagged>,
}

/// Decides a polygraph: an order of the events that explains everything, or why there is none.
/// `ends` says by when each event had happened, as far as that is known.
///
/// # Errors
/// The budget's end.
pub(crate) fn decide(
    polygraph: &Polygraph,
    ends: impl Fn(Node) -> u32,
    meter: &mut Meter,
) -> Result<Result<Vec<Node>, Refutation>, Exhausted> {
    let events = polygraph.events();
    let mut topology = Topology::new(events, &polygraph.known(), meter)?;
    if let Err(cycle) = topology.sort(&mut Vec::new(), meter)? {
        return Ok(Err(Refutation {
            cycle,
            ..Refutation::default()
        }));
    }
    let ends: Vec<u32> = (0..events).map(ends).collect();
    let mut search = Search::new(polygraph, topology);
    let mut replay = Replay::new(polygraph);
    let mut guesses = GUESSES_MAX;
    loop {
        let held = polygraph.accesses.bytes() + replay.bytes() + search.bytes();
        meter.step(held)?;
        search.back_to(0);
        if guesses > 0 {
            let deadlines = search.topology.least(ends.clone());
            let mut guess = Guess::new(polygraph, deadlines, meter)?;
            if let Err(cycle) = search.topology.sort(&mut guess, meter)? {
                search.last_cycle = cycle;
                return Ok(Err(search.refutation()));
            }
        }
        let open = replay.open(search.topology.order(), meter)?;
        if open.is_empty() {
            return Ok(Ok(search.topology.order().to_vec()));
        }
        let forced = search.trail.len();
        if !search.add(&open, meter)? {
            return Ok(Err(search.refutation()));
        }
        // Where much is forced, another guess is worth more than a search.
        if guesses > 0 && (search.trail.len() - forced) * FORCED_SHARE > open.len() {
            guesses -= 1;
            continue;
        }
        guesses = 0;
        search.activate(&open);
        if !search.solve(held, meter)? {
            return Ok(Err(search.refutation()));
        }
    }
}

impl<'p, 'g> Search<'p, 'g> {
    /// What was found, with the forced choices that the last cycle rests on.
    fn refutation(&self) -> Refutation {
        let held: Vec<Literal> = self.trail.iter().map(|(literal, _)| *literal).collect();
        Refutation {
            conflicts: self.conflicts,
            ..Refutation::new(&held, &self.why, &self.last_cycle, &self.choices)
        }
    }

    fn new(polygraph: &'p Polygraph<'g>, topology: Topology) -> Search<'p, 'g> {
        Search {
            polygraph,
            topology,
            choices: Vec::new(),
            numbers: FxHashMap::default(),
            known: Vec::new(),
            phase: Vec::new(),
            is_active: Vec::new(),
            stamp: Vec::new(),
            open: BinaryHeap::new(),
            clock: 0,
            clauses: Clauses::default(),
            trail: Vec::new(),
            levels: Vec::new(),
            propagated: 0,
            why: FxHashMap::default(),
            conflicts: 0,
            last_cycle: Vec::new(),
            edges: Vec::new(),
        }
    }

    fn bytes(&self) -> u64 {
        let a_choice = 2 * size_of::<Choice>() + size_of::<Option<Known>>() + 48;
        let choices = self.choices.len() * a_choice;
        self.topology.bytes() + self.clauses.bytes() + choices as u64
    }

    fn value(&self, literal: Literal) -> Option<bool> {
        let known = self.known[literal as usize / 2]?;
        Some(known.value == (literal % 2 == 1))
    }

    fn level(&self) -> u32 {
        self.levels.len() as u32
    }

    /// Takes up choices, and decides those that known order decides. False if there is no way.
    fn add(&mut self, open: &[(Choice, bool)], meter: &mut Meter) -> Result<bool, Exhausted> {
        for (choice, side) in open {
            let number = self.choices.len() as u32;
            if *self.numbers.entry(*choice).or_insert(number) != number {
                continue;
            }
            self.choices.push(*choice);
            self.known.push(None);
            self.stamp.push(0);
            self.clauses.add_choice();
            self.phase.push(*side);
            self.is_active.push(false);
            if !self.prune(number, *choice, meter)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Lets choices be made that the order as it is does not agree with.
    fn activate(&mut self, open: &[(Choice, bool)]) {
        for (choice, side) in open {
            let Some(number) = self.numbers.get(choice).copied() else {
                continue;
            };
            if !std::mem::replace(&mut self.is_active[number as usize], true) {
                self.phase[number as usize] = self.nearer(*choice, *side);
                self.open.push((self.stamp[number as usize], number));
            }
        }
    }

    /// The side that moves the second writer less: before the first, or behind its readers.
    fn nearer(&self, choice: Choice, side: bool) -> bool {
        let (first, second) = choice.side(side);
        if first == INIT {
            return side;
        }
        let mut edges = Vec::new();
        self.polygraph.edges(choice, side, GIVEN, &mut edges);
        let place = |node: Node| i64::from(self.topology.place(node));
        let Some(ahead) = edges.first() else {
            return side;
        };
        let behind = edges.iter().map(|edge| place(edge.from) - place(edge.to));
        let behind = behind.max().unwrap_or(0);
        let before = place(ahead.to) - place(ahead.from);
        debug_assert!(first != second);
        if behind <= before { side } else { !side }
    }

    /// Takes a side at once where the other closes a cycle. False if both do.
    fn prune(&mut self, number: u32, choice: Choice, meter: &mut Meter) -> Result<bool, Exhausted> {
        if choice.one == INIT {
            return self.force(literal(number, true), Why::Initial, meter);
        }
        for side in [true, false] {
            let refuted = literal(number, side);
            let mut edges = std::mem::take(&mut self.edges);
            self.polygraph.edges(choice, side, refuted, &mut edges);
            let mut cycle = None;
            for edge in &edges {
                if self.topology.place(edge.to) > self.topology.place(edge.from) {
                    continue;
                }
                if let Some(mut way) = self.topology.way(edge.to, edge.from, meter)? {
                    way.insert(0, *edge);
                    cycle = Some(way);
                    break;
                }
            }
            self.edges = edges;
            if let Some(cycle) = cycle {
                self.conflicts += 1;
                return self.force(refuted ^ 1, Why::Cycle(cycle), meter);
            }
        }
        Ok(true)
    }

    /// Makes a literal hold in any case. False if that is a contradiction.
    fn force(&mut self, literal: Literal, why: Why, meter: &mut Meter) -> Result<bool, Exhausted> {
        self.why.insert(literal / 2, why);
        let conflict = self.assign(literal, Reason::Decided, meter)?;
        Ok(conflict.is_none())
    }

    /// Lets a literal hold, with its edges.
    fn assign(
        &mut self,
        literal: Literal,
        reason: Reason,
        meter: &mut Meter,
    ) -> Result<Option<Conflict>, Exhausted> {
        let (number, value) = (literal as usize / 2, literal % 2 == 1);
        self.known[number] = Some(Known {
            value,
            level: self.level(),
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

    fn back_to(&mut self, level: u32) {
        if self.level() <= level {
            return;
        }
        let begin = self.levels[level as usize] as usize;
        self.levels.truncate(level as usize);
        self.topology.truncate(self.trail[begin].1 as usize);
        for (literal, _) in self.trail.drain(begin..) {
            let number = literal / 2;
            self.known[number as usize] = None;
            self.open.push((self.stamp[number as usize], number));
        }
        self.propagated = self.propagated.min(begin);
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
                        if let Some(found) = self.assign(literal, Reason::Clause(clause), meter)? {
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

    /// Makes all open choices. False if that cannot be done.
    fn solve(&mut self, held: u64, meter: &mut Meter) -> Result<bool, Exhausted> {
        let (mut left, mut next) = (RESTART_CONFLICTS, RESTART_CONFLICTS * 2);
        let mut conflict = self.propagate(meter)?;
        loop {
            while let Some(found) = conflict {
                meter.step(held.max(self.bytes()))?;
                if self.level() == 0 {
                    return Ok(false);
                }
                conflict = self.learn(found, meter)?;
                if conflict.is_none() {
                    conflict = self.propagate(meter)?;
                }
                left = left.saturating_sub(1);
            }
            if left == 0 {
                (left, next) = (next, next * 2);
                self.back_to(0);
            }
            let Some(number) = self.next_open() else {
                return Ok(true);
            };
            self.levels.push(self.trail.len() as u32);
            let side = literal(number, self.phase[number as usize]);
            conflict = self.assign(side, Reason::Decided, meter)?;
            if conflict.is_none() {
                conflict = self.propagate(meter)?;
            }
        }
    }

    fn next_open(&mut self) -> Option<u32> {
        while let Some((stamp, number)) = self.open.pop() {
            let at = number as usize;
            if self.known[at].is_none() && self.stamp[at] == stamp {
                return Some(number);
            }
        }
        None
    }

    /// Learns from a conflict, goes back to where that says something new, and lets it hold there.
    fn learn(
        &mut self,
        conflict: Conflict,
        meter: &mut Meter,
    ) -> Result<Option<Conflict>, Exhausted> {
        let (clause, is_resolved) = self.resolve(&conflict.literals);
        let asserted = clause[0];
        let level = clause.get(1).map_or(0, |second| self.level_of(*second));
        self.back_to(level);
        if clause.len() == 1 {
            let why = match conflict.cycle {
                Some(cycle) if !is_resolved => Why::Cycle(cycle),
                _ => Why::Cases,
            };
            self.why.insert(asserted / 2, why);
            return self.assign(asserted, Reason::Decided, meter);
        }
        let number = self.clauses.add(&clause);
        self.assign(asserted, Reason::Clause(number), meter)
    }

    fn level_of(&self, literal: Literal) -> u32 {
        self.known[literal as usize / 2].map_or(0, |known| known.level)
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
                self.bump(held / 2);
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
                if seen.contains(&(held / 2)) {
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

    fn bump(&mut self, number: u32) {
        self.clock += 1;
        self.stamp[number as usize] = self.clock;
        if self.known[number as usize].is_none() {
            self.open.push((self.clock, number));
        }
    }
}
