//! Emulations of AWS and of a token issuer, for the local stack and the tests.
//!
//! They are DynamoDB's engine with the table of `template.yaml`, the events of API Gateway, and signed tokens. No
//! function is linked with this crate.

pub mod engine;
pub mod gateway;
pub mod issuer;
pub mod template;

pub use engine::Engine;
pub use issuer::{Issuer, SigningKey};
pub use template::Template;
