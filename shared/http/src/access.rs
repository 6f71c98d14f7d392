//! Who may call an endpoint. Each kind is a type that only its check can make.

use std::ops::Deref;

use padron_auth::{Principal, bearer_token, is_jwt};
use padron_domain::{Error, Failure, Membership, Organization, OrganizationId, Role, UserId};
use padron_store::{Action, Store};

use crate::app::Context;

/// Who may call an endpoint: the type of a handler's second parameter.
pub trait Access: Sized + Send {
    /// The rule in a word, for the description and the tests.
    const RULE: Rule;
    /// What the check reads.
    const ACTIONS: &'static [&'static [Action]];
    /// How the check can fail.
    const FAILURES: &'static [Failure];

    /// Checks the caller.
    fn authorize(cx: &Context<'_>) -> impl Future<Output = Result<Self, Error>> + Send;
}

/// Who may call an endpoint, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Everyone.
    Anonymous,
    /// Everyone with a valid access token.
    SignedIn,
    /// Members of the organization in the path, with this role or a higher one.
    Member(Role),
    /// Members of the organization that the credential is for.
    CredentialMember,
    /// Members of the organization in the path, with Cyrexa's three headers.
    TenantMember,
}

/// Everyone.
#[derive(Debug)]
pub struct Anonymous;

impl Access for Anonymous {
    const RULE: Rule = Rule::Anonymous;
    const ACTIONS: &'static [&'static [Action]] = &[];
    const FAILURES: &'static [Failure] = &[];

    async fn authorize(_: &Context<'_>) -> Result<Self, Error> {
        Ok(Self)
    }
}

/// Everyone with a valid access token.
#[derive(Debug)]
pub struct SignedIn {
    principal: Principal,
}

impl SignedIn {
    /// Who is calling.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}

const UNAUTHENTICATED: &[Failure] =
    &[Failure::AuthenticationRequired, Failure::InvalidToken, Failure::TokenExpired, Failure::Unavailable];

impl Access for SignedIn {
    const RULE: Rule = Rule::SignedIn;
    const ACTIONS: &'static [&'static [Action]] = &[];
    const FAILURES: &'static [Failure] = UNAUTHENTICATED;

    async fn authorize(cx: &Context<'_>) -> Result<Self, Error> {
        Ok(Self { principal: authenticate(cx).await? })
    }
}

/// A member of the organization in the path, whatever their role.
#[derive(Debug)]
pub struct Member {
    principal: Principal,
    membership: Membership,
    organization: Organization,
}

impl Member {
    /// Who is calling.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Their membership.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// The organization they are a member of.
    pub fn organization(&self) -> &Organization {
        &self.organization
    }

    /// The organization, to keep.
    pub fn into_organization(self) -> Organization {
        self.organization
    }

    /// The role decides, as the table has it now; the organization's `owner` never does.
    async fn with_role(cx: &Context<'_>, role: Role) -> Result<Self, Error> {
        let principal = authenticate(cx).await?;
        let organization = cx.request.organization()?;
        let member = Self::of(cx, principal, organization, Failure::OrganizationNotFound).await?;
        if member.membership.role < role {
            return Err(Failure::InsufficientRole.into());
        }
        Ok(member)
    }

    /// `unknown` is what there is to say of an organization that is not there.
    async fn of(
        cx: &Context<'_>,
        principal: Principal,
        organization: OrganizationId,
        unknown: Failure,
    ) -> Result<Self, Error> {
        let user = principal.user();
        if user.organization.is_some_and(|bound| bound != organization) {
            return Err(Failure::OrganizationMismatch.into());
        }
        let access = cx.store().organization_access(organization, user.id).await?;
        let organization = access.organization.ok_or(unknown)?;
        let membership = access.membership.ok_or(Failure::NotAMember)?;
        Ok(Self { principal, membership, organization })
    }
}

const NOT_A_MEMBER: &[Failure] = &[
    Failure::AuthenticationRequired,
    Failure::InvalidToken,
    Failure::TokenExpired,
    Failure::InvalidRequest,
    Failure::OrganizationNotFound,
    Failure::NotAMember,
    Failure::OrganizationMismatch,
    Failure::Unavailable,
];

impl Access for Member {
    const RULE: Rule = Rule::Member(Role::Member);
    const ACTIONS: &'static [&'static [Action]] = &[Store::ORGANIZATION_ACCESS];
    const FAILURES: &'static [Failure] = NOT_A_MEMBER;

    async fn authorize(cx: &Context<'_>) -> Result<Self, Error> {
        Self::with_role(cx, Role::Member).await
    }
}

const ROLE_TOO_LOW: &[Failure] = &[
    Failure::AuthenticationRequired,
    Failure::InvalidToken,
    Failure::TokenExpired,
    Failure::InvalidRequest,
    Failure::OrganizationNotFound,
    Failure::NotAMember,
    Failure::InsufficientRole,
    Failure::OrganizationMismatch,
    Failure::Unavailable,
];

/// An admin or the owner of the organization in the path.
#[derive(Debug)]
pub struct Admin(Member);

