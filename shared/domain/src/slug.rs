//! Slugs, which identify organizations in URLs.

use std::ops::RangeInclusive;

use crate::{Failure, FailureClass, OrganizationId};

/// The reason why a text is not an acceptable slug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlugProblem {
    /// The text does not have the form of a slug.
    InvalidFormat,
    /// The slug has another meaning in URLs.
    Reserved,
}

/// The allowed length of a slug, in characters.
pub const SLUG_LENGTH: RangeInclusive<usize> = 3..=50;
/// A regular expression (ECMA-262) that slugs match, apart from their length.
pub const SLUG_PATTERN: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";
/// The slugs that no organization may have, because pages and routes use them.
pub const RESERVED_SLUGS: [&str; 6] = ["api", "admin", "me", "new", "www", "slug-check"];

/// Checks whether an organization may have this slug.
///
/// A slug has 3 to 50 characters: `a`–`z`, `0`–`9`, and single hyphens between them. A UUID would be taken for the id of an organization.
pub fn check_slug(slug: &str) -> Result<(), SlugProblem> {
    let is_word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    if RESERVED_SLUGS.contains(&slug) || OrganizationId::parse(slug).is_some() {
        Err(SlugProblem::Reserved)
    } else if SLUG_LENGTH.contains(&slug.len()) && slug.split('-').all(is_word) {
        Ok(())
    } else {
        Err(SlugProblem::InvalidFormat)
    }
}

impl Failure {
    /// Another organization has this slug.
    pub const SLUG_TAKEN: Self =
        Self::new(FailureClass::Conflict, "slug_taken", "Another organization has this slug").with_hint(
            "Choose another slug. The slug of a deleted organization is free once that is purged.",
        );

    /// The slug of an organization cannot be changed.
    pub const SLUG_IMMUTABLE: Self =
        Self::new(FailureClass::Invalid, "slug_immutable", "The slug of an organization cannot be changed")
            .with_hint("Leave `slug` out, or send the one it has.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_short_lower_case_words_with_single_hyphens() {
        for slug in ["abc", "acme-corp", "4-u-2", "000", &"a".repeat(50)] {
            assert_eq!(check_slug(slug), Ok(()), "{slug}");
        }
        for slug in [
            "",
            "ab",
            &"a".repeat(51),
            "-abc",
            "abc-",
            "a--b",
            "Acme",
            "acme_corp",
            "ácme",
            "a b",
            "a.b",
            "abc\n",
            "٣٣٣",
        ] {
            assert_eq!(check_slug(slug), Err(SlugProblem::InvalidFormat), "{slug:?}");
        }
        for slug in ["api", "admin", "me", "new", "www", "slug-check", "550e8400-e29b-41d4-a716-446655440000"]
        {
            assert_eq!(check_slug(slug), Err(SlugProblem::Reserved), "{slug}");
        }
    }
}
