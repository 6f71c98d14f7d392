//! Tables that are written once in a process and then copied, because most tests begin with the same data.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use padron_emulator::Engine;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Tables that are written once in a process and then copied.
#[derive(Debug, Default)]
pub struct SavedTables(OnceCell<PathBuf>);

/// The age at which the files of earlier processes are deleted.
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);

impl SavedTables {
    /// Creates tables that are not yet written.
    pub const fn new() -> Self {
        Self(OnceCell::const_new())
    }

    /// Fills an engine with these tables. `write` writes them into that engine; it is called for the first one only.
    ///
    /// An engine that was started by someone else is always written to.
    pub(crate) async fn fill(&self, engine: &Engine, write: impl AsyncFnOnce()) {
        if !engine.is_embedded() {
            return write().await;
        }
        let save = async || {
            write().await;
            let file = new_file().expect("a folder for the tables");
            engine.save(&file).expect("the tables can be saved");
            file
        };
        let file = self.0.get_or_init(save).await;
        engine.restore(file).expect("the saved tables");
    }
}

/// Returns the path of a file that does not exist, beside the tests' binary.
fn new_file() -> io::Result<PathBuf> {
    let folder = std::env::current_exe()?.with_file_name("padron-tables");
    fs::create_dir_all(&folder)?;
    for file in fs::read_dir(&folder)? {
        let file = file?.path();
        // Another process may have deleted it.
        if is_old(&file).unwrap_or(false) {
            _ = fs::remove_file(&file);
        }
    }
    Ok(folder.join(Uuid::new_v4().to_string()))
}

fn is_old(file: &Path) -> io::Result<bool> {
    Ok(fs::metadata(file)?.modified()?.elapsed().is_ok_and(|age| age > KEPT_FOR))
}
