//! Rules that customers must follow, and warnings about doubtful data.

use crate::{
    Customer, CustomerKind, CustomerNumber, Email, OrganizationId, Timestamp,
    country::{MEXICO, alpha_3_of_words, is_alpha_3},
    customer::{Billing, Categorization, CustomerAddress, CustomerId, CustomerStatus, Finance, Person},
    metadata,
    sat::{InvoiceUse, Rfc, RfcProblem, TaxSystem, is_zip, is_zip_of_another_state, is_zip_of_no_state},
    text::{has_invisible, is_line, trim},
};

/// A field of a customer, as rules and events refer to it. Each dialect knows the location of the field in its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the field of that name")]
pub enum CustomerField {
    Name,
    Kind,
    TaxId,
    TaxSystem,
    DefaultInvoiceUse,
    Email,
    Phone,
    ContactName,
    Address,
    Zip,
    State,
    Country,
    ExternalId,
    Metadata,
    Parent,
    Billing,
    InvoiceEmail,
    Payout,
    Finance,
    Locations,
    Status,
    Categorization,
    Notifications,
    Person,
}

impl CustomerField {
    /// Returns the name of the field of the record that this is, or is part of.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Kind => "kind",
            Self::TaxId => "taxId",
            Self::TaxSystem => "taxSystem",
            Self::DefaultInvoiceUse => "defaultInvoiceUse",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::ContactName => "contactName",
            Self::Address | Self::Zip | Self::State => "address",
            Self::Country => "country",
            Self::ExternalId => "externalId",
            Self::Metadata => "metadata",
            Self::Parent => "parent",
            Self::Billing | Self::InvoiceEmail => "billing",
            Self::Payout => "payout",
            Self::Finance => "finance",
            Self::Locations => "locations",
            Self::Status => "status",
            Self::Categorization => "categorization",
            Self::Notifications => "notifications",
            Self::Person => "person",
        }
    }
}

/// A finding about a customer: a broken rule, or a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The field that the finding is about.
    pub field: CustomerField,
    /// A stable code for programs.
    pub code: &'static str,
    /// A message that says what to do about the finding.
    pub detail: &'static str,
}

impl CustomerKind {
    /// Returns whether a customer of this kind may have a [`CustomerKind::CpoSubsidiary`] below it.
    pub const fn may_have_subsidiaries(self) -> bool {
        matches!(self, Self::Cpo | Self::CpoSubsidiary)
    }
}

impl CustomerAddress {
    /// Returns street and number in one line, as some dialects write them.
    pub fn street_line(&self) -> String {
        trim(&format!("{} {}", self.street, self.exterior)).to_owned()
    }
}

impl Customer {
    /// The maximum number of levels of a hierarchy, including that of the root.
    pub const MAX_DEPTH: usize = 8;

    /// The maximum length of a name, in characters.
    pub const MAX_NAME_LENGTH: usize = 300;
    /// A regular expression (ECMA-262) that names match.
    ///
    /// It excludes `|`, which separates the fields of a CFDI's original string.
    pub const NAME_PATTERN: &'static str = r"^[^|\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$";
    /// The maximum length of street and number in one line, in characters.
    const MAX_LINE_LENGTH: usize = 300;
    /// The maximum length of an external id, in characters.
    pub const MAX_EXTERNAL_ID_LENGTH: usize = 40;
    /// The maximum length of a tax id, in characters: that of `NumRegIdTrib` in CFDI 4.0. An RFC is shorter.
    pub const MAX_TAX_ID_LENGTH: usize = 40;

