//! `GET /users/{userId}`: a user, for those who share an organization with them.

use padron_domain::{Error, Failure};
use padron_http::{Body, Context, Endpoint, NoInput, Route, SignedIn};
use padron_store::{Action, Store};

use crate::user::UserResponse;

/// Reads a user.
#[derive(Debug)]
pub struct GetUser;

impl Endpoint for GetUser {
    const ROUTE: Route = Route::get("get-user", "/users/{userId}");
    const SUMMARY: &'static str = "A user who shares an organization with the caller";
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::UserNotFound]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::PROFILE, Store::SHARE_ORGANIZATION];
    type Access = SignedIn;
    type Input = NoInput;
    type Output = Body<UserResponse>;

    async fn handle(cx: &Context<'_>, caller: SignedIn, _: NoInput) -> Result<Self::Output, Error> {
        let (caller, user) = (caller.principal().user().id, cx.request.user()?);
        if caller != user && !cx.store().share_organization(caller, user).await? {
            return Err(Failure::UserNotFound.into());
        }
        let profile = cx.store().profile(user).await?.ok_or(Failure::UserNotFound)?;
        Ok(Body(profile.into()))
    }
}
