//! The conversion between the domain's types and DynamoDB's items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use padron_domain::Error;
use serde::{Serialize, de::DeserializeOwned};

use crate::key::{Key, PK, SK};

/// An item of DynamoDB: attribute values by name.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The attribute with the name of an item's entity type.
pub(crate) const ENTITY: &str = "entity";
/// The attribute with the JSON document of an entity.
pub(crate) const DOCUMENT: &str = "doc";
/// The attributes that are read of an entity that is stored as a document.
pub(crate) const DOCUMENT_ATTRIBUTES: [&str; 3] = [PK, SK, DOCUMENT];

/// A type whose values are stored as one item each.
pub(crate) trait Entity: Serialize + DeserializeOwned {
    /// The value of the attribute `entity`, which shows the type of an item to people who look at the table.
    const NAME: &'static str;

    /// Returns the primary key of the item.
    fn key(&self) -> Key;

    /// The fields that are attributes of their own, for use in conditions and projections; `None` if all fields are.
    ///
    /// The whole entity is also stored as a JSON document in one attribute, because reading an attribute takes
    /// thousands of instructions and reading a field of a document takes a hundred. `None` is for entities that are
    /// written field by field.
    const ATTRIBUTES: Option<&[&str]> = None;

    /// Returns further attributes of the item, which the document does not contain.
    fn other_attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        Vec::new()
    }

    /// Takes over the attributes that the document does not contain.
    fn read_other_attributes(&mut self, _: Item) {}

    /// Returns the attributes that add the item to indexes.
    fn index_keys(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// Returns the item of an entity, with its keys and the name of its type. Absent values are left out.
pub(crate) fn to_item<E: Entity>(entity: &E) -> Result<Item, Error> {
    let mut item: Item = serde_dynamo::to_item(entity).map_err(|_| unwritten::<E>())?;
    drop_nulls(&mut item);
    if let Some(attributes) = E::ATTRIBUTES {
        item.retain(|name, _| attributes.contains(&name.as_str()));
        item.insert(DOCUMENT.into(), AttributeValue::S(document(entity)?));
    }
    item.extend(entity.key().attributes());
    item.insert(ENTITY.into(), AttributeValue::S(E::NAME.into()));
    item.extend(entity.other_attributes().into_iter().map(|(name, value)| (name.to_owned(), value)));
    item.extend(entity.index_keys().into_iter().map(|(name, key)| (name.to_owned(), AttributeValue::S(key))));
    Ok(item)
}

/// Returns the error for an entity that cannot be serialized.
fn unwritten<E: Entity>() -> Error {
    Error::internal(format!("an item of {} was not written", E::NAME))
}

/// Returns the JSON document of an entity, without nulls and empty arrays, which deserialize to the same values when
/// absent.
pub(crate) fn document<E: Entity>(entity: &E) -> Result<String, Error> {
    Ok(compact(serde_json::to_value(entity).map_err(|_| unwritten::<E>())?))
}

/// Returns a JSON document without nulls and empty arrays.
pub(crate) fn compact(mut document: serde_json::Value) -> String {
    drop_empty_members(&mut document);
    document.to_string()
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

/// Returns the entity of an item.
///
/// An item that cannot be read is a defect. The error has the name of the entity type and none of the item's data.
pub(crate) fn from_item<E: Entity>(item: Item) -> Result<E, Error> {
    let unreadable = || Error::internal(format!("an item of {} cannot be read as such", E::NAME));
    if E::ATTRIBUTES.is_none() {
        return serde_dynamo::from_item(item).map_err(|_| unreadable());
    }
    let document = item.get(DOCUMENT).and_then(|document| document.as_s().ok()).ok_or_else(unreadable)?;
    let mut entity: E = serde_json::from_str(document).map_err(|_| unreadable())?;
    entity.read_other_attributes(item);
    Ok(entity)
}
