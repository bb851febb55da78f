//! What the first process does.

use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

/// The port whose bytes the emulator copies to its standard output.
const DEBUG_PORT: u16 = 0xe9;

/// Does the whole job; never returns, since the machine has no other process.
pub fn run() -> ! {
    let begun = ticks();
    let outcome = set_up().and_then(|()| run_job());
    let status = outcome.unwrap_or_else(|error| {
        say(format!("init: {error}\n").as_bytes());
        101
    });
    say(format!("\x02{status} {} {begun}\n", ticks() - begun).as_bytes());
    loop {
        std::thread::park();
    }
}

/// Opens the debug port and mounts what programs expect to find.
fn set_up() -> io::Result<()> {
    // SAFETY: `ioperm` reads no memory of ours. It lets this process write to one port, behind
    // which there is nothing but the emulator's output.
    if unsafe { libc::ioperm(DEBUG_PORT.into(), 1, 1) } != 0 {
        return Err(io::Error::last_os_error());
    }
    say(b"\x01\n");
    mount(c"proc", c"/proc")?;
    mount(c"tmpfs", c"/tmp")
}

fn mount(kind: &std::ffi::CStr, at: &std::ffi::CStr) -> io::Result<()> {
    // SAFETY: the three strings end in NUL and outlive the call; no mount data is given.
    let result =
        unsafe { libc::mount(kind.as_ptr(), at.as_ptr(), kind.as_ptr(), 0, std::ptr::null()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Runs `/test` and answers its exit status (128 + the signal when a signal ended it).
fn run_job() -> io::Result<i32> {
    let job = std::fs::read_to_string("/job")?;
    let (mut output, input) = io::pipe()?;
    let mut command = Command::new("/test");
    command.stdout(input.try_clone()?).stderr(input).current_dir("/tmp");
    for line in job.lines() {
        match line.split_at_checked(1) {
            Some(("=", setting)) => {
                let (name, value) = setting.split_once('=').unwrap_or((setting, ""));
                command.env(name, value);
            }
            Some((">", argument)) => {
                command.arg(argument);
            }
            _ => return Err(io::Error::other(format!("cannot read this line of /job: {line}"))),
        }
    }
    let mut child = command.spawn()?;
    // The command holds the writing ends of the pipe; reading ends only when they are closed.
    drop(command);
    let mut buffer = [0; 4096];
    loop {
        match output.read(&mut buffer)? {
            0 => break,
            count => say(&buffer[..count]),
        }
    }
    let status = child.wait()?;
    Ok(status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or(101))
}

/// Writes bytes to the debug port.
fn say(bytes: &[u8]) {
    for &byte in bytes {
        // SAFETY: `out` to the debug port touches no memory; `ioperm` has allowed the port (without
        // it the process would end with a signal, which is not undefined).
        unsafe {
            std::arch::asm!("out dx, al", in("dx") DEBUG_PORT, in("al") byte,
                options(nomem, nostack, preserves_flags));
        }
    }
}

/// The emulator's time stamp, which counts instructions.
fn ticks() -> u64 {
    // SAFETY: RDTSC is part of every x86-64 CPU, and Linux leaves it open to processes.
    unsafe { std::arch::x86_64::_rdtsc() }
}
