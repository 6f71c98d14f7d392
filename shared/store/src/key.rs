//! The primary keys and index keys of the items of the table.
//!
//! All keys are built in this module. Ids have a fixed length and alphabet and free text comes last in a key, so that
//! two constructors never build the same key.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use padron_domain::{
    ApiKeyId, CertificateKind, CustomerId, CustomerNumber, DeliveryId, Email, EventId, InvitationId,
    OauthClientId, OauthGrantId, OrganizationId, UserId, WebhookId,
};
use ring::digest::{Context, Digest, SHA256, digest};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) const PK: &str = "PK";
pub(crate) const SK: &str = "SK";
pub(crate) const GSI1_PK: &str = "GSI1PK";
pub(crate) const GSI1_SK: &str = "GSI1SK";
pub(crate) const GSI2_SK: &str = "GSI2SK";
pub(crate) const GSI3_SK: &str = "GSI3SK";

/// The primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pk: String,
    sk: String,
}

impl Key {
    /// Returns the key of an organization.
    pub fn organization(id: OrganizationId) -> Self {
        Self { pk: partition(id), sk: "ORG".into() }
    }

    /// Returns the key of an organization's roster: the counts and limits that membership transactions check.
    pub fn roster(organization: OrganizationId) -> Self {
        Self { pk: partition(organization), sk: "ROSTER".into() }
    }

    /// Returns the key of a user's membership in an organization.
    pub fn membership(organization: OrganizationId, user: UserId) -> Self {
        Self { pk: partition(organization), sk: format!("MEMBER#{user}") }
    }

    /// Returns the key of the item that maps an e-mail to the member of an organization who has it.
    pub fn email(organization: OrganizationId, email: &Email) -> Self {
        Self { pk: partition(organization), sk: format!("EMAIL#{}", email_hash(email)) }
    }

    /// Returns the key of an invitation.
    pub fn invitation(organization: OrganizationId, id: InvitationId) -> Self {
        Self { pk: partition(organization), sk: format!("INVITE#{id}") }
    }

    /// Returns the GSI1 key attributes of a pending invitation.
    pub(crate) fn invitee(email: &Email, organization: OrganizationId) -> [(String, AttributeValue); 2] {
        [
            (GSI1_PK.into(), AttributeValue::S(invitee_partition(email))),
            (GSI1_SK.into(), AttributeValue::S(partition(organization))),
        ]
    }

    /// Returns the key of an API key.
    ///
    /// The sort keys have the order of the ids, which is the order of creation.
    pub fn api_key(organization: OrganizationId, id: ApiKeyId) -> Self {
        Self { pk: partition(organization), sk: format!("KEY#{id}") }
    }

    /// Returns the key of the registry of an organization's live API keys.
    pub fn api_key_registry(organization: OrganizationId) -> Self {
        Self { pk: partition(organization), sk: "KEYS".into() }
    }

    /// Returns the key of the private key of one of an organization's certificates.
    pub fn private_key(organization: OrganizationId, kind: CertificateKind) -> Self {
        Self { pk: partition(organization), sk: format!("SECRET#{}", kind.name()) }
    }

    /// Returns the key of a webhook.
    ///
    /// The sort keys have the order of the ids, which is the order of creation.
    pub fn webhook(organization: OrganizationId, id: WebhookId) -> Self {
        Self { pk: partition(organization), sk: format!("HOOK#{id}") }
    }

    /// Returns the key of the registry of an organization's webhooks.
    pub fn webhook_registry(organization: OrganizationId) -> Self {
        Self { pk: partition(organization), sk: "HOOKS".into() }
    }

    /// Returns the key of a delivery of an event to a webhook.
    ///
    /// The sort keys have the order of the events. The deliveries of an event have the order of its replays.
    pub fn delivery(webhook: WebhookId, id: DeliveryId) -> Self {
        Self { pk: delivery_partition(webhook), sk: delivery_sort_key(id) }
    }

