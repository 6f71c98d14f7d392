//! The OAuth apps of an organization, what they were granted, and the keys that sign their tokens.
//!
//! The hashes of an app's secrets are stored encrypted. Each request with a token of an app reads the app's gate, which says whether the
//! token still works.

use std::time::Duration;

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, ReturnConsumedCapacity},
};
use padron_domain::{
    AppAuthority, Authority, AuthorizationCode, Error, Event, Failure, OauthApp, OauthAppRegistry,
    OauthClientId, OauthGate, OauthGrant, OauthGrantId, OrganizationId, RevokedGrant, Session, Timestamp,
    UserId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Action,
    expression::Expression,
    item::{Entity, Item, to_item},
    key::{GSI1_PK, GSI1_SK, Key, PK, client_partition, grantee_partition},
    members::check_authority,
    organizations::OrganizationAccess,
    range_query::{Page, RangeQuery},
    read::{Consistency, Items, Projection, Read},
    reseal::Sealed,
    secret::{Purpose, Secrets},
    table::{Backoff, Store},
    transaction::{Transaction, TransactionError},
};

/// The attribute with the encrypted hashes of an app's secrets.
const SECRETS: &str = "secrets";
/// The attribute with the grants that were revoked.
const REVOKED: &str = "revoked";
/// The attribute with the time after which DynamoDB may delete an item, in seconds since 1970.
const TTL: &str = "ttl";
/// The attribute with the encrypted key of a grant's refresh tokens.
const SEED: &str = "seed";
/// The attribute with the grant that an authorization code was exchanged for.
const USED: &str = "grant";
/// The time for which an authorization code is kept after it has expired.
const CODE_KEPT: Duration = Duration::from_secs(2 * 60 * 60);
/// The bytes of a hash.
const HASH_LENGTH: usize = 32;

/// An OAuth app as it is stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoredOauthApp {
    /// The app.
    pub app: OauthApp,
    #[serde(skip)]
    sealed_hashes: Vec<u8>,
}

/// Omits the encrypted hashes.
impl std::fmt::Debug for StoredOauthApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredOauthApp").field("id", &self.app.id).finish_non_exhaustive()
    }
}

impl StoredOauthApp {
    /// Creates the record of an app from the hashes of its secrets: the current one, then the previous one if there is one. A public client
    /// has none.
    pub fn new(app: OauthApp, hashes: &[[u8; HASH_LENGTH]], secrets: &Secrets) -> Result<Self, Error> {
        let sealed_hashes = secrets.seal(Purpose::OauthApp, app.id.uuid().as_bytes(), &hashes.concat())?;
        Ok(Self { app, sealed_hashes })
    }

    /// Returns the record with another version of the app, and the same secrets. They are encrypted with the current root secret, so that
    /// this write does not undo [`Store::reseal`].
    pub fn with_app(self, app: OauthApp, secrets: &Secrets) -> Result<Self, Error> {
        let sealed_hashes = self.resealed(secrets)?.unwrap_or(self.sealed_hashes);
        Ok(Self { app, sealed_hashes })
    }

    /// Returns the hashes of the secrets that work at `now`; `None` if they were encrypted with another root secret.
    pub fn secret_hashes(&self, secrets: &Secrets, now: Timestamp) -> Option<Vec<[u8; HASH_LENGTH]>> {
        let plain = secrets.open(Purpose::OauthApp, self.app.id.uuid().as_bytes(), &self.sealed_hashes)?;
        let hashes = plain.chunks_exact(HASH_LENGTH).filter_map(|hash| hash.try_into().ok());
        Some(hashes.take(if self.app.has_previous_secret(now) { 2 } else { 1 }).collect())
    }
}

/// A grant as it is stored.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoredOauthGrant {
    /// The grant.
    pub grant: OauthGrant,
    #[serde(skip)]
    sealed_seed: Vec<u8>,
}

/// Omits the encrypted key.
impl std::fmt::Debug for StoredOauthGrant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredOauthGrant").field("id", &self.grant.id()).finish_non_exhaustive()
    }
}

impl StoredOauthGrant {
    /// Creates the record of a grant whose refresh tokens are authenticated with a key.
    pub fn new(grant: OauthGrant, seed: &[u8], secrets: &Secrets) -> Result<Self, Error> {
        let sealed_seed = secrets.seal(Purpose::OauthGrant, &grant_context(&grant), seed)?;
        Ok(Self { grant, sealed_seed })
    }

