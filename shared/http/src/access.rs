//! Who may call an endpoint. Each kind is a type that only its check can make.

use std::{borrow::Cow, ops::Deref};

use padron_auth::{Principal, bearer_token, is_jwt};
use padron_domain::{
    Error, Failure, Invitation, InvitationId, Membership, Organization, OrganizationId, Profile, Role, UserId,
};
use padron_store::{Action, Found, Key, Store};

use crate::{app::Context, event::Request, idempotency::Claim, reply::Reply};

/// Who may call an endpoint: the type of a handler's second parameter.
pub trait Access: Sized + Send {
    /// The rule in a word, for the description and the tests.
    const RULE: Rule;
    /// What the check reads.
    const ACTIONS: &'static [&'static [Action]];
    /// How the check can fail.
    const FAILURES: &'static [&'static [Failure]];
    /// How it can fail where something is to be written, beside that.
    const WRITE_FAILURES: &'static [Failure] = &[];

    /// Checks the caller.
    fn authorize(cx: &Context<'_>) -> impl Future<Output = Result<Entered<Self>, Error>> + Send;
}

/// What a check comes to, where it does not fail.
#[derive(Debug)]
pub enum Entered<A> {
    /// The caller may.
    Granted(A),
    /// The caller did, a while ago: this is the answer they were given. An admin who is none any more does not get it; an owner does,
    /// for handing an organization over takes one's own role.
    Replayed(Reply),
}

impl<A> Entered<A> {
    /// The same, for those who pass another check.
    fn and_then<B>(self, check: impl FnOnce(A) -> Result<B, Error>) -> Result<Entered<B>, Error> {
        Ok(match self {
            Self::Granted(access) => Entered::Granted(check(access)?),
            Self::Replayed(reply) => Entered::Replayed(reply),
        })
    }
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
    /// Admins and the owner of the organization in the path, and the member whom the path names.
    AdminOrSelf,
    /// The user whom the path names.
    OneSelf,
    /// Members of the organization that the credential is for.
    CredentialMember,
    /// Members of the organization in the path, with Cyrexa's three headers.
    TenantMember,
    /// Members of the organization that the header `tenantId` names.
    MemberOfTenant,
}

/// What a request names inside the organization, beside it: read in the same call as the caller's membership, and told to be
/// missing only once everything else is right.
pub trait Target: Sized + Send {
    /// How finding it can fail.
    const FAILURES: &'static [Failure];
    /// Whether the number of the organization's customers is read beside it.
    const COUNTS_CUSTOMERS: bool = false;
    /// What the store needs for it, beside what access brings with it.
    const ACTIONS: &'static [Action] = &[];

    /// What the request calls it.
    type Name: Send;

    /// What the request calls it, if it does so properly.
    fn name(request: &Request<'_>) -> Result<Self::Name, Error>;

    /// Its key; `None` if there is none to read.
    fn key(name: &Self::Name, organization: OrganizationId) -> Option<Key>;

    /// What was read of it.
    fn find(name: Self::Name, organization: OrganizationId, found: &mut Found) -> Result<Self, Error>;
}

/// Nothing beside the organization.
impl Target for () {
    const FAILURES: &'static [Failure] = &[];
    type Name = ();

    fn name(_: &Request<'_>) -> Result<(), Error> {
        Ok(())
    }

    fn key((): &(), _: OrganizationId) -> Option<Key> {
        None
    }

    fn find((): (), _: OrganizationId, _: &mut Found) -> Result<Self, Error> {
        Ok(())
    }
}

/// How many customers the organization has.
#[derive(Clone, Copy, Debug)]
pub struct CustomerCount(pub u64);

impl Target for CustomerCount {
    const FAILURES: &'static [Failure] = &[];
    const COUNTS_CUSTOMERS: bool = true;
    const ACTIONS: &'static [Action] = Store::CUSTOMER_COUNT;
    type Name = ();

    fn name(_: &Request<'_>) -> Result<(), Error> {
        Ok(())
    }

