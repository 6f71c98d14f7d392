//! The endpoint `DELETE /oauth/apps/{clientId}`, which deletes an OAuth app. All its tokens stop working with it.

use padron_domain::{Error, EventData, Failure, Scope};
use padron_http::{
    AdminByCredential, Context, Endpoint, NoContent, NoInput, Route, WithAppRegistry, Written,
};
use padron_store::{Action, Store, StoredOauthApp};

/// The endpoint that deletes an OAuth app.
#[derive(Debug)]
pub struct DeleteOauthApp;

impl Endpoint for DeleteOauthApp {
    const ROUTE: Route = Route::delete("delete-oauth-app", "/oauth/apps/{clientId}");
    const SUMMARY: &'static str = "Deletes an OAuth app. All its tokens stop working at once";
    const SCOPE: Option<Scope> = Some(Scope::WriteOauthApps);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::DELETE_OAUTH_APP];
    type Access = AdminByCredential<WithAppRegistry<StoredOauthApp>>;
    type Input = NoInput;
    type Output = Written<NoContent>;

    async fn handle(
        cx: &Context<'_>,
        admin: AdminByCredential<WithAppRegistry<StoredOauthApp>>,
        _: NoInput,
    ) -> Result<Self::Output, Error> {
        let (admin, WithAppRegistry { resource: stored, registry }) = admin.with_resource()?;
        let app = stored.app;
        cx.require_version(app.version)?;
        let mut registry = registry.next_version();
        registry.remove(app.id);
        let revoked = EventData::OauthAppRevoked { client_id: app.id };
        let event = cx.event(admin.principal(), admin.organization().id, revoked);
        let event = event.at_or_after(app.next_change(cx.now()));
        let transaction = cx.store().delete_oauth_app(&app, &registry, admin.authority(), &event)?;
        cx.commit(transaction, NoContent).await
    }
}
