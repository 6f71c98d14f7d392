//! The metadata of clients (RFC 7591 §2), as they register it, or publish it in a document.

use padron_domain::{
    Actor, ClientType, Error, Failure, OauthApp, OauthAppSettings, OauthClientId, Scope, Scopes, Timestamp,
    Violation,
};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::authorization::destination;

/// The grant types that every client has. A client that has registered itself acts for users only.
const GRANT_TYPES: [&str; 2] = ["authorization_code", "refresh_token"];
/// The only type of a response of the authorization endpoint.
const RESPONSE_TYPE: &str = "code";

/// The way in which a client authenticates at the token endpoint (RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuthenticationMethod {
    /// It is a public client, without a secret.
    None,
    /// It sends its secret by HTTP Basic.
    ClientSecretBasic,
    /// It sends its secret in the body.
    ClientSecretPost,
}

impl AuthenticationMethod {
    fn client_type(self) -> ClientType {
        match self {
            Self::None => ClientType::Public,
            Self::ClientSecretBasic | Self::ClientSecretPost => ClientType::Confidential,
        }
    }
}

/// The metadata of a client. Members that are not listed here are ignored.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(transform = redirect_uris_are_required)]
pub(crate) struct ClientMetadata {
    /// Redirect URIs, 1 to 5: https URLs, http URLs on this machine, and for clients without a secret private-use URI schemes.
    #[schemars(length(min = 1, max = OauthApp::MAX_DYNAMIC_REDIRECT_URIS))]
    redirect_uris: Vec<String>,
    /// The way in which the client authenticates: `none`, `client_secret_basic` (the default) or `client_secret_post`.
    #[schemars(with = "Option<AuthenticationMethod>")]
    token_endpoint_auth_method: Option<String>,
    /// Types of grants, among them `authorization_code`.
    grant_types: Option<Vec<String>>,
    /// Types of responses, among them `code`.
    response_types: Option<Vec<String>>,
    /// Name of the client, at most 100 characters. The consent page shows it, and that nobody has verified it.
    #[schemars(length(max = OauthApp::MAX_NAME_LENGTH))]
    client_name: Option<String>,
    /// Scopes that the client can ask for, separated by spaces. Unknown ones are ignored. Without them, it can ask for all but those of
    /// administrators.
    scope: Option<String>,
}

/// Says in a schema that clients have redirect URIs: an empty list is the default, and refused with the error of RFC 7591.
fn redirect_uris_are_required(schema: &mut Schema) {
    schema.insert("required".into(), vec!["redirect_uris"].into());
    if let Some(uris) = schema.pointer_mut("/properties/redirect_uris").and_then(Value::as_object_mut) {
        uris.remove("default");
    }
}

