//! The endpoint `GET /oauth/callback`, to which the operator's issuer sends users after they have signed in.

use padron_domain::{Error, Failure, Scope};
use padron_http::{Anonymous, Context, Endpoint, ParameterDescription, Response, Route, Variable};
use padron_store::{Action, Store};

use crate::{
    authorization::{Answer, PageQuery, Parameters, QueryOf},
    client,
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

impl PageQuery for OauthCallback {
    const PARAMETERS: &'static [ParameterDescription] = &[
        ParameterDescription::optional("code", "Authorization code of the issuer"),
        ParameterDescription::optional("state", "State of the sign-in"),
        ParameterDescription::optional("iss", "The issuer (RFC 9207)"),
        ParameterDescription::optional("error", "Why the user is not signed in"),
    ];
}

impl Endpoint for OauthCallback {
    const ROUTE: Route = Route::get("oauth-callback", "/oauth/callback");
    const SUMMARY: &'static str = "Takes users back from the sign-in at the operator's issuer";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::RATE_LIMITED]];
    const VARIABLES: &'static [Variable] =
        &[Variable { name: "LOGIN_CLIENT_SECRET", parameter: "LoginClientSecret" }];
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::TAKE_REQUESTS,
        Store::CREATE_SESSION,
        Store::OAUTH_CLIENT,
        Store::OAUTH_GRANTS_OF_USER,
        Store::ORGANIZATION_ACCESS,
        Store::CREATE_CODE,
    ];
    type Access = Anonymous;
    type Input = QueryOf<Self>;
    type Output = Page;

    async fn handle(cx: &Context<'_>, _: Anonymous, _: QueryOf<Self>) -> Result<Page, Error> {
        callback(cx).await.map(Page)
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
    client::count(cx, OauthCallback::ROUTE.function, None, REQUESTS_A_MINUTE).await?;
    let get = |name: &str| parameters.get(name).map(ToOwned::to_owned);
    match login::complete(cx, login, get).await? {
        Outcome::Unknown => Ok(session::end_login(cx, Trouble::SignIn.page(language))),
        Outcome::Refused(request, error) => Ok(session::end_login(
            cx,
            request.answer(cx, 302, Answer::Error(error, "The user is not signed in."))?,
        )),
        Outcome::SignedIn(user, request) => {
            let Some(app) = request.app(cx).await? else {
                return Ok(session::end_login(cx, Trouble::UnknownClient.page(language)));
            };
            // A session of its own for each sign-in: one that someone else has put into the browser is not continued.
            let session = SignedInSession::create(cx, user).await?;
            let response = proceed(cx, &app, &session, &request).await?;
            Ok(session.start(cx, response))
        }
    }
}
