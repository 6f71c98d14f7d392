//! What travels over the wire in more than one endpoint. A type that one endpoint alone uses sits in its file.

pub mod customer;
mod event;
mod invitation;
mod lenient;
mod member;
mod object;
mod organization;

pub use event::EventResponse;
pub use invitation::{InvitationResponse, IssuedInvitation};
pub use member::{AssignableRole, MemberResponse};
pub use object::{Body, MetadataSchema, New, Object, read_back};
pub use organization::{OrganizationEntry, OrganizationResponse};
