//! Access types that belong to no organization.

use std::ops::Deref;

use padron_auth::{Credential, OauthToken, Principal, User};
use padron_domain::{ApiKey, Error, Failure, Organization, Role, Timestamp, UserId};
use padron_store::Action;

use super::{Access, Authorization, UNAUTHENTICATED, authenticate, key, oauth};
use crate::{context::Context, idempotency, input::LazyInput, parameter::PathParameterDescription};

/// Everyone, without an access token.
#[derive(Debug)]
pub struct Anonymous;

impl<I: Send + Sync> Access<I> for Anonymous {
    const DESCRIPTION: &'static str = "Open to everyone.";
    const IS_PUBLIC: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[];
    const FAILURES: &'static [&'static [Failure]] = &[];

    async fn authorize(_: &Context<'_>, _: &LazyInput<'_, I>) -> Result<Authorization<Self>, Error> {
        Ok(Authorization::Granted(Self))
    }
}

/// A user with a valid access token.
#[derive(Debug)]
pub struct SignedIn {
    user: User,
    principal: Principal,
}

impl SignedIn {
    /// Returns the user.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// Returns the principal of the request.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    async fn check(cx: &Context<'_>) -> Result<Authorization<Self>, Error> {
        match authenticate(cx).await? {
            Credential::User(user) => Self::check_user(cx, user).await,
            Credential::Oauth(token) => Box::pin(Self::check_delegate(cx, token)).await,
            Credential::Key(presented) => Err(key::refuse(cx, presented).await),
        }
    }

    async fn check_delegate(cx: &Context<'_>, token: Box<OauthToken>) -> Result<Authorization<Self>, Error> {
        let (user, checked) = oauth::check_user(cx, &token, Vec::new()).await?;
        // A token of an app has no claims about its user.
        let user = User {
            id: user,
            email: None,
            name: None,
            organization: Some(token.organization),
            issued_at: None,
        };
        Self::admit(cx, user, checked.principal, &Credential::Oauth(token)).await
    }

    async fn check_user(cx: &Context<'_>, user: User) -> Result<Authorization<Self>, Error> {
        cx.set_caller("user");
        let credential = Credential::User(user.clone());
        Self::admit(cx, user.clone(), Principal::User(user), &credential).await
    }

    async fn admit(
        cx: &Context<'_>,
        user: User,
        principal: Principal,
        credential: &Credential,
    ) -> Result<Authorization<Self>, Error> {
        if let Some(id) = idempotency::idempotency_id(cx, credential, None)?
            && let Some(response) = idempotency::read_and_replay(cx, cx.set_idempotency_id(id)).await?
        {
            return Ok(Authorization::Replayed(response));
        }
        Ok(Authorization::Granted(Self { user, principal }))
    }
}

impl<I: Send + Sync> Access<I> for SignedIn {
    const DESCRIPTION: &'static str = "For everyone with a valid access token.";
    const ACTIONS: &'static [&'static [Action]] = &[];
    const FAILURES: &'static [&'static [Failure]] = &[UNAUTHENTICATED];

    async fn authorize(cx: &Context<'_>, _: &LazyInput<'_, I>) -> Result<Authorization<Self>, Error> {
        Self::check(cx).await
    }
}

/// The user whom the path names in `{userId}`.
#[derive(Debug)]
pub struct SelfOnly(SignedIn);

impl<I: Send + Sync> Access<I> for SelfOnly {
    const DESCRIPTION: &'static str = "For the user themselves.";
    const ADMITS_SELF: bool = true;
    const PATH: &'static [&'static [PathParameterDescription]] = SELF_PATH;
    const ACTIONS: &'static [&'static [Action]] = &[];
    const FAILURES: &'static [&'static [Failure]] = &[UNAUTHENTICATED, NOT_YOURSELF];

    async fn authorize(cx: &Context<'_>, _: &LazyInput<'_, I>) -> Result<Authorization<Self>, Error> {
        SignedIn::check(cx).await?.and_then(|caller| {
            require_self(cx, caller.user.id)?;
            Ok(Self(caller))
        })
    }
}

impl Deref for SelfOnly {
    type Target = SignedIn;
    fn deref(&self) -> &SignedIn {
        &self.0
    }
}

const SELF_PATH: &[&[PathParameterDescription]] = &[&[PathParameterDescription::of::<UserId>()]];
const NOT_YOURSELF: &[Failure] = &[Failure::INVALID_REQUEST, Failure::NOT_YOURSELF];

/// Fails unless `{userId}` names this user.
fn require_self(cx: &Context<'_>, user: UserId) -> Result<(), Error> {
    if cx.request.parameter::<UserId>()? == user { Ok(()) } else { Err(Failure::NOT_YOURSELF.into()) }
}

