//! The consistency models as data: names, what each is stronger than, and what each forbids.
//!
//! The order and the forbidden phenomena after Adya (1999) for the portable levels, Bailis et al.,
//! *Highly Available Transactions* (2013), for monotonic atomic view and cursor stability, Cerone,
//! Bernardi & Gotsman (2015) and Cerone & Gotsman (2016) for the models of atomic visibility,
//! Daudjee & Salem (2004, 2006) for the strong and strong-session variants, Liu et al. (ROLA, 2018)
//! for update atomicity, Viotti & Vukolić (2016) for the models of single objects, and Bouajjani,
//! Enea, Guerraoui & Hamza (2017) for the three causal ones.
//!
//! Every weaker model's anomalies are forbidden as well and not listed again. The models of atomic
//! visibility here know no sessions, as in the paper of 2015; `causal` and what is below it do.

use super::anomalies::Anomaly::{self, *};
use Model::*;

/// A promise a store may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Model {
    StrictSerializable,
    StrongSessionSerializable,
    Serializable,
    StrongSnapshotIsolation,
    StrongSessionSnapshotIsolation,
    SnapshotIsolation,
    ViewSerializable,
    UpdateSerializable,
    RepeatableRead,
    ForwardConsistentView,
    ConsistentView,
    ParallelSnapshotIsolation,
    Prefix,
    TransactionalCausal,
    UpdateAtomic,
    ReadAtomic,
    CursorStability,
    MonotonicAtomicView,
    MonotonicSnapshotRead,
    MonotonicView,
    StrongReadCommitted,
    StrongSessionReadCommitted,
    ReadCommitted,
    StrongReadUncommitted,
    StrongSessionReadUncommitted,
    ReadUncommitted,
    Linearizable,
    Sequential,
    CausalConvergence,
    CausalMemory,
    Causal,
    Pram,
    WritesFollowReads,
    MonotonicReads,
    MonotonicWrites,
    ReadYourWrites,
}

/// A row of the table of models.
#[derive(Debug)]
pub struct ModelKind {
    pub model: Model,
    /// The name `--consistency` takes.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// Directly weaker models.
    pub weaker: &'static [Model],
    /// What it forbids beyond the weaker models.
    pub forbids: &'static [Anomaly],
    /// Whether the anomalies listed are all it takes to break it, and all of them are looked for.
    /// Where not, the absence of them proves nothing: axioms or a stronger model do.
    pub complete: bool,
}

const fn row(
    model: Model,
    name: &'static str,
    aliases: &'static [&'static str],
    weaker: &'static [Model],
    forbids: &'static [Anomaly],
) -> ModelKind {
    ModelKind {
        model,
        name,
        aliases,
        weaker,
        forbids,
        complete: true,
    }
}

const fn incomplete(kind: ModelKind) -> ModelKind {
    ModelKind {
        complete: false,
        ..kind
    }
}

