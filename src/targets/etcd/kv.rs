//! Registers, sets, accounts and lists on etcd's keys.
//!
//! What needs to read before it writes is an optimistic transaction, as etcd's own libraries do it:
//! it reads, then writes on the condition that nothing it read has changed, and begins again if it
//! has. Only the second step can leave a doubt.

use std::collections::BTreeMap;

use faultbench_checkers::Value;
use faultbench_workloads::{Call, Outcome, Step, ints};
use serde_json::{Value as Json, json};

use super::gateway::{self, Found, Gateway, Refusal};
use crate::targets::outcomes::{declined, unavailable, unsupported};

/// How often an optimistic transaction begins again before it is given up, nothing written.
const TRIES_MAX: usize = 8;

/// A client of one node's keys.
pub struct Kv {
    pub gateway: Gateway,
    /// Reads are answered by the node alone.
    pub serializable: bool,
}

impl Kv {
    pub async fn register(&mut self, call: &Call) -> Outcome {
        match *call {
            Call::Read { key } => {
                let request = gateway::get(&register(key), self.serializable);
                let read = self.range(&request).await;
                let number =
                    |found: Vec<Found>| found.first().map(|f| f.value.parse().map(Value::Int));
                match read.map(number) {
                    Ok(None) => Outcome::Ok(Some(Value::Nil)),
                    Ok(Some(Ok(value))) => Outcome::Ok(Some(value)),
                    Ok(Some(Err(_))) => unavailable("the register holds no number"),
                    Err(refusal) => refusal.outcome(call),
                }
            }
            Call::Write { key, value } => self.put(call, &register(key), &value.to_string()).await,
            Call::Cas { key, old, new } => {
                let key = register(key);
                let holds = gateway::holds(&key, &old.to_string());
                let write = gateway::put(&key, &new.to_string());
                match self.commit(vec![holds], vec![write]).await {
                    Ok(true) => Outcome::Ok(None),
                    Ok(false) => declined("it held another value"),
                    Err(refusal) => refusal.outcome(call),
                }
            }
            _ => unsupported(call),
        }
    }

    /// Each element is a key of its own.
    pub async fn set(&mut self, call: &Call) -> Outcome {
        match call {
            Call::Add { element } => self.put(call, &format!("set/{element}"), "").await,
            Call::ReadSet => {
                let mut request = gateway::get_all("set/", self.serializable);
                request["keys_only"] = true.into();
                let element = |found: &Found| found.key.strip_prefix("set/")?.parse().ok();
                match self.range(&request).await {
                    Ok(found) => {
                        let elements: Vec<i64> = found.iter().filter_map(element).collect();
                        Outcome::Ok(Some(ints(&elements)))
                    }
                    Err(refusal) => refusal.outcome(call),
                }
            }
            _ => unsupported(call),
        }
    }

    pub async fn bank(&mut self, call: &Call) -> Outcome {
        match *call {
            Call::OpenAccounts { accounts, balance } => {
                let keys: Vec<String> = (0..accounts).map(account).collect();
                let absent = keys.iter().map(|key| gateway::unchanged(key, 0)).collect();
                let puts = keys
                    .iter()
                    .map(|key| gateway::put(key, &balance.to_string()));
                // If not all are absent, an earlier try has opened them.
                match self.commit(absent, puts.collect()).await {
                    Ok(_) => Outcome::Ok(None),
                    Err(refusal) => refusal.outcome(call),
                }
            }
            Call::ReadAccounts { .. } => {
                let request = gateway::get_all("account/", self.serializable);
                match self.range(&request).await {
                    Ok(found) => Outcome::Ok(Some(balances(&found))),
                    Err(refusal) => refusal.outcome(call),
                }
            }
            Call::Transfer { from, to, amount } => self.transfer(call, from, to, amount).await,
            _ => unsupported(call),
        }
    }

    async fn transfer(&mut self, call: &Call, from: i64, to: i64, amount: i64) -> Outcome {
        let keys = [account(from), account(to)];
        for _ in 0..TRIES_MAX {
            let read = match self.snapshot(&keys, false).await {
                Ok(read) => read,
                // Nothing was written yet.
                Err(refusal) => return unavailable(refusal.reason()),
            };
            let balance = |key: &String| read.get(key)?.value.parse::<i64>().ok();
            let (Some(source), Some(sink)) = (balance(&keys[0]), balance(&keys[1])) else {
                return declined("an account is not open");
            };
            if source < amount {
                return declined("not enough money");
            }
            let puts = vec![
                gateway::put(&keys[0], &(source - amount).to_string()),
                gateway::put(&keys[1], &(sink + amount).to_string()),
            ];
            match self.commit(conditions(&keys, &read), puts).await {
                Ok(true) => return Outcome::Ok(None),
                Ok(false) => {}
                Err(refusal) => return refusal.outcome(call),
            }
        }
        contended()
    }

