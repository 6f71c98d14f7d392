//! Conditions and updates, in DynamoDB's language.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// A condition, an update, or both, with the names and values they speak of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expression {
    pub(crate) condition: Option<String>,
    pub(crate) update: Option<String>,
    pub(crate) names: Option<HashMap<String, String>>,
    pub(crate) values: Option<HashMap<String, AttributeValue>>,
}

impl Expression {
    pub(crate) fn condition(condition: impl Into<String>) -> Self {
        Self { condition: Some(condition.into()), ..Self::default() }
    }

    /// That an item is of this version still.
    pub(crate) fn version(version: u64) -> Self {
        Self::condition("#version = :version").name("#version", "version").number(":version", version)
    }

    /// That, and this too.
    pub(crate) fn and(mut self, condition: &str) -> Self {
        let both = self.condition.take().map(|this| format!("{this} AND {condition}"));
        Self { condition: both.or_else(|| Some(condition.into())), ..self }
    }

    /// What is done where the condition holds.
    pub(crate) fn then(self, update: impl Into<String>) -> Self {
        Self { update: Some(update.into()), ..self }
    }

    /// What `#name` stands for. Every attribute is spoken of in this way: many of their names are DynamoDB's own words.
    pub(crate) fn name(mut self, placeholder: &str, attribute: &str) -> Self {
        self.names.get_or_insert_default().insert(placeholder.into(), attribute.into());
        self
    }

    /// What `:text` stands for.
    pub(crate) fn text(self, placeholder: &str, value: impl Into<String>) -> Self {
        self.value(placeholder, AttributeValue::S(value.into()))
    }

    /// What `:number` stands for.
    pub(crate) fn number(self, placeholder: &str, value: impl Into<i128>) -> Self {
        self.value(placeholder, AttributeValue::N(value.into().to_string()))
    }

    /// What `:flag` stands for.
    pub(crate) fn flag(self, placeholder: &str, value: bool) -> Self {
        self.value(placeholder, AttributeValue::Bool(value))
    }

    fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.get_or_insert_default().insert(placeholder.into(), value);
        self
    }
}
