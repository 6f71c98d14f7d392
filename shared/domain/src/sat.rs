//! Mexican tax data: the pattern of tax ids, and the SAT catalogues of CFDI 4.0 that customers and organizations refer to.
//!
//! The catalogues are `c_RegimenFiscal`, `c_UsoCFDI` and `c_Estado`, and the ranges of `c_CodigoPostal`.

use unicode_normalization::UnicodeNormalization;

use crate::{
    Timestamp, search_key,
    text::{is_blank, trim},
};

/// A kind of taxpayer: a natural person or a company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaxPerson {
    /// A natural person (persona física).
    Fisica,
    /// A company (persona moral).
    Moral,
}

/// The kinds of taxpayers that a catalogue entry applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppliesTo {
    /// Whether the entry applies to natural persons.
    pub fisica: bool,
    /// Whether the entry applies to companies.
    pub moral: bool,
}

impl AppliesTo {
    /// Returns whether the entry applies to this kind of taxpayer.
    pub const fn to(self, person: TaxPerson) -> bool {
        match person {
            TaxPerson::Fisica => self.fisica,
            TaxPerson::Moral => self.moral,
        }
    }
}

/// The reason why a text is not an RFC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RfcProblem {
    /// The text does not match SAT's pattern `t_RFC`.
    Pattern,
    /// The six digits are not a date.
    Date,
}

/// A Mexican tax id (Registro Federal de Contribuyentes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rfc<'a>(&'a str);

impl<'a> Rfc<'a> {
    /// The generic RFCs of customers without an RFC of their own: the general public, and customers abroad.
    const GENERIC: [&'static str; 2] = ["XAXX010101000", "XEXX010101000"];

    /// Returns an RFC in the spelling that is stored: `dum-901231 ab3` becomes `DUM901231AB3`.
    ///
    /// The result is not necessarily a valid RFC. [`Rfc::parse`] checks that.
    pub fn normalize(text: &str) -> String {
        let is_hyphen = |letter: char| matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
        let kept = text.nfc().filter(|letter| !is_blank(*letter) && !is_hyphen(*letter));
        kept.map(|letter| if letter == 'ñ' { 'Ñ' } else { letter.to_ascii_uppercase() }).collect()
    }

    /// Parses an RFC: SAT's pattern `[A-Z&Ñ]{3,4}` `yymmdd` `[A-Z0-9]{2}[0-9A]`, with a date that exists in this century.
    pub fn parse(text: &'a str) -> Result<Self, RfcProblem> {
        let letters: Vec<char> = text.chars().collect();
        let (name, rest) = match letters.len() {
            12 => letters.split_at(3),
            13 => letters.split_at(4),
            _ => return Err(RfcProblem::Pattern),
        };
        let (date, homonym) = rest.split_at(6);
        let [first, second, check] = homonym else { return Err(RfcProblem::Pattern) };
        let is_alphanumeric = |c: &char| c.is_ascii_uppercase() || c.is_ascii_digit();
        let is_pattern = name.iter().all(|c| c.is_ascii_uppercase() || matches!(c, '&' | 'Ñ'))
            && date.iter().all(char::is_ascii_digit)
            && is_alphanumeric(first)
            && is_alphanumeric(second)
            && (check.is_ascii_digit() || *check == 'A');
        if !is_pattern {
            return Err(RfcProblem::Pattern);
        }
        let digits: String = date.iter().collect();
        let date = format!("20{}-{}-{}T00:00:00Z", &digits[..2], &digits[2..4], &digits[4..]);
        if Timestamp::parse(&date).is_err() {
            return Err(RfcProblem::Date);
        }
        Ok(Self(text))
    }

    /// Returns the kind of taxpayer: an RFC of 12 characters is a company's, one of 13 characters is a natural person's.
    pub fn person(self) -> TaxPerson {
        if self.0.chars().count() == 12 { TaxPerson::Moral } else { TaxPerson::Fisica }
    }

    /// Returns whether the RFC is a generic one, for customers without an RFC. CFDI 4.0 requires tax system 616 with it.
    pub fn is_generic(self) -> bool {
        Self::GENERIC.contains(&self.0)
    }

    /// Returns whether the last character is the check digit of the others. Some valid RFCs have another character there.
    pub fn has_check_digit(self) -> bool {
        const ALPHABET: &str = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ";
        if self.is_generic() {
            return true;
        }
        let length = self.0.chars().count();
        let values =
            self.0.chars().map(|c| ALPHABET.chars().position(|known| known == c).unwrap_or_default());
        let weighed = values.enumerate().take(length - 1).map(|(at, value)| value * (length - at));
        let sum = if length == 12 { 481 } else { 0 } + weighed.sum::<usize>();
        let digit = match 11 - sum % 11 {
            10 => 'A',
            11 => '0',
            digit => char::from_digit(u32::try_from(digit).unwrap_or_default(), 10).unwrap_or_default(),
        };
        self.0.ends_with(digit)
    }
}

/// A tax system: an entry of the SAT catalogue `c_RegimenFiscal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxSystem {
    /// The code of the tax system.
    pub code: &'static str,
    /// The name of the tax system, in Spanish.
    pub name: &'static str,
    /// The kinds of taxpayers that can have the tax system.
    pub applies: AppliesTo,
}

