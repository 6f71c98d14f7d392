//! The endpoint `POST /oauth/consent`, with which a user allows or denies what an app asks for.

use padron_domain::{Error, OrganizationId, Scope, Scopes};
use padron_http::{Anonymous, Context, Endpoint, ParameterDescription, Response, Route};
use padron_store::{Action, Store};
use url::Url;

use crate::{
    authorization::{Answer, AuthorizationRequest, consent_url},
    form::{Form, FormOf, FormParameters},
    issuance::{self, GivenConsent},
    page::{Language, ORGANIZATION_FIELD, Page, SCOPE_FIELD, Trouble, redirect},
    parameter::{FORM_TOKEN, REQUEST},
    session::SignedInSession,
};

/// The endpoint with which a user decides.
#[derive(Debug)]
pub struct OauthDecide;

impl FormParameters for OauthDecide {
    const PARAMETERS: &'static [ParameterDescription] =
        &[REQUEST, FORM_TOKEN, ParameterDescription::optional("action", "`allow`, or anything else to deny")];
}

impl Endpoint for OauthDecide {
    const ROUTE: Route = Route::post("oauth-decide", "/oauth/consent");
    const SUMMARY: &'static str = "Allows or denies what an OAuth app asks for";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::TAKE_REQUESTS,
        Store::SESSION,
        Store::OAUTH_CLIENT,
        Store::ORGANIZATION_ACCESS,
        Store::CREATE_CODE,
    ];
    type Access = Anonymous;
    type Input = FormOf<Self>;
    type Output = Page;

    async fn handle(
        cx: &Context<'_>,
        _: Anonymous,
        FormOf { form, .. }: FormOf<Self>,
    ) -> Result<Page, Error> {
        decide(cx, &form).await.map(Page)
    }
}

/// A form of a page of a session, after the checks that it is one.
pub(crate) struct SessionForm {
    pub(crate) session: SignedInSession,
    pub(crate) sealed: String,
}

impl SessionForm {
    /// Returns the session of a form; `None` if the form is not of a page of that session, or another site has sent it.
    pub(crate) async fn of(cx: &Context<'_>, form: &Form) -> Result<Option<Self>, Error> {
        let Some(session) = SignedInSession::of(cx).await? else { return Ok(None) };
        let (Some(sealed), Some(token)) = (form.get("request"), form.get("form_token")) else {
            return Ok(None);
        };
        let is_own = is_same_origin(cx) && session.is_form_token(sealed, token);
        Ok(is_own.then(|| Self { session, sealed: sealed.to_owned() }))
    }
}

/// Returns whether a request comes from a page of this server (RFC 6454 §7). Browsers send the header with every form.
fn is_same_origin(cx: &Context<'_>) -> bool {
    let own = Url::parse(cx.issuer()).map(|url| url.origin().ascii_serialization());
    let origin = cx.request.header("origin");
    own.is_ok_and(|own| origin.as_deref() == Some(own.as_str()))
}

async fn decide(cx: &Context<'_>, form: &Form) -> Result<Response, Error> {
    let language = Language::preferred(cx.request.header("accept-language").as_deref());
    let expired = || Ok(Trouble::Expired.page(language));
    let Some(SessionForm { session, sealed }) = SessionForm::of(cx, form).await? else { return expired() };
    let Some(request) = AuthorizationRequest::open(cx, &session.context(), &sealed) else { return expired() };
    let Some(app) = request.app(cx).await? else { return Ok(Trouble::UnknownClient.page(language)) };
    let denied = Answer::Error("access_denied", "The user has not allowed it.");
    if form.get("action") != Some("allow") {
        return request.answer(cx, 303, denied);
    }
    let is_ticked = |scope: &Scope| form.get(&format!("{SCOPE_FIELD}{}", scope.name())).is_some();
    let scopes: Scopes =
        request.scopes.iter().filter(is_ticked).filter(|scope| app.scopes.allows(*scope)).collect();
    if scopes.is_empty() {
        return request.answer(cx, 303, denied);
    }
    let chosen = || form.get(ORGANIZATION_FIELD).and_then(OrganizationId::parse);
    let Some(organization) = app.organization.or_else(chosen) else {
        // The user has chosen none.
        return Ok(redirect(303, consent_url(cx, &sealed)));
    };
    if session.organization(cx, organization).await?.is_none() {
        let trouble = if app.is_dynamic() { Trouble::NotChoosable } else { Trouble::NotAMember };
        return Ok(trouble.page_with_sign_out(language, &sealed, &session.form_token(&sealed)));
    }
    if !issuance::may_consent(cx, &app, session.session.user).await? {
        let too_often = "The user has allowed it too often. Try again in some minutes.";
        return request.answer(cx, 303, Answer::Error("temporarily_unavailable", too_often));
    }
    let consent = GivenConsent { user: session.session.user, organization, scopes };
    let code = issuance::authorization_code(cx, &request, consent).await?;
    request.answer(cx, 303, Answer::Code(&code))
}
