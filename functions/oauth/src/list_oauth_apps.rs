//! The endpoint `GET /oauth/apps`, which lists the OAuth apps of an organization without their secrets.

use padron_domain::{Error, Scope};
use padron_http::{AdminByCredential, Array, Context, Endpoint, NoInput, Route, WithAppRegistry};
use padron_store::{Action, Store};

use crate::app_response::OauthAppResponse;

/// The endpoint that lists the OAuth apps of an organization.
#[derive(Debug)]
pub struct ListOauthApps;

impl Endpoint for ListOauthApps {
    const ROUTE: Route = Route::get("list-oauth-apps", "/oauth/apps");
    const SUMMARY: &'static str =
        "Lists the OAuth apps of the organization, of which there are at most 50, oldest first";
    const SCOPE: Option<Scope> = Some(Scope::ReadOauthApps);
    const ACCEPTS_KEYS: bool = false;
    const ACTIONS: &'static [&'static [Action]] = &[Store::OAUTH_APPS];
    type Access = AdminByCredential<WithAppRegistry<()>>;
    type Input = NoInput;
    type Output = Array<OauthAppResponse>;

    async fn handle(
        cx: &Context<'_>,
        admin: AdminByCredential<WithAppRegistry<()>>,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let (_, WithAppRegistry { registry, .. }) = admin.with_resource()?;
        let apps = cx.store().oauth_apps(&registry.clients).await?;
        Array::new(apps.into_iter().map(|stored| stored.app.into()))
    }
}
