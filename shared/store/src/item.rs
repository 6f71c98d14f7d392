//! Between the domain's types and DynamoDB's items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use padron_domain::{
    Customer, CustomerId, CustomerNumber, Error, Membership, Organization, OrganizationId, UserId, name_key,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::key::{Key, partition, user_partition};

pub(crate) type Item = HashMap<String, AttributeValue>;

const ENTITY: &str = "entity";
pub(crate) const DOCUMENT: &str = "doc";
const GSI1_PK: &str = "GSI1PK";
const GSI1_SK: &str = "GSI1SK";
const GSI2_SK: &str = "GSI2SK";
const GSI3_SK: &str = "GSI3SK";

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
fn document<E: Entity>(entity: &E) -> Result<String, Error> {
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
}

impl Entity for Membership {
    const NAME: &'static str = "membership";
    const ATTRIBUTES: Option<&[&str]> = Some(&["role", "joinedAt"]);

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
}

/// Whether the organization takes part in anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RosterState {
    Active,
}

impl Entity for Roster {
    const NAME: &'static str = "roster";

    fn key(&self) -> Key {
        Key::roster(self.organization)
    }
}

/// In a sort key, names end after this many bytes: DynamoDB's sort keys have 1,024.
const LONGEST_NAME_KEY: usize = 256;

impl Entity for Customer {
    const NAME: &'static str = "customer";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version", "number", "name", "kind", "parent"]);

    fn key(&self) -> Key {
        Key::customer(self.organization, self.number)
    }

    fn index_keys(&self) -> Vec<(&'static str, String)> {
        let number = self.number.get();
        let name = name_key(&self.name);
        let name = &name[..name.floor_char_boundary(LONGEST_NAME_KEY)];
        let mut keys = vec![
            (GSI2_SK, format!("{name}\0{number:014x}")),
            (GSI3_SK, format!("{}#{number:014x}", self.updated_at)),
        ];
        if let Some(parent) = self.parent {
            keys.push((GSI1_PK, format!("{}#CHILD#{:014x}", self.organization, parent.get())));
            keys.push((GSI1_SK, format!("{number:014x}")));
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
