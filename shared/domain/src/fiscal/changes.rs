//! Changes of a fiscal profile, and the rules that they must follow.

use std::ops::RangeInclusive;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{Address, Customization, PdfExtra, Periodicity, Receipts, SelfInvoice};
use crate::{
    Email, InvoiceUse, Organization, Patch, TaxSystem, Timestamp, Violation,
    sat::{Rfc, is_zip, is_zip_of_another_state, is_zip_of_no_state},
    text::{is_line, trim},
    web_url,
};

/// The largest folio number: the largest integer that every reader of JSON represents exactly (RFC 8259 §6).
pub const MAX_FOLIO: u64 = (1 << 53) - 1;

/// Changes of a part of a fiscal profile.
pub trait ProfileChanges {
    /// Returns all violations in the changes of an organization.
    fn violations(&self, organization: &Organization) -> Vec<Violation>;

    /// Applies the changes, which must have no violations. Returns the names of the fields whose values changed.
    fn apply(self, organization: &mut Organization) -> Vec<&'static str>;

    /// Returns warnings about values that are allowed, but often wrong.
    fn warnings(_: &Organization) -> Vec<ProfileWarning> {
        Vec::new()
    }
}

impl Organization {
    /// Changes the fiscal profile, and returns the names of the changed fields. If there are none, the organization stays as it is.
    /// Otherwise it is one version later.
    pub fn update_profile(&mut self, changes: impl ProfileChanges, now: Timestamp) -> Vec<&'static str> {
        let changed = changes.apply(self);
        if !changed.is_empty() {
            self.mark_updated(now);
        }
        changed
    }
}

/// A warning about a value of a fiscal profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileWarning {
    /// The JSON pointer to the value in an organization.
    pub pointer: &'static str,
    /// A stable code for programs.
    pub code: &'static str,
    /// A message that says what is doubtful.
    pub detail: &'static str,
}

/// Changes of the legal data.
#[derive(Clone, Debug, Default)]
pub struct LegalChanges {
    /// The commercial name, 1 to 100 characters.
    pub name: Patch<String>,
    /// The registered name without the corporate suffix, 1 to 250 characters.
    pub legal_name: Patch<String>,
    /// The code of the tax system.
    pub tax_system: Patch<String>,
    /// The URL of the web site.
    pub website: Patch<String>,
    /// The phone number, 10 to 20 characters.
    pub phone: Patch<String>,
    /// The e-mail address where customers ask for help.
    pub support_email: Patch<String>,
    /// The fiscal address. If cleared, all its fields are.
    pub address: Patch<AddressChanges>,
}

/// Changes of the fiscal address.
#[derive(Clone, Debug, Default)]
pub struct AddressChanges {
    /// The street.
    pub street: Patch<String>,
    /// The number on the street.
    pub exterior: Patch<String>,
    /// The number inside the building.
    pub interior: Patch<String>,
    /// The neighborhood.
    pub neighborhood: Patch<String>,
    /// The city.
    pub city: Patch<String>,
    /// The municipality.
    pub municipality: Patch<String>,
    /// The postal code, five digits.
    pub zip: Patch<String>,
    /// The state.
    pub state: Patch<String>,
}

impl AddressChanges {
    /// The maximum length of each field except the postal code, in characters.
    pub const MAX_LENGTH: usize = 100;

    fn fields(&self) -> [(&'static str, &Patch<String>); 8] {
        let Self { street, exterior, interior, neighborhood, city, municipality, zip, state } = self;
        [
            ("/address/street", street),
            ("/address/exterior", exterior),
            ("/address/interior", interior),
            ("/address/neighborhood", neighborhood),
            ("/address/city", city),
            ("/address/municipality", municipality),
            ("/address/zip", zip),
            ("/address/state", state),
        ]
    }

    fn apply(self, address: &mut Address) -> Vec<&'static str> {
        let Self { street, exterior, interior, neighborhood, city, municipality, zip, state } = self;
        changed([
            ("legal.address.street", assign(&mut address.street, street)),
            ("legal.address.exterior", assign(&mut address.exterior, exterior)),
            ("legal.address.interior", assign(&mut address.interior, interior)),
            ("legal.address.neighborhood", assign(&mut address.neighborhood, neighborhood)),
            ("legal.address.city", assign(&mut address.city, city)),
            ("legal.address.municipality", assign(&mut address.municipality, municipality)),
            ("legal.address.zip", assign(&mut address.zip, zip)),
            ("legal.address.state", assign(&mut address.state, state)),
        ])
    }

