//! Between the domain's types and DynamoDB's items.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use padron_domain::Error;
use serde::{Serialize, de::DeserializeOwned};

use crate::key::{Key, PK, SK};

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) const ENTITY: &str = "entity";
pub(crate) const DOCUMENT: &str = "doc";
/// What must be read of an entity that is stored as a document.
pub(crate) const DOCUMENT_ATTRIBUTES: [&str; 3] = [PK, SK, DOCUMENT];

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
