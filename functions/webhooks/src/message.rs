//! The messages that webhooks get.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use padron_domain::{Error, EventId, Timestamp};
use padron_outbound::Request;
use padron_store::WebhookSecretMaterial;

use crate::signature;

/// A message, which has the same id and body at each attempt.
pub(crate) struct Message {
    /// The id of the event.
    pub(crate) id: EventId,
    /// The body, a JSON object.
    pub(crate) body: String,
}

impl Message {
    /// Returns the id of the message: `evt_` and the 32 hex digits of the event's UUID.
    pub(crate) fn id(&self) -> String {
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