    /// Lists are JSON arrays.
    pub async fn transact(&mut self, call: &Call, steps: &[Step]) -> Outcome {
        let mut keys: Vec<String> = steps.iter().map(|step| list(step.key())).collect();
        keys.sort();
        keys.dedup();
        let read_only = call.is_read();
        for _ in 0..TRIES_MAX {
            let read = match self.snapshot(&keys, read_only && self.serializable).await {
                Ok(read) => read,
                Err(refusal) => return unavailable(refusal.reason()),
            };
            let Ok((found, lists)) = apply(steps, &read) else {
                return unavailable("a list is no JSON array of numbers");
            };
            let outcome = Outcome::Ok(call.txn_value(found.iter().map(Option::as_deref)));
            if read_only {
                return outcome;
            }
            let puts = lists
                .iter()
                .map(|(key, items)| gateway::put(key, &json!(items).to_string()));
            match self.commit(conditions(&keys, &read), puts.collect()).await {
                Ok(true) => return outcome,
                Ok(false) => {}
                Err(refusal) => return refusal.outcome(call),
            }
        }
        contended()
    }

    async fn range(&mut self, request: &Json) -> Result<Vec<Found>, Refusal> {
        let range = self.gateway.ask("/v3/kv/range", request).await?;
        Ok(gateway::found(&range))
    }

    async fn put(&mut self, call: &Call, key: &str, value: &str) -> Outcome {
        match self
            .gateway
            .ask("/v3/kv/put", &gateway::put(key, value))
            .await
        {
            Ok(_) => Outcome::Ok(None),
            Err(refusal) => refusal.outcome(call),
        }
    }

    /// Several keys as they were at one moment.
    async fn snapshot(
        &mut self,
        keys: &[String],
        serializable: bool,
    ) -> Result<BTreeMap<String, Found>, Refusal> {
        let get = |key: &String| json!({ "request_range": gateway::get(key, serializable) });
        let gets: Vec<Json> = keys.iter().map(get).collect();
        let answer = self
            .gateway
            .ask("/v3/kv/txn", &json!({ "success": gets }))
            .await?;
        let ranges = answer["responses"].as_array().into_iter().flatten();
        let found = ranges.flat_map(|range| gateway::found(&range["response_range"]));
        Ok(found.map(|found| (found.key.clone(), found)).collect())
    }

    /// Writes if the conditions hold; says whether they did.
    async fn commit(&mut self, conditions: Vec<Json>, puts: Vec<Json>) -> Result<bool, Refusal> {
        let puts: Vec<Json> = puts
            .into_iter()
            .map(|put| json!({ "request_put": put }))
            .collect();
        let request = json!({ "compare": conditions, "success": puts });
        let answer = self.gateway.ask("/v3/kv/txn", &request).await?;
        Ok(answer["succeeded"].as_bool().unwrap_or(false))
    }
}

fn register(key: i64) -> String {
    format!("register/{key}")
}

fn account(account: i64) -> String {
    format!("account/{account}")
}

fn list(key: i64) -> String {
    format!("list/{key}")
}

/// That none of the keys has changed since it was read.
fn conditions(keys: &[String], read: &BTreeMap<String, Found>) -> Vec<Json> {
    let revision = |key: &String| read.get(key).map_or(0, |found| found.mod_revision);
    keys.iter()
        .map(|key| gateway::unchanged(key, revision(key)))
        .collect()
}

fn balances(found: &[Found]) -> Value {
    let one = |found: &Found| {
        let account = found.key.strip_prefix("account/")?.parse().ok()?;
        Some((Value::Int(account), Value::Int(found.value.parse().ok()?)))
    };
    Value::Map(found.iter().filter_map(one).collect())
}

fn contended() -> Outcome {
    declined(format!("others were faster {TRIES_MAX} times"))
}

/// What each step found, and the lists that changed.
type Applied = (Vec<Option<Vec<i64>>>, BTreeMap<String, Vec<i64>>);

/// Carries out the steps on the lists as they were read.
fn apply(steps: &[Step], read: &BTreeMap<String, Found>) -> serde_json::Result<Applied> {
    let mut lists: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (key, found) in read {
        lists.insert(key.clone(), serde_json::from_str(&found.value)?);
    }
    let mut changed = BTreeMap::new();
    let mut all_found = Vec::new();
    for step in steps {
        let items = lists.entry(list(step.key())).or_default();
        match *step {
            Step::Append { key, element } => {
                items.push(element);
                changed.insert(list(key), items.clone());
                all_found.push(None);
            }
            Step::Read { .. } => all_found.push(Some(items.clone())),
        }
    }
    Ok((all_found, changed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_sees_its_own_appends() {
        let steps = [
            Step::Read { key: 1 },
            Step::Append { key: 1, element: 9 },
            Step::Read { key: 1 },
            Step::Read { key: 2 },
        ];
        let seven = Found {
            key: list(1),
            value: "[7]".into(),
            mod_revision: 3,
        };
        let read = BTreeMap::from([(list(1), seven)]);
        let (found, changed) = apply(&steps, &read).unwrap();
        assert_eq!(found, [Some(vec![7]), None, Some(vec![7, 9]), Some(vec![])]);
        assert_eq!(changed, BTreeMap::from([(list(1), vec![7, 9])]));
    }
}
