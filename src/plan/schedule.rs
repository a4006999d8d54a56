//! When faults begin and end.

use std::time::Duration;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::nemesis::Request;
use super::seed::Seed;

/// A fault with its time in the load phase, in milliseconds from its start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedFault {
    /// Position in the schedule, from 1.
    pub id: u32,
    pub start_ms: u64,
    pub end_ms: u64,
    #[serde(flatten)]
    pub fault: Fault,
}

/// How faults are laid over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// Mean length of a fault; each is drawn within 40 % of it.
    pub fault: Duration,
    /// Mean calm between two faults of one timeline.
    pub calm: Duration,
    /// One timeline for each requested nemesis, so that faults overlap, instead of one for all.
    pub overlap: bool,
}

/// Drawn times differ from their mean by up to this much either way.
const SPREAD_PERCENT: u64 = 40;

/// A fault shorter than this shows nothing: a timeline ends before one.
const FAULT_MS_MIN: u64 = 500;

/// The cluster a schedule is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Members {
    pub nodes: usize,
    /// Nobody can tell who leads: no fault is drawn that needs to know.
    pub leaderless: bool,
}

/// Draws the schedule of a load of `load` for a cluster.
///
/// # Errors
/// A request does not fit the cluster, or the load is too short for a single fault.
pub fn draw(
    requests: &[Request],
    members: Members,
    load: Duration,
    rhythm: Rhythm,
    seed: Seed,
) -> Result<Vec<PlannedFault>, String> {
    let mut sources = Vec::new();
    for (n, request) in requests.iter().enumerate() {
        if members.leaderless && request.needs_leader() {
            return Err(format!(
                "{request} needs a target whose nodes say who leads"
            ));
        }
        let mut next = request.faults(members.nodes, seed.stream("fault", n as u64))?;
        // Every family has variants that need no leader.
        sources.push(move || {
            loop {
                let fault = next();
                if !(members.leaderless && fault.needs_leader()) {
                    return fault;
                }
            }
        });
    }
    let mut faults = Vec::new();
    if rhythm.overlap {
        for (n, source) in sources.iter_mut().enumerate() {
            let rng = seed.stream("schedule", n as u64);
            faults.extend(timeline(load, rhythm, rng, |_| source()));
        }
    } else if !sources.is_empty() {
        let rng = seed.stream("schedule", 0);
        let turns = sources.len();
        faults = timeline(load, rhythm, rng, |turn| sources[turn % turns]());
    }
    if !requests.is_empty() && faults.is_empty() {
        return Err(format!(
            "a load of {load:?} is too short for a fault of {:?} after a calm of {:?}; give a longer \
             --time-limit or shorter --fault-duration and --fault-gap",
            rhythm.fault, rhythm.calm
        ));
    }
    faults.sort_by_key(|fault| fault.start_ms);
    for (n, fault) in faults.iter_mut().enumerate() {
        fault.id = n as u32 + 1;
    }
    Ok(faults)
}

fn timeline(
    load: Duration,
    rhythm: Rhythm,
    mut rng: ChaCha8Rng,
    mut next: impl FnMut(usize) -> Fault,
) -> Vec<PlannedFault> {
    let load_ms = load.as_millis() as u64;
    let mut faults = Vec::new();
    let mut now_ms = spread(rhythm.calm, &mut rng);
    while now_ms + FAULT_MS_MIN <= load_ms {
        let end_ms = (now_ms + spread(rhythm.fault, &mut rng)).min(load_ms);
        faults.push(PlannedFault {
            id: 0,
            start_ms: now_ms,
            end_ms,
            fault: next(faults.len()),
        });
        now_ms = end_ms + spread(rhythm.calm, &mut rng);
    }
    faults
}

fn spread(mean: Duration, rng: &mut ChaCha8Rng) -> u64 {
    let mean_ms = mean.as_millis() as u64;
    let reach = mean_ms * SPREAD_PERCENT / 100;
    rng.random_range(mean_ms - reach..=mean_ms + reach)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RHYTHM: Rhythm = Rhythm {
        fault: Duration::from_secs(3),
        calm: Duration::from_millis(1500),
        overlap: false,
    };

    const MEMBERS: Members = Members {
        nodes: 5,
        leaderless: false,
    };

    fn drawn(requests: &[&str], load_s: u64, rhythm: Rhythm) -> Result<Vec<PlannedFault>, String> {
        let requests: Vec<Request> = requests.iter().map(|text| text.parse().unwrap()).collect();
        let load = Duration::from_secs(load_s);
        draw(&requests, MEMBERS, load, rhythm, Seed(3))
    }

    fn overlapping(faults: &[PlannedFault]) -> bool {
        faults
            .windows(2)
            .any(|pair| pair[1].start_ms < pair[0].end_ms)
    }

    #[test]
    fn one_timeline_takes_turns_without_overlap() {
        let faults = drawn(&["partition", "kill", "pause"], 30, RHYTHM).unwrap();
        assert!(faults.len() >= 5, "{faults:?}");
        assert!(!overlapping(&faults));
        let families: Vec<_> = faults.iter().take(3).map(|f| f.fault.family()).collect();
        assert_eq!(families, ["partition", "kill", "pause"]);
        assert!(
            faults
                .iter()
                .all(|f| f.end_ms <= 30_000 && f.end_ms - f.start_ms >= FAULT_MS_MIN)
        );
        assert!(faults.iter().map(|f| f.id).eq(1..=faults.len() as u32));
    }

    #[test]
    fn overlapping_timelines_overlap() {
        let rhythm = Rhythm {
            overlap: true,
            ..RHYTHM
        };
        assert!(overlapping(
            &drawn(&["partition", "kill"], 30, rhythm).unwrap()
        ));
    }

    #[test]
    fn where_nobody_says_who_leads_nothing_needs_to_know() {
        let members = Members {
            leaderless: true,
            ..MEMBERS
        };
        let drawn = |request: &str| {
            let requests = [request.parse().unwrap()];
            draw(
                &requests,
                members,
                Duration::from_secs(200),
                RHYTHM,
                Seed(3),
            )
        };
        let faults = drawn("partition").unwrap();
        assert!(faults.len() > 30 && faults.iter().all(|f| !f.fault.needs_leader()));
        for request in ["partition:leader", "kill:leader", "pause:majority-side"] {
            assert!(drawn(request).unwrap_err().contains(request));
        }
    }

    #[test]
    fn a_load_too_short_for_any_fault_is_refused() {
        assert!(
            drawn(&["kill"], 1, RHYTHM)
                .unwrap_err()
                .contains("--time-limit")
        );
        assert_eq!(drawn(&[], 1, RHYTHM).unwrap(), []);
    }
}
