//! The table of models: what `--model` names, what each judges, and how its checker is built.

use super::claims::{self, Judge};
use super::independent::Independent;
use super::{Checker, Params};
use crate::lattice::{self, Model as Consistency};
use crate::linearizable::Linearizable;
use crate::linearizable::models::{
    Containers, Counters, FencedLocks, KeyValues, Logs, MultiRegisters, Mutexes, PriorityQueue,
    Queue, Semaphores, Sets, Stack, UnorderedQueue,
};
use crate::linearizable::register::{CAS_REGISTER_FUNCTIONS, REGISTER_FUNCTIONS, Registers};
use crate::linearizable::vocabulary::Vocabulary;
use crate::transactions::{self, Transactions};
use crate::{
    bank, comments, counter, dirty_reads, g2, kafka, leader, lock, log_agreement, long_fork,
    monotonic, queue, sequential, set, unique_ids, watch,
};

/// A row of the table of checkers.
#[derive(Debug)]
pub struct ModelKind {
    /// The name `--model` takes.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// One line for lists.
    pub about: &'static str,
    /// Every function of its vocabulary.
    pub functions: &'static [&'static str],
    pub judged: Judged,
    build: fn(&Params) -> Box<dyn Checker>,
}

/// What `--consistency` may claim of a model's histories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// An invariant of its own, no consistency model.
    Invariant,
    /// Linearizability alone.
    Linearizability,
    /// Linearizability and sequential consistency.
    Objects,
    /// Models of single registers.
    Registers,
    /// Models of single objects that are collections: guarantees where they only grow.
    Sets,
    /// The same, without sequential consistency.
    GrowingSets,
    /// The same as of sets, where reads show an order.
    Logs,
    /// Models of single objects, guarantees as far as sums tell.
    Counters,
    /// Models of transactions, and of single lists.
    Lists,
    /// Models of transactions, and those of single registers too.
    RegisterTransactions,
    /// Models of transactions.
    Transactions,
}

impl Judged {
    /// Whether a search decides linearizability, and sequential consistency with it.
    pub(super) fn is_object(self) -> bool {
        match self {
            Judged::Objects | Judged::Registers | Judged::Sets | Judged::Logs => true,
            Judged::Counters => true,
            Judged::Invariant | Judged::Linearizability | Judged::GrowingSets => false,
            Judged::Lists | Judged::RegisterTransactions | Judged::Transactions => false,
        }
    }
}

impl ModelKind {
    /// Whether a history of this model can be judged by a consistency model.
    pub fn judges(&self, consistency: Consistency) -> bool {
        Judge::of(self.judged, consistency).is_some()
    }

    /// Whether all these claims can be judged of such histories.
    ///
    /// # Errors
    /// A sentence with the first claim that cannot, and those that can.
    pub fn fits(&self, claims: &[Consistency]) -> Result<(), String> {
        let Some(claimed) = claims.iter().find(|claimed| !self.judges(**claimed)) else {
            return Ok(());
        };
        let judged = lattice::MODELS
            .iter()
            .filter(|kind| self.judges(kind.model));
        let names: Vec<&str> = judged.map(|kind| kind.name).collect();
        let instead = match names.as_slice() {
            [] => "it has an invariant of its own, and no consistency model".to_owned(),
            names => format!("expected of {}", names.join(", ")),
        };
        let (claimed, model) = (claimed.name(), self.name);
        Err(format!(
            "{claimed} cannot be judged of model {model}: {instead}"
        ))
    }

    /// A checker of what is claimed in `params`.
    pub fn checker(&self, params: &Params) -> Box<dyn Checker> {
        let detect = self.judged == Judged::Registers;
        let checker = claims::checker(self.judged, params, self.build);
        Independent::before(params.independent, detect, checker)
    }
}

