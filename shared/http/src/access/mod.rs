//! Who may call an endpoint.
//!
//! An access type is the type of a handler's second parameter. Only its own check creates a value, so a handler cannot be reached
//! without the check.
//!
//! - [`Anonymous`], [`SignedIn`] and [`SelfOnly`] belong to no organization; [`UserOrKey`] and [`SelfOrKey`] admit API keys as well.
//! - [`Caller`] is a member of an organization. Its [`Policy`] finds the organization and decides which members are admitted, its
//!   [`NamedResource`] is what else the request names, read in the same call.

mod authenticate;
mod caller;
mod check;
mod credential;
mod key;
mod oauth;
mod policy;
mod resource;
mod user;

use padron_domain::{Error, Failure, Role};
use padron_store::Action;

pub(crate) use authenticate::API_KEY_HEADER;
pub use authenticate::{UNAUTHENTICATED, authenticate, presented_key, verify};
pub use caller::{
    Admin, AdminByCredential, Caller, Member, MemberByCredential, Owner, OwnerIncludingDeleted,
};
pub use check::{AccessCheck, OrganizationSource};
pub use credential::{active_organizations, named_organization};
pub use key::KeyHolder;
pub use policy::{AdminOrNamedMember, AdminOrOwner, AnyMember, OnlyOwner, Policy};
pub use resource::{NamedResource, WithAppRegistry, WithKeyRegistry, WithWebhookRegistry};
pub use user::{Anonymous, OnlyOrganization, SelfOnly, SelfOrKey, SignedIn, UserOrKey, VisibleOrganizations};

use crate::{
    context::Context,
    input::LazyInput,
    parameter::{ParameterDescription, PathParameterDescription},
    response::Response,
};

/// An access check, and the proof that a request has passed it. `I` is the input of the endpoint.
pub trait Access<I>: Sized + Send {
    /// Who is admitted, in a sentence of the API description.
    const DESCRIPTION: &'static str;
    /// Whether everyone is admitted, without an access token.
    const IS_PUBLIC: bool = false;
    /// The least role in the organization that is admitted; `None` if the endpoint belongs to no organization.
    const LEAST_ROLE: Option<Role> = None;
    /// Whether the user whom the path names is admitted in any role; without a least role, nobody else is.
    const ADMITS_SELF: bool = false;
    /// Whether only API keys are admitted, and no users.
    const REQUIRES_KEY: bool = false;
    /// The request headers that the check reads, beside `Authorization` and `X-API-Key`.
    const HEADERS: &'static [ParameterDescription] = &[];
    /// The path parameters that the check reads.
    const PATH: &'static [&'static [PathParameterDescription]] = &[];
    /// The store actions of the check.
    const ACTIONS: &'static [&'static [Action]];
    /// The failures of the check.
    const FAILURES: &'static [&'static [Failure]];
    /// The failures that the check has for endpoints that write, in addition.
    const WRITE_FAILURES: &'static [Failure] = &[];

    /// Checks the caller of a request.
    fn authorize(
        cx: &Context<'_>,
        input: &LazyInput<'_, I>,
    ) -> impl Future<Output = Result<Authorization<Self>, Error>> + Send;
}

/// The outcome of a successful access check.
#[derive(Debug)]
pub enum Authorization<A> {
    /// The caller is admitted.
    Granted(A),
    /// The request was carried out before, and this was its response. Admins who are not admins any more do not get it; former owners do,
    /// because a transfer takes away the caller's own role.
    Replayed(Response),
}

impl<A> Authorization<A> {
    /// Applies a further check to a caller who is admitted.
    pub fn and_then<B>(self, check: impl FnOnce(A) -> Result<B, Error>) -> Result<Authorization<B>, Error> {
        Ok(match self {
            Self::Granted(access) => Authorization::Granted(check(access)?),
            Self::Replayed(response) => Authorization::Replayed(response),
        })
    }
}
