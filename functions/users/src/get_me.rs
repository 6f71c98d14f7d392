//! `GET /users/me`: the caller's profile. What their token says anew reaches their memberships from here.

use std::time::Duration;

use padron_auth::User;
use padron_domain::{Error, EventData, Failure, Membership, OrganizationId, Profile, Timestamp};
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
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::PROFILE,
        Store::WRITE_PROFILE,
        Store::MEMBERSHIP_ENTRIES,
        Store::MEMBERSHIPS,
        Store::REFRESH_MEMBER,
    ];
    type Access = SignedIn;
    type Input = NoInput;
    type Output = Body<UserResponse>;

    async fn handle(cx: &Context<'_>, caller: SignedIn, _: NoInput) -> Result<Self::Output, Error> {
        let user = caller.user();
        let known = cx.store().profile(user.id).await?;
        let known = known.unwrap_or(Profile {
            user: user.id,
            email: None,
            name: None,
            issued_at: None,
            settled: true,
            joins: 0,
            joined_at: None,
        });
        let now = as_claimed(&known, user);
        let changed = (&now.email, &now.name) != (&known.email, &known.name);
        if changed && !cx.store().write_profile(&now).await? {
            // A newer token was faster.
            let newer = cx.store().profile(user.id).await?;
            return Ok(Body(newer.unwrap_or(known).into()));
        }
        if (changed || !now.settled) && refresh_memberships(cx, &caller, &now).await? {
            cx.store().settle_profile(&now).await?;
        }
        Ok(Body(now.into()))
    }
}

/// The profile as the caller's token has it. A token without a claim says nothing about it, and one that was issued before what is
/// known says nothing new.
fn as_claimed(known: &Profile, user: &User) -> Profile {
    let is_older =
        known.issued_at.is_some_and(|known| user.issued_at.is_none_or(|issued_at| issued_at < known));
    if is_older {
        return known.clone();
    }
    Profile {
        email: user.email.clone().or_else(|| known.email.clone()),
        name: user.name.clone().or_else(|| known.name.clone()),
        issued_at: user.issued_at,
        ..known.clone()
    }
}

/// Brings the memberships up to date, and says whether all of them are.
async fn refresh_memberships(cx: &Context<'_>, caller: &SignedIn, profile: &Profile) -> Result<bool, Error> {
    let (mut after, mut all) = (None, true);
    loop {
        let page = cx.store().membership_entries(profile.user, after, BATCH).await?;
        let ids: Vec<OrganizationId> = page.items.iter().map(|entry| entry.organization).collect();
        for membership in cx.store().memberships(profile.user, &ids).await? {
            if !cx.has_time(RESERVE) {
                return Ok(false);
            }
            all &= refresh(cx, caller, membership, profile).await?;
        }
        match page.next {
            Some(last) => after = Some(last.organization),
            None => return Ok(all),
        }
    }
}

/// Brings one membership up to date, in a transaction of its own. `false`: the next call tries again.
async fn refresh(
    cx: &Context<'_>,
    caller: &SignedIn,
    before: Membership,
    profile: &Profile,
) -> Result<bool, Error> {
    let mut with_email = true;
    loop {
        let at = before.next_change(cx.now());
        let Some(after) = refreshed(&before, profile, with_email, at) else { return Ok(with_email) };
        let mut fields = Vec::new();
        if after.email != before.email {
            fields.push("email".to_owned());
        }
        if after.name != before.name {
            fields.push("name".to_owned());
        }
        let updated = EventData::MemberUpdated { member_id: before.user, fields };
        let event = cx.event(caller.principal(), before.organization, updated).not_before(at);
        let change = cx.store().refresh_member(&before, &after, profile, &event)?;
        match change.commit().await.map_err(|error| Error::from(error).failure()) {
            Ok(()) => return Ok(with_email),
            // Another member has that e-mail: this membership keeps the one it has, as long as they do.
            Err(Failure::ALREADY_MEMBER) if with_email => with_email = false,
            // It changed meanwhile, or the table is busy.
            Err(Failure::CONCURRENT_CHANGE | Failure::UNAVAILABLE) => return Ok(false),
            Err(failure) => return Err(failure.into()),
        }
    }
}

/// The membership as it should be, a version later; `None` if it is so already.
fn refreshed(before: &Membership, profile: &Profile, with_email: bool, at: Timestamp) -> Option<Membership> {
    let email = if with_email { profile.email.clone() } else { before.email.clone() };
    let after = Membership { email, name: profile.name.clone(), ..before.with_role(before.role, at) };
    (after.email != before.email || after.name != before.name).then_some(after)
}
