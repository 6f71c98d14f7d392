//! The profile of a user, which is updated attribute by attribute.

use padron_domain::{Error, Membership, Profile, UserId};

use crate::{
    expression::Expression,
    item::{ENTITY, Entity},
    key::Key,
    read::Items,
};

/// The attribute of a profile with the time at which its claims were issued, in seconds since 1970.
pub(crate) const ISSUED_AT: &str = "issuedAt";

/// Returns the update that writes claims to a user's profile and marks the profile as not settled.
///
/// `value` returns the update expression of an attribute, given the attribute's name. An unsettled profile has yet to
/// be copied to the user's memberships.
pub(crate) fn profile_update(
    user: UserId,
    claims: [(&'static str, Option<&String>); 2],
    issued_at: Option<i64>,
    value: fn(&str) -> String,
) -> Expression {
    let mut update = "SET #entity = :entity, #user = :user, #settled = :settled".to_owned();
    let mut expression = Expression::default()
        .name("#entity", ENTITY)
        .name("#user", "user")
        .name("#settled", "settled")
        .text(":entity", Profile::NAME)
        .text(":user", user.to_string())
        .flag(":settled", false);
    for (name, claim) in claims {
        if let Some(claim) = claim {
            update.push_str(&format!(", #{name} = {}", value(name)));
            expression = expression.name(&format!("#{name}"), name).text(&format!(":{name}"), claim);
        }
    }
    if let Some(issued_at) = issued_at {
        update.push_str(&format!(", #{ISSUED_AT} = {}", value(ISSUED_AT)));
        expression =
            expression.name(&format!("#{ISSUED_AT}"), ISSUED_AT).number(&format!(":{ISSUED_AT}"), issued_at);
    }
    expression.then(update)
}

/// Returns the update of a user's profile when the user joins an organization.
///
/// The update sets the time of joining and increments the number of joins. It writes the claims of the membership only
/// to attributes that have no value yet, because the user's own requests are the better source.
pub(crate) fn profile_on_join(member: &Membership, issued_at: Option<i64>) -> Expression {
    let claims = [("email", member.email.as_ref()), ("name", member.name.as_ref())];
    let value = |name: &str| format!("if_not_exists(#{name}, :{name})");
    let expression = profile_update(member.user, claims, issued_at, value);
    let update = expression.update.clone().unwrap_or_default();
    expression
        .then(format!("{update}, #joinedAt = :joinedAt ADD #joins :one"))
        .name("#joins", "joins")
        .number(":one", 1)
        .name("#joinedAt", "joinedAt")
        .text(":joinedAt", member.joined_at.to_string())
}

impl Entity for Profile {
    const NAME: &'static str = "profile";

    fn key(&self) -> Key {
        Key::profile(self.user)
    }
}

impl Items {
    /// Removes and returns the profile of a user; `None` if it was not read or does not exist.
    pub fn profile(&mut self, user: UserId) -> Result<Option<Profile>, Error> {
        self.remove(&Key::profile(user))
    }
}
