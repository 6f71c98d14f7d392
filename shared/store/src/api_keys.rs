//! The API keys of an organization.
//!
//! A key is verified with the hash of its secret, which is stored encrypted. The registry lists the live keys, so that a change of a
//! membership can require that the member's set of keys is unchanged.

use std::hint::black_box;

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, ReturnConsumedCapacity},
};
use padron_domain::{
    ApiKey, ApiKeyId, ApiKeyRegistry, Authority, Error, Event, Failure, Id, KeyOwner, Organization,
    OrganizationId, RegistryEntry, Role, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Action,
    expression::Expression,
    item::{DOCUMENT, Entity, Item, compact, document},
    key::{Key, PK, partition},
    members::check_authority,
    range_query::{Page, RangeQuery},
    read::{Consistency, Items, Projection, Read},
    reseal::Sealed,
    secret::{Purpose, Secrets},
    table::Store,
    transaction::Transaction,
};

/// The attribute with the encrypted hash of a key's secret.
const SECRET: &str = "secret";
/// The attribute with the time of a key's last use.
const LAST_USED_AT: &str = "lastUsedAt";
/// The attribute with the time after which DynamoDB may delete an item, in seconds since 1970.
const TTL: &str = "ttl";

/// An API key as it is stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoredApiKey {
    /// The key.
    pub key: ApiKey,
    /// When the key was last used, to about ten minutes; `None` if it never was.
    #[serde(skip)]
    pub last_used_at: Option<Timestamp>,
    #[serde(skip)]
    sealed_hash: Vec<u8>,
}

/// Omits the encrypted hash.
impl std::fmt::Debug for StoredApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredApiKey").field("id", &self.key.id).finish_non_exhaustive()
    }
}

impl StoredApiKey {
    /// Creates the record of a new key from the hash of its secret.
    pub fn new(key: ApiKey, secret_hash: &[u8], secrets: &Secrets) -> Result<Self, Error> {
        let sealed_hash = seal(secrets, key.organization, key.id, secret_hash)?;
        Ok(Self { key, last_used_at: None, sealed_hash })
    }

    /// Returns the record with another version of the key.
    #[must_use]
    pub fn with_key(self, key: ApiKey) -> Self {
        Self { key, ..self }
    }

    /// Returns the hash of the key's secret; `None` if it was encrypted with another root secret.
    pub fn secret_hash(&self, secrets: &Secrets) -> Option<Vec<u8>> {
        let context = context(self.key.organization, self.key.id);
        secrets.open(Purpose::Credential, &context, &self.sealed_hash)
    }

    /// Does the work of reading a key and of [`Self::secret_hash`] for a key that does not exist, so that nobody can tell from the time
    /// whether there is a key with an id.
    pub fn simulate_read(organization: OrganizationId, id: ApiKeyId, secrets: &Secrets) {
        let item: serde_json::Value = serde_json::from_str(black_box(DUMMY_ITEM)).unwrap_or_default();
        let document = item["doc"]["S"].as_str().unwrap_or_default();
        _ = black_box(serde_json::from_str::<ApiKey>(document).is_ok());
        // Of the same length as a sealed hash: nonce, hash and tag.
        _ = black_box(secrets.open(Purpose::Credential, &context(organization, id), &[0; 12 + 32 + 16]));
    }
}

/// The item of a key as DynamoDB returns it, for [`StoredApiKey::simulate_read`].
const DUMMY_ITEM: &str = r#"{"PK":{"S":"ORG#00000000-0000-4000-8000-000000000000"},"SK":{"S":"KEY#00000000-0000-7000-8000-000000000000"},"entity":{"S":"api-key"},"version":{"N":"1"},"role":{"S":"member"},"secret":{"B":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},"lastUsedAt":{"S":"2026-01-15T12:00:00.000Z"},"doc":{"S":"{\"createdAt\":\"2026-01-15T12:00:00.000Z\",\"createdBy\":\"00000000-0000-4000-8000-000000000000\",\"hint\":\"0000\",\"id\":\"00000000-0000-7000-8000-000000000000\",\"metadata\":{},\"name\":\"Production server\",\"organization\":\"00000000-0000-4000-8000-000000000000\",\"ownedBy\":\"member\",\"prefix\":\"sk_pdr_\",\"rateLimit\":{\"limit\":1000,\"period\":60},\"role\":\"member\",\"scopes\":[\"read:user\",\"read:organization\",\"read:members\",\"read:customers\",\"write:customers\"],\"updatedAt\":\"2026-01-15T12:00:00.000Z\",\"version\":1}"}}"#;

