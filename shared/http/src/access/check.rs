//! The access check that all policies share.

use std::marker::PhantomData;

use padron_auth::{Credential, Principal, User};
use padron_domain::{Authority, Error, Failure, Organization, OrganizationId, Role, UserId};
use padron_store::{IdempotencyId, Items, Key, Read};

use super::{Authorization, Caller, NamedResource, Policy, authenticate, key, oauth};
use crate::{context::Context, idempotency, input::LazyInput, parameter::MemberId};

/// The result of the batch read of an access check: the organization, the caller's membership or API key, the named resource, and the
/// recorded response if the request has an idempotency key.
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
    /// Reads the organization that the path names, the caller's membership or API key in it, and the named resource.
    pub async fn by_path(cx: &Context<'_>, input: &LazyInput<'_, I>) -> Result<Self, Error> {
        let credential = authenticate(cx).await?;
        Self::of(cx, credential, cx.request.parameter(), input).await
    }

    /// Reads an organization, the caller's membership or API key in it, and the named resource.
    ///
    /// `organization` is an error if the request names none that is valid. An API key is verified before it is reported.
    pub async fn of(
        cx: &Context<'_>,
        credential: Credential,
        organization: Result<OrganizationId, Error>,
        input: &LazyInput<'_, I>,
    ) -> Result<Self, Error> {
        Self::read(cx, credential, organization, input, None).await
    }

    /// Reads an organization, the caller's membership or API key in it, the named resource, and another item in the same batch.
    async fn read(
        cx: &Context<'_>,
        credential: Credential,
        organization: Result<OrganizationId, Error>,
        input: &LazyInput<'_, I>,
        other: Option<Read>,
    ) -> Result<Self, Error> {
        let (organization, mismatch) = match &credential {
            Credential::User(user) => (organization_for_user(user, organization?)?, None),
            Credential::Oauth(_) | Credential::Key(_) => {
                let bound = credential.organization().ok_or(Failure::ORGANIZATION_MISMATCH)?;
                (bound, organization.and_then(|named| require_same_organization(named, bound)).err())
            }
        };
        let idempotency_id = idempotency::idempotency_id(cx, &credential, Some(organization));
        let name = input.get().map(|input| T::name(cx.request, input));
        let resource = name.as_ref().and_then(|name| T::read(name.as_ref().ok()?, organization));
        let record = idempotency_id.as_ref().ok().and_then(Option::as_ref).map(Key::idempotency_record);
        let additional = name.as_ref().and_then(|name| T::additional_read(name.as_ref().ok()?, organization));
        let reads = resource.into_iter().chain(additional);
        let reads = reads.chain(record.map(Into::into)).chain(other);
        match credential {
            Credential::User(user) => {
                cx.set_caller("user");
                let access = cx.store().organization_access(organization, user.id, reads).await?;
                Ok(Self {
                    principal: Principal::User(user),
                    organization: access.organization,
                    authority: access.membership.map(Authority::Membership),
                    idempotency_id,
                    name,
                    items: access.others,
                    input: PhantomData,
                })
            }
            Credential::Oauth(token) => {
                let checked = Box::pin(oauth::check(cx, &token, reads.collect())).await?;
                if let Some(error) = mismatch {
                    return Err(error);
                }
                Ok(Self {
                    principal: checked.principal,
                    organization: checked.organization,
                    authority: checked.authority,
                    idempotency_id,
                    name,
                    items: checked.items,
                    input: PhantomData,
                })
            }
            Credential::Key(presented) => {
                let checked = Box::pin(key::check(cx, presented, reads.collect())).await?;
                if let Some(error) = mismatch {
                    return Err(error);
                }
                Ok(Self {
                    principal: Principal::Key((&checked.key).into()),
                    organization: checked.organization,
                    authority: Some(Authority::Key(Box::new(checked.key))),
                    idempotency_id,
                    name,
                    items: checked.items,
                    input: PhantomData,
                })
            }
        }
    }

    /// Returns the organization, deleted or not, if it exists.
    pub fn organization(&self) -> Option<&Organization> {
        self.organization.as_ref()
    }

    /// Returns the caller's role, if they have one.
    pub fn role(&self) -> Option<Role> {
        self.authority.as_ref().map(Authority::role)
    }

    /// Returns the member who acts; `None` if the caller is not a member.
    pub fn member(&self) -> Option<UserId> {
        self.authority.as_ref().and_then(Authority::member)
    }

    /// Returns the user by value; `None` if the caller is an API key or an OAuth app, which act in one organization only.
    pub fn into_user(self) -> Option<User> {
        match self.principal {
            Principal::User(user) => Some(user),
            Principal::Delegate(_) | Principal::App(_) | Principal::Key(_) => None,
        }
    }

    /// Admits the caller. `not_found` is the failure if the organization does not exist or is deleted.
    pub fn admit_unless_deleted<P: Policy>(
        self,
        cx: &Context<'_>,
        not_found: Failure,
    ) -> Result<Authorization<Caller<P, T>>, Error> {
        if self.organization.as_ref().is_some_and(|organization| organization.deleted_at.is_some()) {
            return Err(not_found.into());
        }
        self.admit(cx, not_found)
    }

    /// Admits the caller if the policy admits their role, or replays the recorded response. `not_found` is the failure if the organization does
    /// not exist.
    pub fn admit<P: Policy>(
        self,
        cx: &Context<'_>,
        not_found: Failure,
    ) -> Result<Authorization<Caller<P, T>>, Error> {
        let Self { principal, organization, authority, idempotency_id, name, mut items, .. } = self;
        let organization = organization.ok_or(not_found)?;
        let authority = authority.ok_or(Failure::NOT_A_MEMBER)?;
        cx.set_role(authority.role());
        if let Some(id) = idempotency_id?
            && let Some(response) = idempotency::replay(cx, cx.set_idempotency_id(id), &mut items)?
        {
            return Ok(Authorization::Replayed(response));
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
    pub(super) fn admit_again<P: Policy>(self, cx: &Context<'_>) -> Result<(Caller<P>, Items), Error> {
        let Self { principal, organization, authority, items, .. } = self;
        let organization = organization.filter(|organization| organization.is_active());
        let organization = organization.ok_or(Failure::INSUFFICIENT_ROLE)?;
        let authority = authority.ok_or(Failure::INSUFFICIENT_ROLE)?;
        require_role::<P>(cx, &authority, &organization)?;
        let caller = Caller { principal, authority, organization, resource: Ok(()), policy: PhantomData };
        Ok((caller, items))
    }
}

impl AccessCheck<(), ()> {
    /// Reads the organization and the membership or API key of a caller who was admitted before, and another item in the same batch.
    pub(super) async fn read_again(
        cx: &Context<'_>,
        principal: &Principal,
        organization: OrganizationId,
        other: Read,
    ) -> Result<Self, Error> {
        let (found, authority, items) = match principal {
            Principal::User(user) => {
                let access = cx.store().organization_access(organization, user.id, [other]).await?;
                (access.organization, access.membership.map(Authority::Membership), access.others)
            }
            Principal::Delegate(delegate) => oauth::read_again(cx, delegate.into(), other).await?,
            Principal::App(app) => oauth::read_again(cx, app.into(), other).await?,
            // This request has already verified the key's secret. The key may have been revoked or changed since.
            Principal::Key(key) => {
                let access = cx.store().key_access(organization, key.id, [other]).await?;
                let key = access.key.map(|stored| stored.key).filter(|key| key.is_active(cx.now()));
                (access.organization, key.map(|key| Authority::Key(Box::new(key))), access.others)
            }
        };
        Ok(Self {
            principal: principal.clone(),
            organization: found,
            authority,
            idempotency_id: Ok(None),
            name: None,
            items,
            input: PhantomData,
        })
    }
}

impl<I: Send + Sync, T: NamedResource<I>> AccessCheck<I, T> {
    /// Reads an organization and the caller's membership or API key in it, and admits the caller as the policy allows. `not_found` is the
    /// failure if the organization does not exist or is deleted.
    ///
    /// An index may lack an organization that the caller joined a moment ago. If the organization comes from an index, a write is therefore
    /// refused if the caller joined another organization within the last minute.
    pub async fn admit_from<P: Policy>(
        cx: &Context<'_>,
        credential: Credential,
        (organization, source): (Result<OrganizationId, Error>, OrganizationSource),
        input: &LazyInput<'_, I>,
        not_found: Failure,
    ) -> Result<Authorization<Caller<P, T>>, Error> {
        let user = match &credential {
            Credential::User(user) => Some(user.id),
            Credential::Oauth(_) | Credential::Key(_) => None,
        };
        let needs_profile = source == OrganizationSource::Index && cx.endpoint.is_write;
        let user_to_check = user.filter(|_| needs_profile);
        let profile = user_to_check.map(|user| Key::profile(user).into());
        let mut check = Self::read(cx, credential, organization, input, profile).await?;
        let profile = match user_to_check {
            Some(user) => check.items.profile(user)?,
            None => None,
        };
        // The recorded response is replayed even then.
        check.admit_unless_deleted::<P>(cx, not_found)?.and_then(|caller| {
            match (&profile, &caller.authority) {
                (Some(user), Authority::Membership(membership))
                    if user.joined_another_recently(membership, cx.now()) =>
                {
                    Err(Failure::ORGANIZATION_UNCERTAIN.into())
                }
                _ => Ok(caller),
            }
        })
    }
}

/// Returns the organization that a user names. Fails if their token is valid for another one only.
fn organization_for_user(user: &User, organization: OrganizationId) -> Result<OrganizationId, Error> {
    match user.organization {
        Some(bound) => require_same_organization(organization, bound),
        None => Ok(organization),
    }
}

/// Fails if a request names another organization than its credential is valid for.
fn require_same_organization(
    named: OrganizationId,
    of_credential: OrganizationId,
) -> Result<OrganizationId, Error> {
    if named == of_credential { Ok(named) } else { Err(Failure::ORGANIZATION_MISMATCH.into()) }
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
    let (role, user) = (authority.role(), authority.member());
    let is_self = || cx.request.parameter().is_ok_and(|MemberId(named)| Some(named) == user);
    if role < P::LEAST_ROLE && !(P::ADMITS_SELF && is_self()) {
        return Err(Failure::INSUFFICIENT_ROLE.into());
    }
    // Items of a batch are read one after the other. If a transfer was committed between them, the membership is from before it and the
    // organization from after it, and a write that depends on the organization's version would go through.
    if P::LEAST_ROLE == Role::Owner && Some(organization.owner) != user {
        return Err(Failure::CONCURRENT_CHANGE.into());
    }
    Ok(())
}
