//! Access types that belong to no organization.

use std::ops::Deref;

use padron_auth::{Principal, User};
use padron_domain::{Error, Failure, UserId};
use padron_store::Action;

use super::{Access, Authorization, UNAUTHENTICATED, authenticate};
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
        let principal = authenticate(cx).await?;
        if let Some(id) = idempotency::idempotency_id(cx, &principal, None)?
            && let Some(reply) = idempotency::read_and_replay(cx, cx.set_idempotency_id(id)).await?
        {
            return Ok(Authorization::Replayed(reply));
        }
        let Principal::User(user) = &principal;
        Ok(Authorization::Granted(Self { user: user.clone(), principal }))
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
    const PATH: &'static [&'static [PathParameterDescription]] =
        &[&[PathParameterDescription::of::<UserId>()]];
    const ACTIONS: &'static [&'static [Action]] = &[];
    const FAILURES: &'static [&'static [Failure]] =
        &[UNAUTHENTICATED, &[Failure::INVALID_REQUEST, Failure::NOT_YOURSELF]];

    async fn authorize(cx: &Context<'_>, _: &LazyInput<'_, I>) -> Result<Authorization<Self>, Error> {
        SignedIn::check(cx).await?.and_then(|caller| {
            let is_self = cx.request.parameter::<UserId>()? == caller.user.id;
            if is_self { Ok(Self(caller)) } else { Err(Failure::NOT_YOURSELF.into()) }
        })
    }
}

impl Deref for SelfOnly {
    type Target = SignedIn;
    fn deref(&self) -> &SignedIn {
        &self.0
    }
}
