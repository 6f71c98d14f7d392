//! `padron declared`: finds what endpoints declare and no test has seen.
//!
//! A store action that is declared but never used is a permission that a function does not need. A failure that is declared but never
//! returned is either untested or impossible.

use std::{collections::BTreeSet, fs, path::Path};

use padron_store::Action;

/// The declarations that no test can show: function, action or failure, and reason.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// Returns a line for each action and failure that an endpoint declares and that is not in the file `seen`, which lists what the tests have
/// seen.
///
/// Failures of access and input belong to many endpoints, so that one that was seen at any endpoint counts for all.
///
/// # Errors
///
/// Fails if the file cannot be read. The tests write it.
pub fn unseen(seen: &Path) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(seen).map_err(|error| format!("{}: {error}", seen.display()))?;
    let seen: BTreeSet<(&str, &str)> = text.lines().filter_map(|line| line.split_once(' ')).collect();
    let seen_anywhere: BTreeSet<&str> = seen.iter().map(|(_, shown)| *shown).collect();
    let is_exception = |function: &str, shown: &str| {
        EXCEPTIONS.iter().any(|(known, exception, _)| *known == function && *exception == shown)
    };
    let mut unseen = Vec::new();
    for background in padron_api::background() {
        let function = background.function;
        for action in background.actions() {
            let shown = action_line(action);
            if !seen.contains(&(function, &*shown)) && !is_exception(function, &shown) {
                unseen.push(format!("{function} declares {shown}, which no test has seen"));
            }
        }
    }
    for endpoint in padron_api::endpoints() {
        let function = endpoint.route.function;
        let mut require = |shown: &str, is_seen: bool| {
            if !is_seen && !is_exception(function, shown) {
                unseen.push(format!("{function} declares {shown}, which no test has seen"));
            }
        };
        for action in endpoint.actions() {
            let shown = action_line(action);
            require(&shown, seen.contains(&(function, &*shown)));
        }
        for failure in endpoint.own_failures() {
            require(failure.code(), seen.contains(&(function, failure.code())));
        }
        for failure in endpoint.failures() {
            require(failure.code(), seen_anywhere.contains(failure.code()));
        }
    }
    unseen.sort();
    unseen.dedup();
    Ok(unseen)
}

/// Returns the line of an action in the file `seen`.
fn action_line(action: Action) -> String {
    format!("{} {}", action.name, action.on.name())
}
