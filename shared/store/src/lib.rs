//! The store of Padrón: typed operations on one DynamoDB table.
//!
//! DynamoDB's items, expressions and attribute values do not leave this crate. Its functions take and return the types
//! of `padron_domain`. Each request uses its own [`Store`], which has the request's deadline and counts the capacity
//! that the request consumes.
//!
//! The modules form layers. Each uses only modules further up in this list:
//!
//! 1. `action`, `client`, `expression`, `key`, `secret`: IAM actions, the connection, and the words of requests.
//! 2. `item`: the conversion between entities and items. `table`: the [`Store`] and its requests.
//! 3. `read` and `range_query`: batches and pages. `roster` and `row`: entities that only this crate has.
//! 4. `events`, `stream`, `idempotency`, `profile`, `rate_limits`, `rows`: reads of one kind of item.
//! 5. `transaction`: writes.
//! 6. `api_keys`, `customers`, `webhooks`, `deliveries`, `members`, `invitations`, `organizations`, `users`, `oauth`, `signing_keys`: reads and
//!    writes of the domain.
//! 7. `purge`: the deletion of whole organizations.

mod action;
mod api_keys;
mod client;
mod customers;
mod deliveries;
mod events;
mod expression;
mod idempotency;
mod invitations;
mod item;
mod key;
mod members;
mod oauth;
mod organizations;
mod private_keys;
mod profile;
mod purge;
mod range_query;
mod rate_limits;
mod read;
mod reseal;
mod roster;
mod row;
mod rows;
mod secret;
mod signing_keys;
mod stream;
mod table;
mod transaction;
mod users;
mod webhooks;

pub use action::{Action, OAUTH, Resource};
pub use api_keys::{KeyAccess, OwnedApiKeys, StoredApiKey};
pub use client::{AMAZON_ROOTS, Connection, Credentials, TrustedRoots, sdk_config};
pub use customers::{
    AncestorLink, CustomerConflict, CustomerIdentity, CustomersPage, IndexedConflict, NumberRange,
};
pub use deliveries::{DeliveryContext, DeliveryRange, DueDelivery};
pub use events::EventRange;
pub use idempotency::IdempotencyRecord;
pub use invitations::{InvitationAccess, InvitationToken, InvitationWithOrganization, InvitationsPage};
pub use key::{IdempotencyId, Key, hex, sha256};
pub use oauth::{
    GrantOfUser, OauthAccess, OauthAppWithGate, OauthGrantWithGate, StoredOauthApp, StoredOauthGrant,
};
pub use organizations::{MembershipEntry, MembershipWithOrganization, OrganizationAccess};
pub use private_keys::StoredPrivateKey;
pub use purge::{CapacityLimiter, PurgeCandidate, PurgeOutcome, TimeSlice};
pub use range_query::{Page, QueryPage};
pub use rate_limits::{RateOutcome, RateSubject};
pub use read::{Consistency, Items, Read};
pub use reseal::{ResealOutcome, ResealPosition};
pub use rows::{CustomersByNumber, IndexOrder, IndexRange};
pub use secret::{Purpose, Secrets};
pub use signing_keys::EncryptedSigningKey;
pub use stream::{StreamRecord, stream_records};
pub use table::{Backoff, Spent, Store};
pub use transaction::{Transaction, TransactionError};
pub use webhooks::{StoredWebhook, WebhookSecretMaterial};
