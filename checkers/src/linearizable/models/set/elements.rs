//! One element of a set: a register that holds whether it is there.
//!
//! Adding and removing are blind writes of it, so the search leaves out those that nothing saw.

use crate::budget::{Exhausted, Meter};
use crate::intern::ValueId;
use crate::linearizable::model::{Decision, Interval};
use crate::linearizable::models::set::SetOp;
use crate::linearizable::register::{Register, RegisterOp, drop_unobserved};
use crate::linearizable::search::Search;

const ABSENT: ValueId = 0;
const PRESENT: ValueId = 1;

fn told(there: bool) -> ValueId {
    if there { PRESENT } else { ABSENT }
}

/// Whether each operation, taking effect just when it ends, has its result; indefinite ones never
/// do. True of nearly every element of a history with many: then no search is needed.
pub(super) fn in_order_of_ends(ops: &[Interval<SetOp>]) -> bool {
    let mut ends: Vec<(u32, u32)> = (0u32..).zip(ops).map(|(i, op)| (op.finish, i)).collect();
    ends.sort_unstable();
    let mut there = false;
    let definite = ends.iter().map(|(_, i)| &ops[*i as usize]);
    definite
        .filter(|op| !op.is_indefinite())
        .all(|op| match op.op {
            SetOp::Contains(_, found) => found == there,
            SetOp::Add(_) | SetOp::Remove(_) | SetOp::Read(_) => {
                there = matches!(op.op, SetOp::Add(_));
                true
            }
        })
}

/// The operation of one element that cannot be placed, if its operations have no order.
pub(super) fn search(
    ops: &[Interval<SetOp>],
    meter: &mut Meter<'_>,
) -> Result<Option<usize>, Exhausted> {
    let lowered = ops.iter().map(|op| Interval {
        op: match op.op {
            SetOp::Contains(_, there) => RegisterOp::Read(told(there)),
            SetOp::Add(_) => RegisterOp::Write(PRESENT),
            SetOp::Remove(_) | SetOp::Read(_) => RegisterOp::Write(ABSENT),
        },
        start: op.start,
        finish: op.finish,
    });
    let mut lowered: Vec<_> = lowered.collect();
    drop_unobserved(&mut lowered);
    let register = Register { init: ABSENT };
    match Search::new(&register, &lowered).run(meter)? {
        Decision::Linearizable => Ok(None),
        Decision::Impossible(found) => {
            let start = lowered[found.stuck].start;
            Ok(ops.iter().position(|op| op.start == start))
        }
    }
}