    fn key((): &(), _: OrganizationId) -> Option<Key> {
        None
    }

    fn find((): (), _: OrganizationId, found: &mut Found) -> Result<Self, Error> {
        Ok(Self(found.customer_count.unwrap_or_default()))
    }
}

/// The member whom `{memberId}` names: the id of the user.
impl Target for Membership {
    const FAILURES: &'static [Failure] = &[Failure::MemberNotFound];

    type Name = UserId;

    fn name(request: &Request<'_>) -> Result<UserId, Error> {
        request.member()
    }

    fn key(user: &UserId, organization: OrganizationId) -> Option<Key> {
        Some(Key::membership(organization, *user))
    }

    fn find(user: UserId, organization: OrganizationId, found: &mut Found) -> Result<Self, Error> {
        found.membership(organization, user)?.ok_or_else(|| Failure::MemberNotFound.into())
    }
}

/// The invitation that `{invitationId}` names.
impl Target for Invitation {
    const FAILURES: &'static [Failure] = &[Failure::InvitationNotFound];

    type Name = InvitationId;

    fn name(request: &Request<'_>) -> Result<InvitationId, Error> {
        request.invitation()
    }

    fn key(id: &InvitationId, organization: OrganizationId) -> Option<Key> {
        Some(Key::invitation(organization, *id))
    }

    fn find(id: InvitationId, organization: OrganizationId, found: &mut Found) -> Result<Self, Error> {
        found.invitation(organization, id)?.ok_or_else(|| Failure::InvitationNotFound.into())
    }
}

/// Everyone.
#[derive(Debug)]
pub struct Anonymous;

impl Access for Anonymous {
    const RULE: Rule = Rule::Anonymous;
    const ACTIONS: &'static [&'static [Action]] = &[];
    const FAILURES: &'static [&'static [Failure]] = &[];

    async fn authorize(_: &Context<'_>) -> Result<Entered<Self>, Error> {
        Ok(Entered::Granted(Self))
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
    const FAILURES: &'static [&'static [Failure]] = &[UNAUTHENTICATED];

    async fn authorize(cx: &Context<'_>) -> Result<Entered<Self>, Error> {
        let principal = authenticate(cx).await?;
        if let Some(claim) = Claim::of(cx, &principal, None)?
            && let Some(reply) = cx.hold(claim).replay_if_kept(cx).await?
        {
            return Ok(Entered::Replayed(reply));
        }
        Ok(Entered::Granted(Self { principal }))
    }
}

/// The user whom the path names.
#[derive(Debug)]
pub struct OneSelf(SignedIn);

impl Access for OneSelf {
    const RULE: Rule = Rule::OneSelf;
    const ACTIONS: &'static [&'static [Action]] = &[];
    const FAILURES: &'static [&'static [Failure]] =
        &[UNAUTHENTICATED, &[Failure::InvalidRequest, Failure::NotYourself]];

    async fn authorize(cx: &Context<'_>) -> Result<Entered<Self>, Error> {
        SignedIn::authorize(cx).await?.and_then(|caller| {
            let is_self = cx.request.user()? == caller.principal.user().id;
            if is_self { Ok(Self(caller)) } else { Err(Failure::NotYourself.into()) }
        })
    }
}

impl Deref for OneSelf {
    type Target = SignedIn;
    fn deref(&self) -> &SignedIn {
        &self.0
    }
}

/// A member of the organization in the path, whatever their role; with a `T`, what the request names in it.
#[derive(Debug)]
pub struct Member<T = ()> {
    principal: Principal,
    membership: Membership,
    organization: Organization,
    target: Result<T, Error>,
}

impl<T> Member<T> {
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

    /// What the request names, or that it is not there.
    pub fn with_target(self) -> Result<(Member, T), Error> {
        let Self { principal, membership, organization, target } = self;
        Ok((Member { principal, membership, organization, target: Ok(()) }, target?))
    }