    /// Returns the changes that clear all fields.
    fn clear() -> Self {
        let clear = || Patch::Clear;
        Self {
            street: clear(),
            exterior: clear(),
            interior: clear(),
            neighborhood: clear(),
            city: clear(),
            municipality: clear(),
            zip: clear(),
            state: clear(),
        }
    }
}

impl LegalChanges {
    /// The allowed length of the commercial name, in characters.
    pub const NAME_LENGTH: RangeInclusive<usize> = 1..=100;
    /// The allowed length of the registered name, in characters.
    pub const LEGAL_NAME_LENGTH: RangeInclusive<usize> = 1..=250;
    /// The allowed length of the phone number, in characters.
    pub const PHONE_LENGTH: RangeInclusive<usize> = 10..=20;
}

impl ProfileChanges for LegalChanges {
    fn violations(&self, organization: &Organization) -> Vec<Violation> {
        let Self { name, legal_name, tax_system, website, phone, support_email, address } = self;
        let mut check = Check::default();
        check.text("/name", name, &Self::NAME_LENGTH, "1 to 100 characters.");
        check.text("/legal_name", legal_name, &Self::LEGAL_NAME_LENGTH, "1 to 250 characters.");
        let has_separator = legal_name.as_set().is_some_and(|name| name.contains('|'));
        check.holds(
            !has_separator,
            "/legal_name",
            "invalid_character",
            "No `|`, which separates the fields of a CFDI.",
        );
        if let Patch::Set(code) = tax_system {
            match TaxSystem::find(code) {
                None => {
                    let detail =
                        "A code of SAT's catalogue c_RegimenFiscal. GET /catalogs/tax-systems lists them.";
                    check.holds(false, "/tax_system", "unknown_value", detail);
                }
                Some(system) => {
                    let rfc = organization.legal.rfc.as_deref().and_then(|rfc| Rfc::parse(rfc).ok());
                    check.holds(
                        rfc.is_none_or(|rfc| system.applies.to(rfc.person())),
                        "/tax_system",
                        "tax_system_not_allowed_for_tax_id",
                        "Companies (RFC of 12 characters) and people (13) have tax systems of their own.",
                    );
                }
            }
        }
        if let Patch::Set(url) = website {
            let detail = "An http or https URL of at most 2,048 bytes, such as https://acme.example.";
            check.holds(web_url(url).is_some(), "/website", "invalid_format", detail);
        }
        check.text("/phone", phone, &Self::PHONE_LENGTH, "10 to 20 characters.");
        if let Patch::Set(phone) = phone {
            let is_of_phone = |letter: char| letter.is_ascii_digit() || "+-(). ".contains(letter);
            check.holds(
                phone.chars().all(is_of_phone),
                "/phone",
                "invalid_character",
                "Digits, spaces and `+-().`.",
            );
        }
        check.email("/support_email", support_email);
        if let Patch::Set(address) = address {
            for (pointer, field) in address.fields() {
                if pointer == "/address/zip" {
                    let is_valid = field.as_set().is_none_or(|zip| is_zip(zip));
                    check.holds(
                        is_valid,
                        pointer,
                        "invalid_format",
                        "A postal code of Mexico has five digits.",
                    );
                } else {
                    check.text(pointer, field, &(1..=AddressChanges::MAX_LENGTH), "1 to 100 characters.");
                }
            }
        }
        check.violations
    }

    fn apply(self, organization: &mut Organization) -> Vec<&'static str> {
        let Self { name, legal_name, tax_system, website, phone, support_email, address } = self;
        let Organization { legal, self_invoice, .. } = organization;
        let website = match website {
            // What was stored in another spelling is sent back as it is.
            Patch::Set(url) if Some(&url) == legal.website.as_ref() => Patch::Keep,
            Patch::Set(url) => web_url(&url).map_or(Patch::Keep, Patch::Set),
            other => other,
        };
        let mut changed = changed([
            ("legal.name", assign(&mut legal.name, name)),
            ("legal.legal_name", assign(&mut legal.legal_name, legal_name)),
            ("legal.tax_system", assign(&mut legal.tax_system, tax_system)),
            ("legal.website", assign(&mut legal.website, website)),
            ("legal.phone", assign(&mut legal.phone, phone)),
            ("self_invoice.support_email", set_support_email(self_invoice, support_email)),
        ]);
        changed.extend(match address {
            Patch::Keep => Vec::new(),
            Patch::Clear => AddressChanges::clear().apply(&mut legal.address),
            Patch::Set(changes) => changes.apply(&mut legal.address),
        });
        changed
    }

    fn warnings(organization: &Organization) -> Vec<ProfileWarning> {
        organization.legal_warnings()
    }
}

