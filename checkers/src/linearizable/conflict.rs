//! Why the zones of a register's values contradict each other, in words.

use crate::intern::ValueId;
use crate::linearizable::model::Interval;
use crate::linearizable::register::RegisterOp;
use crate::linearizable::vocabulary::{Contradiction, Piece};
use crate::linearizable::zones::Conflict;

type Ops<'a> = &'a [Interval<RegisterOp>];

/// Tells the conflict. `value` writes a value.
pub(crate) fn contradiction(
    conflict: Conflict,
    ops: Ops<'_>,
    init: ValueId,
    value: &dyn Fn(ValueId) -> String,
) -> Contradiction {
    match conflict {
        Conflict::Unwritten { op } => Contradiction {
            about: op,
            story: vec![op],
            reason: vec![Piece::text(match ops[op as usize].op.found() {
                Some(found) => format!(
                    "nothing that may have taken effect by then wrote {}, and the register began \
                     as {}",
                    value(found),
                    value(init)
                ),
                None => "nothing wrote what it found".to_owned(),
            })],
        },
        Conflict::Replaced { first, second } => Contradiction {
            about: second,
            story: vec![first, second],
            reason: vec![
                Piece::text("the "),
                Piece::Told(first),
                Piece::text(
                    " had found the same value and replaced it, and nothing wrote that value again",
                ),
            ],
        },
        Conflict::Circular { op } => Contradiction {
            about: op,
            story: vec![op],
            reason: vec![Piece::text(
                "what it found was written only by operations that come after it",
            )],
        },
        Conflict::Early { earlier, later } => early(ops, earlier, later),
        Conflict::Crossed {
            a_end,
            b_begin,
            b_end,
            a_begin,
        } => crossed(ops, value, a_end, [b_begin, b_end, a_begin]),
    }
}

fn early(ops: Ops<'_>, earlier: u32, later: u32) -> Contradiction {
    let (first, second) = (ops[earlier as usize].op, ops[later as usize].op);
    if second.found().is_some() && second.found() == first.written() {
        return Contradiction {
            about: later,
            story: vec![later, earlier],
            reason: vec![
                Piece::text("it had finished before the "),
                Piece::Told(earlier),
                Piece::text(" began"),
            ],
        };
    }
    Contradiction {
        about: earlier,
        story: vec![later, earlier],
        reason: vec![
            Piece::text("it began after the "),
            Piece::Told(later),
            Piece::text(" had finished, which by the compare-and-sets between them came after it"),
        ],
    }
}

fn crossed(
    ops: Ops<'_>,
    value: &dyn Fn(ValueId) -> String,
    a_end: Option<u32>,
    [b_begin, b_end, a_begin]: [u32; 3],
) -> Contradiction {
    let mut reason = vec![Piece::text("the "), Piece::Told(b_end)];
    reason.push(Piece::text(" had finished before it began"));
    if b_begin != b_end {
        reason.push(Piece::text(", as had what the "));
        reason.push(Piece::Told(b_begin));
        reason.push(Piece::text(" goes with"));
    }
    let a = ops[a_begin as usize].op;
    let held = match a.found().or(a.written()) {
        Some(held) => value(held),
        None => "that value".to_owned(),
    };
    match a_end {
        Some(a_end) => reason.extend([
            Piece::text(", and since the "),
            Piece::Told(a_end),
            Piece::text(" had finished before the "),
            Piece::Told(b_begin),
            Piece::text(format!(" began, that replaced {held} for good")),
        ]),
        None => reason.push(Piece::text(format!(
            ", and that replaced the initial {held} for good"
        ))),
    }
    let mut story: Vec<u32> = a_end.into_iter().collect();
    story.push(b_begin);
    if b_end != b_begin {
        story.push(b_end);
    }
    story.push(a_begin);
    Contradiction {
        about: a_begin,
        story,
        reason,
    }
}
