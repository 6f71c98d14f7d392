//! OAuth apps in responses, and what the bodies that create and change them share.

use std::borrow::Cow;

use padron_domain::{
    Actor, ClientType, LINE_PATTERN, MAX_REDIRECT_URIS, MAX_URL_LENGTH, OauthApp, OauthClientId,
    OrganizationId, Scope, Scopes, Timestamp,
};
use padron_http::Versioned;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

/// An OAuth app, without its secret.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OauthApp")]
#[serde(rename_all = "camelCase")]
pub struct OauthAppResponse {
    /// Id of the app: its `client_id`.
    client_id: OauthClientId,
    /// UUID of the organization.
    // Always there: an app without an organization is no organization's to read.
    #[schemars(with = "String", extend("format" = "uuid"))]
    organization_id: Option<OrganizationId>,
    /// Name of the app.
    name: String,
    /// Description of the app; `null` if there is none.
    description: Option<String>,
    /// Redirect URIs of the app.
    redirect_uris: Vec<String>,
    /// Scopes that the app can be granted.
    scopes: Scopes,
    /// Type of the client: `confidential` if it keeps a secret, else `public`. It never changes.
    #[schemars(extend("enum" = ClientType::ALL.map(ClientType::name)))]
    r#type: &'static str,
    /// When the previous secret stops working; `null` if there is none.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    previous_secret_ends_at: Option<Timestamp>,
    /// Who created the app: the UUID of a user, or `app:` and the id of an OAuth app.
    #[schemars(with = "String")]
    created_by: Actor,
    /// When the app was created.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// When the app was last changed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    updated_at: Timestamp,
}

impl From<OauthApp> for OauthAppResponse {
    fn from(app: OauthApp) -> Self {
        let OauthApp {
            id,
            organization,
            version: _,
            name,
            description,
            redirect_uris,
            scopes,
            client_type,
            is_untyped: _,
            created_by,
            created_at,
            updated_at,
            previous_secret_ends_at,
            document: _,
            expires_at: _,
        } = app;
        Self {
            client_id: id,
            organization_id: organization,
            name,
            description,
            redirect_uris,
            scopes,
            r#type: client_type.name(),
            previous_secret_ends_at,
            created_by,
            created_at,
            updated_at,
        }
    }
}

/// A new OAuth app, or an app with a new secret.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IssuedOauthApp")]
#[serde(rename_all = "camelCase")]
pub struct IssuedOauthApp {
    /// The app.
    #[serde(flatten)]
    pub(crate) app: OauthAppResponse,
    /// Secret of the app: `cs_` and 49 letters and digits. No later request returns it; keep it in a safe place. Absent for a public client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_secret: Option<String>,
}

/// Omits the secret.
impl std::fmt::Debug for IssuedOauthApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IssuedOauthApp").field("app", &self.app).finish_non_exhaustive()
    }
}

/// Returns the response for an app, with its entity tag.
pub(crate) fn show(app: OauthApp) -> Versioned<OauthAppResponse> {
    Versioned { version: app.version, body: app.into() }
}

/// The JSON schema of an app's name.
pub(crate) struct NameSchema;

impl JsonSchema for NameSchema {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "OauthAppName".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "minLength": 1, "maxLength": OauthApp::MAX_NAME_LENGTH, "pattern": LINE_PATTERN,
        })
    }
}

/// The JSON schema of an app's redirect URIs.
pub(crate) struct RedirectUrisSchema;

impl JsonSchema for RedirectUrisSchema {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "RedirectUris".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array", "maxItems": MAX_REDIRECT_URIS,
            "items": { "type": "string", "format": "uri", "maxLength": MAX_URL_LENGTH },
        })
    }
}

/// The JSON schema of an app's scopes.
pub(crate) struct ScopesSchema;

impl JsonSchema for ScopesSchema {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "OauthAppScopes".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array", "minItems": 1, "maxItems": Scopes::MAX_LISTED,
            "items": { "type": "string", "enum": Scope::ALL.map(Scope::name) },
        })
    }
}
