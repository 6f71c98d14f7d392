//! The messages that webhooks get.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use padron_domain::{Error, Event, EventId, Timestamp};
use padron_dto::WebhookMessage;
use padron_outbound::Request;
use padron_store::WebhookSecretMaterial;

use crate::signature;

/// A message, which has the same id and body at each attempt.
pub(crate) struct Message {
    /// The id of the event.
    id: EventId,
    /// The body, a JSON object.
    body: String,
}

impl Message {
    /// Creates the message of an event.
    pub(crate) fn of(event: &Event) -> Result<Self, Error> {
        Self::new(&event.into())
    }

    /// Creates a message with this body.
    pub(crate) fn new(body: &WebhookMessage) -> Result<Self, Error> {
        let json = serde_json::to_string(body).map_err(|_| Error::internal("a message is not JSON"))?;
        Ok(Self { id: body.id, body: json })
    }

    /// Returns the body.
    pub(crate) fn into_body(self) -> String {
        self.body
    }

    /// Returns the id of the message: `evt_` and the 32 hex digits of the event's UUID.
    fn id(&self) -> String {
        format!("evt_{}", self.id.uuid().simple())
    }

    /// Returns the signed request of an attempt at `now`.
    pub(crate) fn request(
        self,
        secrets: &[WebhookSecretMaterial],
        attempt: u32,
        now: Timestamp,
    ) -> Result<Request, Error> {
        let (id, timestamp) = (self.id(), now.seconds());
        let signature = signature::sign(secrets, &id, timestamp, self.body.as_bytes())?;
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/json".to_owned()),
            ("user-agent", "Padron-Webhooks/1".to_owned()),
            ("webhook-id", id),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signature),
            ("webhook-attempt", attempt.to_string()),
        ] {
            let value = HeaderValue::try_from(value).map_err(|_| Error::internal("an invalid header"))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(Request { method: Method::POST, headers, body: self.body.into() })
    }
}
