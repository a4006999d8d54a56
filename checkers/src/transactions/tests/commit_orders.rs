//! Weak levels of lists against their axioms taken literally: every order of commits is tried.

use std::collections::HashMap;

use super::serial_orders::{Txn, txns};
use super::*;
use crate::isolation::Level as Axiom;

struct Oracle {
    txns: Vec<Txn>,
    level: Axiom,
    keeps_sessions: bool,
}

/// The transactions of an order so far.
#[derive(Clone, Default)]
struct Order {
    placed: Vec<usize>,
    /// By key: who wrote it, and what it appended.
    lists: HashMap<i64, Vec<(usize, Vec<i64>)>>,
    /// What each placed transaction had seen of others.
    seen: HashMap<usize, Vec<usize>>,
    /// Lists that lack what their reader had appended itself: they only tell the order.
    shown: Vec<(i64, Vec<i64>)>,
}

impl Order {
    fn has(&self, key: i64, shown: &[i64]) -> bool {
        let writers = self.lists.get(&key).into_iter().flatten();
        let list: Vec<i64> = writers.flat_map(|(_, elements)| elements.clone()).collect();
        list.starts_with(shown)
    }
}

/// Whether some order of the commits explains all lists, and has what the level asks for.
fn has_commit_order(recording: &Recording, level: Axiom, keeps_sessions: bool) -> bool {
    let oracle = Oracle {
        txns: txns(recording),
        level,
        keeps_sessions,
    };
    oracle.extends(&Order::default())
}

impl Oracle {
    fn extends(&self, order: &Order) -> bool {
        let is_placed = |at: &usize| order.placed.contains(at);
        let all = || 0..self.txns.len();
        let is_whole = all().all(|at| is_placed(&at) || !self.txns[at].is_sure);
        if is_whole
            && order
                .shown
                .iter()
                .all(|(key, shown)| order.has(*key, shown))
        {
            return true;
        }
        let mut open = all().filter(|at| !is_placed(at) && !self.txns[*at].mops.is_empty());
        open.any(|at| {
            let mut next = order.clone();
            self.place(at, &mut next) && self.extends(&next)
        })
    }

    fn before(&self, at: usize) -> Vec<usize> {
        let is_before = |other: &usize| {
            let (one, other) = (&self.txns[*other], &self.txns[at]);
            self.keeps_sessions && one.is_sure && one.process == other.process
        };
        (0..at).filter(is_before).collect()
    }

    /// Commits a transaction behind the others; false if it could not have read what it did.
    fn place(&self, at: usize, order: &mut Order) -> bool {
        let before = self.before(at);
        if !before.iter().all(|other| order.placed.contains(other)) {
            return false;
        }
        let Some(reads) = self.sources(at, order) else {
            return false;
        };
        let past = |others: &[usize]| {
            let pasts = others.iter().flat_map(|other| order.seen[other].clone());
            pasts.chain(others.iter().copied()).collect::<Vec<usize>>()
        };
        let sources: Vec<usize> = reads.iter().filter_map(|(_, source)| *source).collect();
        let all = [before, sources.clone()].concat();
        let known_by = |read: usize| match self.level {
            Axiom::ReadCommitted => {
                let earlier = reads[..read].iter();
                earlier.filter_map(|(_, source)| *source).collect()
            }
            Axiom::ReadAtomic => all.clone(),
            Axiom::Causal => past(&all),
        };
        let is_stale = |read: usize| {
            let (key, source) = reads[read];
            let writers = order.lists.get(&key).into_iter().flatten();
            let newer = writers.rev().map(|(writer, _)| *writer);
            let mut newer = newer.take_while(|writer| Some(*writer) != source);
            let known: Vec<usize> = known_by(read);
            newer.any(|writer| known.contains(&writer))
        };
        if (0..reads.len()).any(is_stale) {
            return false;
        }
        let seen = past(&all);
        let mut own: HashMap<i64, Vec<i64>> = HashMap::new();
        for (key, mop) in &self.txns[at].mops {
            if let Ok(element) = mop {
                own.entry(*key).or_default().push(*element);
            }
        }
        for (key, elements) in own {
            order.lists.entry(key).or_default().push((at, elements));
        }
        order.seen.insert(at, seen);
        order.placed.push(at);
        true
    }

