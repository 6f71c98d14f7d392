//! Every primary key of the table, built here and nowhere else.
//!
//! Ids are fixed in length and alphabet, so no two constructors can build the same key, and free text comes last.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use padron_domain::{OrganizationId, UserId};

pub(crate) const PK: &str = "PK";
pub(crate) const SK: &str = "SK";

/// The primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pk: String,
    sk: String,
}

impl Key {
    /// An organization.
    pub fn organization(id: OrganizationId) -> Self {
        Self { pk: format!("ORG#{id}"), sk: "ORG".into() }
    }

    /// The counts and limits that membership transactions decide from.
    pub fn roster(organization: OrganizationId) -> Self {
        Self { pk: format!("ORG#{organization}"), sk: "ROSTER".into() }
    }

    /// That a user belongs to an organization.
    pub fn membership(organization: OrganizationId, user: UserId) -> Self {
        Self { pk: format!("ORG#{organization}"), sk: format!("MEMBER#{user}") }
    }

    /// Whose a slug is.
    pub fn slug(slug: &str) -> Self {
        Self { pk: format!("SLUG#{slug}"), sk: "SLUG".into() }
    }

    pub(crate) fn of(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let text = |name| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        Some(Self { pk: text(PK)?, sk: text(SK)? })
    }

    pub(crate) fn attributes(&self) -> [(String, AttributeValue); 2] {
        [(PK.into(), AttributeValue::S(self.pk.clone())), (SK.into(), AttributeValue::S(self.sk.clone()))]
    }
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
            let [organization, another] = [a, b].map(|n| OrganizationId::new(Uuid::from_u128(n)));
            let [user, someone] = [a, b].map(|n| Id::new(Uuid::from_u128(n)));
            let keys = [
                Key::organization(organization),
                Key::organization(another),
                Key::roster(organization),
                Key::membership(organization, user),
                Key::membership(organization, someone),
                Key::membership(another, user),
                Key::slug(&text),
                Key::slug(&other),
            ];
            prop_assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
        }
    }
}