impl Organization {
    /// Returns warnings about the legal data, and about what of it the certificate contradicts.
    pub fn legal_warnings(&self) -> Vec<ProfileWarning> {
        let mut warnings = Vec::new();
        let legal = &self.legal;
        let certified_name = self.certificate.as_ref().and_then(|certificate| certificate.name.as_deref());
        if legal
            .legal_name
            .as_deref()
            .zip(certified_name)
            .is_some_and(|(one, other)| !is_same_name(one, other))
        {
            warnings.push(ProfileWarning {
                pointer: "/legal/legal_name",
                code: "legal_name_mismatch",
                detail: "The name differs from that of the certificate. SAT compares them, without the corporate suffix.",
            });
        }
        if !legal.has_fitting_tax_system() {
            warnings.push(ProfileWarning {
                pointer: "/legal/tax_system",
                code: "tax_system_not_allowed_for_tax_id",
                detail: "Taxpayers with this RFC cannot have the tax system. Change it: the organization is not ready until then.",
            });
        }
        let Address { zip, state, .. } = &legal.address;
        if zip.as_deref().is_some_and(is_zip_of_no_state) {
            warnings.push(ProfileWarning {
                pointer: "/legal/address/zip",
                code: "zip_unknown",
                detail: "No state of Mexico has this postal code.",
            });
        } else if zip
            .as_deref()
            .zip(state.as_deref())
            .is_some_and(|(zip, state)| is_zip_of_another_state(zip, state))
        {
            warnings.push(ProfileWarning {
                pointer: "/legal/address/zip",
                code: "zip_not_in_state",
                detail: "The postal code is not one of this state.",
            });
        }
        if legal.rfc.as_deref().and_then(|rfc| Rfc::parse(rfc).ok()).is_some_and(|rfc| !rfc.has_check_digit())
        {
            warnings.push(ProfileWarning {
                pointer: "/legal/rfc",
                code: "rfc_check_digit",
                detail: "The last character of the RFC is not the check digit of the others. Valid ones like this exist.",
            });
        }
        warnings
    }
}

/// The corporate suffixes that are no part of a registered name on invoices, in one word.
const CORPORATE_SUFFIXES: [&str; 28] = [
    "sociedadanonimadecapitalvariable",
    "sociedadanonima",
    "sociedadderesponsabilidadlimitadadecapitalvariable",
    "sociedadderesponsabilidadlimitada",
    "sociedadcivil",
    "asociacioncivil",
    "sadecvsofomenr",
    "sadecvsofomer",
    "sapidecvsofomenr",
    "sapidecvsofomer",
    "sapidecv",
    "sabdecv",
    "sadecv",
    "sasdecv",
    "sderldecvmi",
    "sderldecv",
    "sderlmi",
    "sderl",
    "scderldecv",
    "scderl",
    "sprderldecv",
    "sprderl",
    "sas",
    "sa",
    "sc",
    "ac",
    "iap",
    "iasp",
];

/// Returns whether two registered names are the same, apart from case, accents, punctuation and the corporate suffix. Ñ is not N.
fn is_same_name(one: &str, other: &str) -> bool {
    const TILDE: char = '\u{303}';
    let words = |name: &str| -> Vec<String> {
        let letters = name.nfd().filter(|letter| *letter == TILDE || !is_combining_mark(*letter));
        let name = letters.nfc().collect::<String>().to_lowercase();
        let words = name.split(|letter: char| !letter.is_alphanumeric() && letter != '&');
        words.filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
    };
    let without_suffix = |name: &str| {
        let mut words = words(name);
        let is_suffix = |start: &usize| CORPORATE_SUFFIXES.contains(&words[*start..].concat().as_str());
        let start = (1..words.len()).find(is_suffix).unwrap_or(words.len());
        words.truncate(start);
        words
    };
    without_suffix(one) == without_suffix(other)
}

