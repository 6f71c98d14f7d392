//! Every primary key of the table, built here and nowhere else.
//!
//! Ids are fixed in length and alphabet, so no two constructors can build the same key, and free text comes last.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use padron_domain::{
    Actor, CustomerId, CustomerNumber, Email, EventId, InvitationId, OrganizationId, UserId,
};
use ring::digest::{Context, Digest, SHA256, digest};
use serde::{Deserialize, Serialize};

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
    /// An organization.
    pub fn organization(id: OrganizationId) -> Self {
        Self { pk: partition(id), sk: "ORG".into() }
    }

    /// The counts and limits that membership transactions decide from.
    pub fn roster(organization: OrganizationId) -> Self {
        Self { pk: partition(organization), sk: "ROSTER".into() }
    }

    /// That a user belongs to an organization.
    pub fn membership(organization: OrganizationId, user: UserId) -> Self {
        Self { pk: partition(organization), sk: format!("MEMBER#{user}") }
    }

    /// Which member has an e-mail.
    pub fn email(organization: OrganizationId, email: &Email) -> Self {
        Self { pk: partition(organization), sk: format!("EMAIL#{}", email_hash(email)) }
    }

    /// That someone is asked to join.
    pub fn invitation(organization: OrganizationId, id: InvitationId) -> Self {
        Self { pk: partition(organization), sk: format!("INVITE#{id}") }
    }

    /// The place of an open invitation in GSI1.
    pub(crate) fn invitee(email: &Email, organization: OrganizationId) -> [(String, AttributeValue); 2] {
        [
            (GSI1_PK.into(), AttributeValue::S(invitee_partition(email))),
            (GSI1_SK.into(), AttributeValue::S(partition(organization))),
        ]
    }

    /// A user, apart from any organization.
    pub fn profile(user: UserId) -> Self {
        Self { pk: user_partition(user), sk: "PROFILE".into() }
    }

    /// Something that happened in an organization.
    pub fn event(organization: OrganizationId, id: EventId) -> Self {
        Self { pk: event_partition(organization), sk: id.to_string() }
    }

    /// The answer to a request.
    pub fn idempotency_record(id: &IdempotencyId) -> Self {
        Self { pk: format!("IDEM#{}", id.0), sk: "IDEM".into() }
    }

    /// Whose a slug is.
    pub fn slug(slug: &str) -> Self {
        Self { pk: format!("SLUG#{slug}"), sk: "SLUG".into() }
    }

    /// A customer: in the order of numbers, which is that of creation.
    pub fn customer(organization: OrganizationId, number: CustomerNumber) -> Self {
        Self { pk: partition(organization), sk: customer_sort_key(number) }
    }

    /// The place of a customer in GSI1: below the one that it belongs to.
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

    /// Which customer has an id that was brought from elsewhere.
    pub fn customer_id(organization: OrganizationId, id: &CustomerId) -> Self {
        Self { pk: partition(organization), sk: format!("CID#{id}") }
    }

    /// Which customer has an external id.
    pub fn external_id(organization: OrganizationId, external_id: &str) -> Self {
        Self { pk: partition(organization), sk: format!("EXT#{external_id}") }
    }

    /// One of the counters whose sum is the number of customers.
    pub fn customer_count(organization: OrganizationId, shard: u8) -> Self {
        Self { pk: count_partition(organization), sk: format!("CUSTOMERS#{shard:02}") }
    }

    /// Whether it goes only once all else in its partition is gone.
    pub(crate) fn outlives_its_partition(&self) -> bool {
        matches!(self.sk.as_str(), "ORG" | "ROSTER")
    }

    /// What no item has.
    pub(crate) fn nothing() -> Self {
        Self { pk: "NOTHING".into(), sk: "NOTHING".into() }
    }

    pub(crate) fn of(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        Some(Self { pk: text(PK)?, sk: text(SK)? })
    }

    pub(crate) fn attributes(&self) -> [(String, AttributeValue); 2] {
        [(PK.into(), AttributeValue::S(self.pk.clone())), (SK.into(), AttributeValue::S(self.sk.clone()))]
    }
}

