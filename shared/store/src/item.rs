//! Between the domain's types and DynamoDB's items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use padron_domain::{
    Customer, CustomerId, CustomerNumber, Email, Error, Event, Invitation, InvitationState, Membership,
    Organization, OrganizationId, Profile, UserId, name_sort_key,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    expression::Expression,
    key::{
        GSI1_PK, GSI1_SK, GSI2_SK, GSI3_SK, Key, PK, SK, child_partition, hex_number, invitee_partition,
        name_index_key, partition, update_index_key, user_partition,
    },
    rows::{ROW, pack},
};

pub(crate) type Item = HashMap<String, AttributeValue>;

const ENTITY: &str = "entity";
pub(crate) const DOCUMENT: &str = "doc";
/// What must be read of an entity that is stored as a document.
pub(crate) const WHOLE: [&str; 3] = [PK, SK, DOCUMENT];

/// The partition of GSI1 that deleted organizations are in.
pub(crate) const PURGE: &str = "PURGE";

/// Something the table holds, one item each.
pub(crate) trait Entity: Serialize + DeserializeOwned {
    /// The value of the attribute `entity`: what a person who looks at the table sees first.
    const NAME: &'static str;

    fn key(&self) -> Key;

    /// Which of its fields are attributes of their own, for conditions and projections. The others are one attribute, a JSON
    /// document: reading an attribute costs thousands of instructions, reading a field of a document a hundred. `None`: all
    /// are attributes, of something that is written field by field.
    const ATTRIBUTES: Option<&[&str]> = None;

    /// The attributes that put it into indexes.
    fn index_keys(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// The item of an entity: its fields, its keys and its name. Absent values take no space.
pub(crate) fn to_item<E: Entity>(entity: &E) -> Result<Item, Error> {
    let mut item: Item = serde_dynamo::to_item(entity).map_err(|_| unwritten::<E>())?;
    drop_nulls(&mut item);
    if let Some(attributes) = E::ATTRIBUTES {
        item.retain(|name, _| attributes.contains(&name.as_str()));
        item.insert(DOCUMENT.into(), AttributeValue::S(document(entity)?));
    }
    item.extend(entity.key().attributes());
    item.insert(ENTITY.into(), AttributeValue::S(E::NAME.into()));
    item.extend(entity.index_keys().into_iter().map(|(name, key)| (name.to_owned(), AttributeValue::S(key))));
    Ok(item)
}

fn unwritten<E: Entity>() -> Error {
    Error::internal(format!("an item of {} was not written", E::NAME))
}

/// All fields but those without a value and empty lists, which are read back as such.
pub(crate) fn document<E: Entity>(entity: &E) -> Result<String, Error> {
    let mut document = serde_json::to_value(entity).map_err(|_| unwritten::<E>())?;
    drop_empty_members(&mut document);
    Ok(document.to_string())
}

fn drop_empty_members(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(members) => {
            members.retain(|_, value| !value.is_null() && !value.as_array().is_some_and(Vec::is_empty));
            members.values_mut().for_each(drop_empty_members);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(drop_empty_members),
        _ => {}
    }
}

fn drop_nulls(item: &mut Item) {
    item.retain(|_, value| !value.is_null());
    for value in item.values_mut() {
        if let AttributeValue::M(map) = value {
            drop_nulls(map);
        }
    }
}

/// The entity of an item. An item that cannot be read is a defect; the log says which field, not what it holds.
pub(crate) fn from_item<E: Entity>(item: Item) -> Result<E, Error> {
    let unreadable = || Error::internal(format!("an item of {} cannot be read as such", E::NAME));
    if E::ATTRIBUTES.is_none() {
        return serde_dynamo::from_item(item).map_err(|_| unreadable());
    }
    let document = item.get(DOCUMENT).and_then(|document| document.as_s().ok()).ok_or_else(unreadable)?;
    serde_json::from_str(document).map_err(|_| unreadable())
}

impl Entity for Organization {
    const NAME: &'static str = "organization";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::organization(self.id)
    }

    /// While it is deleted: when it is to be purged.
    fn index_keys(&self) -> Vec<(&'static str, String)> {
        let Some(until) = self.restorable_until() else { return Vec::new() };
        vec![(GSI1_PK, PURGE.into()), (GSI1_SK, format!("{until}#{}", self.id))]
    }
}

impl Entity for Membership {
    const NAME: &'static str = "membership";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version", "role", "joinedAt"]);

    fn key(&self) -> Key {
        Key::membership(self.organization, self.user)
    }

    fn index_keys(&self) -> Vec<(&'static str, String)> {
        vec![(GSI1_PK, user_partition(self.user)), (GSI1_SK, partition(self.organization))]
    }
}

/// Whose a slug is: its existence is the uniqueness of the slug.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Slug {
    pub(crate) slug: String,
    pub(crate) organization: OrganizationId,
}

impl Entity for Slug {
    const NAME: &'static str = "slug";

    fn key(&self) -> Key {
        Key::slug(&self.slug)
    }
}

/// What membership transactions decide from, apart from the organization, so that they never wait for its profile.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Roster {
    pub(crate) organization: OrganizationId,
    pub(crate) state: RosterState,
    pub(crate) owner: UserId,
    pub(crate) members: u64,
    pub(crate) admins: u64,
    /// How many members there may be; `None`: as many as they like.
    pub(crate) seats: Option<u64>,
}

impl Roster {
    /// What is read to show how many there are.
    pub(crate) const SHOWN: [&str; 7] = [PK, SK, "organization", "state", "owner", "members", "admins"];
}

/// Whether the organization takes part in anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RosterState {
    Active,
    Deleted,
    Purging,
}

