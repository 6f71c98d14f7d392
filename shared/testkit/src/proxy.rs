//! A proxy between the SDK and the engine: it records what is asked, and fails where it is told to.
//!
//! The engine ignores `ConsistentRead` and knows no throttling, no conflicts, no unprocessed keys, and no transaction that
//! is sent again under its token; AWS does.

use std::{
    collections::{HashMap, VecDeque},
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
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
use tokio::{net::TcpListener, task::JoinHandle};

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// DynamoDB turns it away for being too busy.
    Throttle,
    /// DynamoDB fails.
    ServerError,
    /// The transaction is cancelled: its write at this index met another transaction.
    Conflict(usize),
    /// The batch leaves the key with this sort key unprocessed.
    Unprocessed(String),
    /// The batch leaves every key unprocessed.
    AllUnprocessed,
    /// The request arrives late.
    Delay(Duration),
    /// No answer comes, and the connection stays open.
    Hang,
    /// The connection breaks before the request arrives.
    Reset,
    /// The request is worked on, but the connection breaks before its answer arrives.
    LostResponse,
}

/// A request that reached the proxy.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// `BatchGetItem`, …
    pub operation: String,
    /// Its body.
    pub body: Value,
    /// The engine's answer; null where a fault stood before it.
    pub answer: Value,
}

impl Recorded {
    /// The capacity units that the answer reports, index units included.
    pub fn units(&self) -> f64 {
        let consumed = &self.answer["ConsumedCapacity"];
        let tables = consumed.as_array().cloned().unwrap_or_else(|| vec![consumed.clone()]);
        tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum()
    }

    /// The IAM actions that the request needs, each with the index it reads, if any.
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

/// The proxy. Dropping it stops it.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    engine: SocketAddr,
    client: Client<HttpConnector, Full<Bytes>>,
    script: Mutex<Script>,
    recorded: Mutex<Vec<Recorded>>,
    /// What transactions were answered, by their tokens.
    committed: Mutex<HashMap<String, Value>>,
}

#[derive(Debug, Default)]
struct Script {
    next: VecDeque<Fault>,
    always: Option<Fault>,
    /// Every so many transactions, one meets another.
    conflicts: Option<usize>,
    transactions: usize,
}

impl FaultProxy {
    /// Starts a proxy before the engine at this address.
    pub async fn start(engine: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let shared = Arc::new(Shared {
            engine,
            client: Client::builder(TokioExecutor::new()).build_http(),
            script: Mutex::default(),
            recorded: Mutex::default(),
            committed: Mutex::default(),
        });
        let serving = tokio::spawn(serve(listener, shared.clone()));
        Self { address, shared, serving }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next requests meet these faults, one each, in order; those after them none.
    pub fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        lock(&self.shared.script).next.extend(faults);
    }

    /// Every request from now on meets this fault, once those of [`FaultProxy::inject`] are used up; `None`: no more.
    pub fn always(&self, fault: Option<Fault>) {
        lock(&self.shared.script).always = fault;
    }

    /// Every so many transactions from now on, one is cancelled for having met another; `None`: none is.
    pub fn conflict_every(&self, transactions: Option<usize>) {
        lock(&self.shared.script).conflicts = transactions;
    }

    /// What was asked since the last call of this, in order.
    pub fn take_recorded(&self) -> Vec<Recorded> {
        std::mem::take(&mut lock(&self.shared.recorded))
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let shared = shared.clone();
                async move { shared.answer(request).await.ok_or(Broken) }
            });
            // A service that fails breaks the connection: just what some faults want.
            _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

#[derive(Debug)]
struct Broken;
impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is to break")
    }
}
impl std::error::Error for Broken {}

impl Shared {
    /// The answer; `None` breaks the connection.
    async fn answer(&self, request: Request<Incoming>) -> Option<Response<Full<Bytes>>> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let operation = target.and_then(|target| target.split('.').nth(1)).unwrap_or_default().to_owned();
        let mut recorded = Recorded {
            operation,
            body: serde_json::from_slice(&body).unwrap_or_default(),
            answer: Value::Null,
        };
        let fault = {
            let mut script = lock(&self.script);
            let mut conflict = None;
            if let Some(every) = script.conflicts.filter(|_| recorded.operation == "TransactWriteItems") {
                script.transactions += 1;
                conflict = script.transactions.is_multiple_of(every).then_some(Fault::Conflict(0));
            }
            script.next.pop_front().or(conflict).or_else(|| script.always.clone())
        };
        let mut request = recorded.body.clone();
        let mut unprocessed = Value::Null;
        let refused = match &fault {
            Some(Fault::Throttle) => {
                Some(refuse(StatusCode::BAD_REQUEST, "ProvisionedThroughputExceededException", json!({})))
            }
            Some(Fault::ServerError) => {
                Some(refuse(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", json!({})))
            }
            Some(Fault::Conflict(index)) => {
                let writes = request["TransactItems"].as_array().map_or(0, Vec::len);
                let code = |at| if at == *index { "TransactionConflict" } else { "None" };
                let reasons: Vec<_> = (0..writes).map(|at| json!({ "Code": code(at) })).collect();
                let reasons = json!({ "CancellationReasons": reasons });
                Some(refuse(StatusCode::BAD_REQUEST, "TransactionCanceledException", reasons))
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
                        tokio::time::sleep(*delay).await;
                    }
                    let (status, mut answer) = self.forward(&parts, &request).await?;
                    recorded.answer = answer.clone();
                    if unprocessed.is_object() {
                        answer["UnprocessedKeys"] = unprocessed;
                    }
                    (!matches!(fault, Some(Fault::LostResponse))).then_some((status, answer))
                }
            }
        };
        lock(&self.recorded).push(recorded);
        let (status, body) = answer?;
        Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.0")
            .body(Full::from(body.to_string()))
            .ok()
    }

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

fn refuse(status: StatusCode, code: &str, mut body: Value) -> (StatusCode, Value) {
    body["__type"] = json!(format!("com.amazonaws.dynamodb.v20120810#{code}"));
    body["message"] = json!("injected");
    (status, body)
}

/// Takes the matching keys out of a batch, and gives them back as DynamoDB lists unprocessed ones.
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