    /// Returns the key of the grant's refresh tokens; `None` if there are none, or it was encrypted with another root secret.
    pub fn seed(&self, secrets: &Secrets) -> Option<Vec<u8>> {
        secrets.open(Purpose::OauthGrant, &grant_context(&self.grant), &self.sealed_seed)
    }

    /// Returns the record with another version of the grant, and the same key, encrypted with the current root secret.
    pub fn with_grant(self, grant: OauthGrant, secrets: &Secrets) -> Result<Self, Error> {
        let sealed_seed = self.resealed(secrets)?.unwrap_or(self.sealed_seed);
        Ok(Self { grant, sealed_seed })
    }
}

/// A grant of an app that acts for itself, which has no refresh tokens.
impl From<OauthGrant> for StoredOauthGrant {
    fn from(grant: OauthGrant) -> Self {
        Self { grant, sealed_seed: Vec::new() }
    }
}

/// Returns the context in which the key of a grant is encrypted, so that that of another grant is invalid.
fn grant_context(grant: &OauthGrant) -> Vec<u8> {
    [&grant.client.uuid().as_bytes()[..], grant.grant.as_bytes()].concat()
}

/// A grant with the gate of its app.
#[derive(Debug)]
pub struct OauthGrantWithGate {
    /// The grant.
    pub stored: StoredOauthGrant,
    /// The gate.
    pub gate: OauthGate,
}

/// What a user has granted to an app.
#[derive(Clone, Debug)]
pub struct GrantOfUser {
    /// The grant.
    pub grant: OauthGrant,
    /// The name of the app.
    pub app_name: String,
    /// The URL of the document that describes the app; `None` if there is none.
    pub app_url: Option<String>,
}

/// An OAuth app with its gate, for changes of both.
#[derive(Clone, Debug)]
pub struct OauthAppWithGate {
    /// The app.
    pub stored: StoredOauthApp,
    /// The gate.
    pub gate: OauthGate,
}

/// The items that decide whether, and with which role, an OAuth app may act.
#[derive(Debug)]
pub struct OauthAccess {
    /// The gate of the app; `None` if the app was deleted.
    pub gate: Option<OauthGate>,
    /// The organization, and the membership of the user for whom the app acts.
    pub access: OrganizationAccess,
}

impl OauthAppWithGate {
    /// Creates the records of a new app from the hashes of its secrets.
    pub fn new(app: OauthApp, hashes: &[[u8; HASH_LENGTH]], secrets: &Secrets) -> Result<Self, Error> {
        let gate = OauthGate::new(&app);
        Ok(Self { stored: StoredOauthApp::new(app, hashes, secrets)?, gate })
    }

    /// Returns the records with the next version of the app, and of its gate.
    pub fn with_app(self, app: OauthApp, secrets: &Secrets) -> Result<Self, Error> {
        let gate = self.gate.next_version(&app);
        Ok(Self { stored: self.stored.with_app(app, secrets)?, gate })
    }
}