impl TaxSystem {
    /// All tax systems that are in force.
    pub const ALL: &'static [Self] = &TAX_SYSTEMS;

    /// The code of the tax system for customers without tax obligations in Mexico: foreigners, and customers with a generic RFC.
    pub const NO_OBLIGATIONS: &'static str = "616";

    /// Returns the tax system with this code; `None` if there is none.
    pub fn find(code: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|system| system.code == code)
    }
}

/// A use that a recipient makes of an invoice: an entry of the SAT catalogue `c_UsoCFDI`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvoiceUse {
    /// The code of the use.
    pub code: &'static str,
    /// The name of the use, in Spanish.
    pub name: &'static str,
    /// The kinds of taxpayers that can choose the use.
    pub applies: AppliesTo,
    /// The codes of the tax systems that allow the use.
    pub tax_systems: &'static [&'static str],
}

impl InvoiceUse {
    /// All uses that are in force.
    pub const ALL: &'static [Self] = &INVOICE_USES;

    /// The codes of the uses for customers without tax obligations in Mexico: without tax effects (S01), and payments (CP01).
    pub const NO_OBLIGATIONS: [&'static str; 2] = ["S01", "CP01"];

    /// Returns the use with this code; `None` if there is none.
    pub fn find(code: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|invoice_use| invoice_use.code == code)
    }
}

/// Returns whether a text has the form of a Mexican postal code: five digits.
pub(crate) fn is_zip(text: &str) -> bool {
    text.len() == 5 && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// Returns whether a text is a postal code of five digits that belongs to no state.
pub(crate) fn is_zip_of_no_state(zip: &str) -> bool {
    let is_of_range = |zip: u32| ZIP_RANGES.iter().any(|(from, to, _)| (*from..=*to).contains(&zip));
    is_zip(zip) && !zip.parse().is_ok_and(is_of_range)
}

/// Returns whether a postal code and a state contradict each other. An unknown state contradicts no postal code.
pub(crate) fn is_zip_of_another_state(zip: &str, state: &str) -> bool {
    let key = search_key(trim(state));
    let is_meant = |known: &State| search_key(known.code) == key || search_key(known.name) == key;
    let code = STATES.iter().find(|known| is_meant(known)).map(|known| known.code);
    let code = code.or_else(|| OTHER_NAMES.iter().find(|(name, _)| *name == key).map(|(_, code)| *code));
    let (Some(code), Ok(zip)) = (code, zip.parse::<u32>()) else { return false };
    !ZIP_RANGES.iter().any(|(from, to, state)| (*from..=*to).contains(&zip) && *state == code)
}

/// A federal entity: an entry of the SAT catalogue `c_Estado`.
struct State {
    code: &'static str,
    name: &'static str,
}

/// Other names of states, as search keys, with the codes of the states.
const OTHER_NAMES: [(&str, &str); 7] = [
    ("cdmx", "CMX"),
    ("df", "CMX"),
    ("distrito federal", "CMX"),
    ("mexico", "MEX"),
    ("coahuila de zaragoza", "COA"),
    ("michoacan de ocampo", "MIC"),
    ("veracruz de ignacio de la llave", "VER"),
];

const FISICA: AppliesTo = AppliesTo { fisica: true, moral: false };
const MORAL: AppliesTo = AppliesTo { fisica: false, moral: true };
const BOTH: AppliesTo = AppliesTo { fisica: true, moral: true };

const fn tax_system(code: &'static str, name: &'static str, applies: AppliesTo) -> TaxSystem {
    TaxSystem { code, name, applies }
}

const fn invoice_use(
    code: &'static str,
    name: &'static str,
    applies: AppliesTo,
    tax_systems: &'static [&'static str],
) -> InvoiceUse {
    InvoiceUse { code, name, applies, tax_systems }
}

