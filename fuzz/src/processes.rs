//! The processes: one that watches, and those that go through the cases.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::{Options, Target, case::Case, chance_of, common::Chance, shrink::shrink};

/// A case that goes on for so long has no end; those that are made simpler get less.
const ENDLESS: Duration = Duration::from_secs(120);
const SOON: Duration = Duration::from_secs(60);
/// How long a failure is made simpler.
const SHRINKING: Duration = Duration::from_secs(120);
/// The stack of a case: less than a thread has.
const STACK: usize = 1 << 20;

/// What a process has done: the case that it is at, and how many it has behind it.
type Noted = [u64; 2];

fn note(file: &File, noted: Noted) -> std::io::Result<()> {
    let bytes: Vec<u8> = noted.iter().flat_map(|n| n.to_le_bytes()).collect();
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::write_all_at(file, &bytes, 0);
    #[cfg(not(unix))]
    return {
        use std::io::Seek;
        let mut file = file;
        file.rewind()?;
        file.write_all(&bytes)
    };
}

fn noted(path: &Path) -> Noted {
    let bytes = fs::read(path).unwrap_or_default();
    let number = |n: usize| bytes.get(8 * n..8 * n + 8).and_then(|b| b.try_into().ok());
    [0, 1].map(|n| number(n).map_or(0, u64::from_le_bytes))
}

/// Runs a case where a stack is small and a panic is an error.
fn run(target: Target, mut chance: Chance, show: bool) -> Result<(), String> {
    let case = move || target.run(&mut chance, &mut Case { show, ..Case::default() });
    let thread = std::thread::Builder::new().stack_size(STACK);
    let thread = thread.spawn(case).map_err(|e| e.to_string())?;
    thread.join().unwrap_or_else(|_| Err("a panic".into()))
}

