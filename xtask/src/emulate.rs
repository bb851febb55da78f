//! `cargo xtask emulate-avx512`: runs a test program on an emulated CPU that has AVX-512.
//!
//! Bochs emulates a Skylake-X; a Debian kernel boots in it from an image made here (see
//! [`machine`]), runs the test program, and hands its output to Bochs's debug port. Any Linux host
//! will do; it needs no AVX-512, no virtualisation and no root.

mod machine;

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use machine::{MEMORY_MIB, RootFile, RootKind};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Debian's meta package of the smallest kernel it has.
const KERNEL_PACKAGE: &str = "linux-image-cloud-amd64";

/// How many instructions make one second of the machine's own time. The larger it is, the fewer
/// are spent on timer interrupts; the machine has nothing to wait for.
const INSTRUCTIONS_PER_SECOND: u64 = 400_000_000;

/// Tests that fail because Bochs 2.7 computes something otherwise than the CPU's manual says, and what.
/// Seen in its source; `kernels/tests/avx512.rs` runs the same operations on what it does get right.
const FAULTS: [(&str, &str); 5] = [
    ("of_i64::shr", "VPSRAVQ by exactly 64 leaves the number as it is"),
    ("of_f64::to_u64", "VCVTTPD2UQQ takes 2^63 and above for too large"),
    ("of_u32::to_f32", "VCVTUDQ2PS drops the last bit of 2^31 and above before it rounds"),
    ("of_u64::to_f64", "VCVTUQQ2PD drops the last bit of 2^63 and above before it rounds"),
    // The bit V' is the index register's highest there; Bochs wants it clear, as where nothing uses it.
    ("every_built_in_function_has_the_bits", "gathers by ZMM16 to ZMM31 are no instructions"),
];

/// What to run, and for how long.
#[derive(clap::Args)]
pub struct Options {
    /// Run only tests whose name contains this.
    filter: Option<String>,
    /// The package whose tests to run.
    #[arg(long, short, default_value = "lanefn-kernels")]
    package: String,
    /// The integration test to run; may be given several times [default: the unit tests].
    #[arg(long, value_name = "NAME")]
    test: Vec<String>,
    /// The example to run in place of tests, as a plain program.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["test", "filter"])]
    example: Option<String>,
    /// Build optimised; the default is the profile that `cargo test` has.
    #[arg(long)]
    release: bool,
    /// Run the tests that this emulator is known to fail by its own fault, too.
    #[arg(long)]
    with_faults: bool,
    /// Set an environment variable for the program; may be given several times.
    #[arg(long, short, value_name = "NAME=VALUE")]
    env: Vec<String>,
    /// Stop the machine after this many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    time_limit: u64,
    /// The CPU, by Bochs's name for it.
    #[arg(long, default_value = "corei7_skylake_x")]
    cpu: String,
    /// Arguments for the program itself, such as `-- --nocapture`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Builds the programs asked for, runs each on a machine of its own, and answers the first status
/// that isn't 0.
///
/// # Errors
///
/// When a package is missing, something doesn't build, or the machine ends without a status.
pub fn run(options: &Options) -> Result<ExitCode> {
    let bochs = env::var_os("LANEFN_BOCHS").unwrap_or_else(|| "bochs-bin".into());
    check_packages(&bochs)?;
    let metadata = target_folder()?;
    let folder = metadata.join("emulate");
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let kernel = kernel(&folder)?;
    let init = build(options, &["build", "--package", "emulated-init"], "emulated-init")?;
    let [init] = init.as_slice() else { bail!("emulated-init was not built") };

    let package = options.package.as_str();
    let mut programs = Vec::new();
    if let Some(example) = &options.example {
        let arguments = ["build", "--package", package, "--example", example];
        programs.extend(build(options, &arguments, example)?);
    } else if options.test.is_empty() {
        let arguments = ["test", "--no-run", "--package", package, "--lib"];
        programs.extend(build(options, &arguments, &package.replace('-', "_"))?);
    }
    for test in &options.test {
        let arguments = ["test", "--no-run", "--package", package, "--test", test];
        programs.extend(build(options, &arguments, test)?);
    }
    ensure!(!programs.is_empty(), "there is no such test program");

    let mut worst = 0;
    for program in programs {
        let status = run_program(options, &bochs, &folder, &kernel, init, &program)?;
        worst = if worst == 0 { status } else { worst };
    }
    Ok(ExitCode::from(worst))
}

/// Says by name which Debian packages are missing.
fn check_packages(bochs: &OsStr) -> Result<()> {
    let mut missing = Vec::new();
    let works = |program: &OsStr, argument: &str| {
        Command::new(program)
            .arg(argument)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok()
    };
    if !works(bochs, "--help") {
        missing.push("bochs");
    }
    if env::var_os("LANEFN_KERNEL").is_none() {
        if !works("apt-get".as_ref(), "--version") {
            missing.push("apt");
        }
        if !works("dpkg-deb".as_ref(), "--version") {
            missing.push("dpkg");
        }
    }
    ensure!(
        missing.is_empty(),
        "the emulator is not complete here; install it with: apt-get install {}",
        missing.join(" ")
    );
    Ok(())
}

/// The kernel: `LANEFN_KERNEL`, or the one fetched before, or Debian's newest.
fn kernel(folder: &Path) -> Result<PathBuf> {
    if let Some(kernel) = env::var_os("LANEFN_KERNEL") {
        return Ok(kernel.into());
    }
    let kept = folder.join("vmlinuz");
    if kept.exists() {
        return Ok(kept);
    }
    let facts = output(Command::new("apt-cache").args(["depends", KERNEL_PACKAGE]))
        .with_context(|| format!("asking apt about {KERNEL_PACKAGE} (`apt-get update` first?)"))?;
    let package = facts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Depends: "))
        .find(|package| package.starts_with("linux-image-"))
        .with_context(|| format!("apt knows no kernel behind {KERNEL_PACKAGE}"))?;
    eprintln!("fetching the kernel: {package}");
    let unpacked = folder.join("kernel-package");
    fs::create_dir_all(&unpacked)?;
    output(Command::new("apt-get").args(["download", package]).current_dir(&unpacked))?;
    let archive = entry(&unpacked, |name| name.starts_with(package) && name.ends_with(".deb"))?;
    output(Command::new("dpkg-deb").arg("--extract").arg(&archive).arg(&unpacked))?;
    let kernel = entry(&unpacked.join("boot"), |name| name.starts_with("vmlinuz-"))?;
    fs::rename(&kernel, &kept)?;
    fs::remove_dir_all(&unpacked)?;
    Ok(kept)
}

/// The one entry of a folder with a name like this.
fn entry(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<PathBuf> {
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(&wanted) {
            return Ok(entry.path());
        }
    }
    bail!("{} has not the file expected", folder.display())
}

/// What a command prints, if it succeeds.
fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Where cargo puts what it builds.
fn target_folder() -> Result<PathBuf> {
    let text = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    Ok(metadata["target_directory"].as_str().context("cargo names no target folder")?.into())
}

/// Builds static programs and answers those whose target has this name.
fn build(options: &Options, arguments: &[&str], name: &str) -> Result<Vec<PathBuf>> {
    let mut command = cargo();
    command
        .args(arguments)
        .args(["--target", TARGET, "--message-format", "json-render-diagnostics"])
        .args(options.release.then_some("--release"))
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("running {command:?}"))?;
    let mut programs = Vec::new();
    for line in BufReader::new(child.stdout.take().context("cargo has no output")?).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(&line?) else { continue };
        if message["target"]["name"] == name
            && let Some(program) = message["executable"].as_str()
        {
            programs.push(PathBuf::from(program));
        }
    }
    ensure!(child.wait()?.success(), "building {name} for the machine failed");
    Ok(programs)
}

