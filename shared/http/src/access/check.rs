//! The check that all policies share: one batch read, and what follows from it.

use std::marker::PhantomData;

use padron_auth::{Principal, User};
use padron_domain::{Authority, Error, Failure, Membership, Organization, OrganizationId, Profile, Role};
use padron_store::{IdempotencyId, Items, Key, Read};

use super::{Authorization, Caller, NamedResource, Policy, authenticate};
use crate::{context::Context, idempotency, input::LazyInput, parameter::MemberId};

/// What one batch read returns to decide about a caller: the organization, the caller's right to act in it, the named resource, and the
/// recorded answer if the request has an idempotency key.
#[derive(Debug)]
pub struct AccessCheck<I, T: NamedResource<I>> {
    principal: Principal,
    organization: Option<Organization>,
    authority: Option<Authority>,
    /// An invalid idempotency key is reported to members only.
    idempotency_id: Result<Option<IdempotencyId>, Error>,
    /// An invalid name is reported after every other check. `None` if the input is invalid, which is reported before it.
    name: Option<Result<T::Name, Error>>,
    items: Items,
    input: PhantomData<fn() -> I>,
}

impl<I: Send + Sync, T: NamedResource<I>> AccessCheck<I, T> {
    /// Reads what decides about a caller in the organization that the path names.
    pub async fn by_path(cx: &Context<'_>, input: &LazyInput<'_, I>) -> Result<Self, Error> {
        let principal = authenticate(cx).await?;
        Self::of(cx, principal, cx.request.parameter()?, input).await
    }

    /// Reads what decides about a principal in an organization.
    pub async fn of(
        cx: &Context<'_>,
        principal: Principal,
        organization: OrganizationId,
        input: &LazyInput<'_, I>,
    ) -> Result<Self, Error> {
        Self::read(cx, principal, organization, Some(input), None).await
    }

    /// Reads what decides about a principal in an organization, and another item in the same batch.
    pub(super) async fn read(
        cx: &Context<'_>,
        principal: Principal,
        organization: OrganizationId,
        input: Option<&LazyInput<'_, I>>,
        other: Option<Read>,
    ) -> Result<Self, Error> {
        let Principal::User(User { id: user, organization: bound, .. }) = &principal;
        if bound.is_some_and(|bound| bound != organization) {
            return Err(Failure::ORGANIZATION_MISMATCH.into());
        }
        let user = *user;
        let idempotency_id = idempotency::idempotency_id(cx, &principal, Some(organization));
        let name = input.and_then(LazyInput::get).map(|input| T::name(cx.request, input));
        let resource = name.as_ref().and_then(|name| T::read(name.as_ref().ok()?, organization));
        let record = idempotency_id.as_ref().ok().and_then(Option::as_ref).map(Key::idempotency_record);
        let reads = resource.into_iter().chain(record.map(Into::into)).chain(other);
        let access = cx.store().organization_access(organization, user, reads).await?;
        Ok(Self {
            principal,
            organization: access.organization,
            authority: access.membership.map(Authority::Membership),
            idempotency_id,
            name,
            items: access.others,
            input: PhantomData,
        })
    }

    /// Returns the organization, deleted or not, if it exists.
    pub fn organization(&self) -> Option<&Organization> {
        self.organization.as_ref()
    }

    /// Returns the caller's role, if they have one.
    pub fn role(&self) -> Option<Role> {
        self.authority.as_ref().map(Authority::role)
    }

    /// Returns the principal by value, for a check of another organization.
    pub fn into_principal(self) -> Principal {
        self.principal
    }

    /// Admits the caller unless the organization is deleted. `unknown` is the failure if it does not exist.
    pub fn admit_unless_deleted<P: Policy>(
        self,
        cx: &Context<'_>,
        unknown: Failure,
    ) -> Result<Authorization<Caller<P, T>>, Error> {
        if self.organization.as_ref().is_some_and(|organization| organization.deleted_at.is_some()) {
            return Err(unknown.into());
        }
        self.admit(cx, unknown)
    }

