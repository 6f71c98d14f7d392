//! A proxy between the SDK and the engine, which records requests and injects faults.
//!
//! The engine ignores `ConsistentRead`. It has no throttling, no conflicts, no unprocessed keys, no index lag, and no
//! idempotent transactions by client token. DynamoDB has all of these.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use serde_json::{Value, json};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};

/// A fault that is injected into one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// DynamoDB throttles the request.
    Throttle,
    /// DynamoDB returns an internal error.
    ServerError,
    /// The transaction is cancelled because its write at this index conflicts with another transaction.
    Conflict(usize),
    /// DynamoDB cancels a transaction because the condition of the write with this index failed. Other requests succeed.
    ConditionFailed(usize),
    /// The batch leaves the key with this sort key unprocessed.
    Unprocessed(String),
    /// The batch leaves all keys unprocessed.
    AllUnprocessed,
    /// The query returns an empty page that does not end the list.
    EmptyPage,
    /// A write outside of a transaction conflicts with one.
    WriteConflict,
    /// An eventually consistent batch read does not find the item with this sort key.
    Missing(String),
    /// The request is delayed.
    Delay(Duration),
    /// The request is never answered, and the connection stays open.
    Hang,
    /// The connection breaks before the request is processed.
    Reset,
    /// The request is processed, but the connection breaks before the response arrives.
    LostResponse,
}

/// A request that the proxy received.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The DynamoDB operation, such as `BatchGetItem`.
    pub operation: String,
    /// The body of the request.
    pub body: Value,
    /// The response of the engine; null if a fault replaced it.
    pub answer: Value,
}

impl Recorded {
    /// Returns the capacity units that the response reports, including those of indexes.
    pub fn units(&self) -> f64 {
        let consumed = &self.answer["ConsumedCapacity"];
        let tables = consumed.as_array().cloned().unwrap_or_else(|| vec![consumed.clone()]);
        tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum()
    }

    /// Returns the IAM actions that the request needs, each with the index it reads, if any.
    pub fn actions(&self) -> Vec<(String, Option<String>)> {
        let index = self.body["IndexName"].as_str().map(ToOwned::to_owned);
        if self.operation != "TransactWriteItems" {
            return vec![(format!("dynamodb:{}", self.operation), index)];
        }
        let writes = self.body["TransactItems"].as_array().into_iter().flatten();
        let kinds = writes.flat_map(|write| write.as_object().into_iter().flat_map(|write| write.keys()));
        let action = |kind: &String| match kind.as_str() {
            "ConditionCheck" => "dynamodb:ConditionCheckItem".to_owned(),
            kind => format!("dynamodb:{kind}Item"),
        };
        kinds.map(|kind| (action(kind), None)).collect()
    }
}

/// A running proxy. It is stopped when it is dropped.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    direct_address: SocketAddr,
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    engine: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    script: Mutex<FaultPlan>,
    recorded: Mutex<Vec<Recorded>>,
    /// The IAM actions of the requests so far, each with the index it reads, if any.
    actions: Mutex<BTreeSet<(String, Option<String>)>>,
    /// The responses to committed transactions, by client token.
    committed: Mutex<HashMap<String, Value>>,
    /// The items of transactions in progress.
    open: Mutex<Vec<Value>>,
    /// The capacity units that each partition consumed in the current second, and the start of that second.
    spent: Mutex<HashMap<String, (Instant, f64)>>,
    replica: OnceLock<Replica>,
}

/// A second table that receives every write with a delay. Eventually consistent reads and indexes see its state.
#[derive(Debug)]
struct Replica {
    table: String,
    lag: Mutex<Duration>,
    /// The lock that is held while written items are looked up, so that no older state follows a newer one.
    order: tokio::sync::Mutex<mpsc::UnboundedSender<Batch>>,
    written: watch::Sender<u64>,
    applied: watch::Receiver<u64>,
}

/// The items that one request wrote, in their state after it, with their keys.
#[derive(Debug)]
struct Batch {
    due: Instant,
    items: Vec<(Value, Option<Value>)>,
    /// The headers of the request, which contain its credentials.
    parts: http::request::Parts,
}

#[derive(Debug, Default)]
struct FaultPlan {
    next: VecDeque<Fault>,
    always: Option<Fault>,
    /// The interval of transactions at which one is cancelled; `None` if none is.
    conflicts: Option<usize>,
    transactions: usize,
    /// Whether a transaction that touches an item of another transaction in progress is cancelled.
    overlaps: bool,
    /// The capacity units that a partition has per second; `None` if it is unlimited.
    throughput: Option<f64>,
}

