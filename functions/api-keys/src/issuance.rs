//! New API keys, and their texts.

use padron_auth::PresentedKey;
use padron_domain::{ApiKey, ApiKeyId, Error, OrganizationId, UserId};
use padron_http::{Context, Created, Versioned};
use padron_store::StoredApiKey;

use crate::response::{IssuedApiKey, show};

/// A new API key, to be written.
pub(crate) struct NewKey {
    pub(crate) stored: StoredApiKey,
    text: String,
}

/// A new secret.
pub(crate) struct NewSecret {
    presented: PresentedKey,
    text: String,
}

impl NewSecret {
    /// Creates a secret for a new key of an organization.
    pub(crate) fn new(cx: &Context<'_>, organization: OrganizationId) -> Result<Self, Error> {
        let presented = PresentedKey::generate(organization, ApiKeyId::at(cx.now()))?;
        Ok(Self { text: presented.text(&cx.options().key_brand), presented })
    }

    /// Returns a key with this secret and the default settings.
    pub(crate) fn key(&self, cx: &Context<'_>, created_by: UserId) -> ApiKey {
        ApiKey::new(self.presented.id, self.presented.organization, created_by, &self.text, cx.now())
    }

    /// Returns the record of a key with this secret.
    pub(crate) fn into_key(self, cx: &Context<'_>, key: ApiKey) -> Result<NewKey, Error> {
        let hash = self.presented.secret_hash();
        Ok(NewKey { stored: StoredApiKey::new(key, hash.as_ref(), cx.secrets())?, text: self.text })
    }
}

impl NewKey {
    /// Returns the response that creates the key. No other response contains the text.
    pub(crate) fn response(self, cx: &Context<'_>) -> Created<Versioned<IssuedApiKey>> {
        let Self { stored, text } = self;
        let ApiKey { organization, id, version, .. } = stored.key;
        let api_key = show(stored, cx.now());
        Created {
            location: format!("/organizations/{organization}/api-keys/{id}"),
            versioned: Versioned { version, body: IssuedApiKey { api_key, key: text } },
        }
    }
}