    /// Admits the caller, whose role must be the policy's. `unknown` is the failure if the organization does not exist.
    pub fn admit<P: Policy>(
        self,
        cx: &Context<'_>,
        unknown: Failure,
    ) -> Result<Authorization<Caller<P, T>>, Error> {
        let Self { principal, organization, authority, idempotency_id, name, mut items, .. } = self;
        let organization = organization.ok_or(unknown)?;
        let authority = authority.ok_or(Failure::NOT_A_MEMBER)?;
        cx.set_role(authority.role());
        if let Some(id) = idempotency_id?
            && let Some(reply) = idempotency::replay(cx, cx.set_idempotency_id(id), &mut items)?
        {
            return Ok(Authorization::Replayed(reply));
        }
        require_role::<P>(cx, &authority, &organization)?;
        let resource = match name {
            Some(name) => name.and_then(|name| T::from_items(name, organization.id, &mut items)),
            None => Err(Failure::INVALID_REQUEST.into()),
        };
        Ok(Authorization::Granted(Caller {
            principal,
            authority,
            organization,
            resource,
            policy: PhantomData,
        }))
    }

    /// Admits a caller who was admitted before, and returns what else was read.
    pub(super) fn readmit<P: Policy>(self, cx: &Context<'_>) -> Result<(Caller<P>, Items), Error> {
        let Self { principal, organization, authority, items, .. } = self;
        let organization = organization.filter(|organization| organization.deleted_at.is_none());
        let organization = organization.ok_or(Failure::INSUFFICIENT_ROLE)?;
        let authority = authority.ok_or(Failure::INSUFFICIENT_ROLE)?;
        require_role::<P>(cx, &authority, &organization)?;
        let caller = Caller { principal, authority, organization, resource: Ok(()), policy: PhantomData };
        Ok((caller, items))
    }
}

impl<I: Send + Sync, T: NamedResource<I>> AccessCheck<I, T> {
    /// Reads what decides about a principal in an organization, and admits members. `unknown` is the failure if the organization does not
    /// exist or is deleted.
    ///
    /// An index may lack an organization that the caller joined a moment ago. If the organization comes from an index, a write is therefore
    /// refused until the caller names one.
    pub async fn admit_from<P: Policy>(
        cx: &Context<'_>,
        principal: Principal,
        (organization, source): (OrganizationId, OrganizationSource),
        input: &LazyInput<'_, I>,
        unknown: Failure,
    ) -> Result<Authorization<Caller<P, T>>, Error> {
        let Principal::User(User { id: user, .. }) = &principal;
        let user = *user;
        let is_uncertain = source == OrganizationSource::Index && cx.endpoint.is_write;
        let profile = is_uncertain.then(|| Key::profile(user).into());
        let mut check = Self::read(cx, principal, organization, Some(input), profile).await?;
        let profile = check.items.profile(user)?;
        // A recorded answer is replayed all the same.
        check.admit_unless_deleted::<P>(cx, unknown)?.and_then(|caller| {
            let Authority::Membership(membership) = &caller.authority;
            let is_joining = |user: Profile| user.joined_another_recently(membership, cx.now());
            if profile.is_some_and(is_joining) {
                return Err(Failure::ORGANIZATION_UNCERTAIN.into());
            }
            Ok(caller)
        })
    }
}

/// Where the id of an organization comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrganizationSource {
    /// The request, or the token, names it.
    Request,
    /// An eventually consistent index has returned it.
    Index,
}

/// Fails if the policy does not admit this authority.
fn require_role<P: Policy>(
    cx: &Context<'_>,
    authority: &Authority,
    organization: &Organization,
) -> Result<(), Error> {
    let Authority::Membership(Membership { user, role, .. }) = authority;
    let is_self = || cx.request.parameter().is_ok_and(|MemberId(named)| named == *user);
    if *role < P::LEAST_ROLE && !(P::ADMITS_SELF && is_self()) {
        return Err(Failure::INSUFFICIENT_ROLE.into());
    }
    // Items of a batch are read one after the other. If a transfer was committed between them, the membership is from before it and the
    // organization from after it, and a write that depends on the organization's version would go through.
    if P::LEAST_ROLE == Role::Owner && organization.owner != *user {
        return Err(Failure::CONCURRENT_CHANGE.into());
    }
    Ok(())
}
