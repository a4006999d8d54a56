//! Each call in Redis commands.

use faultbench_checkers::Value;
use faultbench_workloads::{Call, Outcome, Step, ints};
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, RedisError, RedisResult, cmd, pipe};

use super::is_refusal;
use crate::targets::outcomes::{declined, in_doubt, unsupported};

/// Compares and sets in one step, as the manual of `SET` advises.
const CAS: &str = "if redis.call('get', KEYS[1]) == ARGV[1] then \
                   redis.call('set', KEYS[1], ARGV[2]) return 1 else return 0 end";

/// All keys share a hash tag, so that on a cluster one shard has them all and transactions over
/// several keys are possible.
pub const TAG: &str = "{faultbench}";

/// How writes are made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Durability {
    /// Replicas that must have a write before it counts as done (`WAIT`); 0: nobody is asked.
    pub wait_replicas: u32,
    /// How long they may take, in milliseconds.
    pub wait_ms: u64,
}

/// What became of a call on one server.
pub enum Done {
    Outcome(Outcome),
    /// The server did nothing, and its error may say who would.
    Refused(RedisError),
}

/// Makes a call.
pub async fn perform(
    redis: &mut MultiplexedConnection,
    call: &Call,
    durability: Durability,
) -> Done {
    let outcome = match make(redis, call).await {
        Ok(outcome) => outcome,
        Err(error) if is_refusal(&error) => return Done::Refused(error),
        Err(error) => in_doubt(call, error),
    };
    let wrote = matches!(outcome, Outcome::Ok(_)) && !call.is_read();
    if wrote && durability.wait_replicas > 0 {
        return Done::Outcome(wait(redis, durability, outcome).await);
    }
    Done::Outcome(outcome)
}

/// Asks how many replicas have what this connection wrote.
async fn wait(
    redis: &mut MultiplexedConnection,
    durability: Durability,
    outcome: Outcome,
) -> Outcome {
    let wanted = durability.wait_replicas;
    let mut wait = cmd("WAIT");
    wait.arg(wanted).arg(durability.wait_ms);
    match wait.query_async::<u32>(redis).await {
        Ok(replicas) if replicas >= wanted => outcome,
        Ok(replicas) => Outcome::Info(format!("{replicas} of {wanted} replicas have it")),
        Err(error) => Outcome::Info(error.to_string()),
    }
}

async fn make(redis: &mut MultiplexedConnection, call: &Call) -> RedisResult<Outcome> {
    let ok = |value: Option<Value>| Ok(Outcome::Ok(value));
    let number = |number: Option<i64>| Some(number.map_or(Value::Nil, Value::Int));
    match call {
        Call::Read { key } => ok(number(
            cmd("GET").arg(register(*key)).query_async(redis).await?,
        )),
        Call::Write { key, value } => {
            let mut set = cmd("SET");
            set.arg(register(*key)).arg(*value);
            set.query_async::<()>(redis).await?;
            ok(None)
        }
        Call::Cas { key, old, new } => {
            let mut eval = cmd("EVAL");
            eval.arg(CAS).arg(1).arg(register(*key)).arg(*old).arg(*new);
            match eval.query_async(redis).await? {
                true => ok(None),
                false => Ok(declined("it held another value")),
            }
        }
        Call::Add { element } => {
            let mut add = cmd("SADD");
            add.arg(key("set")).arg(*element);
            add.query_async::<()>(redis).await?;
            ok(None)
        }
        Call::ReadSet => {
            let elements: Vec<i64> = cmd("SMEMBERS").arg(key("set")).query_async(redis).await?;
            ok(Some(ints(&elements)))
        }
        Call::Txn { ops } => transact(redis, call, ops).await,
        Call::Increment { by } => {
            let mut add = cmd("INCRBY");
            add.arg(key("counter")).arg(*by);
            add.query_async::<()>(redis).await?;
            ok(None)
        }
        Call::ReadCounter => {
            let read: Option<i64> = cmd("GET").arg(key("counter")).query_async(redis).await?;
            ok(number(Some(read.unwrap_or(0))))
        }
        Call::Enqueue { element } => {
            let mut push = cmd("RPUSH");
            push.arg(key("queue")).arg(*element);
            push.query_async::<()>(redis).await?;
            ok(None)
        }
        Call::Dequeue => ok(number(
            cmd("LPOP").arg(key("queue")).query_async(redis).await?,
        )),
        Call::Drain => {
            let mut all = pipe();
            all.atomic().lrange(key("queue"), 0, -1).del(key("queue"));
            let (elements, _): (Vec<i64>, i64) = all.query_async(redis).await?;
            ok(Some(ints(&elements)))
        }
        _ => Ok(unsupported(call)),
    }
}

/// A transaction on lists: `MULTI`, then `RPUSH` and `LRANGE`, then `EXEC`.
async fn transact(
    redis: &mut MultiplexedConnection,
    call: &Call,
    steps: &[Step],
) -> RedisResult<Outcome> {
    let mut transaction = Pipeline::new();
    transaction.atomic();
    for step in steps {
        let list = key(&format!("list:{}", step.key()));
        match step {
            Step::Append { element, .. } => transaction.rpush(list, *element),
            Step::Read { .. } => transaction.lrange(list, 0, -1),
        };
    }
    let replies: Vec<redis::Value> = transaction.query_async(redis).await?;
    let mut found = Vec::new();
    for (step, reply) in steps.iter().zip(replies) {
        found.push(match step {
            Step::Append { .. } => None,
            Step::Read { .. } => Some(redis::from_redis_value::<Vec<i64>>(reply)?),
        });
    }
    let value = call.txn_value(found.iter().map(Option::as_deref));
    Ok(Outcome::Ok(value))
}

fn key(name: &str) -> String {
    format!("{TAG}:{name}")
}

fn register(register: i64) -> String {
    key(&format!("register:{register}"))
}
