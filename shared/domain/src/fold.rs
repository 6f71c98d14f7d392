//! Texts as they are compared and searched: without case and accents, but with Ñ as the letter of its own that it is, after N.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

const TILDE: char = '\u{303}';
/// Sorts after every letter that can follow an N, so that Ñ comes after all of N's words.
const AFTER_LETTERS: char = '\u{7f}';

/// The key that names are ordered by.
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

/// The form that texts are searched in: without case and accents, Ñ like N.
pub fn search_key(text: &str) -> String {
    text.to_lowercase().nfd().filter(|letter| !is_combining_mark(*letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_without_case_and_accents_and_with_n_tilde_after_n() {
        let ordered = ["aaron", "Álvarez", "ALVARO", "Núñez", "nunez", "nz", "Ñandú", "ñu", "Oca", "Zúñiga"];
        let keys: Vec<_> = ordered.iter().map(|name| name_key(name)).collect();
        // "Núñez" (n, u, ñ) comes after "nunez" (n, u, n): the two are the only ones out of place in the list above.
        let mut sorted = keys.clone();
        sorted.sort();
        assert_eq!(sorted[3..5], [keys[4].clone(), keys[3].clone()]);
        assert_eq!([&sorted[..3], &sorted[5..]].concat(), [&keys[..3], &keys[5..]].concat());
        assert_eq!(name_key("CAFÉ"), name_key("cafe\u{301}"), "however it is composed");
    }
}
