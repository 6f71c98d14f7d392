//! The endpoint `GET /oauth/apps/{clientId}`, which returns an OAuth app without its secret.

use padron_domain::{Error, Scope};
use padron_http::{AdminByCredential, Context, Endpoint, NoInput, Route, Versioned};
use padron_store::StoredOauthApp;

use crate::app_response::{OauthAppResponse, show};

/// The endpoint that returns an OAuth app.
#[derive(Debug)]
pub struct GetOauthApp;

impl Endpoint for GetOauthApp {
    const ROUTE: Route = Route::get("get-oauth-app", "/oauth/apps/{clientId}");
    const SUMMARY: &'static str = "Returns an OAuth app of the organization";
    const SCOPE: Option<Scope> = Some(Scope::ReadOauthApps);
    const ACCEPTS_KEYS: bool = false;
    type Access = AdminByCredential<StoredOauthApp>;
    type Input = NoInput;
    type Output = Versioned<OauthAppResponse>;

    async fn handle(
        _: &Context<'_>,
        admin: AdminByCredential<StoredOauthApp>,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let (_, stored) = admin.with_resource()?;
        Ok(show(stored.app))
    }
}
