//! Request and response bodies that several endpoints share. A type that only one endpoint uses lives in the file of that endpoint.

mod api_key;
pub mod customer;
mod event;
mod event_type;
mod invitation;
mod lenient;
mod member;
mod object;
mod organization;
mod warning;
mod webhook;
mod webhook_message;

pub use api_key::{ApiKeyResponse, RateLimitBody};
pub use event::EventResponse;
pub use event_type::{EventTypeResponse, event_types};
pub use invitation::{InvitationResponse, IssuedInvitation};
pub use member::{AssignableRole, MemberResponse};
pub use object::{Body, MetadataSchema, New, Object, read_back};
pub use organization::{
    CustomizationResponse, LegalResponse, OrganizationEntry, OrganizationResponse, ReceiptsResponse,
    SelfInvoiceResponse, TimezoneSchema, logo_url, parse_logo_url,
};
pub use warning::{Warning, WithWarnings};
pub use webhook::{HealthResponse, WebhookResponse};
pub use webhook_message::WebhookMessage;
