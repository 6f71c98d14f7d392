//! The webhooks of an organization.
//!
//! The secrets that requests are signed with are stored encrypted. The registry says which events each webhook gets, so that the sender of
//! an event reads one item.

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, ReturnConsumedCapacity},
};
use padron_domain::{
    Authority, Error, Event, Failure, OrganizationId, Timestamp, Webhook, WebhookHealth, WebhookId,
    WebhookRegistry,
};
use serde::{Deserialize, Serialize};

use crate::{
    Action,
    expression::Expression,
    item::{DOCUMENT, Entity, Item, document},
    key::{Key, PK, partition},
    members::check_authority,
    range_query::{Page, RangeQuery},
    read::{Consistency, Items, Projection},
    reseal::Sealed,
    secret::{Purpose, Secrets},
    table::{Backoff, Store},
    transaction::Transaction,
};

/// The attribute with the encrypted secrets of a webhook.
const SECRETS: &str = "secrets";
/// The attribute with [`WebhookHealth::consecutive_failures`].
const FAILURES: &str = "failures";
/// The attribute with [`WebhookHealth::failing_since`].
const FAILING_SINCE: &str = "failingSince";
/// The attribute with [`WebhookHealth::failed_at`].
const FAILED_AT: &str = "failedAt";
/// The attribute with [`WebhookHealth::succeeded_at`].
const SUCCEEDED_AT: &str = "succeededAt";
/// The attribute with [`WebhookHealth::is_slow`].
const IS_SLOW: &str = "isSlow";

/// The secret and the private key of one generation.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookSecretMaterial {
    /// The number of the secret, as in [`WebhookSecret::generation`](padron_domain::WebhookSecret::generation).
    pub generation: u32,
    /// The key of the symmetric signatures.
    pub secret: [u8; 32],
    /// The private key of the asymmetric signatures (RFC 8032 §5.1.5).
    pub seed: [u8; 32],
}

/// Omits the secrets.
impl std::fmt::Debug for WebhookSecretMaterial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookSecretMaterial").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// A webhook as it is stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoredWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// The outcomes of its last requests. They are recorded without a new version of the webhook.
    #[serde(skip)]
    pub health: WebhookHealth,
    #[serde(skip)]
    sealed_secrets: Vec<u8>,
}

/// Omits the encrypted secrets.
impl std::fmt::Debug for StoredWebhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredWebhook").field("webhook", &self.webhook).finish_non_exhaustive()
    }
}

impl StoredWebhook {
    /// Creates the record of a webhook with these secrets.
    pub fn new(
        webhook: Webhook,
        material: &[WebhookSecretMaterial],
        secrets: &Secrets,
    ) -> Result<Self, Error> {
        let mut plain = Vec::with_capacity(material.len() * MATERIAL_LENGTH);
        for WebhookSecretMaterial { generation, secret, seed } in material {
            plain.extend(generation.to_be_bytes());
            plain.extend(secret);
            plain.extend(seed);
        }
        let context = context(webhook.organization, webhook.id);
        let sealed_secrets = secrets.seal(Purpose::Webhook, &context, &plain)?;
        Ok(Self { webhook, health: WebhookHealth::default(), sealed_secrets })
    }

    /// Returns the record with another version of the webhook, and the same secrets.
    #[must_use]
    pub fn with_webhook(self, webhook: Webhook) -> Self {
        Self { webhook, ..self }
    }

    /// Returns the secrets; `None` if they were encrypted with another root secret.
    pub fn material(&self, secrets: &Secrets) -> Option<Vec<WebhookSecretMaterial>> {
        let context = context(self.webhook.organization, self.webhook.id);
        let plain = secrets.open(Purpose::Webhook, &context, &self.sealed_secrets)?;
        let material = |bytes: &[u8]| {
            Some(WebhookSecretMaterial {
                generation: u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?),
                secret: bytes.get(4..36)?.try_into().ok()?,
                seed: bytes.get(36..MATERIAL_LENGTH)?.try_into().ok()?,
            })
        };
        plain.chunks(MATERIAL_LENGTH).map(material).collect()
    }
}

/// The bytes of one generation: its number, the secret and the private key.
const MATERIAL_LENGTH: usize = 4 + 32 + 32;

/// Returns the context in which the secrets of a webhook are encrypted, so that those of another webhook are invalid.
fn context(organization: OrganizationId, id: WebhookId) -> Vec<u8> {
    [&organization.uuid().as_bytes()[..], id.uuid().as_bytes()].concat()
}