/// The codes of the tax systems of taxpayers who run a business.
const ACTIVITY: [&str; 11] = ["601", "603", "606", "612", "620", "621", "622", "623", "624", "625", "626"];
/// The codes of the tax systems of taxpayers who may deduct personal expenses.
const DEDUCTIONS: [&str; 9] = ["605", "606", "607", "608", "611", "612", "614", "615", "625"];
/// The codes of all tax systems.
const ALL: [&str; 19] = {
    let mut codes = [""; 19];
    let mut at = 0;
    while at < codes.len() {
        codes[at] = TAX_SYSTEMS[at].code;
        at += 1;
    }
    codes
};

const TAX_SYSTEMS: [TaxSystem; 19] = [
    tax_system("601", "General de Ley Personas Morales", MORAL),
    tax_system("603", "Personas Morales con Fines no Lucrativos", MORAL),
    tax_system("605", "Sueldos y Salarios e Ingresos Asimilados a Salarios", FISICA),
    tax_system("606", "Arrendamiento", FISICA),
    tax_system("607", "Régimen de Enajenación o Adquisición de Bienes", FISICA),
    tax_system("608", "Demás ingresos", FISICA),
    tax_system("610", "Residentes en el Extranjero sin Establecimiento Permanente en México", BOTH),
    tax_system("611", "Ingresos por Dividendos (socios y accionistas)", FISICA),
    tax_system("612", "Personas Físicas con Actividades Empresariales y Profesionales", FISICA),
    tax_system("614", "Ingresos por intereses", FISICA),
    tax_system("615", "Régimen de los ingresos por obtención de premios", FISICA),
    tax_system("616", "Sin obligaciones fiscales", FISICA),
    tax_system("620", "Sociedades Cooperativas de Producción que optan por diferir sus ingresos", MORAL),
    tax_system("621", "Incorporación Fiscal", FISICA),
    tax_system("622", "Actividades Agrícolas, Ganaderas, Silvícolas y Pesqueras", MORAL),
    tax_system("623", "Opcional para Grupos de Sociedades", MORAL),
    tax_system("624", "Coordinados", MORAL),
    tax_system(
        "625",
        "Régimen de las Actividades Empresariales con ingresos a través de Plataformas Tecnológicas",
        FISICA,
    ),
    tax_system("626", "Régimen Simplificado de Confianza", BOTH),
];

const INVOICE_USES: [InvoiceUse; 24] = [
    invoice_use("G01", "Adquisición de mercancías", BOTH, &ACTIVITY),
    invoice_use(
        "G02",
        "Devoluciones, descuentos o bonificaciones",
        BOTH,
        &["601", "603", "606", "612", "616", "620", "621", "622", "623", "624", "625", "626"],
    ),
    invoice_use("G03", "Gastos en general", BOTH, &ACTIVITY),
    invoice_use("I01", "Construcciones", BOTH, &ACTIVITY),
    invoice_use("I02", "Mobiliario y equipo de oficina por inversiones", BOTH, &ACTIVITY),
    invoice_use("I03", "Equipo de transporte", BOTH, &ACTIVITY),
    invoice_use("I04", "Equipo de computo y accesorios", BOTH, &ACTIVITY),
    invoice_use("I05", "Dados, troqueles, moldes, matrices y herramental", BOTH, &ACTIVITY),
    invoice_use("I06", "Comunicaciones telefónicas", BOTH, &ACTIVITY),
    invoice_use("I07", "Comunicaciones satelitales", BOTH, &ACTIVITY),
    invoice_use("I08", "Otra maquinaria y equipo", BOTH, &ACTIVITY),
    invoice_use("D01", "Honorarios médicos, dentales y gastos hospitalarios", FISICA, &DEDUCTIONS),
    invoice_use("D02", "Gastos médicos por incapacidad o discapacidad", FISICA, &DEDUCTIONS),
    invoice_use("D03", "Gastos funerales", FISICA, &DEDUCTIONS),
    invoice_use("D04", "Donativos", FISICA, &DEDUCTIONS),
    invoice_use(
        "D05",
        "Intereses reales efectivamente pagados por créditos hipotecarios (casa habitación)",
        FISICA,
        &DEDUCTIONS,
    ),
    invoice_use("D06", "Aportaciones voluntarias al SAR", FISICA, &DEDUCTIONS),
    invoice_use("D07", "Primas por seguros de gastos médicos", FISICA, &DEDUCTIONS),
    invoice_use("D08", "Gastos de transportación escolar obligatoria", FISICA, &DEDUCTIONS),
    invoice_use(
        "D09",
        "Depósitos en cuentas para el ahorro, primas que tengan como base planes de pensiones",
        FISICA,
        &DEDUCTIONS,
    ),
    invoice_use("D10", "Pagos por servicios educativos (colegiaturas)", FISICA, &DEDUCTIONS),
    invoice_use("S01", "Sin efectos fiscales", BOTH, &ALL),
    invoice_use("CP01", "Pagos", BOTH, &ALL),
    invoice_use("CN01", "Nómina", FISICA, &["605"]),
];

