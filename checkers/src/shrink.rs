//! The smallest part of something that suffices: delta debugging (Zeller & Hildebrandt,
//! *Simplifying and isolating failure-inducing input*, IEEE TSE 2002).

/// Takes chunks of what is kept away as long as the rest suffices, large ones first, then one by
/// one until none can go. `None` where `suffices` has no answer any more; `kept` sufficed all
/// along.
pub(crate) fn least<T: Clone>(
    kept: &mut Vec<T>,
    mut suffices: impl FnMut(&[T]) -> Option<bool>,
) -> Option<()> {
    let mut size = kept.len().div_ceil(2);
    loop {
        let before = kept.len();
        let mut at = 0;
        while at < kept.len() {
            let chunk = at..kept.len().min(at + size);
            let without = [&kept[..chunk.start], &kept[chunk.end..]].concat();
            if suffices(&without)? {
                *kept = without;
            } else {
                at = chunk.end;
            }
        }
        // One by one again until none goes: what one needed may have gone after it.
        if size <= 1 && kept.len() == before {
            return Some(());
        }
        size = size.div_ceil(2);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What suffices is to hold some of the needed sets; nothing of the rest is kept.
        #[test]
        fn nothing_can_be_left_out(
            needed in prop::collection::vec(0u8..40, 0..6),
            count in 0u8..40,
        ) {
            let is_enough = |kept: &[u8]| needed.iter().all(|n| *n >= count || kept.contains(n));
            let mut kept: Vec<u8> = (0..count).collect();
            prop_assert_eq!(least(&mut kept, |kept| Some(is_enough(kept))), Some(()));
            let mut expected: Vec<u8> = needed.into_iter().filter(|n| *n < count).collect();
            expected.sort_unstable();
            expected.dedup();
            prop_assert_eq!(kept, expected);
        }
    }

    #[test]
    fn what_is_kept_suffices_when_the_answers_end() {
        let mut kept: Vec<u8> = (0..32).collect();
        let mut left = 3;
        let ended = least(&mut kept, |kept| {
            left -= 1;
            (left >= 0).then(|| kept.contains(&31))
        });
        assert_eq!(ended, None);
        assert!(kept.contains(&31) && kept.len() < 32);
    }
}
