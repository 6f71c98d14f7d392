//! API keys in responses, with what is stored beside them.

use padron_domain::Timestamp;
use padron_dto::ApiKeyResponse;
use padron_http::Versioned;
use padron_store::StoredApiKey;
use schemars::JsonSchema;
use serde::Serialize;

/// A new API key with its text. Only the response that creates the key contains the text.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IssuedApiKey")]
#[serde(rename_all = "camelCase")]
pub struct IssuedApiKey {
    /// The key.
    #[serde(flatten)]
    pub(crate) api_key: ApiKeyResponse,
    /// Text of the key, to be sent in `X-API-Key`. No later request returns it; keep it in a safe place.
    pub(crate) key: String,
}

/// Omits the text.
impl std::fmt::Debug for IssuedApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedApiKey").field("api_key", &self.api_key).finish_non_exhaustive()
    }
}

/// Returns the response for a stored key at `now`.
pub(crate) fn show(stored: StoredApiKey, now: Timestamp) -> ApiKeyResponse {
    ApiKeyResponse::new(stored.key, stored.last_used_at, now)
}

/// Returns the response for a stored key at `now`, with its entity tag.
pub(crate) fn show_versioned(stored: StoredApiKey, now: Timestamp) -> Versioned<ApiKeyResponse> {
    Versioned { version: stored.key.version, body: show(stored, now) }
}
