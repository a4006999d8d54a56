//! What transactions are made of: the names of the micro-operations, and what they stand for.

use crate::value::MicroF;

/// What transactions are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Vocabulary {
    /// `[:append k v]` and `[:r k [v …]]`.
    Lists,
    /// `[:w k v]` and `[:r k v]`.
    Registers,
    /// `[:add k v]` and `[:r k #{v …}]`.
    Sets,
    /// `[:inc k n]` and `[:r k n]`.
    Counters,
}

impl Vocabulary {
    /// The model in the table.
    pub fn model(self) -> &'static str {
        match self {
            Vocabulary::Lists => "list-append",
            Vocabulary::Registers => "rw-register",
            Vocabulary::Sets => "set-add",
            Vocabulary::Counters => "counter-inc",
        }
    }

    /// What the transactions are on.
    pub fn objects(self) -> &'static str {
        match self {
            Vocabulary::Lists => "lists",
            Vocabulary::Registers => "registers",
            Vocabulary::Sets => "sets",
            Vocabulary::Counters => "counters",
        }
    }

    /// The micro-operation that changes an object.
    pub fn write(self) -> MicroF {
        match self {
            Vocabulary::Lists => MicroF::Append,
            Vocabulary::Registers => MicroF::Write,
            Vocabulary::Sets => MicroF::Add,
            Vocabulary::Counters => MicroF::Inc,
        }
    }

    /// What an event must hold, for one that does not.
    pub fn expected(self) -> &'static str {
        match self {
            Vocabulary::Lists => "micro-operations [:append key element] and [:r key list-or-nil]",
            Vocabulary::Registers => "micro-operations [:w key value] and [:r key value-or-nil]",
            Vocabulary::Sets => "micro-operations [:add key element] and [:r key set-or-nil]",
            Vocabulary::Counters => {
                "micro-operations [:inc key integer] and [:r key integer-or-nil]"
            }
        }
    }
}
