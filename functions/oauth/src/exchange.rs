//! The exchange of authorization codes and refresh tokens for access tokens (RFC 6749 §4.1.3 and §6).

use padron_auth::{RefreshSeed, RefreshToken};
use padron_domain::{
    AuthorizationCode, Error, Event, EventData, Failure, OauthApp, OauthGate, OauthGrant, OauthGrantId,
    RefreshState, Scopes,
};
use padron_http::Context;
use padron_store::{OauthAppWithGate, OauthGrantWithGate, StoredOauthGrant};
use subtle::ConstantTimeEq;

use crate::{
    authorization::challenge_of,
    issuance::{TokenResponse, is_within, issue, require_active, revoke_for_reuse},
    session::hash_of,
};

/// The failures of the endpoints that exchange codes and refresh tokens.
pub(crate) const FAILURES: &[Failure] = &[
    Failure::INVALID_CLIENT,
    Failure::INVALID_GRANT,
    Failure::UNSUPPORTED_GRANT_TYPE,
    Failure::RATE_LIMITED,
    Failure::CONCURRENT_CHANGE,
];

/// An authorization code as a client presents it.
pub(crate) struct PresentedCode<'a> {
    pub(crate) code: &'a str,
    pub(crate) redirect_uri: Option<&'a str>,
    pub(crate) verifier: Option<&'a str>,
    /// The URL that the first access token is to be valid for; `None` for that of the authorization request.
    pub(crate) audience: Option<String>,
}

/// Exchanges an authorization code for a pair of tokens.
pub(crate) async fn exchange_code(
    cx: &Context<'_>,
    client: &OauthAppWithGate,
    presented: PresentedCode<'_>,
) -> Result<TokenResponse, Error> {
    let refuse = |why: &str| Error::from(Failure::INVALID_GRANT).with_cause(why);
    let OauthAppWithGate { stored, gate } = client;
    let code = cx.store().authorization_code(&hash_of(presented.code)).await?;
    let code = code.filter(|code| code.client == stored.app.id).ok_or_else(|| refuse("unknown"))?;
    require_same_request(&code, &presented)?;
    if let Some(grant) = code.grant {
        // Someone else may have the code. What it was exchanged for ends (RFC 6749 §4.1.2).
        revoke_for_reuse(cx, OauthGrantId { client: code.client, grant }).await?;
        return Err(refuse("used before"));
    }
    if !code.is_live(cx.now()) {
        return Err(refuse("expired"));
    }
    let scopes = code.scopes.limited_to(stored.app.scopes);
    if scopes.is_empty() {
        return Err(refuse("the app has none of the scopes any more"));
    }
    let audience = presented.audience.unwrap_or_else(|| code.audience.clone());
    if !is_within(&audience, &code.audience) {
        return Err(Failure::INVALID_TARGET.into());
    }
    require_active(cx, code.organization, Some((code.user, code.created_at()))).await?;
    let id = OauthGrantId::at(code.client, cx.now());
    let grant = OauthGrant {
        client: id.client,
        grant: id.grant,
        version: 1,
        organization: code.organization,
        user: Some(code.user),
        scopes,
        created_at: cx.now(),
        last_used_at: cx.now(),
        expires_at: OauthGrant::end_after(cx.now(), cx.now()),
        audience: code.audience.clone(),
        refresh: Some(RefreshState {
            generation: 1,
            issued_at: cx.now(),
            scopes,
            audience: audience.clone(),
        }),
    };
    let seed = RefreshSeed::generate()?;
    // Signed first: a key that is missing does not use up the code.
    let response = issue(cx, &stored.app, &grant, gate, scopes, audience).await?;
    let created = EventData::OauthGrantCreated { token_id: id, member_id: code.user, scopes };
    let event = Event::new(code.organization, padron_domain::Actor::User(code.user), cx.now(), created);
    let event = event.via(Some(code.client));
    let grant = StoredOauthGrant::new(grant, seed.as_bytes(), cx.secrets())?;
    let extended = stored.app.extended_for_grant(cx.now());
    let extended = extended.map(|app| client.clone().with_app(app, cx.secrets())).transpose()?;
    cx.store().exchange_authorization_code(&code, &grant, extended.as_ref(), &event)?.commit().await?;
    Ok(response.with_refresh_token(&seed.token(id, 1)))
}

/// Fails unless the client presents a code as it has asked for it: with the same redirect URI, and the verifier of its challenge.
fn require_same_request(code: &AuthorizationCode, presented: &PresentedCode<'_>) -> Result<(), Error> {
    let refuse = |why: &str| Err(Error::from(Failure::INVALID_GRANT).with_cause(why));
    if code.redirect_uri.as_deref() != presented.redirect_uri && code.redirect_uri.is_some() {
        return refuse("another redirect URI");
    }
    match (&code.challenge, presented.verifier) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) => {
            let is_same: bool = challenge_of(verifier).as_bytes().ct_eq(challenge.as_bytes()).into();
            if is_same { Ok(()) } else { refuse("another verifier") }
        }
        // The code is not the one that the client has asked for: an attacker has put another one in its place (RFC 9700 §4.8).
        _ => refuse("a verifier or a challenge alone"),
    }
}

