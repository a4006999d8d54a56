//! Stores of planted isolation levels: what they keep is never flagged, what they break is caught.

use super::*;
use crate::recording::planted_seeds;

pub(super) fn planted_shape(level: Level, vocabulary: Vocabulary, seed: u64, txns: usize) -> Shape {
    Shape {
        level,
        vocabulary,
        txns,
        processes: 6,
        keys: 4,
        mops_max: 5,
        failed_permille: 30,
        seed,
    }
}

/// Transactions of a history that must keep a promise.
pub(super) const TXNS: usize = 60;

/// A history long enough to break what its level breaks.
pub(super) fn planted(level: Level, vocabulary: Vocabulary, seed: u64) -> Recording {
    simulate(match level {
        // That two sites were read while they differed is up to chance.
        Level::ParallelSnapshotIsolation => Shape {
            keys: 8,
            ..planted_shape(level, vocabulary, seed, 1200)
        },
        _ => planted_shape(level, vocabulary, seed, 300),
    })
}

/// Each level with the strongest model it keeps and the weakest listed one it breaks. Of parallel
/// snapshot isolation (long forks) the strongest that anomalies decide.
pub(super) const PLANTED: [(Level, Model, Option<Model>); 8] = [
    (Level::StrictSerializable, StrictSerializable, None),
    (
        Level::SessionReads,
        StrongSessionSerializable,
        Some(StrictSerializable),
    ),
    (
        Level::StaleReads,
        Serializable,
        Some(StrongSessionSerializable),
    ),
    (
        Level::SnapshotIsolation,
        StrongSnapshotIsolation,
        Some(Serializable),
    ),
    (
        Level::ParallelSnapshotIsolation,
        ConsistentView,
        Some(SnapshotIsolation),
    ),
    (
        Level::ReadCommitted,
        StrongReadCommitted,
        Some(SnapshotIsolation),
    ),
    (Level::ReadUncommitted, ReadUncommitted, Some(ReadCommitted)),
    (Level::Nothing, StrictSerializable, Some(ReadUncommitted)),
];

fn what_levels_keep_is_never_flagged(vocabulary: Vocabulary) {
    for (level, keeps, _) in PLANTED.into_iter().filter(|(l, ..)| *l != Level::Nothing) {
        // Without an order of versions, an axiom tells how strong it is.
        let keeps = match (vocabulary, keeps) {
            (Vocabulary::Registers, ConsistentView) => TransactionalCausal,
            (_, keeps) => keeps,
        };
        for seed in 0..planted_seeds(20) {
            let recording = simulate(planted_shape(level, vocabulary, seed, TXNS));
            let report = judged(&recording, vocabulary, keeps);
            let is_kept = match report.validity {
                // Who came first of several added between two reads, sets do not show.
                Validity::Unknown => vocabulary == Vocabulary::Sets && keeps == ConsistentView,
                validity => validity == Validity::Valid,
            };
            assert!(is_kept, "{level:?} {seed} {report:#?}");
        }
    }
}

fn what_levels_break_is_always_caught(vocabulary: Vocabulary) {
    for (level, _, broken) in PLANTED {
        // Dirty writes need an order of versions to be seen as such, which registers hide; not to
        // lock shows in what is read all the same.
        let broken = match (vocabulary, broken) {
            (Vocabulary::Registers, Some(ReadUncommitted)) => ReadCommitted,
            (_, Some(broken)) => broken,
            (_, None) => continue,
        };
        for seed in 0..planted_seeds(10) {
            let report = judged(&planted(level, vocabulary, seed), vocabulary, broken);
            assert_eq!(report.validity, Validity::Invalid, "{level:?} {seed}");
        }
    }
}

#[test]
fn isolation_of_lists_that_is_kept_is_never_flagged() {
    what_levels_keep_is_never_flagged(Vocabulary::Lists);
}

#[test]
fn isolation_of_registers_that_is_kept_is_never_flagged() {
    what_levels_keep_is_never_flagged(Vocabulary::Registers);
}

