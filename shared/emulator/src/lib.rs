//! Emulations of AWS and of a token issuer, for the local stack and the tests.
//!
//! They are DynamoDB's engine with the table of `template.yaml` and its stream, a queue, KMS, a bucket of S3, the events of API Gateway, signed
//! tokens, and the sign-in of their users. No function is linked with this crate.

pub mod engine;
pub mod gateway;
pub mod issuer;
mod kms;
mod login;
mod page;
pub mod queue;
mod s3;
pub mod stream;
pub mod template;
mod web_server;

pub use engine::Engine;
pub use issuer::{Issuer, SigningKey};
pub use kms::Kms;
pub use login::{LoginServer, LoginUser, SIGN_IN_AS, SignIdToken};
pub use page::html_page;
pub use queue::FifoQueue;
pub use s3::{S3, S3Storage};
pub use stream::StreamReader;
pub use template::Template;
pub use web_server::WebServer;