impl Store {
    /// The IAM actions of [`Store::grants_of_user`].
    pub const GRANTS_OF_USER: &'static [Action] = &[Action::QUERY_GSI1, Action::BATCH_GET];
    /// The IAM actions of [`Store::create_authorization_code`].
    pub const CREATE_CODE: &'static [Action] = &[Action::PUT];
    /// The IAM actions of [`Store::authorization_code`] and [`Store::exchange_authorization_code`].
    pub const EXCHANGE_CODE: &'static [Action] = &[Action::BATCH_GET, Action::PUT, Action::CHECK];
    /// The IAM actions of [`Store::refresh_oauth_grant`].
    pub const REFRESH_OAUTH_GRANT: &'static [Action] = &[Action::PUT];
    /// The IAM actions of [`Store::session`].
    pub const SESSION: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::create_session`].
    pub const CREATE_SESSION: &'static [Action] = &[Action::PUT];
    /// The IAM actions of [`Store::delete_session`].
    pub const DELETE_SESSION: &'static [Action] = &[Action::DELETE];
    /// The IAM actions of [`Store::create_oauth_app`].
    pub const CREATE_OAUTH_APP: &'static [Action] = &[Action::PUT, Action::CHECK];
    /// The IAM actions of [`Store::create_dynamic_client`].
    pub const CREATE_DYNAMIC_CLIENT: &'static [Action] = &[Action::PUT];
    /// The IAM actions of [`Store::replace_dynamic_client`].
    pub const REPLACE_DYNAMIC_CLIENT: &'static [Action] = &[Action::PUT];
    /// The IAM actions of [`Store::update_oauth_app`].
    pub const UPDATE_OAUTH_APP: &'static [Action] = &[Action::PUT, Action::CHECK];
    /// The IAM actions of [`Store::delete_oauth_app`].
    pub const DELETE_OAUTH_APP: &'static [Action] = &[Action::PUT, Action::DELETE, Action::CHECK];
    /// The IAM actions of [`Store::oauth_apps`].
    pub const OAUTH_APPS: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::oauth_client`].
    pub const OAUTH_CLIENT: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::create_oauth_grant`].
    pub const CREATE_OAUTH_GRANT: &'static [Action] = &[Action::PUT];
    /// The IAM actions of [`Store::oauth_grants`].
    pub const OAUTH_GRANTS: &'static [Action] = &[Action::QUERY];
    /// The IAM actions of [`Store::oauth_grants_of_user`].
    pub const OAUTH_GRANTS_OF_USER: &'static [Action] = &[Action::QUERY_GSI1, Action::BATCH_GET];
    /// The IAM actions of [`Store::oauth_grant_with_gate`].
    pub const OAUTH_GRANT_WITH_GATE: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::revoke_oauth_grant`] on behalf of an actor.
    pub const REVOKE_OAUTH_GRANT: &'static [Action] = &[Action::PUT, Action::DELETE, Action::CHECK];
    /// The IAM actions of [`Store::revoke_oauth_grant`] on behalf of the app itself.
    pub const REVOKE_OWN_OAUTH_GRANT: &'static [Action] = &[Action::PUT, Action::DELETE];

    /// Reads what decides whether an app may act in an organization, in one call, strongly consistent: for a user of three capacity units,
    /// for itself of two.
    ///
    /// An app that was deleted and a grant that was revoked a moment ago have no access. `reads` are the other items that the request needs.
    /// They are read in the same call.
    pub async fn oauth_access(
        &self,
        client: OauthClientId,
        user: Option<UserId>,
        organization: OrganizationId,
        reads: impl IntoIterator<Item = Read>,
    ) -> Result<OauthAccess, Error> {
        let key = Key::oauth_gate(client);
        if let Some(user) = user {
            let reads = reads.into_iter().chain([key.clone().into()]);
            let access = self.organization_access(organization, user, reads).await?;
            // The app may also be the target of the request, which needs its gate.
            let gate = access.others.oauth_gate(client)?;
            return Ok(OauthAccess { gate, access });
        }
        let (organization, gate, others) = self.access_batch::<StoredGate>(organization, key, reads).await?;
        let access = OrganizationAccess { organization, membership: None, others };
        Ok(OauthAccess { gate: gate.map(|gate| gate.0), access })
    }

    /// Creates an app with its gate, on behalf of `actor`. `registry` is the next version of the registry, which contains it.
    pub fn create_oauth_app(
        &self,
        OauthAppWithGate { stored, gate }: &OauthAppWithGate,
        registry: &OauthAppRegistry,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        // Ids are new and random. An item with the same id was written by an earlier attempt of this request.
        transaction.create(stored, Failure::CONCURRENT_CHANGE)?;
        transaction.create(&StoredGate(gate.clone()), Failure::CONCURRENT_CHANGE)?;
        replace_registry(&mut transaction, registry)?;
        check_authority(&mut transaction, actor, None)?;
        Ok(transaction)
    }

    /// Creates a client that belongs to no organization, with its gate. There is no audit event, because no organization has one.
    ///
    /// Returns `false` if there is such a client that has not expired at `now`. DynamoDB may delete expired ones days later.
    pub async fn create_dynamic_client(
        &self,
        OauthAppWithGate { stored, gate }: &OauthAppWithGate,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut transaction: Transaction<'_> = self.change_without_event();
        let is_free = || {
            let condition = format!("attribute_not_exists({PK}) OR #ttl <= :now");
            Expression::condition(condition).name("#ttl", TTL).number(":now", now.seconds())
        };
        transaction.replace(stored, is_free())?;
        transaction.replace(&StoredGate(gate.clone()), is_free())?;
        is_written(transaction.commit().await)
    }

    /// Replaces a client that belongs to no organization, and its gate, by their next versions. Returns `false` if one of them has changed
    /// meanwhile.
    pub async fn replace_dynamic_client(&self, after: &OauthAppWithGate) -> Result<bool, Error> {
        let mut transaction: Transaction<'_> = self.change_without_event();
        replace_app_with_gate(&mut transaction, after)?;
        is_written(transaction.commit().await)
    }

    /// Replaces an app by its next version, on behalf of `actor`. `gate` is the next version of its gate; `None` if it stays as it is.
    pub fn update_oauth_app(
        &self,
        after: &StoredOauthApp,
        gate: Option<&OauthGate>,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        transaction.replace(after, Expression::version(after.app.version - 1))?;
        if let Some(gate) = gate {
            replace_gate(&mut transaction, gate)?;
        }
        check_authority_unless_own(&mut transaction, actor, gate.map(|gate| gate.client))?;
        Ok(transaction)
    }

    /// Deletes an app with its gate, which ends all its tokens, on behalf of `actor`. `registry` is the next version of the registry.
    pub fn delete_oauth_app(
        &self,
        app: &OauthApp,
        registry: &OauthAppRegistry,
        actor: &Authority,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        transaction.remove(&Key::oauth_app(app.id), Expression::version(app.version))?;
        let gate = match actor {
            // An app that deletes itself does so only while its token works.
            Authority::App(acting) if acting.client == app.id => Expression::version(acting.gate_version),
            _ => Expression::default(),
        };
        transaction.remove(&Key::oauth_gate(app.id), gate)?;
        replace_registry(&mut transaction, registry)?;
        check_authority_unless_own(&mut transaction, actor, Some(app.id))?;
        Ok(transaction)
    }

    /// Returns the registry of an organization's apps, strongly consistent.
    pub async fn oauth_app_registry(&self, organization: OrganizationId) -> Result<OauthAppRegistry, Error> {
        let key = Key::oauth_app_registry(organization);
        let mut found =
            self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?;
        found.oauth_app_registry(organization)
    }

    /// Returns the apps of a registry, in its order, strongly consistent.
    pub async fn oauth_apps(&self, clients: &[OauthClientId]) -> Result<Vec<StoredOauthApp>, Error> {
        let keys: Vec<Key> = clients.iter().map(|client| Key::oauth_app(*client)).collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
        let apps = keys.iter().map(|key| found.remove::<StoredOauthApp>(key));
        apps.filter_map(Result::transpose).collect()
    }

    /// Returns an app with its gate, in one call of two capacity units, strongly consistent; `None` if there is no such app.
    pub async fn oauth_client(&self, client: OauthClientId) -> Result<Option<OauthAppWithGate>, Error> {
        let keys = [Key::oauth_app(client), Key::oauth_gate(client)];
        let mut found = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
        found.oauth_app_with_gate(client)
    }

    /// Creates a grant of an app that acts for itself. It takes part in no transaction: if the app is deleted meanwhile, its gate is gone.
    pub async fn create_oauth_grant(&self, grant: &OauthGrant) -> Result<(), Error> {
        self.put_item(&StoredOauthGrant::from(grant.clone())).await
    }

    /// Writes an item whose key nobody else has, outside of a transaction.
    async fn put_item<E: Entity>(&self, entity: &E) -> Result<(), Error> {
        let put = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(to_item(entity)?))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.call(put.send()).await?;
        self.record(output.consumed_capacity.as_slice());
        Ok(())
    }

    /// Returns a page of the grants of an app that have not ended, newest first, eventually consistent.
    pub async fn oauth_grants(
        &self,
        client: OauthClientId,
        after: Option<Uuid>,
        limit: usize,
        now: Timestamp,
    ) -> Result<Page<OauthGrant>, Error> {
        let range = RangeQuery {
            partition: client_partition(client),
            from: "GRANT#".into(),
            to: "GRANT#~".into(),
            after: after.map(|grant| Key::oauth_grant(OauthGrantId { client, grant })),
            ascending: false,
            limit,
            passes_unreadable: false,
        };
        let is_live = |stored: &StoredOauthGrant| stored.grant.is_live(now);
        let Page { items, next } = self.range_query(range, Some(&is_live)).await?;
        let items = items.into_iter().map(|stored| stored.grant).collect();
        Ok(Page { items, next: next.map(|stored| stored.grant) })
    }

    /// Returns the grants that a user has given to an app and that have not ended, newest first. The list may lack one that is a moment old;
    /// each grant is strongly consistent.
    pub async fn oauth_grants_of_user(
        &self,
        client: OauthClientId,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<OauthGrant>, Error> {
        // A user has one or two grants of an app.
        const MAX_GRANTS: i32 = 25;
        let query = self
            .client
            .query()
            .index_name(crate::action::GSI1)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :client)")
            .expression_attribute_names("#sk", GSI1_SK)
            .expression_attribute_values(":client", AttributeValue::S(format!("{}#", client.uuid())))
            .scan_index_forward(false)
            .limit(MAX_GRANTS);
        let found = self.query(query, (GSI1_PK, grantee_partition(user))).await?;
        let keys: Vec<Key> = found.items.iter().filter_map(Key::of).collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
        let grants = keys.iter().filter_map(|key| found.remove::<StoredOauthGrant>(key).transpose());
        let grants =
            grants.map(|stored| stored.map(|stored| stored.grant)).collect::<Result<Vec<_>, Error>>()?;
        Ok(grants.into_iter().filter(|grant| grant.is_live(now)).collect())
    }

    /// Returns a grant and the gate of its app, in one call, strongly consistent; `None` if one of them is gone.
    pub async fn oauth_grant_with_gate(&self, id: OauthGrantId) -> Result<Option<OauthGrantWithGate>, Error> {
        let keys = [Key::oauth_grant(id), Key::oauth_gate(id.client)];
        let mut found = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
        let (stored, gate) = (found.remove::<StoredOauthGrant>(&keys[0])?, found.oauth_gate(id.client)?);
        Ok(stored.zip(gate).map(|(stored, gate)| OauthGrantWithGate { stored, gate }))
    }

    /// Creates an authorization code.
    pub async fn create_authorization_code(&self, code: &AuthorizationCode) -> Result<(), Error> {
        self.put_item(code).await
    }

    /// Returns the authorization code with this hash, strongly consistent.
    pub async fn authorization_code(&self, hash: &str) -> Result<Option<AuthorizationCode>, Error> {
        let key = Key::authorization_code(hash);
        self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?.remove(&key)
    }

    /// Exchanges an authorization code for a grant.
    ///
    /// `extended` is the next version of a dynamic client that would expire before the grant, with its gate; `None` for others. If the app was
    /// deleted meanwhile, or the user has left the organization, the commit is refused. If the code was exchanged meanwhile, it is outdated.
    pub fn exchange_authorization_code(
        &self,
        code: &AuthorizationCode,
        stored: &StoredOauthGrant,
        extended: Option<&OauthAppWithGate>,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        let used = AuthorizationCode { grant: Some(stored.grant.grant), ..code.clone() };
        let is_unused = format!("attribute_exists({PK}) AND attribute_not_exists(#used)");
        transaction.replace(&used, Expression::condition(is_unused).name("#used", USED))?;
        transaction.create(stored, Failure::CONCURRENT_CHANGE)?;
        let exists = || Expression::present();
        match extended {
            Some(after) => replace_app_with_gate(&mut transaction, after)?,
            None => {
                transaction.check_or_refuse(
                    &Key::oauth_gate(code.client),
                    exists(),
                    Failure::INVALID_GRANT,
                )?;
            }
        }
        let membership = Key::membership(code.organization, code.user);
        transaction.check_or_refuse(&membership, exists(), Failure::INVALID_GRANT)?;
        Ok(transaction)
    }

    /// Replaces a grant by its next version, whose refresh token is of the next generation. Returns `false` if it has changed meanwhile.
    pub async fn refresh_oauth_grant(&self, after: &StoredOauthGrant) -> Result<bool, Error> {
        let put = self
            .client
            .put_item()
            .table_name(&*self.table)
            .set_item(Some(to_item(after)?))
            .condition_expression("#version = :before")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":before", AttributeValue::N((after.grant.version - 1).to_string()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let mut backoff = Backoff::new();
        loop {
            match self.call(put.clone().send()).await {
                Err(error) if error.code() == Some("TransactionConflictException") => {
                    self.pause(&mut backoff, "a grant was being changed until the deadline").await?;
                }
                outcome => {
                    let written =
                        self.if_condition_holds(outcome, |output| output.consumed_capacity.as_slice())?;
                    return Ok(written.is_some());
                }
            }
        }
    }

    /// Creates a session.
    pub async fn create_session(&self, session: &Session) -> Result<(), Error> {
        self.put_item(session).await
    }

    /// Returns the session whose cookie has this hash, strongly consistent.
    pub async fn session(&self, hash: &str) -> Result<Option<Session>, Error> {
        let key = Key::session(hash);
        self.batch_get(std::slice::from_ref(&key), Consistency::Strong, Projection::All).await?.remove(&key)
    }

    /// Deletes a session.
    pub async fn delete_session(&self, hash: &str) -> Result<(), Error> {
        let delete = self
            .client
            .delete_item()
            .table_name(&*self.table)
            .set_key(Some(Key::session(hash).attributes().into()))
            .return_consumed_capacity(ReturnConsumedCapacity::Total);
        let output = self.call(delete.send()).await?;
        self.record(output.consumed_capacity.as_slice());
        Ok(())
    }

    /// Returns a page of what a user has granted to apps, in the order of the apps, and the id after which the next page begins, eventually
    /// consistent. Those that have ended are left out.
    pub async fn grants_of_user(
        &self,
        user: UserId,
        after: Option<OauthGrantId>,
        limit: usize,
        now: Timestamp,
    ) -> Result<(Vec<GrantOfUser>, Option<OauthGrantId>), Error> {
        let after = after.map(|id| {
            let mut key: Item = Key::oauth_grant(id).attributes().into();
            let grantee = Key::grantee(user, id);
            key.extend(grantee.map(|(name, value)| (name.to_owned(), AttributeValue::S(value))));
            key
        });
        let found = self.index_page(grantee_partition(user), after, limit).await?;
        let ids: Vec<OauthGrantId> =
            found.items.iter().filter_map(Key::of).filter_map(|key| key.grant_id()).collect();
        let next = ids.last().copied().filter(|_| found.has_more);
        let mut grants = Vec::with_capacity(ids.len());
        // A batch has at most 100 keys.
        for ids in ids.chunks(50) {
            let keys = ids.iter().flat_map(|id| [Key::oauth_grant(*id), Key::oauth_app(id.client)]);
            let keys: Vec<Key> = keys.collect();
            let mut found = self.batch_get(&keys, Consistency::Eventual, Projection::All).await?;
            for id in ids {
                let stored = found.remove::<StoredOauthGrant>(&Key::oauth_grant(*id))?;
                let app = found.get::<StoredOauthApp>(&Key::oauth_app(id.client))?;
                if let (Some(stored), Some(app)) = (stored, app)
                    && stored.grant.is_live(now)
                {
                    let app_url = app.app.document_url().map(ToOwned::to_owned);
                    let app_name = app.app.name;
                    grants.push(GrantOfUser { grant: stored.grant, app_name, app_url });
                }
            }
        }
        Ok((grants, next))
    }

    /// Revokes a grant. `gate` is the next version of the app's gate, which excludes the grant's tokens. `actor` is `None` if the app itself
    /// revokes it.
    pub fn revoke_oauth_grant(
        &self,
        id: OauthGrantId,
        gate: &OauthGate,
        actor: Option<&Authority>,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.transaction(event)?;
        let exists = Expression::present();
        transaction.remove(&Key::oauth_grant(id), exists)?;
        replace_gate(&mut transaction, gate)?;
        if let Some(actor) = actor {
            check_authority_unless_own(&mut transaction, actor, Some(gate.client))?;
        }
        Ok(transaction)
    }
}

