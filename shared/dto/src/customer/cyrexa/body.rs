//! Customers in the requests of Cyrexa's routes.

use padron_domain::{
    self as domain, Categorization, Customer, CustomerAddress, CustomerField, CustomerReference,
    CustomerStatus, Patch, Violation, alpha_3_of_words,
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    customer_type::CustomerType,
    parts::{AddressEntry, Document, NamePart, Notification, SecretQuestion, Telephone},
    response::CustomerResponse,
};
use crate::{
    Body, Object, WithWarnings,
    customer::write::{
        CustomerBody, Discarded, FieldPointers, apply, apply_optional, apply_or_default, push_required,
    },
    lenient::patch_fields,
    read_back,
};

/// The fields of a customer in Cyrexa's dialect.
///
/// A new customer requires `customerType`, and either `customerName` or the name of a person. Passwords, PINs, answers and codes are
/// accepted and dropped: they are neither stored nor returned.
#[derive(Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(rename = "CyrexaCustomerFields", transform = read_back::<WithWarnings<CustomerResponse>>)]
pub struct CustomerFields {
    /// Type of the customer: `Person` or `Organization`.
    #[schemars(with = "Option<CustomerType>")]
    customer_type: Patch<CustomerType>,
    /// Name of the customer, 1 to 300 characters without `|`. It is the same as `person.fullName`.
    #[schemars(with = "Option<String>", length(max = Customer::MAX_NAME_LENGTH), extend("pattern" = Customer::NAME_PATTERN))]
    customer_name: Patch<String>,
    /// Verification status, in the published or the correct spelling.
    #[schemars(with = "Option<String>", extend("enum" = CustomerStatus::NAMES.map(Some).into_iter().chain([None]).collect::<Vec<_>>()))]
    customer_status: Patch<CustomerStatus>,
    /// Category of the customer.
    #[schemars(with = "Option<String>", extend("enum" = ["category1", "category2", "category3", null]))]
    categorization: Patch<Categorization>,
    /// Notifications that the customer can receive.
    #[schemars(with = "Option<Vec<Notification>>")]
    notifications: Patch<Vec<Object<Notification>>>,
    /// Personal data of the customer.
    #[schemars(with = "Option<PersonFields>")]
    person: Patch<Object<PersonFields>>,
    /// Delivery of a second factor.
    #[schemars(with = "Option<TwoFactorFields>")]
    twofa: Patch<Object<TwoFactorFields>>,
    /// The whole customer as in the lists, in place of the fields above.
    #[schemars(with = "Option<Box<CustomerFields>>")]
    customer: Option<Box<Object<CustomerFields>>>,
    /// Other fields of a customer are accepted if they are unchanged, so that a client can read a customer, change it and send it back.
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// The personal data of a customer. Omitted fields stay as they are.
#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaPersonFields")]
struct PersonFields {
    /// First name.
    #[schemars(with = "Option<NamePart>")]
    first_name: Patch<Object<NamePart>>,
    /// Last name.
    #[schemars(with = "Option<NamePart>")]
    last_name: Patch<Object<NamePart>>,
    /// Full name, 1 to 300 characters without `|`. It is the same as `customerName`.
    #[schemars(with = "Option<String>", length(max = Customer::MAX_NAME_LENGTH), extend("pattern" = Customer::NAME_PATTERN))]
    full_name: Patch<String>,
    /// Id of the person's group.
    #[schemars(with = "Option<String>")]
    group_id: Patch<String>,
    /// Gender.
    #[schemars(with = "Option<String>")]
    gender: Patch<String>,
    /// Date of birth.
    #[schemars(with = "Option<String>")]
    date_of_birth: Patch<String>,
    /// Place of birth.
    #[schemars(with = "Option<String>")]
    place_of_birth: Patch<String>,
    /// Nationality.
    #[schemars(with = "Option<String>")]
    nationality: Patch<String>,
    /// Accepted and dropped.
    #[schemars(with = "Value")]
    pin_code: Discarded,
    /// Accepted and dropped.
    #[schemars(with = "Value")]
    password: Discarded,
    /// E-mail address.
    #[schemars(with = "Option<String>")]
    email: Patch<String>,
    /// Phone numbers. The list replaces the stored one.
    #[schemars(with = "Option<Vec<Telephone>>")]
    telephone_numbers: Patch<Vec<Object<Telephone>>>,
    /// Addresses. The list replaces the stored one.
    #[schemars(with = "Option<Vec<AddressEntry>>")]
    addresses: Patch<Vec<Object<AddressEntry>>>,
    /// Documents. The list replaces the stored one.
    #[schemars(with = "Option<Vec<Document>>")]
    documents: Patch<Vec<Object<Document>>>,
    /// Secret questions. The list replaces the stored one. Answers are dropped.
    #[serde(rename = "SecretQuestion")]
    #[schemars(with = "Option<Vec<SecretQuestion>>")]
    secret_question: Patch<Vec<Object<SecretQuestion>>>,
}

/// The delivery of a second factor. Omitted fields stay as they are, and codes are dropped.
#[derive(Debug, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaTwoFactorFields")]
struct TwoFactorFields {
    /// Type of the target, such as `SMS`.
    #[schemars(with = "Option<String>")]
    target_type: Patch<String>,
    /// Target: a phone number or an address.
    #[schemars(with = "Option<String>")]
    target_value: Patch<String>,
    /// Accepted and dropped.
    #[schemars(with = "Value")]
    target_code: Discarded,
    /// Accepted and dropped.
    #[schemars(with = "Value")]
    input_code: Discarded,
    /// Accepted and dropped.
    #[schemars(with = "Value")]
    codematch: Discarded,
}

/// The JSON pointers of the fields in a response, inside its envelope.
pub const POINTERS: FieldPointers = FieldPointers { within: "/customer", of: pointer_of };

/// Returns the JSON pointer of a field without the envelope; empty if the dialect does not have the field.
fn pointer_of(field: CustomerField) -> &'static str {
    match field {
        CustomerField::Name => "/customerName",
        CustomerField::Kind => "/customerType",
        CustomerField::Email => "/person/email",
        CustomerField::Phone => "/person/telephoneNumbers/0/number",
        CustomerField::Address => "/person/addresses/0/address",
        CustomerField::Zip => "/person/addresses/0/address/zipCode",
        CustomerField::Country => "/person/addresses/0/address/country",
        CustomerField::Status => "/customerStatus",
        CustomerField::Categorization => "/categorization",
        CustomerField::Notifications => "/notifications",
        CustomerField::Person => "/person",
        // This dialect does not have these fields.
        CustomerField::TaxId
        | CustomerField::TaxSystem
        | CustomerField::DefaultInvoiceUse
        | CustomerField::ContactName
        | CustomerField::State
        | CustomerField::ExternalId
        | CustomerField::Metadata
        | CustomerField::Parent
        | CustomerField::Billing
        | CustomerField::InvoiceEmail
        | CustomerField::Payout
        | CustomerField::Finance
        | CustomerField::Locations => "",
    }
}