/// Every model there is.
pub const MODELS: &[ModelKind] = &[
    ModelKind {
        name: "bank",
        aliases: &[],
        about: "accounts: the total never changes, no balance is negative",
        functions: bank::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(bank::Bank::new(params)),
    },
    ModelKind {
        name: "register",
        aliases: &[],
        about: "registers that are read and written; each key is linearizable",
        functions: REGISTER_FUNCTIONS,
        judged: Judged::Registers,
        build: |params| linearizable(Registers::new(params, REGISTER_FUNCTIONS), params),
    },
    ModelKind {
        name: "cas-register",
        aliases: &["cas"],
        about: "registers with compare-and-set; each key is linearizable",
        functions: CAS_REGISTER_FUNCTIONS,
        judged: Judged::Registers,
        build: |params| linearizable(Registers::new(params, CAS_REGISTER_FUNCTIONS), params),
    },
    ModelKind {
        name: "multi-register",
        aliases: &[],
        about: "registers read and written together; linearizable as one",
        functions: &["txn"],
        judged: Judged::Objects,
        build: |params| linearizable(MultiRegisters::new(params), params),
    },
    ModelKind {
        name: "kv",
        aliases: &["key-value"],
        about: "keys with strings: get, put, append, delete, cas; each key is linearizable",
        functions: &["get", "put", "append", "delete", "cas"],
        judged: Judged::Objects,
        build: |params| linearizable(KeyValues::new(params), params),
    },
    ModelKind {
        name: "counter",
        aliases: &[],
        about: "a counter that is added to and read; linearizable",
        functions: &["add", "increment", "decrement", "read"],
        judged: Judged::Counters,
        build: |params| linearizable(Counters::new(params), params),
    },
    ModelKind {
        name: "linearizable-set",
        aliases: &[],
        about: "a set with add, remove, contains and read; linearizable",
        functions: &["add", "remove", "contains", "read"],
        judged: Judged::Sets,
        build: |params| linearizable(Sets::new(params), params),
    },
    ModelKind {
        name: "queue",
        aliases: &["fifo-queue"],
        about: "a first-in-first-out queue; linearizable",
        functions: &["enqueue", "dequeue"],
        judged: Judged::Objects,
        build: |params| linearizable(Containers::<Queue>::new(params), params),
    },
    ModelKind {
        name: "unordered-queue",
        aliases: &[],
        about: "a queue in any order; linearizable",
        functions: &["enqueue", "dequeue"],
        judged: Judged::Objects,
        build: |params| linearizable(Containers::<UnorderedQueue>::new(params), params),
    },
    ModelKind {
        name: "stack",
        aliases: &[],
        about: "a last-in-first-out stack; linearizable",
        functions: &["push", "pop"],
        judged: Judged::Objects,
        build: |params| linearizable(Containers::<Stack>::new(params), params),
    },
    ModelKind {
        name: "priority-queue",
        aliases: &[],
        about: "a queue that gives back its smallest number; linearizable",
        functions: &["insert", "delete-min"],
        judged: Judged::Objects,
        build: |params| linearizable(Containers::<PriorityQueue>::new(params), params),
    },
    ModelKind {
        name: "log",
        aliases: &[],
        about: "an append-only log; linearizable",
        functions: &["append", "get", "read"],
        judged: Judged::Logs,
        build: |params| linearizable(Logs::new(params), params),
    },
    ModelKind {
        name: "mutex",
        aliases: &["lock"],
        about: "a lock anyone may release; linearizable",
        functions: &["acquire", "release"],
        judged: Judged::Objects,
        build: |params| linearizable(Mutexes::shared(params), params),
    },
    ModelKind {
        name: "owner-mutex",
        aliases: &[],
        about: "a lock only its holder may release; linearizable",
        functions: &["acquire", "release"],
        judged: Judged::Objects,
        build: |params| linearizable(Mutexes::owned(params), params),
    },
    ModelKind {
        name: "fenced-lock",
        aliases: &["fenced-mutex"],
        about: "a lock that returns growing fencing tokens; linearizable",
        functions: &["acquire", "release"],
        judged: Judged::Objects,
        build: |params| linearizable(FencedLocks::new(params), params),
    },
    ModelKind {
        name: "semaphore",
        aliases: &[],
        about: "permits taken and given back, as many as --init; linearizable",
        functions: &["acquire", "release"],
        judged: Judged::Objects,
        build: |params| linearizable(Semaphores::new(params), params),
    },
    ModelKind {
        name: "set",
        aliases: &["set-full"],
        about: "a growing set: no acknowledged element is lost or late",
        functions: set::FUNCTIONS,
        judged: Judged::GrowingSets,
        build: |params| Box::new(set::Set::new(params)),
    },
    ModelKind {
        name: "list-append",
        aliases: &["append"],
        about: "transactions that append to lists and read them; isolation by --consistency",
        functions: transactions::FUNCTIONS,
        judged: Judged::Lists,
        build: |params| Box::new(Transactions::list_append(params)),
    },
    ModelKind {
        name: "rw-register",
        aliases: &["wr"],
        about: "transactions that write and read registers; isolation by --consistency",
        functions: transactions::FUNCTIONS,
        judged: Judged::RegisterTransactions,
        build: |params| Box::new(Transactions::rw_register(params)),
    },
    ModelKind {
        name: "set-add",
        aliases: &[],
        about: "transactions that add to sets and read them; isolation by --consistency",
        functions: transactions::FUNCTIONS,
        judged: Judged::Transactions,
        build: |params| Box::new(Transactions::set_add(params)),
    },
    ModelKind {
        name: "counter-inc",
        aliases: &[],
        about: "transactions that add to counters and read them; isolation by --consistency",
        functions: transactions::FUNCTIONS,
        judged: Judged::Transactions,
        build: |params| Box::new(Transactions::counter_inc(params)),
    },
    ModelKind {
        name: "total-queue",
        aliases: &[],
        about: "a queue as a whole: what goes in comes out, and nothing else",
        functions: queue::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(queue::TotalQueue::new(params)),
    },
    ModelKind {
        name: "counter-bounds",
        aliases: &[],
        about: "a counter: each read lies between what was acknowledged and attempted",
        functions: counter::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(counter::CounterBounds::new(params)),
    },
    ModelKind {
        name: "unique-ids",
        aliases: &[],
        about: "a generator of identifiers that never repeats one",
        functions: unique_ids::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(unique_ids::UniqueIds::new(params)),
    },
    ModelKind {
        name: "long-fork",
        aliases: &[],
        about: "groups of registers written once: reads agree on the order of writes",
        functions: long_fork::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(long_fork::LongFork::new(params)),
    },
    ModelKind {
        name: "monotonic",
        aliases: &[],
        about: "registers that grow: no process reads less than before",
        functions: monotonic::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(monotonic::Monotonic::new(params)),
    },
    ModelKind {
        name: "sequential-keys",
        aliases: &[],
        about: "subkeys written one after another: seen in that order",
        functions: sequential::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(sequential::SequentialKeys::new(params)),
    },
    ModelKind {
        name: "lock-safety",
        aliases: &[],
        about: "locks: one holder at a time, fencing tokens that grow",
        functions: lock::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(lock::LockSafety::new(params)),
    },
    ModelKind {
        name: "leader-per-term",
        aliases: &[],
        about: "elections: at most one leader a term",
        functions: leader::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(leader::LeaderPerTerm::new(params)),
    },
    ModelKind {
        name: "log-agreement",
        aliases: &[],
        about: "replicated logs: of two, one is a prefix of the other",
        functions: log_agreement::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(log_agreement::LogAgreement::new(params)),
    },
    ModelKind {
        name: "comments",
        aliases: &["causal-reverse"],
        about: "inserts: none is seen without those acknowledged before it began",
        functions: comments::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(comments::Comments::new(params)),
    },
    ModelKind {
        name: "g2",
        aliases: &["adya"],
        about: "inserts guarded by a predicate: at most one for each key",
        functions: g2::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(g2::GuardedInserts::new(params)),
    },
    ModelKind {
        name: "dirty-reads",
        aliases: &[],
        about: "rows written together: nothing of failed transactions is seen",
        functions: dirty_reads::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(dirty_reads::DirtyReads::new(params)),
    },
    ModelKind {
        name: "kafka",
        aliases: &[],
        about: "logs of messages: none lost, repeated or out of order",
        functions: kafka::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(kafka::Kafka::new(params)),
    },
    ModelKind {
        name: "watch",
        aliases: &[],
        about: "streams of events: ordered, unique, complete, resumable",
        functions: watch::FUNCTIONS,
        judged: Judged::Invariant,
        build: |params| Box::new(watch::Watch::new(params)),
    },
];

fn linearizable<V: Vocabulary + 'static>(vocabulary: V, params: &Params) -> Box<dyn Checker> {
    Box::new(Linearizable::new(vocabulary, params))
}

/// Looks a model up by name or alias.
pub fn model_named(name: &str) -> Option<&'static ModelKind> {
    MODELS
        .iter()
        .find(|kind| kind.name == name || kind.aliases.contains(&name))
}