/// Every model, in the order of the enum.
pub const MODELS: &[ModelKind] = &[
    row(
        StrictSerializable,
        "strict-serializable",
        &["strong-serializable", "strict", "PL-SS"],
        &[
            Serializable,
            Linearizable,
            StrongSnapshotIsolation,
            StrongSessionSerializable,
        ],
        &[G1Realtime, G2Realtime, NonserializableRealtime],
    ),
    row(
        StrongSessionSerializable,
        "strong-session-serializable",
        &[],
        // With one operation a transaction, a serial order that keeps sessions is a sequential one.
        &[Serializable, StrongSessionSnapshotIsolation, Sequential],
        &[G1Process, G2Process, NonserializableProcess],
    ),
    row(
        Serializable,
        "serializable",
        &["PL-3"],
        &[
            RepeatableRead,
            SnapshotIsolation,
            ViewSerializable,
            UpdateSerializable,
        ],
        &[Internal, G1, G2, PredicateReadMiss],
    ),
    row(
        StrongSnapshotIsolation,
        "strong-snapshot-isolation",
        &[],
        &[StrongSessionSnapshotIsolation, StrongReadCommitted],
        &[G1Realtime, GNonadjacentRealtime, NonsnapshotRealtime],
    ),
    row(
        StrongSessionSnapshotIsolation,
        "strong-session-snapshot-isolation",
        &[],
        &[SnapshotIsolation, StrongSessionReadCommitted],
        &[G1Process, GNonadjacentProcess, NonsnapshotProcess],
    ),
    row(
        SnapshotIsolation,
        "snapshot-isolation",
        &["PL-SI", "SI"],
        &[
            ForwardConsistentView,
            MonotonicAtomicView,
            MonotonicSnapshotRead,
            ParallelSnapshotIsolation,
            Prefix,
        ],
        &[Internal, G1, GSi, GNonadjacent, Nonsnapshot],
    ),
    incomplete(row(ViewSerializable, "view-serializable", &[], &[], &[])),
    incomplete(row(
        UpdateSerializable,
        "update-serializable",
        &["PL-3U"],
        &[ForwardConsistentView],
        &[G1, GUpdate],
    )),
    row(
        RepeatableRead,
        "repeatable-read",
        &["PL-2.99"],
        &[CursorStability, MonotonicAtomicView],
        // Where there are no predicates, an order without G1 and G2-item is a serial one.
        &[G1, G2Item, LostUpdate, Nonserializable],
    ),
    incomplete(row(
        ForwardConsistentView,
        "forward-consistent-view",
        &["PL-FCV"],
        &[ConsistentView],
        &[GSib],
    )),
    row(
        ConsistentView,
        "consistent-view",
        &["PL-2+"],
        &[CursorStability, MonotonicView],
        &[GSingle],
    ),
    incomplete(row(
        ParallelSnapshotIsolation,
        "parallel-snapshot-isolation",
        &["PSI"],
        &[TransactionalCausal, UpdateAtomic],
        // No cycle with fewer than two anti-dependencies: Cerone & Gotsman 2016, section 5.
        &[Internal, G1a, GSingle],
    )),
    incomplete(row(
        Prefix,
        "prefix",
        &["consistent-prefix"],
        &[TransactionalCausal],
        &[Internal, G1a, Nonprefix],
    )),
    incomplete(row(
        TransactionalCausal,
        "transactional-causal",
        &["causal-cerone", "TCC"],
        &[ReadAtomic],
        &[Internal, G1a, Noncausal],
    )),
    incomplete(row(
        UpdateAtomic,
        "update-atomic",
        &[],
        &[ReadAtomic],
        &[LostUpdate],
    )),
    incomplete(row(
        ReadAtomic,
        "read-atomic",
        &["RA"],
        &[MonotonicAtomicView],
        &[Internal, FutureRead, FracturedReads],
    )),
    incomplete(row(
        CursorStability,
        "cursor-stability",
        &["PL-CS"],
        &[ReadCommitted],
        &[GCursor, LostUpdate],
    )),
    incomplete(row(
        MonotonicAtomicView,
        "monotonic-atomic-view",
        &["MAV"],
        &[ReadCommitted],
        &[NonatomicView],
    )),
    incomplete(row(
        MonotonicSnapshotRead,
        "monotonic-snapshot-read",
        &["PL-MSR"],
        &[ReadCommitted],
        &[GMsr],
    )),
    incomplete(row(
        MonotonicView,
        "monotonic-view",
        &["PL-2L"],
        &[ReadCommitted],
        &[GMonotonic],
    )),
    row(
        StrongReadCommitted,
        "strong-read-committed",
        &[],
        &[StrongSessionReadCommitted, StrongReadUncommitted],
        &[G1Realtime],
    ),
    row(
        StrongSessionReadCommitted,
        "strong-session-read-committed",
        &[],
        &[ReadCommitted, StrongSessionReadUncommitted],
        &[G1Process, NoncommittedProcess],
    ),
    row(
        ReadCommitted,
        "read-committed",
        &["PL-2", "RC"],
        &[ReadUncommitted],
        &[G1, Noncommitted],
    ),
    row(
        StrongReadUncommitted,
        "strong-read-uncommitted",
        &[],
        &[StrongSessionReadUncommitted],
        &[G0Realtime],
    ),
    row(
        StrongSessionReadUncommitted,
        "strong-session-read-uncommitted",
        &[],
        &[ReadUncommitted],
        &[G0Process],
    ),
    row(
        ReadUncommitted,
        "read-uncommitted",
        &["PL-1"],
        &[],
        &[G0, DuplicateElements, CyclicVersions],
    ),
    row(
        Linearizable,
        "linearizable",
        &["atomic"],
        &[Sequential],
        &[Nonlinearizable],
    ),
    row(
        Sequential,
        "sequential",
        &["sequentially-consistent"],
        &[CausalConvergence, CausalMemory],
        &[Nonsequential],
    ),
    row(
        CausalConvergence,
        "causal-convergence",
        &["CCv", "causal+"],
        &[Causal],
        &[CyclicCf],
    ),
    row(
        CausalMemory,
        "causal-memory",
        &["CM"],
        &[Causal, Pram],
        &[WriteHbInitRead, CyclicHb],
    ),
    row(
        Causal,
        "causal",
        &["causal-consistency", "CC"],
        // Not PRAM: each read may be explained by an order of its own, two reads of a session by
        // different ones.
        &[
            WritesFollowReads,
            MonotonicReads,
            MonotonicWrites,
            ReadYourWrites,
        ],
        &[CyclicCo, WriteCoInitRead, ThinAirRead, WriteCoRead],
    ),
    row(
        Pram,
        "pram",
        &["PRAM", "fifo"],
        &[MonotonicReads, MonotonicWrites, ReadYourWrites],
        &[PramViolation],
    ),
    row(
        WritesFollowReads,
        "writes-follow-reads",
        &["WFR"],
        &[],
        &[WritesFollowReadsViolation],
    ),
    row(
        MonotonicReads,
        "monotonic-reads",
        &["MR"],
        &[],
        &[MonotonicReadsViolation],
    ),
    row(
        MonotonicWrites,
        "monotonic-writes",
        &["MW"],
        &[],
        &[MonotonicWritesViolation],
    ),
    row(
        ReadYourWrites,
        "read-your-writes",
        &["RYW"],
        &[],
        &[ReadYourWritesViolation],
    ),
];

impl Model {
    pub fn kind(self) -> &'static ModelKind {
        &MODELS[self as usize]
    }

    pub fn name(self) -> &'static str {
        self.kind().name
    }

    /// Whether it is stronger than some model for the order of real time.
    pub fn keeps_real_time(self) -> bool {
        matches!(
            self,
            StrictSerializable
                | StrongSnapshotIsolation
                | StrongReadCommitted
                | StrongReadUncommitted
        )
    }

    /// Whether it is about transactions rather than single objects.
    pub fn is_transactional(self) -> bool {
        self < Model::Linearizable
    }

    /// Looks a model up by name or alias, whatever the case.
    pub fn from_name(name: &str) -> Option<Model> {
        MODELS
            .iter()
            .find(|kind| {
                let mut names = kind.aliases.iter().chain([&kind.name]);
                names.any(|known| known.eq_ignore_ascii_case(name))
            })
            .map(|kind| kind.model)
    }
}
