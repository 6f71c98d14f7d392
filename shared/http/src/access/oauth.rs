//! The check of access tokens of OAuth apps.

use std::sync::Arc;

use padron_auth::{
    App, AuthorizationServer, Delegate, INVALID_TOKEN, KeySet, OauthToken, Principal, TOKEN_REVOKED,
};
use padron_domain::{
    AppAuthority, Authority, Error, Failure, Membership, OauthClientId, OauthGate, OauthGrantId,
    Organization, OrganizationId, Scopes, Timestamp, UserId,
};
use padron_store::{Items, OauthAccess, Read};
use uuid::Uuid;

use super::named_organization;
use crate::context::Context;

/// The authorization server, with the keys that the table has.
pub(super) struct Server<'a>(pub(super) &'a Context<'a>);

impl AuthorizationServer for Server<'_> {
    fn issuer(&self) -> &str {
        self.0.issuer()
    }

    async fn keys(&self, kid: &str) -> Result<Arc<KeySet>, Error> {
        Ok(self.0.signing_keys(Some(kid)).await?.verifying.clone())
    }
}

/// What was read with a token that still works.
pub(super) struct OauthCheck {
    pub(super) principal: Principal,
    /// The organization; `None` if it does not exist. It may be deleted.
    pub(super) organization: Option<Organization>,
    /// What the right to act rests on: the membership of the user, or the app; `None` if the user is not a member any more.
    pub(super) authority: Option<Authority>,
    pub(super) items: Items,
}

impl OauthCheck {
    /// Returns since when the app or its user may act.
    pub(super) fn since(&self, token: &OauthToken) -> Timestamp {
        match &self.authority {
            Some(Authority::Membership(membership)) => membership.joined_at,
            _ => token.client.timestamp().unwrap_or(Timestamp::EARLIEST),
        }
    }
}

/// Reads the gate of a token's app, its organization, the membership of its user, and other items in one call.
///
/// Fails if the token was revoked, if the endpoint does not accept tokens of apps, or if the token lacks the endpoint's scope.
pub(super) async fn check(
    cx: &Context<'_>,
    token: &OauthToken,
    reads: Vec<Read>,
) -> Result<OauthCheck, Error> {
    let OauthToken { client, grant, user, organization, issued_at, .. } = *token;
    let OauthAccess { gate, access } = cx.store().oauth_access(client, user, organization, reads).await?;
    let (gate, membership) = require_live(gate, access.membership, grant, issued_at)?;
    cx.set_caller(format!("app:{client}"));
    let path = token.audience_path(cx.issuer());
    let below = cx.request.path().strip_prefix(path);
    if !below.is_some_and(|rest| path.is_empty() || rest.is_empty() || rest.starts_with('/')) {
        return Err(Error::from(INVALID_TOKEN).with_cause("made for another resource"));
    }
    let Some(required) = cx.endpoint.scope else { return Err(Failure::APPS_NOT_ACCEPTED.into()) };
    let scopes = token.scopes.limited_to(gate.scopes);
    let missing = scopes.missing_of(Scopes::of(&[required]));
    if !missing.is_empty() {
        return Err(Error::insufficient_scope(missing));
    }
    if named_organization(cx)?.is_some_and(|named| named != organization) {
        return Err(Failure::ORGANIZATION_MISMATCH.into());
    }
    let (principal, authority) = match user {
        Some(user) => (
            Principal::Delegate(Delegate { user, client, grant, organization, scopes, issued_at }),
            membership.map(Authority::Membership),
        ),
        None => {
            let authority = AppAuthority { client, gate_version: gate.version };
            (
                Principal::App(App { client, grant, organization, scopes, issued_at }),
                Some(Authority::App(authority)),
            )
        }
    };
    Ok(OauthCheck { principal, organization: access.organization, authority, items: access.others })
}

/// Checks a token where a user is needed, whatever their organization. Returns the user.
///
/// A token whose user has left the organization, or whose organization was deleted, does not work any more.
pub(super) async fn check_user(
    cx: &Context<'_>,
    token: &OauthToken,
    reads: Vec<Read>,
) -> Result<(UserId, OauthCheck), Error> {
    let checked = check(cx, token, reads).await?;
    require_active(&checked)?;
    let user = token.user.ok_or(Failure::USER_REQUIRED)?;
    Ok((user, checked))
}

/// Fails if the organization of a token was deleted, or its user has left it.
pub(super) fn require_active(checked: &OauthCheck) -> Result<(), Error> {
    let is_active = checked.organization.as_ref().is_some_and(|organization| organization.is_active());
    if is_active && checked.authority.is_some() { Ok(()) } else { Err(TOKEN_REVOKED.into()) }
}

/// Returns the gate of an app and the membership of its user. Fails if the gate excludes the token, or the app was deleted.
///
/// A membership that is younger than the grant is another one: the user has left the organization, and has joined it again.
fn require_live(
    gate: Option<OauthGate>,
    membership: Option<Membership>,
    grant: Uuid,
    issued_at: i64,
) -> Result<(OauthGate, Option<Membership>), Error> {
    let gate = gate.filter(|gate| !gate.excludes(grant, issued_at)).ok_or(TOKEN_REVOKED)?;
    let is_younger = |membership: &Membership| !OauthGrantId::was_granted_by(grant, membership);
    if membership.as_ref().is_some_and(is_younger) {
        Err(TOKEN_REVOKED.into())
    } else {
        Ok((gate, membership))
    }
}

/// The token of a caller who was admitted, as far as it is needed to check it again.
pub(super) struct AdmittedToken {
    client: OauthClientId,
    grant: Uuid,
    user: Option<UserId>,
    organization: OrganizationId,
    issued_at: i64,
}

impl From<&Delegate> for AdmittedToken {
    fn from(delegate: &Delegate) -> Self {
        let Delegate { user, client, grant, organization, issued_at, .. } = *delegate;
        Self { client, grant, user: Some(user), organization, issued_at }
    }
}

impl From<&App> for AdmittedToken {
    fn from(app: &App) -> Self {
        let App { client, grant, organization, issued_at, .. } = *app;
        Self { client, grant, user: None, organization, issued_at }
    }
}

/// Reads again what the right of a caller who was admitted rests on, and another item in the same call.
///
/// Fails if the token was revoked, or the app has lost the endpoint's scope.
pub(super) async fn read_again(
    cx: &Context<'_>,
    token: AdmittedToken,
    other: Read,
) -> Result<(Option<Organization>, Option<Authority>, Items), Error> {
    let AdmittedToken { client, grant, user, organization, issued_at } = token;
    let OauthAccess { gate, access } = cx.store().oauth_access(client, user, organization, [other]).await?;
    let (gate, membership) = require_live(gate, access.membership, grant, issued_at)?;
    let required: Scopes = cx.endpoint.scope.into_iter().collect();
    let missing = gate.scopes.missing_of(required);
    if !missing.is_empty() {
        return Err(Error::insufficient_scope(missing));
    }
    let authority = match user {
        Some(_) => membership.map(Authority::Membership),
        None => Some(Authority::App(AppAuthority { client, gate_version: gate.version })),
    };
    Ok((access.organization, authority, access.others))
}