/// Changes of the appearance and numbering of invoices.
#[derive(Clone, Debug, Default)]
pub struct CustomizationChanges {
    /// The accent colour, six hexadecimal digits, with or without `#`.
    pub color: Patch<String>,
    /// The number of the next invoice.
    pub next_folio_number: Patch<u64>,
    /// The number of the next test invoice.
    pub next_folio_number_test: Patch<u64>,
    /// The optional content of an invoice's PDF. If cleared, all of it has its default.
    pub pdf_extra: Patch<PdfExtraChanges>,
}

/// Changes of the optional content of an invoice's PDF.
#[derive(Clone, Copy, Debug, Default)]
pub struct PdfExtraChanges {
    /// Whether the PDF shows catalogue codes.
    pub codes: Patch<bool>,
    /// Whether the PDF shows the codes of the address.
    pub address_codes: Patch<bool>,
    /// Whether the PDF shows product keys.
    pub product_key: Patch<bool>,
    /// Whether the PDF shows rounded unit prices.
    pub round_unit_price: Patch<bool>,
    /// Whether the PDF shows the taxes of each line.
    pub tax_breakdown: Patch<bool>,
    /// Whether the PDF shows the IEPS of each line.
    pub ieps_breakdown: Patch<bool>,
    /// Whether the PDF shows the Carta Porte complement.
    pub render_carta_porte: Patch<bool>,
    /// Whether the PDF repeats the signature on every page.
    pub repeat_signature: Patch<bool>,
}

impl PdfExtraChanges {
    fn apply(self, extra: &mut PdfExtra) -> Vec<&'static str> {
        let default = PdfExtra::default();
        changed([
            ("customization.pdf_extra.codes", replace(&mut extra.codes, self.codes, default.codes)),
            (
                "customization.pdf_extra.address_codes",
                replace(&mut extra.address_codes, self.address_codes, default.address_codes),
            ),
            (
                "customization.pdf_extra.product_key",
                replace(&mut extra.product_key, self.product_key, default.product_key),
            ),
            (
                "customization.pdf_extra.round_unit_price",
                replace(&mut extra.round_unit_price, self.round_unit_price, default.round_unit_price),
            ),
            (
                "customization.pdf_extra.tax_breakdown",
                replace(&mut extra.tax_breakdown, self.tax_breakdown, default.tax_breakdown),
            ),
            (
                "customization.pdf_extra.ieps_breakdown",
                replace(&mut extra.ieps_breakdown, self.ieps_breakdown, default.ieps_breakdown),
            ),
            (
                "customization.pdf_extra.render_carta_porte",
                replace(&mut extra.render_carta_porte, self.render_carta_porte, default.render_carta_porte),
            ),
            (
                "customization.pdf_extra.repeat_signature",
                replace(&mut extra.repeat_signature, self.repeat_signature, default.repeat_signature),
            ),
        ])
    }

    /// Returns the changes that reset everything to its default.
    fn reset() -> Self {
        Self {
            codes: Patch::Clear,
            address_codes: Patch::Clear,
            product_key: Patch::Clear,
            round_unit_price: Patch::Clear,
            tax_breakdown: Patch::Clear,
            ieps_breakdown: Patch::Clear,
            render_carta_porte: Patch::Clear,
            repeat_signature: Patch::Clear,
        }
    }
}

/// Returns a colour without the `#` before it.
fn without_hash(color: &str) -> &str {
    color.strip_prefix('#').unwrap_or(color)
}

impl ProfileChanges for CustomizationChanges {
    fn violations(&self, _: &Organization) -> Vec<Violation> {
        let mut check = Check::default();
        if let Patch::Set(color) = &self.color {
            let color = without_hash(color);
            let is_color = color.len() == 6 && color.bytes().all(|digit| digit.is_ascii_hexdigit());
            check.holds(is_color, "/color", "invalid_format", "Six hexadecimal digits, such as BADA55.");
        }
        check.folio("/next_folio_number", self.next_folio_number);
        check.folio("/next_folio_number_test", self.next_folio_number_test);
        check.violations
    }

