//! The endpoint `GET /organizations/{organizationId}/api-keys/{keyId}`, which returns an API key without its text.

use padron_domain::{Error, Scope};
use padron_dto::ApiKeyResponse;
use padron_http::{Context, Endpoint, NoInput, Route, Versioned};
use padron_store::StoredApiKey;

use crate::{access::KeyAdmin, response::show_versioned};

/// The endpoint that returns an API key.
#[derive(Debug)]
pub struct GetApiKey;

impl Endpoint for GetApiKey {
    const ROUTE: Route = Route::get("get-api-key", "/organizations/{organizationId}/api-keys/{keyId}");
    const SUMMARY: &'static str = "Returns an API key of an organization";
    const SCOPE: Option<Scope> = Some(Scope::ReadApiKeys);
    const ACCEPTS_KEYS: bool = true;
    type Access = KeyAdmin<StoredApiKey>;
    type Input = NoInput;
    type Output = Versioned<ApiKeyResponse>;

    async fn handle(
        cx: &Context<'_>,
        admin: KeyAdmin<StoredApiKey>,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let (_, stored) = admin.with_resource()?;
        stored.require_retained(cx.now())?;
        Ok(show_versioned(stored, cx.now()))
    }
}
