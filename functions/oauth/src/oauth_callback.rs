//! The endpoint `GET /oauth/callback`, to which the operator's issuer sends users after they have signed in.

use padron_domain::{Error, Failure, RateLimit, Scope};
use padron_http::{
    Anonymous, Context, Endpoint, Input, Request, Response, Route,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, RateSubject, Store};

use crate::{
    authorization::{Answer, Parameters},
    login::{self, Outcome},
    oauth_authorize::proceed,
    page::{Language, Page, Trouble},
    session::{self, SignedInSession},
};

/// The endpoint to which users come back after they have signed in.
#[derive(Debug)]
pub struct OauthCallback;

/// The maximum number of requests in a minute, from one network.
const REQUESTS_A_MINUTE: u32 = 60;

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
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::RATE_LIMITED]];
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::USE_API_KEY,
        Store::CREATE_SESSION,
        Store::OAUTH_CLIENT,
        Store::OAUTH_GRANTS_OF_USER,
        Store::ORGANIZATION_ACCESS,
        Store::CREATE_CODE,
    ];
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
    let Ok(parameters) = cx.request.query().map(Parameters) else {
        return Ok(Trouble::SignIn.page(language));
    };
    if ["code", "state", "iss"].iter().any(|name| parameters.is_repeated(name)) {
        return Ok(Trouble::SignIn.page(language));
    }
    // Each request may cause one to the issuer.
    let subject = RateSubject::client(OauthCallback::ROUTE.function, "", &cx.request.source_network());
    cx.count_request(&subject, RateLimit { limit: REQUESTS_A_MINUTE, period: 60 }, 1).await?;
    let get = |name: &str| parameters.get(name).map(ToOwned::to_owned);
    match login::complete(cx, login, get).await? {
        Outcome::Unknown => Ok(session::end_login(cx, Trouble::SignIn.page(language))),
        Outcome::Refused(request, error) => Ok(session::end_login(
            cx,
            request.answer(cx, 302, Answer::Error(error, "The user is not signed in."))?,
        )),
        Outcome::SignedIn(user, request) => {
            // The app may have changed since it has asked.
            let app = cx.store().oauth_client(request.client).await?.map(|found| found.stored.app);
            let Some(app) = app.filter(|app| app.allows_redirect_uri(&request.redirect_uri)) else {
                return Ok(session::end_login(cx, Trouble::UnknownClient.page(language)));
            };
            // A session of its own for each sign-in: one that someone else has put into the browser is not continued.
            let session = SignedInSession::create(cx, user).await?;
            let response = proceed(cx, &app, &session, &request).await?;
            Ok(session.start(cx, response))
        }
    }
}
