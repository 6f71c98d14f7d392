//! The endpoint `GET /oauth/callback`, to which the operator's issuer sends users after they have signed in.

use padron_domain::{Error, Failure, Scope};
use padron_http::{
    Anonymous, Context, Endpoint, Input, Request, Response, Route,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, Store};

use crate::{
    authorization::{Answer, Parameters},
    login::{self, Outcome},
    oauth_authorize::to_consent,
    page::{Language, Page, Trouble},
    session::SignedInSession,
};

/// The endpoint to which users come back after they have signed in.
#[derive(Debug)]
pub struct OauthCallback;

/// The answer of the issuer, which is read by the handler.
#[derive(Debug)]
pub struct LoginAnswer;

impl Input for LoginAnswer {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(_: &Request<'_>) -> Result<Self, Error> {
        Ok(Self)
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let text = serde_json::json!({ "type": "string" });
        for (name, description) in [
            ("code", "Authorization code of the issuer"),
            ("state", "State of the sign-in"),
            ("iss", "The issuer (RFC 9207)"),
            ("error", "Why the user is not signed in"),
        ] {
            operation.parameter("query", name, description, false, &text);
        }
    }
}

impl Endpoint for OauthCallback {
    const ROUTE: Route = Route::get("oauth-callback", "/oauth/callback");
    const SUMMARY: &'static str = "Takes users back from the sign-in at the operator's issuer";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const ACTIONS: &'static [&'static [Action]] = &[Store::CREATE_SESSION];
    type Access = Anonymous;
    type Input = LoginAnswer;
    type Output = Page;

    async fn handle(cx: &Context<'_>, _: Anonymous, _: LoginAnswer) -> Result<Page, Error> {
        Box::pin(callback(cx)).await.map(Page)
    }
}

async fn callback(cx: &Context<'_>) -> Result<Response, Error> {
    let language = Language::preferred(cx.request.header("accept-language").as_deref());
    let Some(login) = &cx.options().login else { return Ok(Trouble::SignIn.page(language)) };
    let parameters = Parameters(cx.request.query()?);
    let get = |name: &str| parameters.get(name).map(ToOwned::to_owned);
    match login::complete(cx, login, get).await? {
        Outcome::Unknown => Ok(Trouble::SignIn.page(language)),
        Outcome::Refused(request) => {
            request.answer(cx, 302, Answer::Error("access_denied", "The user is not signed in."))
        }
        Outcome::SignedIn(user, request) => {
            // A session of its own for each sign-in: one that someone else has put into the browser is not continued.
            let session = SignedInSession::create(cx, user).await?;
            let response = to_consent(cx, &session, &request)?;
            Ok(session.start(cx, response))
        }
    }
}
