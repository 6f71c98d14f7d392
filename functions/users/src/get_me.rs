//! `GET /users/me`: the caller's profile. What their token says anew reaches their memberships from here.

use std::time::Duration;

use padron_domain::{Error, Failure, Happening, Membership, OrganizationId, Profile, UserId};
use padron_http::{Body, Context, Endpoint, NoInput, Route, SignedIn};
use padron_store::{Action, Store};

use crate::user::UserResponse;

/// Reads the caller's profile.
#[derive(Debug)]
pub struct GetMe;

/// How many memberships are looked at together.
const BATCH: usize = 50;
/// Left of a request's time, the rest of the memberships waits for the next call.
const RESERVE: Duration = Duration::from_secs(2);

impl Endpoint for GetMe {
    const ROUTE: Route = Route::get("get-me", "/users/me");
    const SUMMARY: &'static str = "The caller, as their verified claims have them";
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::PROFILE, Store::WRITE_PROFILE, Store::PLACES, Store::MEMBERSHIPS, Store::REFRESH_MEMBER];
    type Access = SignedIn;
    type Input = NoInput;
    type Output = Body<UserResponse>;

    async fn handle(cx: &Context<'_>, caller: SignedIn, _: NoInput) -> Result<Self::Output, Error> {
        let user = caller.principal().user();
        let known = cx.store().profile(user.id).await?;
        let settled = known.as_ref().is_none_or(|known| known.settled);
        let (email, name) = known.map(|known| (known.email, known.name)).unwrap_or_default();
        // A token without a claim says nothing about it.
        let now = Profile {
            user: user.id,
            email: user.email.clone().or_else(|| email.clone()),
            name: user.name.clone().or_else(|| name.clone()),
            settled: false,
        };
        let changed = (&now.email, &now.name) != (&email, &name);
        if changed {
            cx.store().write_profile(&now).await?;
        }
        if (changed || !settled) && refresh_memberships(cx, &caller, &now).await? {
            cx.store().settle_profile(&now).await?;
        }
        Ok(Body(now.into()))
    }
}

/// Brings every membership up to date, and says whether all are.
async fn refresh_memberships(cx: &Context<'_>, caller: &SignedIn, profile: &Profile) -> Result<bool, Error> {
    let mut after = None;
    loop {
        let page = cx.store().places(profile.user, after, BATCH).await?;
        let ids: Vec<OrganizationId> = page.items.iter().map(|place| place.organization).collect();
        for membership in cx.store().memberships(profile.user, &ids).await? {
            if !cx.has_time(RESERVE) {
                return Ok(false);
            }
            if !refresh(cx, caller, membership, profile).await? {
                return Ok(false);
            }
        }
        match page.next {
            Some(last) => after = Some(last.organization),
            None => return Ok(true),
        }
    }
}

/// Brings one membership up to date, in a transaction of its own. `false`: it kept changing meanwhile.
async fn refresh(
    cx: &Context<'_>,
    caller: &SignedIn,
    mut before: Membership,
    profile: &Profile,
) -> Result<bool, Error> {
    const MOST_TRIES: usize = 4;
    let mut with_email = true;
    for _ in 0..MOST_TRIES {
        let Some(after) = refreshed(&before, profile, with_email) else { return Ok(true) };
        let mut fields = Vec::new();
        if after.email != before.email {
            fields.push("email".to_owned());
        }
        if after.name != before.name {
            fields.push("name".to_owned());
        }
        let updated = Happening::MemberUpdated { member_id: before.user, fields };
        let event = cx.event(caller.principal(), before.organization, updated);
        let change = cx.store().refresh_member(&before, &after, &event)?;
        let Err(error) = change.commit().await.map_err(Error::from) else { return Ok(true) };
        match error.failure() {
            // Another member has that e-mail: this membership keeps the one it has.
            Failure::AlreadyMember => with_email = false,
            Failure::ConcurrentChange => match reread(cx, before.user, before.organization).await? {
                Some(now) => before = now,
                None => return Ok(true),
            },
            _ => return Err(error),
        }
    }
    Ok(false)
}

/// The membership as it should be, a version later; `None` if it is so already.
fn refreshed(before: &Membership, profile: &Profile, with_email: bool) -> Option<Membership> {
    let email = if with_email { profile.email.clone() } else { before.email.clone() };
    let after =
        Membership { email, name: profile.name.clone(), version: before.version + 1, ..before.clone() };
    (after.email != before.email || after.name != before.name).then_some(after)
}

async fn reread(
    cx: &Context<'_>,
    user: UserId,
    organization: OrganizationId,
) -> Result<Option<Membership>, Error> {
    Ok(cx.store().memberships(user, &[organization]).await?.pop())
}
