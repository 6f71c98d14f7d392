//! Between the domain's types and DynamoDB's items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use padron_domain::{Error, Membership, Organization, OrganizationId, UserId};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::key::Key;

pub(crate) type Item = HashMap<String, AttributeValue>;

const ENTITY: &str = "entity";
const GSI1_PK: &str = "GSI1PK";
const GSI1_SK: &str = "GSI1SK";

/// Something the table holds, one item each.
pub(crate) trait Entity: Serialize + DeserializeOwned {
    /// The value of the attribute `entity`: what a person who looks at the table sees first.
    const NAME: &'static str;

    fn key(&self) -> Key;

    /// Partition and sort key in GSI1, for those that are in it.
    fn gsi1(&self) -> Option<(String, String)> {
        None
    }
}

/// The item of an entity: its fields, its keys and its name. Absent values take no space.
pub(crate) fn to_item<E: Entity>(entity: &E) -> Result<Item, Error> {
    let mut item: Item = serde_dynamo::to_item(entity)
        .map_err(|error| Error::internal(format!("an item of {} was not written: {error}", E::NAME)))?;
    drop_nulls(&mut item);
    item.extend(entity.key().attributes());
    item.insert(ENTITY.into(), AttributeValue::S(E::NAME.into()));
    if let Some((pk, sk)) = entity.gsi1() {
        item.insert(GSI1_PK.into(), AttributeValue::S(pk));
        item.insert(GSI1_SK.into(), AttributeValue::S(sk));
    }
    Ok(item)
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
    serde_dynamo::from_item(item)
        .map_err(|_| Error::internal(format!("an item of {} cannot be read as such", E::NAME)))
}

impl Entity for Organization {
    const NAME: &'static str = "organization";

    fn key(&self) -> Key {
        Key::organization(self.id)
    }
}

impl Entity for Membership {
    const NAME: &'static str = "membership";

    fn key(&self) -> Key {
        Key::membership(self.organization, self.user)
    }

    fn gsi1(&self) -> Option<(String, String)> {
        Some((format!("USER#{}", self.user), format!("ORG#{}", self.organization)))
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
