//! The apps of an organization.

use serde::{Deserialize, Serialize};

use super::{OauthApp, OauthClientId};
use crate::{Failure, OrganizationId};

/// The ids of the apps of an organization. It is one record, so that their number is limited, and the list is never out of date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OauthAppRegistry {
    /// The organization.
    pub organization: OrganizationId,
    /// The version; 0 if the registry was never written. Every write increases it by one.
    pub version: u64,
    /// The apps, in the order of their creation.
    #[serde(default)]
    pub clients: Vec<OauthClientId>,
}

impl OauthAppRegistry {
    /// Returns the registry of an organization that never had an app.
    pub const fn empty(organization: OrganizationId) -> Self {
        Self { organization, version: 0, clients: Vec::new() }
    }

    /// Returns the next version, to be changed.
    #[must_use]
    pub fn next_version(&self) -> Self {
        Self { version: self.version + 1, ..self.clone() }
    }

    /// Adds an app. Fails if there are too many.
    pub fn add(&mut self, client: OauthClientId) -> Result<(), Failure> {
        if self.clients.len() >= OauthApp::MAX_OF_ORGANIZATION {
            return Err(Failure::APP_LIMIT_REACHED);
        }
        self.clients.push(client);
        Ok(())
    }

    /// Removes an app.
    pub fn remove(&mut self, client: OauthClientId) {
        self.clients.retain(|known| *known != client);
    }
}