const STATES: [State; 32] = [
    State { code: "AGU", name: "Aguascalientes" },
    State { code: "BCN", name: "Baja California" },
    State { code: "BCS", name: "Baja California Sur" },
    State { code: "CAM", name: "Campeche" },
    State { code: "CHP", name: "Chiapas" },
    State { code: "CHH", name: "Chihuahua" },
    State { code: "COA", name: "Coahuila" },
    State { code: "COL", name: "Colima" },
    State { code: "CMX", name: "Ciudad de México" },
    State { code: "DUR", name: "Durango" },
    State { code: "GUA", name: "Guanajuato" },
    State { code: "GRO", name: "Guerrero" },
    State { code: "HID", name: "Hidalgo" },
    State { code: "JAL", name: "Jalisco" },
    State { code: "MEX", name: "Estado de México" },
    State { code: "MIC", name: "Michoacán" },
    State { code: "MOR", name: "Morelos" },
    State { code: "NAY", name: "Nayarit" },
    State { code: "NLE", name: "Nuevo León" },
    State { code: "OAX", name: "Oaxaca" },
    State { code: "PUE", name: "Puebla" },
    State { code: "QUE", name: "Querétaro" },
    State { code: "ROO", name: "Quintana Roo" },
    State { code: "SLP", name: "San Luis Potosí" },
    State { code: "SIN", name: "Sinaloa" },
    State { code: "SON", name: "Sonora" },
    State { code: "TAB", name: "Tabasco" },
    State { code: "TAM", name: "Tamaulipas" },
    State { code: "TLA", name: "Tlaxcala" },
    State { code: "VER", name: "Veracruz" },
    State { code: "YUC", name: "Yucatán" },
    State { code: "ZAC", name: "Zacatecas" },
];

