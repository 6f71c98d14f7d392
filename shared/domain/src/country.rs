//! Country codes and names (ISO 3166-1), in the forms that the dialects of the API use.

use std::{collections::HashMap, sync::LazyLock};

use rust_iso3166::{ALL, from_alpha2, from_alpha3};

use crate::{search_key, text::trim};

/// The alpha-3 code of Mexico, the country of customers with Mexican tax data.
pub const MEXICO: &str = "MEX";

/// Returns whether a text is an alpha-3 code in upper case.
pub(crate) fn is_alpha_3(text: &str) -> bool {
    from_alpha3(text).is_some_and(|country| country.alpha3 == text)
}

/// Returns the alpha-3 code for an alpha-2 code in upper case; `None` if it is unknown.
pub fn alpha_3_of_alpha_2(text: &str) -> Option<&'static str> {
    from_alpha2(text).filter(|country| country.alpha2 == text).map(|country| country.alpha3)
}

/// Returns the alpha-2 code for an alpha-3 code; `None` if it is unknown.
pub fn alpha_2_of_alpha_3(text: &str) -> Option<&'static str> {
    from_alpha3(text).map(|country| country.alpha2)
}

/// Returns the alpha-3 code for a country as people write it; `None` if it is unknown.
///
/// The text can be an alpha-2 code, an alpha-3 code, or a name in English or Spanish.
pub fn alpha_3_of_words(text: &str) -> Option<&'static str> {
    static NAMES: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
        let english = ALL.iter().map(|country| (country.name, country.alpha3));
        let codes = ALL
            .iter()
            .flat_map(|country| [(country.alpha2, country.alpha3), (country.alpha3, country.alpha3)]);
        let spanish = SPANISH_NAMES.iter().chain(&OTHER_NAMES).map(|(code, name)| (*name, *code));
        let bare = |name: &'static str| {
            [" (el)", " (la)", " (los)", " (las)"].into_iter().find_map(|article| name.strip_suffix(article))
        };
        let without_article = SPANISH_NAMES.iter().filter_map(|(code, name)| Some((bare(name)?, *code)));
        let all = spanish.chain(without_article).chain(english).chain(codes);
        all.map(|(name, code)| (search_key(name), code)).collect()
    });
    NAMES.get(&search_key(trim(text))).copied()
}

/// The alpha-3 codes of common names that neither ISO 3166-1 nor the SAT catalogue has.
const OTHER_NAMES: [(&str, &str); 34] = [
    ("BOL", "Bolivia"),
    ("BHS", "The Bahamas"),
    ("BRN", "Brunei"),
    ("CIV", "Ivory Coast"),
    ("CPV", "Cape Verde"),
    ("CZE", "Czech Republic"),
    ("GBR", "United Kingdom"),
    ("GBR", "UK"),
    ("GBR", "Great Britain"),
    ("IRN", "Iran"),
    ("KOR", "South Korea"),
    ("KOR", "Corea del Sur"),
    ("LAO", "Laos"),
    ("MAC", "Macau"),
    ("MDA", "Moldova"),
    ("MEX", "Méjico"),
    ("MMR", "Burma"),
    ("NLD", "Holland"),
    ("NLD", "Netherlands"),
    ("NLD", "Holanda"),
    ("PRK", "North Korea"),
    ("PSE", "Palestine"),
    ("RUS", "Russia"),
    ("SWZ", "Swaziland"),
    ("SYR", "Syria"),
    ("TUR", "Turkey"),
    ("TWN", "Taiwan"),
    ("TZA", "Tanzania"),
    ("USA", "United States"),
    ("USA", "U.S.A."),
    ("VAT", "Vatican"),
    ("VAT", "Vatican City"),
    ("VEN", "Venezuela"),
    ("VNM", "Vietnam"),
];

