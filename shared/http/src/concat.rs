//! Lists that are put together at compile time.

/// Returns the elements of several lists as one array. `N` is the number of all of them.
///
/// # Panics
///
/// Panics if `N` is another number. In a constant this is a compile error.
pub const fn concat<T: Copy, const N: usize>(lists: &[&[T]]) -> [T; N] {
    let mut all = [lists[0][0]; N];
    let (mut list, mut next) = (0, 0);
    while list < lists.len() {
        let mut index = 0;
        while index < lists[list].len() {
            all[next] = lists[list][index];
            (index, next) = (index + 1, next + 1);
        }
        list += 1;
    }
    assert!(next == N, "the lists have another number of elements");
    all
}
