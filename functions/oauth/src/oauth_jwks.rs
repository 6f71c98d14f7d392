//! The endpoint `GET /oauth/jwks`, which publishes the keys that access tokens are verified with (RFC 7517).

use padron_domain::{Error, Scope};
use padron_http::{Anonymous, Context, Endpoint, NoInput, Public, Route, jwks};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// The endpoint that publishes the public keys.
#[derive(Debug)]
pub struct OauthJwks;

/// A JSON Web Key Set.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "JsonWebKeySet")]
pub struct KeySetResponse {
    /// Public keys: RSA keys for RS256.
    #[schemars(with = "Vec<serde_json::Map<String, Value>>")]
    keys: Value,
}

impl Endpoint for OauthJwks {
    const ROUTE: Route = Route::get("oauth-jwks", "/oauth/jwks");
    const SUMMARY: &'static str =
        "Returns the public keys that the access tokens of OAuth apps are verified with";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const ACTIONS: &'static [&'static [Action]] = &[Store::SIGNING_KEYS];
    type Access = Anonymous;
    type Input = NoInput;
    type Output = Public<KeySetResponse>;

    async fn handle(cx: &Context<'_>, _: Anonymous, _: NoInput) -> Result<Self::Output, Error> {
        let keys = cx.signing_keys(None).await?;
        Ok(Public(KeySetResponse { keys: jwks(&keys.set)["keys"].take() }))
    }
}