    /// Creates a customer without any data except its number, id and time of creation.
    pub fn new(organization: OrganizationId, number: CustomerNumber, id: CustomerId, now: Timestamp) -> Self {
        Self {
            organization,
            number,
            id,
            version: 1,
            name: String::new(),
            kind: CustomerKind::Business,
            tax_id: String::new(),
            tax_system: String::new(),
            default_invoice_use: String::new(),
            email: String::new(),
            phone: None,
            contact_name: None,
            address: CustomerAddress::default(),
            country: None,
            external_id: None,
            metadata: metadata::Metadata::new(),
            parent: None,
            billing: Billing::default(),
            payout: None,
            finance: Finance::default(),
            locations: Vec::new(),
            status: CustomerStatus::default(),
            categorization: Categorization::default(),
            notifications: Vec::new(),
            person: Person::default(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Marks the customer as written at `now`, one version later.
    ///
    /// The time of the write is later than that of the previous one, whatever the clock says.
    pub fn mark_updated(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = self.updated_at.next().max(now);
    }

    /// Returns whether the customer has Mexican tax data.
    pub fn is_mexican(&self) -> bool {
        self.country.as_deref() == Some(MEXICO)
    }

    /// Returns the kind of a customer for which none was given: a person if the tax id is a person's, otherwise a company.
    pub fn likely_kind(&self) -> CustomerKind {
        if self.is_mexican() && Rfc::normalize(&self.tax_id).chars().count() == 13 {
            CustomerKind::Private
        } else {
            CustomerKind::Business
        }
    }

    /// Converts the fields that changed since `before` to the spelling that is stored.
    ///
    /// Fields that have not changed stay as they are.
    pub fn normalize(&mut self, before: &Self) {
        let has_moved = self.country != before.country;
        if self.is_mexican() && (has_moved || self.tax_id != before.tax_id) {
            self.tax_id = Rfc::normalize(&self.tax_id);
        }
        if self.default_invoice_use != before.default_invoice_use {
            self.default_invoice_use.make_ascii_uppercase();
        }
        // The country in words describes the previous country, so it is dropped unless it was changed too.
        if has_moved
            && let (Some(now), Some(then)) =
                (self.person.addresses.first_mut(), before.person.addresses.first())
            && now.country == then.country
        {
            now.country = None;
        }
    }

    /// Returns the fields that differ from `before`, except version and time, which change with every write.
    pub fn changes_since(&self, before: &Self) -> Vec<CustomerField> {
        use CustomerField as Field;
        let Self {
            organization: _,
            number: _,
            id: _,
            version: _,
            name,
            kind,
            tax_id,
            tax_system,
            default_invoice_use,
            email,
            phone,
            contact_name,
            address,
            country,
            external_id,
            metadata,
            parent,
            billing,
            payout,
            finance,
            locations,
            status,
            categorization,
            notifications,
            person,
            created_at: _,
            updated_at: _,
        } = self;
        let fields = [
            (Field::Name, *name != before.name),
            (Field::Kind, *kind != before.kind),
            (Field::TaxId, *tax_id != before.tax_id),
            (Field::TaxSystem, *tax_system != before.tax_system),
            (Field::DefaultInvoiceUse, *default_invoice_use != before.default_invoice_use),
            (Field::Email, *email != before.email),
            (Field::Phone, *phone != before.phone),
            (Field::ContactName, *contact_name != before.contact_name),
            (Field::Address, *address != before.address),
            (Field::Zip, address.zip != before.address.zip),
            (Field::State, address.state != before.address.state),
            (Field::Country, *country != before.country),
            (Field::ExternalId, *external_id != before.external_id),
            (Field::Metadata, *metadata != before.metadata),
            (Field::Parent, *parent != before.parent),
            (Field::Billing, *billing != before.billing),
            (Field::InvoiceEmail, billing.invoice_email != before.billing.invoice_email),
            (Field::Payout, *payout != before.payout),
            (Field::Finance, *finance != before.finance),
            (Field::Locations, *locations != before.locations),
            (Field::Status, *status != before.status),
            (Field::Categorization, *categorization != before.categorization),
            (Field::Notifications, *notifications != before.notifications),
            (Field::Person, *person != before.person),
        ];
        fields.into_iter().filter(|(_, changed)| *changed).map(|(field, _)| field).collect()
    }

    /// Returns the rules that a change breaks. Only rules about a changed field are checked.
    ///
    /// Data that was stored under other rules, or by a dialect that has fewer rules, stays as it is until it is changed.
    pub fn broken_rules(&self, before: &Self) -> Vec<Finding> {
        let mut rules = RuleCheck::of(self, before);
        rules.check_texts();
        if before.kind.may_have_subsidiaries() && !self.kind.may_have_subsidiaries() {
            // Other customers may be joining it as subsidiaries at the same time, which is allowed only while it may have
            // subsidiaries.
            let detail = "A CPO or CPOSubsidiary stays one of the two, for others may be subsidiaries of it.";
            rules.add_if_changed(&[CustomerField::Kind], "kind_fixed", detail);
        }
        // Rules that depend on the country are not checked before the country is known.
        if self.has_known_country() && self.is_mexican() {
            rules.check_mexican_tax_data();
        }
        rules.findings
    }

    /// Returns whether the country is one of ISO 3166-1, or no country is given.
    fn has_known_country(&self) -> bool {
        self.country.as_deref().is_none_or(is_alpha_3)
    }

    /// Returns the rules for invoices that a change breaks by removing or omitting data.
    ///
    /// Customers in Mexico need a tax id, a tax system and a postal code. Foreign customers may only have the tax system and the
    /// use that CFDI 4.0 prescribes for them, or none.
    pub fn broken_invoice_rules(&self, before: &Self) -> Vec<Finding> {
        use CustomerField as Field;
        let mut rules = RuleCheck::of(self, before);
        if self.is_mexican() {
            for (field, text) in [
                (Field::TaxId, &self.tax_id),
                (Field::TaxSystem, &self.tax_system),
                (Field::Zip, &self.address.zip),
            ] {
                if text.is_empty() {
                    rules.add_required(field, "Required of a customer in Mexico.");
                }
            }
        } else if self.has_known_country() {
            if !matches!(self.tax_system.as_str(), "" | TaxSystem::NO_OBLIGATIONS) {
                let detail = "Customers abroad have the tax system 616 of SAT's catalogue, or none.";
                rules.add_if_changed(&[Field::TaxSystem, Field::Country], "not_applicable", detail);
            }
            let invoice_use = self.default_invoice_use.as_str();
            if !invoice_use.is_empty() && !InvoiceUse::NO_OBLIGATIONS.contains(&invoice_use) {
                let detail =
                    "Invoices to customers abroad have the use S01 or CP01 of SAT's catalogue, or none.";
                rules.add_if_changed(&[Field::DefaultInvoiceUse, Field::Country], "not_applicable", detail);
            }
        }
        rules.findings
    }

    /// Returns a finding if the country that was given in words is unknown, so that the record keeps its country.
    pub fn unknown_country_warning(&self) -> Option<Finding> {
        let given = self.person.addresses.first().and_then(|address| address.country.as_deref())?;
        alpha_3_of_words(given).is_none().then_some(Finding {
            field: CustomerField::Country,
            code: "unknown_country",
            detail: "This is no country that is known here, so it does not become the customer's country. Send its code of ISO 3166-1 or \
                     its name in English or Spanish.",
        })
    }

    /// Returns warnings about data that may be right, but often is not.
    pub fn warnings(&self) -> Vec<Finding> {
        let mut warnings = Vec::new();
        if has_invisible(&self.name) {
            warnings.push(Finding {
                field: CustomerField::Name,
                code: "invisible_character",
                detail: "There is a character in the name that cannot be seen, such as a no-break or zero-width space. SAT compares \
                         names letter by letter.",
            });
        }
        if !self.is_mexican() {
            return warnings;
        }
        if Rfc::parse(&self.tax_id).is_ok_and(|rfc| !rfc.has_check_digit()) {
            warnings.push(Finding {
                field: CustomerField::TaxId,
                code: "rfc_check_digit",
                detail: "The last character of the RFC is not the check digit of the others. Valid ones like this exist.",
            });
        }
        if is_zip_of_no_state(&self.address.zip) {
            warnings.push(Finding {
                field: CustomerField::Zip,
                code: "zip_unknown",
                detail: "No state of Mexico has this postal code.",
            });
        } else if is_zip_of_another_state(&self.address.zip, &self.address.state) {
            warnings.push(Finding {
                field: CustomerField::Zip,
                code: "zip_not_in_state",
                detail: "The postal code is not one of this state.",
            });
        }
        warnings
    }
}

/// A check of a customer's rules for one change.
struct RuleCheck<'a> {
    customer: &'a Customer,
    changed: Vec<CustomerField>,
    /// Whether the customer is new and had no data before.
    is_new: bool,
    findings: Vec<Finding>,
}

impl<'a> RuleCheck<'a> {
    fn of(customer: &'a Customer, before: &Customer) -> Self {
        let is_new = before.name.is_empty();
        Self { customer, changed: customer.changes_since(before), is_new, findings: Vec::new() }
    }

    /// Adds a finding at the first of these fields that has changed, if any has.
    ///
    /// If only the country has changed, the finding is at the first of these fields, which does not fit the country.
    fn add_if_changed(&mut self, fields: &[CustomerField], code: &'static str, detail: &'static str) {
        let changed = fields.iter().copied().find(|field| self.changed.contains(field));
        let field = changed.map(|field| if field == CustomerField::Country { fields[0] } else { field });
        self.findings.extend(field.map(|field| Finding { field, code, detail }));
    }

    /// Adds a finding that a field has no value, if it lost the value, never had one, or needs one because the country changed.
    fn add_required(&mut self, field: CustomerField, detail: &'static str) {
        if self.is_new || self.changed.contains(&field) || self.changed.contains(&CustomerField::Country) {
            self.findings.push(Finding { field, code: "required", detail });
        }
    }

    fn check_texts(&mut self) {
        use CustomerField as Field;
        let Customer { name, country, external_id, metadata, billing, email, tax_id, .. } = self.customer;
        if trim(name).is_empty() {
            self.add_required(Field::Name, "A customer has a name.");
        } else if name.chars().count() > Customer::MAX_NAME_LENGTH {
            self.add_if_changed(&[Field::Name], "too_long", "At most 300 characters.");
        } else if name.contains('|') || !is_line(name) {
            self.add_if_changed(
                &[Field::Name],
                "invalid_character",
                "No `|`, no control and no bidirectional characters.",
            );
        }
        if country.as_deref().is_some_and(|country| !is_alpha_3(country)) {
            self.add_if_changed(
                &[Field::Country],
                "unknown_value",
                "A country's code of ISO 3166-1 alpha-3, such as MEX.",
            );
        }
        if let Some(external_id) = external_id {
            if external_id.chars().count() > Customer::MAX_EXTERNAL_ID_LENGTH {
                self.add_if_changed(&[Field::ExternalId], "too_long", "At most 40 characters.");
            } else if !is_line(external_id) {
                self.add_if_changed(
                    &[Field::ExternalId],
                    "invalid_character",
                    "No control and no bidirectional characters.",
                );
            } else if matches!(external_id.as_str(), "." | "..") {
                let detail =
                    "`.` and `..` cannot be asked for: in a path they mean this folder and the one above.";
                self.add_if_changed(&[Field::ExternalId], "invalid_value", detail);
            }
        }
        if self.customer.address.street_line().chars().count() > Customer::MAX_LINE_LENGTH {
            let detail =
                "Street and number have at most 300 characters in one line, with a space between them.";
            self.add_if_changed(&[Field::Address], "too_long", detail);
        }
        if !self.customer.is_mexican() && tax_id.chars().count() > Customer::MAX_TAX_ID_LENGTH {
            let detail = "A foreign tax id has at most 40 characters.";
            self.add_if_changed(&[Field::TaxId, Field::Country], "too_long", detail);
        } else if !is_line(tax_id) {
            self.add_if_changed(
                &[Field::TaxId],
                "invalid_character",
                "No control and no bidirectional characters.",
            );
        }
        for (field, email) in
            [(Field::Email, Some(email)), (Field::InvoiceEmail, billing.invoice_email.as_ref())]
        {
            if email.is_some_and(|email| !email.is_empty() && Email::parse(email).is_none()) {
                self.add_if_changed(&[field], "invalid_format", "An e-mail address.");
            }
        }
        for (code, detail) in metadata::problems(metadata) {
            self.add_if_changed(&[Field::Metadata], code, detail);
        }
    }

    /// Checks the data that is present by the rules of CFDI 4.0. Missing data matters only for invoices.
    fn check_mexican_tax_data(&mut self) {
        use CustomerField as Field;
        let Customer { tax_id, tax_system, default_invoice_use, .. } = self.customer;
        let rfc = match Rfc::parse(tax_id) {
            _ if tax_id.is_empty() => None,
            Ok(rfc) => Some(rfc),
            Err(problem) => {
                let (code, detail) = match problem {
                    RfcProblem::Pattern => {
                        ("invalid_format", "An RFC: 12 or 13 characters, such as ABC101010111.")
                    }
                    RfcProblem::Date => ("invalid_date", "The six digits of an RFC are a date, yymmdd."),
                };
                self.add_if_changed(&[Field::TaxId, Field::Country], code, detail);
                None
            }
        };
        if rfc.is_some_and(Rfc::is_generic) {
            self.check_generic_tax_data();
            self.check_mexican_zip();
            return;
        }
        let person = rfc.map(Rfc::person);
        let system = TaxSystem::find(tax_system);
        if !tax_system.is_empty() {
            if system.is_none() {
                let detail = "A code of SAT's catalogue c_RegimenFiscal.";
                self.add_if_changed(&[Field::TaxSystem, Field::Country], "unknown_value", detail);
            }
            if system.zip(person).is_some_and(|(system, person)| !system.applies.to(person)) {
                let detail =
                    "Companies (RFC of 12 characters) and people (13) have tax systems of their own.";
                let fields = [Field::TaxSystem, Field::TaxId, Field::Country];
                self.add_if_changed(&fields, "tax_system_not_allowed_for_tax_id", detail);
            }
        }
        if !default_invoice_use.is_empty() {
            let invoice_use = InvoiceUse::find(default_invoice_use);
            let fields = [Field::DefaultInvoiceUse, Field::TaxSystem, Field::TaxId, Field::Country];
            match invoice_use {
                None => self.add_if_changed(&fields, "unknown_value", "A code of SAT's catalogue c_UsoCFDI."),
                Some(found) if system.is_some_and(|system| !found.tax_systems.contains(&system.code)) => {
                    self.add_if_changed(
                        &fields,
                        "invoice_use_not_allowed_for_tax_system",
                        "SAT's catalogue c_UsoCFDI lists the uses of each tax system.",
                    );
                }
                Some(found) if person.is_some_and(|person| !found.applies.to(person)) => {
                    self.add_if_changed(
                        &fields,
                        "invoice_use_not_allowed_for_tax_id",
                        "SAT's catalogue c_UsoCFDI lists the uses of companies and of people.",
                    );
                }
                Some(_) => {}
            }
        }
        self.check_mexican_zip();
    }

    /// Checks that a generic RFC has the tax system and the use of customers without obligations, whatever else the catalogues
    /// allow.
    fn check_generic_tax_data(&mut self) {
        use CustomerField as Field;
        let Customer { tax_system, default_invoice_use, .. } = self.customer;
        if !matches!(tax_system.as_str(), "" | TaxSystem::NO_OBLIGATIONS) {
            let fields = [Field::TaxSystem, Field::TaxId, Field::Country];
            let detail = "The generic RFCs XAXX010101000 and XEXX010101000 go with tax system 616 alone.";
            self.add_if_changed(&fields, "tax_system_not_allowed_for_tax_id", detail);
        }
        let invoice_use = default_invoice_use.as_str();
        if !invoice_use.is_empty() && !InvoiceUse::NO_OBLIGATIONS.contains(&invoice_use) {
            let fields = [Field::DefaultInvoiceUse, Field::TaxId, Field::Country];
            let detail =
                "The generic RFCs XAXX010101000 and XEXX010101000 go with the uses S01 and CP01 alone.";
            self.add_if_changed(&fields, "invoice_use_not_allowed_for_tax_id", detail);
        }
    }

    fn check_mexican_zip(&mut self) {
        use CustomerField as Field;
        let Customer { address, .. } = self.customer;
        if !address.zip.is_empty() && !is_zip(&address.zip) {
            self.add_if_changed(
                &[Field::Zip, Field::Country],
                "invalid_format",
                "A postal code of Mexico has five digits. Spreadsheets drop a leading zero.",
            );
        }
    }
}
