//! The revocation of keys that were found in a public place.

use padron_auth::PresentedKey;
use padron_domain::{Actor, Error, Event, EventData, Failure, RevocationReason, web_url};
use padron_http::Context;
use padron_store::StoredApiKey;
use percent_encoding::percent_decode_str;

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
    let Some(stored) = stored.filter(|stored| stored.is_retained(cx.now())) else {
        StoredApiKey::simulate_read(organization, id, cx.secrets());
        return Ok(false);
    };
    let hash = stored.secret_hash(cx.secrets());
    if !hash.is_some_and(|hash| presented.matches_hash(&hash)) {
        return Ok(false);
    }
    if !stored.key.is_active(cx.now()) {
        return Ok(true);
    }
    let actor = Actor::Key(id);
    let after = stored.key.revoked(actor, RevocationReason::Leaked, cx.now());
    // What is no URL is left out: the report counts all the same. The audit trail contains no keys, so a URL with one is left out too.
    let url = url.and_then(|url| web_url(url.trim())).filter(|url| !may_contain_key(url));
    let leaked = EventData::ApiKeyLeaked { key_id: id, url };
    let event = Event::new(organization, actor, cx.now(), leaked).at_or_after(after.updated_at);
    let mut registry = registry.next_version();
    registry.remove(&[id]);
    let transaction = cx.store().revoke_leaked_api_key(&after, &registry, &event)?;
    transaction.commit().await?;
    Ok(true)
}

/// The failures of [`revoke`].
pub(crate) const FAILURES: &[Failure] = &[Failure::CONCURRENT_CHANGE];

/// Returns whether a URL, decoded as often as it is encoded, contains as many letters and digits in a row as a key.
fn may_contain_key(url: &str) -> bool {
    let mut text = url.to_owned();
    loop {
        let mut words = text.split(|character: char| !character.is_ascii_alphanumeric());
        if words.any(|word| word.len() >= PresentedKey::DIGITS) {
            return true;
        }
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded.len() == text.len() {
            return false;
        }
        text = decoded;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_with_a_key_is_told_from_others_however_it_is_encoded() {
        let digits = "7IknYUiaCNoELOnu".repeat(6);
        let digits = &digits[..PresentedKey::DIGITS];
        for url in [
            format!("https://example.com/?k=sk_pdr_{digits}"),
            format!("https://example.com/?k=sk%5Fpdr%5F{digits}"),
            format!("https://example.com/?k=sk%255Fpdr_{digits}#L1"),
            format!("https://example.com/{}%37{}", &digits[..40], &digits[41..]),
            format!("https://example.com/{}%2537{}", &digits[..40], &digits[41..]),
        ] {
            assert!(may_contain_key(&url), "{url}");
        }
        let commit = "https://github.com/acme/app/blob/0123456789abcdef0123456789abcdef01234567/src/main.rs?q=%C3%B1%25#L10";
        assert!(!may_contain_key(commit));
    }
}
