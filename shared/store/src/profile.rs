//! The profile of a user, written attribute by attribute.

use padron_domain::{Error, Membership, Profile, UserId};

use crate::{
    expression::Expression,
    item::{ENTITY, Entity},
    key::Key,
    read::Items,
};

/// The attribute of a profile that says when its claims were made.
pub(crate) const ISSUED_AT: &str = "issuedAt";

/// Writes what there is to say of a user, each claim as `value` makes it of its name, and that it is to be told to their
/// memberships.
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

/// Notes when a user joined, counts that they did, and writes what the membership knows of them where nothing is known yet: who is asked about
/// themselves knows best.
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
    /// That user's profile, if it was asked for and is there.
    pub fn profile(&mut self, user: UserId) -> Result<Option<Profile>, Error> {
        self.remove(&Key::profile(user))
    }
}
