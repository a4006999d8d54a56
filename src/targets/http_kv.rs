//! Any store that gives and takes JSON documents over HTTP: the register of key `7` is the document
//! at the base address followed by `7`.
//!
//! `GET` answers 200 with a number, or 404 where nothing was written; `PUT` of a number answers any
//! status of success. A status from 400 to 499 says that nothing happened; any other leaves a write
//! in doubt.

use faultbench_checkers::Value;
use faultbench_workloads::{Call, Outcome};
use hyper::{Method, StatusCode, Uri};

use super::http::{Answer, Http, HttpError};
use super::outcomes::{in_doubt, unavailable, unsupported};
use super::seat::Seat;
use crate::runner::client::{Client, Pending};

/// A client of the documents below a base address.
pub struct Documents {
    http: Result<Http, String>,
    /// The path of the base address.
    base: String,
}

impl Documents {
    /// `base` is `http://ip:port/path`; a call fails if it is not.
    pub fn new(seat: Seat, base: &str) -> Documents {
        let parsed = base.parse::<Uri>().ok();
        let server = parsed
            .as_ref()
            .and_then(|uri| uri.authority()?.as_str().parse().ok());
        Documents {
            http: server
                .map(|server| Http::new(seat, server))
                .ok_or_else(|| format!("{base} is not http://ip:port/path")),
            base: parsed.map_or_else(String::new, |uri| uri.path().to_owned()),
        }
    }

    async fn make(&mut self, call: &Call) -> Outcome {
        let http = match &mut self.http {
            Ok(http) => http,
            Err(problem) => return unavailable(problem),
        };
        let (method, key, body) = match *call {
            Call::Read { key } => (Method::GET, key, String::new()),
            Call::Write { key, value } => (Method::PUT, key, value.to_string()),
            _ => return unsupported(call),
        };
        let path = format!("{}{key}", self.base);
        match http.ask(method, &path, body.into_bytes()).await {
            Ok(answer) => understood(call, &answer),
            Err(HttpError::NotSent(reason)) => unavailable(reason),
            Err(HttpError::InDoubt(reason)) => in_doubt(call, reason),
        }
    }
}

impl Client for Documents {
    fn call<'a>(&'a mut self, call: &'a Call) -> Pending<'a, Outcome> {
        Box::pin(self.make(call))
    }
}

fn understood(call: &Call, answer: &Answer) -> Outcome {
    let status = answer.status;
    if call.is_read() && status == StatusCode::NOT_FOUND {
        return Outcome::Ok(Some(Value::Nil));
    }
    if status.is_client_error() {
        return unavailable(status);
    }
    if !status.is_success() {
        return in_doubt(call, status);
    }
    if !call.is_read() {
        return Outcome::Ok(None);
    }
    match serde_json::from_slice::<Option<i64>>(&answer.body) {
        Ok(number) => Outcome::Ok(Some(number.map_or(Value::Nil, Value::Int))),
        Err(error) => unavailable(format!("the document is no number: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(call: &Call, status: u16, body: &'static str) -> Outcome {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            body: body.into(),
        };
        understood(call, &answer)
    }

    #[test]
    fn a_status_says_what_happened() {
        let (read, write) = (Call::Read { key: 1 }, Call::Write { key: 1, value: 2 });
        assert_eq!(answered(&read, 200, "7"), Outcome::Ok(Some(Value::Int(7))));
        assert_eq!(answered(&read, 404, ""), Outcome::Ok(Some(Value::Nil)));
        assert_eq!(answered(&write, 204, ""), Outcome::Ok(None));
        assert!(matches!(answered(&write, 429, ""), Outcome::Fail(_)));
        assert!(matches!(answered(&write, 503, ""), Outcome::Info(_)));
        assert!(matches!(answered(&read, 503, ""), Outcome::Fail(_)));
    }
}