impl Store {
    /// The IAM actions of [`Store::create_webhook`].
    pub const CREATE_WEBHOOK: &'static [Action] = &[Action::PUT, Action::CHECK];
    /// The IAM actions of [`Store::update_webhook`] and [`Store::rotate_webhook_secret`].
    pub const UPDATE_WEBHOOK: &'static [Action] = &[Action::PUT, Action::UPDATE, Action::CHECK];
    /// The IAM actions of [`Store::disable_webhook`] and [`Store::webhook_with_registry`].
    pub const DISABLE_WEBHOOK: &'static [Action] = &[Action::BATCH_GET, Action::PUT, Action::UPDATE];
    /// The IAM actions of [`Store::record_success`] and [`Store::record_failure`].
    pub const RECORD_HEALTH: &'static [Action] = &[Action::UPDATE];
    /// The IAM actions of [`Store::delete_webhook`].
    pub const DELETE_WEBHOOK: &'static [Action] = &[Action::PUT, Action::DELETE, Action::CHECK];
    /// The IAM actions of [`Store::webhooks`].
    pub const WEBHOOKS: &'static [Action] = &[Action::QUERY];

    /// Creates a webhook, on behalf of `actor`. `registry` is the next version of the registry, which contains it.
    pub fn create_webhook(
        &self,
        webhook: &StoredWebhook,
        registry: &WebhookRegistry,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        transaction.create(webhook, Failure::CONCURRENT_CHANGE)?;
        replace_registry(&mut transaction, registry)?;
        check_authority(&mut transaction, actor, None)?;
        Ok(transaction)
    }

    /// Replaces a webhook by its next version, on behalf of `actor`. `registry` is the next version of the registry. Its failures so far are
    /// forgotten if `resets_health` is set.
    pub fn update_webhook(
        &self,
        after: &StoredWebhook,
        registry: &WebhookRegistry,
        resets_health: bool,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.webhook_change(after, resets_health, event)?;
        replace_registry(&mut transaction, registry)?;
        check_authority(&mut transaction, actor, None)?;
        Ok(transaction)
    }

    /// Disables a webhook, which Padrón itself does: `after` is its next version. `registry` is the next version of the registry.
    pub fn disable_webhook(
        &self,
        after: &StoredWebhook,
        registry: &WebhookRegistry,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.webhook_change(after, false, event)?;
        replace_registry(&mut transaction, registry)?;
        Ok(transaction)
    }

    /// Replaces a webhook by its next version, which has other secrets, on behalf of `actor`.
    pub fn rotate_webhook_secret(
        &self,
        after: &StoredWebhook,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.webhook_change(after, false, event)?;
        check_authority(&mut transaction, actor, None)?;
        Ok(transaction)
    }

    /// Creates the transaction that replaces a webhook by its next version.
    fn webhook_change(
        &self,
        after: &StoredWebhook,
        resets_health: bool,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        transaction.update(&after.key(), replacement(after, resets_health)?)?;
        Ok(transaction)
    }

    /// Deletes a webhook, on behalf of `actor`. `registry` is the next version of the registry.
    pub fn delete_webhook(
        &self,
        webhook: &Webhook,
        registry: &WebhookRegistry,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        let key = Key::webhook(webhook.organization, webhook.id);
        transaction.remove(&key, Expression::version(webhook.version))?;
        replace_registry(&mut transaction, registry)?;
        check_authority(&mut transaction, actor, None)?;
        Ok(transaction)
    }

    /// Returns a webhook and the registry of its organization, strongly consistent; `None` if the webhook was deleted.
    pub async fn webhook_with_registry(
        &self,
        organization: OrganizationId,
        id: WebhookId,
    ) -> Result<(Option<StoredWebhook>, WebhookRegistry), Error> {
        let keys = [Key::webhook(organization, id), Key::webhook_registry(organization)];
        let mut items = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
        Ok((items.webhook(organization, id)?, items.webhook_registry(organization)?))
    }

    /// Records that a request of a webhook has succeeded, and whether it has taken long.
    pub async fn record_success(
        &self,
        webhook: &Webhook,
        now: Timestamp,
        is_slow: bool,
    ) -> Result<(), Error> {
        let update = Expression::default()
            .then(format!(
                "SET {SUCCEEDED_AT} = :now, {IS_SLOW} = :slow REMOVE {FAILURES}, {FAILING_SINCE}, {FAILED_AT}"
            ))
            .text(":now", now.to_string())
            .flag(":slow", is_slow);
        self.record_health(webhook, update).await
    }

    /// Records that a request of a webhook has failed, and whether it has taken long.
    pub async fn record_failure(
        &self,
        webhook: &Webhook,
        now: Timestamp,
        is_slow: bool,
    ) -> Result<(), Error> {
        let update = Expression::default()
            .then(format!(
                "SET {FAILING_SINCE} = if_not_exists({FAILING_SINCE}, :now), {FAILED_AT} = :now, {IS_SLOW} = :slow ADD {FAILURES} :one"
            ))
            .text(":now", now.to_string())
            .flag(":slow", is_slow)
            .number(":one", 1);
        self.record_health(webhook, update).await
    }

