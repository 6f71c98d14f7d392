//! Callers who act in an organization.

use std::marker::PhantomData;

use padron_auth::Principal;
use padron_domain::{Authority, Error, Failure, Membership, Organization, Role, Scopes};
use padron_store::{Action, Items, Read};

use super::{
    Access, AccessCheck, Authorization, NamedResource, Policy,
    credential::{AdminByCredentialPolicy, ByCredential},
    policy::{AdminOrOwner, AnyMember, OnlyOwner, OnlyOwnerIncludingDeleted},
};
use crate::{
    context::Context,
    input::LazyInput,
    parameter::{ParameterDescription, PathParameterDescription},
};

/// A member of the organization in the path; with a `T`, beside the resource that the request names.
pub type Member<T = ()> = Caller<AnyMember, T>;
/// An admin or the owner of the organization in the path.
pub type Admin<T = ()> = Caller<AdminOrOwner, T>;
/// The owner of the organization in the path.
pub type Owner<T = ()> = Caller<OnlyOwner, T>;
/// The owner of the organization in the path, which may be deleted.
pub type OwnerIncludingDeleted = Caller<OnlyOwnerIncludingDeleted>;
/// A member of the organization that the credential implies, for paths that name none.
pub type MemberByCredential<T = ()> = Caller<ByCredential, T>;

/// An admin or the owner of the organization that the credential implies, for paths that name none.
pub type AdminByCredential<T = ()> = Caller<AdminByCredentialPolicy, T>;

/// A caller who acts in an organization, as the policy `P` has admitted them, beside the resource `T` that the request names.
#[derive(Debug)]
pub struct Caller<P, T = ()> {
    pub(super) principal: Principal,
    pub(super) authority: Authority,
    pub(super) organization: Organization,
    pub(super) resource: Result<T, Error>,
    pub(super) policy: PhantomData<fn() -> P>,
}

impl<P, T> Caller<P, T> {
    /// Returns the principal of the request.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Returns what the caller's right to act rests on, for writes that depend on it.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns the caller's role.
    pub fn role(&self) -> Role {
        self.authority.role()
    }

    /// Fails if the caller's credential does not have all of these scopes, which the caller is about to give to another credential.
    pub fn require_scopes(&self, scopes: Scopes) -> Result<(), Error> {
        let missing = self.principal.scopes().map_or(Scopes::NONE, |own| own.missing_of(scopes));
        if missing.is_empty() { Ok(()) } else { Err(Error::scope_exceeded(missing)) }
    }

    /// Returns the organization.
    pub fn organization(&self) -> &Organization {
        &self.organization
    }

    /// Returns the organization by value.
    pub fn into_organization(self) -> Organization {
        self.organization
    }

    /// Returns the principal and what its right to act rests on, by value.
    pub fn into_principal(self) -> (Principal, Authority) {
        (self.principal, self.authority)
    }

    /// Returns the caller and the resource that the request names. Fails if the resource does not exist.
    pub fn with_resource(self) -> Result<(Caller<P>, T), Error> {
        let Self { principal, authority, organization, resource, policy } = self;
        Ok((Caller { principal, authority, organization, resource: Ok(()), policy }, resource?))
    }
}

impl<T> Owner<T> {
    /// Returns the owner's membership. A key or an app is never an owner.
    pub fn membership(&self) -> Result<&Membership, Error> {
        match &self.authority {
            Authority::Membership(membership) => Ok(membership),
            Authority::Key(_) => Err(Failure::KEYS_NOT_ACCEPTED.into()),
            Authority::App(_) => Err(Failure::USER_REQUIRED.into()),
        }
    }
}

impl<P: Policy> Caller<P> {
    /// Reads the caller's right to act again, and another item with it. Fails if the policy does not admit them any more.
    pub async fn read_again(&mut self, cx: &Context<'_>, read: Read) -> Result<Items, Error> {
        let organization = self.organization.id;
        let check = AccessCheck::<(), ()>::read_again(cx, &self.principal, organization, read).await?;
        let (caller, items) = check.admit_again::<P>(cx)?;
        *self = caller;
        Ok(items)
    }
}

impl<I: Send + Sync, P: Policy, T: NamedResource<I>> Access<I> for Caller<P, T> {
    const DESCRIPTION: &'static str = P::DESCRIPTION;
    const LEAST_ROLE: Option<Role> = Some(P::LEAST_ROLE);
    const ADMITS_SELF: bool = P::ADMITS_SELF;
    const HEADERS: &'static [ParameterDescription] = P::HEADERS;
    const PATH: &'static [&'static [PathParameterDescription]] = &[P::PATH, T::PATH];
    const ACTIONS: &'static [&'static [Action]] = &[P::ACTIONS, T::ACTIONS];
    const FAILURES: &'static [&'static [Failure]] = &[P::FAILURES, T::FAILURES];
    const WRITE_FAILURES: &'static [Failure] = P::WRITE_FAILURES;

    async fn authorize(cx: &Context<'_>, input: &LazyInput<'_, I>) -> Result<Authorization<Self>, Error> {
        P::authorize(cx, input).await
    }
}
