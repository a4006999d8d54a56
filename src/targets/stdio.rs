//! A client in any language: a program that reads calls on its standard input and writes answers on
//! its standard output, a line of JSON each. `docs/targets.md` has the protocol.
//!
//! A program makes one call at a time. It is ended with its client, so after an indefinite call a
//! fresh one takes over, as the convention of histories wants it.

mod json;

use faultbench_checkers::Value;
use faultbench_workloads::{Call, Outcome};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};

use super::NodeCommand;
use super::outcomes::{declined, unavailable};
use super::seat::{Pipes, Seat};
use crate::runner::client::{Client, Pending};

/// A client that is a program.
pub struct Program {
    seat: Seat,
    command: NodeCommand,
    running: Option<Running>,
    /// The id of the next call.
    next: u64,
}

struct Running {
    input: Box<dyn tokio::io::AsyncWrite + Send + Unpin>,
    output: Lines<BufReader<Box<dyn tokio::io::AsyncRead + Send + Unpin>>>,
    /// Ends the program when dropped.
    _life: Box<dyn Send>,
}

/// An answer of the program.
#[derive(Deserialize)]
struct Answer {
    id: u64,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default)]
    value: Json,
    #[serde(default)]
    error: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Ok,
    Fail,
    Info,
}

impl Program {
    pub fn new(seat: Seat, command: NodeCommand) -> Program {
        Program {
            seat,
            command,
            running: None,
            next: 0,
        }
    }

    fn start(&self) -> Result<Running, String> {
        let network = &self.seat.network;
        let Pipes {
            input,
            output,
            life,
        } = network.spawn(self.seat.node, self.command.clone())?;
        Ok(Running {
            input,
            output: BufReader::new(output).lines(),
            _life: life,
        })
    }

    async fn exchange(&mut self, call: &Call) -> Outcome {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => match self.start() {
                Ok(running) => running,
                Err(error) => return unavailable(format!("the client did not start: {error}")),
            },
        };
        let id = self.next;
        self.next += 1;
        let outcome = match running.ask(id, call).await {
            Ok(answer) => answer.outcome(call),
            Err(problem) => Outcome::Info(format!("the client {problem}; see client.log")),
        };
        if !matches!(outcome, Outcome::Info(_)) {
            self.running = Some(running);
        }
        outcome
    }
}

impl Client for Program {
    fn call<'a>(&'a mut self, call: &'a Call) -> Pending<'a, Outcome> {
        Box::pin(self.exchange(call))
    }
}

impl Running {
    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// What the program did instead: it may have made the call all the same.
    async fn ask(&mut self, id: u64, call: &Call) -> Result<Answer, String> {
        let mut request = json!({ "id": id, "f": call.f(), "value": json::of(&call.value()) });
        if let Some(key) = call.key() {
            request["key"] = json::of(&key);
        }
        let line = format!("{request}\n");
        let wrote = async {
            self.input.write_all(line.as_bytes()).await?;
            self.input.flush().await
        };
        wrote
            .await
            .map_err(|error| format!("does not read: {error}"))?;
        let line = self.output.next_line().await;
        let line = line.map_err(|error| format!("cannot be read: {error}"))?;
        let line = line.ok_or("ended without an answer")?;
        let answer: Answer = serde_json::from_str(&line)
            .map_err(|error| format!("answered {line:?}, which is no answer: {error}"))?;
        match answer.id == id {
            true => Ok(answer),
            false => Err(format!("answered call {}, it was asked {id}", answer.id)),
        }
    }
}

impl Answer {
    fn outcome(self, call: &Call) -> Outcome {
        match self.kind {
            // Only what a call returns is recorded; an echo of its arguments is the same to us.
            Kind::Ok if self.value.is_null() && !call.is_read() => Outcome::Ok(None),
            Kind::Ok => match json::value(&self.value) {
                Some(value) => Outcome::Ok(Some(with_numbers(call, value))),
                None => Outcome::Info(format!("{} is no value of a history", self.value)),
            },
            // As histories have it: an error that begins so was served, by the rules of the data.
            Kind::Fail if self.error.starts_with("unavailable") => unavailable(self.error),
            Kind::Fail => declined(self.error),
            Kind::Info => Outcome::Info(self.error),
        }
    }
}

/// Accounts are numbers, and JSON only has keys that are text.
fn with_numbers(call: &Call, value: Value) -> Value {
    match (call, value) {
        (Call::ReadAccounts { .. }, Value::Map(entries)) => {
            let number = |key: Value| match key.as_name().and_then(|name| name.parse().ok()) {
                Some(number) => Value::Int(number),
                None => key,
            };
            Value::Map(entries.into_iter().map(|(k, v)| (number(k), v)).collect())
        }
        (_, value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(call: &Call, line: &str) -> Outcome {
        serde_json::from_str::<Answer>(line).unwrap().outcome(call)
    }

    #[test]
    fn answers_are_outcomes() {
        let read = Call::Read { key: 1 };
        let seven = outcome(&read, r#"{"id":1,"type":"ok","value":7}"#);
        assert_eq!(seven, Outcome::Ok(Some(Value::Int(7))));
        let nothing = outcome(&read, r#"{"id":1,"type":"ok","value":null}"#);
        assert_eq!(nothing, Outcome::Ok(Some(Value::Nil)));
        let write = Call::Write { key: 1, value: 2 };
        assert_eq!(
            outcome(&write, r#"{"id":1,"type":"ok"}"#),
            Outcome::Ok(None)
        );
        let refused = outcome(&write, r#"{"id":1,"type":"fail","error":"unavailable: x"}"#);
        assert_eq!(refused, unavailable("unavailable: x"));
        let unknown = outcome(&write, r#"{"id":1,"type":"info","error":"timeout"}"#);
        assert_eq!(unknown, Outcome::Info("timeout".into()));
    }

    #[test]
    fn accounts_are_numbers() {
        let read = Call::ReadAccounts { accounts: 1 };
        let balances = Value::Map(vec![(Value::Int(0), Value::Int(10))]);
        let line = r#"{"id":1,"type":"ok","value":{"0":10}}"#;
        assert_eq!(outcome(&read, line), Outcome::Ok(Some(balances)));
    }
}
