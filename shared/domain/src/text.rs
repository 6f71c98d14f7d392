//! Rules for texts that people send: the characters that are trimmed from their ends, and those that are forbidden.

/// Returns whether a character is trimmed from the ends of a text: white space (Unicode's property `White_Space`) or a zero-width
/// character.
pub(crate) fn is_blank(character: char) -> bool {
    character.is_whitespace() || is_zero_width(character)
}

/// Returns whether a character is a zero-width character.
///
/// These are the characters of the property `Default_Ignorable_Code_Point` that editors and spreadsheets leave behind: soft
/// hyphen, zero-width space, joiners and no-break space, word joiner, directional marks and the byte order mark.
pub(crate) fn is_zero_width(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

/// Returns whether a character on its own shows nothing.
///
/// This includes blank characters, characters that only change others (the rest of `Default_Ignorable_Code_Point`), and the empty
/// Braille pattern. At the end of a text, such a character may belong to the one before it.
fn shows_nothing(character: char) -> bool {
    is_blank(character)
        || matches!(
            character,
            '\u{34f}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{2065}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fff8}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Returns a text without the blank characters at its ends.
///
/// Blank characters inside the text are kept. A text that shows nothing at all becomes empty.
pub fn trim(text: &str) -> &str {
    if text.chars().all(shows_nothing) { "" } else { text.trim_matches(is_blank) }
}

/// Returns whether a text contains white space other than a plain space, or a zero-width character.
///
/// Two texts that differ in such characters can look alike.
pub(crate) fn has_invisible(text: &str) -> bool {
    text.chars().any(|character| character != ' ' && is_blank(character))
}

/// Returns whether a character is forbidden in a text of one line.
///
/// Control characters are forbidden, and so are line and paragraph separators and characters that change the direction of the
/// text after them (CVE-2021-42574).
pub(crate) fn is_forbidden(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A regular expression (ECMA-262) for texts of one line without control and bidirectional characters, for `pattern` of JSON
/// Schema.
pub const LINE_PATTERN: &str = r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$";

/// Returns whether a text is a single line without forbidden characters.
///
/// Such a text reads as it is stored. It can be used in keys, lists and logs.
pub(crate) fn is_line(text: &str) -> bool {
    !text.chars().any(is_forbidden)
}

/// Returns a text as one line of at most `longest` characters; `None` if nothing is left.
///
/// Control characters, bidirectional characters and directional marks are removed, and so are blank characters at the ends. This
/// is for texts that a third party vouches for, such as the claims of an issuer, where there is no caller to correct them.
pub fn to_line(text: &str, longest: usize) -> Option<String> {
    let is_mark = |character| matches!(character, '\u{200e}' | '\u{200f}' | '\u{61c}');
    let kept: String = text.chars().filter(|one| !is_forbidden(*one) && !is_mark(*one)).collect();
    let cut: String = trim(&kept).chars().take(longest).collect();
    let line = trim(&cut);
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_characters_are_trimmed_at_the_ends_and_stay_inside() {
        for (sent, trimmed) in [
            (" a b ", "a b"),
            ("\u{a0}a\u{a0}b\u{a0}", "a\u{a0}b"),
            ("\u{200b}a\u{200b}", "a"),
            ("\u{feff}a", "a"),
            ("\t\r\na\u{2003}\u{3000}", "a"),
            ("\u{2060}\u{ad}\u{200e}a\u{200f}", "a"),
            (" \u{200b}\u{a0}", ""),
            ("\u{3164}\u{3164}", ""),
            ("\u{fe0f}", ""),
            ("\u{e0041} \u{2800}", ""),
            ("❤\u{fe0f}", "❤\u{fe0f}"),
            ("ñ", "ñ"),
        ] {
            assert_eq!(trim(sent), trimmed, "{sent:?}");
        }
        assert!(has_invisible("a\u{a0}b") && has_invisible("a\u{200b}b") && has_invisible("a\tb"));
        assert!(!has_invisible("a b") && !has_invisible("Ñandú"));
    }

    #[test]
    fn the_pattern_of_a_line_allows_what_a_line_may_hold() {
        // The character class between `[^` and `]`, as code points.
        let class = LINE_PATTERN.strip_prefix("^[^").and_then(|rest| rest.strip_suffix("]*$")).unwrap();
        let point = |text: &str| u32::from_str_radix(text.strip_prefix(r"\u").unwrap(), 16).unwrap();
        let ranges: Vec<(u32, u32)> = class
            .as_bytes()
            .chunks(13)
            .map(|range| std::str::from_utf8(range).unwrap().split_once('-').unwrap())
            .map(|(first, last)| (point(first), point(last)))
            .collect();
        for character in '\0'..=char::MAX {
            let is_in_class = ranges.iter().any(|(first, last)| (*first..=*last).contains(&character.into()));
            assert_eq!(is_forbidden(character), is_in_class, "{character:?}");
        }
        assert_eq!(crate::Customer::NAME_PATTERN, LINE_PATTERN.replace("[^", "[^|"));
    }

    #[test]
    fn a_line_has_no_control_and_no_bidirectional_characters() {
        for (claimed, line) in [
            ("María Peña", Some("María Peña")),
            ("a\0b\r\nc\u{1b}d\u{202e}e\u{2028}", Some("abcde")),
            (" \u{2066}x\u{2069} ", Some("x")),
            ("\u{1}\u{7f}\u{85}", None),
            ("", None),
            ("  ", None),
        ] {
            assert_eq!(to_line(claimed, 300).as_deref(), line, "{claimed:?}");
        }
        assert_eq!(to_line(&"ñ".repeat(4500), 300).map(|line| line.chars().count()), Some(300));
        assert_eq!(
            to_line(&format!("{} x", "a".repeat(299)), 300).unwrap().len(),
            299,
            "no space at the end"
        );
    }
}