impl Body for CustomerFields {
    const SECRETS: &'static [&'static str] =
        &["password", "pinCode", "answer", "targetCode", "inputCode", "codematch"];
    const REQUIRED: &'static [&'static str] = &["customerType"];
    const ENVELOPE: Option<&'static str> = Some("customer");
}

impl CustomerBody for CustomerFields {
    const CHECKS_INVOICE_RULES: bool = false;
    const ACCEPTS_COUNTRY_NAMES: bool = true;

    fn pointers(&self) -> FieldPointers {
        if self.customer.is_some() { POINTERS } else { FieldPointers { within: "", of: pointer_of } }
    }

    fn parent(&self) -> &Patch<CustomerReference> {
        // Customers of this dialect have no parent.
        &Patch::Keep
    }

    fn others(&self) -> &Map<String, Value> {
        match &self.customer {
            Some(inner) => &inner.0.others,
            None => &self.others,
        }
    }

    fn write(mut self, customer: &mut Customer, is_new: bool, violations: &mut Vec<Violation>) {
        if let Some(inner) = self.customer.take() {
            // Responses have `warnings` next to `customer`, so a client that sends a response back includes it.
            self.others.remove("warnings");
            if self != Self::default() || inner.0.customer.is_some() {
                let detail = "Either the object `customer` or its fields, not both.".into();
                violations.push(Violation { pointer: "/customer".into(), code: "contradiction", detail });
                return;
            }
            let mut found = Vec::new();
            inner.0.write(customer, is_new, &mut found);
            let within = |Violation { pointer, code, detail }| Violation {
                pointer: format!("{}{pointer}", POINTERS.within),
                code,
                detail,
            };
            violations.extend(found.into_iter().map(within));
            return;
        }
        let Self {
            customer_type,
            customer_name,
            customer_status,
            categorization,
            notifications,
            person,
            twofa,
            customer: _,
            others: _,
        } = self;
        match customer_type {
            Patch::Set(kind) if kind != CustomerType::of(customer.kind) || is_new => {
                customer.kind = kind.kinds()[0];
            }
            Patch::Set(_) => {}
            Patch::Keep if !is_new => {}
            Patch::Clear | Patch::Keep => {
                push_required(violations, pointer_of(CustomerField::Kind).into(), "Person or Organization.");
            }
        }
        let person = match person {
            // The name stays, because every customer has one.
            Patch::Clear => PersonFields { full_name: Patch::Keep, ..patch_fields(person) },
            person => patch_fields(person),
        };
        write_name(customer, &customer_name, &person, is_new);
        apply_or_default(&mut customer.status, customer_status);
        apply_or_default(&mut customer.categorization, categorization);
        apply_or_default(&mut customer.notifications, values(notifications));
        person.write(customer);
        match twofa {
            Patch::Keep => {}
            Patch::Clear => customer.person.twofa = None,
            Patch::Set(Object(TwoFactorFields { target_type, target_value, .. })) => {
                let mut twofa = customer.person.twofa.take().unwrap_or_default();
                apply_optional(&mut twofa.target_type, target_type);
                apply_optional(&mut twofa.target_value, target_value);
                customer.person.twofa = Some(twofa).filter(|twofa| *twofa != domain::TwoFactor::default());
            }
        }
    }
}

