//! The queue of deliveries, and the deliveries that are sent to it.

use padron_domain::{Delivery, Error, FIRST_SWEEP};
use padron_http::{Context, Environment};
use padron_queue::{DeliveryMessage, DeliveryQueue};
use padron_store::Store;

use crate::schedule;

/// Returns the queue; `None` if the installation has none.
pub(crate) fn connect(environment: &Environment) -> Result<Option<DeliveryQueue>, Error> {
    let Some(location) = &environment.options().delivery_queue else { return Ok(None) };
    let connect = || Ok(DeliveryQueue::connect(&location.connection, &location.url));
    environment.get_or_create(connect).map(Some)
}

/// Sends the messages of deliveries of a request. If the queue does not take them, the next sweep sends others.
pub(crate) async fn send(cx: &Context<'_>, messages: &[DeliveryMessage]) -> Result<(), Error> {
    if let Some(queue) = connect(cx.environment())? {
        _ = queue.send(messages, cx.deadline()).await;
    }
    Ok(())
}

/// Creates a delivery that is to be attempted now, and returns `false` if it exists. If its message is lost, a sweep sends another one.
pub(crate) async fn create_delivery(
    store: &Store,
    environment: &Environment,
    delivery: &Delivery,
) -> Result<bool, Error> {
    let due_at = schedule::after(environment, delivery.queued_at, FIRST_SWEEP);
    store.create_delivery(delivery, due_at).await
}

/// Replaces a delivery by its next version, which is to be attempted now, and returns `false` if it has changed. If its message is lost, a
/// sweep sends another one.
pub(crate) async fn replace_delivery(
    store: &Store,
    environment: &Environment,
    delivery: &Delivery,
) -> Result<bool, Error> {
    let queued_at = delivery.next_attempt_at.unwrap_or(delivery.queued_at);
    let due_at = schedule::after(environment, queued_at, FIRST_SWEEP);
    store.replace_delivery(delivery, Some(due_at)).await
}
