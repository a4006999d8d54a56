//! Stores of planted isolation levels: each is caught at the level it breaks, and keeps the others.

use super::*;

pub(super) fn planted(level: Level, vocabulary: Vocabulary, seed: u64) -> Recording {
    simulate(planted_shape(level, vocabulary, seed, 400))
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

/// Histories of each level that are judged, from `FAULTBENCH_PLANTED_SEEDS` where it is set.
fn seeds() -> u64 {
    let asked = std::env::var("FAULTBENCH_PLANTED_SEEDS").ok();
    asked.and_then(|asked| asked.parse().ok()).unwrap_or(20)
}

/// Whether the history need not show what its store allows: that two sites were read while they
/// differed is up to chance, but the first history has it.
fn may_not_show(level: Level, seed: u64) -> bool {
    level == Level::ParallelSnapshotIsolation && seed > 0
}

#[test]
fn planted_isolation_is_caught_at_its_level() {
    for (vocabulary, seeds) in [
        (Vocabulary::Lists, seeds()),
        (Vocabulary::Sets, seeds() / 4),
    ] {
        for (level, keeps, broken) in PLANTED {
            for seed in 0..seeds {
                let recording = planted(level, vocabulary, seed);
                let report = judged(&recording, vocabulary, keeps);
                let is_kept = match report.validity {
                    _ if level == Level::Nothing => true,
                    // Who came first of several added between two reads, sets do not show.
                    Validity::Unknown => vocabulary == Vocabulary::Sets && keeps == ConsistentView,
                    validity => validity == Validity::Valid,
                };
                assert!(is_kept, "{level:?} {vocabulary:?} {seed} {report:#?}");
                if let Some(broken) = broken {
                    let is_caught = breaks(&recording, vocabulary, broken);
                    let is_caught = is_caught || may_not_show(level, seed);
                    assert!(is_caught, "{level:?} {vocabulary:?} {seed}");
                }
            }
        }
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
            let is_caught = |broken| breaks(&recording, Vocabulary::Counters, broken);
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

/// Registers hide the order of versions; what a search decides, it decides as for lists.
#[test]
fn planted_isolation_of_registers_is_caught_at_its_level() {
    for (level, keeps, broken) in PLANTED {
        for seed in 0..seeds() {
            let shape = planted_shape(level, Vocabulary::Registers, seed, 300);
            let recording = simulate(shape);
            if level != Level::Nothing {
                let report = judged(&recording, Vocabulary::Registers, keeps);
                assert_eq!(
                    report.validity,
                    Validity::Valid,
                    "{level:?} {seed} {report:#?}"
                );
            }
            // Dirty writes need an order of versions to be seen as such.
            if let Some(broken) = broken.filter(|broken| *broken != ReadUncommitted) {
                let is_caught = breaks(&recording, Vocabulary::Registers, broken);
                assert!(is_caught || may_not_show(level, seed), "{level:?} {seed}");
            }
        }
    }
}
