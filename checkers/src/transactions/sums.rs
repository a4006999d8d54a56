//! What was added to a counter, and the least and the most that a read of it may show.

use std::ops::{Add, Neg, Sub};

use super::history::{History, NEVER, Outcome, TxnId};

/// Amounts added up, those above nothing and those below apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sums {
    pub plus: i128,
    pub minus: i128,
}

impl Sums {
    pub fn of(amount: i64) -> Sums {
        let amount = i128::from(amount);
        Sums {
            plus: amount.max(0),
            minus: amount.min(0),
        }
    }

    pub fn net(self) -> i128 {
        self.plus + self.minus
    }

    /// 1 where versions only grow, -1 where they only fall, else 0.
    pub fn direction(self) -> i128 {
        match (self.plus, self.minus) {
            (_, 0) => 1,
            (0, _) => -1,
            _ => 0,
        }
    }
}

impl Add for Sums {
    type Output = Sums;

    fn add(self, other: Sums) -> Sums {
        Sums {
            plus: self.plus + other.plus,
            minus: self.minus + other.minus,
        }
    }
}

impl Neg for Sums {
    type Output = Sums;

    fn neg(self) -> Sums {
        Sums {
            plus: -self.plus,
            minus: -self.minus,
        }
    }
}

impl Sub for Sums {
    type Output = Sums;

    fn sub(self, other: Sums) -> Sums {
        self + -other
    }
}

/// What one transaction added to the counter.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inc {
    pub txn: TxnId,
    pub sums: Sums,
}

/// Sums of all amounts before a place in an order.
#[derive(Debug, Default)]
struct Before<K> {
    places: Vec<K>,
    sums: Vec<Sums>,
}

impl<K: Ord + Copy> Before<K> {
    fn new(mut all: Vec<(K, Sums)>) -> Before<K> {
        all.sort_unstable_by_key(|(place, _)| *place);
        let mut sum = Sums::default();
        let sums = all.iter().map(|(_, sums)| {
            sum = sum + *sums;
            sum
        });
        Before {
            sums: sums.collect(),
            places: all.iter().map(|(place, _)| *place).collect(),
        }
    }

    fn before(&self, place: K) -> Sums {
        let count = self.places.partition_point(|other| *other < place);
        count
            .checked_sub(1)
            .map_or(Sums::default(), |at| self.sums[at])
    }

    fn between(&self, begin: K, end: K) -> Sums {
        self.before(end) - self.before(begin)
    }
}

/// Which increments an order of transactions puts before a read, and which behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Nothing,
    Sessions,
    RealTime,
}

/// All increments of a counter that may have happened, by the orders that are kept.
#[derive(Debug, Default)]
pub(super) struct Totals {
    pub all: Sums,
    /// By end, of those acknowledged, and by beginning.
    ended: Before<u32>,
    begun: Before<u32>,
    /// By process and transaction: those acknowledged, and all.
    session_ended: Before<(i64, TxnId)>,
    session: Before<(i64, TxnId)>,
}

impl Totals {
    pub fn new(history: &History, incs: &[Inc]) -> Totals {
        let rows = || incs.iter().map(|inc| (inc, history.txn(inc.txn)));
        let is_sure = |outcome: Outcome| outcome == Outcome::Ok;
        let ended = rows().filter(|(_, row)| is_sure(row.outcome) && row.end != NEVER);
        let session = rows().filter(|(_, row)| row.invoked);
        let session_ended = session.clone().filter(|(_, row)| is_sure(row.outcome));
        Totals {
            all: incs.iter().fold(Sums::default(), |sum, inc| sum + inc.sums),
            ended: Before::new(ended.map(|(inc, row)| (row.end, inc.sums)).collect()),
            begun: Before::new(rows().map(|(inc, row)| (row.begin, inc.sums)).collect()),
            session_ended: Before::new(
                session_ended
                    .map(|(inc, row)| ((row.process, inc.txn), inc.sums))
                    .collect(),
            ),
            session: Before::new(
                session
                    .map(|(inc, row)| ((row.process, inc.txn), inc.sums))
                    .collect(),
            ),
        }
    }

    /// The least and the most that others can have added before `txn`, which added `own`: an
    /// increment that comes before it counts, one behind it does not, and any other may.
    pub fn range(&self, history: &History, txn: TxnId, own: Sums, kept: Kept) -> [i128; 2] {
        let row = history.txn(txn);
        let (must, cannot) = match kept {
            _ if !row.invoked => (Sums::default(), Sums::default()),
            Kept::Nothing => (Sums::default(), Sums::default()),
            Kept::Sessions => {
                let here = (row.process, txn);
                let first = (row.process, 0);
                let next = (row.process, txn + 1);
                let last = (row.process, TxnId::MAX);
                let earlier = self.session_ended.between(first, here);
                (earlier, self.session.between(next, last))
            }
            Kept::RealTime => {
                let ended = self.ended.before(row.begin);
                (ended, self.all - self.begun.before(row.end))
            }
        };
        let maybe = self.all - own - cannot;
        [must.plus + maybe.minus, maybe.plus + must.minus]
    }
}
