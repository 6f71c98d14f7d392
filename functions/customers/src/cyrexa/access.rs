//! Access to Cyrexa's routes, which have the three headers `Authorization`, `tenantId` and `token`.

use std::borrow::Cow;

use padron_auth::{AUTHENTICATION_REQUIRED, Credential, INVALID_TOKEN, require_jwt_form};
use padron_domain::{Error, Failure, FailureClass, Organization, OrganizationId, UserId};
use padron_http::{
    AccessCheck, Authorization, Caller, Context, LazyInput, NamedResource, OrganizationSource,
    ParameterDescription, PathParameterDescription, Policy, UNAUTHENTICATED, active_organizations,
    authenticate, concat, named_organization, presented_key, uuid_schema, verify,
};
use padron_store::{Action, Store};
use serde_json::{Value, json};

/// A member of the organization in the path, which the header `tenantId` must also name.
pub type MemberByPathAndTenant<T = ()> = Caller<ByPathAndTenant, T>;
/// A member of the organization that the header `tenantId` names, for paths that name none.
pub type MemberByTenant<T = ()> = Caller<ByTenant, T>;

/// The failure of a request whose tenant is neither the organization nor its owner.
pub const TENANT_MISMATCH: Failure = Failure::new(
    FailureClass::Forbidden,
    "tenant_mismatch",
    "Access denied. The tenant is not that of this organization",
)
.with_hint("The header tenantId is the id of the organization or of its owner.");

const FAILURES: &[Failure] = &concat::<_, 10>(&[
    UNAUTHENTICATED,
    &[Failure::NOT_A_MEMBER, Failure::ORGANIZATION_MISMATCH, TENANT_MISMATCH],
]);

const TENANT: ParameterDescription =
    ParameterDescription::required("tenantId", "Id of the organization or of its owner")
        .with_schema(uuid_schema);
const TOKEN: ParameterDescription = ParameterDescription::required(
    "token",
    "An access token of the same user as the bearer's, or the same API key; it may be the same one",
)
.with_schema(credential_schema);

/// Returns the JSON schema of a credential: an access token or an API key.
fn credential_schema() -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9_.-]+$" })
}

/// The policy that admits members of the organization in the path.
///
/// The header `tenantId` must be the id of the organization or of its owner. The header `token` must be an access token of the same user
/// as the bearer token, or the same API key.
///
/// An organization that does not exist is reported like one that the caller does not belong to.
#[derive(Debug)]
pub struct ByPathAndTenant;

impl Policy for ByPathAndTenant {
    const DESCRIPTION: &'static str =
        "For members of the organization, with all three headers of Cyrexa's API.";
    const HEADERS: &'static [ParameterDescription] = &[TENANT, TOKEN];
    const PATH: &'static [PathParameterDescription] = &[PathParameterDescription::of::<OrganizationId>()];
    const FAILURES: &'static [Failure] = FAILURES;

    async fn authorize<I: Send + Sync, T: NamedResource<I>>(
        cx: &Context<'_>,
        input: &LazyInput<'_, I>,
    ) -> Result<Authorization<Caller<Self, T>>, Error> {
        let credential = authenticate_both_tokens(cx).await?;
        let (tenant, organization) = named_by_tenant(cx, &credential, cx.request.parameter())?;
        let check = AccessCheck::of(cx, credential, organization, input).await?;
        check.admit_unless_deleted::<Self>(cx, Failure::NOT_A_MEMBER)?.and_then(|caller| {
            let is_tenant = is_tenant(caller.organization(), &tenant);
            if is_tenant { Ok(caller) } else { Err(TENANT_MISMATCH.into()) }
        })
    }
}

/// The policy that admits members of the organization that the header `tenantId` names, by its id or by that of its owner.
///
/// The header `token` is as for [`ByPathAndTenant`].
///
/// An organization that does not exist is reported like one that the caller does not belong to.
#[derive(Debug)]
pub struct ByTenant;