    /// Returns the key of an OAuth app.
    pub fn oauth_app(client: OauthClientId) -> Self {
        Self { pk: client_partition(client), sk: "APP".into() }
    }

    /// Returns the key of the record that decides whether an OAuth app's access tokens work.
    pub fn oauth_gate(client: OauthClientId) -> Self {
        Self { pk: client_partition(client), sk: "GATE".into() }
    }

    /// Returns the key of what an OAuth app was granted.
    ///
    /// The sort keys have the order of the ids, which is the order of creation.
    pub fn oauth_grant(OauthGrantId { client, grant }: OauthGrantId) -> Self {
        Self { pk: client_partition(client), sk: format!("GRANT#{grant}") }
    }

    /// Returns the key of an authorization code, given its hash.
    pub(crate) fn authorization_code(hash: &str) -> Self {
        Self { pk: format!("CODE#{hash}"), sk: "CODE".into() }
    }

    /// Returns the key of a session on the pages of the authorization server, given the hash of its cookie.
    pub(crate) fn session(hash: &str) -> Self {
        Self { pk: format!("SESSION#{hash}"), sk: "SESSION".into() }
    }

    /// Returns the GSI1 key attributes of what a user has granted to an OAuth app.
    pub(crate) fn grantee(
        user: UserId,
        OauthGrantId { client, grant }: OauthGrantId,
    ) -> [(&'static str, String); 2] {
        [(GSI1_PK, grantee_partition(user)), (GSI1_SK, format!("{}#{grant}", client.uuid()))]
    }

    /// Returns the id of the grant with this key; `None` if it is not the key of a grant.
    pub(crate) fn grant_id(&self) -> Option<OauthGrantId> {
        let client = Uuid::try_parse(self.pk.strip_prefix("CLIENT#")?).ok()?;
        let grant = Uuid::try_parse(self.sk.strip_prefix("GRANT#")?).ok()?;
        Some(OauthGrantId { client: OauthClientId::new(client), grant })
    }

    /// Returns the key of the registry of an organization's OAuth apps.
    pub fn oauth_app_registry(organization: OrganizationId) -> Self {
        Self { pk: partition(organization), sk: "APPS".into() }
    }

    /// Returns the key of the public keys that access tokens are verified with.
    pub(crate) fn signing_keys() -> Self {
        Self { pk: SIGNING_KEYS.into(), sk: "JWKS".into() }
    }

    /// Returns the key of a private key that signs access tokens.
    pub(crate) fn signing_key(kid: &str) -> Self {
        Self { pk: SIGNING_KEYS.into(), sk: format!("SIGNER#{kid}") }
    }

    /// Returns the key of the consumption of a limit of requests.
    pub(crate) fn rate_limit(subject: &str) -> Self {
        Self { pk: format!("RATE#{subject}"), sk: "RATE".into() }
    }

    /// Returns the key of a user's profile, which belongs to no organization.
    pub fn profile(user: UserId) -> Self {
        Self { pk: user_partition(user), sk: "PROFILE".into() }
    }

    /// Returns the key of an audit event of an organization.
    pub fn event(organization: OrganizationId, id: EventId) -> Self {
        Self { pk: event_partition(organization), sk: id.to_string() }
    }

    /// Returns the key of the recorded response to a request with an idempotency key.
    pub fn idempotency_record(id: &IdempotencyId) -> Self {
        Self { pk: format!("IDEM#{}", id.0), sk: "IDEM".into() }
    }

    /// Returns the key of the item that maps a slug to its organization.
    pub fn slug(slug: &str) -> Self {
        Self { pk: format!("SLUG#{slug}"), sk: "SLUG".into() }
    }

    /// Returns the key of a customer.
    ///
    /// The sort keys have the order of the customer numbers, which is the order of creation.
    pub fn customer(organization: OrganizationId, number: CustomerNumber) -> Self {
        Self { pk: partition(organization), sk: customer_sort_key(number) }
    }

    /// Returns the GSI1 key attributes of a customer, in the partition of its parent.
    pub(crate) fn child(
        organization: OrganizationId,
        parent: CustomerNumber,
        number: CustomerNumber,
    ) -> [(String, AttributeValue); 2] {
        [
            (GSI1_PK.into(), AttributeValue::S(child_partition(organization, parent))),
            (GSI1_SK.into(), AttributeValue::S(hex_number(number))),
        ]
    }

    /// Returns the key of the item that maps an imported customer id to its customer.
    pub fn customer_id(organization: OrganizationId, id: &CustomerId) -> Self {
        Self { pk: partition(organization), sk: format!("CID#{id}") }
    }

    /// Returns the key of the item that maps an external id to its customer.
    pub fn external_id(organization: OrganizationId, external_id: &str) -> Self {
        Self { pk: partition(organization), sk: format!("EXT#{external_id}") }
    }

    /// Returns the key of one shard of the customer counter. The sum of all shards is the number of the organization's
    /// customers.
    pub fn customer_count(organization: OrganizationId, shard: u8) -> Self {
        Self { pk: count_partition(organization), sk: format!("CUSTOMERS#{shard:02}") }
    }

    /// Returns the sort key.
    pub(crate) fn sort_key(&self) -> &str {
        &self.sk
    }

    /// Returns whether the item is deleted only after all other items of its partition.
    pub(crate) fn is_deleted_last(&self) -> bool {
        matches!(self.sk.as_str(), "ORG" | "ROSTER")
    }

    /// Returns a key that no item has.
    pub(crate) fn nonexistent() -> Self {
        Self { pk: "NOTHING".into(), sk: "NOTHING".into() }
    }

    /// Returns the primary key of an item; `None` if it has none.
    pub(crate) fn of(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        Some(Self { pk: text(PK)?, sk: text(SK)? })
    }

    /// Returns the two attributes of the primary key, with their names.
    pub(crate) fn attributes(&self) -> [(String, AttributeValue); 2] {
        [(PK.into(), AttributeValue::S(self.pk.clone())), (SK.into(), AttributeValue::S(self.sk.clone()))]
    }
}

/// The id of a request with an idempotency key: a SHA-256 hash of the principal, the function, the scope and the key.
///
/// It is a hash so that neither idempotency keys nor users can be read from the table's partition keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyId(String);

impl IdempotencyId {
    /// Creates the id of a request. The case of `scope` is ignored, because ids in a path may be written in either
    /// case.
    pub fn new(principal: &str, function: &str, scope: &str, idempotency_key: &str) -> Self {
        let scope = scope.to_ascii_lowercase();
        Self(sha256(&[principal, function, &scope, idempotency_key].map(str::as_bytes)))
    }

