//! Countries, as each dialect names them (ISO 3166-1).

use rust_iso3166::{ALL, CountryCode, from_alpha2, from_alpha3};

use crate::search_key;

/// The country of those whose tax data is Mexican.
pub const MEXICO: &str = "MEX";

/// Whether it is an alpha-3 code, in capitals.
pub(crate) fn is_alpha_3(text: &str) -> bool {
    from_alpha3(text).is_some_and(|country| country.alpha3 == text)
}

/// The alpha-3 code of an alpha-2 code in capitals.
pub fn alpha_3_of_alpha_2(text: &str) -> Option<&'static str> {
    from_alpha2(text).filter(|country| country.alpha2 == text).map(|country| country.alpha3)
}

/// The alpha-2 code of an alpha-3 code.
pub fn alpha_2_of_alpha_3(text: &str) -> Option<&'static str> {
    from_alpha3(text).map(|country| country.alpha2)
}

/// The alpha-3 code of what people write: a code of either kind, or a name in English.
pub fn alpha_3_of_words(text: &str) -> Option<&'static str> {
    let words = text.trim();
    let code = words.to_ascii_uppercase();
    let by_code: Option<CountryCode> = from_alpha3(&code).or_else(|| from_alpha2(&code));
    let by_name = || ALL.iter().find(|country| search_key(country.name) == search_key(words)).copied();
    by_code.or_else(by_name).map(|country| country.alpha3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_known_by_its_codes_and_its_name() {
        assert!(is_alpha_3("MEX") && !is_alpha_3("mex") && !is_alpha_3("MX") && !is_alpha_3("XXX"));
        assert_eq!(alpha_3_of_alpha_2("DK"), Some("DNK"));
        assert_eq!(alpha_3_of_alpha_2("dk"), None);
        assert_eq!(alpha_2_of_alpha_3("DNK"), Some("DK"));
        for text in ["MEX", "mx", " Mexico ", "México"] {
            assert_eq!(alpha_3_of_words(text), Some("MEX"), "{text}");
        }
        assert_eq!(alpha_3_of_words("Middle-earth"), None);
        assert_eq!(alpha_3_of_words(""), None);
    }
}