impl Policy for ByTenant {
    const DESCRIPTION: &'static str =
        "For members of the organization that `tenantId` names, with all three headers of Cyrexa's API.";
    const HEADERS: &'static [ParameterDescription] = &[
        ParameterDescription::optional(
            "X-Organization-Id",
            "The organization, where the owner in `tenantId` has several",
        )
        .with_schema(uuid_schema),
        TENANT,
        TOKEN,
    ];
    const ACTIONS: &'static [Action] = Store::MEMBERSHIPS_WITH_ORGANIZATIONS;
    const FAILURES: &'static [Failure] = &concat::<_, 11>(&[FAILURES, &[Failure::SEVERAL_ORGANIZATIONS]]);
    const WRITE_FAILURES: &'static [Failure] = &[Failure::ORGANIZATION_UNCERTAIN];

    async fn authorize<I: Send + Sync, T: NamedResource<I>>(
        cx: &Context<'_>,
        input: &LazyInput<'_, I>,
    ) -> Result<Authorization<Caller<Self, T>>, Error> {
        let credential = authenticate_both_tokens(cx).await?;
        // The header, or the organization that the credential is bound to, selects one of an owner's organizations.
        let selected = named_organization(cx).map(|named| named.or(credential.organization()));
        let (tenant, selected) = named_by_tenant(cx, &credential, selected)?;
        if let Some(selected) = selected.transpose() {
            let check = AccessCheck::of(cx, credential, selected, input).await?;
            return check.admit_unless_deleted::<Self>(cx, Failure::NOT_A_MEMBER)?.and_then(|caller| {
                let is_tenant = is_tenant(caller.organization(), &tenant);
                if is_tenant { Ok(caller) } else { Err(Failure::ORGANIZATION_MISMATCH.into()) }
            });
        }
        let named = OrganizationId::parse(&tenant).ok_or(TENANT_MISMATCH)?;
        let check = AccessCheck::of(cx, credential, Ok(named), input).await?;
        if check.organization().is_some_and(|organization| organization.deleted_at.is_none()) {
            return check.admit(cx, Failure::NOT_A_MEMBER);
        }
        // A key or an app has selected its organization.
        let user = check.into_user().ok_or(Failure::NOT_A_MEMBER)?;
        let owned = organization_of_owner(cx, user.id, UserId::new(named.uuid())).await?;
        let owned = (Ok(owned), OrganizationSource::Index);
        AccessCheck::admit_from(cx, Credential::User(user), owned, input, Failure::NOT_A_MEMBER).await
    }
}

/// Returns the value of the header `tenantId`. Fails if it is missing or empty.
fn tenant<'r>(cx: &'r Context<'_>) -> Result<Cow<'r, str>, Error> {
    cx.request.header("tenantid").filter(|tenant| !tenant.is_empty()).ok_or_else(|| {
        let detail = "Name the tenant: the id of the organization, or of its owner.";
        Error::invalid("/headers/tenantId", "missing_header", detail)
    })
}

/// Returns the tenant and the organization of a request.
///
/// If one of them is invalid, this fails at once for a user, who is known. A key or the token of an app is verified before anything else is
/// reported, so for it the organization is the error.
fn named_by_tenant<'r, O>(
    cx: &'r Context<'_>,
    credential: &Credential,
    organization: Result<O, Error>,
) -> Result<(Cow<'r, str>, Result<O, Error>), Error> {
    let is_known = matches!(credential, Credential::User(_));
    match (tenant(cx), organization) {
        (Err(error), _) | (Ok(_), Err(error)) if is_known => Err(error),
        (Err(error), _) => Ok((Cow::Borrowed(""), Err(error))),
        (Ok(tenant), organization) => Ok((tenant, organization)),
    }
}

/// Returns whether a tenant is the id of an organization or of its owner.
fn is_tenant(organization: &Organization, tenant: &str) -> bool {
    OrganizationId::parse(tenant).is_some_and(|id| id == organization.id)
        || UserId::parse(tenant).is_some_and(|id| id == organization.owner)
}

/// Returns the organization that a user belongs to and that this owner owns. Fails unless there is exactly one.
async fn organization_of_owner(
    cx: &Context<'_>,
    user: UserId,
    owner: UserId,
) -> Result<OrganizationId, Error> {
    // A user with more organizations than are read must name one by its own id.
    let all = active_organizations(cx, user).await.map_err(|error| match error.failure() {
        Failure::SEVERAL_ORGANIZATIONS => Failure::NOT_A_MEMBER.into(),
        _ => error,
    })?;
    let mut owned = all.iter().filter(|organization| organization.owner == owner);
    match (owned.next(), owned.next()) {
        (Some(only), None) => Ok(only.id),
        (None, _) => Err(Failure::NOT_A_MEMBER.into()),
        (Some(_), Some(_)) => {
            let detail = "This owner has several of your organizations. Name one of them by its own id, or in the header.";
            let error = Error::from(Failure::SEVERAL_ORGANIZATIONS);
            Err(error.with_violation("/headers/tenantId", "ambiguous", detail))
        }
    }
}

/// Returns the credential of the request. Fails if `token` is not a valid token of the same user, or not the same API key.
async fn authenticate_both_tokens(cx: &Context<'_>) -> Result<Credential, Error> {
    let credential = authenticate(cx).await?;
    let token = cx.request.header("token");
    let token = token.as_deref().ok_or(AUTHENTICATION_REQUIRED)?;
    let (is_same, failure) = match &credential {
        Credential::User(_) | Credential::Oauth(_) => {
            let other = verify(cx, require_jwt_form(token)?).await?;
            (other.principal_text() == credential.principal_text(), INVALID_TOKEN)
        }
        Credential::Key(key) => (presented_key(cx, token.trim())?.is_same(key), Failure::INVALID_API_KEY),
    };
    if !is_same {
        return Err(Error::from(failure).with_cause("the two tokens are not of one subject"));
    }
    Ok(credential)
}
