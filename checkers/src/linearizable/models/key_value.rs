//! Keys with strings: `get`, `put`, `append`, `delete` and `cas [old new]`.
//!
//! A key that is absent holds the empty string, as in Porcupine's model: a store whose `get`
//! answers a missing key with "" cannot tell the two apart, and nil is read as the same.
//!
//! Appends to a string that begins nothing any `get` or `cas` found lead to more such strings, and
//! only a put ends that. All of them act alike, so they are one state ([`Held::Unseen`]): without
//! it each order of concurrent appends would be another.

use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::checker::{OpError, Params};
use crate::linearizable::interned::{Interned, StateId};
use crate::linearizable::model::Model;
use crate::linearizable::vocabulary::Vocabulary;
use crate::{Op, Value};

/// The number of a string in the history.
pub type StringId = u32;

/// An operation on a key, with its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyValueOp {
    Get(StringId),
    /// Deletes with the empty string.
    Put(StringId),
    Append(StringId),
    Cas {
        old: StringId,
        new: StringId,
    },
}

/// What a key holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Held {
    /// The beginning of something found, or all of it.
    Seen(Arc<str>),
    /// Some string that nothing found begins with.
    Unseen,
}

/// One key.
#[derive(Debug, Clone)]
pub struct KeyValue {
    init: StringId,
    strings: Arc<Vec<Arc<str>>>,
    /// What gets and compare-and-sets found, sorted.
    found: Arc<[Arc<str>]>,
}

impl KeyValue {
    fn string(&self, id: StringId) -> &str {
        &self.strings[id as usize]
    }

    fn held(&self, text: &str) -> Held {
        let at = self.found.partition_point(|found| **found < *text);
        match self.found.get(at) {
            Some(found) if found.starts_with(text) => Held::Seen(text.into()),
            _ => Held::Unseen,
        }
    }

    fn holds(&self, state: &Held, id: StringId) -> bool {
        matches!(state, Held::Seen(text) if **text == *self.string(id))
    }
}

impl Model for KeyValue {
    type State = Held;
    type Op = KeyValueOp;

    fn init(&self) -> Held {
        self.held(self.string(self.init))
    }

    fn step(&self, state: &Held, op: &KeyValueOp) -> Option<Held> {
        match *op {
            KeyValueOp::Get(value) => self.holds(state, value).then(|| state.clone()),
            KeyValueOp::Put(value) => Some(self.held(self.string(value))),
            KeyValueOp::Append(value) => Some(match state {
                Held::Seen(text) => self.held(&format!("{text}{}", self.string(value))),
                Held::Unseen => Held::Unseen,
            }),
            KeyValueOp::Cas { old, new } => {
                self.holds(state, old).then(|| self.held(self.string(new)))
            }
        }
    }

    fn reads_only(&self, op: &KeyValueOp) -> bool {
        matches!(op, KeyValueOp::Get(_))
    }

    fn overwrites(&self, op: &KeyValueOp) -> bool {
        matches!(op, KeyValueOp::Put(_))
    }
}

/// How histories write keys with strings.
pub(crate) struct KeyValues {
    ids: FxHashMap<Arc<str>, StringId>,
    strings: Arc<Vec<Arc<str>>>,
    init: StringId,
    /// What was found, and the same sorted once it is asked for.
    finds: FxHashSet<StringId>,
    found: OnceLock<Arc<[Arc<str>]>>,
}

/// The empty string has this number.
const EMPTY: StringId = 0;

impl KeyValues {
    pub fn new(params: &Params) -> KeyValues {
        let empty: Arc<str> = "".into();
        let mut this = KeyValues {
            ids: FxHashMap::from_iter([(empty.clone(), EMPTY)]),
            strings: Arc::new(vec![empty]),
            init: EMPTY,
            finds: FxHashSet::default(),
            found: OnceLock::new(),
        };
        this.init = params.init.as_ref().map_or(EMPTY, |init| this.id(init));
        this
    }

    pub(super) fn id(&mut self, value: &Value) -> StringId {
        let text: Arc<str> = match value {
            Value::Nil => return EMPTY,
            Value::Str(text) => (**text).into(),
            other => other.to_string().into(),
        };
        if let Some(id) = self.ids.get(&text) {
            return *id;
        }
        let id = self.strings.len() as StringId;
        self.ids.insert(text.clone(), id);
        Arc::make_mut(&mut self.strings).push(text);
        id
    }

    /// Notes that something found this.
    pub(super) fn find(&mut self, id: StringId) -> StringId {
        if self.finds.insert(id) {
            self.found = OnceLock::new();
        }
        id
    }

    fn found(&self) -> &Arc<[Arc<str>]> {
        self.found.get_or_init(|| {
            let finds = self.finds.iter();
            let mut found: Vec<Arc<str>> =
                finds.map(|id| self.strings[*id as usize].clone()).collect();
            found.sort_unstable();
            found.into()
        })
    }

    fn text(&self, id: StringId) -> String {
        Value::str(&self.strings[id as usize]).to_string()
    }
}

impl Vocabulary for KeyValues {
    type Op = KeyValueOp;
    type Model = Interned<KeyValue>;

    fn functions(&self) -> &'static [&'static str] {
        &["get", "put", "append", "delete", "cas"]
    }

    fn object(&self) -> &'static str {
        "key"
    }

    fn model(&self) -> Interned<KeyValue> {
        let model = KeyValue {
            init: self.init,
            strings: self.strings.clone(),
            found: self.found().clone(),
        };
        Interned::new(model, |state| match state {
            Held::Seen(text) => text.len(),
            Held::Unseen => 0,
        })
    }

    fn invoked(&mut self, op: &Op) -> Result<KeyValueOp, OpError> {
        Ok(match op.f.as_ref() {
            "get" => KeyValueOp::Get(EMPTY),
            "put" => KeyValueOp::Put(self.id(&op.value)),
            "append" => KeyValueOp::Append(self.id(&op.value)),
            "delete" => KeyValueOp::Put(EMPTY),
            _ => {
                let Some([old, new]) = op.value.as_items() else {
                    let problem = format!("the arguments of a cas are {}", op.value);
                    return Err(OpError::new(op, problem, "a pair [old new]"));
                };
                let (old, new) = (self.id(old), self.id(new));
                KeyValueOp::Cas {
                    old: self.find(old),
                    new,
                }
            }
        })
    }

    fn answered(&mut self, call: &KeyValueOp, op: &Op) -> Result<Option<KeyValueOp>, OpError> {
        Ok(Some(match call {
            KeyValueOp::Get(_) => {
                let id = self.id(&op.value);
                KeyValueOp::Get(self.find(id))
            }
            other => *other,
        }))
    }

    fn unanswered(&self, call: &KeyValueOp) -> Option<KeyValueOp> {
        (!matches!(call, KeyValueOp::Get(_))).then_some(*call)
    }

    fn tell(&self, op: &KeyValueOp) -> String {
        let text = |id| self.text(id);
        match *op {
            KeyValueOp::Get(id) => format!("get of {}", text(id)),
            KeyValueOp::Put(EMPTY) => "delete".to_owned(),
            KeyValueOp::Put(id) => format!("put of {}", text(id)),
            KeyValueOp::Append(id) => format!("append of {}", text(id)),
            KeyValueOp::Cas { old, new } => format!("cas from {} to {}", text(old), text(new)),
        }
    }

    fn tell_state(&self, model: &Interned<KeyValue>, state: &StateId) -> String {
        match model.state(*state) {
            Held::Seen(text) => Value::str(&text).to_string(),
            Held::Unseen => "a string that no get or cas found the beginning of".to_owned(),
        }
    }
}
