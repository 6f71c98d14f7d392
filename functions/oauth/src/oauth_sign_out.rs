//! The endpoint `POST /oauth/sign-out`, which ends the session of a user on the pages of the authorization server.

use padron_domain::{Error, Scope};
use padron_http::{Anonymous, Context, Endpoint, ParameterDescription, Response, Route};
use padron_store::{Action, Store};

use crate::{
    authorization::AuthorizationRequest,
    form::{Form, FormOf, FormParameters},
    login,
    oauth_decide::SessionForm,
    page::{Language, Page, Trouble},
    parameter::{FORM_TOKEN, REQUEST},
    session::SignedInSession,
};

/// The endpoint that ends a session.
#[derive(Debug)]
pub struct OauthSignOut;

impl FormParameters for OauthSignOut {
    const PARAMETERS: &'static [ParameterDescription] = &[REQUEST, FORM_TOKEN];
}

impl Endpoint for OauthSignOut {
    const ROUTE: Route = Route::post("oauth-sign-out", "/oauth/sign-out");
    const SUMMARY: &'static str = "Signs a user out of the consent page";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const ACTIONS: &'static [&'static [Action]] = &[Store::SESSION, Store::DELETE_SESSION];
    type Access = Anonymous;
    type Input = FormOf<Self>;
    type Output = Page;

    async fn handle(
        cx: &Context<'_>,
        _: Anonymous,
        FormOf { form, .. }: FormOf<Self>,
    ) -> Result<Page, Error> {
        sign_out(cx, &form).await.map(Page)
    }
}

async fn sign_out(cx: &Context<'_>, form: &Form) -> Result<Response, Error> {
    let language = Language::preferred(cx.request.header("accept-language").as_deref());
    let Some(SessionForm { session, sealed }) = SessionForm::of(cx, form).await? else {
        return Ok(Trouble::Expired.page(language));
    };
    cx.store().delete_session(&session.session.hash).await?;
    let request = AuthorizationRequest::open(cx, &session.context(), &sealed);
    let response = match (request, &cx.options().login) {
        (Some(mut request), Some(login)) => {
            // The issuer would sign the same user in again without asking.
            request.prompt.login = true;
            login::begin(cx, login, request).await?
        }
        _ => Trouble::SignedOut.page(language),
    };
    Ok(SignedInSession::end(cx, response))
}
