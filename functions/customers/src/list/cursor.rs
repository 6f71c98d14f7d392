//! The cursors of lists. They are sealed, so that clients can neither read nor forge them.

use padron_domain::{CustomerNumber, CustomerSort, Direction, Error, Position};
use padron_http::Context;

/// A cursor: the position after which a list continues, with the order and limit of the list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) sort: CustomerSort,
    pub(crate) direction: Direction,
    pub(crate) limit: u16,
    pub(crate) after: Position,
    /// The number of customers when the first page was read; `None` if they were not counted.
    pub(crate) count: Option<u64>,
}

impl Cursor {
    /// The version of the binary form. Another form gets another version, so that cursors from before an update are refused and not
    /// misread.
    const VERSION: u8 = 3;

    /// The value of a count that was not made.
    const NOT_COUNTED: u64 = u64::MAX;

    pub(crate) fn seal(&self, cx: &Context<'_>, context: &[u8]) -> Result<String, Error> {
        cx.secrets().seal_cursor(context, &self.bytes())
    }

    pub(crate) fn open(cx: &Context<'_>, context: &[u8], text: &str) -> Option<Self> {
        Self::of_bytes(&cx.secrets().open_cursor(context, text)?)
    }

    /// Returns the binary form: version, order, limit, number, count, length of the key, key and zeros.
    ///
    /// The zeros make all cursors of a sort order equally long, because the length of a name is information too.
    fn bytes(&self) -> Vec<u8> {
        let sort = CustomerSort::ALL.iter().position(|sort| *sort == self.sort).unwrap_or_default();
        let order =
            u8::try_from(sort << 1).unwrap_or_default() | u8::from(self.direction == Direction::Descending);
        let mut bytes = vec![Self::VERSION, order];
        bytes.extend(self.limit.to_be_bytes());
        bytes.extend(self.after.number.get().to_be_bytes());
        bytes.extend(self.count.unwrap_or(Self::NOT_COUNTED).to_be_bytes());
        let key = self.after.key.as_bytes();
        bytes.extend(u16::try_from(key.len()).unwrap_or_default().to_be_bytes());
        bytes.extend(key);
        let padding = longest_key(self.sort).saturating_sub(key.len());
        bytes.extend(std::iter::repeat_n(0, padding));
        bytes
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (&[version, order, high, low], rest) = bytes.split_first_chunk()?;
        if version != Self::VERSION {
            return None;
        }
        let (number, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let key = rest.get(..u16::from_be_bytes(*length).into())?;
        Some(Self {
            sort: *CustomerSort::ALL.get(usize::from(order >> 1))?,
            direction: if order & 1 == 0 { Direction::Ascending } else { Direction::Descending },
            limit: u16::from_be_bytes([high, low]),
            count: Some(u64::from_be_bytes(*count)).filter(|count| *count != Self::NOT_COUNTED),
            after: Position {
                key: String::from_utf8(key.to_vec()).ok()?,
                number: CustomerNumber::new(u64::from_be_bytes(*number))?,
            },
        })
    }
}

/// Returns the maximum length of the key of a position, in bytes.
fn longest_key(sort: CustomerSort) -> usize {
    match sort {
        CustomerSort::Id | CustomerSort::CreatedAt => 0,
        CustomerSort::Type | CustomerSort::UpdatedAt => 24,
        CustomerSort::Name | CustomerSort::OwnerName | CustomerSort::CpoName => 257,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_as_it_was_written_and_all_of_an_order_are_equally_long() {
        for sort in CustomerSort::ALL {
            let mut lengths = Vec::new();
            for key in ["", "+ñandú"] {
                let key = if longest_key(sort) == 0 { "" } else { key };
                let after = Position { key: key.into(), number: CustomerNumber::MAX };
                let count = (!key.is_empty()).then_some(7);
                let cursor = Cursor { sort, direction: Direction::Descending, limit: 1000, after, count };
                let bytes = cursor.bytes();
                lengths.push(bytes.len());
                assert_eq!(Cursor::of_bytes(&bytes), Some(cursor));
            }
            assert_eq!(lengths[0], lengths[1], "{sort:?}");
        }
        assert_eq!(Cursor::of_bytes(&[]), None);
        assert_eq!(Cursor::of_bytes(&[Cursor::VERSION; 20]), None);
    }
}
