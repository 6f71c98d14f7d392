//! The encryption of stored secrets with a new root secret.

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, ReturnConsumedCapacity},
};
use padron_domain::Error;

use crate::{
    api_keys::StoredApiKey,
    item::{DOCUMENT, Entity, Item, from_item},
    key::{Key, PK, SK},
    oauth::{StoredOauthApp, StoredOauthGrant},
    secret::Secrets,
    table::Store,
    webhooks::StoredWebhook,
};

/// The number of items, with secrets and without, on a page of [`Store::reseal`].
const PAGE: i32 = 1_000;

/// A record with an encrypted secret.
pub(crate) trait Sealed: Entity {
    /// The beginning of the records' sort keys.
    const SORT_KEY: &'static str;
    /// The attribute with the encrypted secret.
    const ATTRIBUTE: &'static str;

    /// Returns the encrypted secret.
    fn sealed(&self) -> &[u8];

    /// Returns the secret encrypted with the current root secret; `None` if it can be decrypted with neither root secret.
    fn resealed(&self, secrets: &Secrets) -> Result<Option<Vec<u8>>, Error>;
}

/// The outcome of encrypting a page of secrets anew.
#[derive(Debug, Default)]
pub struct ResealOutcome {
    /// The number of records with secrets on the page.
    pub records: u64,
    /// How many of them were encrypted anew.
    pub resealed: u64,
    /// How many of them can be decrypted with neither root secret.
    pub unreadable: u64,
    /// The position of the next page; `None` after the last page.
    pub next: Option<ResealPosition>,
}

/// The position of a page of [`Store::reseal`].
#[derive(Debug)]
pub struct ResealPosition(Item);

impl Store {
    /// Encrypts the secrets of the API keys, webhooks and OAuth apps on one page of the table with the current root secret. `after` is the position of the
    /// page; `None` for the first one.
    ///
    /// A secret that neither the current nor the previous root secret can decrypt is left unchanged and counted.
    ///
    /// # Errors
    ///
    /// Fails if DynamoDB returns an error. Secrets that are already encrypted with the current root secret remain so.
    pub async fn reseal(
        &self,
        secrets: &Secrets,
        after: Option<ResealPosition>,
    ) -> Result<ResealOutcome, Error> {
        let scan = self
            .client
            .scan()
            .table_name(&*self.table)
            .consistent_read(true)
            .limit(PAGE)
            .filter_expression("begins_with(#sk, :key) OR begins_with(#sk, :webhook) OR #sk = :app OR begins_with(#sk, :grant)")
            .projection_expression("#pk, #sk, #doc, #key_secret, #secrets, #seed")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_names("#doc", DOCUMENT)
            .expression_attribute_names("#key_secret", StoredApiKey::ATTRIBUTE)
            .expression_attribute_names("#secrets", StoredWebhook::ATTRIBUTE)
            .expression_attribute_values(":key", AttributeValue::S(StoredApiKey::SORT_KEY.into()))
            .expression_attribute_values(":webhook", AttributeValue::S(StoredWebhook::SORT_KEY.into()))
            .expression_attribute_names("#seed", StoredOauthGrant::ATTRIBUTE)
            .expression_attribute_values(":grant", AttributeValue::S(StoredOauthGrant::SORT_KEY.into()))
            .expression_attribute_values(":app", AttributeValue::S(StoredOauthApp::SORT_KEY.into()))
            .set_exclusive_start_key(after.map(|ResealPosition(item)| item))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let page = self.call(scan.send()).await?;
        self.record(page.consumed_capacity.as_slice());
        let mut outcome =
            ResealOutcome { next: page.last_evaluated_key.map(ResealPosition), ..ResealOutcome::default() };
        for item in page.items.unwrap_or_default() {
            let sort_key = item.get(SK).and_then(|key| key.as_s().ok()).map_or("", String::as_str);
            if sort_key.starts_with(StoredApiKey::SORT_KEY) {
                self.reseal_record(&from_item::<StoredApiKey>(item)?, secrets, &mut outcome).await?;
            } else if sort_key.starts_with(StoredWebhook::SORT_KEY) {
                self.reseal_record(&from_item::<StoredWebhook>(item)?, secrets, &mut outcome).await?;
            } else if sort_key.starts_with(StoredOauthGrant::SORT_KEY) {
                self.reseal_record(&from_item::<StoredOauthGrant>(item)?, secrets, &mut outcome).await?;
            } else {
                self.reseal_record(&from_item::<StoredOauthApp>(item)?, secrets, &mut outcome).await?;
            }
        }
        Ok(outcome)
    }

    async fn reseal_record<R: Sealed>(
        &self,
        record: &R,
        secrets: &Secrets,
        outcome: &mut ResealOutcome,
    ) -> Result<(), Error> {
        if record.sealed().is_empty() {
            return Ok(());
        }
        outcome.records += 1;
        let Some(resealed) = record.resealed(secrets)? else {
            outcome.unreadable += 1;
            return Ok(());
        };
        if resealed == record.sealed() {
            return Ok(());
        }
        let key: Key = record.key();
        let update = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(key.attributes().into()))
            .update_expression("SET #secret = :new")
            // The record may have other secrets by now, which are encrypted with the current root secret.
            .condition_expression(format!("attribute_exists({PK}) AND #secret = :old"))
            .expression_attribute_names("#secret", R::ATTRIBUTE)
            .expression_attribute_values(":new", AttributeValue::B(Blob::new(resealed)))
            .expression_attribute_values(":old", AttributeValue::B(Blob::new(record.sealed())))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let written = self.call(update.send()).await;
        // Otherwise the record was deleted, or was written by a function that has the current root secret.
        if self.if_condition_holds(written, |output| output.consumed_capacity.as_slice())?.is_some() {
            outcome.resealed += 1;
        }
        Ok(())
    }
}