/// Returns whether a transaction was committed, and not outdated.
fn is_written(outcome: Result<(), TransactionError>) -> Result<bool, Error> {
    match outcome {
        Ok(()) => Ok(true),
        Err(TransactionError::Outdated) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Returns the attribute with the time after which DynamoDB may delete an item.
fn ttl(end: Timestamp) -> (&'static str, AttributeValue) {
    (TTL, AttributeValue::N(end.seconds().to_string()))
}

/// Adds the replacement of a registry by its next version to a transaction.
fn replace_registry(transaction: &mut Transaction<'_>, after: &OauthAppRegistry) -> Result<(), Error> {
    let condition = Expression::version_or_absent(after.version - 1);
    transaction.replace(&StoredAppRegistry(after.clone()), condition)
}

/// Adds the replacement of a gate by its next version to a transaction.
fn replace_gate(transaction: &mut Transaction<'_>, after: &OauthGate) -> Result<(), Error> {
    transaction.replace(&StoredGate(after.clone()), Expression::version(after.version - 1))
}

/// Adds the replacement of an app and its gate by their next versions to a transaction.
fn replace_app_with_gate(
    transaction: &mut Transaction<'_>,
    OauthAppWithGate { stored, gate }: &OauthAppWithGate,
) -> Result<(), Error> {
    transaction.replace(stored, Expression::version(stored.app.version - 1))?;
    replace_gate(transaction, gate)
}

/// Adds to a transaction the check that the gate of an acting app is unchanged.
pub(crate) fn check_app(transaction: &mut Transaction<'_>, app: &AppAuthority) -> Result<(), Error> {
    transaction.check(&Key::oauth_gate(app.client), Expression::version(app.gate_version))
}

/// Checks the actor's right to act, unless the actor is the app whose gate the transaction changes. DynamoDB allows one operation per item,
/// and its condition checks the same.
fn check_authority_unless_own(
    transaction: &mut Transaction<'_>,
    actor: &Authority,
    changed: Option<OauthClientId>,
) -> Result<(), Error> {
    match actor {
        Authority::App(app) if Some(app.client) == changed => Ok(()),
        _ => check_authority(transaction, actor, None),
    }
}

impl Entity for StoredOauthApp {
    const NAME: &'static str = "oauth-app";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::oauth_app(self.app.id)
    }

    fn other_attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        let secrets = (SECRETS, AttributeValue::B(Blob::new(self.sealed_hashes.clone())));
        [secrets].into_iter().chain(self.app.expires_at.map(ttl)).collect()
    }

    fn read_other_attributes(&mut self, mut item: Item) {
        if let Some(AttributeValue::B(sealed)) = item.remove(SECRETS) {
            self.sealed_hashes = sealed.into_inner();
        }
    }
}

