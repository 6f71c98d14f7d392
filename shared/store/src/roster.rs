//! The roster of an organization: what membership transactions decide from.

use padron_domain::{OrganizationId, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    expression::Expression,
    item::Entity,
    key::{Key, PK, SK},
};

/// What membership transactions decide from, apart from the organization, so that they never wait for its profile.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Roster {
    pub(crate) organization: OrganizationId,
    pub(crate) state: RosterState,
    pub(crate) owner: UserId,
    pub(crate) members: u64,
    pub(crate) admins: u64,
    /// How many members there may be; `None`: as many as they like.
    pub(crate) seats: Option<u64>,
}

impl Roster {
    /// What is read to show how many there are.
    pub(crate) const COUNT_ATTRIBUTES: [&str; 7] =
        [PK, SK, "organization", "state", "owner", "members", "admins"];
}

/// Whether the organization takes part in anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RosterState {
    Active,
    Deleted,
    Purging,
}

impl RosterState {
    /// As it is stored.
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

/// That the organization is in this state.
pub(crate) fn if_roster_is(state: RosterState) -> Expression {
    Expression::condition("#state = :state").name("#state", "state").text(":state", state.name())
}
