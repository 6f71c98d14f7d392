//! Numbers as base62 digits, which the texts of credentials consist of.

/// The base62 digits of eight bytes.
pub(crate) const WORD_DIGITS: usize = 11;
/// The base62 digits of a CRC-32.
pub(crate) const CHECKSUM_DIGITS: usize = 6;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Returns a random digit of a random byte; `None` for the bytes that would make some digits more likely.
pub(crate) fn digit_of(byte: u8) -> Option<char> {
    let is_fair = usize::from(byte) < 256 / DIGITS.len() * DIGITS.len();
    is_fair.then(|| char::from(DIGITS[usize::from(byte) % DIGITS.len()]))
}

/// Appends a number as base62 digits, most significant first, with leading zeros.
pub(crate) fn encode(mut number: u64, length: usize, text: &mut String) {
    let mut digits = [0; WORD_DIGITS];
    for digit in digits[..length].iter_mut().rev() {
        *digit = usize::try_from(number % 62).unwrap_or(0);
        number /= 62;
    }
    text.extend(digits[..length].iter().map(|digit| char::from(DIGITS[*digit])));
}

/// Returns the number of base62 digits; `None` if one is no such digit, or the number has more than 64 bits.
pub(crate) fn decode(digits: &str) -> Option<u64> {
    digits.bytes().try_fold(0_u64, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'A'..=b'Z' => digit - b'A' + 10,
            b'a'..=b'z' => digit - b'a' + 36,
            _ => return None,
        };
        number.checked_mul(62)?.checked_add(value.into())
    })
}

/// Appends the CRC-32 of a text to it.
///
/// It is no security. It refuses a mistyped credential before the database is read, and tells scanners of leaked secrets that they have
/// found one.
pub(crate) fn push_checksum(text: &mut String) {
    let checksum = crc32fast::hash(text.as_bytes());
    encode(checksum.into(), CHECKSUM_DIGITS, text);
}

/// Returns a text without the CRC-32 at its end; `None` if that is not the text's.
pub(crate) fn without_checksum(text: &str) -> Option<&str> {
    let (checked, checksum) = text.split_at_checked(text.len().checked_sub(CHECKSUM_DIGITS)?)?;
    (decode(checksum)? == u64::from(crc32fast::hash(checked.as_bytes()))).then_some(checked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_of_base62() {
        for (number, digits) in [
            (0, "00000000000"),
            (61, "0000000000z"),
            (62, "00000000010"),
            (3_843, "000000000zz"),
            (u64::MAX, "LygHa16AHYF"),
        ] {
            let mut text = String::new();
            encode(number, WORD_DIGITS, &mut text);
            assert_eq!(text, digits);
            assert_eq!(decode(&text), Some(number));
        }
        assert_eq!(decode("LygHa16AHYG"), None);
        assert_eq!(decode("zzzzzzzzzzz"), None);
        assert_eq!(decode("0000000000-"), None);
    }
}
