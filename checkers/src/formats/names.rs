//! Names that most operations share, so that reading them allocates nothing.

use std::borrow::Cow;

/// The name, borrowed where it is one of the field's usual functions, processes or nodes.
pub(super) fn interned(name: &str) -> Cow<'static, str> {
    macro_rules! usual {
        ($($usual:literal)*) => {
            match name {
                $($usual => Cow::Borrowed($usual),)*
                other => Cow::Owned(other.to_owned()),
            }
        };
    }
    usual! {
        "read" "write" "cas" "txn" "transfer" "add" "append" "get" "put" "inc" "dec"
        "enqueue" "dequeue" "drain" "send" "poll" "subscribe" "assign" "acquire" "release"
        "push" "pop" "insert" "delete" "update" "generate" "nemesis" "harness" "phase"
        "partition" "kill" "pause" "start" "stop"
        "n0" "n1" "n2" "n3" "n4" "n5" "n6" "n7" "n8" "n9"
    }
}
