//! The record of the actions and failures of endpoints that the tests have seen.
//!
//! Every store action and every failure is appended to a file when an endpoint shows it for the first time. `padron
//! declared` compares the file with the declarations of the endpoints.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::Write,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use padron_store::{Action, Resource};

/// The name of the file, which is in the folder of the test binary.
const FILE: &str = "padron-seen.txt";

static SEEN: Mutex<Option<Seen>> = Mutex::new(None);

#[derive(Debug)]
struct Seen {
    lines: BTreeSet<String>,
    file: File,
}

/// Returns the path of the file of this process.
fn path() -> PathBuf {
    std::env::current_exe().expect("the path of a test's binary").with_file_name(FILE)
}

/// Records that an endpoint used an action or returned a failure, given the action or the failure's code.
pub(crate) fn note(function: &str, shown: &str) {
    let line = format!("{function} {shown}");
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    let Seen { lines, file } = seen.get_or_insert_with(|| {
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(path());
        Seen { lines: BTreeSet::new(), file: file.expect("a file beside the test's binary") }
    });
    if !lines.contains(&line) {
        writeln!(file, "{line}").expect("a file beside the test's binary");
        lines.insert(line);
    }
}

/// The requests in flight, and the actions that they may use.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    functions: Vec<&'static str>,
    allowed: BTreeSet<Action>,
    /// Whether requests to the same proxy come from other clients than the app.
    pub(crate) has_others: bool,
}

impl InFlight {
    /// Begins a request.
    pub(crate) fn begin(&mut self, function: &'static str, actions: Vec<Action>) {
        self.functions.push(function);
        self.allowed.extend(actions);
    }

    /// Ends a request, and records the actions that it used.
    ///
    /// # Panics
    ///
    /// Panics if an action is not declared by any of the requests in flight.
    pub(crate) fn end(&mut self, function: &str, used: BTreeSet<(String, Option<String>)>) {
        let is_alone = self.functions.iter().all(|other| *other == function);
        for (name, index) in used.into_iter().filter(|_| !self.has_others) {
            let on = index.as_deref().unwrap_or(Resource::Table.name());
            let is_used = |action: &&Action| action.name == name && action.on.name() == on;
            let declared = self.allowed.iter().find(is_used);
            let functions = &self.functions;
            assert!(
                declared.is_some(),
                "{functions:?} use {name} on {on:?}, which is not declared: add it to ACTIONS"
            );
            if is_alone {
                note(function, &format!("{name} {on}"));
            }
        }
        let ended = self.functions.iter().position(|other| *other == function);
        if let Some(ended) = ended {
            self.functions.swap_remove(ended);
        }
        if self.functions.is_empty() {
            self.allowed.clear();
        }
    }
}