/// The time for which a transaction stays in progress, so that others may conflict with it.
const TRANSACTION_DURATION: Duration = Duration::from_millis(3);

impl FaultProxy {
    /// Starts a proxy in front of the engine at this address.
    pub async fn start(engine: SocketAddr) -> Self {
        let bind = async || {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
            let address = listener.local_addr().expect("a bound socket");
            (listener, address)
        };
        let ((listener, address), (direct, direct_address)) = (bind().await, bind().await);
        let shared = Arc::new(Shared {
            engine,
            client: Client::builder(TokioExecutor::new()).build_http(),
            script: Mutex::default(),
            recorded: Mutex::default(),
            actions: Mutex::default(),
            committed: Mutex::default(),
            open: Mutex::default(),
            spent: Mutex::default(),
            replica: OnceLock::new(),
        });
        let tasks = vec![
            tokio::spawn(serve(listener, shared.clone(), true)),
            tokio::spawn(serve(direct, shared.clone(), false)),
        ];
        Self { address, direct_address, shared, tasks }
    }

    /// Returns the address without faults, for preparing and inspecting the table.
    ///
    /// Writes to this address are visible to all reads as soon as the proxy is [`FaultProxy::settled`].
    pub fn direct_address(&self) -> SocketAddr {
        self.direct_address
    }

    /// Makes eventually consistent reads and indexes lag by this time, from now on. `replica` is an empty table with
    /// the same schema.
    pub fn lag(&mut self, replica: &str, lag: Duration) {
        if let Some(replica) = self.shared.replica.get() {
            *lock(&replica.lag) = lag;
            return;
        }
        let (sender, mut batches) = mpsc::unbounded_channel::<Batch>();
        let (applying, applied) = watch::channel(0);
        let replica = Replica {
            table: replica.to_owned(),
            lag: Mutex::new(lag),
            order: tokio::sync::Mutex::new(sender),
            written: watch::channel(0).0,
            applied,
        };
        self.shared.replica.set(replica).expect("it lags once");
        let shared = self.shared.clone();
        self.tasks.push(tokio::spawn(async move {
            while let Some(Batch { due, items, parts }) = batches.recv().await {
                sleep_until(due).await;
                shared.apply(&parts, &items).await;
                applying.send_modify(|count| *count += 1);
            }
        }));
    }

    /// Waits until all reads see everything that was written.
    pub async fn settled(&self) {
        let Some(replica) = self.shared.replica.get() else { return };
        let written = *replica.written.borrow();
        _ = replica.applied.clone().wait_for(|applied| *applied >= written).await;
    }

    /// Sets whether a transaction that touches an item of another transaction in progress is cancelled, as by DynamoDB.
    pub fn cancel_overlaps(&self, cancel: bool) {
        lock(&self.shared.script).overlaps = cancel;
    }

    /// Sets the capacity units that a partition has per second; `None` makes it unlimited.
    pub fn throughput(&self, units: Option<f64>) {
        lock(&self.shared.script).throughput = units;
    }

    /// Returns the address of the proxy with faults.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Injects faults into the next requests, one each, in this order.
    pub fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.shared.script).next.extend(faults);
    }

    /// Injects a fault into every request from now on, after those of [`FaultProxy::inject`]; `None` stops it.
    pub fn always(&self, fault: Option<Fault>) {
        lock(&self.shared.script).always = fault;
    }

    /// Cancels one of every `transactions` transactions as a conflict, from now on; `None` stops it.
    pub fn conflict_every(&self, transactions: Option<usize>) {
        lock(&self.shared.script).conflicts = transactions;
    }

    /// Returns the IAM actions of the requests since the last call, each with the index it reads, if any.
    pub(crate) fn take_actions(&self) -> BTreeSet<(String, Option<String>)> {
        std::mem::take(&mut lock(&self.shared.actions))
    }

    /// Returns the requests since the last call, in order.
    pub fn take_recorded(&self) -> Vec<Recorded> {
        std::mem::take(&mut lock(&self.shared.recorded))
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Ends a transaction in progress, also if its caller gave up.
struct OpenTransaction<'a> {
    open: &'a Mutex<Vec<Value>>,
    keys: &'a [Value],
}

