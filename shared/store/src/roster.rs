//! The roster of an organization: the counts and limits that membership transactions check.

use padron_domain::{OrganizationId, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    expression::Expression,
    item::Entity,
    key::{Key, PK, SK},
};

/// The counts and limits that the transactions on an organization's memberships check.
///
/// It is an item of its own, so that these transactions do not conflict with changes of the organization's profile.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Roster {
    pub(crate) organization: OrganizationId,
    pub(crate) state: RosterState,
    pub(crate) owner: UserId,
    pub(crate) members: u64,
    pub(crate) admins: u64,
    /// The maximum number of members; `None` if it is unlimited.
    pub(crate) seats: Option<u64>,
}

impl Roster {
    /// The attributes that are read to return the number of members.
    pub(crate) const COUNT_ATTRIBUTES: [&str; 7] =
        [PK, SK, "organization", "state", "owner", "members", "admins"];
}

/// The state of an organization, as membership transactions see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RosterState {
    Active,
    Deleted,
    Purging,
}

impl RosterState {
    /// Returns the stored value of the state.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
            Self::Purging => "purging",
        }
    }
}

impl Entity for Roster {
    const NAME: &'static str = "roster";

    fn key(&self) -> Key {
        Key::roster(self.organization)
    }
}

/// Returns the condition that the organization is in this state.
pub(crate) fn if_roster_is(state: RosterState) -> Expression {
    Expression::condition("#state = :state").name("#state", "state").text(":state", state.name())
}
