//! Values of histories as the JSON of the client protocol, and back.

use faultbench_checkers::Value;
use serde_json::Value as Json;

/// A value as JSON: keywords and symbols as strings, sets as arrays.
pub fn of(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Bool(b) => (*b).into(),
        Value::Int(n) => (*n).into(),
        Value::Float(x) => (*x).into(),
        Value::List(items) | Value::Set(items) => items.iter().map(of).collect(),
        Value::Map(entries) => {
            let entry = |(key, value): &(Value, Value)| (text(key), of(value));
            Json::Object(entries.iter().map(entry).collect())
        }
        other => text(other).into(),
    }
}

fn text(value: &Value) -> String {
    value
        .as_name()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// JSON as a value; `None` of a number that fits no 64 bits.
pub fn value(json: &Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::Nil,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(number) => match number.as_i64() {
            Some(int) => Value::Int(int),
            None => Value::Float(number.as_f64().filter(|_| number.is_f64())?),
        },
        Json::String(text) => Value::str(text),
        Json::Array(items) => Value::List(items.iter().map(value).collect::<Option<_>>()?),
        Json::Object(entries) => {
            let entry = |(key, json): (&String, &Json)| Some((Value::str(key), value(json)?));
            Value::Map(entries.iter().map(entry).collect::<Option<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use faultbench_workloads::{Call, Step};

    use super::*;

    #[test]
    fn a_transaction_goes_out_as_it_is_recorded() {
        let ops = vec![Step::Append { key: 1, element: 5 }, Step::Read { key: 2 }];
        let json = of(&Call::Txn { ops }.value());
        assert_eq!(json.to_string(), r#"[["append",1,5],["r",2,null]]"#);
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        let json: Json = serde_json::from_str("[1, 2.5, 99999999999999999999]").unwrap();
        assert!(value(&json[1]).is_some());
        assert_eq!(value(&json[0]), Some(Value::Int(1)));
        let huge: Json = serde_json::from_str("18446744073709551615").unwrap();
        assert_eq!(value(&huge), None);
    }
}