    fn apply(self, organization: &mut Organization) -> Vec<&'static str> {
        let Customization { color, next_folio_number, next_folio_number_test, pdf_extra } =
            &mut organization.customization;
        let sent = self.color.map(|color| without_hash(&color).to_owned());
        let mut changed = changed([
            ("customization.color", assign(color, sent)),
            ("customization.next_folio_number", replace(next_folio_number, self.next_folio_number, 1)),
            (
                "customization.next_folio_number_test",
                replace(next_folio_number_test, self.next_folio_number_test, 1),
            ),
        ]);
        changed.extend(match self.pdf_extra {
            Patch::Keep => Vec::new(),
            Patch::Clear => PdfExtraChanges::reset().apply(pdf_extra),
            Patch::Set(changes) => changes.apply(pdf_extra),
        });
        changed
    }
}

/// Changes of the settings for invoicing receipts.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReceiptsChanges {
    /// The interval at which receipts are combined into one invoice.
    pub periodicity: Patch<Periodicity>,
    /// The number of days during which a customer may invoice a receipt, 0 to 365.
    pub duration_days: Patch<u64>,
    /// The number of the next receipt.
    pub next_folio_number: Patch<u64>,
    /// The number of the next test receipt.
    pub next_folio_number_test: Patch<u64>,
}

impl ReceiptsChanges {
    /// The maximum number of days during which a customer may invoice a receipt.
    pub const MAX_DURATION_DAYS: u16 = 365;
}

impl ProfileChanges for ReceiptsChanges {
    fn violations(&self, _: &Organization) -> Vec<Violation> {
        let mut check = Check::default();
        let is_short = self.duration_days.set().is_none_or(|days| days <= u64::from(Self::MAX_DURATION_DAYS));
        check.holds(is_short, "/duration_days", "out_of_range", "0 to 365 days.");
        check.folio("/next_folio_number", self.next_folio_number);
        check.folio("/next_folio_number_test", self.next_folio_number_test);
        check.violations
    }

    fn apply(self, organization: &mut Organization) -> Vec<&'static str> {
        let default = Receipts::default();
        let Receipts { periodicity, duration_days, next_folio_number, next_folio_number_test } =
            &mut organization.receipts;
        let days = self.duration_days.map(|days| u16::try_from(days).unwrap_or(u16::MAX));
        changed([
            ("receipts.periodicity", replace(periodicity, self.periodicity, default.periodicity)),
            ("receipts.duration_days", replace(duration_days, days, default.duration_days)),
            ("receipts.next_folio_number", replace(next_folio_number, self.next_folio_number, 1)),
            (
                "receipts.next_folio_number_test",
                replace(next_folio_number_test, self.next_folio_number_test, 1),
            ),
        ])
    }
}

/// Changes of the settings for customers who invoice themselves.
#[derive(Clone, Debug, Default)]
pub struct SelfInvoiceChanges {
    /// The codes of the uses that customers may choose. An empty list allows all.
    pub allowed_cfdi_uses: Patch<Vec<String>>,
    /// Whether ISR is withheld under RESICO.
    pub apply_resico_isr: Patch<bool>,
    /// The e-mail address where customers ask for help.
    pub support_email: Patch<String>,
}

impl SelfInvoiceChanges {
    /// The maximum length of a list of uses: twice as many as there are, with repetitions.
    pub const MAX_USES: usize = 48;
}

impl ProfileChanges for SelfInvoiceChanges {
    fn violations(&self, _: &Organization) -> Vec<Violation> {
        let mut check = Check::default();
        let uses = self.allowed_cfdi_uses.as_set().map(Vec::as_slice).unwrap_or_default();
        check.holds(uses.len() <= Self::MAX_USES, "/allowed_cfdi_uses", "too_many", "At most 48 uses.");
        for (index, code) in uses.iter().take(Self::MAX_USES).enumerate() {
            let detail = "A code of SAT's catalogue c_UsoCFDI. GET /catalogs/cfdi-uses lists them.";
            let pointer = format!("/allowed_cfdi_uses/{index}");
            check.holds(find_use(code).is_some(), &pointer, "unknown_value", detail);
        }
        check.email("/support_email", &self.support_email);
        check.violations
    }

