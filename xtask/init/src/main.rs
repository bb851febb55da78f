//! The first process of the machine that `cargo xtask emulate-avx512` emulates.
//!
//! It runs `/test` with the arguments and the environment that `/job` lists, copies what the
//! program prints to the emulator's debug port (one `out` instruction a byte: no driver, no
//! interrupt, no baud rate), and ends with a line that says the exit status and the instructions
//! run. The emulator is stopped from outside when that line has come.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod guest;

fn main() {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    guest::run();
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
    eprintln!("emulated-init runs on Linux on x86-64 alone");
}
