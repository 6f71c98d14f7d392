//! The endpoint `POST /oauth/register`, with which a client registers itself (RFC 7591).
//!
//! Nobody has verified such a client. It belongs to no organization, acts for users only, and is deleted if it gets no grant within a day.

use padron_auth::ClientSecret;
use padron_domain::{ClientType, Error, Failure, OauthClientId, Scope};
use padron_http::{
    Anonymous, Context, Endpoint, ErrorFormat, Input, Output, PAYLOAD_TOO_LARGE, ROUTE_NOT_FOUND, Request,
    Response, Route, UNSUPPORTED_MEDIA_TYPE, decode_json, json_bytes,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, OauthAppWithGate, Store};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    client,
    client_metadata::{AuthenticationMethod, ClientDescription, ClientMetadata},
    form::MAX_FORM_SIZE,
};

/// The endpoint with which a client registers itself.
#[derive(Debug)]
pub struct OauthRegister;

/// The metadata of a client that registers itself, or what is wrong with it, which matters only where clients may do so.
#[derive(Debug)]
pub struct Registration(Result<ClientMetadata, Error>);

impl Input for Registration {
    const FAILURES: &'static [Failure] = &[
        UNSUPPORTED_MEDIA_TYPE,
        PAYLOAD_TOO_LARGE,
        Failure::INVALID_REQUEST,
        Failure::INVALID_CLIENT_METADATA,
    ];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        // RFC 7591 has no error of its own for a body that is malformed.
        let invalid = |error: Error| {
            Error::from(Failure::INVALID_CLIENT_METADATA).with_violations(error.violations().to_vec())
        };
        let body = json_bytes(request, MAX_FORM_SIZE);
        Ok(Self(body.and_then(|body| decode_json(&body).map_err(invalid))))
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.body(&schemas.request::<ClientMetadata>());
    }
}

/// A client that has registered itself (RFC 7591 §3.2.1).
#[derive(Serialize, JsonSchema)]
pub struct RegisteredClient {
    /// Id of the client.
    client_id: OauthClientId,
    /// When the client was registered, in seconds since 1970.
    client_id_issued_at: i64,
    /// Secret of the client. No later request returns it. Absent if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// Always 0: the secret does not expire. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<i64>,
    #[serde(flatten)]
    description: ClientDescription,
}

/// Omits the secret.
impl std::fmt::Debug for RegisteredClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegisteredClient").field("description", &self.description).finish_non_exhaustive()
    }
}

impl Output for RegisteredClient {
    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        Response::json(201, &self)
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("201", Some(&schemas.response::<Self>()));
    }
}

impl Endpoint for OauthRegister {
    const ROUTE: Route = Route::post("oauth-register", "/oauth/register");
    const SUMMARY: &'static str = "Registers an OAuth client that belongs to no organization (RFC 7591)";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const ERROR_FORMAT: ErrorFormat = ErrorFormat::Oauth;
    const FAILURES: &'static [&'static [Failure]] = &[&[
        ROUTE_NOT_FOUND,
        Failure::INVALID_REDIRECT_URI,
        Failure::RATE_LIMITED,
        Failure::CONCURRENT_CHANGE,
    ]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::TAKE_REQUESTS, Store::CREATE_DYNAMIC_CLIENT];
    type Access = Anonymous;
    type Input = Registration;
    type Output = RegisteredClient;

    async fn handle(
        cx: &Context<'_>,
        _: Anonymous,
        Registration(metadata): Registration,
    ) -> Result<RegisteredClient, Error> {
        if !cx.options().has_open_registration {
            return Err(ROUTE_NOT_FOUND.into());
        }
        let description = metadata?.check(AuthenticationMethod::ClientSecretBasic)?;
        client::count_new_client(cx).await?;
        let app = description.app(OauthClientId::at(cx.now()), cx.now());
        let secret = match app.client_type {
            ClientType::Confidential => Some(ClientSecret::generate()?),
            ClientType::Public => None,
        };
        let hashes: Vec<_> = secret.iter().map(ClientSecret::hash).collect();
        let client = OauthAppWithGate::new(app, &hashes, cx.secrets())?;
        if !cx.store().create_dynamic_client(&client, cx.now()).await? {
            return Err(Failure::CONCURRENT_CHANGE.into());
        }
        Ok(RegisteredClient {
            client_id: client.stored.app.id,
            client_id_issued_at: cx.now().seconds(),
            client_secret_expires_at: secret.is_some().then_some(0),
            client_secret: secret.map(|secret| secret.text().to_owned()),
            description,
        })
    }
}
