//! The lists that reads of one key saw, each stored once.
//!
//! Where a store keeps its promise every read is a prefix of the longest, so a read is kept as a
//! length and a history of long lists takes little memory. Lists that fit no other are branches of
//! their own.
//!
//! A list that comes as digits is compared as text with the text of what is known: that costs a
//! fraction of making numbers, and only of elements nobody saw before are numbers made.

use super::codes::{Code, Codes, NIL};
use super::part::Given;
use crate::value::numbers;

/// Branches looked at for one that a list fits. What fits none of them is stored whole: a matter of
/// memory, not of the verdict.
const BRANCHES_TRIED_MAX: usize = 8;

/// A list: the first `length` elements of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ListRef {
    pub branch: u16,
    pub length: u32,
}

/// Branches of one key at the most; a broken store has few distinct lies worth telling.
const BRANCHES_MAX: usize = u16::MAX as usize;

#[derive(Debug, Default)]
pub(super) struct Lists {
    branches: Vec<Branch>,
}

/// A list that is no prefix of another one.
#[derive(Debug, Default)]
struct Branch {
    elements: Vec<Code>,
    /// The elements in decimal, a blank between two, where they are natural numbers; empty while
    /// nobody asked.
    digits: Vec<u8>,
}

impl Lists {
    /// Stores a list. `None` where there are too many that contradict each other.
    #[inline]
    pub fn store(&mut self, list: Given, codes: &mut Codes) -> Option<ListRef> {
        match list {
            Given::Digits(digits) => self.store_digits(digits, codes),
            Given::Items(items) => {
                let elements: Vec<Code> = items.iter().map(|item| codes.code(item)).collect();
                self.store_elements(&elements)
            }
            _ => self.store_elements(&[]),
        }
    }

    fn store_digits(&mut self, digits: &[u8], codes: &mut Codes) -> Option<ListRef> {
        let tried = self.branches.iter_mut().take(BRANCHES_TRIED_MAX);
        for (number, branch) in (0..).zip(tried) {
            if !branch.spell() {
                // Among other values, numbers are told apart as codes only.
                let elements: Vec<Code> = numbers(digits).map(|n| codes.number(n)).collect();
                return self.store_elements(&elements);
            }
            if let Some(length) = branch.store_digits(digits, codes) {
                return Some(ListRef {
                    branch: number,
                    length,
                });
            }
        }
        let mut branch = Branch::default();
        branch.extend(digits, codes);
        self.add(branch)
    }

    fn store_elements(&mut self, elements: &[Code]) -> Option<ListRef> {
        let length = elements.len() as u32;
        let tried = self.branches.iter_mut().take(BRANCHES_TRIED_MAX);
        for (number, branch) in (0..).zip(tried) {
            let known = branch.elements.len();
            if branch.elements.starts_with(elements) {
                return Some(ListRef {
                    branch: number,
                    length,
                });
            }
            if elements.starts_with(&branch.elements) {
                branch.elements.extend_from_slice(&elements[known..]);
                branch.digits.clear();
                return Some(ListRef {
                    branch: number,
                    length,
                });
            }
        }
        self.add(Branch {
            elements: elements.to_vec(),
            digits: Vec::new(),
        })
    }

    fn add(&mut self, branch: Branch) -> Option<ListRef> {
        if self.branches.len() == BRANCHES_MAX {
            return None;
        }
        let length = branch.elements.len() as u32;
        self.branches.push(branch);
        Some(ListRef {
            branch: self.branches.len() as u16 - 1,
            length,
        })
    }

    pub fn len(&self) -> usize {
        self.branches.len()
    }

    /// All elements of a branch.
    pub fn branch(&self, number: usize) -> &[Code] {
        match self.branches.get(number) {
            Some(branch) => &branch.elements,
            None => &[],
        }
    }

    #[inline]
    pub fn elements(&self, list: ListRef) -> &[Code] {
        match self.branches.get(list.branch as usize) {
            Some(branch) => &branch.elements[..list.length as usize],
            None => &[],
        }
    }

    /// The longest branch, the first of several.
    pub fn longest(&self) -> usize {
        let longest = (0..self.branches.len()).rev();
        longest
            .max_by_key(|branch| self.branches[*branch].elements.len())
            .unwrap_or(0)
    }
}

impl Branch {
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
