//! A queue of Amazon SQS of the type FIFO, in memory.
//!
//! It has groups, deduplication and a visibility timeout. Of SQS's interface, it has `SendMessageBatch`; messages are received by the
//! emulation of Lambda's event source.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use padron_domain::{Clock, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::web_server::WebServer;

/// The time within which a message with the same deduplication id is not queued again.
const DEDUPLICATION: Duration = Duration::from_secs(5 * 60);

/// A queue, with the web server that it is sent messages through. It is stopped when it is dropped.
#[derive(Debug)]
pub struct FifoQueue {
    server: WebServer,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    visibility_timeout: Duration,
    state: Mutex<State>,
    /// Notified when a message may have become visible.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The messages in the order in which they were sent, including those in flight.
    messages: VecDeque<Message>,
    /// When a deduplication id was last accepted.
    accepted: HashMap<String, Timestamp>,
    /// The number of requests that are still to be refused.
    refusals: u32,
    /// The number of requests since they were last counted.
    requests: u32,
}

#[derive(Clone, Debug)]
struct Message {
    id: String,
    group: String,
    body: String,
    sent_at: Timestamp,
    receive_count: u32,
    /// Until when the message, and with it its group, is hidden; `None` if it is not in flight.
    hidden_until: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SendMessageBatch {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    id: String,
    message_body: String,
    message_group_id: String,
    message_deduplication_id: String,
}

/// A message that was received and must be deleted once it is handled.
#[derive(Debug)]
pub struct Received {
    /// The event that Lambda passes to a function.
    pub payload: Value,
    id: String,
}

impl FifoQueue {
    /// Starts an empty queue. A message that is received and not deleted is received again after the visibility timeout.
    pub async fn start(clock: &Clock, visibility_timeout: Duration) -> Self {
        let state = Mutex::default();
        let shared =
            Arc::new(Shared { clock: clock.clone(), visibility_timeout, state, changed: Notify::new() });
        let served = shared.clone();
        let server = WebServer::start(move |request| respond(served.clone(), request)).await;
        Self { server, shared }
    }

    /// Returns the endpoint of SQS for clients of this queue.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Returns the URL of the queue.
    pub fn url(&self) -> String {
        format!("{}/123456789012/deliveries.fifo", self.endpoint())
    }

    /// Receives the first visible message; `None` if there is none. No other message of its group is received before it is deleted, or its
    /// visibility timeout has passed.
    pub fn receive(&self) -> Option<Received> {
        let now = self.shared.clock.now();
        let mut state = self.shared.lock();
        let is_hidden = |message: &Message| message.hidden_until.is_some_and(|until| now < until);
        let busy: Vec<String> = state
            .messages
            .iter()
            .filter(|message| is_hidden(message))
            .map(|message| message.group.clone())
            .collect();
        let message = state.messages.iter_mut().find(|message| !busy.contains(&message.group))?;
        message.receive_count += 1;
        message.hidden_until = Some(now.plus(self.shared.visibility_timeout));
        let Message { id, group, body, sent_at, receive_count, .. } = message.clone();
        let payload = json!({ "Records": [{
            "messageId": id,
            "receiptHandle": id,
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": receive_count.to_string(),
                "SentTimestamp": sent_at.millis().to_string(),
                "MessageGroupId": group,
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:deliveries.fifo",
            "awsRegion": "us-east-1",
        }] });
        Some(Received { payload, id })
    }

    /// Deletes a message that was handled.
    pub fn delete(&self, received: &Received) {
        self.shared.lock().messages.retain(|message| message.id != received.id);
        self.shared.changed.notify_one();
    }

    /// Waits until a message may be visible that was not before.
    pub async fn changed(&self) {
        self.shared.changed.notified().await;
    }

    /// Returns the number of messages, including those in flight.
    pub fn len(&self) -> usize {
        self.shared.lock().messages.len()
    }

    /// Returns whether there are no messages.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Loses all messages.
    pub fn clear(&self) {
        self.shared.lock().messages.clear();
    }

    /// Returns the number of requests since the last call of this function.
    pub fn take_requests(&self) -> u32 {
        std::mem::take(&mut self.shared.lock().requests)
    }

    /// Refuses the next requests.
    pub fn refuse(&self, requests: u32) {
        self.shared.lock().refusals = requests;
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues the messages of a batch that were not queued before.
    fn accept(&self, batch: SendMessageBatch) -> Value {
        let now = self.clock.now();
        let mut state = self.lock();
        state.accepted.retain(|_, at| now < at.plus(DEDUPLICATION));
        let mut successful = Vec::with_capacity(batch.entries.len());
        for Entry { id, message_body, message_group_id, message_deduplication_id } in batch.entries {
            let message_id = Uuid::new_v4().to_string();
            successful.push(
                json!({ "Id": id, "MessageId": message_id, "MD5OfMessageBody": "", "SequenceNumber": "1" }),
            );
            if state.accepted.insert(message_deduplication_id, now).is_none() {
                state.messages.push_back(Message {
                    id: message_id,
                    group: message_group_id,
                    body: message_body,
                    sent_at: now,
                    receive_count: 0,
                    hidden_until: None,
                });
            }
        }
        self.changed.notify_one();
        json!({ "Successful": successful, "Failed": [] })
    }
}

/// Answers a request of a client of SQS, in its JSON protocol.
async fn respond(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let is_refused = {
        let mut state = shared.lock();
        state.requests += 1;
        let is_refused = state.refusals > 0;
        state.refusals = state.refusals.saturating_sub(1);
        is_refused
    };
    let target =
        parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let (status, answer) = match serde_json::from_slice(&body) {
        _ if is_refused => (StatusCode::INTERNAL_SERVER_ERROR, json!({ "__type": "InternalError" })),
        Ok(batch) if target == "AmazonSQS.SendMessageBatch" => (StatusCode::OK, shared.accept(batch)),
        _ => (StatusCode::BAD_REQUEST, json!({ "__type": "com.amazonaws.sqs#UnsupportedOperation" })),
    };
    let mut response = Response::new(Full::from(answer.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert("content-type", http::HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}
