//! Requests to etcd's JSON gateway, and the JSON forms of what they are made of.

use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use faultbench_workloads::{Call, Outcome};
use hyper::Method;
use serde_json::{Value as Json, json};

use crate::targets::http::{Http, HttpError};
use crate::targets::outcomes::{in_doubt, unavailable};
use crate::targets::seat::Seat;

/// A client of one etcd node.
pub struct Gateway {
    http: Http,
}

/// Why a request was not served.
#[derive(Debug)]
pub enum Refusal {
    /// It was never sent.
    NotSent(String),
    /// It may have been carried out all the same.
    InDoubt(String),
}

impl Refusal {
    /// What that means for a call.
    pub fn outcome(self, call: &Call) -> Outcome {
        match self {
            Refusal::NotSent(reason) => unavailable(reason),
            Refusal::InDoubt(reason) => in_doubt(call, reason),
        }
    }

    pub fn reason(self) -> String {
        match self {
            Refusal::NotSent(reason) | Refusal::InDoubt(reason) => reason,
        }
    }
}

impl Gateway {
    pub fn new(seat: Seat, server: SocketAddr) -> Gateway {
        Gateway {
            http: Http::new(seat, server),
        }
    }

    /// Makes a request and returns the answer's document.
    ///
    /// # Errors
    /// It was not served, as far as is known.
    pub async fn ask(&mut self, path: &str, request: &Json) -> Result<Json, Refusal> {
        let body = request.to_string().into_bytes();
        let answer = self.http.ask(Method::POST, path, body).await;
        let answer = answer.map_err(|error| match error {
            HttpError::NotSent(reason) => Refusal::NotSent(reason),
            HttpError::InDoubt(reason) => Refusal::InDoubt(reason),
        })?;
        let document: Json = serde_json::from_slice(&answer.body)
            .map_err(|error| Refusal::InDoubt(format!("{path} answered no JSON: {error}")))?;
        if answer.status.is_success() {
            return Ok(document);
        }
        let error = document["error"].as_str().unwrap_or("it gave no reason");
        Err(Refusal::InDoubt(format!("{}: {error}", answer.status)))
    }
}

/// A key or value as the gateway writes it.
pub fn bytes(text: &str) -> String {
    STANDARD.encode(text)
}

/// The text of a key or value.
pub fn text(json: &Json) -> Option<String> {
    let decoded = STANDARD.decode(json.as_str()?).ok()?;
    String::from_utf8(decoded).ok()
}

/// A 64-bit number, which the gateway writes as a string and leaves out where it is 0.
pub fn number(json: &Json) -> Option<i64> {
    match json {
        Json::Null => Some(0),
        Json::String(text) => text.parse().ok(),
        other => other.as_i64(),
    }
}

/// A range request for one key.
pub fn get(key: &str, serializable: bool) -> Json {
    json!({ "key": bytes(key), "serializable": serializable })
}

/// A range request for all keys that begin with `prefix`, which ends in `/`.
pub fn get_all(prefix: &str, serializable: bool) -> Json {
    let end = format!("{}0", prefix.trim_end_matches('/'));
    json!({ "key": bytes(prefix), "range_end": bytes(&end), "serializable": serializable })
}

/// A put of one key.
pub fn put(key: &str, value: &str) -> Json {
    json!({ "key": bytes(key), "value": bytes(value) })
}

/// That a key was not changed since the revision; 0: that it is not there.
pub fn unchanged(key: &str, mod_revision: i64) -> Json {
    json!({
        "key": bytes(key),
        "target": "MOD",
        "result": "EQUAL",
        "mod_revision": mod_revision.to_string(),
    })
}

/// That a key has a value.
pub fn holds(key: &str, value: &str) -> Json {
    json!({ "key": bytes(key), "target": "VALUE", "result": "EQUAL", "value": bytes(value) })
}

/// A key as a range request found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub key: String,
    pub value: String,
    pub mod_revision: i64,
}

/// What a range request found.
pub fn found(range: &Json) -> Vec<Found> {
    let one = |kv: &Json| {
        Some(Found {
            key: text(&kv["key"])?,
            value: text(&kv["value"]).unwrap_or_default(),
            mod_revision: number(&kv["mod_revision"])?,
        })
    };
    let kvs = range["kvs"].as_array();
    kvs.into_iter().flatten().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_from_the_gateways_json() {
        let range = json!({ "kvs": [
            { "key": "YS8x", "value": "Nw==", "mod_revision": "5" },
            { "key": "YS8y", "mod_revision": "6" },
        ]});
        let read = found(&range);
        assert_eq!((read[0].key.as_str(), read[0].value.as_str()), ("a/1", "7"));
        assert_eq!((read[1].value.as_str(), read[1].mod_revision), ("", 6));
        assert_eq!(found(&json!({ "header": {} })), []);
    }

    #[test]
    fn a_prefix_ends_where_its_last_byte_grows() {
        let request = get_all("set/", false);
        assert_eq!(text(&request["range_end"]).unwrap(), "set0");
    }
}
