//! Who may call an endpoint. Each kind is a type that only its check can make.

use std::ops::Deref;

use padron_auth::{Principal, bearer_token};
use padron_domain::{Error, Failure, Membership, Organization, Role};
use padron_store::{Action, Store};

use crate::app::Context;

/// Who may call an endpoint: the type of a handler's second parameter.
pub trait Access: Sized + Send {
    /// The rule in a word, for the description and the tests.
    const RULE: Rule;
    /// What the check reads.
    const ACTIONS: &'static [Action];
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
}

/// Everyone.
#[derive(Debug)]
pub struct Anonymous;

impl Access for Anonymous {
    const RULE: Rule = Rule::Anonymous;
    const ACTIONS: &'static [Action] = &[];
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
    const ACTIONS: &'static [Action] = &[];
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
        let access = cx.store().organization_access(cx.request.organization()?, principal.user().id).await?;
        let organization = access.organization.ok_or(Failure::OrganizationNotFound)?;
        let membership = access.membership.ok_or(Failure::NotAMember)?;
        if membership.role < role {
            return Err(Failure::InsufficientRole.into());
        }
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
    Failure::Unavailable,
];

impl Access for Member {
    const RULE: Rule = Rule::Member(Role::Member);
    const ACTIONS: &'static [Action] = Store::ORGANIZATION_ACCESS;
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
    Failure::Unavailable,
];

/// An admin or the owner of the organization in the path.
#[derive(Debug)]
pub struct Admin(Member);

impl Access for Admin {
    const RULE: Rule = Rule::Member(Role::Admin);
    const ACTIONS: &'static [Action] = Store::ORGANIZATION_ACCESS;
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
    const ACTIONS: &'static [Action] = Store::ORGANIZATION_ACCESS;
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

async fn authenticate(cx: &Context<'_>) -> Result<Principal, Error> {
    let header = cx.request.header("authorization");
    let token = bearer_token(header.as_deref())?;
    cx.verifier().verify(token, cx.now, cx.deadline()).await
}