impl Access for Admin {
    const RULE: Rule = Rule::Member(Role::Admin);
    const ACTIONS: &'static [&'static [Action]] = &[Store::ORGANIZATION_ACCESS];
    const FAILURES: &'static [Failure] = ROLE_TOO_LOW;

    async fn authorize(cx: &Context<'_>) -> Result<Self, Error> {
        Member::with_role(cx, Role::Admin).await.map(Self)
    }
}

impl Deref for Admin {
    type Target = Member;
    fn deref(&self) -> &Member {
        &self.0
    }
}

/// The owner of the organization in the path.
#[derive(Debug)]
pub struct Owner(Member);

impl Access for Owner {
    const RULE: Rule = Rule::Member(Role::Owner);
    const ACTIONS: &'static [&'static [Action]] = &[Store::ORGANIZATION_ACCESS];
    const FAILURES: &'static [Failure] = ROLE_TOO_LOW;

    async fn authorize(cx: &Context<'_>) -> Result<Self, Error> {
        Member::with_role(cx, Role::Owner).await.map(Self)
    }
}

impl Deref for Owner {
    type Target = Member;
    fn deref(&self) -> &Member {
        &self.0
    }
}

/// A member of the credential's organization: for the dialects whose paths name none.
///
/// It is the one that the token is bound to, else the one in the header `X-Organization-Id`, else the caller's only one.
/// Here an organization that is not there is told like one of others.
#[derive(Debug)]
pub struct CredentialMember(Member);

impl Access for CredentialMember {
    const RULE: Rule = Rule::CredentialMember;
    const ACTIONS: &'static [&'static [Action]] = &[Store::ORGANIZATIONS_OF, Store::ORGANIZATION_ACCESS];
    const FAILURES: &'static [Failure] = &[
        Failure::AuthenticationRequired,
        Failure::InvalidToken,
        Failure::TokenExpired,
        Failure::InvalidRequest,
        Failure::SeveralOrganizations,
        Failure::NoOrganization,
        Failure::NotAMember,
        Failure::OrganizationMismatch,
        Failure::Unavailable,
    ];

    async fn authorize(cx: &Context<'_>) -> Result<Self, Error> {
        let principal = authenticate(cx).await?;
        let user = principal.user();
        let named = cx.request.header("x-organization-id").map(|id| {
            OrganizationId::parse(&id).ok_or_else(|| {
                Error::invalid(
                    "/headers/X-Organization-Id",
                    "invalid_format",
                    "The organization's id is a UUID.",
                )
            })
        });
        let organization = match (named.transpose()?, user.organization) {
            (Some(named), _) => named,
            (None, Some(bound)) => bound,
            // Two are enough to know that there are several.
            (None, None) => match cx.store().organizations_of(user.id, 2).await?.as_slice() {
                [] => return Err(Failure::NoOrganization.into()),
                [only] => *only,
                _ => return Err(Failure::SeveralOrganizations.into()),
            },
        };
        Member::of(cx, principal, organization, Failure::NotAMember).await.map(Self)
    }
}

impl Deref for CredentialMember {
    type Target = Member;
    fn deref(&self) -> &Member {
        &self.0
    }
}

/// A member of the organization in the path who proves it in Cyrexa's manner: the header `tenantId` is the id of the
/// organization or of its owner, and `token` is a valid access token of the same subject as the bearer's.
///
/// Here an organization that is not there is told like one of others.
#[derive(Debug)]
pub struct TenantMember(Member);

impl Access for TenantMember {
    const RULE: Rule = Rule::TenantMember;
    const ACTIONS: &'static [&'static [Action]] = &[Store::ORGANIZATION_ACCESS];
    const FAILURES: &'static [Failure] = &[
        Failure::AuthenticationRequired,
        Failure::InvalidToken,
        Failure::TokenExpired,
        Failure::InvalidRequest,
        Failure::NotAMember,
        Failure::OrganizationMismatch,
        Failure::TenantMismatch,
        Failure::Unavailable,
    ];

    async fn authorize(cx: &Context<'_>) -> Result<Self, Error> {
        let principal = authenticate(cx).await?;
        let token = cx.request.header("token");
        let token = token.as_deref().ok_or(Failure::AuthenticationRequired)?;
        if verify(cx, is_jwt(token)?).await?.user().id != principal.user().id {
            return Err(Error::from(Failure::InvalidToken).because("the two tokens are not of one subject"));
        }
        let member = Member::of(cx, principal, cx.request.organization()?, Failure::NotAMember).await?;
        let tenant = cx.request.header("tenantid").unwrap_or_default();
        let organization = &member.organization;
        let is_organization = OrganizationId::parse(&tenant).is_some_and(|tenant| tenant == organization.id);
        let is_owner = UserId::parse(&tenant).is_some_and(|tenant| tenant == organization.owner);
        if !is_organization && !is_owner {
            return Err(Failure::TenantMismatch.into());
        }
        Ok(Self(member))
    }
}

impl Deref for TenantMember {
    type Target = Member;
    fn deref(&self) -> &Member {
        &self.0
    }
}

async fn authenticate(cx: &Context<'_>) -> Result<Principal, Error> {
    let header = cx.request.header("authorization");
    verify(cx, bearer_token(header.as_deref())?).await
}

async fn verify(cx: &Context<'_>, token: &str) -> Result<Principal, Error> {
    cx.verifier().verify(token, cx.now, cx.deadline()).await
}
