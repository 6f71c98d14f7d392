//! The client of the queue.

use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::{Client, types::SendMessageBatchRequestEntry};
use padron_domain::Error;
use padron_store::{Action, Connection, sdk_config};
use tokio::time::{Instant, timeout_at};

use crate::message::DeliveryMessage;

/// The queue of the deliveries to webhooks.
#[derive(Clone, Debug)]
pub struct DeliveryQueue {
    client: Client,
    url: Arc<str>,
}

/// The maximum number of messages that SQS takes in one request.
const BATCH: usize = 10;
/// The maximum time for sending one batch.
const TIME_LIMIT: Duration = Duration::from_secs(5);

impl DeliveryQueue {
    /// The IAM actions of [`DeliveryQueue::send`].
    pub const SEND: &'static [Action] = &[Action::SEND_DELIVERIES];

    /// Creates the client of the queue with this URL. It connects when the first message is sent.
    pub fn connect(connection: &Connection, url: &str) -> Self {
        Self { client: Client::new(&sdk_config(connection)), url: url.into() }
    }

    /// Sends messages, those of a group in their order.
    ///
    /// # Errors
    ///
    /// Fails if the queue has not taken all messages by `deadline`. Those that were not taken may be sent again.
    pub async fn send(&self, messages: &[DeliveryMessage], deadline: Instant) -> Result<(), Error> {
        for batch in messages.chunks(BATCH) {
            let deadline = deadline.min(Instant::now() + TIME_LIMIT);
            let entries: Vec<_> = (batch.iter().enumerate())
                .map(|(index, message)| entry(index, message))
                .collect::<Result<_, Error>>()?;
            let call =
                self.client.send_message_batch().queue_url(&*self.url).set_entries(Some(entries)).send();
            let output =
                timeout_at(deadline, call).await.map_err(|_| unavailable())?.map_err(|_| unavailable())?;
            if !output.failed.is_empty() {
                return Err(unavailable());
            }
        }
        Ok(())
    }
}

fn unavailable() -> Error {
    Error::unavailable("the queue has not taken all messages")
}

fn entry(index: usize, message: &DeliveryMessage) -> Result<SendMessageBatchRequestEntry, Error> {
    let body = serde_json::to_string(message).map_err(|_| Error::internal("a message is not JSON"))?;
    SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(body)
        .message_group_id(message.group_id())
        .message_deduplication_id(message.deduplication_id())
        .build()
        .map_err(|_| Error::internal("a message without a body"))
}
