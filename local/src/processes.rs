//! Runs a command below a supervisor, so that none of its processes outlives this program.
//!
//! `cargo lambda watch` starts every function in a process group of its own, which a signal to its own group does not reach. So it runs
//! below a supervisor: a process in its own session that ends all its descendants when its standard input closes. The operating system
//! closes it whenever this program ends, even if the program is killed.

use std::{
    io::Read,
    process::{Child, Command, ExitCode, Stdio},
    sync::mpsc,
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, setsid},
};

/// The time that processes have to end after a signal.
const GRACE: Duration = Duration::from_secs(3);

/// Starts this program again as the supervisor of a command. The supervisor ends when the standard input of the returned child closes.
pub fn start(command: &[String], environment: Vec<(&'static str, String)>) -> Result<Child, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program is gone: {error}"))?;
    without_cargo_variables(Command::new(program))
        .arg("supervise")
        .arg("--")
        .args(command)
        .envs(environment)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{}: {error}", command[0]))
}

/// Removes the variables that `cargo run` sets for this program. Build scripts would take them for their own, and compile again.
pub fn without_cargo_variables(mut command: Command) -> Command {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        let about_us = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        if name == "CARGO" || about_us.iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(&*name);
        }
    }
    command
}

/// Runs a command as its supervisor, until it ends or standard input closes. Then ends all remaining descendants.
pub fn supervise(command: &[String]) -> ExitCode {
    // A new session is out of the terminal's reach. Ctrl-C in the terminal goes to the parent, which then closes standard input.
    _ = setsid();
    // Descendants whose parent ends become children of this process, so that it can end them.
    #[cfg(target_os = "linux")]
    {
        _ = nix::sys::prctl::set_child_subreaper(true);
    }
    let mut child = match Command::new(&command[0]).args(&command[1..]).stdin(Stdio::null()).spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("{}: {error}", command[0]);
            return ExitCode::FAILURE;
        }
    };
    let process = i32::try_from(child.id()).map(Pid::from_raw);
    // The first of the two threads to send a message decides the outcome. After that, only this thread cleans up.
    let (over, first) = mpsc::channel();
    let input_closed = over.clone();
    std::thread::spawn(move || {
        _ = std::io::stdin().read_to_end(&mut Vec::new());
        _ = input_closed.send(ExitCode::SUCCESS);
    });
    std::thread::spawn(move || {
        let succeeded = child.wait().is_ok_and(|status| status.success());
        _ = over.send(if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    });
    let outcome = first.recv().unwrap_or(ExitCode::FAILURE);
    if !end_all_below(Pid::this()) {
        // The processes cannot be listed on this system, but the command itself can still be ended.
        if let Ok(process) = process {
            _ = kill(process, Signal::SIGTERM);
        }
        std::thread::sleep(GRACE);
    }
    outcome
}

/// Ends all descendants of a process, and returns `false` if the system cannot list them.
fn end_all_below(root: Pid) -> bool {
    for (signal, patience) in [(Signal::SIGTERM, GRACE), (Signal::SIGKILL, GRACE)] {
        let mut left = patience;
        while left > Duration::ZERO {
            let Some(below) = descendants(root) else { return false };
            if below.is_empty() {
                return true;
            }
            for process in below {
                _ = kill(process, signal);
            }
            let pause = Duration::from_millis(100);
            std::thread::sleep(pause);
            left = left.saturating_sub(pause);
        }
    }
    true
}

/// Returns the living descendants of a process; `None` if the system cannot list them.
fn descendants(root: Pid) -> Option<Vec<Pid>> {
    let rows = processes_in_proc().or_else(processes_of_ps)?;
    let mut below = vec![root.as_raw()];
    let mut next = 0;
    while let Some(parent) = below.get(next).copied() {
        below.extend(rows.iter().filter(|(_, of)| *of == parent).map(|(process, _)| *process));
        next += 1;
    }
    Some(below.into_iter().skip(1).map(Pid::from_raw).collect())
}

/// Returns the ids of the living processes and of their parents, as Linux lists them in `/proc`. Small images have no `ps`.
fn processes_in_proc() -> Option<Vec<(i32, i32)>> {
    let rows: Vec<_> = std::fs::read_dir("/proc")
        .ok()?
        .filter_map(|entry| {
            let process = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            // The format is `pid (name) state parent …`, and a name may contain any character.
            let mut after_name = stat.rsplit_once(')')?.1.split_whitespace();
            let state = after_name.next()?;
            let parent = after_name.next()?.parse().ok()?;
            (!matches!(state, "Z" | "X")).then_some((process, parent))
        })
        .collect();
    (!rows.is_empty()).then_some(rows)
}

/// Returns the ids of the living processes and of their parents, from the output of `ps`.
fn processes_of_ps() -> Option<Vec<(i32, i32)>> {
    let ps = Command::new("ps").args(["-A", "-o", "pid=,ppid=,stat="]).stdout(Stdio::piped()).spawn().ok()?;
    let ps_itself = i32::try_from(ps.id()).ok()?;
    let output = ps.wait_with_output().ok().filter(|output| output.status.success())?;
    let row = |line: &str| {
        let mut columns = line.split_whitespace();
        let row: (i32, i32) = (columns.next()?.parse().ok()?, columns.next()?.parse().ok()?);
        (!columns.next()?.starts_with('Z') && row.0 != ps_itself).then_some(row)
    };
    Some(String::from_utf8_lossy(&output.stdout).lines().filter_map(row).collect())
}
