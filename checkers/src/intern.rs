//! Values as small integers: equal values get equal ids, in order of first appearance.

use rustc_hash::FxHashMap;

use crate::value::Value;

/// A value's id in its [`Interner`].
pub(crate) type ValueId = u32;

/// Nil has the same id in every interner.
pub(crate) const NIL: ValueId = 0;

/// The values of one history.
#[derive(Debug)]
pub(crate) struct Interner {
    values: Vec<Value>,
    ints: FxHashMap<i64, ValueId>,
    /// Everything but integers, by its EDN text: exact, and rare enough to pay for the text.
    others: FxHashMap<String, ValueId>,
}

impl Default for Interner {
    fn default() -> Interner {
        Interner {
            values: vec![Value::Nil],
            ints: FxHashMap::default(),
            others: FxHashMap::default(),
        }
    }
}

impl Interner {
    pub fn intern(&mut self, value: &Value) -> ValueId {
        let next = self.values.len() as ValueId;
        let id = match value {
            Value::Nil => return NIL,
            Value::Int(n) => *self.ints.entry(*n).or_insert(next),
            other => *self.others.entry(other.to_string()).or_insert(next),
        };
        if id == next {
            self.values.push(value.clone());
        }
        id
    }

    pub fn value(&self, id: ValueId) -> &Value {
        &self.values[id as usize]
    }

    pub fn len(&self) -> usize {
        self.values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_an_id_and_come_back() {
        let mut interner = Interner::default();
        let values = [
            Value::Int(3),
            Value::str("3"),
            Value::keyword("a"),
            Value::List(vec![Value::Int(3)]),
            Value::Float(3.0),
        ];
        let ids: Vec<ValueId> = values.iter().map(|v| interner.intern(v)).collect();
        assert_eq!(ids, [1, 2, 3, 4, 5]);
        for (value, id) in values.iter().zip(ids) {
            assert_eq!(interner.intern(value), id);
            assert_eq!(interner.value(id), value);
        }
        assert_eq!(interner.intern(&Value::Nil), NIL);
    }
}
