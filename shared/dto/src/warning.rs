//! Warnings in responses.

use padron_domain::ProfileWarning;
use schemars::JsonSchema;
use serde::Serialize;

/// A warning about a value that is allowed, but often wrong.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Warning {
    /// JSON pointer (RFC 6901) to the value that the warning is about.
    pub pointer: String,
    /// Stable code for programs.
    pub code: &'static str,
    /// Message for people.
    pub detail: &'static str,
}

impl From<ProfileWarning> for Warning {
    fn from(ProfileWarning { pointer, code, detail }: ProfileWarning) -> Self {
        Self { pointer: pointer.into(), code, detail }
    }
}

/// A record that was written, with the warnings about it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}WithWarnings")]
pub struct WithWarnings<T> {
    /// The record.
    #[serde(flatten)]
    pub record: T,
    /// Warnings about values that are allowed, but often wrong. No warning makes a request fail.
    pub warnings: Vec<Warning>,
}