    fn with_role(self, role: Role) -> Result<Self, Error> {
        if self.membership.role < role {
            return Err(Failure::InsufficientRole.into());
        }
        // Items of a batch are read one after the other. Where a transfer was committed between them, the membership is of
        // before it and the organization of after it, and a write that depends on the organization's version would go through.
        if role == Role::Owner && self.organization.owner != self.membership.user {
            return Err(Failure::ConcurrentChange.into());
        }
        Ok(self)
    }
}

impl<T: Target> Member<T> {
    /// A member of the organization in the path. The role decides what they may, as the table has it now; the organization's
    /// `owner` never does.
    async fn of_path(cx: &Context<'_>) -> Result<Entered<Self>, Error> {
        let principal = authenticate(cx).await?;
        let organization = cx.request.organization()?;
        Self::of(cx, principal, organization, Failure::OrganizationNotFound).await
    }

    /// `unknown` is what there is to say of an organization that is not there.
    async fn of(
        cx: &Context<'_>,
        principal: Principal,
        organization: OrganizationId,
        unknown: Failure,
    ) -> Result<Entered<Self>, Error> {
        Arrival::<T>::read(cx, principal, organization, None).await?.enter_active(cx, unknown)
    }

    /// The same of an organization that an index told of, which may lack the one that the caller joined a moment ago: a write is
    /// refused then, until the caller says which one they mean.
    async fn of_indexed(
        cx: &Context<'_>,
        principal: Principal,
        organization: OrganizationId,
        unknown: Failure,
    ) -> Result<Entered<Self>, Error> {
        if !cx.endpoint.is_write {
            return Self::of(cx, principal, organization, unknown).await;
        }
        let user = principal.user().id;
        let mut arrival = Arrival::<T>::read(cx, principal, organization, Some(Key::profile(user))).await?;
        let profile = arrival.found.profile(user)?;
        // What was answered before is answered again.
        arrival.enter_active(cx, unknown)?.and_then(|member| {
            let is_joining = |user: Profile| user.is_joining_another(member.membership(), cx.now());
            let is_uncertain = profile.is_some_and(is_joining);
            if is_uncertain { Err(Failure::OrganizationUncertain.into()) } else { Ok(member) }
        })
    }
}

/// Who stands before an organization, and what was read to decide about them.
struct Arrival<T: Target> {
    principal: Principal,
    organization: Option<Organization>,
    membership: Option<Membership>,
    /// What is wrong with the key is told to members only.
    claim: Result<Option<Claim>, Error>,
    /// What is wrong with the name, too, and only once they may name anything.
    name: Result<T::Name, Error>,
    found: Found,
}

impl<T: Target> Arrival<T> {
    async fn read(
        cx: &Context<'_>,
        principal: Principal,
        organization: OrganizationId,
        also: Option<Key>,
    ) -> Result<Self, Error> {
        let user = principal.user();
        if user.organization.is_some_and(|bound| bound != organization) {
            return Err(Failure::OrganizationMismatch.into());
        }
        let claim = Claim::of(cx, &principal, Some(organization));
        let kept = claim.as_ref().ok().and_then(Option::as_ref).map(Claim::key);
        let name = T::name(cx.request);
        let named = name.as_ref().ok().and_then(|name| T::key(name, organization));
        let others = named.into_iter().chain(kept).chain(also);
        let access = cx.store().organization_access(organization, user.id, others);
        let access = if T::COUNTS_CUSTOMERS {
            let (mut access, count) = tokio::try_join!(access, cx.store().customer_count(organization))?;
            access.others.customer_count = Some(count);
            access
        } else {
            access.await?
        };
        Ok(Self {
            principal,
            organization: access.organization,
            membership: access.membership,
            claim,
            name,
            found: access.others,
        })
    }

    /// Lets members in, unless the organization is deleted.
    fn enter_active(self, cx: &Context<'_>, unknown: Failure) -> Result<Entered<Member<T>>, Error> {
        if self.organization.as_ref().is_some_and(|organization| organization.deleted_at.is_some()) {
            return Err(unknown.into());
        }
        self.enter(cx, unknown)
    }

