//! The domain model of Padrón: organizations, members, invitations, customers and API keys, their rules, and the failures of requests.
//!
//! This crate contains no HTTP, AWS or JSON code. All other crates depend on it.

mod api_key;
mod country;
mod customer;
mod email;
mod error;
mod event;
mod fiscal;
mod fold;
mod https_url;
mod id;
mod invitation;
mod latin;
mod member;
mod metadata;
mod oauth;
mod organization;
mod patch;
mod sat;
mod schema;
mod scope;
mod slug;
mod text;
mod time;
mod webhook;

pub use api_key::{
    ApiKey, ApiKeyId, ApiKeyRegistry, ApiKeySettings, ApiKeyStatus, CheckedSettings, KeyOwner, MAX_IP_RANGES,
    RateLimit, RegistryEntry, Revocation, RevocationReason, expiry_violation,
};
pub use country::{MEXICO, alpha_2_of_alpha_3, alpha_3_of_alpha_2, alpha_3_of_words};
pub use customer::{
    Ancestor, Ancestors, Billing, Categorization, Customer, CustomerAddress, CustomerField, CustomerFilter,
    CustomerId, CustomerKind, CustomerNumber, CustomerReference, CustomerRow, CustomerSort, CustomerStatus,
    Direction, Document, Finance, Finding, NamePart, Notification, PageStart, Payout, Person, PersonAddress,
    Position, SelectedPage, Telephone, TimeRange, TwoFactor, name_sort_key, select_page,
};
pub use email::Email;
pub use error::{Error, Failure, FailureClass, Violation};
pub use event::{Actor, Event, EventData, EventId, ParseActorError};
pub use fiscal::{
    Address, AddressChanges, Certificate, CertificateKind, Customization, CustomizationChanges, ImageFormat,
    Legal, LegalChanges, LogoFile, MAX_FOLIO, PdfExtra, PdfExtraChanges, PendingStep, Periodicity,
    ProfileChanges, ProfileWarning, Receipts, ReceiptsChanges, SelfInvoice, SelfInvoiceChanges,
    check_certificate_validity,
};
pub use fold::{name_key, search_key};
pub use https_url::{MAX_URL_LENGTH, https_url, web_url};
pub use id::{Id, OrganizationId, UserId};
pub use invitation::{Invitation, InvitationId, InvitationState, InvitationStatus};
pub use member::{AppAuthority, Authority, Membership, Profile, Role};
pub use metadata::{MAX_ENTRIES, MAX_KEY_LENGTH, MAX_VALUE_LENGTH, Metadata};
pub use oauth::{
    AuthorizationCode, CheckedOauthAppSettings, ClientDocument, ClientType, GrantRevocationReason,
    MAX_REDIRECT_URIS, OauthApp, OauthAppRegistry, OauthAppSettings, OauthClientId, OauthGate, OauthGrant,
    OauthGrantId, RefreshState, RevokedGrant, Session, SigningKey, SigningKeySet, is_same_redirect_uri,
    redirect_uri,
};
pub use organization::{AccountChanges, Organization, Plan, Seats, SubscriptionStatus};
pub use patch::Patch;
pub use sat::{AppliesTo, InvoiceUse, Rfc, RfcProblem, TaxPerson, TaxSystem};
pub use scope::{Scope, Scopes};
pub use slug::{RESERVED_SLUGS, SLUG_LENGTH, SLUG_PATTERN, SlugProblem, check_slug};
pub use text::{LINE_PATTERN, to_line, trim};
pub use time::{Clock, InstantProblem, Timestamp};
pub use webhook::{
    Delivery, DeliveryAttempt, DeliveryId, DeliveryStatus, DisabledReason, EventFilter, FIRST_SWEEP,
    MAX_ATTEMPTS, MAX_QUEUE_TIME, NEXT_SWEEP, ParseDeliveryIdError, Webhook, WebhookHealth, WebhookId,
    WebhookRegistry, WebhookRegistryEntry, WebhookSecret, WebhookSettings, pause_after,
};