/// Runs one program on a new machine; answers its exit status.
fn run_program(
    options: &Options,
    bochs: &OsStr,
    folder: &Path,
    kernel: &Path,
    init: &Path,
    program: &Path,
) -> Result<u8> {
    let read = |file: &Path| fs::read(file).with_context(|| format!("reading {}", file.display()));
    let mut job = String::new();
    for setting in &options.env {
        job += &format!("={setting}\n");
    }
    // One CPU: more test threads would only take turns.
    job += "=RUST_TEST_THREADS=1\n";
    for argument in options.filter.iter().chain(&options.arguments) {
        ensure!(!argument.contains('\n'), "an argument may not hold a line break: {argument:?}");
        job += &format!(">{argument}\n");
    }
    if !options.with_faults {
        // Tests of graphs at random leave out those with the operations that it gets wrong.
        job += "=LANEFN_EMULATOR=1\n";
    }
    if options.example.is_none() && !options.with_faults {
        for (test, fault) in FAULTS {
            eprintln!("skipped: {test}, if it is among these: in this emulator, {fault}");
            job += &format!(">--skip\n>{test}\n");
        }
    }
    let file = |name, kind| RootFile { name, kind };
    let root = [
        file("dev", RootKind::Folder),
        file("dev/console", RootKind::Device(5, 1)),
        file("dev/null", RootKind::Device(1, 3)),
        file("dev/zero", RootKind::Device(1, 5)),
        file("dev/random", RootKind::Device(1, 8)),
        file("dev/urandom", RootKind::Device(1, 9)),
        file("proc", RootKind::Folder),
        file("tmp", RootKind::Folder),
        file("init", RootKind::Program(read(init)?)),
        file("test", RootKind::Program(read(program)?)),
        file("job", RootKind::Text(job)),
    ];
    let serial = folder.join("serial.log");
    let _ = fs::remove_file(&serial);
    // Nothing is probed, calibrated or mitigated; a panic becomes a triple fault, which ends Bochs.
    let command_line = "console=ttyS0,115200 quiet nokaslr mitigations=off acpi=off nolapic nosmp \
        clearcpuid=xsaves,xsavec tsc=reliable no_timer_check lpj=4000000 random.trust_cpu=on cryptomgr.notests \
        initcall_blacklist=serial8250_pnp_init audit=0 selinux=0 apparmor=0 nowatchdog \
        reboot=t panic=-1 rdinit=/init";
    let machine = machine::build(folder, kernel, command_line, &root)?;
    let settings = folder.join("bochsrc");
    fs::write(&settings, bochs_settings(options, &machine, folder, &serial))?;
    let debugger = folder.join("debugger.rc");
    fs::write(&debugger, "continue\nquit\n")?;

    eprintln!("running {} on {}", program.display(), options.cpu);
    let begun = Instant::now();
    let mut child = Command::new(bochs)
        .args(["-q", "-f"])
        .arg(&settings)
        // Debian builds Bochs with its debugger, which would wait for a command.
        .arg("-rc")
        .arg(&debugger)
        .env("TERM", "linux")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("starting {}", bochs.display()))?;
    let end = watch(&mut child, Duration::from_secs(options.time_limit));
    let _ = child.kill();
    let _ = child.wait();
    let elapsed = begun.elapsed();
    match end? {
        End::Status { status, ticks, boot_ticks } => {
            let total = (ticks + boot_ticks) as f64;
            eprintln!(
                "status {status} after {:.1} s: {:.0} million instructions to boot, {:.0} million \
                 in the program, {:.0} million a second",
                elapsed.as_secs_f64(),
                boot_ticks as f64 / 1e6,
                ticks as f64 / 1e6,
                total / 1e6 / elapsed.as_secs_f64(),
            );
            Ok(u8::try_from(status).unwrap_or(101))
        }
        End::TimeLimit => {
            show_tail(&serial);
            bail!("the program did not end in {} s (--time-limit)", options.time_limit)
        }
        End::Stopped => {
            show_tail(&serial);
            show_tail(&folder.join("bochs.log"));
            bail!("the machine stopped before the program ended")
        }
    }
}