    /// Whom each read came from; `None` where it returned what no beginning of the order leaves.
    fn sources(&self, at: usize, order: &mut Order) -> Option<Vec<(i64, Option<usize>)>> {
        let mut own: HashMap<i64, Vec<i64>> = HashMap::new();
        let mut reads = Vec::new();
        for (key, mop) in &self.txns[at].mops {
            let seen = match mop {
                Ok(element) => {
                    own.entry(*key).or_default().push(*element);
                    continue;
                }
                Err(None) => continue,
                Err(Some(seen)) => seen.as_items().unwrap_or_default().iter(),
            };
            let seen: Vec<i64> = seen.filter_map(Value::as_int).collect();
            let own = own.get(key).map_or(&[][..], Vec::as_slice);
            let found = match seen.strip_suffix(own) {
                Some(found) => found,
                None if self.level == Axiom::ReadCommitted => {
                    order.shown.push((*key, seen));
                    continue;
                }
                None => return None,
            };
            let writers = order.lists.get(key).map_or(&[][..], Vec::as_slice);
            let shows = |count: &usize| {
                let shown = writers[..*count].iter().flat_map(|(_, elements)| elements);
                shown.eq(found)
            };
            // Its own appends come at the end, so nobody's are between.
            let least = if own.is_empty() { 0 } else { writers.len() };
            let count = (least..=writers.len()).find(shows)?;
            let last = writers[..count].last();
            reads.push((*key, last.map(|(writer, _)| *writer)));
        }
        Some(reads)
    }
}

const WEAK: [(Model, Axiom); 3] = [
    (MonotonicAtomicView, Axiom::ReadCommitted),
    (ReadAtomic, Axiom::ReadAtomic),
    (TransactionalCausal, Axiom::Causal),
];

fn judged_in(
    recording: &Recording,
    vocabulary: Vocabulary,
    claim: Model,
    sessions_only: bool,
) -> Report {
    let params = Params {
        consistency: vec![claim],
        sessions_only,
        ..Params::default()
    };
    recording
        .try_check(vocabulary.model(), &params)
        .expect("a readable history")
}

fn as_by_every_commit_order(recording: &Recording) -> Result<(), TestCaseError> {
    for (claim, level) in WEAK {
        for keeps_sessions in [false, true] {
            let report = judged_in(recording, Vocabulary::Lists, claim, keeps_sessions);
            let possible = has_commit_order(recording, level, keeps_sessions);
            let is_right = match report.validity {
                Validity::Valid => possible,
                Validity::Invalid => !possible,
                Validity::Unknown => {
                    let why = report.unknown.as_ref();
                    why.is_some_and(|why| why.ends_with("was tested"))
                }
            };
            prop_assert!(
                is_right,
                "{claim:?} {keeps_sessions} {report:#?} {recording:#?}"
            );
        }
    }
    Ok(())
}

/// The registers that show the last element of each list.
fn registers(recording: &Recording) -> Recording {
    let mop = |mop: &Value| {
        let parts = mop.as_items().expect("a micro-operation");
        let (f, value) = match parts[0].as_name() {
            Some("append") => ("w", parts[2].clone()),
            _ => {
                let last = parts[2].as_items().and_then(|seen| seen.last().cloned());
                ("r", last.unwrap_or(Value::Nil))
            }
        };
        Value::List(vec![Value::keyword(f), parts[1].clone(), value])
    };
    let mut registers = Recording::default();
    registers.ops.clone_from(&recording.ops);
    for op in &mut registers.ops {
        let mops = op.value.as_items().expect("micro-operations").iter();
        op.value = Value::List(mops.map(mop).collect());
    }
    registers
}

