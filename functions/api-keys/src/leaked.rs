//! The revocation of keys that were found in a public place.

use padron_auth::PresentedKey;
use padron_domain::{Actor, Error, Event, EventData, Failure, MAX_URL_LENGTH, RevocationReason};
use padron_http::Context;

/// Revokes the key with this text, if there is one, and returns whether there is. The key itself is the proof that the report is true.
///
/// The key's own id is the actor of the event: whoever reports it is not known.
pub(crate) async fn revoke(cx: &Context<'_>, text: &str, url: Option<&str>) -> Result<bool, Error> {
    let Some(presented) = PresentedKey::parse(text.trim(), &cx.options().key_brand) else {
        return Ok(false);
    };
    let mut retries = cx.retries();
    loop {
        match revoke_once(cx, &presented, url).await {
            Err(error) if error.is_retryable() && retries.wait().await => {}
            outcome => return outcome,
        }
    }
}

async fn revoke_once(cx: &Context<'_>, presented: &PresentedKey, url: Option<&str>) -> Result<bool, Error> {
    let PresentedKey { organization, id, .. } = *presented;
    let (stored, registry) = cx.store().registered_api_key(organization, id).await?;
    let Some(stored) = stored.filter(|stored| stored.is_kept(cx.now())) else { return Ok(false) };
    let hash = stored.secret_hash(cx.secrets());
    if !hash.is_some_and(|hash| presented.proves(&hash)) {
        return Ok(false);
    }
    if !stored.key.is_active(cx.now()) {
        return Ok(true);
    }
    let actor = Actor::Key(id);
    let after = stored.key.revoked(actor, RevocationReason::Leaked, cx.now());
    // A URL that is too long to be one is left out: the report counts all the same.
    let url = url.map(str::trim).filter(|url| !url.is_empty() && url.len() <= MAX_URL_LENGTH);
    let leaked = EventData::ApiKeyLeaked { key_id: id, url: url.map(ToOwned::to_owned) };
    let event = Event::new(organization, actor, cx.now(), leaked).at_or_after(after.updated_at);
    let mut registry = registry.next_version();
    registry.remove(&[id]);
    let transaction = cx.store().revoke_leaked_api_key(&after, &registry, &event)?;
    transaction.commit().await?;
    Ok(true)
}

/// The failures of [`revoke`].
pub(crate) const FAILURES: &[Failure] = &[Failure::CONCURRENT_CHANGE];
