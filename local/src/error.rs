//! Messages about errors of the store.

/// Returns the message of an error of the store, for the user of a command.
pub(crate) fn explain(error: &padron_domain::Error) -> String {
    format!("The table cannot be used: {}.", error.cause().unwrap_or("for no known reason"))
}
