//! Counts and latencies of one part of a run.

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::OpType;
use crate::availability::Availability;
use crate::statistics::Scope;

/// Latencies are kept to 1 %.
pub(super) const SIGNIFICANT_DIGITS: u8 = 2;

/// Longer times count as an hour.
pub(super) const NS_MAX: u64 = 3_600_000_000_000;

/// Latencies in nanoseconds, of calls that succeeded, or other times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Latency {
    pub p50: u64,
    pub p95: u64,
    pub p99: u64,
    pub p999: u64,
    pub max: u64,
}

impl Latency {
    pub(super) fn of(histogram: &Histogram<u64>) -> Latency {
        Latency {
            p50: histogram.value_at_quantile(0.5),
            p95: histogram.value_at_quantile(0.95),
            p99: histogram.value_at_quantile(0.99),
            p999: histogram.value_at_quantile(0.999),
            max: histogram.max(),
        }
    }
}

/// What became of the calls of one function.
#[derive(Debug, Clone, Serialize)]
pub struct FunctionStatistics {
    pub f: String,
    pub invoked: u64,
    pub ok: u64,
    pub fail: u64,
    /// Indefinite, including those that never completed.
    pub info: u64,
    /// Invocations a second; `None` where the history has no times.
    pub rate: Option<f64>,
    /// `None` where no call that succeeded has times.
    pub latency: Option<Latency>,
    pub availability: Availability,
}

impl FunctionStatistics {
    /// `read: 1200 ok, 3 failed, 1 indefinite, 40.1/s, p50 1.2 ms, p99 8.0 ms, max 20.1 ms`.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}: {} ok, {} failed, {} indefinite",
            self.f, self.ok, self.fail, self.info
        );
        if let Some(rate) = self.rate {
            text += &format!(", {rate:.1}/s");
        }
        if let Some(latency) = self.latency {
            let ms = |ns: u64| ns as f64 / 1e6;
            text += &format!(
                ", p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
                ms(latency.p50),
                ms(latency.p99),
                ms(latency.max)
            );
        }
        text
    }
}

#[derive(Default)]
pub(super) struct Tally {
    /// Few enough to look through.
    functions: Vec<(String, Counts)>,
}

#[derive(Default)]
struct Counts {
    invoked: u64,
    ok: u64,
    fail: u64,
    served: u64,
    latency: Option<Histogram<u64>>,
}

impl Tally {
    pub fn invoke(&mut self, f: &str) {
        self.counts(f).invoked += 1;
    }

    pub fn complete(&mut self, f: &str, kind: OpType, served: bool, latency: Option<i64>) {
        let counts = self.counts(f);
        counts.served += u64::from(served);
        match kind {
            OpType::Ok => counts.ok += 1,
            OpType::Fail => counts.fail += 1,
            OpType::Info | OpType::Invoke => return,
        }
        if let (OpType::Ok, Some(Ok(latency))) = (kind, latency.map(u64::try_from)) {
            counts.record(latency);
        }
    }

    pub fn scope(&self, name: String, begin: Option<i64>, end: Option<i64>) -> Scope {
        let seconds = end
            .zip(begin)
            .map(|(end, begin)| end.saturating_sub(begin) as f64 / 1e9);
        let mut functions: Vec<FunctionStatistics> = self
            .functions
            .iter()
            .map(|(f, counts)| counts.statistics(f, seconds))
            .collect();
        functions.sort_by(|a, b| a.f.cmp(&b.f));
        let served = functions.iter().map(|f| f.availability.served).sum();
        let invoked = functions.iter().map(|f| f.availability.invoked).sum();
        Scope {
            name,
            begin,
            end,
            functions,
            availability: Availability::new(served, invoked),
        }
    }

    fn counts(&mut self, f: &str) -> &mut Counts {
        let known = self.functions.iter().position(|(name, _)| name == f);
        let at = known.unwrap_or(self.functions.len());
        if at == self.functions.len() {
            self.functions.push((f.to_owned(), Counts::default()));
        }
        &mut self.functions[at].1
    }
}

impl Counts {
    fn record(&mut self, latency: u64) {
        if self.latency.is_none() {
            self.latency = Histogram::new_with_max(NS_MAX, SIGNIFICANT_DIGITS).ok();
        }
        if let Some(histogram) = &mut self.latency {
            histogram.saturating_record(latency);
        }
    }

    fn statistics(&self, f: &str, seconds: Option<f64>) -> FunctionStatistics {
        FunctionStatistics {
            f: f.to_owned(),
            invoked: self.invoked,
            ok: self.ok,
            fail: self.fail,
            info: self.invoked.saturating_sub(self.ok + self.fail),
            rate: seconds
                .filter(|s| *s > 0.0)
                .map(|s| self.invoked as f64 / s),
            latency: self.latency.as_ref().map(Latency::of),
            availability: Availability::new(self.served, self.invoked),
        }
    }
}
