//! The queue of the deliveries to webhooks: an Amazon SQS queue of the type FIFO.
//!
//! A message tells that a delivery can be attempted now. It is a hint: the table has all that is to be done, and a message that is lost only
//! delays an attempt.

mod message;
mod queue;

pub use message::{DeliveryMessage, ReceivedMessage, received_messages};
pub use queue::DeliveryQueue;
