//! A table of client processes.

use rustc_hash::FxHashMap;

/// Processes below this number are looked up in an array. Jepsen numbers them from 0 and retires
/// them upwards, so nearly all are.
const DENSE_PROCESSES: i64 = 1 << 16;

/// What is known of each process; a process never seen has `T::default()`.
#[derive(Debug, Default)]
pub(super) struct Processes<T> {
    dense: Vec<T>,
    sparse: FxHashMap<i64, T>,
}

impl<T: Copy + Default> Processes<T> {
    pub fn get(&self, process: i64) -> T {
        let found = if is_dense(process) {
            self.dense.get(process as usize)
        } else {
            self.sparse.get(&process)
        };
        found.copied().unwrap_or_default()
    }

    pub fn set(&mut self, process: i64, value: T) {
        if is_dense(process) {
            let slot = process as usize;
            if slot >= self.dense.len() {
                self.dense.resize(slot + 1, T::default());
            }
            self.dense[slot] = value;
        } else {
            self.sparse.insert(process, value);
        }
    }

    /// Every process with an entry, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (i64, T)> {
        let dense = self.dense.iter().enumerate();
        let dense = dense.map(|(process, value)| (process as i64, *value));
        let sparse = self.sparse.iter();
        dense.chain(sparse.map(|(process, value)| (*process, *value)))
    }
}

fn is_dense(process: i64) -> bool {
    (0..DENSE_PROCESSES).contains(&process)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_large_and_negative_processes_are_told_apart() {
        let mut table = Processes::default();
        let processes = [0, 7, DENSE_PROCESSES, DENSE_PROCESSES + 3, -1, i64::MIN];
        for (value, process) in (1..).zip(processes) {
            assert_eq!(table.get(process), 0);
            table.set(process, value);
        }
        for (value, process) in (1..).zip(processes) {
            assert_eq!(table.get(process), value);
        }
        assert_eq!(table.iter().filter(|(_, value)| *value != 0).count(), 6);
        assert_eq!(table.get(6), 0);
    }
}
