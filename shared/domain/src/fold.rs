//! Keys by which texts are sorted and searched, without case and accents.
//!
//! In a sort key, Ñ comes after N. In a search key, Ñ is an N.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::{latin::ascii_spelling, text};

/// The combining tilde.
const TILDE: char = '\u{303}';
/// A character that sorts after every ASCII letter, so that Ñ comes after all words with N.
const AFTER_LETTERS: char = '\u{7f}';

/// Returns the key that names are sorted by: lower case, without accents, and with Ñ after N.
pub fn name_key(name: &str) -> String {
    let mut key = String::with_capacity(name.len());
    for letter in name.to_lowercase().nfd() {
        if letter == TILDE && key.ends_with('n') {
            key.push(AFTER_LETTERS);
        } else if !is_combining_mark(letter) {
            key.push(letter);
        }
    }
    key
}

/// Returns the key that texts are searched by: without case, marks and zero-width characters.
///
/// Ñ becomes N, and Latin letters get their ASCII spelling, so that `strasse` finds `Straße` and `aero` finds `Ærø`.
///
/// The key is close to Unicode's `NFKC_Casefold`, but without marks. It applies compatibility decomposition and then full case
/// folding, character by character, so that a final sigma becomes a sigma. A dotless ı becomes an i.
pub fn search_key(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for letter in text.nfkd().flat_map(full_case_fold).nfkd() {
        if is_combining_mark(letter) || text::is_zero_width(letter) {
            continue;
        }
        match ascii_spelling(letter) {
            Some(spelling) => key.push_str(spelling),
            None if matches!(letter, '\u{2018}' | '\u{2019}' | '\u{2bc}') => key.push('\''),
            // Every kind of white space becomes a space, and so does a run of white space.
            None if letter.is_whitespace() => {
                if !key.ends_with(' ') {
                    key.push(' ');
                }
            }
            None => key.push(letter),
        }
    }
    key
}

/// Folds the case of one character.
///
/// For most characters, the upper case converted to lower case is what Unicode's `CaseFolding.txt` has. The conversion to lower
/// case comes first for letters that have no other upper case, such as ẞ.
fn full_case_fold(letter: char) -> impl Iterator<Item = char> {
    letter.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_without_case_and_accents_and_with_n_tilde_after_n() {
        let ordered = ["aaron", "Álvarez", "ALVARO", "nunez", "Núñez", "nz", "Ñandú", "ñu", "Oca", "Zúñiga"];
        let keys: Vec<_> = ordered.iter().map(|name| name_key(name)).collect();
        assert!(keys.is_sorted(), "{keys:?}");
        assert_eq!(name_key("CAFÉ"), name_key("cafe\u{301}"), "however it is composed");
    }

    #[test]
    fn texts_are_found_by_what_people_type() {
        for (text, typed) in [
            ("Straße", "strasse"),
            ("O’Brien", "o'brien"),
            ("Juan \u{a0} Pérez", "juan perez"),
            ("STRASSE", "straße"),
            ("GROẞE", "grosse"),
            ("ﬁne", "fine"),
            ("oﬃce", "OFFICE"),
            ("ŒUVRE", "oeuvre"),
            ("Ærø", "aero"),
            ("Łódź", "lodz"),
            ("Møller", "moller"),
            ("Þór", "thor"),
            ("Guðrún", "gudrun"),
            ("Đorđe", "dorde"),
            ("ΟΔΟΣ", "οδος"),
            ("οδός", "ΟΔΟΣ"),
            ("Peña", "PENA"),
            ("pen\u{303}a", "peña"),
            ("İstanbul", "istanbul"),
            ("Ａｃｍｅ　Ｃｏｒｐ", "acme corp"),
            ("Ⅷ", "viii"),
            ("zero\u{200b}width", "zerowidth"),
            ("no\u{a0}break", "no break"),
            ("soft\u{ad}hyphen", "softhyphen"),
            ("Ĳssel", "ijssel"),
            ("ſ", "s"),
            ("ñandú", "NANDU"),
        ] {
            assert_eq!(search_key(text), search_key(typed), "{text} {typed}");
        }
        for (one, other) in
            [("Straße", "strase"), ("北京", "beijing"), ("100%", "100"), ("a_b", "axb"), ("Дом", "dom")]
        {
            assert_ne!(search_key(one), search_key(other), "{one} {other}");
        }
    }
}
