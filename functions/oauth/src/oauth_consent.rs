//! The endpoint `GET /oauth/consent`, the page on which a user decides what an app may do.

use padron_domain::{Error, Scope};
use padron_http::{Anonymous, Context, Endpoint, ParameterDescription, Response, Route};
use padron_store::{Action, Store};
use url::Url;

use crate::{
    authorization::{AuthorizationRequest, PageQuery, Parameters, QueryOf, destination},
    page::{Consent, Language, Page, Trouble},
    parameter::not_empty,
    session::SignedInSession,
};

/// The endpoint of the consent page.
#[derive(Debug)]
pub struct OauthConsent;

impl PageQuery for OauthConsent {
    const PARAMETERS: &'static [ParameterDescription] =
        &[ParameterDescription::required("request", "The authorization request, encrypted")
            .with_schema(not_empty)];
}

impl Endpoint for OauthConsent {
    const ROUTE: Route = Route::get("oauth-consent", "/oauth/consent");
    const SUMMARY: &'static str = "Shows a user what an OAuth app asks for";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::SESSION,
        Store::OAUTH_CLIENT,
        Store::ORGANIZATION_ACCESS,
        Store::MEMBERSHIPS_WITH_ORGANIZATIONS,
    ];
    type Access = Anonymous;
    type Input = QueryOf<Self>;
    type Output = Page;

    async fn handle(cx: &Context<'_>, _: Anonymous, _: QueryOf<Self>) -> Result<Page, Error> {
        consent(cx).await.map(Page)
    }
}

async fn consent(cx: &Context<'_>) -> Result<Response, Error> {
    let language = Language::preferred(cx.request.header("accept-language").as_deref());
    let expired = || Ok(Trouble::Expired.page(language));
    let parameters = Parameters(cx.request.query()?);
    let Some(session) = SignedInSession::of(cx).await? else { return expired() };
    let Some(sealed) = parameters.get("request") else { return expired() };
    let Some(request) = AuthorizationRequest::open(cx, &session.context(), sealed) else { return expired() };
    let Some(app) = request.app(cx).await? else { return Ok(Trouble::UnknownClient.page(language)) };
    let choice = session.organizations(cx, &app).await?;
    if choice.organizations.is_empty() {
        let trouble = if app.is_dynamic() { Trouble::NoOrganization } else { Trouble::NotAMember };
        return Ok(trouble.page_with_sign_out(language, sealed, &session.form_token(sealed)));
    }
    let consent = Consent {
        app: &app,
        destination: &destination(&request.redirect_uri),
        // Only loopback addresses have redirect URIs without TLS.
        is_on_this_device: Url::parse(&request.redirect_uri).is_ok_and(|url| url.scheme() == "http"),
        user: &session.session.display_name(),
        choice: &choice,
        scopes: request.scopes.iter().filter(|scope| app.scopes.allows(*scope)).collect(),
        request: sealed,
        form_token: &session.form_token(sealed),
    };
    Ok(consent.page(language))
}