impl Drop for OpenTransaction<'_> {
    fn drop(&mut self) {
        lock(self.open).retain(|open| !self.keys.contains(open));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, shared: Arc<Shared>, with_faults: bool) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let shared = shared.clone();
                async move {
                    let answer =
                        if with_faults { shared.answer(request).await } else { shared.pass(request).await };
                    answer.ok_or(Broken)
                }
            });
            // A service that fails breaks the connection, which is what some faults need.
            _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

#[derive(Debug)]
/// The error that breaks a connection.
struct Broken;
impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is to break")
    }
}
impl std::error::Error for Broken {}

impl Shared {
    /// Returns the response of the engine, without faults.
    async fn pass(&self, request: Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        let (parts, operation, body) = read(request).await?;
        let (status, answer) = self.forward(&parts, &body).await?;
        if status.is_success() {
            self.replicate(&parts, &keys_written(&operation, &body), Duration::ZERO).await;
        }
        respond(status, &answer)
    }

    /// Returns the response to a request, with faults; `None` breaks the connection.
    async fn answer(&self, request: Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        let (parts, operation, body) = read(request).await?;
        let mut recorded = Recorded { operation, body, answer: Value::Null };
        lock(&self.actions).extend(recorded.actions());
        let fault = {
            let mut script = lock(&self.script);
            let mut conflict = None;
            if let Some(every) = script.conflicts.filter(|_| recorded.operation == "TransactWriteItems") {
                script.transactions += 1;
                conflict = script.transactions.is_multiple_of(every).then_some(Fault::Conflict(0));
            }
            script.next.pop_front().or(conflict).or_else(|| script.always.clone())
        };
        let keys = keys_written(&recorded.operation, &recorded.body);
        let (overlaps, throughput) = {
            let script = lock(&self.script);
            (script.overlaps, script.throughput)
        };
        let is_transaction = recorded.operation == "TransactWriteItems";
        let mut request = recorded.body.clone();
        let mut unprocessed = Value::Null;
        let partitions = partitions(&request, &keys);
        let throttled = throughput.is_some_and(|most| self.is_over(&partitions, most));
        let conflicting = if overlaps && fault.is_none() && is_transaction && !throttled {
            self.open(&keys)
        } else {
            Vec::new()
        };
        let refused = match &fault {
            None if !conflicting.is_empty() => {
                let code = |key| if conflicting.contains(key) { "TransactionConflict" } else { "None" };
                Some(cancelled(keys.iter().map(code)))
            }
            None if throttled && is_transaction => Some(cancelled(keys.iter().map(|_| "ThrottlingError"))),
            None if throttled && recorded.operation == "BatchGetItem" => {
                unprocessed = withhold(&mut request, |_| true);
                None
            }
            None if throttled => {
                Some(refuse(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException", json!({})))
            }
            Some(Fault::WriteConflict) => {
                Some(refuse(StatusCode::BAD_REQUEST, "TransactionConflictException", json!({})))
            }
            Some(Fault::Throttle) => {
                Some(refuse(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException", json!({})))
            }
            Some(Fault::ServerError) => {
                Some(refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", json!({})))
            }
            Some(Fault::Conflict(index)) => {
                let code = |at| if at == *index { "TransactionConflict" } else { "None" };
                Some(cancelled((0..keys.len()).map(code)))
            }
            Some(Fault::ConditionFailed(index)) if is_transaction && *index < keys.len() => {
                let code = |at| if at == *index { "ConditionalCheckFailed" } else { "None" };
                Some(cancelled((0..keys.len()).map(code)))
            }
            Some(Fault::Unprocessed(sort_key)) => {
                unprocessed = withhold(&mut request, |key| key["SK"]["S"] == json!(sort_key));
                None
            }
            Some(Fault::AllUnprocessed) => {
                unprocessed = withhold(&mut request, |_| true);
                None
            }
            _ => None,
        };
        let nothing_left = unprocessed.is_object() && request["RequestItems"] == json!({});
        let answer = if let Some(refused) = refused {
            Some(refused)
        } else if nothing_left {
            Some((StatusCode::OK, json!({ "Responses": {}, "UnprocessedKeys": unprocessed })))
        } else {
            match &fault {
                Some(Fault::Reset) => None,
                Some(Fault::Hang) => {
                    lock(&self.recorded).push(recorded);
                    std::future::pending::<Infallible>().await;
                    return None;
                }
                _ => {
                    if let Some(Fault::Delay(delay)) = &fault {
                        sleep(*delay).await;
                    }
                    let is_open = overlaps && fault.is_none() && is_transaction;
                    let closing = is_open.then(|| OpenTransaction { open: &self.open, keys: &keys });
                    if is_open {
                        sleep(TRANSACTION_DURATION).await;
                    }
                    let answered = match fault {
                        Some(Fault::EmptyPage) => self.empty_page(&parts, &request).await,
                        _ => self.read_or_write(&parts, &recorded.operation, &request).await,
                    };
                    drop(closing);
                    let (status, mut answer) = answered?;
                    if let Some(Fault::Missing(sort_key)) = &fault {
                        let is_strong = recorded.body.to_string().contains("\"ConsistentRead\":true");
                        assert!(!is_strong, "a strongly consistent read finds everything");
                        for items in answer["Responses"]
                            .as_object_mut()
                            .into_iter()
                            .flat_map(|tables| tables.values_mut())
                        {
                            items
                                .as_array_mut()
                                .expect("items")
                                .retain(|item| item["SK"]["S"] != json!(sort_key));
                        }
                    }
                    recorded.answer = answer.clone();
                    self.spend(&partitions, recorded.units());
                    if status.is_success() {
                        self.replicate(
                            &parts,
                            &keys,
                            self.replica.get().map_or(Duration::ZERO, |replica| *lock(&replica.lag)),
                        )
                        .await;
                    }
                    if unprocessed.is_object() {
                        answer["UnprocessedKeys"] = unprocessed;
                    }
                    (!matches!(fault, Some(Fault::LostResponse))).then_some((status, answer))
                }
            }
        };
        lock(&self.recorded).push(recorded);
        let (status, body) = answer?;
        respond(status, &body)
    }

    /// Begins a transaction with these items. If other transactions in progress have some of the items, it does not
    /// begin, and those items are returned.
    fn open(&self, keys: &[Value]) -> Vec<Value> {
        let mut open = lock(&self.open);
        let conflicting: Vec<Value> = keys.iter().filter(|key| open.contains(key)).cloned().collect();
        if conflicting.is_empty() {
            open.extend(keys.iter().cloned());
        }
        conflicting
    }

    /// Returns whether one of the partitions has consumed its capacity of this second.
    fn is_over(&self, partitions: &[String], most: f64) -> bool {
        let spent = lock(&self.spent);
        let in_this_second = |partition: &String| match spent.get(partition) {
            Some((since, units)) if since.elapsed() < Duration::from_secs(1) => *units,
            _ => 0.0,
        };
        partitions.iter().any(|partition| in_this_second(partition) >= most)
    }

    /// Records consumed units, divided equally among the partitions.
    fn spend(&self, partitions: &[String], units: f64) {
        let mut spent = lock(&self.spent);
        for partition in partitions {
            let (since, so_far) = spent.entry(partition.clone()).or_insert((Instant::now(), 0.0));
            if since.elapsed() >= Duration::from_secs(1) {
                (*since, *so_far) = (Instant::now(), 0.0);
            }
            *so_far += units / partitions.len() as f64;
        }
    }

    /// Sends a request to the table or, if it need not be strongly consistent, to the replica.
    async fn read_or_write(
        &self,
        parts: &http::request::Parts,
        operation: &str,
        request: &Value,
    ) -> Option<(StatusCode, Value)> {
        let Some(Replica { table: replica, .. }) = self.replica.get() else {
            return self.forward(parts, request).await;
        };
        let mut request = request.clone();
        if operation == "Query" && request["ConsistentRead"] != json!(true) {
            request["TableName"] = json!(replica);
        }
        let mut renamed = None;
        if operation == "BatchGetItem"
            && let Some(tables) = request["RequestItems"].as_object_mut()
            && let Some((table, batch)) =
                tables.iter().next().map(|(name, batch)| (name.clone(), batch.clone()))
            && batch["ConsistentRead"] != json!(true)
        {
            tables.clear();
            tables.insert(replica.clone(), batch);
            renamed = Some(table);
        }
        let (status, mut answer) = self.forward(parts, &request).await?;
        if let Some(table) = renamed {
            for part in ["Responses", "UnprocessedKeys"] {
                if let Some(found) = answer[part].as_object_mut().and_then(|tables| tables.remove(replica)) {
                    answer[part][&table] = found;
                }
            }
        }
        Some((status, answer))
    }

    /// Returns an empty page whose last evaluated key leads to the first item.
    async fn empty_page(&self, parts: &http::request::Parts, request: &Value) -> Option<(StatusCode, Value)> {
        let empty = |last: &Value| {
            let page = json!({ "Items": [], "Count": 0, "ScannedCount": 0, "LastEvaluatedKey": last });
            Some((StatusCode::OK, page))
        };
        if request["ExclusiveStartKey"].is_object() {
            return empty(&request["ExclusiveStartKey"]);
        }
        let mut first = request.clone();
        first["Limit"] = json!(1);
        let (status, answer) = self.forward(parts, &first).await?;
        let mut last = answer["LastEvaluatedKey"].clone();
        if !last.is_object() {
            return Some((status, answer));
        }
        // The key sorts immediately before the first item, in the direction of the query.
        let sort_key = request["IndexName"].as_str().map_or("SK".to_owned(), |index| format!("{index}SK"));
        let place = &mut last[sort_key]["S"];
        let mut text = place.as_str()?.to_owned();
        let end = text.pop()?;
        if request["ScanIndexForward"] == json!(false) {
            text.push(end);
            text.push('~');
        } else {
            text.push(char::from_u32(u32::from(end) - 1)?);
            text.push('~');
        }
        *place = json!(text);
        empty(&last)
    }

    /// Queues the written items for the replica.
    async fn replicate(&self, parts: &http::request::Parts, keys: &[Value], lag: Duration) {
        let Some(replica) = self.replica.get().filter(|_| !keys.is_empty()) else { return };
        let sender = replica.order.lock().await;
        let table = keys[0]["table"].as_str().unwrap_or_default();
        let mut wanted: Vec<&Value> = Vec::new();
        for key in keys {
            if !wanted.contains(&&key["key"]) {
                wanted.push(&key["key"]);
            }
        }
        let get = json!({ "RequestItems": { table: { "Keys": wanted, "ConsistentRead": true } } });
        let got = self.ask(parts, "BatchGetItem", &get).await.expect("the engine answers");
        let got = got["Responses"][table].as_array().cloned().unwrap_or_default();
        let item_of =
            |key: &Value| got.iter().find(|item| item["PK"] == key["PK"] && item["SK"] == key["SK"]);
        let items = wanted.into_iter().map(|key| (key.clone(), item_of(key).cloned())).collect();
        replica.written.send_modify(|count| *count += 1);
        _ = sender.send(Batch { due: Instant::now() + lag, items, parts: parts.clone() });
    }

    /// Writes items to the replica.
    async fn apply(&self, parts: &http::request::Parts, items: &[(Value, Option<Value>)]) {
        let Some(Replica { table, .. }) = self.replica.get() else { return };
        let write = |(key, item): &(Value, Option<Value>)| match item {
            Some(item) => json!({ "PutRequest": { "Item": item } }),
            None => json!({ "DeleteRequest": { "Key": key } }),
        };
        for items in items.chunks(25) {
            let writes: Vec<Value> = items.iter().map(write).collect();
            let done = self.ask(parts, "BatchWriteItem", &json!({ "RequestItems": { table: writes } })).await;
            assert!(done.is_some(), "the replica takes what the table took");
        }
    }

    /// Sends a request of the proxy's own to the engine.
    async fn ask(&self, parts: &http::request::Parts, operation: &str, body: &Value) -> Option<Value> {
        let mut parts = parts.clone();
        let target = format!("DynamoDB_20120810.{operation}").parse().ok()?;
        parts.headers.insert("x-amz-target", target);
        let (status, answer) = self.forward(&parts, body).await?;
        status.is_success().then_some(answer)
    }

    /// Sends a request to the engine, unless a transaction with the same client token was already committed.
    async fn forward(&self, parts: &http::request::Parts, body: &Value) -> Option<(StatusCode, Value)> {
        let token = body["ClientRequestToken"].as_str();
        if let Some(answer) = token.and_then(|token| lock(&self.committed).get(token).cloned()) {
            return Some((StatusCode::OK, answer));
        }
        let mut request = Request::builder().method(&parts.method).uri(format!("http://{}/", self.engine));
        for (name, value) in &parts.headers {
            if *name != header::CONTENT_LENGTH && *name != header::HOST {
                request = request.header(name, value);
            }
        }
        let answer = self.client.request(request.body(Full::from(body.to_string())).ok()?).await.ok()?;
        let status = answer.status();
        let answer = answer.into_body().collect().await.ok()?.to_bytes();
        let answer: Value = serde_json::from_slice(&answer).ok()?;
        if let Some(token) = token.filter(|_| status.is_success()) {
            lock(&self.committed).insert(token.to_owned(), answer.clone());
        }
        Some((status, answer))
    }
}

/// Returns the headers, the operation and the body of a request.
async fn read(request: Request<Incoming>) -> Option<(http::request::Parts, String, Value)> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.split('.').nth(1)).unwrap_or_default().to_owned();
    Some((parts, operation, serde_json::from_slice(&body).unwrap_or_default()))
}

fn respond(status: StatusCode, body: &Value) -> Option<Response<Full<Bytes>>> {
    Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
        .body(Full::from(body.to_string()))
        .ok()
}

/// Returns the table and the key of every item that a request writes or, in a transaction, checks, in order.
fn keys_written(operation: &str, body: &Value) -> Vec<Value> {
    let key = |table: &Value, item: &Value| json!({ "table": table, "key": { "PK": item["PK"], "SK": item["SK"] } });
    let of_write =
        |write: &Value| if write["Item"].is_object() { write["Item"].clone() } else { write["Key"].clone() };
    match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" => vec![key(&body["TableName"], &of_write(body))],
        "TransactWriteItems" => {
            let writes = body["TransactItems"].as_array().into_iter().flatten();
            let writes = writes.filter_map(|write| write.as_object()?.values().next());
            writes.map(|write| key(&write["TableName"], &of_write(write))).collect()
        }
        "BatchWriteItem" => {
            let tables = body["RequestItems"].as_object().into_iter().flatten();
            let writes = tables.flat_map(|(table, writes)| {
                writes.as_array().into_iter().flatten().map(move |write| (json!(table), write))
            });
            let writes =
                writes.filter_map(|(table, write)| Some((table, write.as_object()?.values().next()?)));
            writes.map(|(table, write)| key(&table, &of_write(write))).collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the partition keys that a request reads or writes, without duplicates.
fn partitions(body: &Value, keys: &[Value]) -> Vec<String> {
    let written = keys.iter().map(|key| &key["key"]["PK"]["S"]);
    let queried = [&body["ExpressionAttributeValues"][":pk"]["S"]].into_iter();
    let tables = body["RequestItems"].as_object().into_iter().flatten();
    let read = tables
        .flat_map(|(_, batch)| batch["Keys"].as_array().into_iter().flatten())
        .map(|key| &key["PK"]["S"]);
    let all = written.chain(queried).chain(read).filter_map(Value::as_str).map(ToOwned::to_owned);
    all.collect::<BTreeSet<String>>().into_iter().collect()
}

/// Returns the response to a cancelled transaction, with a reason code for each write.
fn cancelled(codes: impl Iterator<Item = &'static str>) -> (StatusCode, Value) {
    let reasons: Vec<Value> = codes.map(|code| json!({ "Code": code })).collect();
    let reasons = json!({ "CancellationReasons": reasons });
    refuse(StatusCode::BAD_REQUEST, "TransactionCanceledException", reasons)
}

/// Returns an error response of DynamoDB.
fn refuse(status: StatusCode, code: &str, mut body: Value) -> (StatusCode, Value) {
    body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{code}"));
    body["message"] = json!("injected");
    (status, body)
}

/// Removes the matching keys from a batch, and returns them in the form of DynamoDB's unprocessed keys.
fn withhold(request: &mut Value, matches: impl Fn(&Value) -> bool) -> Value {
    let mut withheld = json!({});
    let Some(tables) = request["RequestItems"].as_object_mut() else { return withheld };
    for (table, batch) in tables.iter_mut() {
        let keys = batch["Keys"].as_array().cloned().unwrap_or_default();
        let (out, left): (Vec<_>, Vec<_>) = keys.into_iter().partition(&matches);
        if !out.is_empty() {
            withheld[table] = batch.clone();
            withheld[table]["Keys"] = json!(out);
        }
        batch["Keys"] = json!(left);
    }
    tables.retain(|_, batch| batch["Keys"] != json!([]));
    withheld
}
