//! The member whom the path names, and the API keys that end or lose rights with the membership.

use padron_domain::{ApiKeyRegistry, Error, Failure, Membership, OrganizationId};
use padron_http::{MemberId, NamedResource, PathParameterDescription, Request};
use padron_store::{Items, Key, Read};

/// The member whom `{memberId}` names, with the registry of the organization's API keys.
#[derive(Debug)]
pub struct MemberWithKeys {
    pub(crate) member: Membership,
    pub(crate) registry: ApiKeyRegistry,
}

impl<I> NamedResource<I> for MemberWithKeys {
    const PATH: &'static [PathParameterDescription] = <Membership as NamedResource<I>>::PATH;
    const FAILURES: &'static [Failure] = <Membership as NamedResource<I>>::FAILURES;

    type Name = MemberId;

    fn name(request: &Request<'_>, input: &I) -> Result<MemberId, Error> {
        Membership::name(request, input)
    }

    fn read(name: &MemberId, organization: OrganizationId) -> Option<Read> {
        <Membership as NamedResource<I>>::read(name, organization)
    }

    fn also_read(organization: OrganizationId) -> Option<Read> {
        Some(Key::api_key_registry(organization).into())
    }

    fn from_items(name: MemberId, organization: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        let member = <Membership as NamedResource<I>>::from_items(name, organization, items)?;
        Ok(Self { member, registry: items.api_key_registry(organization)? })
    }
}
