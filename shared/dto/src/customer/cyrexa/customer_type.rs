//! The types of customers, as Cyrexa names them.

use padron_domain::CustomerKind;
use schemars::JsonSchema;
use serde::Deserialize;

/// What a customer is, in Cyrexa's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "CyrexaCustomerType")]
pub enum CustomerType {
    /// A human being.
    Person,
    /// Anything else.
    Organization,
}

impl CustomerType {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Person, Self::Organization];

    /// As the wire has it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "Person",
            Self::Organization => "Organization",
        }
    }

    /// That of a kind.
    pub const fn of(kind: CustomerKind) -> Self {
        match kind {
            CustomerKind::Private => Self::Person,
            CustomerKind::Business | CustomerKind::Cpo | CustomerKind::CpoSubsidiary => Self::Organization,
        }
    }

    /// The kinds that are of it.
    pub fn kinds(self) -> Vec<CustomerKind> {
        match self {
            Self::Person => vec![CustomerKind::Private],
            Self::Organization => {
                vec![CustomerKind::Business, CustomerKind::Cpo, CustomerKind::CpoSubsidiary]
            }
        }
    }
}