    /// Lets members in.
    fn enter(self, cx: &Context<'_>, unknown: Failure) -> Result<Entered<Member<T>>, Error> {
        let Self { principal, organization, membership, claim, name, mut found } = self;
        let organization = organization.ok_or(unknown)?;
        let membership = membership.ok_or(Failure::NotAMember)?;
        cx.set_role(membership.role);
        if let Some(claim) = claim?
            && let Some(reply) = cx.hold(claim).replay(cx, &mut found)?
        {
            return Ok(Entered::Replayed(reply));
        }
        let target = name.and_then(|name| T::find(name, organization.id, &mut found));
        Ok(Entered::Granted(Member { principal, membership, organization, target }))
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

impl<T: Target> Access for Member<T> {
    const RULE: Rule = Rule::Member(Role::Member);
    const ACTIONS: &'static [&'static [Action]] = &[Store::ORGANIZATION_ACCESS, T::ACTIONS];
    const FAILURES: &'static [&'static [Failure]] = &[NOT_A_MEMBER, T::FAILURES];

    async fn authorize(cx: &Context<'_>) -> Result<Entered<Self>, Error> {
        Self::of_path(cx).await
    }
}

const ROLE_TOO_LOW: &[Failure] = &[Failure::InsufficientRole];
/// An owner is read in two items, which may be of before and of after a transfer.
const NOT_THE_OWNER: &[Failure] = &[Failure::InsufficientRole, Failure::ConcurrentChange];

/// An admin or the owner of the organization in the path.
#[derive(Debug)]
pub struct Admin<T = ()>(Member<T>);

impl<T: Target> Access for Admin<T> {
    const RULE: Rule = Rule::Member(Role::Admin);
    const ACTIONS: &'static [&'static [Action]] = &[Store::ORGANIZATION_ACCESS, T::ACTIONS];
    const FAILURES: &'static [&'static [Failure]] = &[NOT_A_MEMBER, ROLE_TOO_LOW, T::FAILURES];

    async fn authorize(cx: &Context<'_>) -> Result<Entered<Self>, Error> {
        Member::of_path(cx).await?.and_then(|member| member.with_role(Role::Admin).map(Self))
    }
}

impl<T> Admin<T> {
    /// The same, as a member like any other.
    pub fn into_member(self) -> Member<T> {
        self.0
    }
}

impl<T> Deref for Admin<T> {
    type Target = Member<T>;
    fn deref(&self) -> &Member<T> {
        &self.0
    }
}

/// The owner of the organization in the path.
#[derive(Debug)]
pub struct Owner<T = ()>(Member<T>);

impl<T: Target> Access for Owner<T> {
    const RULE: Rule = Rule::Member(Role::Owner);
    const ACTIONS: &'static [&'static [Action]] = &[Store::ORGANIZATION_ACCESS, T::ACTIONS];
    const FAILURES: &'static [&'static [Failure]] = &[NOT_A_MEMBER, NOT_THE_OWNER, T::FAILURES];

    async fn authorize(cx: &Context<'_>) -> Result<Entered<Self>, Error> {
        Member::of_path(cx).await?.and_then(|member| member.with_role(Role::Owner).map(Self))
    }
}

impl<T> Owner<T> {
    /// The same, as a member like any other.
    pub fn into_member(self) -> Member<T> {
        self.0
    }
}

impl<T> Deref for Owner<T> {
    type Target = Member<T>;
    fn deref(&self) -> &Member<T> {
        &self.0
    }
}

/// The owner of the organization in the path, which may be deleted. A deleted one is unknown to everyone else, and to its
/// owner too once it cannot be restored any more.
#[derive(Debug)]
pub struct DeletedOwner(Member);

