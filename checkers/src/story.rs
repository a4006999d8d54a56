//! Pieces of the sentences in findings.

use serde_json::Value as Json;

use crate::value::Value;

/// When an event was: by the clock where the history has times, else by its index.
pub(crate) fn when(index: u64, time: Option<i64>) -> String {
    match time {
        Some(time) => format!("at {}", seconds(time)),
        None => format!("at op {index}"),
    }
}

/// Nanoseconds as seconds with milliseconds.
pub(crate) fn seconds(nanoseconds: i64) -> String {
    format!("{:.3} s", nanoseconds as f64 / 1e9)
}

/// `1`, `1 or 2`, `1, 2 or 3`; nothing is `nothing`.
pub(crate) fn either(items: &[String]) -> String {
    match items {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

/// The value for programs: numbers, strings and nil as JSON has them, the rest in its EDN form.
pub(crate) fn json(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(b) => Json::from(*b),
        Value::Int(n) => Json::from(*n),
        Value::Str(s) => Json::from(s.as_ref()),
        other => Json::from(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_choices_read_like_sentences() {
        assert_eq!(when(7, Some(12_481_000_000)), "at 12.481 s");
        assert_eq!(when(7, None), "at op 7");
        let items: Vec<String> = ["1", "2", "3"].map(String::from).to_vec();
        assert_eq!(either(&items), "1, 2 or 3");
        assert_eq!(either(&items[..1]), "1");
        assert_eq!(either(&[]), "nothing");
    }
}
