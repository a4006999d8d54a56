//! Lists that reads of one key saw, each the beginning of a [`Branch`] that others go on.
//!
//! A list that comes as digits is compared as text with the text of what is known: that costs a
//! fraction of making numbers, and only of elements nobody saw before are numbers made.

use super::branches::{BRANCHES_TRIED_MAX, Branch, BranchRef, Branches};
use super::codes::{Code, Codes, NIL};
use super::part::Given;
use crate::value::numbers;

pub(super) type Lists = Branches<Growing>;

/// A list that is no prefix of another one.
#[derive(Debug, Default)]
pub(super) struct Growing {
    elements: Vec<Code>,
    /// The elements in decimal, a blank between two, where they are natural numbers; empty while
    /// nobody asked.
    digits: Vec<u8>,
}

impl Branch for Growing {
    #[inline]
    fn elements(&self) -> &[Code] {
        &self.elements
    }

    /// A prefix fits, and what this one is a prefix of.
    fn fit(&mut self, elements: &[Code]) -> bool {
        let known = self.elements.len();
        if elements.len() > known && elements.starts_with(&self.elements) {
            self.elements.extend_from_slice(&elements[known..]);
            self.digits.clear();
            return true;
        }
        self.elements.starts_with(elements)
    }
}

impl Lists {
    /// Stores a list. `None` where there are too many that contradict each other.
    #[inline]
    pub fn store(&mut self, list: Given, codes: &mut Codes) -> Option<BranchRef> {
        match list {
            Given::Digits(digits) => self.store_digits(digits, codes),
            list => self.store_elements(&list.elements(codes)),
        }
    }

    fn store_digits(&mut self, digits: &[u8], codes: &mut Codes) -> Option<BranchRef> {
        let tried = self.branches.iter_mut().take(BRANCHES_TRIED_MAX);
        for (number, branch) in (0..).zip(tried) {
            if !branch.spell() {
                // Among other values, numbers are told apart as codes only.
                return self.store_elements(&Given::Digits(digits).elements(codes));
            }
            if let Some(length) = branch.store_digits(digits, codes) {
                return Some(BranchRef {
                    branch: number,
                    length,
                });
            }
        }
        let mut branch = Growing::default();
        branch.extend(digits, codes);
        self.add(branch)
    }
}

impl Growing {
    /// Sees to it that the digits are there; false if not all elements are small numbers.
    #[inline]
    fn spell(&mut self) -> bool {
        self.elements.is_empty() || !self.digits.is_empty() || self.spell_elements()
    }

    #[cold]
    fn spell_elements(&mut self) -> bool {
        if self.elements.iter().any(|element| *element >= NIL) {
            return false;
        }
        for element in &self.elements {
            if !self.digits.is_empty() {
                self.digits.push(b' ');
            }
            self.digits
                .extend_from_slice(element.to_string().as_bytes());
        }
        true
    }

    /// The length of a list that is a prefix of this one, or that this one is a prefix of and is
    /// made as long as.
    #[inline]
    fn store_digits(&mut self, digits: &[u8], codes: &mut Codes) -> Option<u32> {
        let both = self.digits.len().min(digits.len());
        if self.digits[..both] != digits[..both] {
            return None;
        }
        if both == 0 || both == self.digits.len() && both == digits.len() {
            self.extend(&digits[both..], codes);
            return Some(if digits.is_empty() { 0 } else { self.length() });
        }
        // A number may go on where the shorter one ends.
        if both == digits.len() {
            let blanks = memchr::memchr_iter(b' ', digits).count() as u32;
            return (self.digits[both] == b' ').then_some(blanks + 1);
        }
        if digits[both] != b' ' {
            return None;
        }
        self.extend(&digits[both..], codes);
        Some(self.length())
    }

    fn extend(&mut self, digits: &[u8], codes: &mut Codes) {
        self.digits.extend_from_slice(digits);
        self.elements
            .extend(numbers(digits).map(|n| codes.number(n)));
    }

    fn length(&self) -> u32 {
        self.elements.len() as u32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Value;

    /// Lists of which many are prefixes of each other, some only as text: 1 and 12.
    fn lists() -> impl Strategy<Value = Vec<(bool, Vec<Value>)>> {
        let element = prop_oneof![
            30 => proptest::sample::select(vec![1, 12, 123, 2, 20]).prop_map(Value::Int),
            1 => Just(Value::Int(i64::MAX)),
            1 => Just(Value::BigNumber("99999999999999999999".into())),
        ];
        let whole = prop::collection::vec(element, 0..6);
        let list = (
            any::<bool>(),
            prop::sample::select(vec![0, 1, 2, 9]),
            0usize..6,
        );
        (
            prop::collection::vec(whole, 1..4),
            prop::collection::vec(list, 0..30),
        )
            .prop_map(|(wholes, lists)| {
                let list = |(digits, whole, length): (bool, usize, usize)| {
                    let whole = &wholes[whole % wholes.len()];
                    (digits, whole[..length.min(whole.len())].to_vec())
                };
                lists.into_iter().map(list).collect()
            })
    }

    proptest! {
        #[test]
        fn lists_come_back_however_they_came(lists in lists()) {
            let mut codes = Codes::default();
            let (mut mixed, mut plain) = (Lists::default(), Lists::default());
            for (as_digits, items) in &lists {
                let text: Vec<String> = items
                    .iter()
                    .map(|item| item.to_string().trim_end_matches('N').to_owned())
                    .collect();
                let text = text.join(" ");
                let given = match as_digits {
                    true => Given::Digits(text.as_bytes()),
                    false => Given::Items(items),
                };
                let found = mixed.store(given, &mut codes).unwrap();
                let expected: Vec<Code> = items.iter().map(|item| codes.code(item)).collect();
                prop_assert_eq!(mixed.elements(found), expected.as_slice());
                let plainly = plain.store(Given::Items(items), &mut codes).unwrap();
                prop_assert_eq!(found, plainly);
            }
        }
    }
}
