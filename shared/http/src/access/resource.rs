//! What a request names inside its organization.

use padron_domain::{
    ApiKeyId, ApiKeyRegistry, Error, Failure, Invitation, InvitationId, Membership, OauthAppRegistry,
    OauthClientId, OrganizationId, WebhookId, WebhookRegistry,
};
use padron_store::{Action, Items, Key, OauthAppWithGate, Read, StoredApiKey, StoredOauthApp, StoredWebhook};

use crate::{
    event::Request,
    parameter::{MemberId, PathParameterDescription},
};

/// A resource that a request names inside its organization. It is read in the same call as the caller's membership, and reported as
/// missing only after every other check.
///
/// `I` is the input of the endpoint, for resources that a body or a query names.
pub trait NamedResource<I>: Sized + Send {
    /// The path parameters that name it.
    const PATH: &'static [PathParameterDescription] = &[];
    /// The failures when it is missing.
    const FAILURES: &'static [Failure] = &[];
    /// The store actions that reading it needs, beside those of the access check.
    const ACTIONS: &'static [Action] = &[];

    /// The name of a resource.
    type Name: Send;

    /// Returns the name, as the path or the input has it.
    fn name(request: &Request<'_>, input: &I) -> Result<Self::Name, Error>;

    /// Returns what to read, if there is anything.
    fn read(name: &Self::Name, organization: OrganizationId) -> Option<Read>;

    /// Returns another item to read, if the resource needs one.
    fn additional_read(_: &Self::Name, _: OrganizationId) -> Option<Read> {
        None
    }

    /// Takes the resource out of the items that were read.
    fn from_items(name: Self::Name, organization: OrganizationId, items: &mut Items) -> Result<Self, Error>;
}

/// No resource.
impl<I> NamedResource<I> for () {
    type Name = ();

    fn name(_: &Request<'_>, _: &I) -> Result<(), Error> {
        Ok(())
    }

    fn read((): &(), _: OrganizationId) -> Option<Read> {
        None
    }

    fn from_items((): (), _: OrganizationId, _: &mut Items) -> Result<Self, Error> {
        Ok(())
    }
}

/// The member whom `{memberId}` names.
impl<I> NamedResource<I> for Membership {
    const PATH: &'static [PathParameterDescription] = &[PathParameterDescription::of::<MemberId>()];
    const FAILURES: &'static [Failure] = &[Failure::MEMBER_NOT_FOUND];

    type Name = MemberId;

    fn name(request: &Request<'_>, _: &I) -> Result<MemberId, Error> {
        request.parameter()
    }

    fn read(MemberId(user): &MemberId, organization: OrganizationId) -> Option<Read> {
        Some(Key::membership(organization, *user).into())
    }

    fn from_items(
        MemberId(user): MemberId,
        organization: OrganizationId,
        items: &mut Items,
    ) -> Result<Self, Error> {
        items.membership(organization, user)?.ok_or_else(|| Failure::MEMBER_NOT_FOUND.into())
    }
}

/// The invitation that `{invitationId}` names.
impl<I> NamedResource<I> for Invitation {
    const PATH: &'static [PathParameterDescription] = &[PathParameterDescription::of::<InvitationId>()];
    const FAILURES: &'static [Failure] = &[Failure::INVITATION_NOT_FOUND];

    type Name = InvitationId;

    fn name(request: &Request<'_>, _: &I) -> Result<InvitationId, Error> {
        request.parameter()
    }

    fn read(id: &InvitationId, organization: OrganizationId) -> Option<Read> {
        Some(Key::invitation(organization, *id).into())
    }

    fn from_items(id: InvitationId, organization: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        items.invitation(organization, id)?.ok_or_else(|| Failure::INVITATION_NOT_FOUND.into())
    }
}

/// A list of what an organization has, which is one record and read as a whole.
pub trait Registry: Sized + Send {
    /// Returns the key of the registry.
    fn key(organization: OrganizationId) -> Key;

    /// Takes the registry out of the items that were read.
    fn from_items(organization: OrganizationId, items: &mut Items) -> Result<Self, Error>;
}

impl Registry for ApiKeyRegistry {
    fn key(organization: OrganizationId) -> Key {
        Key::api_key_registry(organization)
    }

    fn from_items(organization: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        items.api_key_registry(organization)
    }
}

impl Registry for WebhookRegistry {
    fn key(organization: OrganizationId) -> Key {
        Key::webhook_registry(organization)
    }

    fn from_items(organization: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        items.webhook_registry(organization)
    }
}

impl Registry for OauthAppRegistry {
    fn key(organization: OrganizationId) -> Key {
        Key::oauth_app_registry(organization)
    }

