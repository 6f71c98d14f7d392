//! Who manages the API keys of an organization, which these routes name by its id or by its slug.

use padron_domain::{Error, Failure, OrganizationId, Role, SLUG_LENGTH, SLUG_PATTERN, check_slug};
use padron_http::{
    AccessCheck, AdminOrOwner, AnyMember, Authorization, Caller, Context, LazyInput, NamedResource,
    PathParameter, PathParameterDescription, Policy, authenticate,
};
use padron_store::{Action, Store};
use serde_json::{Value, json};

/// An admin or the owner of the organization that the path names by id or slug; with a `T`, beside the resource that the request names.
pub(crate) type KeyAdmin<T> = Caller<AdminByIdOrSlug, T>;
/// A member of the organization that the path names by id or slug, beside the resource that the request names.
pub(crate) type KeyMember<T> = Caller<MemberByIdOrSlug, T>;

/// The id or the slug of an organization, as it stands in `{organizationId}`.
#[derive(Clone, Debug)]
enum OrganizationName {
    Id(OrganizationId),
    Slug(String),
}

impl PathParameter for OrganizationName {
    const NAME: &'static str = "organizationId";
    const DESCRIPTION: &'static str = "Id or slug of the organization";
    const EXPECTED: &'static str = "The organization's id, which is a UUID, or its slug.";

    fn schema() -> Value {
        let (min, max) = (SLUG_LENGTH.start(), SLUG_LENGTH.end());
        json!({ "anyOf": [
            { "type": "string", "format": "uuid" },
            { "type": "string", "minLength": min, "maxLength": max, "pattern": SLUG_PATTERN },
        ] })
    }

    fn parse(text: &str) -> Option<Self> {
        if let Some(id) = OrganizationId::parse(text) {
            return Some(Self::Id(id));
        }
        let slug = text.to_ascii_lowercase();
        check_slug(&slug).is_ok().then_some(Self::Slug(slug))
    }
}

const PATH: &[PathParameterDescription] = &[PathParameterDescription::of::<OrganizationName>()];

/// Returns the organization that the path names. A slug takes one read.
async fn named(cx: &Context<'_>) -> Result<OrganizationId, Error> {
    match cx.request.parameter()? {
        OrganizationName::Id(id) => Ok(id),
        OrganizationName::Slug(slug) => {
            let id = cx.store().organization_with_slug(&slug).await?;
            id.ok_or_else(|| Failure::ORGANIZATION_NOT_FOUND.into())
        }
    }
}

async fn authorize<P: Policy, I: Send + Sync, T: NamedResource<I>>(
    cx: &Context<'_>,
    input: &LazyInput<'_, I>,
) -> Result<Authorization<Caller<P, T>>, Error> {
    let credential = authenticate(cx).await?;
    let check = AccessCheck::of(cx, credential, named(cx).await, input).await?;
    check.admit_unless_deleted(cx, Failure::ORGANIZATION_NOT_FOUND)
}

/// Admits the admins and the owner of the organization in the path.
#[derive(Debug)]
pub struct AdminByIdOrSlug;

impl Policy for AdminByIdOrSlug {
    const DESCRIPTION: &'static str = AdminOrOwner::DESCRIPTION;
    const LEAST_ROLE: Role = Role::Admin;
    const PATH: &'static [PathParameterDescription] = PATH;
    const ACTIONS: &'static [Action] = Store::ORGANIZATION_WITH_SLUG;
    const FAILURES: &'static [Failure] = AdminOrOwner::FAILURES;

    async fn authorize<I: Send + Sync, T: NamedResource<I>>(
        cx: &Context<'_>,
        input: &LazyInput<'_, I>,
    ) -> Result<Authorization<Caller<Self, T>>, Error> {
        authorize(cx, input).await
    }
}

/// Admits the members of the organization in the path. The endpoint decides which of them it serves.
#[derive(Debug)]
pub struct MemberByIdOrSlug;

impl Policy for MemberByIdOrSlug {
    const DESCRIPTION: &'static str =
        "For admins and the owner of the organization, and for the member who made the key.";
    const PATH: &'static [PathParameterDescription] = PATH;
    const ACTIONS: &'static [Action] = Store::ORGANIZATION_WITH_SLUG;
    const FAILURES: &'static [Failure] = AnyMember::FAILURES;

    async fn authorize<I: Send + Sync, T: NamedResource<I>>(
        cx: &Context<'_>,
        input: &LazyInput<'_, I>,
    ) -> Result<Authorization<Caller<Self, T>>, Error> {
        authorize(cx, input).await
    }
}
