//! The issuance of access tokens.

use std::sync::Arc;

use padron_auth::{OauthToken, TokenSigner};
use padron_domain::{Error, Failure, OauthGate, OauthGrant, Scopes, Timestamp};
use padron_http::Context;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::vault;

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
}

/// Omits the token.
impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenResponse").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// The signer of a Lambda environment, with the key that signs at present.
#[derive(Clone, Debug, Default)]
struct SignerCache(Arc<Mutex<Option<TokenSigner>>>);

/// Issues an access token for a grant.
pub(crate) async fn issue(
    cx: &Context<'_>,
    grant: &OauthGrant,
    gate: &OauthGate,
    scopes: Scopes,
    audience: String,
) -> Result<TokenResponse, Error> {
    let signer = Box::pin(signer(cx)).await?;
    // Later than those that the gate excludes: they are of other grants.
    let issued_at = cx.now().seconds().max(gate.not_before + 1);
    let token = OauthToken {
        id: Uuid::new_v4(),
        client: grant.client,
        grant: grant.grant,
        user: grant.user,
        organization: grant.organization,
        scopes,
        audience,
        issued_at,
        expires_at: issued_at + OauthToken::LIFETIME,
    };
    Ok(TokenResponse {
        access_token: signer.sign(cx.issuer(), &token)?,
        token_type: "Bearer",
        expires_in: OauthToken::LIFETIME,
        scope: scopes.to_string(),
    })
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

/// Returns the gate that excludes the tokens of a grant.
pub(crate) fn revocation(gate: &OauthGate, grant: &OauthGrant, now: Timestamp) -> OauthGate {
    // The clocks of the functions may differ by some seconds.
    const MARGIN: u32 = 60;
    let lifetime = u32::try_from(OauthToken::LIFETIME).unwrap_or(u32::MAX).saturating_add(MARGIN);
    gate.revoking(grant.grant, lifetime, now)
}
