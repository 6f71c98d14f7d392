//! The customer types of Cyrexa's dialect.

use padron_domain::CustomerKind;
use schemars::JsonSchema;
use serde::Deserialize;

/// The type of a customer in Cyrexa's dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "CyrexaCustomerType")]
pub enum CustomerType {
    /// A natural person.
    Person,
    /// Any other customer.
    Organization,
}

impl CustomerType {
    /// All customer types.
    pub const ALL: [Self; 2] = [Self::Person, Self::Organization];

    /// Returns the name in requests and responses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Person => "Person",
            Self::Organization => "Organization",
        }
    }

    /// Returns the type of a kind of customer.
    pub const fn of(kind: CustomerKind) -> Self {
        match kind {
            CustomerKind::Private => Self::Person,
            CustomerKind::Business | CustomerKind::Cpo | CustomerKind::CpoSubsidiary => Self::Organization,
        }
    }

    /// Returns the kinds of customer that are of this type.
    pub fn kinds(self) -> Vec<CustomerKind> {
        match self {
            Self::Person => vec![CustomerKind::Private],
            Self::Organization => {
                vec![CustomerKind::Business, CustomerKind::Cpo, CustomerKind::CpoSubsidiary]
            }
        }
    }
}
