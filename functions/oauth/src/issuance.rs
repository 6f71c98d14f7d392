//! The issuance of access tokens.

use std::sync::Arc;

use padron_auth::{OauthToken, RefreshToken, TokenSigner};
use padron_domain::{
    Actor, AuthorizationCode, ClientType, Error, Event, EventData, Failure, GrantRevocationReason, OauthApp,
    OauthGate, OauthGrant, OauthGrantId, OrganizationId, RateLimit, Scopes, Session, Timestamp, UserId,
};
use padron_http::Context;
use padron_store::{OauthGrantWithGate, RateSubject};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{
    authorization::AuthorizationRequest,
    session::{hash_of, random_text},
    vault,
};

/// The response with an access token (RFC 6749 §5.1), as Timbrix has it.
#[derive(Serialize, JsonSchema)]
pub struct TokenResponse {
    /// Access token: a JWT (RFC 9068), to be sent in `Authorization: Bearer …`.
    access_token: String,
    /// How the token is sent: always `Bearer`.
    token_type: &'static str,
    /// In how many seconds the token expires.
    expires_in: i64,
    /// Scopes of the token, separated by spaces.
    scope: String,
    /// Refresh token, with which the app gets the next pair of tokens. Absent if the app acts for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
}

impl TokenResponse {
    /// Adds a refresh token.
    pub(crate) fn with_refresh_token(self, token: &RefreshToken) -> Self {
        Self { refresh_token: Some(token.text()), ..self }
    }
}

/// Omits the token.
impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenResponse").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// The maximum length of a resource, in bytes.
const MAX_RESOURCE_LENGTH: usize = 512;

/// The signer of a Lambda environment, with the key that signs at present.
#[derive(Clone, Debug, Default)]
struct SignerCache(Arc<Mutex<Option<TokenSigner>>>);

/// Issues an access token for a grant of an app.
pub(crate) async fn issue(
    cx: &Context<'_>,
    app: &OauthApp,
    grant: &OauthGrant,
    gate: &OauthGate,
    scopes: Scopes,
    audience: String,
) -> Result<TokenResponse, Error> {
    let signer = signer(cx).await?;
    // The gate may exclude tokens up to an instant in the future. This token is of a grant that was not revoked.
    let issued_at = cx.now().seconds().max(gate.not_before + 1);
    let expires_at = (issued_at + OauthToken::LIFETIME).min(grant.expires_at.seconds());
    let token = OauthToken {
        id: Uuid::new_v4(),
        client: grant.client,
        client_url: app.document_url().map(ToOwned::to_owned),
        grant: grant.grant,
        user: grant.user,
        organization: grant.organization,
        scopes,
        audience,
        issued_at,
        expires_at,
    };
    Ok(TokenResponse {
        access_token: signer.sign(cx.issuer(), &token)?,
        token_type: "Bearer",
        expires_in: expires_at - issued_at,
        scope: scopes.to_string(),
        refresh_token: None,
    })
}

/// Fails unless an organization exists and is not deleted, and the user of a grant is the member who has given it.
pub(crate) async fn require_active(
    cx: &Context<'_>,
    organization: OrganizationId,
    user: Option<(UserId, Timestamp)>,
) -> Result<(), Error> {
    let refuse = |why: &str| Err(Error::from(Failure::INVALID_GRANT).with_cause(why));
    let (found, membership) = match user {
        Some((user, _)) => {
            let access = cx.store().organization_access(organization, user, []).await?;
            (access.organization, access.membership)
        }
        None => (cx.store().organization(organization).await?, None),
    };
    if !found.is_some_and(|organization| organization.is_active()) {
        return refuse("the organization is deleted");
    }
    match (user, membership) {
        // Whoever has left and joined again has not granted anything since.
        (Some((_, granted_at)), Some(membership)) if membership.existed_at(granted_at) => Ok(()),
        (Some(_), _) => refuse("the user has left the organization"),
        (None, _) => Ok(()),
    }
}

/// Returns the signer with the key that signs at present. It is decrypted once in a Lambda environment.
async fn signer(cx: &Context<'_>) -> Result<TokenSigner, Error> {
    let missing = || Error::unavailable("there is no key that signs: rotate-signing-keys makes one");
    let keys = cx.signing_keys(None).await?;
    let kid = &keys.set.signer(cx.now()).ok_or_else(missing)?.kid;
    let SignerCache(cache) = cx.environment().get_or_create(|| Ok(SignerCache::default()))?;
    let mut cached = cache.lock().await;
    if let Some(signer) = cached.as_ref().filter(|signer| signer.kid() == kid) {
        return Ok(signer.clone());
    }
    let stored = cx.store().signing_key(kid).await?.ok_or_else(missing)?;
    let vault = vault::connect(cx.environment())?;
    let document = vault.decrypt(&stored.ciphertext, vault::context(kid), cx.deadline()).await?;
    let signer = TokenSigner::new(kid, &document)?;
    *cached = Some(signer.clone());
    Ok(signer)
}