/// A refresh token as a client presents it, with what it asks for.
pub(crate) struct PresentedRefreshToken {
    pub(crate) token: RefreshToken,
    /// The scopes of the new access token; `None` for all of the grant.
    pub(crate) scopes: Option<Scopes>,
    /// The URL that the new access token is to be valid for; `None` for that of the grant.
    pub(crate) audience: Option<String>,
}

/// Returns whether a refresh token is one of a grant, and not forged.
pub(crate) fn is_genuine(cx: &Context<'_>, token: &RefreshToken, stored: &StoredOauthGrant) -> bool {
    seed_of(cx, stored).is_some_and(|seed| token.is_of(&seed))
}

/// Returns what the refresh tokens of a grant are made of; `None` if there are none.
fn seed_of(cx: &Context<'_>, stored: &StoredOauthGrant) -> Option<RefreshSeed> {
    RefreshSeed::from_bytes(&stored.seed(cx.secrets())?)
}

/// Exchanges a refresh token for the next pair of tokens.
pub(crate) async fn refresh(
    cx: &Context<'_>,
    app: &OauthApp,
    presented: PresentedRefreshToken,
) -> Result<TokenResponse, Error> {
    let refuse = |why: &str| Error::from(Failure::INVALID_GRANT).with_cause(why);
    let PresentedRefreshToken { token, scopes, audience } = presented;
    let found = cx.store().oauth_grant_with_gate(token.id).await?.ok_or_else(|| refuse("unknown"))?;
    let OauthGrantWithGate { stored, gate } = found;
    let grant = stored.grant.clone();
    let seed = seed_of(cx, &stored).filter(|seed| token.is_of(seed)).ok_or_else(|| refuse("forged"))?;
    let (Some(state), Some(user)) = (grant.refresh.clone(), grant.user) else {
        return Err(refuse("no refresh"));
    };
    if grant.client != app.id || !grant.is_live(cx.now()) {
        return Err(refuse("of another client, or ended"));
    }
    let scopes = scopes.filter(|scopes| !scopes.is_empty()).unwrap_or(grant.scopes);
    if !grant.scopes.missing_of(scopes).is_empty() {
        return Err(Failure::INVALID_SCOPE.into());
    }
    let audience = audience.unwrap_or_else(|| grant.audience.clone());
    if !is_within(&audience, &grant.audience) {
        return Err(Failure::INVALID_TARGET.into());
    }
    let is_current = token.generation == state.generation;
    let is_repeated = token.generation.checked_add(1) == Some(state.generation)
        && cx.now() < state.issued_at.plus(cx.options().refresh_grace)
        && (state.scopes, &state.audience) == (scopes, &audience);
    if !is_current && !is_repeated {
        // A token that was replaced is used again: its owner or a thief. Neither can be told from the other (RFC 9700 §4.14.2).
        revoke_for_reuse(cx, grant.id()).await?;
        return Err(refuse("used before"));
    }
    require_active(cx, grant.organization, Some((user, grant.created_at))).await?;
    let response = issue_within(cx, app, &grant, &gate, scopes, audience.clone()).await?;
    if is_repeated {
        // The gate was read while the grant existed, so that it does not allow more than what a revocation takes back.
        cx.store().oauth_grant_with_gate(grant.id()).await?.ok_or_else(|| refuse("revoked meanwhile"))?;
        return Ok(response.with_refresh_token(&seed.token(grant.id(), state.generation)));
    }
    let after = grant.refreshed(scopes, &audience, cx.now());
    let next = seed.token(grant.id(), state.generation.saturating_add(1));
    if !cx.store().refresh_oauth_grant(&stored.with_grant(after, cx.secrets())?).await? {
        // Another request was faster, or the grant was revoked. The request is decided again.
        return Err(Failure::CONCURRENT_CHANGE.into());
    }
    Ok(response.with_refresh_token(&next))
}

/// Issues an access token with the scopes that the app still has.
async fn issue_within(
    cx: &Context<'_>,
    app: &OauthApp,
    grant: &OauthGrant,
    gate: &OauthGate,
    scopes: Scopes,
    audience: String,
) -> Result<TokenResponse, Error> {
    let scopes = scopes.limited_to(gate.scopes);
    if scopes.is_empty() {
        return Err(Error::from(Failure::INVALID_GRANT).with_cause("the app has none of the scopes any more"));
    }
    issue(cx, app, grant, gate, scopes, audience).await
}