#[test]
fn isolation_of_sets_that_is_kept_is_never_flagged() {
    what_levels_keep_is_never_flagged(Vocabulary::Sets);
}

#[test]
fn isolation_of_sets_that_is_broken_is_caught() {
    what_levels_break_is_always_caught(Vocabulary::Sets);
}

#[test]
fn isolation_of_lists_that_is_broken_is_caught() {
    what_levels_break_is_always_caught(Vocabulary::Lists);
}

#[test]
fn isolation_of_registers_that_is_broken_is_caught() {
    what_levels_break_is_always_caught(Vocabulary::Registers);
}

/// Transactions that read a key again, and such as read what they wrote, are drawn.
#[test]
fn histories_have_repeated_reads_and_reads_of_own_writes() {
    for (level, ..) in PLANTED {
        let (mut again, mut own) = (0, 0);
        for op in simulate(planted_shape(level, Vocabulary::Registers, 0, TXNS)).ops {
            let mops = op.value.as_items().expect("micro-operations");
            let mops: Vec<&[Value]> = mops.iter().filter_map(Value::as_items).collect();
            for (at, mop) in mops.iter().enumerate() {
                let is_read = mop[0].as_name() == Some("r") && op.kind == crate::OpType::Ok;
                for before in mops[..at].iter().filter(|m| is_read && m[1] == mop[1]) {
                    match before[0].as_name() {
                        Some("w") => own += 1,
                        _ => again += 1,
                    }
                }
            }
        }
        assert!(again > 0 && own > 0, "{level:?}: {again} and {own}");
    }
}

/// Sums hide whose amounts are in them: what a level keeps is proven where a serial order does, and
/// never refuted; what it breaks is seen where bounds or the order of values show it.
#[test]
fn planted_isolation_of_counters_is_caught_where_sums_show_it() {
    for (level, keeps, broken) in PLANTED {
        let (mut proven, mut caught, count) = (0, 0, 12);
        for seed in 0..count {
            let shape = planted_shape(level, Vocabulary::Counters, seed, 100);
            let recording = simulate(shape);
            let report = judged(&recording, Vocabulary::Counters, keeps);
            let is_refuted = report.validity == Validity::Invalid && level != Level::Nothing;
            assert!(!is_refuted, "{level:?} {seed} {report:#?}");
            proven += u64::from(report.validity == Validity::Valid);
            let is_caught = |broken: Model| {
                let report = judged(&recording, Vocabulary::Counters, broken);
                report.validity == Validity::Invalid
            };
            caught += u64::from(broken.is_some_and(is_caught));
        }
        let expected = match level {
            Level::StrictSerializable => proven == count,
            Level::SessionReads => proven == count && caught == count,
            Level::StaleReads => proven > 0 && caught > 0,
            Level::ReadCommitted => caught == count,
            _ => true,
        };
        assert!(
            expected,
            "{level:?}: {proven} proven, {caught} caught of {count}"
        );
    }
}

/// A history without times tells of sessions, whose order every model has, and not of real time.
#[test]
fn without_times_nothing_is_said_of_real_time() {
    for vocabulary in VOCABULARIES {
        let shape = planted_shape(Level::SessionReads, vocabulary, 3, TXNS);
        let params = Params {
            consistency: vec![Serializable, StrictSerializable],
            sessions_only: true,
            init: Some(Value::Nil),
            ..Params::default()
        };
        let report = simulate(shape).try_check(vocabulary.model(), &params);
        let report = report.expect("a readable history");
        let answers: Vec<Validity> = report.claims.iter().map(|claim| claim.validity).collect();
        let expected = [Validity::Valid, Validity::Unknown];
        assert_eq!(answers, expected, "{vocabulary:?} {report:#?}");
        // What does not keep the order of sessions is found out.
        let shape = planted_shape(Level::StaleReads, vocabulary, 3, 300);
        let report = simulate(shape).try_check(vocabulary.model(), &params);
        let answer = report.expect("a readable history").claims[0].validity;
        assert_eq!(answer, Validity::Invalid, "{vocabulary:?}");
    }
}
