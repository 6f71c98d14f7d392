//! The package of the integration tests in `it/`.