/// The alpha-3 codes and Spanish names of the SAT catalogue `c_Pais`.
const SPANISH_NAMES: [(&str, &str); 249] = [
    ("AFG", "Afganistán"),
    ("ALA", "Islas Åland"),
    ("ALB", "Albania"),
    ("DEU", "Alemania"),
    ("AND", "Andorra"),
    ("AGO", "Angola"),
    ("AIA", "Anguila"),
    ("ATA", "Antártida"),
    ("ATG", "Antigua y Barbuda"),
    ("SAU", "Arabia Saudita"),
    ("DZA", "Argelia"),
    ("ARG", "Argentina"),
    ("ARM", "Armenia"),
    ("ABW", "Aruba"),
    ("AUS", "Australia"),
    ("AUT", "Austria"),
    ("AZE", "Azerbaiyán"),
    ("BHS", "Bahamas (las)"),
    ("BGD", "Bangladés"),
    ("BRB", "Barbados"),
    ("BHR", "Baréin"),
    ("BEL", "Bélgica"),
    ("BLZ", "Belice"),
    ("BEN", "Benín"),
    ("BMU", "Bermudas"),
    ("BLR", "Bielorrusia"),
    ("MMR", "Myanmar"),
    ("BOL", "Bolivia, Estado Plurinacional de"),
    ("BIH", "Bosnia y Herzegovina"),
    ("BWA", "Botsuana"),
    ("BRA", "Brasil"),
    ("BRN", "Brunéi Darussalam"),
    ("BGR", "Bulgaria"),
    ("BFA", "Burkina Faso"),
    ("BDI", "Burundi"),
    ("BTN", "Bután"),
    ("CPV", "Cabo Verde"),
    ("KHM", "Camboya"),
    ("CMR", "Camerún"),
    ("CAN", "Canadá"),
    ("QAT", "Catar"),
    ("BES", "Bonaire, San Eustaquio y Saba"),
    ("TCD", "Chad"),
    ("CHL", "Chile"),
    ("CHN", "China"),
    ("CYP", "Chipre"),
    ("COL", "Colombia"),
    ("COM", "Comoras"),
    ("PRK", "Corea (la República Democrática Popular de)"),
    ("KOR", "Corea (la República de)"),
    ("CIV", "Côte d'Ivoire"),
    ("CRI", "Costa Rica"),
    ("HRV", "Croacia"),
    ("CUB", "Cuba"),
    ("CUW", "Curaçao"),
    ("DNK", "Dinamarca"),
    ("DMA", "Dominica"),
    ("ECU", "Ecuador"),
    ("EGY", "Egipto"),
    ("SLV", "El Salvador"),
    ("ARE", "Emiratos Árabes Unidos (Los)"),
    ("ERI", "Eritrea"),
    ("SVK", "Eslovaquia"),
    ("SVN", "Eslovenia"),
    ("ESP", "España"),
    ("USA", "Estados Unidos (los)"),
    ("EST", "Estonia"),
    ("ETH", "Etiopía"),
    ("PHL", "Filipinas (las)"),
    ("FIN", "Finlandia"),
    ("FJI", "Fiyi"),
    ("FRA", "Francia"),
    ("GAB", "Gabón"),
    ("GMB", "Gambia (La)"),
    ("GEO", "Georgia"),
    ("GHA", "Ghana"),
    ("GIB", "Gibraltar"),
    ("GRD", "Granada"),
    ("GRC", "Grecia"),
    ("GRL", "Groenlandia"),
    ("GLP", "Guadalupe"),
    ("GUM", "Guam"),
    ("GTM", "Guatemala"),
    ("GUF", "Guayana Francesa"),
    ("GGY", "Guernsey"),
    ("GIN", "Guinea"),
    ("GNB", "Guinea-Bisáu"),
    ("GNQ", "Guinea Ecuatorial"),
    ("GUY", "Guyana"),
    ("HTI", "Haití"),
    ("HND", "Honduras"),
    ("HKG", "Hong Kong"),
    ("HUN", "Hungría"),
    ("IND", "India"),
    ("IDN", "Indonesia"),
    ("IRQ", "Irak"),
    ("IRN", "Irán (la República Islámica de)"),
    ("IRL", "Irlanda"),
    ("BVT", "Isla Bouvet"),
    ("IMN", "Isla de Man"),
    ("CXR", "Isla de Navidad"),
    ("NFK", "Isla Norfolk"),
    ("ISL", "Islandia"),
    ("CYM", "Islas Caimán (las)"),
    ("CCK", "Islas Cocos (Keeling)"),
    ("COK", "Islas Cook (las)"),
    ("FRO", "Islas Feroe (las)"),
    ("SGS", "Georgia del sur y las islas sandwich del sur"),
    ("HMD", "Isla Heard e Islas McDonald"),
    ("FLK", "Islas Malvinas [Falkland] (las)"),
    ("MNP", "Islas Marianas del Norte (las)"),
    ("MHL", "Islas Marshall (las)"),
    ("PCN", "Pitcairn"),
    ("SLB", "Islas Salomón (las)"),
    ("TCA", "Islas Turcas y Caicos (las)"),
    ("UMI", "Islas de Ultramar Menores de Estados Unidos (las)"),
    ("VGB", "Islas Vírgenes (Británicas)"),
    ("VIR", "Islas Vírgenes (EE.UU.)"),
    ("ISR", "Israel"),
    ("ITA", "Italia"),
    ("JAM", "Jamaica"),
    ("JPN", "Japón"),
    ("JEY", "Jersey"),
    ("JOR", "Jordania"),
    ("KAZ", "Kazajistán"),
    ("KEN", "Kenia"),
    ("KGZ", "Kirguistán"),
    ("KIR", "Kiribati"),
    ("KWT", "Kuwait"),
    ("LAO", "Lao, (la) República Democrática Popular"),
    ("LSO", "Lesoto"),
    ("LVA", "Letonia"),
    ("LBN", "Líbano"),
    ("LBR", "Liberia"),
    ("LBY", "Libia"),
    ("LIE", "Liechtenstein"),
    ("LTU", "Lituania"),
    ("LUX", "Luxemburgo"),
    ("MAC", "Macao"),
    ("MDG", "Madagascar"),
    ("MYS", "Malasia"),
    ("MWI", "Malaui"),
    ("MDV", "Maldivas"),
    ("MLI", "Malí"),
    ("MLT", "Malta"),
    ("MAR", "Marruecos"),
    ("MTQ", "Martinica"),
    ("MUS", "Mauricio"),
    ("MRT", "Mauritania"),
    ("MYT", "Mayotte"),
    ("MEX", "México"),
    ("FSM", "Micronesia (los Estados Federados de)"),
    ("MDA", "Moldavia (la República de)"),
    ("MCO", "Mónaco"),
    ("MNG", "Mongolia"),
    ("MNE", "Montenegro"),
    ("MSR", "Montserrat"),
    ("MOZ", "Mozambique"),
    ("NAM", "Namibia"),
    ("NRU", "Nauru"),
    ("NPL", "Nepal"),
    ("NIC", "Nicaragua"),
    ("NER", "Níger (el)"),
    ("NGA", "Nigeria"),
    ("NIU", "Niue"),
    ("NOR", "Noruega"),
    ("NCL", "Nueva Caledonia"),
    ("NZL", "Nueva Zelanda"),
    ("OMN", "Omán"),
    ("NLD", "Países Bajos (los)"),
    ("PAK", "Pakistán"),
    ("PLW", "Palaos"),
    ("PSE", "Palestina, Estado de"),
    ("PAN", "Panamá"),
    ("PNG", "Papúa Nueva Guinea"),
    ("PRY", "Paraguay"),
    ("PER", "Perú"),
    ("PYF", "Polinesia Francesa"),
    ("POL", "Polonia"),
    ("PRT", "Portugal"),
    ("PRI", "Puerto Rico"),
    ("GBR", "Reino Unido (el)"),
    ("CAF", "República Centroafricana (la)"),
    ("CZE", "República Checa (la)"),
    ("MKD", "Macedonia (la antigua República Yugoslava de)"),
    ("COG", "Congo"),
    ("COD", "Congo (la República Democrática del)"),
    ("DOM", "República Dominicana (la)"),
    ("REU", "Reunión"),
    ("RWA", "Ruanda"),
    ("ROU", "Rumania"),
    ("RUS", "Rusia, (la) Federación de"),
    ("ESH", "Sahara Occidental"),
    ("WSM", "Samoa"),
    ("ASM", "Samoa Americana"),
    ("BLM", "San Bartolomé"),
    ("KNA", "San Cristóbal y Nieves"),
    ("SMR", "San Marino"),
    ("MAF", "San Martín (parte francesa)"),
    ("SPM", "San Pedro y Miquelón"),
    ("VCT", "San Vicente y las Granadinas"),
    ("SHN", "Santa Helena, Ascensión y Tristán de Acuña"),
    ("LCA", "Santa Lucía"),
    ("STP", "Santo Tomé y Príncipe"),
    ("SEN", "Senegal"),
    ("SRB", "Serbia"),
    ("SYC", "Seychelles"),
    ("SLE", "Sierra leona"),
    ("SGP", "Singapur"),
    ("SXM", "Sint Maarten (parte holandesa)"),
    ("SYR", "Siria, (la) República Árabe"),
    ("SOM", "Somalia"),
    ("LKA", "Sri Lanka"),
    ("SWZ", "Suazilandia"),
    ("ZAF", "Sudáfrica"),
    ("SDN", "Sudán (el)"),
    ("SSD", "Sudán del Sur"),
    ("SWE", "Suecia"),
    ("CHE", "Suiza"),
    ("SUR", "Surinam"),
    ("SJM", "Svalbard y Jan Mayen"),
    ("THA", "Tailandia"),
    ("TWN", "Taiwán (Provincia de China)"),
    ("TZA", "Tanzania, República Unida de"),
    ("TJK", "Tayikistán"),
    ("IOT", "Territorio Británico del Océano Índico (el)"),
    ("ATF", "Territorios Australes Franceses (los)"),
    ("TLS", "Timor-Leste"),
    ("TGO", "Togo"),
    ("TKL", "Tokelau"),
    ("TON", "Tonga"),
    ("TTO", "Trinidad y Tobago"),
    ("TUN", "Túnez"),
    ("TKM", "Turkmenistán"),
    ("TUR", "Turquía"),
    ("TUV", "Tuvalu"),
    ("UKR", "Ucrania"),
    ("UGA", "Uganda"),
    ("URY", "Uruguay"),
    ("UZB", "Uzbekistán"),
    ("VUT", "Vanuatu"),
    ("VAT", "Santa Sede[Estado de la Ciudad del Vaticano] (la)"),
    ("VEN", "Venezuela, República Bolivariana de"),
    ("VNM", "Viet Nam"),
    ("WLF", "Wallis y Futuna"),
    ("YEM", "Yemen"),
    ("DJI", "Yibuti"),
    ("ZMB", "Zambia"),
    ("ZWE", "Zimbabue"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_known_by_its_codes_and_its_name() {
        assert!(is_alpha_3("MEX") && !is_alpha_3("mex") && !is_alpha_3("MX") && !is_alpha_3("XXX"));
        assert_eq!(alpha_3_of_alpha_2("DK"), Some("DNK"));
        assert_eq!(alpha_3_of_alpha_2("dk"), None);
        assert_eq!(alpha_2_of_alpha_3("DNK"), Some("DK"));
        for (code, name) in SPANISH_NAMES.iter().chain(&OTHER_NAMES) {
            assert!(is_alpha_3(code), "{name}");
        }
        for (text, code) in
            [("Estados Unidos (los)", "USA"), ("united states", "USA"), ("reino unido", "GBR")]
        {
            assert_eq!(alpha_3_of_words(text), Some(code), "{text}");
        }
        for text in ["MEX", "mx", " Mexico ", "México", "Méjico"] {
            assert_eq!(alpha_3_of_words(text), Some("MEX"), "{text}");
        }
        assert_eq!(alpha_3_of_words("Middle-earth"), None);
        assert_eq!(alpha_3_of_words(""), None);
    }
}
