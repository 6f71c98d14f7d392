//! The endpoint `DELETE /users/me/oauth-grants/{tokenId}`, with which the caller takes back what they have allowed an OAuth app to do.

use padron_domain::{Error, Failure, GrantRevocationReason, OauthGrantId, Scope};
use padron_http::{Context, Endpoint, InPath, NoContent, Route, SignedIn, Written};
use padron_store::{Action, OauthGrantWithGate, Store};

use crate::issuance::{revocation, revoked_event};

/// The endpoint with which the caller takes back what they have allowed.
#[derive(Debug)]
pub struct RevokeMyGrant;

impl Endpoint for RevokeMyGrant {
    const ROUTE: Route = Route::delete("revoke-my-grant", "/users/me/oauth-grants/{tokenId}");
    const SUMMARY: &'static str = "Takes back what the caller has allowed an OAuth app to do, at once";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::TOKEN_NOT_FOUND]];
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::OAUTH_GRANT_WITH_GATE, Store::REVOKE_OWN_OAUTH_GRANT];
    type Access = SignedIn;
    type Input = InPath<OauthGrantId>;
    type Output = Written<NoContent>;

    async fn handle(
        cx: &Context<'_>,
        caller: SignedIn,
        InPath(id): InPath<OauthGrantId>,
    ) -> Result<Self::Output, Error> {
        let found = cx.store().oauth_grant_with_gate(id).await?;
        let own = found.filter(|found| found.stored.grant.user == Some(caller.user().id));
        let OauthGrantWithGate { stored, gate } = own.ok_or(Failure::TOKEN_NOT_FOUND)?;
        let grant = stored.grant;
        let gate = revocation(&gate, &grant, cx.now());
        let revoked = revoked_event(&grant, GrantRevocationReason::Revoked);
        let event = cx.event(caller.principal(), grant.organization, revoked);
        // Whoever has left the organization can still take back what they allowed there.
        let transaction = cx.store().revoke_oauth_grant(id, &gate, None, &event)?;
        cx.commit(transaction, NoContent).await
    }
}
