//! What the tests of a process have seen endpoints do.
//!
//! Every store action and every failure is appended to a file when an endpoint shows it for the first time. `padron declared` compares the
//! file with what the endpoints declare.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::Write,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use padron_http::Registration;
use padron_store::{Action, On};

/// The name of the file, in the folder of the test's binary.
const FILE: &str = "padron-seen.txt";

static SEEN: Mutex<Option<Seen>> = Mutex::new(None);

#[derive(Debug)]
struct Seen {
    lines: BTreeSet<String>,
    file: File,
}

/// Returns where the file of this process is.
fn path() -> PathBuf {
    std::env::current_exe().expect("the path of a test's binary").with_file_name(FILE)
}

/// Notes that an endpoint has shown something: an action, or the code of a failure.
pub(crate) fn note(endpoint: &Registration, shown: &str) {
    let line = format!("{} {shown}", endpoint.route.function);
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

/// The actions that the requests in flight may use, and those requests.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    functions: Vec<&'static str>,
    allowed: BTreeSet<Action>,
    /// Whether others than the app send requests to the same proxy.
    pub(crate) has_others: bool,
}

impl InFlight {
    pub(crate) fn begin(&mut self, endpoint: &Registration) {
        self.functions.push(endpoint.route.function);
        self.allowed.extend(endpoint.actions());
    }

    /// Ends a request.
    ///
    /// # Panics
    ///
    /// Panics if an action is not declared by any of the requests in flight.
    pub(crate) fn end(&mut self, endpoint: &Registration, used: BTreeSet<(String, Option<String>)>) {
        let is_alone = self.functions.iter().all(|function| *function == endpoint.route.function);
        for (name, index) in used.into_iter().filter(|_| !self.has_others) {
            let is_used = |action: &&Action| {
                let on = match action.on {
                    On::Table => None,
                    On::Index(index) => Some(index),
                };
                action.name == name && on == index.as_deref()
            };
            let declared = self.allowed.iter().find(is_used);
            let functions = &self.functions;
            assert!(
                declared.is_some(),
                "{functions:?} use {name} on {index:?}, which is not declared: add it to ACTIONS"
            );
            if is_alone {
                note(endpoint, &format!("{name} {}", index.as_deref().unwrap_or("table")));
            }
        }
        let ended = self.functions.iter().position(|function| *function == endpoint.route.function);
        if let Some(ended) = ended {
            self.functions.swap_remove(ended);
        }
        if self.functions.is_empty() {
            self.allowed.clear();
        }
    }
}