impl Access for DeletedOwner {
    const RULE: Rule = Rule::Member(Role::Owner);
    const ACTIONS: &'static [&'static [Action]] = &[Store::ORGANIZATION_ACCESS];
    const FAILURES: &'static [&'static [Failure]] = &[NOT_A_MEMBER, NOT_THE_OWNER];

    async fn authorize(cx: &Context<'_>) -> Result<Entered<Self>, Error> {
        let principal = authenticate(cx).await?;
        let arrival = Arrival::<()>::read(cx, principal, cx.request.organization()?, None).await?;
        let deleted = arrival.organization.as_ref().filter(|organization| organization.deleted_at.is_some());
        if let Some(deleted) = deleted {
            let is_owner = arrival.membership.as_ref().is_some_and(|member| member.role == Role::Owner);
            let is_in_time = deleted.restorable_until().is_some_and(|until| cx.now() < until);
            if !is_owner || !is_in_time || deleted.purging {
                return Err(Failure::OrganizationNotFound.into());
            }
        }
        arrival
            .enter(cx, Failure::OrganizationNotFound)?
            .and_then(|member| member.with_role(Role::Owner).map(Self))
    }
}

impl Deref for DeletedOwner {
    type Target = Member;
    fn deref(&self) -> &Member {
        &self.0
    }
}

/// An admin or the owner of the organization in the path, or the very member whom the path names.
#[derive(Debug)]
pub struct AdminOrSelf(Member<Membership>);

impl AdminOrSelf {
    /// The same, as a member like any other.
    pub fn into_member(self) -> Member<Membership> {
        self.0
    }
}

impl Access for AdminOrSelf {
    const RULE: Rule = Rule::AdminOrSelf;
    const ACTIONS: &'static [&'static [Action]] = &[Store::ORGANIZATION_ACCESS];
    const FAILURES: &'static [&'static [Failure]] =
        &[NOT_A_MEMBER, ROLE_TOO_LOW, <Membership as Target>::FAILURES];

    async fn authorize(cx: &Context<'_>) -> Result<Entered<Self>, Error> {
        Member::of_path(cx).await?.and_then(|member: Member<Membership>| {
            let is_self = cx.request.member().is_ok_and(|named| named == member.membership.user);
            if is_self { Ok(Self(member)) } else { member.with_role(Role::Admin).map(Self) }
        })
    }
}

/// A member of the credential's organization: for the dialects whose paths name none.
///
/// It is the one that the token is bound to, else the one in the header `X-Organization-Id`, else the caller's only one.
/// Here an organization that is not there is told like one of others.
#[derive(Debug)]
pub struct CredentialMember<T = ()>(Member<T>);

impl<T> CredentialMember<T> {
    /// The same, as a member like any other.
    pub fn into_member(self) -> Member<T> {
        self.0
    }
}

impl<T: Target> Access for CredentialMember<T> {
    const RULE: Rule = Rule::CredentialMember;
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::BELONGINGS, Store::ORGANIZATION_ACCESS, T::ACTIONS];
    const FAILURES: &'static [&'static [Failure]] = &[
        T::FAILURES,
        &[
            Failure::AuthenticationRequired,
            Failure::InvalidToken,
            Failure::TokenExpired,
            Failure::InvalidRequest,
            Failure::SeveralOrganizations,
            Failure::NoOrganization,
            Failure::NotAMember,
            Failure::OrganizationMismatch,
            Failure::Unavailable,
        ],
    ];
    const WRITE_FAILURES: &'static [Failure] = &[Failure::OrganizationUncertain];

    async fn authorize(cx: &Context<'_>) -> Result<Entered<Self>, Error> {
        let principal = authenticate(cx).await?;
        let user = principal.user();
        let entered = match named_organization(cx)?.or(user.organization) {
            Some(named) => Member::of(cx, principal, named, Failure::NotAMember).await?,
            None => {
                let only = only_organization(cx, user.id).await?;
                Member::of_indexed(cx, principal, only, Failure::NoOrganization).await?
            }
        };
        entered.and_then(|member| Ok(Self(member)))
    }
}