/// The ranges of postal codes of each state, including both ends (`c_CodigoPostal`).
const ZIP_RANGES: [(u32, u32, &str); 34] = [
    (1000, 16999, "CMX"),
    (20000, 20999, "AGU"),
    (21000, 22999, "BCN"),
    (23000, 23999, "BCS"),
    (24000, 24999, "CAM"),
    (25000, 27999, "COA"),
    (28000, 28999, "COL"),
    (29000, 30999, "CHP"),
    (31000, 33999, "CHH"),
    (34000, 35999, "DUR"),
    (36000, 38999, "GUA"),
    (39000, 41999, "GRO"),
    (42000, 43999, "HID"),
    (44000, 49999, "JAL"),
    (50000, 57999, "MEX"),
    (58000, 61999, "MIC"),
    (62000, 62999, "MOR"),
    (63000, 63999, "NAY"),
    (64000, 67999, "NLE"),
    (68000, 68317, "OAX"),
    (68318, 68318, "NAY"),
    (68319, 71999, "OAX"),
    (72000, 75999, "PUE"),
    (76000, 76999, "QUE"),
    (77000, 77999, "ROO"),
    (78000, 79999, "SLP"),
    (80000, 82999, "SIN"),
    (83000, 85999, "SON"),
    (86000, 86999, "TAB"),
    (87000, 89999, "TAM"),
    (90000, 90999, "TLA"),
    (91000, 96999, "VER"),
    (97000, 97999, "YUC"),
    (98000, 99999, "ZAC"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rfc_has_sats_pattern_and_a_date() {
        for (text, person) in [
            ("ABC101010111", TaxPerson::Moral),
            ("DUM901231AB3", TaxPerson::Moral),
            ("Ñ&A000229AA0", TaxPerson::Moral),
            ("CACX7605101P8", TaxPerson::Fisica),
            ("ÑÑÑÑ991231ZZA", TaxPerson::Fisica),
            ("XAXX010101000", TaxPerson::Fisica),
        ] {
            assert_eq!(Rfc::parse(text).map(Rfc::person), Ok(person), "{text}");
        }
        for text in [
            "",
            "ABC",
            "abc101010111",
            "ABC1010101112",
            "AB1101010111",
            "ABC101010 11",
            "ABC10101011B",
            "ABCD10101011",
            "ABC101010１11",
            "ABC101010111 ",
        ] {
            assert_eq!(Rfc::parse(text), Err(RfcProblem::Pattern), "{text}");
        }
        for text in ["ABC010229AB1", "ABC101310AB1", "ABC100010AB1", "ABC101000AB1", "ABC100431AB1"] {
            assert_eq!(Rfc::parse(text), Err(RfcProblem::Date), "{text}");
        }
    }

    #[test]
    fn check_digits_are_those_of_the_test_ids_of_the_tax_authority() {
        for text in [
            "EKU9003173C9",
            "CACX7605101P8",
            "XIQB891116QE4",
            "ABC101010111",
            "XAXX010101000",
            "JES900109Q90",
        ] {
            assert!(Rfc::parse(text).unwrap().has_check_digit(), "{text}");
        }
        for text in ["DUM901231AB3", "AAA010101AAA", "NOR170627727"] {
            assert!(!Rfc::parse(text).unwrap().has_check_digit(), "{text}");
        }
    }

    #[test]
    fn uses_name_tax_systems_that_there_are() {
        for InvoiceUse { code, tax_systems, .. } in InvoiceUse::ALL {
            assert!(tax_systems.iter().all(|system| TaxSystem::find(system).is_some()), "{code}");
        }
        assert!(InvoiceUse::find("P01").is_none(), "of CFDI 3.3");
        assert!(InvoiceUse::find("G02").unwrap().tax_systems.contains(&"616"));
    }

    #[test]
    fn an_rfc_is_the_same_however_it_is_spelt() {
        for (written, rfc) in [
            ("dum901231ab3", "DUM901231AB3"),
            (" DUM901231AB3 ", "DUM901231AB3"),
            ("DUM-901231-AB3", "DUM901231AB3"),
            ("DUM 901231 AB3", "DUM901231AB3"),
            ("dum\u{2013}901231\u{a0}ab3\u{200b}", "DUM901231AB3"),
            ("n\u{303}un901231ab3", "ÑUN901231AB3"),
            ("ñun901231ab3", "ÑUN901231AB3"),
            ("a&b901231ab3", "A&B901231AB3"),
            ("xaxx010101000", "XAXX010101000"),
        ] {
            assert_eq!(Rfc::normalize(written), rfc, "{written}");
            assert!(Rfc::parse(rfc).is_ok(), "{rfc}");
        }
        for other in ["DUM.901231.AB3", "DUM/901231/AB3", "ßUM901231AB3", "DÚM901231AB3"] {
            assert!(Rfc::parse(&Rfc::normalize(other)).is_err(), "{other}");
        }
    }

    #[test]
    fn a_zip_is_of_some_state_or_of_none() {
        for zip in ["00000", "00999", "17000", "19999"] {
            assert!(is_zip_of_no_state(zip), "{zip}");
        }
        for zip in ["01000", "86500", "06600", "99999", "", "x", "8650", "865000"] {
            assert!(!is_zip_of_no_state(zip), "{zip}");
        }
    }

    #[test]
    fn a_zip_and_a_state_contradict_each_other_only_when_both_are_known() {
        for (zip, state, contradict) in [
            ("86500", "Sonora", true),
            ("86500", "tabasco", false),
            ("83000", "SON", false),
            ("03100", "CDMX", false),
            ("03100", "Ciudad de Mexico", false),
            ("50000", "México", false),
            ("68318", "Oaxaca", true),
            ("86500", "Atlantis", false),
            ("x", "Sonora", false),
        ] {
            assert_eq!(is_zip_of_another_state(zip, state), contradict, "{zip} {state}");
        }
    }
}
