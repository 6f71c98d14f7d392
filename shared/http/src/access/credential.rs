//! Members of the organization that a credential implies, for paths that name none.

use padron_auth::Credential;
use padron_domain::{Error, Failure, Organization, OrganizationId, Role, UserId};
use padron_store::{Action, Store};

use super::{
    AccessCheck, Authorization, Caller, NamedResource, OrganizationSource, Policy, UNAUTHENTICATED,
    authenticate,
};
use crate::{
    concat::concat,
    context::Context,
    input::LazyInput,
    parameter::{ParameterDescription, uuid_schema},
};

/// Admits the members of the organization that the token is bound to, else of the one in the header `X-Organization-Id`, else of the
/// caller's only one.
///
/// An organization that does not exist is reported like one that the caller does not belong to.
#[derive(Debug)]
pub struct ByCredential;

impl Policy for ByCredential {
    const DESCRIPTION: &'static str = "For members of the organization that the token or API key is bound to, that the header `X-Organization-Id` names, or \
         that is their only one.";
    const HEADERS: &'static [ParameterDescription] = &[ParameterDescription::optional(
        "X-Organization-Id",
        "The organization, where the caller belongs to several",
    )
    .with_schema(uuid_schema)];
    const ACTIONS: &'static [Action] = Store::MEMBERSHIPS_WITH_ORGANIZATIONS;
    const FAILURES: &'static [Failure] = &concat::<_, 11>(&[
        UNAUTHENTICATED,
        &[
            Failure::SEVERAL_ORGANIZATIONS,
            Failure::NO_ORGANIZATION,
            Failure::NOT_A_MEMBER,
            Failure::ORGANIZATION_MISMATCH,
        ],
    ]);
    const WRITE_FAILURES: &'static [Failure] = &[Failure::ORGANIZATION_UNCERTAIN];

    async fn authorize<I: Send + Sync, T: NamedResource<I>>(
        cx: &Context<'_>,
        input: &LazyInput<'_, I>,
    ) -> Result<Authorization<Caller<Self, T>>, Error> {
        authorize(cx, input).await
    }
}

/// Admits the admins and the owner of the organization that [`ByCredential`] finds.
#[derive(Debug)]
pub struct AdminByCredentialPolicy;

impl Policy for AdminByCredentialPolicy {
    const DESCRIPTION: &'static str = "For admins and the owner of the organization that the token is bound to, that the header `X-Organization-Id` names, \
         or that is their only one.";
    const LEAST_ROLE: Role = Role::Admin;
    const HEADERS: &'static [ParameterDescription] = ByCredential::HEADERS;
    const ACTIONS: &'static [Action] = ByCredential::ACTIONS;
    const FAILURES: &'static [Failure] =
        &concat::<_, 12>(&[ByCredential::FAILURES, &[Failure::INSUFFICIENT_ROLE]]);
    const WRITE_FAILURES: &'static [Failure] = ByCredential::WRITE_FAILURES;

    async fn authorize<I: Send + Sync, T: NamedResource<I>>(
        cx: &Context<'_>,
        input: &LazyInput<'_, I>,
    ) -> Result<Authorization<Caller<Self, T>>, Error> {
        authorize(cx, input).await
    }
}

/// Finds the organization of the credential, and admits the caller as the policy allows.
async fn authorize<P: Policy, I: Send + Sync, T: NamedResource<I>>(
    cx: &Context<'_>,
    input: &LazyInput<'_, I>,
) -> Result<Authorization<Caller<P, T>>, Error> {
    let credential = authenticate(cx).await?;
    let by_request = |named| ((named, OrganizationSource::Request), Failure::NOT_A_MEMBER);
    let (organization, not_found) = match &credential {
        Credential::Oauth(_) | Credential::Key(_) => {
            let bound = credential.organization().ok_or(Failure::NO_ORGANIZATION);
            let named = named_organization(cx);
            by_request(named.and_then(|named| Ok(named.map_or(bound, Ok)?)))
        }
        Credential::User(user) => match named_organization(cx)?.or(user.organization) {
            Some(named) => by_request(Ok(named)),
            None => {
                let only = only_organization(cx, user.id).await?;
                ((Ok(only), OrganizationSource::Index), Failure::NO_ORGANIZATION)
            }
        },
    };
    AccessCheck::admit_from(cx, credential, organization, input, not_found).await
}

/// Returns the organization that the header `X-Organization-Id` names.
pub fn named_organization(cx: &Context<'_>) -> Result<Option<OrganizationId>, Error> {
    let named = cx.request.header("x-organization-id").map(|id| {
        OrganizationId::parse(&id).ok_or_else(|| {
            let detail = "The organization's id is a UUID.";
            Error::invalid("/headers/X-Organization-Id", "invalid_format", detail)
        })
    });
    named.transpose()
}

/// Returns the only organization of a user that is not deleted.
async fn only_organization(cx: &Context<'_>, user: UserId) -> Result<OrganizationId, Error> {
    let two = cx.store().membership_entries(user, None, 2).await?;
    match two.items.as_slice() {
        [] => return Err(Failure::NO_ORGANIZATION.into()),
        // Whether it is deleted is seen by the access check.
        [only] => return Ok(only.organization),
        _ => {}
    }
    match active_organizations(cx, user).await?.as_slice() {
        [only] => Ok(only.id),
        [] => Err(Failure::NO_ORGANIZATION.into()),
        _ => Err(Failure::SEVERAL_ORGANIZATIONS.into()),
    }
}

/// Returns the organizations of a user that are not deleted. Fails if the user has more than a page of them: they must name one.
pub async fn active_organizations(cx: &Context<'_>, user: UserId) -> Result<Vec<Organization>, Error> {
    const MAX_ORGANIZATIONS: usize = 100;
    let page = cx.store().memberships_with_organizations(user, None, MAX_ORGANIZATIONS).await?;
    if page.next.is_some() {
        return Err(Failure::SEVERAL_ORGANIZATIONS.into());
    }
    let all = page.items.into_iter().filter_map(|membership| membership.organization);
    Ok(all.filter(|organization| organization.is_active()).collect())
}
