//! A part of a gate, for several machines at once.

use std::str::FromStr;

/// The `number`th of `count` parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    number: usize,
    count: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let parts = text.split_once('/');
        let parts = parts.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        match parts {
            Some((number, count)) if 1 <= number && number <= count => Ok(Shard { number, count }),
            _ => Err("expected a part such as 2/4: the second of four".to_owned()),
        }
    }
}

impl Shard {
    /// As a part of a file's name: `2of4`.
    pub fn text(self) -> String {
        format!("{}of{}", self.number, self.count)
    }

    /// Its cases: every `count`th, so that a case and its neighbours, which often take alike long,
    /// are spread. The seeds of a case stay together, for they are judged together.
    pub fn of<T>(self, cases: Vec<T>) -> Vec<T> {
        let mine = cases.into_iter().skip(self.number - 1);
        mine.step_by(self.count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_all_cases_out() {
        let cases: Vec<u32> = (0..11).collect();
        for count in 1..=12 {
            let shards = (1..=count).map(|number| Shard { number, count });
            let mut all: Vec<u32> = shards.flat_map(|shard| shard.of(cases.clone())).collect();
            all.sort_unstable();
            assert_eq!(all, cases);
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "0/2", "3/2", "1", "a/b", "1/0", "-1/2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
        assert_eq!(
            "2/4".parse(),
            Ok(Shard {
                number: 2,
                count: 4
            })
        );
    }
}