/// The organization that the header `X-Organization-Id` names.
fn named_organization(cx: &Context<'_>) -> Result<Option<OrganizationId>, Error> {
    let named = cx.request.header("x-organization-id").map(|id| {
        OrganizationId::parse(&id).ok_or_else(|| {
            let detail = "The organization's id is a UUID.";
            Error::invalid("/headers/X-Organization-Id", "invalid_format", detail)
        })
    });
    named.transpose()
}

/// The one organization of a user. Deleted ones do not count: they are looked at where there are several.
async fn only_organization(cx: &Context<'_>, user: UserId) -> Result<OrganizationId, Error> {
    let two = cx.store().places(user, None, 2).await?;
    match two.items.as_slice() {
        [] => return Err(Failure::NoOrganization.into()),
        [only] => return Ok(only.organization),
        _ => {}
    }
    match active_organizations(cx, user).await?.as_slice() {
        [only] => Ok(only.id),
        [] => Err(Failure::NoOrganization.into()),
        _ => Err(Failure::SeveralOrganizations.into()),
    }
}

/// The organizations of a user that are not deleted. Of someone who has more than a page of them, not all are looked at: they
/// are to name the one they mean.
async fn active_organizations(cx: &Context<'_>, user: UserId) -> Result<Vec<Organization>, Error> {
    const LARGEST_PAGE: usize = 100;
    let page = cx.store().belongings(user, None, LARGEST_PAGE).await?;
    if page.next.is_some() {
        return Err(Failure::SeveralOrganizations.into());
    }
    let all = page.items.into_iter().filter_map(|belonging| belonging.organization);
    Ok(all.filter(|organization| organization.deleted_at.is_none()).collect())
}

/// A member of the organization in the path who proves it in Cyrexa's manner: the header `tenantId` is the id of the
/// organization or of its owner, and `token` is a valid access token of the same subject as the bearer's.
///
/// Here an organization that is not there is told like one of others.
#[derive(Debug)]
pub struct TenantMember<T = ()>(Member<T>);

impl<T> TenantMember<T> {
    /// The same, as a member like any other.
    pub fn into_member(self) -> Member<T> {
        self.0
    }
}

const NOT_OF_TENANT: &[Failure] = &[
    Failure::AuthenticationRequired,
    Failure::InvalidToken,
    Failure::TokenExpired,
    Failure::InvalidRequest,
    Failure::NotAMember,
    Failure::OrganizationMismatch,
    Failure::TenantMismatch,
    Failure::Unavailable,
];

impl<T: Target> Access for TenantMember<T> {
    const RULE: Rule = Rule::TenantMember;
    const ACTIONS: &'static [&'static [Action]] = &[Store::ORGANIZATION_ACCESS, T::ACTIONS];
    const FAILURES: &'static [&'static [Failure]] = &[NOT_OF_TENANT, T::FAILURES];

    async fn authorize(cx: &Context<'_>) -> Result<Entered<Self>, Error> {
        let principal = authenticate_twice(cx).await?;
        let tenant = tenant(cx)?;
        let entered = Member::of(cx, principal, cx.request.organization()?, Failure::NotAMember).await?;
        entered.and_then(|member| {
            let is_it = is_tenant(&member.organization, &tenant);
            if is_it { Ok(Self(member)) } else { Err(Failure::TenantMismatch.into()) }
        })
    }
}

/// A member of the organization that the header `tenantId` names, by its id or by that of its owner: for those of Cyrexa's paths
/// that name none. `token` is as for [`TenantMember`].
///
/// Here too an organization that is not there is told like one of others.
#[derive(Debug)]
pub struct MemberOfTenant<T = ()>(Member<T>);

impl<T> MemberOfTenant<T> {
    /// The same, as a member like any other.
    pub fn into_member(self) -> Member<T> {
        self.0
    }
}