    fn apply(self, organization: &mut Organization) -> Vec<&'static str> {
        let self_invoice = &mut organization.self_invoice;
        // In the order of the catalogue, each once.
        let uses = self.allowed_cfdi_uses.map(|sent| {
            let sent: Vec<_> = sent.iter().filter_map(|code| find_use(code)).collect();
            let known = InvoiceUse::ALL.iter().filter(|known| sent.contains(known));
            known.map(|known| known.code.to_owned()).collect::<Vec<_>>()
        });
        changed([
            (
                "self_invoice.allowed_cfdi_uses",
                replace(&mut self_invoice.allowed_cfdi_uses, uses, Vec::new()),
            ),
            (
                "self_invoice.apply_resico_isr",
                replace(&mut self_invoice.apply_resico_isr, self.apply_resico_isr, false),
            ),
            ("self_invoice.support_email", set_support_email(self_invoice, self.support_email)),
        ])
    }
}

/// Returns the use with this code, in either letter case.
fn find_use(code: &str) -> Option<&'static InvoiceUse> {
    InvoiceUse::find(&code.to_ascii_uppercase())
}

/// Changes the address where customers ask for help. Another one is not verified.
fn set_support_email(self_invoice: &mut SelfInvoice, email: Patch<String>) -> bool {
    let email = email.map(|email| Email::parse(&email).map_or(email, |email| email.as_str().to_owned()));
    let is_changed = assign(&mut self_invoice.support_email, email);
    if is_changed {
        self_invoice.support_email_verified = false;
    }
    is_changed
}

/// The violations of a change.
#[derive(Default)]
struct Check {
    violations: Vec<Violation>,
}

impl Check {
    fn holds(&mut self, holds: bool, pointer: &str, code: &'static str, detail: &str) {
        if !holds {
            self.violations.push(Violation { pointer: pointer.into(), code, detail: detail.into() });
        }
    }

    /// Checks a text of one line, whose length is counted in characters.
    fn text(&mut self, pointer: &str, text: &Patch<String>, length: &RangeInclusive<usize>, detail: &str) {
        let Patch::Set(text) = text else { return };
        self.holds(length.contains(&trim(text).chars().count()), pointer, "invalid_length", detail);
        let detail = "No control and no bidirectional characters.";
        self.holds(is_line(text), pointer, "invalid_character", detail);
    }

    fn email(&mut self, pointer: &str, email: &Patch<String>) {
        let is_valid = email.as_set().is_none_or(|email| Email::parse(email).is_some());
        self.holds(is_valid, pointer, "invalid_format", "An e-mail address.");
    }

    fn folio(&mut self, pointer: &str, folio: Patch<u64>) {
        let is_valid = folio.set().is_none_or(|folio| (1..=MAX_FOLIO).contains(&folio));
        self.holds(is_valid, pointer, "out_of_range", "A number from 1 to 9,007,199,254,740,991.");
    }
}

/// Applies a change to an optional field, and returns whether it has another value then.
fn assign(field: &mut Option<String>, patch: Patch<String>) -> bool {
    let before = field.clone();
    patch.map(|text| trim(&text).to_owned()).apply(field);
    *field != before
}

/// Applies a change to a field with a default, and returns whether it has another value then.
fn replace<T: PartialEq>(field: &mut T, patch: Patch<T>, default: T) -> bool {
    let value = match patch {
        Patch::Keep => return false,
        Patch::Clear => default,
        Patch::Set(value) => value,
    };
    let is_changed = *field != value;
    *field = value;
    is_changed
}

/// Returns the names of the fields that have changed.
fn changed<const N: usize>(fields: [(&'static str, bool); N]) -> Vec<&'static str> {
    fields.into_iter().filter(|(_, is_changed)| *is_changed).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_in_more_than_spelling_and_suffix() {
        for (one, other) in [
            ("Escuela Kemper Urgate", "ESCUELA KEMPER URGATE SA DE CV"),
            ("Fundación X, A.C.", "FUNDACION X AC"),
            ("Rancho S.P.R. de R.L.", "RANCHO SPR DE RL"),
            ("Banca SA de CV SOFOM ENR", "BANCA"),
            ("Peña Sociedad Anónima de Capital Variable", "PEÑA"),
            ("Pe\u{303}a", "pe\u{303}a"),
            ("Muñoz e Hijos", "MUN\u{303}OZ E HIJOS"),
        ] {
            assert!(is_same_name(one, other), "{one} {other}");
        }
        for (one, other) in [("Pena", "PEÑA SA"), ("A & B", "A B"), ("SA de CV", "X SA DE CV"), ("A", "B")] {
            assert!(!is_same_name(one, other), "{one} {other}");
        }
    }
}