fn show_tail(log: &Path) {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    eprintln!("the end of {}:", log.display());
    for line in &lines[lines.len().saturating_sub(30)..] {
        eprintln!("  {line}");
    }
}

fn bochs_settings(
    options: &Options,
    machine: &machine::Machine,
    folder: &Path,
    serial: &Path,
) -> String {
    let mut settings = format!(
        "config_interface: textconfig\n\
         display_library: rfb, options=\"timeout=0\"\n\
         megs: {MEMORY_MIB}\n\
         cpu: model={}, count=1, ips={INSTRUCTIONS_PER_SECOND}, reset_on_triple_fault=0, \
         ignore_bad_msrs=1\n\
         clock: sync=none\n\
         romimage: file=\"{}\", address=0xffff0000\n\
         port_e9_hack: enabled=1\n\
         com1: enabled=1, mode=file, dev=\"{}\"\n\
         pci: enabled=0\n\
         ata0: enabled=0\n\
         mouse: enabled=0\n\
         log: \"{}\"\n\
         panic: action=fatal\n\
         error: action=ignore\n\
         info: action=ignore\n\
         debug: action=ignore\n",
        options.cpu,
        machine.rom.display(),
        serial.display(),
        folder.join("bochs.log").display(),
    );
    for (number, placed) in machine.memory.iter().enumerate() {
        settings += &format!(
            "optramimage{}: file=\"{}\", address={:#x}\n",
            number + 1,
            placed.file.display(),
            placed.address
        );
    }
    settings
}

/// How a run ended.
enum End {
    /// The program ended with this status after so many instructions.
    Status { status: i32, ticks: u64, boot_ticks: u64 },
    /// The time was up.
    TimeLimit,
    /// Bochs ended by itself.
    Stopped,
}

/// Copies the program's output to standard output until it ends. The first process of the machine
/// marks it off from Bochs's own words: 0x01 before it; 0x02, the status and two counts after it.
fn watch(child: &mut Child, limit: Duration) -> Result<End> {
    let deadline = Instant::now() + limit;
    let mut pipe = BufReader::new(child.stdout.take().context("Bochs has no output")?);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        loop {
            let mut line = Vec::new();
            match pipe.read_until(b'\n', &mut line) {
                Ok(1..) if sender.send(line).is_ok() => {}
                _ => break,
            }
        }
    });
    let mut inside = false;
    let mut stdout = std::io::stdout().lock();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let line = match receiver.recv_timeout(left) {
            Ok(line) => line,
            Err(mpsc::RecvTimeoutError::Timeout) => return Ok(End::TimeLimit),
            Err(mpsc::RecvTimeoutError::Disconnected) => return Ok(End::Stopped),
        };
        if !inside {
            inside = line.ends_with(b"\x01\n");
            continue;
        }
        let mut parts = line.splitn(2, |&byte| byte == 0x02);
        stdout.write_all(parts.next().unwrap_or_default())?;
        stdout.flush()?;
        if let Some(end) = parts.next() {
            let numbers: Vec<u64> = String::from_utf8_lossy(end)
                .split_whitespace()
                .map(str::parse)
                .collect::<Result<_, _>>()
                .context("reading the line at the end of the program's output")?;
            let &[status, ticks, boot_ticks] = numbers.as_slice() else {
                bail!("the line at the end of the program's output is not whole")
            };
            return Ok(End::Status { status: i32::try_from(status)?, ticks, boot_ticks });
        }
    }
}