/// A user with a valid access token, an OAuth app, or an API key.
///
/// A token of the operator's issuer that is bound to one organization sees all organizations of its user: the list is what a user changes between them by.
#[derive(Debug)]
pub struct UserOrKey(VisibleOrganizations);

/// The organizations that a caller can see.
#[derive(Debug)]
pub enum VisibleOrganizations {
    /// All organizations of a user.
    OfUser(UserId),
    /// The only organization that the credential is valid for.
    Only(Box<OnlyOrganization>),
}

/// The only organization that a credential is valid for.
#[derive(Debug)]
pub struct OnlyOrganization {
    /// The organization.
    pub organization: Organization,
    /// The role in which the credential acts.
    pub role: Role,
    /// When the credential was created, or the user for whom an app acts has joined.
    pub since: Timestamp,
    /// The user for whom an OAuth app acts; `None` if a machine acts for itself.
    pub user: Option<UserId>,
}

impl UserOrKey {
    /// Returns the organizations that the caller can see.
    pub fn organizations(&self) -> &VisibleOrganizations {
        &self.0
    }

    async fn check(cx: &Context<'_>) -> Result<Authorization<Self>, Error> {
        let presented = match authenticate(cx).await? {
            Credential::User(user) => {
                return SignedIn::check_user(cx, user)
                    .await?
                    .and_then(|caller| Ok(Self(VisibleOrganizations::OfUser(caller.user.id))));
            }
            Credential::Oauth(token) => return Box::pin(Self::check_app(cx, token)).await,
            Credential::Key(presented) => presented,
        };
        let checked = Box::pin(key::check(cx, presented, Vec::new())).await?;
        let organization = checked.organization.filter(|organization| organization.is_active());
        let organization = organization.ok_or(Failure::ORGANIZATION_NOT_FOUND)?;
        let ApiKey { role, created_at: since, .. } = checked.key;
        let only = OnlyOrganization { organization, role, since, user: None };
        Ok(Authorization::Granted(Self(VisibleOrganizations::Only(Box::new(only)))))
    }

    async fn check_app(cx: &Context<'_>, token: Box<OauthToken>) -> Result<Authorization<Self>, Error> {
        let checked = oauth::check(cx, &token, Vec::new()).await?;
        oauth::require_active(&checked)?;
        let since = checked.since(&token);
        let organization = checked.organization.ok_or(Failure::ORGANIZATION_NOT_FOUND)?;
        let role = checked.authority.ok_or(Failure::ORGANIZATION_NOT_FOUND)?.role();
        let only = OnlyOrganization { organization, role, since, user: token.user };
        Ok(Authorization::Granted(Self(VisibleOrganizations::Only(Box::new(only)))))
    }
}

const USER_OR_KEY: &[Failure] = &[Failure::ORGANIZATION_NOT_FOUND];

impl<I: Send + Sync> Access<I> for UserOrKey {
    const DESCRIPTION: &'static str = "For everyone with a valid access token, and for API keys.";
    const ACTIONS: &'static [&'static [Action]] = &[];
    const FAILURES: &'static [&'static [Failure]] = &[UNAUTHENTICATED, USER_OR_KEY];

    async fn authorize(cx: &Context<'_>, _: &LazyInput<'_, I>) -> Result<Authorization<Self>, Error> {
        Self::check(cx).await
    }
}

/// The user whom the path names in `{userId}`, or an API key.
#[derive(Debug)]
pub struct SelfOrKey(UserOrKey);

impl<I: Send + Sync> Access<I> for SelfOrKey {
    const DESCRIPTION: &'static str = "For the user themselves, and for API keys of their organizations.";
    const ADMITS_SELF: bool = true;
    const PATH: &'static [&'static [PathParameterDescription]] = SELF_PATH;
    const ACTIONS: &'static [&'static [Action]] = &[];
    const FAILURES: &'static [&'static [Failure]] = &[UNAUTHENTICATED, USER_OR_KEY, NOT_YOURSELF];

    async fn authorize(cx: &Context<'_>, _: &LazyInput<'_, I>) -> Result<Authorization<Self>, Error> {
        UserOrKey::check(cx).await?.and_then(|caller| {
            let user = match caller.organizations() {
                VisibleOrganizations::OfUser(user) => Some(*user),
                VisibleOrganizations::Only(only) => only.user,
            };
            if let Some(user) = user {
                require_self(cx, user)?;
            }
            Ok(Self(caller))
        })
    }
}

impl Deref for SelfOrKey {
    type Target = UserOrKey;
    fn deref(&self) -> &UserOrKey {
        &self.0
    }
}