    /// Updates the health of a webhook, unless the webhook was deleted.
    async fn record_health(&self, webhook: &Webhook, update: Expression) -> Result<(), Error> {
        let mut backoff = Backoff::new();
        loop {
            let call = self
                .client
                .update_item()
                .table_name(&*self.table)
                .set_key(Some(Key::webhook(webhook.organization, webhook.id).attributes().into()))
                .set_update_expression(update.update.clone())
                .condition_expression(format!("attribute_exists({PK})"))
                .set_expression_attribute_values(update.values.clone())
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            match self.call(call.send()).await {
                Err(error) if error.code() == Some("TransactionConflictException") => {
                    self.pause(&mut backoff, "a webhook was being changed until the deadline").await?;
                }
                outcome => {
                    self.if_condition_holds(outcome, |output| output.consumed_capacity.as_slice())?;
                    return Ok(());
                }
            }
        }
    }

    /// Returns all webhooks of an organization in the order of their creation, eventually consistent. There are at most
    /// [`Webhook::MAX_OF_ORGANIZATION`].
    pub async fn webhooks(&self, organization: OrganizationId) -> Result<Vec<StoredWebhook>, Error> {
        let range = RangeQuery {
            partition: partition(organization),
            from: StoredWebhook::SORT_KEY.into(),
            to: format!("{}~", StoredWebhook::SORT_KEY),
            after: None,
            ascending: true,
            limit: Webhook::MAX_OF_ORGANIZATION,
            passes_unreadable: false,
        };
        let Page { items, .. } = self.range_query(range, None).await?;
        Ok(items)
    }
}

/// Returns the update that replaces a webhook and its secrets by those of the next version. The record of its health stays, unless
/// it is reset.
fn replacement(after: &StoredWebhook, resets_health: bool) -> Result<Expression, Error> {
    let forget = if resets_health {
        format!(" REMOVE {FAILURES}, {FAILING_SINCE}, {FAILED_AT}")
    } else {
        String::new()
    };
    Ok(Expression::version(after.webhook.version - 1)
        .then(format!("SET #document = :document, #version = :next, #secrets = :secrets{forget}"))
        .name("#document", DOCUMENT)
        .name("#secrets", SECRETS)
        .text(":document", document(after)?)
        .number(":next", after.webhook.version)
        .bytes(":secrets", after.sealed_secrets.clone()))
}

/// Adds the replacement of a registry by its next version to a transaction.
fn replace_registry(transaction: &mut Transaction<'_>, after: &WebhookRegistry) -> Result<(), Error> {
    let condition = Expression::version_or_absent(after.version - 1);
    transaction.replace(&StoredWebhookRegistry(after.clone()), condition)
}

impl Entity for StoredWebhook {
    const NAME: &'static str = "webhook";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::webhook(self.webhook.organization, self.webhook.id)
    }

    fn other_attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        vec![(SECRETS, AttributeValue::B(Blob::new(self.sealed_secrets.clone())))]
    }

    fn read_other_attributes(&mut self, mut item: Item) {
        if let Some(AttributeValue::B(sealed)) = item.remove(SECRETS) {
            self.sealed_secrets = sealed.into_inner();
        }
        let instant = |name| Timestamp::parse(item.get(name)?.as_s().ok()?).ok();
        self.health = WebhookHealth {
            failing_since: instant(FAILING_SINCE),
            consecutive_failures: (item.get(FAILURES))
                .and_then(|count| count.as_n().ok()?.parse().ok())
                .unwrap_or_default(),
            failed_at: instant(FAILED_AT),
            succeeded_at: instant(SUCCEEDED_AT),
            is_slow: matches!(item.get(IS_SLOW), Some(AttributeValue::Bool(true))),
        };
    }
}

impl Sealed for StoredWebhook {
    const SORT_KEY: &'static str = "HOOK#";
    const ATTRIBUTE: &'static str = SECRETS;

    fn sealed(&self) -> &[u8] {
        &self.sealed_secrets
    }

    fn resealed(&self, secrets: &Secrets) -> Result<Option<Vec<u8>>, Error> {
        let Some(material) = self.material(secrets) else { return Ok(None) };
        Ok(Some(Self::new(self.webhook.clone(), &material, secrets)?.sealed_secrets))
    }
}

/// A registry as it is stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct StoredWebhookRegistry(WebhookRegistry);

impl Entity for StoredWebhookRegistry {
    const NAME: &'static str = "webhook-registry";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::webhook_registry(self.0.organization)
    }
}

impl Items {
    /// Removes and returns a webhook; `None` if it was not read or does not exist.
    pub fn webhook(
        &mut self,
        organization: OrganizationId,
        id: WebhookId,
    ) -> Result<Option<StoredWebhook>, Error> {
        self.remove(&Key::webhook(organization, id))
    }

    /// Removes and returns the registry of an organization's webhooks. It is empty if it was not read or does not exist.
    pub fn webhook_registry(&mut self, organization: OrganizationId) -> Result<WebhookRegistry, Error> {
        let found = self.remove::<StoredWebhookRegistry>(&Key::webhook_registry(organization))?;
        Ok(found.map_or_else(|| WebhookRegistry::empty(organization), |found| found.0))
    }
}
