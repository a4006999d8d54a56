//! Semaphores: `acquire` takes permits and `release` gives them back, one or as many as its value.

use crate::checker::{OpError, Params};
use crate::linearizable::model::Model;
use crate::linearizable::models::number_or;
use crate::linearizable::vocabulary::Vocabulary;
use crate::{Op, Value};

/// An operation on a semaphore: permits given back, negative where they are taken.
pub type SemaphoreOp = i64;

/// One semaphore; its state is how many permits are free.
#[derive(Debug, Clone, Copy)]
pub struct Semaphore {
    pub permits: i64,
}

impl Model for Semaphore {
    type State = i64;
    type Op = SemaphoreOp;

    fn init(&self) -> i64 {
        self.permits
    }

    fn step(&self, free: &i64, given: &SemaphoreOp) -> Option<i64> {
        let after = free.checked_add(*given)?;
        (0..=self.permits).contains(&after).then_some(after)
    }
}

/// How histories write semaphores.
pub(crate) struct Semaphores {
    permits: i64,
}

impl Semaphores {
    /// A semaphore has as many permits as [`Params::init`], or one.
    pub fn new(params: &Params) -> Semaphores {
        let permits = params.init.as_ref().and_then(Value::as_int);
        Semaphores {
            permits: permits.unwrap_or(1),
        }
    }
}

impl Vocabulary for Semaphores {
    type Op = SemaphoreOp;
    type Model = Semaphore;

    fn functions(&self) -> &'static [&'static str] {
        &["acquire", "release"]
    }

    fn object(&self) -> &'static str {
        "semaphore"
    }

    fn model(&self) -> Semaphore {
        Semaphore {
            permits: self.permits,
        }
    }

    fn invoked(&mut self, op: &Op) -> Result<SemaphoreOp, OpError> {
        let permits = number_or(op, 1)?;
        if permits < 1 {
            let problem = format!("`{}` is about {permits} permits", op.f);
            return Err(OpError::new(op, problem, "at least one"));
        }
        Ok(if op.f == "acquire" { -permits } else { permits })
    }

    fn answered(&mut self, call: &SemaphoreOp, _op: &Op) -> Result<Option<SemaphoreOp>, OpError> {
        Ok(Some(*call))
    }

    fn unanswered(&self, call: &SemaphoreOp) -> Option<SemaphoreOp> {
        Some(*call)
    }

    fn tell(&self, op: &SemaphoreOp) -> String {
        match op.unsigned_abs() {
            n if *op < 0 => format!("acquire of {n}"),
            n => format!("release of {n}"),
        }
    }

    fn tell_state(&self, _model: &Semaphore, free: &i64) -> String {
        format!("{free} free permits")
    }
}
