//! How much of what clients asked for was served, in nines.
//!
//! An operation is served if the store answered it by the rules of the data: it succeeded, or was
//! declined for what the data held. Everything else (an error, an unknown outcome, no answer) was
//! not served.

use serde::Serialize;

use crate::{Op, OpType, Value};

/// Served operations of all that were invoked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Availability {
    pub served: u64,
    pub invoked: u64,
    /// -log10(1 - served / invoked); `None` where nothing was invoked.
    pub nines: Option<f64>,
    /// Whether no failure was seen, so that `nines` is only a lower bound.
    pub is_lower_bound: bool,
}

/// Without a failure in n tries, the failure rate is below 3/n with 95 % confidence (Hanley &
/// Lippman-Hand, *If nothing goes wrong, is everything all right?*, JAMA 1983).
const RULE_OF_THREE: f64 = 3.0;

impl Availability {
    pub fn new(served: u64, invoked: u64) -> Availability {
        let failures = invoked.saturating_sub(served);
        let unserved = match failures {
            0 => (RULE_OF_THREE / invoked as f64).min(1.0),
            _ => failures as f64 / invoked as f64,
        };
        Availability {
            served,
            invoked,
            // Adding zero turns -0.0, the nines of nothing served, into 0.0.
            nines: (invoked > 0).then(|| -unserved.log10() + 0.0),
            is_lower_bound: invoked > 0 && failures == 0,
        }
    }

    /// `99.950 % (3.3 nines)`, with a note where no failure was seen.
    pub fn text(&self) -> String {
        let Some(nines) = self.nines else {
            return "nothing was asked for".to_owned();
        };
        let percent = 100.0 * self.served as f64 / self.invoked as f64;
        if self.is_lower_bound {
            return format!(
                "100 % of {} operations (at least {nines:.1} nines at 95 % confidence)",
                self.invoked
            );
        }
        format!(
            "{percent:.3} % of {} operations ({nines:.1} nines)",
            self.invoked
        )
    }
}

/// Whether this completion shows that the store served its call.
pub fn is_served(op: &Op) -> bool {
    match op.kind {
        OpType::Ok => true,
        OpType::Fail => match &op.error {
            Some(error) => is_declined(error),
            None => op.f == "cas",
        },
        OpType::Info | OpType::Invoke => false,
    }
}

/// Whether an error says that the store declined by the rules of the data: `["declined" …]`.
pub fn is_declined(error: &Value) -> bool {
    let kind = error.as_items().and_then(<[Value]>::first).unwrap_or(error);
    kind.as_name() == Some("declined")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Process;

    fn completion(kind: OpType, f: &'static str, error: Option<Value>) -> Op {
        Op {
            index: 0,
            time: None,
            kind,
            process: Process::Client(0),
            f: f.into(),
            value: Value::Nil,
            key: None,
            node: None,
            error,
        }
    }

    #[test]
    fn nines_are_the_logarithm_of_what_failed() {
        assert_eq!(
            Availability::new(999, 1000)
                .nines
                .map(|n| (n * 100.0).round()),
            Some(300.0)
        );
        assert_eq!(Availability::new(0, 10).nines, Some(0.0));
        assert_eq!(Availability::new(0, 0).nines, None);
    }

    #[test]
    fn without_failures_the_number_of_tries_bounds_the_nines() {
        let availability = Availability::new(3000, 3000);
        assert!(availability.is_lower_bound);
        assert_eq!(availability.nines.map(|n| (n * 100.0).round()), Some(300.0));
        assert!(
            availability.text().contains("at least 3.0 nines"),
            "{}",
            availability.text()
        );
        assert_eq!(Availability::new(2, 2).nines, Some(0.0));
    }

    #[test]
    fn what_the_data_forbids_is_served() {
        let declined = |name| Some(Value::List(vec![name, Value::str("no funds")]));
        let down = || Some(Value::keyword("timeout"));
        assert!(is_served(&completion(OpType::Ok, "read", None)));
        assert!(is_served(&completion(OpType::Fail, "cas", None)));
        for name in [Value::str("declined"), Value::keyword("declined")] {
            assert!(is_served(&completion(
                OpType::Fail,
                "transfer",
                declined(name)
            )));
        }
        assert!(!is_served(&completion(OpType::Fail, "cas", down())));
        assert!(!is_served(&completion(OpType::Fail, "write", None)));
        assert!(!is_served(&completion(OpType::Info, "cas", None)));
    }
}