impl Sealed for StoredOauthApp {
    const SORT_KEY: &'static str = "APP";
    const ATTRIBUTE: &'static str = SECRETS;

    fn sealed(&self) -> &[u8] {
        &self.sealed_hashes
    }

    fn resealed(&self, secrets: &Secrets) -> Result<Option<Vec<u8>>, Error> {
        let context = self.app.id.uuid();
        let plain = secrets.open(Purpose::OauthApp, context.as_bytes(), &self.sealed_hashes);
        plain.map(|plain| secrets.seal(Purpose::OauthApp, context.as_bytes(), &plain)).transpose()
    }
}

/// A gate as it is stored: with 20 bytes for each revoked grant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct StoredGate(OauthGate);

/// The bytes of a revoked grant: its id, and until when it is listed.
const REVOKED_LENGTH: usize = 16 + 4;

impl Entity for StoredGate {
    const NAME: &'static str = "oauth-gate";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::oauth_gate(self.0.client)
    }

    fn other_attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        let entry = |RevokedGrant { grant, until }: &RevokedGrant| {
            [&grant.as_bytes()[..], &until.to_be_bytes()].concat()
        };
        let revoked: Vec<u8> = self.0.revoked.iter().flat_map(entry).collect();
        // An attribute that is not there costs nothing.
        let revoked = Some(revoked).filter(|revoked| !revoked.is_empty());
        let revoked = revoked.map(|revoked| (REVOKED, AttributeValue::B(Blob::new(revoked))));
        revoked.into_iter().chain(self.0.expires_at.map(ttl)).collect()
    }

    fn read_other_attributes(&mut self, mut item: Item) {
        let Some(AttributeValue::B(revoked)) = item.remove(REVOKED) else { return };
        let entry = |bytes: &[u8]| {
            let (grant, until) = bytes.split_at_checked(16)?;
            let until = u32::from_be_bytes(until.try_into().ok()?);
            Some(RevokedGrant { grant: Uuid::from_slice(grant).ok()?, until })
        };
        match revoked.as_ref().chunks(REVOKED_LENGTH).map(entry).collect::<Option<Vec<_>>>() {
            Some(entries) => self.0.revoked = entries,
            // A list that cannot be read excludes all tokens.
            None => self.0.not_before = i64::MAX - 1,
        }
    }
}

