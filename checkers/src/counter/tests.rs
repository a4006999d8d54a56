//! Bounds of a counter.

use proptest::prelude::*;

use crate::Value;
use crate::recording::Recording;
use crate::report::Validity;

#[test]
fn reads_are_held_to_what_was_acknowledged_and_attempted() {
    let mut recording = Recording::default();
    recording.call(0, "add", 2);
    recording.invoke(1, "add", 5);
    recording.call(0, "read", 2);
    recording.call(0, "read", 7);
    assert_eq!(recording.check("counter-bounds").validity, Validity::Valid);
    recording.call(0, "read", 8);
    let report = recording.check("counter-bounds");
    assert_eq!(report.validity, Validity::Invalid);
    assert_eq!(
        report.findings[0].summary,
        "the read at 0.008 s returned 8, though the counter was at least 2 and at most 7; 1 of 3 \
         reads are out of bounds"
    );
}

#[test]
fn decrements_bound_from_the_other_side() {
    let mut recording = Recording::default();
    recording.invoke(1, "add", -5);
    recording.call(0, "read", -5);
    recording.call(0, "read", 0);
    assert_eq!(recording.check("counter-bounds").validity, Validity::Valid);
    recording.ok(1, "add", -5);
    recording.call(0, "read", 0);
    assert_eq!(
        recording.check("counter-bounds").validity,
        Validity::Invalid
    );
}

#[test]
fn adds_that_failed_count_for_nothing() {
    let mut recording = Recording::default();
    recording.invoke(1, "add", 5);
    recording.call(0, "read", 5);
    recording.fail(1, "add", 5);
    assert_eq!(
        recording.check("counter-bounds").validity,
        Validity::Invalid
    );
}

proptest! {
    /// Adds and reads take effect at one instant each.
    #[test]
    fn linearizable_counters_are_never_flagged(
        steps in prop::collection::vec((0..4i64, -3..4i64, any::<bool>()), 1..60)
    ) {
        let mut recording = Recording::default();
        let mut total = 0;
        let mut open: [Option<(bool, i64)>; 4] = [None; 4];
        for (process, amount, is_read) in steps {
            let slot = &mut open[process as usize];
            match slot.take() {
                None if is_read => {
                    recording.invoke(process, "read", Value::Nil);
                    *slot = Some((true, total));
                }
                None => {
                    recording.invoke(process, "add", amount);
                    *slot = Some((false, amount));
                }
                Some((true, seen)) => {
                    let value = if amount > 0 { total } else { seen };
                    recording.ok(process, "read", value);
                }
                Some((false, amount)) => {
                    total += amount;
                    recording.ok(process, "add", amount);
                }
            }
        }
        let report = recording.check("counter-bounds");
        prop_assert!(report.validity != Validity::Invalid, "{:?}", report.findings);
    }
}