/// The share of one process.
pub fn share(options: &Options, share: &[String]) -> Result<ExitCode> {
    // Who watches has the other end: nobody is left alone.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
    let first: u64 = share[0].parse()?;
    let file = File::create(&share[1])?;
    let (target, seed, jobs) = (options.target, options.seed, options.jobs);
    let last = options.cases.unwrap_or(u64::MAX);
    let minutes = options.minutes.unwrap_or(if options.cases.is_some() { f64::MAX } else { 1.0 });
    let time = Duration::try_from_secs_f64(60.0 * minutes).unwrap_or(Duration::MAX);
    let all = move || -> Result<()> {
        let begun = Instant::now();
        let mut done = 0;
        let mut number = first;
        while number < last && begun.elapsed() < time {
            note(&file, [number, done])?;
            let found = target.run(&mut chance_of(seed, number), &mut Case::default());
            anyhow::ensure!(found.is_ok(), "{found:?}");
            done += 1;
            number += jobs;
        }
        Ok(note(&file, [number, done])?)
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(all)?;
    Ok(match thread.join() {
        Ok(Ok(())) => ExitCode::SUCCESS,
        // Whoever watches says more.
        _ => ExitCode::FAILURE,
    })
}

/// A case whose numbers stand in the standard input.
pub fn list(target: Target, show: bool) -> Result<ExitCode> {
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes)?;
    let list = bytes.as_chunks().0.iter().map(|b| u64::from_le_bytes(*b)).collect();
    let done = run(target, Chance::of(list), show);
    if let (true, Err(wrong)) = (show, &done) {
        println!("{wrong}");
    }
    Ok(if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn name(target: Target) -> String {
    target.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default()
}

fn itself(target: Target) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(name(target));
    Ok(command)
}

/// Runs a list in a process of its own: what it says if it fails.
fn fails(target: Target, list: &[u64], show: bool) -> Result<Option<String>> {
    let mut command = itself(target)?;
    command.args(["--list", if show { "true" } else { "false" }]);
    let out = || if show { Stdio::piped() } else { Stdio::null() };
    let mut child = command.stdin(Stdio::piped()).stdout(out()).stderr(out()).spawn()?;
    let bytes: Vec<u8> = list.iter().flat_map(|n| n.to_le_bytes()).collect();
    // One that has ended reads no more.
    let _ = child.stdin.take().context("an input")?.write_all(&bytes);
    let mut says = String::new();
    if show {
        let mut bytes = Vec::new();
        let outputs: [Option<Box<dyn Read>>; 2] = [
            child.stdout.take().map(|o| Box::new(o) as _),
            child.stderr.take().map(|o| Box::new(o) as _),
        ];
        for mut output in outputs.into_iter().flatten() {
            output.read_to_end(&mut bytes)?;
        }
        says = String::from_utf8_lossy(&bytes).into_owned();
    }
    let status = ended(&mut child, SOON)?;
    Ok(match status {
        Some(status) if status.success() => None,
        Some(status) => Some(format!("{says}\n{status}")),
        None => Some(format!("{says}\nno end in {SOON:?}")),
    })
}

/// How a process ends, if it does so in time; otherwise it is ended.
fn ended(child: &mut Child, time: Duration) -> Result<Option<ExitStatus>> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if begun.elapsed() > time {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// All of it.
pub fn all(options: &Options) -> Result<ExitCode> {
    if let Some(case) = options.case {
        return explain(options, case);
    }
    let begun = Instant::now();
    let mut children: Vec<(Child, PathBuf)> = Vec::new();
    for n in 0..options.jobs {
        let file = std::env::temp_dir().join(format!("lanefn-fuzz-{}-{n}", std::process::id()));
        let mut command = itself(options.target)?;
        command.args(["--seed", &options.seed.to_string(), "--jobs", &options.jobs.to_string()]);
        for (option, value) in [
            ("--cases", options.cases.map(|c| c.to_string())),
            ("--minutes", options.minutes.map(|m| m.to_string())),
        ] {
            command.args(value.map(|v| [option.to_owned(), v]).into_iter().flatten());
        }
        command.args(["--share", &n.to_string()]).arg(&file);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        children.push((command.spawn()?, file));
    }
    let mut moved: Vec<(u64, Instant)> = vec![(u64::MAX, begun); children.len()];
    let mut failed = None;
    let mut said = 0;
    let (mut cases, mut running) = (0, true);
    while running && failed.is_none() {
        std::thread::sleep(Duration::from_millis(100));
        (cases, running) = (0, false);
        for ((child, file), moved) in children.iter_mut().zip(&mut moved) {
            let status = child.try_wait()?;
            let [at, done] = noted(file);
            cases += done;
            if at != moved.0 {
                *moved = (at, Instant::now());
            }
            match status {
                Some(status) if status.success() => {}
                Some(_) => failed = Some(at),
                None => {
                    running = true;
                    // It may be the system that keeps it waiting.
                    if moved.1.elapsed() > ENDLESS {
                        failed = numbers(options, at)?.map(|_| at).or(failed);
                        moved.1 = Instant::now();
                    }
                }
            }
        }
        let seconds = begun.elapsed().as_secs();
        if seconds > said || !running {
            said = seconds;
            println!("{} {cases} cases, {seconds} s", name(options.target));
        }
    }
    for (child, file) in &mut children {
        let _ = child.kill();
        child.wait()?;
        let _ = fs::remove_file(file);
    }
    match failed {
        Some(case) => {
            // Also where it holds when it is run alone.
            explain(options, case)?;
            Ok(ExitCode::FAILURE)
        }
        None => {
            println!("{}: {cases} cases hold", name(options.target));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The numbers that a case follows from, as many as it takes, if it fails.
fn numbers(options: &Options, case: u64) -> Result<Option<Vec<u64>>> {
    let mut chance = chance_of(options.seed, case);
    let mut list = Vec::new();
    while list.len() < 1 << 17 {
        let more = list.len().max(64);
        list.extend((0..more).map(|_| chance.next()));
        if fails(options.target, &list, false)?.is_some() {
            return Ok(Some(list));
        }
    }
    Ok(None)
}

/// Runs one case again, and shows the simplest one that fails as it does.
fn explain(options: &Options, case: u64) -> Result<ExitCode> {
    let (target, seed) = (options.target, options.seed);
    println!("cargo xtask fuzz {} --seed {seed} --case {case}", name(target));
    let Some(list) = numbers(options, case)? else {
        println!("it holds");
        return Ok(ExitCode::SUCCESS);
    };
    let begun = Instant::now();
    let mut error = None;
    let list = shrink(list, |list| {
        if begun.elapsed() > SHRINKING {
            return None;
        }
        match fails(target, list, false) {
            Ok(found) => Some(found.is_some()),
            Err(e) => {
                error = Some(e);
                None
            }
        }
    });
    if let Some(error) = error {
        return Err(error);
    }
    println!(
        "the simplest case that was found:\n{}",
        fails(target, &list, true)?.unwrap_or_default()
    );
    Ok(ExitCode::FAILURE)
}
