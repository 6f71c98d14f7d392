//! The endpoint `GET /oauth/authorize`, with which an app asks a user for access (RFC 6749 §4.1.1).
//!
//! A request whose client or redirect URI is wrong ends on a page that leads nowhere. Every other error goes to the app.

use padron_auth::ClientIdentifier;
use padron_domain::{Error, Failure, OauthApp, Scope};
use padron_http::{Anonymous, Context, Endpoint, ParameterDescription, Response, Route};
use padron_store::{Action, OauthAppWithGate, Store};

use crate::{
    authorization::{
        Answer, AuthorizationRequest, MAX_STATE_LENGTH, PageQuery, Parameters, QueryOf, consent_url,
        redirect_uri, send_answer,
    },
    client, client_document,
    issuance::{self, GivenConsent},
    login,
    page::{Language, Page, Trouble, redirect},
    parameter::not_empty,
    session::SignedInSession,
};
use serde_json::json;

/// The endpoint with which an app asks a user for access.
#[derive(Debug)]
pub struct OauthAuthorize;

/// The maximum number of requests for a client in a minute, from one network.
const REQUESTS_A_MINUTE: u32 = 30;

impl PageQuery for OauthAuthorize {
    const PARAMETERS: &'static [ParameterDescription] = &[
        ParameterDescription::required(
            "client_id",
            "Id of the app, or the URL of the document that describes it",
        )
        .with_schema(not_empty),
        ParameterDescription::optional(
            "redirect_uri",
            "Where the answer is sent: one of the app's redirect URIs",
        ),
        ParameterDescription::required("response_type", "Always `code`")
            .with_schema(|| json!({ "type": "string", "enum": ["code"] })),
        ParameterDescription::optional(
            "scope",
            "Scopes, separated by spaces or commas. Without them, all scopes of the app, or the usual ones of a client that has registered itself",
        ),
        ParameterDescription::optional("state", "A value that the answer repeats"),
        ParameterDescription::optional(
            "code_challenge",
            "SHA-256 hash of the code verifier, in base64url (RFC 7636)",
        )
        .with_schema(|| json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{43}$" })),
        ParameterDescription::optional("code_challenge_method", "Always `S256`")
            .with_schema(|| json!({ "type": "string", "enum": ["S256"] })),
        ParameterDescription::optional(
            "resource",
            "URL that the tokens are to be valid for: the API's, or one below it (RFC 8707)",
        ),
        ParameterDescription::optional("prompt", "`none`, `login` or `consent`"),
    ];
}

impl Endpoint for OauthAuthorize {
    const ROUTE: Route = Route::get("oauth-authorize", "/oauth/authorize");
    const SUMMARY: &'static str = "Asks a user to allow an OAuth app to act for them";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::RATE_LIMITED, Failure::CONCURRENT_CHANGE]];
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::TAKE_REQUESTS,
        Store::OAUTH_CLIENT,
        Store::CREATE_DYNAMIC_CLIENT,
        Store::REPLACE_DYNAMIC_CLIENT,
        Store::SESSION,
        Store::OAUTH_GRANTS_OF_USER,
        Store::ORGANIZATION_ACCESS,
        Store::CREATE_CODE,
    ];
    type Access = Anonymous;
    type Input = QueryOf<Self>;
    type Output = Page;

    async fn handle(cx: &Context<'_>, _: Anonymous, _: QueryOf<Self>) -> Result<Page, Error> {
        authorize(cx).await.map(Page)
    }
}

async fn authorize(cx: &Context<'_>) -> Result<Response, Error> {
    let language = Language::preferred(cx.request.header("accept-language").as_deref());
    let unknown = || Ok(Trouble::UnknownClient.page(language));
    let Some(login) = &cx.options().login else { return unknown() };
    let Ok(parameters) = cx.request.query().map(Parameters) else { return unknown() };
    let identifier = parameters.get("client_id").and_then(|text| client::identifier(cx, text));
    let id = identifier.as_ref().map(ClientIdentifier::app_id);
    client::count(cx, OauthAuthorize::ROUTE.function, id, REQUESTS_A_MINUTE).await?;
    let found = match &identifier {
        None => None,
        Some(identifier @ ClientIdentifier::App(_)) => client::find(cx, identifier).await?,
        Some(identifier @ ClientIdentifier::Document(url)) => {
            client_document::find(cx, identifier, url).await?
        }
    };
    let Some(OauthAppWithGate { stored, .. }) = found else { return unknown() };
    let Some(target) = redirect_uri(&stored.app, &parameters) else { return unknown() };
    let request = match AuthorizationRequest::check(cx, &stored.app, target.clone(), &parameters) {
        Ok(request) => request,
        Err((error, description)) => {
            let answer = Answer::Error(error, description);
            let state = parameters.get("state").filter(|state| state.len() <= MAX_STATE_LENGTH);
            return send_answer(cx, 302, &target.0, state, answer);
        }
    };
    let session = SignedInSession::of(cx).await?.filter(|_| !request.prompt.login);
    let Some(session) = session else {
        if request.prompt.none {
            return request.answer(cx, 302, Answer::Error("login_required", "The user is not signed in."));
        }
        return login::begin(cx, login, request).await;
    };
    proceed(cx, &stored.app, &session, &request).await
}

/// Sends a user who is signed in back to the app with a code if they have allowed as much before, and to the consent page otherwise.
pub(crate) async fn proceed(
    cx: &Context<'_>,
    app: &OauthApp,
    session: &SignedInSession,
    request: &AuthorizationRequest,
) -> Result<Response, Error> {
    if !request.prompt.consent
        && let Some(organization) =
            issuance::previously_granted_organization(cx, app, request, &session.session).await?
    {
        let consent = GivenConsent { user: session.session.user, organization, scopes: request.scopes };
        let code = issuance::authorization_code(cx, request, consent).await?;
        return request.answer(cx, 302, Answer::Code(&code));
    }
    if request.prompt.none {
        let needed = "The user has not allowed this yet.";
        return request.answer(cx, 302, Answer::Error("consent_required", needed));
    }
    let sealed = request.seal(cx, &session.context())?;
    Ok(redirect(302, consent_url(cx, &sealed)))
}
