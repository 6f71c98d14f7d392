//! The documents in which clients discover the authorization server (RFC 8414) and the API (RFC 9728).

use padron_domain::{Error, Scope, Scopes};
use padron_http::{Context, Options, PathParameter, ROUTE_NOT_FOUND};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// A document, as it stands in `{document}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Document {
    /// The metadata of the authorization server (RFC 8414).
    AuthorizationServer,
    /// The same for clients that look for an OpenID provider (OpenID Connect Discovery §4).
    OpenidConfiguration,
    /// The metadata of the API (RFC 9728).
    ProtectedResource,
}

impl Document {
    const ALL: [Self; 3] = [Self::AuthorizationServer, Self::OpenidConfiguration, Self::ProtectedResource];

    const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationServer => "oauth-authorization-server",
            Self::OpenidConfiguration => "openid-configuration",
            Self::ProtectedResource => "oauth-protected-resource",
        }
    }
}

/// The name of a document in a path, which may be unknown.
#[derive(Clone, Copy, Debug)]
pub struct DocumentName(Option<Document>);

impl PathParameter for DocumentName {
    const NAME: &'static str = "document";
    const DESCRIPTION: &'static str = "Name of the document";
    const EXPECTED: &'static str =
        "oauth-authorization-server, openid-configuration or oauth-protected-resource.";

    fn schema() -> Value {
        json!({ "type": "string", "enum": Document::ALL.map(Document::name) })
    }

    fn parse(text: &str) -> Option<Self> {
        Some(Self(Document::ALL.into_iter().find(|document| document.name() == text)))
    }
}

/// A document with which clients discover the authorization server or the API.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OauthMetadata")]
#[serde(untagged)]
pub enum Metadata {
    /// The metadata of the authorization server.
    Server(Box<ServerMetadata>),
    /// The metadata of the API.
    Resource(ResourceMetadata),
}

/// The metadata of the authorization server (RFC 8414 §2).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OauthServerMetadata")]
pub struct ServerMetadata {
    /// URL of the authorization server, which is that of the API.
    issuer: String,
    /// URL of the endpoint that issues tokens.
    token_endpoint: String,
    /// Ways in which clients authenticate there.
    token_endpoint_auth_methods_supported: &'static [&'static str],
    /// URL of the public keys.
    jwks_uri: String,
    /// URL of the endpoint that revokes tokens.
    revocation_endpoint: String,
    /// Ways in which clients authenticate there.
    revocation_endpoint_auth_methods_supported: &'static [&'static str],
    /// URL of the endpoint that tells about tokens.
    introspection_endpoint: String,
    /// Ways in which clients authenticate there.
    introspection_endpoint_auth_methods_supported: &'static [&'static str],
    /// Types of grants.
    grant_types_supported: &'static [&'static str],
    /// Types of responses of the authorization endpoint. Empty if users cannot sign in.
    response_types_supported: &'static [&'static str],
    /// URL of the page on which users allow apps to act for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_endpoint: Option<String>,
    /// Ways in which the answer is sent to the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_modes_supported: Option<&'static [&'static str]>,
    /// Methods of PKCE (RFC 7636).
    #[serde(skip_serializing_if = "Option::is_none")]
    code_challenge_methods_supported: Option<&'static [&'static str]>,
    /// Whether the answer names the issuer (RFC 9207).
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization_response_iss_parameter_supported: Option<bool>,
    /// URL of the endpoint with which clients register themselves (RFC 7591).
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    /// Whether the id of a client may be the URL of a document that describes it (OAuth Client ID Metadata Document).
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id_metadata_document_supported: Option<bool>,
    /// Names of all scopes.
    scopes_supported: Vec<&'static str>,
    /// Types of subjects. Only in the document for OpenID.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject_types_supported: Option<&'static [&'static str]>,
    /// Algorithms of ID tokens, which are not issued. Only in the document for OpenID.
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token_signing_alg_values_supported: Option<&'static [&'static str]>,
}

/// The metadata of the API (RFC 9728 §2).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OauthResourceMetadata")]
#[schemars(extend("examples" = [{ "resource": "https://api.example.com/api", "authorization_servers": ["https://api.example.com/api"], "scopes_supported": ["read:customers"], "bearer_methods_supported": ["header"] }]))]
pub struct ResourceMetadata {
    /// URL of the API.
    resource: String,
    /// URLs of the authorization servers.
    authorization_servers: [String; 1],
    /// Names of the scopes that most clients need.
    scopes_supported: Vec<&'static str>,
    /// Ways in which tokens are sent.
    bearer_methods_supported: &'static [&'static str],
}

/// The ways in which a client with a secret authenticates.
const WITH_SECRET: &[&str] = &["client_secret_basic", "client_secret_post"];
/// The ways in which any client authenticates.
const ALL_METHODS: &[&str] = &["client_secret_basic", "client_secret_post", "none"];

impl Metadata {
    /// Returns the document with a name. Fails if there is none. What is off is not in the document.
    pub(crate) fn of(cx: &Context<'_>, name: DocumentName) -> Result<Self, Error> {
        let document = name.0.ok_or(ROUTE_NOT_FOUND)?;
        Ok(Self::new(document, cx.issuer(), cx.options()))
    }

    fn new(document: Document, issuer: &str, options: &Options) -> Self {
        if document == Document::ProtectedResource {
            return Self::Resource(ResourceMetadata {
                resource: issuer.to_owned(),
                authorization_servers: [issuer.to_owned()],
                scopes_supported: Scopes::USUAL.iter().map(Scope::name).collect(),
                bearer_methods_supported: &["header"],
            });
        }
        let has_login = options.login.is_some();
        let is_openid = document == Document::OpenidConfiguration;
        Self::Server(Box::new(ServerMetadata {
            issuer: issuer.to_owned(),
            token_endpoint: format!("{issuer}/oauth/token"),
            token_endpoint_auth_methods_supported: if has_login { ALL_METHODS } else { WITH_SECRET },
            jwks_uri: format!("{issuer}/oauth/jwks"),
            revocation_endpoint: format!("{issuer}/oauth/revoke"),
            revocation_endpoint_auth_methods_supported: ALL_METHODS,
            introspection_endpoint: format!("{issuer}/oauth/introspect"),
            introspection_endpoint_auth_methods_supported: WITH_SECRET,
            grant_types_supported: if has_login {
                &["authorization_code", "refresh_token", "client_credentials"]
            } else {
                &["client_credentials"]
            },
            response_types_supported: if has_login { &["code"] } else { &[] },
            authorization_endpoint: has_login.then(|| format!("{issuer}/oauth/authorize")),
            response_modes_supported: has_login.then_some(&["query"]),
            code_challenge_methods_supported: has_login.then_some(&["S256"]),
            authorization_response_iss_parameter_supported: has_login.then_some(true),
            registration_endpoint: options.has_open_registration.then(|| format!("{issuer}/oauth/register")),
            client_id_metadata_document_supported: options.has_client_documents.then_some(true),
            scopes_supported: Scope::ALL.into_iter().map(Scope::name).collect(),
            subject_types_supported: is_openid.then_some(&["public"]),
            id_token_signing_alg_values_supported: is_openid.then_some(&["RS256"]),
        }))
    }
}
