//! The anomalies as data: names of the literature, and which anomaly is an instance of which.
//!
//! Phenomena G0 to G2 after Adya, *Weak Consistency* (1999), and Adya, Liskov & O'Neil (2000);
//! lost update and cursor stability after the same; fractured reads after Bailis et al. (2014);
//! internal, future and garbage reads, duplicate elements, dirty updates, incompatible orders and
//! cyclic versions after Kingsbury & Alvaro, *Elle* (VLDB 2020); `G-nonadjacent` after Cerone &
//! Gotsman, *Analysing Snapshot Isolation* (2016). A `-process` variant has an edge of session
//! order in its cycle, a `-realtime` variant one of real-time order; `-item` says that no predicate
//! is involved. The bad patterns of causal consistency after Bouajjani et al. (POPL 2017).

use Anomaly::*;

/// Something a history shows that some consistency model forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Anomaly {
    G0,
    G0Process,
    G0Realtime,
    G1a,
    G1b,
    G1c,
    G1cProcess,
    G1cRealtime,
    G1,
    G1Process,
    G1Realtime,
    GSingleItem,
    GSingleItemProcess,
    GSingleItemRealtime,
    GSingle,
    GSingleProcess,
    GSingleRealtime,
    GNonadjacentItem,
    GNonadjacentItemProcess,
    GNonadjacentItemRealtime,
    GNonadjacent,
    GNonadjacentProcess,
    GNonadjacentRealtime,
    G2Item,
    G2ItemProcess,
    G2ItemRealtime,
    G2,
    G2Process,
    G2Realtime,
    GCursor,
    GMonotonic,
    GMsr,
    GSib,
    GSi,
    GUpdate,
    LostUpdate,
    WriteSkew,
    PredicateReadMiss,
    Internal,
    FutureRead,
    FracturedReads,
    DuplicateElements,
    CyclicVersions,
    IncompatibleOrder,
    DirtyUpdate,
    GarbageRead,
    Nonserializable,
    NonserializableProcess,
    NonserializableRealtime,
    Nonsnapshot,
    NonsnapshotProcess,
    NonsnapshotRealtime,
    Nonprefix,
    Noncausal,
    Noncommitted,
    NoncommittedProcess,
    NonatomicView,
    Nonlinearizable,
    Nonsequential,
    CyclicCo,
    WriteCoInitRead,
    ThinAirRead,
    WriteCoRead,
    CyclicCf,
    WriteHbInitRead,
    CyclicHb,
    PramViolation,
    ReadYourWritesViolation,
    MonotonicReadsViolation,
    MonotonicWritesViolation,
    WritesFollowReadsViolation,
}

/// A row of the table of anomalies.
#[derive(Debug)]
pub struct AnomalyKind {
    pub anomaly: Anomaly,
    /// The name in reports.
    pub name: &'static str,
    /// A history that shows this one shows these as well.
    pub implies: &'static [Anomaly],
}

const fn row(anomaly: Anomaly, name: &'static str, implies: &'static [Anomaly]) -> AnomalyKind {
    AnomalyKind {
        anomaly,
        name,
        implies,
    }
}