/// Whether every append follows, in the longest list, what its transaction had read before, so
/// that what was read gives the order of versions away.
fn is_told_by_reads(recording: &Recording) -> bool {
    let all = txns(recording);
    let mut longest: HashMap<i64, Vec<i64>> = HashMap::new();
    let items = |seen: &Value| -> Vec<i64> {
        let items = seen.as_items().unwrap_or_default().iter();
        items.filter_map(Value::as_int).collect()
    };
    for (key, mop) in all.iter().flat_map(|txn| &txn.mops) {
        if let Err(Some(seen)) = mop {
            let known = longest.entry(*key).or_default();
            if known.len() < items(seen).len() {
                *known = items(seen);
            }
        }
    }
    all.iter().all(|txn| {
        let mut found: HashMap<i64, Vec<i64>> = HashMap::new();
        txn.mops.iter().all(|(key, mop)| match mop {
            Err(seen) => {
                found.insert(*key, seen.as_ref().map(items).unwrap_or_default());
                true
            }
            Ok(element) => found.get_mut(key).is_some_and(|found| {
                found.push(*element);
                let order = longest.get(key).map_or(&[][..], Vec::as_slice);
                order.starts_with(found) || !order.contains(element) && found.len() > order.len()
            }),
        })
    })
}

/// Registers hide an order of versions, so they keep what lists keep; and no more than that where
/// what was read gives the order away. Of reads that go against the transaction's own, registers
/// tell less than lists.
fn as_on_registers(recording: &Recording) -> Result<(), TestCaseError> {
    let registers = registers(recording);
    let is_told = is_told_by_reads(recording);
    for (claim, _) in WEAK {
        let of_list = judged_in(recording, Vocabulary::Lists, claim, false);
        let of_register = judged_in(&registers, Vocabulary::Registers, claim, false);
        let pair = (of_list.validity, of_register.validity);
        let is_internal = of_list.figures["anomalies"]
            .to_string()
            .contains("internal");
        let is_right = match pair {
            (Validity::Valid, Validity::Invalid) => false,
            (Validity::Invalid, Validity::Valid) => !is_told || is_internal,
            _ => true,
        };
        prop_assert!(
            is_right,
            "{claim:?} {of_list:#?} {of_register:#?} {recording:#?}"
        );
    }
    Ok(())
}

proptest! {
    #[test]
    fn weak_levels_of_lists_are_judged_as_by_every_order_of_commits(
        shape in small(Vocabulary::Lists),
    ) {
        as_by_every_commit_order(&simulate(shape))?;
    }

    #[test]
    fn arbitrary_lists_are_judged_as_by_every_order_of_commits(
        size in (1u64..=5, 1u64..=4, 1u64..=3, 1u64..=4),
        seed: u64,
    ) {
        let (txns, processes, keys, mops_max) = size;
        let size = Size { txns, processes, keys, mops_max };
        as_by_every_commit_order(&arbitrary(size, Vocabulary::Lists, seed))?;
    }

    #[test]
    fn lists_keep_no_more_than_their_last_elements(
        size in (1u64..=7, 1u64..=4, 1u64..=3, 1u64..=4),
        seed: u64,
        shape in small(Vocabulary::Lists),
    ) {
        let (txns, processes, keys, mops_max) = size;
        let size = Size { txns, processes, keys, mops_max };
        as_on_registers(&arbitrary(size, Vocabulary::Lists, seed))?;
        as_on_registers(&simulate(shape))?;
    }
}

/// The generators give answers of all kinds.
#[test]
fn arbitrary_lists_keep_and_break_each_weak_level() {
    let size = Size {
        txns: 5,
        processes: 3,
        keys: 2,
        mops_max: 3,
    };
    let mut kept = [0; WEAK.len() + 1];
    let mut told = 0;
    for seed in 0..400 {
        let recording = arbitrary(size, Vocabulary::Lists, seed);
        for (at, (claim, _)) in WEAK.iter().enumerate() {
            let report = judged(&recording, Vocabulary::Lists, *claim);
            kept[at + 1] += u32::from(report.validity == Validity::Valid);
        }
        let committed = judged(&recording, Vocabulary::Lists, ReadCommitted);
        kept[0] += u32::from(committed.validity == Validity::Valid);
        told += u32::from(is_told_by_reads(&recording));
    }
    assert!(
        kept.windows(2).all(|pair| pair[0] > pair[1] + 5),
        "{kept:?}"
    );
    assert!(kept[3] > 20 && told > 0, "{kept:?} {told}");
}