impl<T: Target> Access for MemberOfTenant<T> {
    const RULE: Rule = Rule::MemberOfTenant;
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::ORGANIZATION_ACCESS, Store::BELONGINGS, T::ACTIONS];
    const FAILURES: &'static [&'static [Failure]] =
        &[NOT_OF_TENANT, &[Failure::SeveralOrganizations], T::FAILURES];
    const WRITE_FAILURES: &'static [Failure] = &[Failure::OrganizationUncertain];

    async fn authorize(cx: &Context<'_>) -> Result<Entered<Self>, Error> {
        let principal = authenticate_twice(cx).await?;
        let tenant = tenant(cx)?;
        let named = OrganizationId::parse(&tenant).ok_or(Failure::TenantMismatch)?;
        // What the token is bound to, or the header says, chooses among the organizations of an owner.
        let header = named_organization(cx)?;
        if let Some(chosen) = header.or(principal.user().organization) {
            let entered = Member::of(cx, principal, chosen, Failure::NotAMember).await?;
            return entered.and_then(|member| {
                let is_it = is_tenant(&member.organization, &tenant);
                if is_it { Ok(Self(member)) } else { Err(Failure::OrganizationMismatch.into()) }
            });
        }
        let arrival = Arrival::<T>::read(cx, principal, named, None).await?;
        let is_there = |organization: &Organization| organization.deleted_at.is_none();
        let entered = if arrival.organization.as_ref().is_some_and(is_there) {
            arrival.enter(cx, Failure::NotAMember)?
        } else {
            let owner = UserId::new(named.uuid());
            let owned = organization_of_owner(cx, arrival.principal.user().id, owner).await?;
            Member::of_indexed(cx, arrival.principal, owned, Failure::NotAMember).await?
        };
        entered.and_then(|member| Ok(Self(member)))
    }
}

/// Cyrexa's header `tenantId`.
fn tenant<'r>(cx: &'r Context<'_>) -> Result<Cow<'r, str>, Error> {
    cx.request.header("tenantid").filter(|tenant| !tenant.is_empty()).ok_or_else(|| {
        let detail = "Name the tenant: the id of the organization, or of its owner.";
        Error::invalid("/headers/tenantId", "missing_header", detail)
    })
}

/// Whether Cyrexa's header `tenantId` means that organization: it has its id, or that of its owner.
fn is_tenant(organization: &Organization, tenant: &str) -> bool {
    OrganizationId::parse(tenant).is_some_and(|id| id == organization.id)
        || UserId::parse(tenant).is_some_and(|id| id == organization.owner)
}

/// The organization of a user that this owner has, if it is one.
async fn organization_of_owner(
    cx: &Context<'_>,
    user: UserId,
    owner: UserId,
) -> Result<OrganizationId, Error> {
    // Whoever has more organizations than are looked at names one by its own id.
    let all = active_organizations(cx, user).await.map_err(|error| match error.failure() {
        Failure::SeveralOrganizations => Failure::NotAMember.into(),
        _ => error,
    })?;
    let mut owned = all.iter().filter(|organization| organization.owner == owner);
    match (owned.next(), owned.next()) {
        (Some(only), None) => Ok(only.id),
        (None, _) => Err(Failure::NotAMember.into()),
        (Some(_), Some(_)) => {
            let detail = "This owner has several of your organizations. Name one of them by its own id, or in the header.";
            Err(Error::from(Failure::SeveralOrganizations).at("/headers/tenantId", "ambiguous", detail))
        }
    }
}

/// Who is calling, where Cyrexa's header `token` says the same.
async fn authenticate_twice(cx: &Context<'_>) -> Result<Principal, Error> {
    let principal = authenticate(cx).await?;
    let token = cx.request.header("token");
    let token = token.as_deref().ok_or(Failure::AuthenticationRequired)?;
    if verify(cx, is_jwt(token)?).await?.user().id != principal.user().id {
        return Err(Error::from(Failure::InvalidToken).because("the two tokens are not of one subject"));
    }
    Ok(principal)
}

async fn authenticate(cx: &Context<'_>) -> Result<Principal, Error> {
    let header = cx.request.header("authorization");
    verify(cx, bearer_token(header.as_deref())?).await
}

async fn verify(cx: &Context<'_>, token: &str) -> Result<Principal, Error> {
    cx.verifier().verify(token, cx.now(), cx.deadline()).await
}
