//! The versions of each key: who found which, and what their zones are.
//!
//! Everyone who touches a version, its writer and its readers, comes before the writer of any
//! later one. So a version has a *zone* (Gibbons & Korach, *Testing Shared Memories*, SIAM J.
//! Computing 1997): if somebody must be through with one version before somebody else can have
//! begun with another, the first is the earlier.

use super::polygraph::{Access, INIT, NOTHING, Polygraph};
use super::windows::Windows;
use crate::budget::{Exhausted, Meter};

/// A version: the access that wrote it, or the number of all accesses and the key it is the initial
/// version of.
pub(super) type Version = u32;

pub(super) const NOBODY: u32 = u32::MAX;

/// By when the first must be through with a version, and from when on the last can have begun.
#[derive(Debug, Clone, Copy)]
pub(super) struct Zone {
    pub finish: u32,
    pub start: u32,
}

const NOWHERE: Zone = Zone {
    finish: u32::MAX,
    start: 0,
};

#[derive(Debug)]
pub(super) struct Versions {
    /// By access: the version it found.
    pub found: Vec<Version>,
    /// By version: an access that found it and writes.
    pub updates: Vec<u32>,
    /// By access that writes: the zone of its version.
    pub zones: Vec<Zone>,
    /// Accesses that write, those of each key by the ends of their zones, and where they begin.
    finishing: Vec<u32>,
    begins: Vec<u32>,
}

impl Versions {
    /// The versions, with no zones yet.
    pub fn new(polygraph: &Polygraph, meter: &mut Meter) -> Result<Versions, Exhausted> {
        let accesses = polygraph.accesses;
        let all = accesses.all();
        let found = found(polygraph, meter)?;
        let mut updates = vec![NOBODY; all.len() + accesses.keys() as usize];
        for (number, access) in (0..).zip(all) {
            let version = found[number as usize];
            if access.writes && version != NOBODY {
                updates[version as usize] = number;
            }
        }
        let writes = |number: &u32| all[*number as usize].writes;
        let mut finishing = Vec::new();
        let mut begins = vec![0];
        for key in 0..accesses.keys() {
            finishing.extend(accesses.of_key(key).filter(writes));
            begins.push(finishing.len() as u32);
        }
        Ok(Versions {
            found,
            updates,
            zones: vec![NOWHERE; all.len()],
            finishing,
            begins,
        })
    }

    fn range(&self, key: u32) -> std::ops::Range<usize> {
        let at = key as usize;
        self.begins[at] as usize..self.begins[at + 1] as usize
    }

    /// The accesses that write a key, by the ends of their zones.
    #[inline]
    pub fn finishing(&self, key: u32) -> &[u32] {
        &self.finishing[self.range(key)]
    }

    /// Measures the zones.
    pub fn measure(&mut self, polygraph: &Polygraph, windows: &Windows) {
        self.zones.fill(NOWHERE);
        let mut touch = |version: Version, event: u32| {
            if let Some(zone) = self.zones.get_mut(version as usize) {
                zone.finish = zone.finish.min(windows.latest[event as usize]);
                zone.start = zone.start.max(windows.earliest[event as usize]);
            }
        };
        for (number, access) in (0..).zip(polygraph.accesses.all()) {
            let [snapshot, commit] = polygraph.events_of(access.txn);
            touch(self.found[number as usize], snapshot);
            if access.writes {
                touch(number, commit);
            }
        }
        let zones = &self.zones;
        for key in 0..polygraph.accesses.keys() {
            let own = self.begins[key as usize] as usize..self.begins[key as usize + 1] as usize;
            self.finishing[own].sort_unstable_by_key(|number| zones[*number as usize].finish);
        }
    }
}

/// By access: the version it found.
fn found(polygraph: &Polygraph, meter: &mut Meter) -> Result<Vec<Version>, Exhausted> {
    let accesses = polygraph.accesses;
    let all = accesses.all();
    let mut found = Vec::with_capacity(all.len());
    for same in all.chunk_by(|a, b| (a.key, a.source) == (b.key, b.source)) {
        let version = match same[0].source {
            NOTHING => NOBODY,
            INIT => all.len() as u32 + same[0].key,
            source => {
                let own = accesses.of_txn(source).iter().copied();
                let wrote = |access: &Access| access.key == same[0].key && access.writes;
                let mut own = own.filter(|number| wrote(&all[*number as usize]));
                own.next().unwrap_or(NOBODY)
            }
        };
        for _ in same {
            meter.step(0)?;
            found.push(version);
        }
    }
    Ok(found)
}