impl Entity for StoredOauthGrant {
    const NAME: &'static str = "oauth-grant";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::oauth_grant(self.grant.id())
    }

    fn other_attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        let mut attributes = vec![ttl(self.grant.expires_at)];
        if !self.sealed_seed.is_empty() {
            attributes.push((SEED, AttributeValue::B(Blob::new(self.sealed_seed.clone()))));
        }
        attributes
    }

    fn read_other_attributes(&mut self, mut item: Item) {
        if let Some(AttributeValue::B(sealed)) = item.remove(SEED) {
            self.sealed_seed = sealed.into_inner();
        }
    }

    fn index_keys(&self) -> Vec<(&'static str, String)> {
        self.grant.user.map(|user| Key::grantee(user, self.grant.id()).into()).unwrap_or_default()
    }
}

impl Sealed for StoredOauthGrant {
    const SORT_KEY: &'static str = "GRANT#";
    const ATTRIBUTE: &'static str = SEED;

    fn sealed(&self) -> &[u8] {
        &self.sealed_seed
    }

    fn resealed(&self, secrets: &Secrets) -> Result<Option<Vec<u8>>, Error> {
        let seal = |seed: Vec<u8>| secrets.seal(Purpose::OauthGrant, &grant_context(&self.grant), &seed);
        self.seed(secrets).map(seal).transpose()
    }
}

