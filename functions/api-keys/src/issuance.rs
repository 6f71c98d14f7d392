//! New API keys, and their texts.

use padron_auth::PresentedKey;
use padron_domain::{ApiKey, ApiKeyId, Error, OrganizationId};
use padron_http::{Context, Created, Versioned};
use padron_store::StoredApiKey;

use crate::response::{IssuedApiKey, show};

/// A new API key, to be written.
pub(crate) struct NewKey {
    pub(crate) stored: StoredApiKey,
    text: String,
}

/// A new secret, and what of it the key's record shows.
pub(crate) struct NewSecret {
    presented: PresentedKey,
    text: String,
    prefix: String,
}

impl NewSecret {
    /// Creates a secret for a new key of an organization.
    pub(crate) fn new(cx: &Context<'_>, organization: OrganizationId) -> Result<Self, Error> {
        let presented = PresentedKey::generate(organization, ApiKeyId::created_at(cx.now()))?;
        let brand = &cx.options().key_brand;
        Ok(Self { text: presented.text(brand), prefix: PresentedKey::prefix(brand), presented })
    }

    /// Returns the id of the key.
    pub(crate) fn id(&self) -> ApiKeyId {
        self.presented.id
    }

    /// Returns the beginning of the key's text.
    pub(crate) fn prefix(&self) -> String {
        self.prefix.clone()
    }

    /// Returns the last four characters of the key's text.
    pub(crate) fn hint(&self) -> String {
        self.text[self.text.len() - 4..].to_owned()
    }

    /// Returns the key with this secret.
    pub(crate) fn into_key(self, cx: &Context<'_>, key: ApiKey) -> Result<NewKey, Error> {
        let hash = self.presented.secret_hash();
        Ok(NewKey { stored: StoredApiKey::new(key, hash.as_ref(), cx.secrets())?, text: self.text })
    }
}

impl NewKey {
    /// Returns the response that creates the key. No other response contains the text.
    pub(crate) fn answer(self, cx: &Context<'_>) -> Created<Versioned<IssuedApiKey>> {
        let Self { stored, text } = self;
        let ApiKey { organization, id, version, .. } = stored.key;
        let api_key = show(stored, cx.now());
        Created {
            location: format!("/organizations/{organization}/api-keys/{id}"),
            versioned: Versioned { version, body: IssuedApiKey { api_key, key: text } },
        }
    }
}
