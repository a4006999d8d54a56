//! Keys and values as small numbers.

use rustc_hash::FxHashMap;

use super::part::Given;
use crate::Value;
use crate::intern::Interner;
use crate::value::{big, natural, numbers};

/// A value's number. Most values of histories are small integers and are their own numbers.
pub(super) type Code = u32;

/// Integers below this are their own codes, everything else is interned from here on.
const SMALL: u32 = 1 << 31;

/// Nil has the first interned code.
pub(super) const NIL: Code = SMALL;

#[derive(Debug, Default)]
pub(super) struct Codes {
    others: Interner,
}

impl Codes {
    #[inline]
    pub fn code(&mut self, value: &Value) -> Code {
        match value {
            Value::Int(n) => self.int(*n),
            other => SMALL + self.others.intern(other),
        }
    }

    #[inline]
    fn int(&mut self, int: i64) -> Code {
        match (0..i64::from(SMALL)).contains(&int) {
            true => int as u32,
            false => SMALL + self.others.intern(&Value::Int(int)),
        }
    }

    /// The code of a natural number in decimal.
    #[inline]
    pub fn number(&mut self, digits: &[u8]) -> Code {
        match natural(digits) {
            Some(int) => self.int(int),
            None => self.code(&big(digits)),
        }
    }

    #[inline]
    pub fn given(&mut self, given: Given) -> Code {
        match given {
            Given::Nil => NIL,
            Given::Int(int) => self.int(int),
            Given::Other(value) => self.code(value),
            Given::Items(items) => self.code(&Value::List(items.to_vec())),
            Given::Digits(digits) => {
                let number = |digits| natural(digits).map_or_else(|| big(digits), Value::Int);
                self.code(&Value::List(numbers(digits).map(number).collect()))
            }
        }
    }

    pub fn value(&self, code: Code) -> Value {
        match code {
            small if small < SMALL => Value::Int(i64::from(small)),
            other => self.others.value(other - SMALL).clone(),
        }
    }

    /// The integer of this code, if it is one.
    pub fn as_int(&self, code: Code) -> Option<i64> {
        match code {
            small if small < SMALL => Some(i64::from(small)),
            other => self.others.value(other - SMALL).as_int(),
        }
    }

    pub fn text(&self, code: Code) -> String {
        if code < SMALL {
            return code.to_string();
        }
        self.others.value(code - SMALL).to_string()
    }
}

/// Keys, numbered from 0 in order of appearance.
#[derive(Debug, Default)]
pub(super) struct Keys {
    dense: Vec<u32>,
    sparse: FxHashMap<Code, u32>,
    pub codes: Vec<Code>,
}

/// Keys below this are looked up in an array.
const DENSE_KEYS: Code = 1 << 22;

const NO_KEY: u32 = u32::MAX;

impl Keys {
    #[inline]
    pub fn number(&mut self, code: Code) -> u32 {
        let next = self.codes.len() as u32;
        let number = if code < DENSE_KEYS {
            let at = code as usize;
            if at >= self.dense.len() {
                self.dense.resize(at + 1, NO_KEY);
            }
            if self.dense[at] == NO_KEY {
                self.dense[at] = next;
            }
            self.dense[at]
        } else {
            *self.sparse.entry(code).or_insert(next)
        };
        if number == next {
            self.codes.push(code);
        }
        number
    }
}

/// A map from codes that is emptied and filled again for every key: small codes, which nearly all
/// are, index an array.
#[derive(Debug, Default)]
pub(super) struct CodeMap {
    dense: Vec<u32>,
    used: Vec<Code>,
    sparse: FxHashMap<Code, u32>,
}

const DENSE_CODES: Code = 1 << 20;

const ABSENT: u32 = u32::MAX;

impl CodeMap {
    #[inline]
    pub fn get(&self, code: Code) -> Option<u32> {
        if code < DENSE_CODES {
            let found = self.dense.get(code as usize).copied();
            return found.filter(|value| *value != ABSENT);
        }
        self.sparse.get(&code).copied()
    }

    /// Sets the value and answers the one before.
    #[inline]
    pub fn insert(&mut self, code: Code, value: u32) -> Option<u32> {
        if code >= DENSE_CODES {
            return self.sparse.insert(code, value);
        }
        let at = code as usize;
        if at >= self.dense.len() {
            self.dense.resize(at + 1, ABSENT);
        }
        let before = std::mem::replace(&mut self.dense[at], value);
        if before == ABSENT {
            self.used.push(code);
            return None;
        }
        Some(before)
    }

    pub fn clear(&mut self) {
        for code in self.used.drain(..) {
            self.dense[code as usize] = ABSENT;
        }
        self.sparse.clear();
    }
}
