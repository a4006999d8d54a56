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

mod trail;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use super::clauses::{Clauses, Literal, literal};
use super::guess::Guess;
use super::polygraph::{Choice, INIT, Polygraph};
use super::refutation::{Refutation, Why};
use super::replay::Replay;
use super::windows::Windows;
use crate::budget::{Exhausted, Meter};
use crate::graph::Node;
use crate::graph::topology::{GIVEN, Tagged, Topology};

/// Guesses made at the most, each with what the one before showed to be forced.
const GUESSES_MAX: u32 = 16;

/// Another guess is made where one in so many of the choices that came up is forced.
const FORCED_SHARE: usize = 2;

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
    /// Where the choice is in the order of events, and those to be made by that: conflicts are
    /// between neighbours, so the search goes back a short way only.
    place: Vec<u32>,
    open: BinaryHeap<Reverse<(u32, u32)>>,
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

/// Decides a polygraph: whether an order of the events explains everything, or why none does.
/// `span` says when each event can have happened, at the earliest and latest.
///
/// # Errors
/// The budget's end.
pub(crate) fn decide(
    polygraph: &Polygraph,
    span: impl Fn(Node) -> [u32; 2],
    meter: &mut Meter,
) -> Result<Result<(), Refutation>, Exhausted> {
    let events = polygraph.events();
    let mut topology = Topology::new(events, &polygraph.known(), meter)?;
    if let Err(cycle) = topology.sort(&mut Vec::new(), meter)? {
        return Ok(Err(Refutation {
            cycle,
            ..Refutation::default()
        }));
    }
    let (earliest, latest) = (0..events).map(|event| span(event).into()).unzip();
    let windows = Windows { earliest, latest };
    let mut search = Search::new(polygraph, topology);
    let mut replay = Replay::new(polygraph);
    let mut guesses = GUESSES_MAX;
    loop {
        let held = polygraph.accesses.bytes() + replay.bytes() + search.bytes();
        meter.step(held)?;
        if guesses > 0 {
            let windows = windows.clone();
            let mut guess = Guess::new(polygraph, windows, &search.topology, meter)?;
            if let Err(cycle) = search.topology.sort(&mut guess, meter)? {
                search.last_cycle = cycle;
                return Ok(Err(search.refutation()));
            }
            replay.renew();
        }
        search.topology.drain_moved(|event| replay.moved(event));
        let open = replay.open(&search.topology, meter)?;
        if open.is_empty() {
            return Ok(Ok(()));
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
            place: Vec::new(),
            open: BinaryHeap::new(),
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
            self.place.push(0);
            self.clauses.add_choice();
            self.phase.push(*side);
            self.is_active.push(false);
            if choice.one == INIT {
                // Nothing to learn from: all that holds holds together.
                self.back_to(0, meter)?;
            }
            // Later on, it is not only known order that choices go against.
            if self.level() == 0 && !self.prune(number, *choice, meter)? {
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
                let commit = |txn: u32| self.topology.place(self.polygraph.events_of(txn)[1]);
                let place = commit(choice.one).min(commit(choice.other));
                self.place[number as usize] = place;
                self.put_off(number);
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

    /// Lets a choice be made later.
    fn put_off(&mut self, number: u32) {
        if self.is_active[number as usize] {
            self.open
                .push(Reverse((self.place[number as usize], number)));
        }
    }

    fn next_open(&mut self) -> Option<u32> {
        while let Some(Reverse((_, number))) = self.open.pop() {
            if self.known[number as usize].is_none() {
                return Some(number);
            }
        }
        None
    }
}
