//! The endpoint `GET /users/{userId}`, which returns a user to those who share an organization with them.

use padron_domain::{Error, Failure, Scope, UserId};
use padron_http::{Body, Context, Endpoint, InPath, Route, UserOrKey, VisibleOrganizations};
use padron_store::{Action, Store};

use crate::user::UserResponse;

/// The endpoint that returns a user.
#[derive(Debug)]
pub struct GetUser;

impl Endpoint for GetUser {
    const ROUTE: Route = Route::get("get-user", "/users/{userId}");
    const SUMMARY: &'static str = "Returns a user who shares an organization with the caller";
    const SCOPE: Option<Scope> = Some(Scope::ReadUser);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::USER_NOT_FOUND]];
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::PROFILE, Store::SHARE_ORGANIZATION, Store::MEMBERSHIP];
    type Access = UserOrKey;
    type Input = InPath<UserId>;
    type Output = Body<UserResponse>;

    async fn handle(
        cx: &Context<'_>,
        caller: UserOrKey,
        InPath(user): InPath<UserId>,
    ) -> Result<Self::Output, Error> {
        let shares_organization = match caller.organizations() {
            VisibleOrganizations::OfUser(caller) => {
                *caller == user || cx.store().share_organization(*caller, user).await?
            }
            VisibleOrganizations::Only(only) => {
                cx.store().membership(only.organization.id, user).await?.is_some()
            }
        };
        if !shares_organization {
            return Err(Failure::USER_NOT_FOUND.into());
        }
        let profile = cx.store().profile(user).await?.ok_or(Failure::USER_NOT_FOUND)?;
        Ok(Body(profile.into()))
    }
}
