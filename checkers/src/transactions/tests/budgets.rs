//! A budget that does not suffice makes an answer unknown, never another one.

use super::*;

fn judged_within(recording: &Recording, vocabulary: Vocabulary, budget: &Budget) -> Report {
    let mut checker = Box::new(Transactions::new(&Params::default(), vocabulary));
    for op in &recording.ops {
        checker.push(op).expect("a readable history");
    }
    checker.finish(budget)
}

#[test]
fn a_search_without_steps_is_unknown() {
    let recording = planted(Level::StrictSerializable, Vocabulary::Lists, 1);
    let budget = Budget {
        steps: 10,
        ..Budget::unlimited()
    };
    let report = judged_within(&recording, Vocabulary::Lists, &budget);
    assert_eq!(report.validity, Validity::Unknown);
    let why = report.unknown.expect("a reason");
    assert!(why.contains("10 search steps"), "{why}");
}

#[test]
fn every_budget_allows_the_truth_or_doubt() {
    for vocabulary in [Vocabulary::Lists, Vocabulary::Registers] {
        for level in LEVELS {
            let recording = simulate(planted_shape(level, vocabulary, 7, 2 * TXNS));
            let truth = judged(&recording, vocabulary, StrictSerializable).validity;
            let mut doubted = 0;
            for power in 0..24 {
                let limit = 1 << power;
                for budget in [
                    Budget {
                        steps: limit,
                        ..Budget::unlimited()
                    },
                    Budget {
                        bytes: limit,
                        ..Budget::unlimited()
                    },
                ] {
                    let found = judged_within(&recording, vocabulary, &budget).validity;
                    doubted += usize::from(found == Validity::Unknown);
                    assert!(
                        found == truth || found == Validity::Unknown,
                        "{level:?}: {found:?} with {limit}"
                    );
                }
            }
            assert!(doubted > 0, "{level:?}: every budget sufficed");
            let generous = Budget {
                steps: 1 << 24,
                bytes: 1 << 24,
                ..Budget::unlimited()
            };
            assert_eq!(
                judged_within(&recording, vocabulary, &generous).validity,
                truth
            );
        }
    }
}

#[test]
fn time_that_is_over_is_over() {
    let recording = planted(Level::StrictSerializable, Vocabulary::Registers, 3);
    let budget = Budget {
        wall: std::time::Duration::from_secs(1),
        clock: &|| std::time::Duration::from_secs(2),
        ..Budget::unlimited()
    };
    let why = judged_within(&recording, Vocabulary::Registers, &budget).unknown;
    assert!(why.is_some_and(|why| why.contains("time limit")));
}
