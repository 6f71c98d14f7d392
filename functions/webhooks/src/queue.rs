//! The queue of deliveries, and the deliveries that are sent to it.

use padron_domain::{Delivery, Error, FIRST_SWEEP, Timestamp};
use padron_http::Environment;
use padron_queue::{DeliveryMessage, DeliveryQueue};
use padron_store::Store;
use tokio::time::Instant;

use crate::schedule;

/// Returns the queue; `None` if the installation has none.
pub(crate) fn connect(environment: &Environment) -> Result<Option<DeliveryQueue>, Error> {
    let Some(location) = &environment.options().delivery_queue else { return Ok(None) };
    let connect = || Ok(DeliveryQueue::connect(&location.connection, &location.url));
    environment.get_or_create(connect).map(Some)
}

/// Sends messages, and returns whether the queue has taken them by `deadline`. If it has not, the next sweep sends others. An installation
/// without a queue leaves all messages to the sweep.
pub(crate) async fn send(
    environment: &Environment,
    messages: &[DeliveryMessage],
    deadline: Instant,
) -> Result<bool, Error> {
    if messages.is_empty() {
        return Ok(true);
    }
    let Some(queue) = connect(environment)? else { return Ok(true) };
    Ok(queue.send(messages, deadline).await.is_ok())
}

/// Returns when a delivery is sent to the queue again, if no attempt was made.
fn first_sweep(environment: &Environment, delivery: &Delivery) -> Timestamp {
    let attempt_at = delivery.next_attempt_at.unwrap_or(delivery.queued_at);
    schedule::after(environment, attempt_at, FIRST_SWEEP)
}

/// Creates a delivery that is to be attempted now, and returns `false` if it exists. If its message is lost, a sweep sends another one.
pub(crate) async fn create_delivery(
    store: &Store,
    environment: &Environment,
    delivery: &Delivery,
) -> Result<bool, Error> {
    store.create_delivery(delivery, first_sweep(environment, delivery)).await
}

/// Replaces a delivery by its next version, which is to be attempted now, and returns `false` if it has changed. If its message is lost, a
/// sweep sends another one.
pub(crate) async fn replace_delivery(
    store: &Store,
    environment: &Environment,
    delivery: &Delivery,
) -> Result<bool, Error> {
    store.replace_delivery(delivery, Some(first_sweep(environment, delivery))).await
}
