//! The endpoint `GET /users/me`, which returns the caller's profile.
//!
//! If the token has a new e-mail address or name, the endpoint also updates the caller's memberships.

use std::time::Duration;

use padron_auth::User;
use padron_domain::{Error, EventData, Failure, Membership, OrganizationId, Profile, Scope, Timestamp};
use padron_http::{Body, Context, Endpoint, NoInput, Route, SignedIn};
use padron_store::{Action, Store};

use crate::user::UserResponse;

/// The endpoint that returns the caller's profile.
#[derive(Debug)]
pub struct GetMe;

/// The number of memberships that are read in one batch.
const BATCH: usize = 50;
/// The time that is kept in reserve. When less of the request's time is left, the next call updates the remaining memberships.
const RESERVE: Duration = Duration::from_secs(2);

impl Endpoint for GetMe {
    const ROUTE: Route = Route::get("get-me", "/users/me");
    const SUMMARY: &'static str =
        "Returns the profile of the caller, from the verified claims of their tokens";
    const SCOPE: Option<Scope> = Some(Scope::ReadUser);
    const ACCEPTS_KEYS: bool = false;
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
        if caller.principal().via().is_some() {
            // A token of an app has no claims, and is for one organization: nothing is written elsewhere.
            return Ok(Body(known.into()));
        }
        let now = as_claimed(&known, user);
        let changed = (&now.email, &now.name) != (&known.email, &known.name);
        if changed && !cx.store().write_profile(&now).await? {
            // Another request with a newer token has written the profile in the meantime.
            let newer = cx.store().profile(user.id).await?;
            return Ok(Body(newer.unwrap_or(known).into()));
        }
        if (changed || !now.settled) && refresh_memberships(cx, &caller, &now).await? {
            cx.store().mark_profile_propagated(&now).await?;
        }
        Ok(Body(now.into()))
    }
}

/// Returns the profile with the claims of the caller's token.
///
/// A claim that the token does not have keeps its known value. A token changes nothing if it was issued before the known claims, or if it
/// does not say when it was issued although they do.
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

/// Updates the e-mail address and name in the caller's memberships, and returns whether all of them are up to date.
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

/// Updates the e-mail address and name in one membership, in a transaction of its own. Returns `false` if the next call must try again.
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
        let event = cx.event(caller.principal(), before.organization, updated).at_or_after(at);
        let transaction = cx.store().refresh_member(&before, &after, profile, &event)?;
        match transaction.commit().await.map_err(|error| Error::from(error).failure()) {
            Ok(()) => return Ok(with_email),
            // Another member has that e-mail address. This membership keeps its old address as long as they have it.
            Err(Failure::ALREADY_MEMBER) if with_email => with_email = false,
            // The membership has changed in the meantime, or DynamoDB is unavailable.
            Err(Failure::CONCURRENT_CHANGE | Failure::UNAVAILABLE) => return Ok(false),
            Err(failure) => return Err(failure.into()),
        }
    }
}

/// Returns the updated membership, one version later; `None` if nothing would change.
fn refreshed(before: &Membership, profile: &Profile, with_email: bool, at: Timestamp) -> Option<Membership> {
    let email = if with_email { profile.email.clone() } else { before.email.clone() };
    let after = Membership { email, name: profile.name.clone(), ..before.with_role(before.role, at) };
    (after.email != before.email || after.name != before.name).then_some(after)
}
