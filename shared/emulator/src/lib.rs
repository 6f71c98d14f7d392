//! What the local stack and the tests need of AWS and of an issuer: DynamoDB's engine with the table of `template.yaml`,
//! API Gateway's events, and signed tokens. Never linked into a function.

pub mod engine;
pub mod gateway;
pub mod issuer;
pub mod template;

pub use engine::Engine;
pub use issuer::{Issuer, SigningKey};
pub use template::Template;