/// Which request an idempotency key stands for: whose it is, what it asks for, and the key. A hash, so that neither keys nor
/// users can be read off the table's partitions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyId(String);

impl IdempotencyId {
    /// The id of a request. Ids in a path may be written in either case.
    pub fn new(actor: Actor, function: &str, scope: &str, idempotency_key: &str) -> Self {
        let mut hash = Context::new(&SHA256);
        for part in [&actor.to_string(), function, &scope.to_ascii_lowercase(), idempotency_key] {
            // With its length before it, no two lists of parts read the same.
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hex(&hash.finish()))
    }

    /// Returns the bytes of the id, which recorded answers are bound to.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The partition of what belongs to an organization.
pub(crate) fn partition(organization: OrganizationId) -> String {
    format!("ORG#{organization}")
}

/// The organization of such a partition.
pub(crate) fn organization_of(partition: &str) -> Option<OrganizationId> {
    OrganizationId::parse(partition.strip_prefix("ORG#")?)
}

/// Fixed in length, so that its order is that of the numbers.
pub(crate) fn customer_sort_key(number: CustomerNumber) -> String {
    format!("C#{}", hex_number(number))
}

/// The customer of such a sort key.
pub(crate) fn number_of(sort_key: &str) -> Option<CustomerNumber> {
    u64::from_str_radix(sort_key.strip_prefix("C#")?, 16).ok().and_then(CustomerNumber::new)
}

/// A number as it stands in keys.
pub(crate) fn hex_number(number: CustomerNumber) -> String {
    format!("{:014x}", number.get())
}

/// The place of a customer in GSI2. Names have no control characters, so the order is that of name, then number.
pub(crate) fn name_index_key(name: &str, number: CustomerNumber) -> String {
    format!("{name}\0{}", hex_number(number))
}

/// The place of a customer in GSI3.
pub(crate) fn update_index_key(updated_at: &str, number: CustomerNumber) -> String {
    format!("{updated_at}#{}", hex_number(number))
}

/// The partition in GSI1 of those that belong to a customer.
pub(crate) fn child_partition(organization: OrganizationId, parent: CustomerNumber) -> String {
    format!("{organization}#CHILD#{}", hex_number(parent))
}

pub(crate) fn count_partition(organization: OrganizationId) -> String {
    format!("COUNT#{organization}")
}

pub(crate) fn event_partition(organization: OrganizationId) -> String {
    format!("EVENTS#{organization}")
}

/// Without a secret, so that it stays the same when secrets are replaced: it keeps addresses out of keys, and so out of logs
/// and metrics, and every one at the same length. The items themselves hold them.
fn email_hash(email: &Email) -> String {
    hex(&digest(&SHA256, email.as_str().as_bytes()))
}

/// A hash as it stands in a key.
pub(crate) fn hex(hash: &Digest) -> String {
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The partition in GSI1 of the open invitations of an e-mail.
pub(crate) fn invitee_partition(email: &Email) -> String {
    format!("INVITEE#{}", email_hash(email))
}

/// The partition in GSI1 of a user's memberships.
pub(crate) fn user_partition(user: UserId) -> String {
    format!("USER#{user}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use padron_domain::Id;
    use proptest::prelude::*;
    use uuid::Uuid;

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
                Key::profile(user),
                Key::profile(someone),
                Key::event(organization, Id::new(Uuid::from_u128(a))),
                Key::event(organization, Id::new(Uuid::from_u128(b))),
                Key::event(another, Id::new(Uuid::from_u128(a))),
                Key::idempotency_record(&IdempotencyId::new(Actor::User(user), "r", "p", &text)),
                Key::idempotency_record(&IdempotencyId::new(Actor::User(user), "r", "p", &other)),
                Key::idempotency_record(&IdempotencyId::new(Actor::User(someone), "r", "p", &text)),
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
