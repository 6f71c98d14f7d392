//! The API key that a path names, and the registry of an organization's keys.

use padron_domain::{ApiKeyId, ApiKeyRegistry, Error, Failure, OrganizationId};
use padron_http::{NamedResource, PathParameterDescription, Request};
use padron_store::{Items, Key, Read, StoredApiKey};

/// The key that `{keyId}` names. The key of another organization is reported like an unknown one.
#[derive(Debug)]
pub struct NamedKey(pub(crate) StoredApiKey);

/// The key that `{keyId}` names, with the registry of the organization's keys.
#[derive(Debug)]
pub struct RegisteredKey {
    pub(crate) stored: StoredApiKey,
    pub(crate) registry: ApiKeyRegistry,
}

/// The registry of the organization's keys.
#[derive(Debug)]
pub struct Registry(pub(crate) ApiKeyRegistry);

const PATH: &[PathParameterDescription] = &[PathParameterDescription::of::<ApiKeyId>()];

impl<I> NamedResource<I> for NamedKey {
    const PATH: &'static [PathParameterDescription] = PATH;
    const FAILURES: &'static [Failure] = &[Failure::API_KEY_NOT_FOUND];

    type Name = ApiKeyId;

    fn name(request: &Request<'_>, _: &I) -> Result<ApiKeyId, Error> {
        request.parameter()
    }

    fn read(id: &ApiKeyId, organization: OrganizationId) -> Option<Read> {
        Some(Key::api_key(organization, *id).into())
    }

    fn from_items(id: ApiKeyId, organization: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        items.api_key(organization, id)?.map(Self).ok_or_else(|| Failure::API_KEY_NOT_FOUND.into())
    }
}

impl<I> NamedResource<I> for RegisteredKey {
    const PATH: &'static [PathParameterDescription] = PATH;
    const FAILURES: &'static [Failure] = <NamedKey as NamedResource<I>>::FAILURES;

    type Name = ApiKeyId;

    fn name(request: &Request<'_>, input: &I) -> Result<ApiKeyId, Error> {
        NamedKey::name(request, input)
    }

    fn read(id: &ApiKeyId, organization: OrganizationId) -> Option<Read> {
        <NamedKey as NamedResource<I>>::read(id, organization)
    }

    fn also_read(organization: OrganizationId) -> Option<Read> {
        Some(Key::api_key_registry(organization).into())
    }

    fn from_items(id: ApiKeyId, organization: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        let NamedKey(stored) = <NamedKey as NamedResource<I>>::from_items(id, organization, items)?;
        Ok(Self { stored, registry: items.api_key_registry(organization)? })
    }
}

impl<I> NamedResource<I> for Registry {
    type Name = ();

    fn name(_: &Request<'_>, _: &I) -> Result<(), Error> {
        Ok(())
    }

    fn read((): &(), organization: OrganizationId) -> Option<Read> {
        Some(Key::api_key_registry(organization).into())
    }

    fn from_items((): (), organization: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        items.api_key_registry(organization).map(Self)
    }
}
