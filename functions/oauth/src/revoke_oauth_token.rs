//! The endpoint `DELETE /oauth/token/{tokenId}`, which revokes what an OAuth app was granted.
//!
//! A token that does not exist and one of another organization have the same response.

use padron_auth::{Credential, Principal};
use padron_domain::{
    Authority, Error, Failure, GrantRevocationReason, OauthGate, OauthGrant, OauthGrantId, Role, Scope,
};
use padron_http::{
    Access, AccessCheck, AdminOrOwner, AnyMember, Authorization, Context, Endpoint, LazyInput, NoContent,
    NoInput, PathParameterDescription, Route, UNAUTHENTICATED, Written, authenticate,
};
use padron_store::{Action, OauthGrantWithGate, Store};

use crate::issuance::{revocation, revoked_event};

/// The endpoint that revokes what an OAuth app was granted.
#[derive(Debug)]
pub struct RevokeOauthToken;

/// The user of a grant, or an admin of its organization, with the grant.
#[derive(Debug)]
pub struct GrantRevoker {
    principal: Principal,
    authority: Authority,
    grant: OauthGrant,
    gate: OauthGate,
}

impl<I: Send + Sync> Access<I> for GrantRevoker {
    const DESCRIPTION: &'static str =
        "For admins and the owner of the app's organization, and for the user for whom the app acts.";
    const LEAST_ROLE: Option<Role> = Some(Role::Admin);
    const PATH: &'static [&'static [PathParameterDescription]] =
        &[&[PathParameterDescription::of::<OauthGrantId>()]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::OAUTH_GRANT_WITH_GATE, Store::ORGANIZATION_ACCESS];
    const FAILURES: &'static [&'static [Failure]] = &[UNAUTHENTICATED, &[Failure::TOKEN_NOT_FOUND]];

    async fn authorize(cx: &Context<'_>, _: &LazyInput<'_, I>) -> Result<Authorization<Self>, Error> {
        let credential = authenticate(cx).await?;
        let id: Result<OauthGrantId, Error> = cx.request.parameter();
        // A credential that the database verifies is reported before anything else.
        let id = if matches!(credential, Credential::User(_)) { Ok(id?) } else { id };
        let found = match &id {
            Ok(id) => cx.store().oauth_grant_with_gate(*id).await?,
            Err(_) => None,
        };
        let organization = match &found {
            Some(found) => Ok(found.stored.grant.organization),
            None => credential.organization().ok_or(Failure::TOKEN_NOT_FOUND.into()),
        };
        let no_input = LazyInput::none(cx.request);
        let check = AccessCheck::<(), ()>::of(cx, credential, organization, &no_input).await;
        let check = check.map_err(like_unknown)?;
        id?;
        let OauthGrantWithGate { stored, gate } = found.ok_or(Failure::TOKEN_NOT_FOUND)?;
        let grant = stored.grant;
        let is_own = grant.user.is_some() && check.member() == grant.user;
        let admitted = if is_own {
            let admitted = check.admit_unless_deleted::<AnyMember>(cx, Failure::TOKEN_NOT_FOUND);
            admitted.map_err(like_unknown)?.and_then(|caller| Ok(caller.into_principal()))?
        } else {
            let admitted = check.admit_unless_deleted::<AdminOrOwner>(cx, Failure::TOKEN_NOT_FOUND);
            admitted.map_err(like_unknown)?.and_then(|caller| Ok(caller.into_principal()))?
        };
        admitted.and_then(|(principal, authority)| Ok(Self { principal, authority, grant, gate }))
    }
}

/// Returns the error of a token that does not exist in the place of those that tell that it does.
fn like_unknown(error: Error) -> Error {
    match error.failure() {
        Failure::NOT_A_MEMBER | Failure::INSUFFICIENT_ROLE | Failure::ORGANIZATION_MISMATCH => {
            Failure::TOKEN_NOT_FOUND.into()
        }
        _ => error,
    }
}

impl Endpoint for RevokeOauthToken {
    const ROUTE: Route = Route::delete("revoke-oauth-token", "/oauth/token/{tokenId}");
    const SUMMARY: &'static str = "Revokes what an OAuth app was granted. Its tokens stop working at once";
    const SCOPE: Option<Scope> = Some(Scope::WriteOauthApps);
    const ACCEPTS_KEYS: bool = false;
    const ACTIONS: &'static [&'static [Action]] = &[Store::REVOKE_OAUTH_GRANT];
    type Access = GrantRevoker;
    type Input = NoInput;
    type Output = Written<NoContent>;

    async fn handle(cx: &Context<'_>, caller: GrantRevoker, _: NoInput) -> Result<Self::Output, Error> {
        let GrantRevoker { principal, authority, grant, gate } = caller;
        let gate = revocation(&gate, &grant, cx.now());
        let revoked = revoked_event(&grant, GrantRevocationReason::Revoked);
        let event = cx.event(&principal, grant.organization, revoked);
        let transaction = cx.store().revoke_oauth_grant(grant.id(), &gate, Some(&authority), &event)?;
        cx.commit(transaction, NoContent).await
    }
}
