//! A proxy between the SDK and the engine, which records requests and injects faults.
//!
//! The engine ignores `ConsistentRead`. It has no throttling, no conflicts, no unprocessed keys, no index lag, and no
//! idempotent transactions by client token. DynamoDB has all of these.

mod fault;
mod message;
mod recorded;
mod replica;

use std::{
    collections::{BTreeSet, HashMap},
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

pub use self::{fault::Fault, recorded::Recorded};
use self::{
    fault::FaultPlan,
    message::{cancelled, keys_written, partitions, read, refuse, respond, withhold},
    replica::{Batch, Replica},
};

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

    /// Drops the faults that were not injected yet, and returns their number.
    pub fn clear_faults(&self) -> usize {
        std::mem::take(&mut lock(&self.shared.script).next).len()
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
                    let response =
                        if with_faults { shared.response(request).await } else { shared.pass(request).await };
                    response.ok_or(Broken)
                }
            });
            // A service that fails breaks the connection, which is what some faults need.
            _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// The error that breaks a connection.
#[derive(Debug)]
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
        let (status, response) = self.forward(&parts, &body).await?;
        if status.is_success() {
            self.replicate(&parts, &keys_written(&operation, &body), Duration::ZERO).await;
        }
        respond(status, &response)
    }

    /// Returns the response to a request, with faults; `None` breaks the connection.
    async fn response(&self, request: Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        let (parts, operation, body) = read(request).await?;
        let mut recorded = Recorded { operation, body, response: Value::Null };
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
            Some(Fault::ThrottledUpdate) if recorded.operation == "UpdateItem" => {
                Some(refuse(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException", json!({})))
            }
            Some(Fault::Throttle) => {
                Some(refuse(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException", json!({})))
            }
            Some(Fault::ServerError) => {
                Some(refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", json!({})))
            }
            Some(Fault::Conflict(index)) if is_transaction => {
                let code = |at| if at == *index { "TransactionConflict" } else { "None" };
                Some(cancelled((0..keys.len()).map(code)))
            }
            Some(Fault::ConditionFailed(index)) if is_transaction && *index < keys.len() => {
                let code = |at| if at == *index { "ConditionalCheckFailed" } else { "None" };
                Some(cancelled((0..keys.len()).map(code)))
            }
            Some(Fault::ConditionFailed(0))
                if recorded.operation == "PutItem" && request["ConditionExpression"].is_string() =>
            {
                Some(refuse(StatusCode::BAD_REQUEST, "ConditionalCheckFailedException", json!({})))
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
        let response = if let Some(refused) = refused {
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
                    let (status, mut response) = answered?;
                    if let Some(Fault::Missing(sort_key)) = &fault {
                        let is_strong = recorded.body.to_string().contains("\"ConsistentRead\":true");
                        assert!(!is_strong, "a strongly consistent read finds everything");
                        for items in response["Responses"]
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
                    recorded.response = response.clone();
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
                        response["UnprocessedKeys"] = unprocessed;
                    }
                    (!matches!(fault, Some(Fault::LostResponse))).then_some((status, response))
                }
            }
        };
        lock(&self.recorded).push(recorded);
        let (status, body) = response?;
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
        let (status, response) = self.forward(parts, &first).await?;
        let mut last = response["LastEvaluatedKey"].clone();
        if !last.is_object() {
            return Some((status, response));
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

    /// Sends a request of the proxy's own to the engine.
    async fn ask(&self, parts: &http::request::Parts, operation: &str, body: &Value) -> Option<Value> {
        let mut parts = parts.clone();
        let target = format!("DynamoDB_20120810.{operation}").parse().ok()?;
        parts.headers.insert("x-amz-target", target);
        let (status, response) = self.forward(&parts, body).await?;
        status.is_success().then_some(response)
    }

    /// Sends a request to the engine, unless a transaction with the same client token was already committed.
    async fn forward(&self, parts: &http::request::Parts, body: &Value) -> Option<(StatusCode, Value)> {
        let token = body["ClientRequestToken"].as_str();
        if let Some(response) = token.and_then(|token| lock(&self.committed).get(token).cloned()) {
            return Some((StatusCode::OK, response));
        }
        let mut request = Request::builder().method(&parts.method).uri(format!("http://{}/", self.engine));
        for (name, value) in &parts.headers {
            if *name != header::CONTENT_LENGTH && *name != header::HOST {
                request = request.header(name, value);
            }
        }
        let response = self.client.request(request.body(Full::from(body.to_string())).ok()?).await.ok()?;
        let status = response.status();
        let response = response.into_body().collect().await.ok()?.to_bytes();
        let response: Value = serde_json::from_slice(&response).ok()?;
        if let Some(token) = token.filter(|_| status.is_success()) {
            lock(&self.committed).insert(token.to_owned(), response.clone());
        }
        Some((status, response))
    }
}