/// One reader sees half of what another transaction did, and reads the halves in either order.
#[test]
fn stale_reads_are_told_with_what_was_known() {
    let list = |items: &[i64]| crate::recording::ints(items);
    let told = |first: [(&str, Value); 2]| {
        let mut recording = Recording::default();
        let appends = [("append", "x", 1.into()), ("append", "y", 2.into())];
        recording.call(0, "txn", txn(&appends));
        let [one, other] = first;
        recording.call(
            1,
            "txn",
            txn(&[("r", one.0, one.1), ("r", other.0, other.1)]),
        );
        recording.call(
            2,
            "txn",
            txn(&[("r", "x", list(&[1])), ("r", "y", list(&[2]))]),
        );
        WEAK.map(|(claim, _)| {
            let report = judged(&recording, Vocabulary::Lists, claim);
            let findings = report.findings.iter();
            findings
                .map(|f| (f.anomaly, f.summary.clone()))
                .collect::<Vec<_>>()
        })
    };
    let why = "T1 knew of T2, yet read what T2 had already changed: T2 appended 2 to :y after T1 \
               read :y = []; T1 read :x = [1], whose 1 T2 appended";
    let (x, y) = (("x", list(&[1])), ("y", Value::Nil));
    let [view, atomic, causal] = told([x.clone(), y.clone()]);
    assert_eq!(view, [("nonatomic-view", why.to_owned())]);
    assert_eq!(atomic[0], ("fractured-reads", why.to_owned()));
    assert_eq!(causal[0], ("noncausal", why.to_owned()));
    // What was read before is not known to be old.
    let [view, atomic, _] = told([y, x]);
    assert_eq!(view, []);
    assert_eq!(atomic, [("fractured-reads", why.to_owned())]);
}

/// What a transaction appended itself hides nothing of what it found before that.
#[test]
fn own_appends_stand_behind_what_was_found() {
    let list = |items: &[i64]| crate::recording::ints(items);
    let mut recording = Recording::default();
    recording.call(0, "txn", txn(&[("append", "x", 1.into())]));
    recording.call(
        1,
        "txn",
        txn(&[("append", "y", 4.into()), ("append", "x", 5.into())]),
    );
    let own = [
        ("r", "x", list(&[1])),
        ("append", "y", 3.into()),
        ("r", "y", list(&[4, 3])),
    ];
    recording.call(2, "txn", txn(&own));
    for (claim, anomaly) in [
        (Prefix, "nonprefix"),
        (TransactionalCausal, "noncausal"),
        (ReadAtomic, "fractured-reads"),
    ] {
        let report = judged(&recording, Vocabulary::Lists, claim);
        assert_eq!(report.validity, Validity::Invalid, "{report:#?}");
        assert!(
            report.findings.iter().any(|f| f.anomaly == anomaly),
            "{report:#?}"
        );
    }
}

/// Long forks keep causality, and what a store commits a key at a time does not.
#[test]
fn planted_levels_of_lists_keep_and_break_causality() {
    for (level, expected) in [
        (Level::SnapshotIsolation, Validity::Valid),
        (Level::ParallelSnapshotIsolation, Validity::Valid),
        (Level::ReadCommitted, Validity::Invalid),
    ] {
        for seed in 0..10 {
            let recording = planted(level, Vocabulary::Lists, seed);
            for claim in [TransactionalCausal, ReadAtomic] {
                let report = judged(&recording, Vocabulary::Lists, claim);
                assert_eq!(
                    report.validity, expected,
                    "{level:?} {seed} {claim:?} {report:#?}"
                );
            }
        }
    }
}