/// Encrypts the hash of a key's secret. The same hash is always encrypted to the same bytes.
fn seal(
    secrets: &Secrets,
    organization: OrganizationId,
    id: ApiKeyId,
    secret_hash: &[u8],
) -> Result<Vec<u8>, Error> {
    secrets.seal(Purpose::Credential, &context(organization, id), secret_hash)
}

/// Returns the context in which the hash of a key's secret is encrypted, so that the hash of another key is invalid.
fn context(organization: OrganizationId, id: ApiKeyId) -> Vec<u8> {
    [&organization.uuid().as_bytes()[..], id.uuid().as_bytes()].concat()
}

/// The items that decide whether, and with which role, an API key may act in its organization.
#[derive(Debug)]
pub struct KeyAccess {
    /// The organization; `None` if it does not exist. It may be deleted.
    pub organization: Option<Organization>,
    /// The key; `None` if it does not exist.
    pub key: Option<StoredApiKey>,
    /// The other items that were read.
    pub others: Items,
}

/// The API keys that a member owns, and the registry that they were found in.
#[derive(Debug)]
pub struct OwnedApiKeys {
    registry: ApiKeyRegistry,
    keys: Vec<ApiKey>,
}

impl Store {
    /// The IAM actions of verifying a key.
    pub const VERIFY_API_KEY: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::record_use`] and [`Store::take_requests`](Store::take_requests).
    pub const USE_API_KEY: &'static [Action] = &[Action::UPDATE];
    /// The IAM actions of [`Store::create_api_key`].
    pub const CREATE_API_KEY: &'static [Action] = &[Action::PUT, Action::CHECK];
    /// The IAM actions of [`Store::rotate_api_key`], [`Store::update_api_key`] and [`Store::revoke_api_key`].
    pub const CHANGE_API_KEY: &'static [Action] =
        &[Action::BATCH_GET, Action::PUT, Action::UPDATE, Action::CHECK];
    /// The IAM actions of [`Store::revoke_leaked_api_key`].
    pub const REVOKE_LEAKED_API_KEY: &'static [Action] = &[Action::BATCH_GET, Action::PUT, Action::UPDATE];
    /// The IAM actions of [`Store::api_keys`].
    pub const API_KEYS: &'static [Action] = &[Action::QUERY];

    /// Reads a key and its organization in one call of two capacity units, strongly consistent.
    ///
    /// A key that was revoked a moment ago has no access. `reads` are the other items that the request needs. They are read in the same
    /// call.
    pub async fn key_access(
        &self,
        organization: OrganizationId,
        id: ApiKeyId,
        reads: impl IntoIterator<Item = Read>,
    ) -> Result<KeyAccess, Error> {
        let subject = Key::api_key(organization, id);
        let (organization, key, others) = self.access_batch(organization, subject, reads).await?;
        Ok(KeyAccess { organization, key, others })
    }

    /// Creates a key, on behalf of `actor`. `registry` is the next version of the registry, which contains it.
    pub fn create_api_key(
        &self,
        key: &StoredApiKey,
        registry: &ApiKeyRegistry,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        ApiKey::require_size(document(key)?.len())?;
        self.add_api_key(key, registry, actor, event)
    }

    /// Creates a key that replaces another one, on behalf of `actor`.
    ///
    /// `after` is the next version of the key that is replaced. `registry` is the next version of the registry.
    pub fn rotate_api_key(
        &self,
        new: &StoredApiKey,
        after: &ApiKey,
        registry: &ApiKeyRegistry,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.add_api_key(new, registry, actor, event)?;
        replace(&mut transaction, after)?;
        Ok(transaction)
    }

    /// Creates a key and replaces the registry, on behalf of `actor`.
    fn add_api_key(
        &self,
        key: &StoredApiKey,
        registry: &ApiKeyRegistry,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        // Ids are new and random. An item with the same id was written by an earlier attempt of this request.
        transaction.create(key, Failure::CONCURRENT_CHANGE)?;
        replace_registry(&mut transaction, registry)?;
        check_authority(&mut transaction, actor, None)?;
        Ok(transaction)
    }

    /// Replaces a key by its next version, on behalf of `actor`.
    ///
    /// If the key gets rights that only an admin has, `required_admin` is its creator, who must still be an admin. `registry` is the next
    /// version of the registry; `None` if it stays as it is.
    pub fn update_api_key(
        &self,
        after: &ApiKey,
        required_admin: Option<UserId>,
        registry: Option<&ApiKeyRegistry>,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        ApiKey::require_size(replace(&mut transaction, after)?)?;
        if let Some(registry) = registry {
            replace_registry(&mut transaction, registry)?;
        }
        // The actor, who is an admin, is checked anyway.
        let actor_id = actor.member();
        if let Some(creator) = required_admin.filter(|creator| actor_id != Some(*creator)) {
            let is_admin = Expression::condition("#role IN (:admin, :owner)")
                .name("#role", "role")
                .text(":admin", Role::Admin.name())
                .text(":owner", Role::Owner.name());
            let key = Key::membership(after.organization, creator);
            transaction.check_or_refuse(&key, is_admin, Failure::API_KEY_CREATOR_NOT_ADMIN)?;
        }
        check_authority(&mut transaction, actor, None)?;
        Ok(transaction)
    }

    /// Replaces a key by its next version, which is revoked, on behalf of `actor`. `registry` is the next version of the registry.
    pub fn revoke_api_key(
        &self,
        after: &ApiKey,
        registry: &ApiKeyRegistry,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.revoke_leaked_api_key(after, registry, event)?;
        check_authority(&mut transaction, actor, None)?;
        Ok(transaction)
    }

    /// Replaces a key by its next version, which is revoked because the key was leaked.
    pub fn revoke_leaked_api_key(
        &self,
        after: &ApiKey,
        registry: &ApiKeyRegistry,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        replace(&mut transaction, after)?;
        replace_registry(&mut transaction, registry)?;
        Ok(transaction)
    }

    /// Returns a page of the keys that `filter` accepts, newest first, eventually consistent. `None` accepts all keys.
    pub async fn api_keys(
        &self,
        organization: OrganizationId,
        after: Option<ApiKeyId>,
        limit: usize,
        filter: Option<&(dyn Fn(&StoredApiKey) -> bool + Sync)>,
    ) -> Result<Page<StoredApiKey>, Error> {
        let range = RangeQuery {
            partition: partition(organization),
            from: StoredApiKey::SORT_KEY.into(),
            to: format!("{}~", StoredApiKey::SORT_KEY),
            after: after.map(|id| Key::api_key(organization, id)),
            ascending: false,
            limit,
            passes_unreadable: false,
        };
        self.range_query(range, filter).await
    }

    /// Returns a key and the registry of its organization, in one call of two capacity units, strongly consistent.
    pub async fn registered_api_key(
        &self,
        organization: OrganizationId,
        id: ApiKeyId,
    ) -> Result<(Option<StoredApiKey>, ApiKeyRegistry), Error> {
        let keys = [Key::api_key(organization, id), Key::api_key_registry(organization)];
        let mut found = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
        Ok((found.api_key(organization, id)?, found.api_key_registry(organization)?))
    }

    /// Returns the registry of an organization's keys, strongly consistent.
    pub async fn api_key_registry(&self, organization: OrganizationId) -> Result<ApiKeyRegistry, Error> {
        let key = Key::api_key_registry(organization);
        let mut found =
            self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?;
        found.api_key_registry(organization)
    }

    /// Returns the keys that a member owns and that work at `now`, strongly consistent. Members without keys, which are most, cost no read.
    pub async fn owned_api_keys(
        &self,
        registry: ApiKeyRegistry,
        member: UserId,
        now: Timestamp,
    ) -> Result<OwnedApiKeys, Error> {
        let organization = registry.organization;
        let keys: Vec<Key> = registry.owned_by(member).map(|id| Key::api_key(organization, id)).collect();
        if keys.is_empty() {
            return Ok(OwnedApiKeys { registry, keys: Vec::new() });
        }
        let mut found = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
        let mut owned = Vec::with_capacity(keys.len());
        for key in &keys {
            // An expired key can still be in the registry. It cannot work again.
            let stored = found.remove::<StoredApiKey>(key)?;
            owned.extend(stored.map(|stored| stored.key).filter(|key| key.is_active(now)));
        }
        Ok(OwnedApiKeys { registry, keys: owned })
    }

    /// Records that a key is in use, for one capacity unit for each kilobyte of its record, unless another request has done so since the key was read.
    ///
    /// The hash of the secret is encrypted anew, so that it does not depend on the previous root secret any more.
    pub async fn record_use(
        &self,
        stored: &StoredApiKey,
        secret_hash: &[u8],
        secrets: &Secrets,
        now: Timestamp,
    ) -> Result<(), Error> {
        let ApiKey { organization, id, .. } = stored.key;
        let sealed = Blob::new(seal(secrets, organization, id, secret_hash)?);
        let unused = format!("attribute_exists({PK}) AND attribute_not_exists(#at)");
        let condition = if stored.last_used_at.is_some() { "#at = :before" } else { &unused };
        let mut update = self
            .client
            .update_item()
            .table_name(&*self.table)
            .set_key(Some(Key::api_key(organization, id).attributes().into()))
            .update_expression("SET #at = :now, #secret = :secret")
            .condition_expression(condition)
            .expression_attribute_names("#at", LAST_USED_AT)
            .expression_attribute_names("#secret", SECRET)
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()))
            .expression_attribute_values(":secret", AttributeValue::B(sealed))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        if let Some(before) = stored.last_used_at {
            update = update.expression_attribute_values(":before", AttributeValue::S(before.to_string()));
        }
        let output = self.call(update.send()).await?;
        self.record(output.consumed_capacity.as_slice());
        Ok(())
    }
}

impl OwnedApiKeys {
    /// Returns the keys.
    pub fn keys(&self) -> &[ApiKey] {
        &self.keys
    }

    /// Returns the keys that have more rights than a role.
    pub fn exceeding(&self, role: Role) -> impl Iterator<Item = &ApiKey> {
        self.keys.iter().filter(move |key| key.exceeds(role))
    }

    /// Adds the replacement of all keys to the transaction that ends their owner's membership. `after` are the next versions of the keys;
    /// `registry` is the next version of the registry; `None` if it stays as it is.
    ///
    /// If there are no keys, the transaction depends on that.
    pub(crate) fn replace(
        &self,
        transaction: &mut Transaction<'_>,
        after: &[ApiKey],
        registry: Option<&ApiKeyRegistry>,
    ) -> Result<(), Error> {
        for key in after {
            replace(transaction, key)?;
        }
        match registry {
            Some(registry) => replace_registry(transaction, registry),
            None => self.check_registry(transaction),
        }
    }

    /// Adds to the transaction that lowers their owner's role that no key has more rights than `role` afterwards.
    ///
    /// The transaction depends on those that have not, because they may get more rights meanwhile, and on the set of keys.
    pub(crate) fn limit_to(
        &self,
        transaction: &mut Transaction<'_>,
        role: Role,
        now: Timestamp,
    ) -> Result<(), Error> {
        for key in &self.keys {
            if key.exceeds(role) {
                replace(transaction, &key.limited_to(role, now))?;
            } else {
                check_key(transaction, key)?;
            }
        }
        self.check_registry(transaction)
    }

    fn check_registry(&self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
        let registry = Key::api_key_registry(self.registry.organization);
        transaction.check(&registry, Expression::version_or_absent(self.registry.version))
    }

    /// Returns the registry that the keys were found in.
    pub fn registry(&self) -> &ApiKeyRegistry {
        &self.registry
    }
}

/// Adds the replacement of a key by its next version to a transaction, and returns the size of its record in bytes. The secret and
/// the last use are not touched.
///
/// The size is checked only where a caller sends settings. A revocation, a rotation and a change of the creator's role always succeed.
fn replace(transaction: &mut Transaction<'_>, after: &ApiKey) -> Result<usize, Error> {
    let document = serde_json::to_value(after).map_err(|_| Error::internal("an API key is not JSON"))?;
    let document = compact(document);
    let size = document.len();
    let mut update = Expression::version(after.version - 1)
        .name("#doc", DOCUMENT)
        .name("#role", "role")
        .text(":doc", document)
        .number(":next", after.version)
        .text(":role", after.role.name());
    let mut set = "SET #doc = :doc, #version = :next, #role = :role".to_owned();
    if let Some(ttl) = ttl(after) {
        set.push_str(", #ttl = :ttl");
        update = update.name("#ttl", TTL).number(":ttl", ttl);
    }
    transaction.update(&Key::api_key(after.organization, after.id), update.then(set))?;
    Ok(size)
}

/// Returns the time after which DynamoDB may delete a key, in seconds since 1970; `None` if the key does not end.
fn ttl(key: &ApiKey) -> Option<i64> {
    key.ends_at().map(|end| end.plus(ApiKey::KEPT_AFTER_END).seconds())
}

/// Adds the replacement of a registry by its next version to a transaction.
fn replace_registry(transaction: &mut Transaction<'_>, after: &ApiKeyRegistry) -> Result<(), Error> {
    transaction.replace(&StoredRegistry::from(after), Expression::version_or_absent(after.version - 1))
}

/// Adds to a transaction the check that an acting key is unchanged.
pub(crate) fn check_key(transaction: &mut Transaction<'_>, key: &ApiKey) -> Result<(), Error> {
    transaction.check(&Key::api_key(key.organization, key.id), Expression::version(key.version))
}

impl Entity for StoredApiKey {
    const NAME: &'static str = "api-key";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version", "role"]);

    fn key(&self) -> Key {
        Key::api_key(self.key.organization, self.key.id)
    }

    fn other_attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        let mut attributes = vec![(SECRET, AttributeValue::B(Blob::new(self.sealed_hash.clone())))];
        attributes.extend(ttl(&self.key).map(|ttl| (TTL, AttributeValue::N(ttl.to_string()))));
        attributes.extend(self.last_used_at.map(|at| (LAST_USED_AT, AttributeValue::S(at.to_string()))));
        attributes
    }

    fn read_other_attributes(&mut self, mut item: Item) {
        if let Some(AttributeValue::B(sealed)) = item.remove(SECRET) {
            self.sealed_hash = sealed.into_inner();
        }
        let at = item.get(LAST_USED_AT).and_then(|at| at.as_s().ok());
        self.last_used_at = at.and_then(|at| Timestamp::parse(at).ok());
    }
}

impl Sealed for StoredApiKey {
    const SORT_KEY: &'static str = "KEY#";
    const ATTRIBUTE: &'static str = SECRET;

    fn sealed(&self) -> &[u8] {
        &self.sealed_hash
    }

    fn resealed(&self, secrets: &Secrets) -> Result<Option<Vec<u8>>, Error> {
        let seal = |hash: Vec<u8>| seal(secrets, self.key.organization, self.key.id, &hash);
        self.secret_hash(secrets).map(seal).transpose()
    }
}

/// A registry as it is stored: 37 bytes for each key.
#[derive(Debug, Serialize, Deserialize)]
struct StoredRegistry {
    organization: OrganizationId,
    version: u64,
    #[serde(with = "serde_bytes")]
    keys: Vec<u8>,
}

/// The bytes of an entry: two UUIDs, the owner, and the expiry or zeros.
const ENTRY_LENGTH: usize = 16 + 16 + 1 + 4;

impl From<&ApiKeyRegistry> for StoredRegistry {
    fn from(registry: &ApiKeyRegistry) -> Self {
        let mut keys = Vec::with_capacity(registry.entries.len() * ENTRY_LENGTH);
        for RegistryEntry { id, creator, owned_by, expires_at } in &registry.entries {
            keys.extend(id.uuid().as_bytes());
            keys.extend(creator.uuid().as_bytes());
            keys.push(u8::from(*owned_by == KeyOwner::Organization));
            keys.extend(expires_at.unwrap_or(0).to_be_bytes());
        }
        Self { organization: registry.organization, version: registry.version, keys }
    }
}

impl StoredRegistry {
    fn into_registry(self) -> Option<ApiKeyRegistry> {
        let entry = |bytes: &[u8]| {
            let uuid = |from: usize| Uuid::from_slice(bytes.get(from..from + 16)?).ok();
            let expiry = u32::from_be_bytes(bytes.get(33..37)?.try_into().ok()?);
            let owned_by = if bytes.get(32)? & 1 == 1 { KeyOwner::Organization } else { KeyOwner::Member };
            Some(RegistryEntry {
                id: Id::new(uuid(0)?),
                creator: Id::new(uuid(16)?),
                owned_by,
                expires_at: (expiry > 0).then_some(expiry),
            })
        };
        let entries = self.keys.chunks(ENTRY_LENGTH).map(entry).collect::<Option<Vec<_>>>()?;
        Some(ApiKeyRegistry { organization: self.organization, version: self.version, entries })
    }
}

impl Entity for StoredRegistry {
    const NAME: &'static str = "api-key-registry";

    fn key(&self) -> Key {
        Key::api_key_registry(self.organization)
    }
}

impl Items {
    /// Removes and returns a key; `None` if it was not read or does not exist.
    pub fn api_key(
        &mut self,
        organization: OrganizationId,
        id: ApiKeyId,
    ) -> Result<Option<StoredApiKey>, Error> {
        self.remove(&Key::api_key(organization, id))
    }

    /// Removes and returns the registry of an organization's keys. It is empty if it was not read or does not exist.
    pub fn api_key_registry(&mut self, organization: OrganizationId) -> Result<ApiKeyRegistry, Error> {
        let found = self.remove::<StoredRegistry>(&Key::api_key_registry(organization))?;
        let Some(found) = found else { return Ok(ApiKeyRegistry::empty(organization)) };
        found.into_registry().ok_or_else(|| Error::internal("a registry of API keys cannot be read"))
    }
}

impl StoredApiKey {
    /// Fails if the retention period of the record has ended.
    pub fn require_retained(&self, now: Timestamp) -> Result<(), Failure> {
        if self.is_retained(now) { Ok(()) } else { Err(Failure::API_KEY_NOT_FOUND) }
    }

    /// Returns whether the record is still kept. DynamoDB deletes it with a delay, so an older record counts as missing.
    pub fn is_retained(&self, now: Timestamp) -> bool {
        ttl(&self.key).is_none_or(|ttl| now.seconds() < ttl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dummy_item_is_that_of_a_key() {
        let item: serde_json::Value = serde_json::from_str(DUMMY_ITEM).unwrap();
        let key: ApiKey = serde_json::from_str(item["doc"]["S"].as_str().unwrap()).unwrap();
        let secrets = Secrets::new(&[7; 32], None).unwrap();
        let stored = StoredApiKey::new(key, &[0; 32], &secrets).unwrap();
        let written = crate::item::to_item(&stored).unwrap();
        let names = item.as_object().unwrap().keys().filter(|name| *name != LAST_USED_AT);
        let mut names: Vec<&String> = names.collect();
        let mut expected: Vec<&String> = written.keys().collect();
        names.sort();
        expected.sort();
        assert_eq!(names, expected);
        assert_eq!(
            Some(item["doc"]["S"].as_str().unwrap()),
            written[DOCUMENT].as_s().ok().map(String::as_str)
        );
    }
}