    /// Returns the bytes of the id, the context in which the recorded response is encrypted.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Returns the partition key of an organization's items.
pub(crate) fn partition(organization: OrganizationId) -> String {
    format!("ORG#{organization}")
}

/// Returns the organization of a partition key; `None` if it is not the partition key of an organization.
pub(crate) fn organization_of_partition_key(partition: &str) -> Option<OrganizationId> {
    OrganizationId::parse(partition.strip_prefix("ORG#")?)
}

/// Returns the sort key of a customer. It has a fixed length, so that the order of the keys is the order of the
/// numbers.
pub(crate) fn customer_sort_key(number: CustomerNumber) -> String {
    format!("C#{}", hex_number(number))
}

/// Returns the customer number of a sort key; `None` if it is not the sort key of a customer.
pub(crate) fn customer_number_of_sort_key(sort_key: &str) -> Option<CustomerNumber> {
    u64::from_str_radix(sort_key.strip_prefix("C#")?, 16).ok().and_then(CustomerNumber::new)
}

/// Returns a customer number as 14 hexadecimal digits, for use in keys.
pub(crate) fn hex_number(number: CustomerNumber) -> String {
    format!("{:014x}", number.get())
}

/// Returns the GSI2 sort key of a customer.
///
/// Names have no control characters, so the entries are sorted by name and then by number.
pub(crate) fn name_index_key(name: &str, number: CustomerNumber) -> String {
    format!("{name}\0{}", hex_number(number))
}

/// Returns the GSI3 sort key of a customer: the time of its last change and its number.
pub(crate) fn update_index_key(updated_at: &str, number: CustomerNumber) -> String {
    format!("{updated_at}#{}", hex_number(number))
}

/// Returns the GSI1 partition key of the children of a customer.
pub(crate) fn child_partition(organization: OrganizationId, parent: CustomerNumber) -> String {
    format!("{organization}#CHILD#{}", hex_number(parent))
}

/// Returns the partition key of an organization's customer counter.
pub(crate) fn count_partition(organization: OrganizationId) -> String {
    format!("COUNT#{organization}")
}

/// Returns the partition key of an organization's audit events.
pub(crate) fn event_partition(organization: OrganizationId) -> String {
    format!("EVENTS#{organization}")
}

/// The partition key of the keys that sign access tokens.
const SIGNING_KEYS: &str = "KEYS#oauth";

/// Returns the partition key of an OAuth app and of what it was granted.
pub(crate) fn client_partition(client: OauthClientId) -> String {
    format!("CLIENT#{}", client.uuid())
}

/// Returns the GSI1 partition key of what a user has granted to OAuth apps.
pub(crate) fn grantee_partition(user: UserId) -> String {
    format!("GRANTEE#{user}")
}

/// Returns the partition key of a webhook's deliveries.
pub(crate) fn delivery_partition(webhook: WebhookId) -> String {
    format!("HOOK#{webhook}")
}

/// Returns the sort key of a delivery. It has a fixed length, so that the order of the keys is the order of the numbers.
pub(crate) fn delivery_sort_key(id: DeliveryId) -> String {
    format!("{}#{:010}", id.event, id.replay)
}

/// The number of partitions of GSI1 with the deliveries that have an attempt to come.
pub(crate) const DUE_PARTITIONS: u8 = 8;

/// Returns the GSI1 partition key of the deliveries of an event that have an attempt to come.
pub(crate) fn due_partition(event: EventId) -> String {
    // The last byte of a UUIDv7 is random.
    let [.., last] = *event.uuid().as_bytes();
    due_partition_of(last % DUE_PARTITIONS)
}

/// Returns the GSI1 partition key with this number, of deliveries that have an attempt to come.
pub(crate) fn due_partition_of(number: u8) -> String {
    format!("DUE#{number}")
}

/// Returns the SHA-256 hash of an e-mail address, for use in keys.
///
/// The hash keeps addresses out of keys, and so out of logs and metrics, and gives all keys the same length. It uses no
/// secret, so that it stays the same when secrets are replaced. The items themselves contain the addresses.
fn email_hash(email: &Email) -> String {
    hex(&digest(&SHA256, email.as_str().as_bytes()))
}

/// Returns the SHA-256 hash of some parts, as lowercase hexadecimal digits. Two different lists of parts have different hashes.
pub fn sha256(parts: &[&[u8]]) -> String {
    let mut hash = Context::new(&SHA256);
    for part in parts {
        // The length before each part keeps two different lists of parts from being hashed as the same bytes.
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finish())
}

/// Returns a hash as lowercase hexadecimal digits, for use in keys.
pub fn hex(hash: &Digest) -> String {
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the GSI1 partition key of the pending invitations of an e-mail.
pub(crate) fn invitee_partition(email: &Email) -> String {
    format!("INVITEE#{}", email_hash(email))
}

/// Returns the partition key of a user's profile and the GSI1 partition key of the user's memberships.
pub(crate) fn user_partition(user: UserId) -> String {
    format!("USER#{user}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use padron_domain::Id;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn different_things_have_different_keys(a: u128, b: u128, text in ".{0,60}", other in ".{0,60}") {
            prop_assume!(a != b && text != other);
            let [email, address] = ["a@b.example", "b@b.example"].map(|text| Email::parse(text).unwrap());
            let [organization, another] = [a, b].map(|n| OrganizationId::new(Uuid::from_u128(n)));
            let [user, someone] = [a, b].map(|n| Id::new(Uuid::from_u128(n)));
            let number = CustomerNumber::new(u64::try_from(a >> 75).unwrap()).unwrap();
            let keys = [
                Key::organization(organization),
                Key::organization(another),
                Key::roster(organization),
                Key::membership(organization, user),
                Key::membership(organization, someone),
                Key::membership(another, user),
                Key::email(organization, &email),
                Key::email(organization, &address),
                Key::email(another, &email),
                Key::invitation(organization, Id::new(Uuid::from_u128(a))),
                Key::invitation(organization, Id::new(Uuid::from_u128(b))),
                Key::api_key(organization, Id::new(Uuid::from_u128(a))),
                Key::api_key(organization, Id::new(Uuid::from_u128(b))),
                Key::api_key(another, Id::new(Uuid::from_u128(a))),
                Key::api_key_registry(organization),
                Key::api_key_registry(another),
                Key::private_key(organization, CertificateKind::Csd),
                Key::private_key(organization, CertificateKind::Fiel),
                Key::private_key(another, CertificateKind::Csd),
                Key::webhook(organization, Id::new(Uuid::from_u128(a))),
                Key::webhook(another, Id::new(Uuid::from_u128(a))),
                Key::oauth_app(OauthClientId::new(Uuid::from_u128(a))),
                Key::oauth_app(OauthClientId::new(Uuid::from_u128(b))),
                Key::oauth_gate(OauthClientId::new(Uuid::from_u128(a))),
                Key::oauth_grant(OauthGrantId {
                    client: OauthClientId::new(Uuid::from_u128(a)),
                    grant: Uuid::from_u128(a),
                }),
                Key::oauth_grant(OauthGrantId {
                    client: OauthClientId::new(Uuid::from_u128(a)),
                    grant: Uuid::from_u128(b),
                }),
                Key::oauth_app_registry(organization),
                Key::authorization_code(&text),
                Key::session(&text),
                Key::signing_keys(),
                Key::signing_key(&text),
                Key::signing_key(&other),
                Key::webhook_registry(organization),
                Key::delivery(
                    Id::new(Uuid::from_u128(a)),
                    DeliveryId { event: Id::new(Uuid::from_u128(a)), replay: 0 },
                ),
                Key::delivery(
                    Id::new(Uuid::from_u128(a)),
                    DeliveryId { event: Id::new(Uuid::from_u128(a)), replay: 1 },
                ),
                Key::delivery(
                    Id::new(Uuid::from_u128(a)),
                    DeliveryId { event: Id::new(Uuid::from_u128(b)), replay: 0 },
                ),
                Key::delivery(
                    Id::new(Uuid::from_u128(b)),
                    DeliveryId { event: Id::new(Uuid::from_u128(a)), replay: 0 },
                ),
                Key::rate_limit(&text),
                Key::rate_limit(&other),
                Key::profile(user),
                Key::profile(someone),
                Key::event(organization, Id::new(Uuid::from_u128(a))),
                Key::event(organization, Id::new(Uuid::from_u128(b))),
                Key::event(another, Id::new(Uuid::from_u128(a))),
                Key::idempotency_record(&IdempotencyId::new(&user.to_string(), "r", "p", &text)),
                Key::idempotency_record(&IdempotencyId::new(&user.to_string(), "r", "p", &other)),
                Key::idempotency_record(&IdempotencyId::new(&someone.to_string(), "r", "p", &text)),
                Key::slug(&text),
                Key::slug(&other),
                Key::external_id(organization, &text),
                Key::external_id(organization, &other),
                Key::external_id(another, &text),
                Key::customer(organization, number),
                Key::customer(another, number),
                Key::customer_id(organization, &CustomerId::new(number, 0)),
                Key::customer_count(organization, 0),
                Key::customer_count(organization, 15),
            ];
            prop_assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
        }
    }
}