/// Returns the URL that a token is to be valid for (RFC 8707): the API's, or one below it.
pub(crate) fn audience(cx: &Context<'_>, resource: Option<&str>) -> Result<String, Error> {
    let Some(resource) = resource else { return Ok(cx.issuer().to_owned()) };
    let resource = resource.trim_end_matches('/');
    if resource.len() > MAX_RESOURCE_LENGTH {
        return Err(Failure::INVALID_TARGET.into());
    }
    let below = resource.strip_prefix(cx.issuer()).ok_or(Failure::INVALID_TARGET)?;
    let is_below = below.is_empty() || below.starts_with('/');
    let is_plain = below.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte));
    let has_dots = below.split('/').any(|segment| matches!(segment, "." | ".."));
    if is_below && is_plain && !has_dots {
        Ok(resource.to_owned())
    } else {
        Err(Failure::INVALID_TARGET.into())
    }
}

/// Returns whether a URL is another one, or lies below it.
pub(crate) fn is_within(url: &str, other: &str) -> bool {
    url.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns the organization for which a user has allowed everything that a request asks for before; `None` if they must be asked.
///
/// An app that cannot prove who it is asks each time, and so does one that nobody has verified.
pub(crate) async fn previously_granted_organization(
    cx: &Context<'_>,
    app: &OauthApp,
    request: &AuthorizationRequest,
    session: &Session,
) -> Result<Option<OrganizationId>, Error> {
    let is_confidential = app.client_type == ClientType::Confidential;
    let organization = app.organization.filter(|one| is_confidential && session.may_act_in(*one));
    let Some(organization) = organization else { return Ok(None) };
    let grants = cx.store().oauth_grants_of_user(app.id, session.user, cx.now()).await?;
    let covers = |grant: &&OauthGrant| {
        grant.scopes.missing_of(request.scopes).is_empty() && is_within(&request.audience, &grant.audience)
    };
    let Some(granted_at) = grants.iter().filter(covers).map(|grant| grant.created_at).max() else {
        return Ok(None);
    };
    match require_active(cx, organization, Some((session.user, granted_at))).await {
        Ok(()) => Ok(Some(organization)),
        Err(error) if error.failure() == Failure::INVALID_GRANT => Ok(None),
        Err(error) => Err(error),
    }
}

/// What a user has allowed.
#[derive(Clone, Copy)]
pub(crate) struct GivenConsent {
    pub(crate) user: UserId,
    pub(crate) organization: OrganizationId,
    pub(crate) scopes: Scopes,
}

/// The maximum number of times that a user allows a dynamic client to act for them: all at once, then one every six minutes.
///
/// All grants of a client share its gate, which lists [`OauthGate::MAX_REVOKED`] of those that were revoked. A user who revokes more than
/// that would end the access tokens of all others.
const DYNAMIC_CONSENTS: RateLimit = RateLimit { limit: 10, period: 60 * 60 };

/// Counts a consent of a user to an app. Returns `false` if there are too many.
pub(crate) async fn may_consent(cx: &Context<'_>, app: &OauthApp, user: UserId) -> Result<bool, Error> {
    if !app.is_dynamic() {
        return Ok(true);
    }
    let subject = RateSubject::client("oauth-decide", &app.id.to_string(), &user.to_string());
    match cx.count_other_request(&subject, DYNAMIC_CONSENTS).await {
        Ok(()) => Ok(true),
        Err(error) if error.failure() == Failure::RATE_LIMITED => Ok(false),
        Err(error) => Err(error),
    }
}

/// Creates an authorization code for what a user has allowed, and returns its text.
pub(crate) async fn authorization_code(
    cx: &Context<'_>,
    request: &AuthorizationRequest,
    GivenConsent { user, organization, scopes }: GivenConsent,
) -> Result<String, Error> {
    let text = random_text()?;
    let code = AuthorizationCode {
        hash: hash_of(&text),
        client: request.client,
        organization,
        user,
        scopes,
        redirect_uri: request.names_redirect_uri.then(|| request.redirect_uri.clone()),
        challenge: request.challenge.clone(),
        audience: request.audience.clone(),
        expires_at: cx.now().plus(AuthorizationCode::LIFETIME),
        grant: None,
    };
    cx.store().create_authorization_code(&code).await?;
    Ok(text)
}

/// Returns the event of a revocation.
pub(crate) fn revoked_event(grant: &OauthGrant, reason: GrantRevocationReason) -> EventData {
    EventData::OauthGrantRevoked { token_id: grant.id(), member_id: grant.user, reason }
}

/// Revokes a grant because a code or a refresh token of it was used twice. Nothing is left of it even if others revoke it at the same time.
pub(crate) async fn revoke_for_reuse(cx: &Context<'_>, id: OauthGrantId) -> Result<(), Error> {
    let Some(OauthGrantWithGate { stored, gate }) = cx.store().oauth_grant_with_gate(id).await? else {
        return Ok(());
    };
    let gate = revocation(&gate, &stored.grant, cx.now());
    let event = revoked_event(&stored.grant, GrantRevocationReason::Reuse);
    let event = Event::new(stored.grant.organization, Actor::System, cx.now(), event);
    cx.store().revoke_oauth_grant(id, &gate, None, &event)?.commit().await?;
    Ok(())
}

/// Returns the gate that excludes the tokens of a grant.
pub(crate) fn revocation(gate: &OauthGate, grant: &OauthGrant, now: Timestamp) -> OauthGate {
    // The clocks of the functions may differ by some seconds.
    const MARGIN: u32 = 60;
    let lifetime = u32::try_from(OauthToken::LIFETIME).unwrap_or(u32::MAX).saturating_add(MARGIN);
    gate.revoking(grant.grant, lifetime, now)
}
