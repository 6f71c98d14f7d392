//! Condition expressions and update expressions of DynamoDB.

use std::collections::HashMap;

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};

use crate::key::PK;

/// A condition expression, an update expression, or both, with the names and values of their placeholders.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expression {
    pub(crate) condition: Option<String>,
    pub(crate) update: Option<String>,
    pub(crate) names: Option<HashMap<String, String>>,
    pub(crate) values: Option<HashMap<String, AttributeValue>>,
}

impl Expression {
    /// Creates a condition.
    pub(crate) fn condition(condition: impl Into<String>) -> Self {
        Self { condition: Some(condition.into()), ..Self::default() }
    }

    /// Creates the condition that there is no such item.
    pub(crate) fn absent() -> Self {
        Self::condition(format!("attribute_not_exists({PK})"))
    }

    /// Creates the condition that there is such an item.
    pub(crate) fn present() -> Self {
        Self::condition(format!("attribute_exists({PK})"))
    }

    /// Creates the condition that an item has this version.
    pub(crate) fn version(version: u64) -> Self {
        Self::condition("#version = :version").name("#version", "version").number(":version", version)
    }

    /// Creates the condition that an item has this version. Version 0 was never written.
    pub(crate) fn version_or_absent(version: u64) -> Self {
        if version == 0 { Self::absent() } else { Self::version(version) }
    }

    /// Adds a condition that must hold as well.
    pub(crate) fn and(mut self, condition: &str) -> Self {
        let both = self.condition.take().map(|this| format!("{this} AND {condition}"));
        Self { condition: both.or_else(|| Some(condition.into())), ..self }
    }

    /// Sets the update that is applied if the condition holds.
    pub(crate) fn then(self, update: impl Into<String>) -> Self {
        Self { update: Some(update.into()), ..self }
    }

    /// Sets the attribute name of a placeholder such as `#name`.
    ///
    /// All attributes are referred to by placeholders, because many of their names are reserved words of DynamoDB.
    pub(crate) fn name(mut self, placeholder: &str, attribute: &str) -> Self {
        self.names.get_or_insert_default().insert(placeholder.into(), attribute.into());
        self
    }

    /// Sets the string value of a placeholder such as `:text`.
    pub(crate) fn text(self, placeholder: &str, value: impl Into<String>) -> Self {
        self.value(placeholder, AttributeValue::S(value.into()))
    }

    /// Sets the number value of a placeholder such as `:number`.
    pub(crate) fn number(self, placeholder: &str, value: impl Into<i128>) -> Self {
        self.value(placeholder, AttributeValue::N(value.into().to_string()))
    }

    /// Sets the Boolean value of a placeholder such as `:flag`.
    pub(crate) fn flag(self, placeholder: &str, value: bool) -> Self {
        self.value(placeholder, AttributeValue::Bool(value))
    }

    /// Sets the binary value of a placeholder such as `:bytes`.
    pub(crate) fn bytes(self, placeholder: &str, value: Vec<u8>) -> Self {
        self.value(placeholder, AttributeValue::B(Blob::new(value)))
    }

    fn value(mut self, placeholder: &str, value: AttributeValue) -> Self {
        self.values.get_or_insert_default().insert(placeholder.into(), value);
        self
    }
}