/// Writes the name, which a body has in `customerName` and in `person.fullName`.
///
/// If the two differ, the one that differs from the current name counts, and `customerName` takes precedence. A new customer that has
/// neither gets the first and last name of the person.
fn write_name(customer: &mut Customer, customer_name: &Patch<String>, person: &PersonFields, is_new: bool) {
    let said = |patch: &Patch<String>| match patch {
        Patch::Set(name) if *name != customer.name => Some(name.clone()),
        _ => None,
    };
    let name_of = |part: &Patch<Object<NamePart>>| match part {
        Patch::Set(Object(part)) => Some(part.name.0.clone()).filter(|name| !name.is_empty()),
        _ => None,
    };
    let said = said(customer_name).or_else(|| said(&person.full_name));
    match said {
        Some(name) => customer.name = name,
        None if is_new => {
            let names = [name_of(&person.first_name), name_of(&person.last_name)];
            customer.name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        }
        None if *customer_name == Patch::Clear => customer.name.clear(),
        None => {}
    }
}

/// Returns the patch of a list with each element as it is stored.
fn values<T, V: From<T>>(list: Patch<Vec<Object<T>>>) -> Patch<Vec<V>> {
    list.map(|list| list.into_iter().map(|Object(value)| value.into()).collect())
}

impl PersonFields {
    fn write(self, customer: &mut Customer) {
        let Self {
            first_name,
            last_name,
            full_name: _,
            group_id,
            gender,
            date_of_birth,
            place_of_birth,
            nationality,
            pin_code: Discarded,
            password: Discarded,
            email,
            telephone_numbers,
            addresses,
            documents,
            secret_question,
        } = self;
        let part = |Object(part): Object<NamePart>| Some(part.into());
        apply_or_default(&mut customer.person.first_name, first_name.map(part));
        apply_or_default(&mut customer.person.last_name, last_name.map(part));
        apply_optional(&mut customer.person.group_id, group_id);
        apply_optional(&mut customer.person.gender, gender);
        apply_optional(&mut customer.person.date_of_birth, date_of_birth);
        apply_optional(&mut customer.person.place_of_birth, place_of_birth);
        apply_optional(&mut customer.person.nationality, nationality);
        apply(&mut customer.email, email);
        if telephone_numbers != Patch::Keep {
            let mut telephones: Vec<domain::Telephone> = Vec::new();
            apply_or_default(&mut telephones, values(telephone_numbers));
            let number = telephones.first_mut().map(|first| std::mem::take(&mut first.number));
            customer.phone = number.filter(|number| !number.is_empty());
            // A single phone number without other data is stored in `Customer::phone` only.
            if telephones == [domain::Telephone::default()] {
                telephones.clear();
            }
            customer.person.telephone_numbers = telephones;
        }
        if addresses != Patch::Keep {
            let mut list = Vec::new();
            apply_or_default(&mut list, values(addresses));
            write_addresses(customer, list);
        }
        apply_or_default(&mut customer.person.documents, values(documents));
        apply_or_default(&mut customer.person.secret_questions, values(secret_question));
    }
}

/// Writes the list of addresses, and moves the main part of the first one to the fields of the customer.
///
/// The list replaces the stored one, and so do the fields. The country stays if the list has none, because the tax rules depend on it.
fn write_addresses(customer: &mut Customer, mut list: Vec<domain::PersonAddress>) {
    let main = list.first_mut().map(|first| {
        let take = |field: &mut Option<String>| field.take().unwrap_or_default();
        let main = CustomerAddress {
            street: take(&mut first.street),
            exterior: first.street_number.first_mut().map(std::mem::take).unwrap_or_default(),
            interior: Some(take(&mut first.apartment)).filter(|interior| !interior.is_empty()),
            neighborhood: take(&mut first.area),
            city: take(&mut first.city),
            zip: take(&mut first.zip_code),
            // This dialect does not have these fields.
            municipality: customer.address.municipality.clone(),
            state: customer.address.state.clone(),
        };
        // An unknown country leaves the record's country as it is, because the applicable rules depend on it.
        if let Some(known) = first.country.as_deref().and_then(alpha_3_of_words) {
            customer.country = Some(known.to_owned());
        }
        // A country that equals the record's is not stored twice.
        first.country = first.country.take().filter(|given| Some(given) != customer.country.as_ref());
        if first.street_number.iter().all(String::is_empty) {
            first.street_number.clear();
        }
        main
    });
    if list == [domain::PersonAddress::default()] {
        list.clear();
    }
    let CustomerAddress { municipality, state, .. } = std::mem::take(&mut customer.address);
    customer.address = main.unwrap_or(CustomerAddress { municipality, state, ..CustomerAddress::default() });
    customer.person.addresses = list;
}
