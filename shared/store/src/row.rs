//! The rows of customers: the attributes that lists filter and sort by, packed into one attribute of GSI3.

use std::borrow::Cow;

use padron_domain::{
    Customer, CustomerId, CustomerKind, CustomerNumber, CustomerRow, CustomerStatus, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{
    item::Item,
    key::{GSI3_SK, SK, customer_number_of_sort_key},
};

/// The attribute of GSI3 with the row of a customer.
pub(crate) const ROW: &str = "row";

/// A stored row, without the parts that are in the keys.
///
/// It is a JSON array, which people can read as well, of some hundred bytes.
#[derive(Deserialize, Serialize)]
struct Packed<'a>(
    char,
    u8,
    Option<u64>,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Cow<'a, str>,
    #[serde(borrow)] Option<Cow<'a, str>>,
);

/// Returns the stored letter of a kind. The match is exhaustive, so that a new kind must be given a letter.
const fn letter(kind: CustomerKind) -> char {
    match kind {
        CustomerKind::Business => 'B',
        CustomerKind::Cpo => 'C',
        CustomerKind::Private => 'P',
        CustomerKind::CpoSubsidiary => 'S',
    }
}

/// Returns the stored digit of a status. The match is exhaustive, so that a new status must be given a digit.
const fn digit(status: CustomerStatus) -> u8 {
    match status {
        CustomerStatus::New => 0,
        CustomerStatus::Verified => 1,
        CustomerStatus::UnderVerification => 2,
        CustomerStatus::Blacklisted => 3,
        CustomerStatus::UnderInvestigation => 4,
        CustomerStatus::Dispute => 5,
        CustomerStatus::OnHold => 6,
        CustomerStatus::Bankrupted => 7,
    }
}

/// The number of characters that are stored of a generated id: those after the customer number.
const RANDOM_DIGITS: usize = 10;

/// Returns the stored row of a customer.
pub(crate) fn pack(customer: &Customer) -> String {
    let Customer { number, id, kind, status, parent, name, email, tax_id, external_id, .. } = customer;
    let digits = id.as_str();
    let is_own = id.number() == Some(*number);
    let digits = if is_own { &digits[digits.len() - RANDOM_DIGITS..] } else { digits };
    let packed = Packed(
        letter(*kind),
        digit(*status),
        parent.map(CustomerNumber::get),
        digits.into(),
        name.into(),
        email.into(),
        tax_id.into(),
        external_id.as_deref().map(Into::into),
    );
    serde_json::to_string(&packed).unwrap_or_default()
}

/// Returns the row of an entry of GSI3; `None` if it cannot be read.
pub(crate) fn unpack(item: &Item) -> Option<CustomerRow> {
    let text = |name: &str| Some(item.get(name)?.as_s().ok()?.as_str());
    let number = customer_number_of_sort_key(text(SK)?)?;
    let (updated_at, _) = text(GSI3_SK)?.split_once('#')?;
    let Packed(kind, status, parent, digits, name, email, tax_id, external_id) =
        serde_json::from_str(text(ROW)?).ok()?;
    let id = if digits.len() == RANDOM_DIGITS {
        CustomerId::new(number, u64::from_str_radix(&digits, 16).ok()?)
    } else {
        CustomerId::parse(&digits)?
    };
    Some(CustomerRow {
        number,
        id,
        kind: CustomerKind::ALL.into_iter().find(|known| letter(*known) == kind)?,
        status: CustomerStatus::ALL.into_iter().find(|known| digit(*known) == status)?,
        parent: match parent {
            Some(parent) => Some(CustomerNumber::new(parent)?),
            None => None,
        },
        name: name.into_owned(),
        email: email.into_owned(),
        tax_id: tax_id.into_owned(),
        external_id: external_id.map(Cow::into_owned),
        updated_at: Timestamp::parse(updated_at).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;
    use padron_domain::OrganizationId;
    use uuid::Uuid;

    use super::*;
    use crate::item::Entity;

    #[test]
    fn a_row_tells_what_lists_decide_from() {
        let now = Timestamp::parse("2026-01-15T12:00:00.123Z").unwrap();
        let number = CustomerNumber::from_timestamp(now, 77).unwrap();
        let foreign = CustomerId::parse("590ce6c56d04f840aa8438af").unwrap();
        for (kind, id, external_id) in [
            (CustomerKind::Private, CustomerId::new(number, 0xab_cdef_0123), Some("ext|\"\\ñ")),
            (CustomerKind::CpoSubsidiary, foreign, None),
        ] {
            let organization = OrganizationId::new(Uuid::nil());
            let customer = Customer {
                kind,
                status: CustomerStatus::Bankrupted,
                parent: CustomerNumber::new(5),
                name: "\"Ñandú\" \\ Söhne".into(),
                email: "a@b.example".into(),
                tax_id: "ABC101010111".into(),
                external_id: external_id.map(ToOwned::to_owned),
                ..Customer::new(organization, number, id.clone(), now)
            };
            let mut item: Item = customer.key().attributes().into();
            item.extend(
                customer
                    .index_keys()
                    .into_iter()
                    .map(|(name, key)| (name.to_owned(), AttributeValue::S(key))),
            );
            let row = unpack(&item).unwrap();
            assert_eq!(
                row,
                CustomerRow {
                    number,
                    id,
                    kind,
                    status: CustomerStatus::Bankrupted,
                    parent: CustomerNumber::new(5),
                    name: customer.name,
                    email: customer.email,
                    tax_id: customer.tax_id,
                    external_id: customer.external_id,
                    updated_at: now,
                }
            );
        }
    }
}