/// A client as it is registered.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ClientDescription {
    /// Name of the client.
    client_name: String,
    /// Redirect URIs.
    redirect_uris: Vec<String>,
    /// The way in which the client authenticates.
    token_endpoint_auth_method: AuthenticationMethod,
    /// Types of grants.
    grant_types: [&'static str; 2],
    /// Types of responses.
    response_types: [&'static str; 1],
    /// Scopes that the client can ask for, separated by spaces.
    #[schemars(with = "String")]
    #[serde(serialize_with = "serialize_scopes")]
    scope: Scopes,
}

fn serialize_scopes<S: serde::Serializer>(scopes: &Scopes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(scopes)
}

impl ClientMetadata {
    /// Checks the metadata. `default_method` is the way in which a client authenticates that does not say. Fails with the error of RFC 7591
    /// §3.2.2.
    pub(crate) fn check(self, default_method: AuthenticationMethod) -> Result<ClientDescription, Error> {
        let Self {
            redirect_uris,
            token_endpoint_auth_method,
            grant_types,
            response_types,
            client_name,
            scope,
        } = self;
        if redirect_uris.is_empty() || redirect_uris.len() > OauthApp::MAX_DYNAMIC_REDIRECT_URIS {
            return Err(Failure::INVALID_REDIRECT_URI.into());
        }
        let method = match token_endpoint_auth_method.as_deref() {
            None => default_method,
            Some("none") => AuthenticationMethod::None,
            Some("client_secret_basic") => AuthenticationMethod::ClientSecretBasic,
            Some("client_secret_post") => AuthenticationMethod::ClientSecretPost,
            Some(_) => {
                let methods = "none, client_secret_basic or client_secret_post";
                return Err(invalid(&format!("The token_endpoint_auth_method is {methods}.")));
            }
        };
        let lacks = |list: Option<Vec<String>>, name: &str| {
            list.is_some_and(|list| list.iter().all(|known| known != name))
        };
        if lacks(grant_types, GRANT_TYPES[0]) {
            return Err(invalid("A client that registers itself has the grant type authorization_code."));
        }
        if lacks(response_types, RESPONSE_TYPE) {
            return Err(invalid("The response type is code."));
        }
        let client_name = client_name.filter(|name| !name.is_empty());
        let settings = OauthAppSettings {
            name: client_name.as_deref(),
            description: None,
            redirect_uris: Some(&redirect_uris),
            scopes: None,
            client_type: method.client_type(),
        };
        let mut violations = Vec::new();
        let redirect_uris = settings.check(&mut violations).redirect_uris.unwrap_or_default();
        if let Some(Violation { pointer, detail, .. }) = violations.first() {
            return Err(if pointer.starts_with("/redirectUris") {
                with_detail(Failure::INVALID_REDIRECT_URI, detail)
            } else {
                invalid(&format!("client_name: {detail}"))
            });
        }
        Ok(ClientDescription {
            client_name: client_name.unwrap_or_else(|| name_of(&redirect_uris[0])),
            redirect_uris,
            token_endpoint_auth_method: method,
            grant_types: GRANT_TYPES,
            response_types: [RESPONSE_TYPE],
            scope: scopes(scope.as_deref())?,
        })
    }
}

/// Returns a name for a client without one: the beginning of where its answers go.
fn name_of(redirect_uri: &str) -> String {
    destination(redirect_uri).chars().take(OauthApp::MAX_NAME_LENGTH).collect()
}

/// Returns the known scopes of a list. Fails if it has none.
fn scopes(list: Option<&str>) -> Result<Scopes, Error> {
    let Some(list) = list.map(str::trim).filter(|list| !list.is_empty()) else {
        return Ok(Scopes::WITHOUT_ADMIN);
    };
    let known: Scopes = list.split(' ').filter_map(Scope::parse).collect();
    if known.is_empty() { Err(invalid("None of the scopes is known.")) } else { Ok(known) }
}

fn invalid(detail: &str) -> Error {
    with_detail(Failure::INVALID_CLIENT_METADATA, detail)
}

fn with_detail(failure: Failure, detail: &str) -> Error {
    Error::from(failure).with_violation("", failure.code(), detail)
}

impl ClientDescription {
    /// Returns whether the client has no secret.
    pub(crate) fn is_public(&self) -> bool {
        self.token_endpoint_auth_method == AuthenticationMethod::None
    }

    /// Returns the first version of the client, which belongs to no organization.
    pub(crate) fn app(&self, id: OauthClientId, now: Timestamp) -> OauthApp {
        OauthApp {
            id,
            organization: None,
            version: 1,
            name: self.client_name.clone(),
            description: None,
            redirect_uris: self.redirect_uris.clone(),
            scopes: self.scope,
            client_type: self.token_endpoint_auth_method.client_type(),
            is_untyped: false,
            created_by: Actor::System,
            created_at: now,
            updated_at: now,
            previous_secret_ends_at: None,
            document: None,
            expires_at: Some(now.plus(OauthApp::UNUSED_LIFETIME)),
        }
    }
}
