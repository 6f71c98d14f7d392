//! What travels over the wire in more than one endpoint. A type that one endpoint alone uses sits in its file.

mod organization;

pub use organization::OrganizationResponse;
