//! The parameters of forms and of pages, as the API description has them (RFC 6749 appendix A).

use padron_http::{ParameterDescription, text_schema};
use serde_json::{Value, json};

/// Id of the app.
pub(crate) const CLIENT_ID: ParameterDescription = ParameterDescription {
    name: "client_id",
    description: "Id of the app, unless `Authorization` has it",
    is_required: false,
    schema: text_schema,
};
/// Secret of the app.
pub(crate) const CLIENT_SECRET: ParameterDescription = ParameterDescription {
    name: "client_secret",
    description: "Secret of the app, unless `Authorization` has it, or the app is public",
    is_required: false,
    schema: text_schema,
};
/// A token that the request is about.
pub(crate) const TOKEN: ParameterDescription = ParameterDescription {
    name: "token",
    description: "The access token or the refresh token",
    is_required: true,
    schema: not_empty,
};
/// What a token is said to be.
pub(crate) const TOKEN_TYPE_HINT: ParameterDescription = ParameterDescription {
    name: "token_type_hint",
    description: "What the token is said to be, which is ignored: the token itself tells",
    is_required: false,
    schema: text_schema,
};
/// The authorization request that a page carries.
pub(crate) const REQUEST: ParameterDescription = ParameterDescription {
    name: "request",
    description: "The authorization request, encrypted, as the page has it",
    is_required: true,
    schema: not_empty,
};
/// The value that ties a form to the browser that it was sent to.
pub(crate) const FORM_TOKEN: ParameterDescription = ParameterDescription {
    name: "form_token",
    description: "Ties the form to the browser that it was sent to, as the page has it",
    is_required: true,
    schema: not_empty,
};

/// Returns the JSON schema of a text that is not empty.
pub(crate) fn not_empty() -> Value {
    json!({ "type": "string", "minLength": 1 })
}