    fn from_items(organization: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        items.oauth_app_registry(organization)
    }
}

/// A resource, with a registry of the organization, for writes that change both.
#[derive(Debug)]
pub struct WithRegistry<R, G> {
    /// The resource.
    pub resource: R,
    /// The registry.
    pub registry: G,
}

/// A resource, with the registry of the organization's API keys.
pub type WithKeyRegistry<R> = WithRegistry<R, ApiKeyRegistry>;
/// A resource, with the registry of the organization's OAuth apps.
pub type WithAppRegistry<R> = WithRegistry<R, OauthAppRegistry>;
/// A resource, with the registry of the organization's webhooks.
pub type WithWebhookRegistry<R> = WithRegistry<R, WebhookRegistry>;

impl<I, R: NamedResource<I>, G: Registry> NamedResource<I> for WithRegistry<R, G> {
    const PATH: &'static [PathParameterDescription] = R::PATH;
    const FAILURES: &'static [Failure] = R::FAILURES;
    const ACTIONS: &'static [Action] = R::ACTIONS;

    type Name = R::Name;

    fn name(request: &Request<'_>, input: &I) -> Result<Self::Name, Error> {
        R::name(request, input)
    }

    fn read(name: &Self::Name, organization: OrganizationId) -> Option<Read> {
        R::read(name, organization)
    }

    fn additional_read(_: &Self::Name, organization: OrganizationId) -> Option<Read> {
        Some(G::key(organization).into())
    }

    fn from_items(name: Self::Name, organization: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        let resource = R::from_items(name, organization, items)?;
        Ok(Self { resource, registry: G::from_items(organization, items)? })
    }
}

/// The webhook that `{webhookId}` names. The webhook of another organization is reported like an unknown one.
impl<I> NamedResource<I> for StoredWebhook {
    const PATH: &'static [PathParameterDescription] = &[PathParameterDescription::of::<WebhookId>()];
    const FAILURES: &'static [Failure] = &[Failure::WEBHOOK_NOT_FOUND];

    type Name = WebhookId;

    fn name(request: &Request<'_>, _: &I) -> Result<WebhookId, Error> {
        request.parameter()
    }

    fn read(id: &WebhookId, organization: OrganizationId) -> Option<Read> {
        Some(Key::webhook(organization, *id).into())
    }

    fn from_items(id: WebhookId, organization: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        items.webhook(organization, id)?.ok_or_else(|| Failure::WEBHOOK_NOT_FOUND.into())
    }
}

/// The API key that `{keyId}` names. The key of another organization is reported like an unknown one.
impl<I> NamedResource<I> for StoredApiKey {
    const PATH: &'static [PathParameterDescription] = &[PathParameterDescription::of::<ApiKeyId>()];
    const FAILURES: &'static [Failure] = &[Failure::API_KEY_NOT_FOUND];

    type Name = ApiKeyId;

    fn name(request: &Request<'_>, _: &I) -> Result<ApiKeyId, Error> {
        request.parameter()
    }

    fn read(id: &ApiKeyId, organization: OrganizationId) -> Option<Read> {
        Some(Key::api_key(organization, *id).into())
    }

    fn from_items(id: ApiKeyId, organization: OrganizationId, items: &mut Items) -> Result<Self, Error> {
        items.api_key(organization, id)?.ok_or_else(|| Failure::API_KEY_NOT_FOUND.into())
    }
}

const OAUTH_APP_PATH: &[PathParameterDescription] = &[PathParameterDescription::of::<OauthClientId>()];

/// The OAuth app that `{clientId}` names. The app of another organization is reported like an unknown one.
impl<I> NamedResource<I> for StoredOauthApp {
    const PATH: &'static [PathParameterDescription] = OAUTH_APP_PATH;
    const FAILURES: &'static [Failure] = &[Failure::OAUTH_APP_NOT_FOUND];

    type Name = OauthClientId;

    fn name(request: &Request<'_>, _: &I) -> Result<OauthClientId, Error> {
        request.parameter()
    }

    fn read(client: &OauthClientId, _: OrganizationId) -> Option<Read> {
        Some(Key::oauth_app(*client).into())
    }

    fn from_items(
        client: OauthClientId,
        organization: OrganizationId,
        items: &mut Items,
    ) -> Result<Self, Error> {
        items.oauth_app(organization, client)?.ok_or_else(|| Failure::OAUTH_APP_NOT_FOUND.into())
    }
}

/// The OAuth app that `{clientId}` names, with its gate.
impl<I> NamedResource<I> for OauthAppWithGate {
    const PATH: &'static [PathParameterDescription] = OAUTH_APP_PATH;
    const FAILURES: &'static [Failure] = &[Failure::OAUTH_APP_NOT_FOUND];

    type Name = OauthClientId;

    fn name(request: &Request<'_>, _: &I) -> Result<OauthClientId, Error> {
        request.parameter()
    }

    fn read(client: &OauthClientId, _: OrganizationId) -> Option<Read> {
        Some(Key::oauth_app(*client).into())
    }

    fn additional_read(client: &OauthClientId, _: OrganizationId) -> Option<Read> {
        Some(Key::oauth_gate(*client).into())
    }

    fn from_items(
        client: OauthClientId,
        organization: OrganizationId,
        items: &mut Items,
    ) -> Result<Self, Error> {
        let found = items.oauth_app_with_gate(client)?;
        let found = found.filter(|found| found.stored.app.organization == Some(organization));
        found.ok_or_else(|| Failure::OAUTH_APP_NOT_FOUND.into())
    }
}