/// Every anomaly, in the order of the enum.
pub const ANOMALIES: &[AnomalyKind] = &[
    row(G0, "G0", &[G0Process, G1c]),
    row(G0Process, "G0-process", &[G0Realtime, G1cProcess]),
    row(G0Realtime, "G0-realtime", &[G1cRealtime]),
    row(G1a, "G1a", &[G1]),
    row(G1b, "G1b", &[G1]),
    row(G1c, "G1c", &[G1cProcess, G1]),
    row(G1cProcess, "G1c-process", &[G1cRealtime, G1Process]),
    row(G1cRealtime, "G1c-realtime", &[G1Realtime]),
    row(G1, "G1", &[G1Process]),
    row(G1Process, "G1-process", &[G1Realtime]),
    row(G1Realtime, "G1-realtime", &[]),
    row(
        GSingleItem,
        "G-single-item",
        &[GSingleItemProcess, GSingle, GNonadjacentItem],
    ),
    row(
        GSingleItemProcess,
        "G-single-item-process",
        &[GSingleItemRealtime, GSingleProcess, GNonadjacentItemProcess],
    ),
    row(
        GSingleItemRealtime,
        "G-single-item-realtime",
        &[GSingleRealtime, GNonadjacentItemRealtime],
    ),
    row(GSingle, "G-single", &[GSingleProcess, GNonadjacent, GSib]),
    row(
        GSingleProcess,
        "G-single-process",
        &[GSingleRealtime, GNonadjacentProcess],
    ),
    row(
        GSingleRealtime,
        "G-single-realtime",
        &[GNonadjacentRealtime],
    ),
    row(
        GNonadjacentItem,
        "G-nonadjacent-item",
        &[GNonadjacentItemProcess, GNonadjacent, G2Item],
    ),
    row(
        GNonadjacentItemProcess,
        "G-nonadjacent-item-process",
        &[GNonadjacentItemRealtime, GNonadjacentProcess, G2ItemProcess],
    ),
    row(
        GNonadjacentItemRealtime,
        "G-nonadjacent-item-realtime",
        &[GNonadjacentRealtime, G2ItemRealtime],
    ),
    row(GNonadjacent, "G-nonadjacent", &[GNonadjacentProcess, G2]),
    row(
        GNonadjacentProcess,
        "G-nonadjacent-process",
        &[GNonadjacentRealtime, G2Process],
    ),
    row(
        GNonadjacentRealtime,
        "G-nonadjacent-realtime",
        &[G2Realtime],
    ),
    row(G2Item, "G2-item", &[G2ItemProcess, G2]),
    row(
        G2ItemProcess,
        "G2-item-process",
        &[G2ItemRealtime, G2Process],
    ),
    row(G2ItemRealtime, "G2-item-realtime", &[G2Realtime]),
    row(G2, "G2", &[G2Process]),
    row(G2Process, "G2-process", &[G2Realtime]),
    row(G2Realtime, "G2-realtime", &[]),
    row(GCursor, "G-cursor", &[]),
    row(GMonotonic, "G-monotonic", &[]),
    row(GMsr, "G-MSR", &[]),
    row(GSib, "G-SIb", &[GSi]),
    row(GSi, "G-SI", &[]),
    row(GUpdate, "G-update", &[]),
    row(LostUpdate, "lost-update", &[G2Item, WriteSkew]),
    row(WriteSkew, "write-skew", &[G2]),
    row(PredicateReadMiss, "predicate-read-miss", &[]),
    row(Internal, "internal", &[]),
    row(FutureRead, "future-read", &[G1c]),
    row(FracturedReads, "fractured-reads", &[]),
    row(DuplicateElements, "duplicate-elements", &[]),
    row(CyclicVersions, "cyclic-versions", &[]),
    row(IncompatibleOrder, "incompatible-order", &[G1a]),
    row(DirtyUpdate, "dirty-update", &[G1a]),
    // What no committed transaction wrote is no committed value.
    row(GarbageRead, "garbage-read", &[G1a]),
    // No order of the versions is without a cycle, though none is in what is known of it.
    row(
        Nonserializable,
        "nonserializable",
        &[NonserializableProcess],
    ),
    row(
        NonserializableProcess,
        "nonserializable-process",
        &[NonserializableRealtime],
    ),
    row(NonserializableRealtime, "nonserializable-realtime", &[]),
    row(Nonsnapshot, "nonsnapshot", &[NonsnapshotProcess]),
    row(
        NonsnapshotProcess,
        "nonsnapshot-process",
        &[NonsnapshotRealtime],
    ),
    row(NonsnapshotRealtime, "nonsnapshot-realtime", &[]),
    row(Nonprefix, "nonprefix", &[]),
    // The axioms of Biswas & Enea (OOPSLA 2019): no order of commits has what each read demands.
    row(Noncausal, "noncausal", &[]),
    row(Noncommitted, "noncommitted", &[NoncommittedProcess]),
    row(NoncommittedProcess, "noncommitted-process", &[]),
    // The axiom of read committed where the order of versions is known: more than its anomalies.
    row(NonatomicView, "nonatomic-view", &[]),
    row(Nonlinearizable, "nonlinearizable", &[]),
    row(Nonsequential, "nonsequential", &[]),
    row(CyclicCo, "cyclic-co", &[]),
    row(WriteCoInitRead, "write-co-init-read", &[]),
    row(ThinAirRead, "thin-air-read", &[]),
    row(WriteCoRead, "write-co-read", &[]),
    row(CyclicCf, "cyclic-cf", &[]),
    row(WriteHbInitRead, "write-hb-init-read", &[]),
    row(CyclicHb, "cyclic-hb", &[]),
    row(PramViolation, "pram-violation", &[]),
    row(ReadYourWritesViolation, "read-your-writes-violation", &[]),
    row(MonotonicReadsViolation, "monotonic-reads-violation", &[]),
    row(MonotonicWritesViolation, "monotonic-writes-violation", &[]),
    row(
        WritesFollowReadsViolation,
        "writes-follow-reads-violation",
        &[],
    ),
];

impl Anomaly {
    pub fn kind(self) -> &'static AnomalyKind {
        &ANOMALIES[self as usize]
    }

    pub fn name(self) -> &'static str {
        self.kind().name
    }

    pub fn from_name(name: &str) -> Option<Anomaly> {
        ANOMALIES
            .iter()
            .find(|kind| kind.name == name)
            .map(|kind| kind.anomaly)
    }
}
