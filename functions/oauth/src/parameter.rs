//! The parameters of forms and of pages, as the API description has them (RFC 6749 appendix A).

use padron_http::ParameterDescription;
use serde_json::{Value, json};

/// Id of the app.
pub(crate) const CLIENT_ID: ParameterDescription =
    ParameterDescription::optional("client_id", "Id of the app, unless `Authorization` has it");
/// Secret of the app.
pub(crate) const CLIENT_SECRET: ParameterDescription = ParameterDescription::optional(
    "client_secret",
    "Secret of the app, unless `Authorization` has it, or the app is public",
);
/// A token that the request is about.
pub(crate) const TOKEN: ParameterDescription =
    ParameterDescription::required("token", "The access token or the refresh token").with_schema(not_empty);
/// What a token is said to be.
pub(crate) const TOKEN_TYPE_HINT: ParameterDescription = ParameterDescription::optional(
    "token_type_hint",
    "What the token is said to be, which is ignored: the token itself tells",
);
/// The authorization request that a page carries.
pub(crate) const REQUEST: ParameterDescription =
    ParameterDescription::required("request", "The authorization request, encrypted, as the page has it")
        .with_schema(not_empty);
/// The value that ties a form to the browser that it was sent to.
pub(crate) const FORM_TOKEN: ParameterDescription = ParameterDescription::required(
    "form_token",
    "Ties the form to the browser that it was sent to, as the page has it",
)
.with_schema(not_empty);

/// Returns the JSON schema of a text that is not empty.
pub(crate) fn not_empty() -> Value {
    json!({ "type": "string", "minLength": 1 })
}