impl RosterState {
    /// As it is stored.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
            Self::Purging => "purging",
        }
    }
}

impl Entity for Roster {
    const NAME: &'static str = "roster";

    fn key(&self) -> Key {
        Key::roster(self.organization)
    }
}

/// Which member has an e-mail: whoever is invited by it is a member already.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EmailOwner {
    pub(crate) organization: OrganizationId,
    pub(crate) user: UserId,
    pub(crate) email: Email,
}

impl EmailOwner {
    /// That of a membership, if it has an e-mail.
    pub(crate) fn of(member: &Membership) -> Option<Self> {
        let email = member.email.as_deref().and_then(Email::parse)?;
        Some(Self { organization: member.organization, user: member.user, email })
    }

    /// That no other member has it by now.
    pub(crate) fn still_theirs(&self) -> Expression {
        Expression::condition(format!("attribute_not_exists({PK}) OR #user = :user"))
            .name("#user", "user")
            .text(":user", self.user.to_string())
    }
}

impl Entity for EmailOwner {
    const NAME: &'static str = "email";

    fn key(&self) -> Key {
        Key::email(self.organization, &self.email)
    }
}

/// The attribute of a profile that says when its claims were made.
pub(crate) const ISSUED_AT: &str = "issuedAt";

/// Writes what there is to say of a user, each claim as `value` makes it of its name, and that it is to be told to their
/// memberships.
pub(crate) fn profile_update(
    user: UserId,
    claims: [(&'static str, Option<&String>); 2],
    issued_at: Option<i64>,
    value: fn(&str) -> String,
) -> Expression {
    let mut update = "SET #entity = :entity, #user = :user, #settled = :settled".to_owned();
    let mut expression = Expression::default()
        .name("#entity", ENTITY)
        .name("#user", "user")
        .name("#settled", "settled")
        .text(":entity", Profile::NAME)
        .text(":user", user.to_string())
        .flag(":settled", false);
    for (name, claim) in claims {
        if let Some(claim) = claim {
            update.push_str(&format!(", #{name} = {}", value(name)));
            expression = expression.name(&format!("#{name}"), name).text(&format!(":{name}"), claim);
        }
    }
    if let Some(issued_at) = issued_at {
        update.push_str(&format!(", #{ISSUED_AT} = {}", value(ISSUED_AT)));
        expression =
            expression.name(&format!("#{ISSUED_AT}"), ISSUED_AT).number(&format!(":{ISSUED_AT}"), issued_at);
    }
    expression.then(update)
}

/// Notes when a user joined, counts that they did, and writes what the membership knows of them where nothing is known yet: who is asked about
/// themselves knows best.
pub(crate) fn first_seen(member: &Membership, issued_at: Option<i64>) -> Expression {
    let claims = [("email", member.email.as_ref()), ("name", member.name.as_ref())];
    let value = |name: &str| format!("if_not_exists(#{name}, :{name})");
    let expression = profile_update(member.user, claims, issued_at, value);
    let update = expression.update.clone().unwrap_or_default();
    expression
        .then(format!("{update}, #joinedAt = :joinedAt ADD #joins :one"))
        .name("#joins", "joins")
        .number(":one", 1)
        .name("#joinedAt", "joinedAt")
        .text(":joinedAt", member.joined_at.to_string())
}

impl Entity for Profile {
    const NAME: &'static str = "profile";

    fn key(&self) -> Key {
        Key::profile(self.user)
    }
}

impl Entity for Invitation {
    const NAME: &'static str = "invitation";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version"]);

    fn key(&self) -> Key {
        Key::invitation(self.organization, self.id)
    }

    /// While it has not come to an end: whose it is.
    fn index_keys(&self) -> Vec<(&'static str, String)> {
        if self.state != InvitationState::Pending {
            return Vec::new();
        }
        vec![(GSI1_PK, invitee_partition(&self.email)), (GSI1_SK, partition(self.organization))]
    }
}

impl Entity for Event {
    const NAME: &'static str = "event";
    const ATTRIBUTES: Option<&[&str]> = Some(&["type", "actor"]);

    fn key(&self) -> Key {
        Key::event(self.organization, self.id)
    }
}

impl Entity for Customer {
    const NAME: &'static str = "customer";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version", "number", "name", "kind", "parent"]);

    fn key(&self) -> Key {
        Key::customer(self.organization, self.number)
    }

    fn index_keys(&self) -> Vec<(&'static str, String)> {
        let mut keys = vec![
            (GSI2_SK, name_index_key(&name_sort_key(&self.name), self.number)),
            (GSI3_SK, update_index_key(&self.updated_at.to_string(), self.number)),
            (ROW, pack(self)),
        ];
        if let Some(parent) = self.parent {
            keys.push((GSI1_PK, child_partition(self.organization, parent)));
            keys.push((GSI1_SK, hex_number(self.number)));
        }
        keys
    }
}

/// Which customer has an id from elsewhere.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ForeignId {
    pub(crate) organization: OrganizationId,
    pub(crate) id: CustomerId,
    pub(crate) number: CustomerNumber,
}

impl Entity for ForeignId {
    const NAME: &'static str = "customer-id";

    fn key(&self) -> Key {
        Key::customer_id(self.organization, &self.id)
    }
}

/// Which customer has an external id: its existence is the uniqueness of the external id.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExternalId {
    pub(crate) organization: OrganizationId,
    pub(crate) external_id: String,
    pub(crate) number: CustomerNumber,
}

impl Entity for ExternalId {
    const NAME: &'static str = "external-id";

    fn key(&self) -> Key {
        Key::external_id(self.organization, &self.external_id)
    }
}
