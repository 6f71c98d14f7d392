//! Holds the tests in `it/`.
