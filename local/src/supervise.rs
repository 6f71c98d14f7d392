//! Runs a command so that nothing of it is left behind: not when we are asked to stop, not when we are killed.
//!
//! `cargo lambda watch` starts every function in a process group of its own, out of reach of a signal to its own group. So
//! it runs below a supervisor: a process of its own session that ends everything below it when its standard input closes,
//! which the system does for us however we end.

use std::{
    io::Read,
    os::unix::process::CommandExt,
    process::{Child, Command, ExitCode, Stdio},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::{Pid, setsid},
};

/// How long processes have to end by themselves.
const GRACE: Duration = Duration::from_secs(3);

/// Starts this program again as the supervisor of a command. It ends with the returned child's standard input.
pub fn start(command: &[String], environment: Vec<(&'static str, String)>) -> Result<Child, String> {
    let program = std::env::current_exe().map_err(|error| format!("this program is gone: {error}"))?;
    without_cargo_variables(Command::new(program))
        .arg("supervise")
        .arg("--")
        .args(command)
        .envs(environment)
        .stdin(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("{}: {error}", command[0]))
}

/// Forgets what `cargo run` told us about ourselves: build scripts would take it for theirs, and compile anew.
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

/// The supervisor: runs the command until it ends or standard input closes, then ends all that is left of it.
pub fn supervise(command: &[String]) -> ExitCode {
    // Out of the terminal's reach: a Ctrl-C there is for the parent, which then lets go of us.
    _ = setsid();
    // Processes that lose their parent below us become ours to end.
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
    let us = Pid::this();
    std::thread::spawn(move || {
        _ = std::io::stdin().read_to_end(&mut Vec::new());
        end_all_below(us);
        std::process::exit(0);
    });
    let status = child.wait();
    end_all_below(us);
    if status.is_ok_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn end_all_below(root: Pid) {
    for (signal, patience) in [(Signal::SIGTERM, GRACE), (Signal::SIGKILL, GRACE)] {
        let mut left = patience;
        while left > Duration::ZERO {
            let below = descendants(root);
            if below.is_empty() {
                return;
            }
            for process in below {
                _ = kill(process, signal);
            }
            let pause = Duration::from_millis(100);
            std::thread::sleep(pause);
            left = left.saturating_sub(pause);
        }
    }
}

/// All living processes below one, by the table that `ps` prints everywhere.
fn descendants(root: Pid) -> Vec<Pid> {
    let Ok(ps) = Command::new("ps").args(["-A", "-o", "pid=,ppid=,stat="]).stdout(Stdio::piped()).spawn()
    else {
        return Vec::new();
    };
    let ps_itself = i32::try_from(ps.id()).unwrap_or_default();
    let Ok(output) = ps.wait_with_output() else { return Vec::new() };
    let table = String::from_utf8_lossy(&output.stdout);
    let rows: Vec<(i32, i32)> = table
        .lines()
        .filter_map(|line| {
            let mut columns = line.split_whitespace();
            let row = (columns.next()?.parse().ok()?, columns.next()?.parse().ok()?);
            (!columns.next()?.starts_with('Z') && row.0 != ps_itself).then_some(row)
        })
        .collect();
    let mut below = vec![root.as_raw()];
    let mut next = 0;
    while let Some(parent) = below.get(next).copied() {
        below.extend(rows.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    below.into_iter().skip(1).map(Pid::from_raw).collect()
}