impl Entity for AuthorizationCode {
    const NAME: &'static str = "authorization-code";
    const ATTRIBUTES: Option<&[&str]> = Some(&[USED]);

    fn key(&self) -> Key {
        Key::authorization_code(&self.hash)
    }

    fn other_attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        // Kept for as long as a grant that was made with it may have an access token: using it again revokes that grant.
        vec![ttl(self.expires_at.plus(CODE_KEPT))]
    }
}

impl Entity for Session {
    const NAME: &'static str = "session";
    const ATTRIBUTES: Option<&[&str]> = Some(&[]);

    fn key(&self) -> Key {
        Key::session(&self.hash)
    }

    fn other_attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        vec![ttl(self.expires_at)]
    }
}

/// A registry as it is stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct StoredAppRegistry(OauthAppRegistry);

impl Entity for StoredAppRegistry {
    const NAME: &'static str = "oauth-app-registry";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::oauth_app_registry(self.0.organization)
    }
}

impl Items {
    /// Removes and returns an app; `None` if it was not read, does not exist, or belongs to another organization.
    pub fn oauth_app(
        &mut self,
        organization: OrganizationId,
        client: OauthClientId,
    ) -> Result<Option<StoredOauthApp>, Error> {
        let found = self.remove::<StoredOauthApp>(&Key::oauth_app(client))?;
        Ok(found.filter(|stored| stored.app.organization == Some(organization)))
    }

    /// Returns the gate of an app; `None` if it was not read or does not exist.
    pub fn oauth_gate(&self, client: OauthClientId) -> Result<Option<OauthGate>, Error> {
        Ok(self.get::<StoredGate>(&Key::oauth_gate(client))?.map(|gate| gate.0))
    }

    /// Removes and returns an app with its gate; `None` if they were not read or do not exist.
    pub fn oauth_app_with_gate(&mut self, client: OauthClientId) -> Result<Option<OauthAppWithGate>, Error> {
        let stored = self.remove::<StoredOauthApp>(&Key::oauth_app(client))?;
        let gate = self.oauth_gate(client)?;
        Ok(stored.zip(gate).map(|(stored, gate)| OauthAppWithGate { stored, gate }))
    }

    /// Removes and returns the registry of an organization's apps. It is empty if it was not read or does not exist.
    pub fn oauth_app_registry(&mut self, organization: OrganizationId) -> Result<OauthAppRegistry, Error> {
        let found = self.remove::<StoredAppRegistry>(&Key::oauth_app_registry(organization))?;
        Ok(found.map_or_else(|| OauthAppRegistry::empty(organization), |found| found.0))
    }
}
