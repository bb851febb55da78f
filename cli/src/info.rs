//! `lanefn info`: what was found on this machine, and what was chosen from it.

use lanefn::{
    Code, Compiled, Error,
    dtype::Casting,
    kernels::{
        lanes::Dtype,
        level::{LEVEL_VARIABLE, Level},
    },
    limits,
};
use serde_json::json;

use crate::{Failure, print, print_json, text};

/// Says which CPU level was chosen and why, how many threads there are, and which limits were found.
#[derive(clap::Args)]
pub struct Info {
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Bytes of a register at a level; 0 for the scalar level, which has one lane of everything.
fn register(level: Level) -> usize {
    match level {
        Level::Scalar => 0,
        Level::Baseline => 16,
        Level::Avx2 => 32,
        Level::Avx512 => 64,
    }
}

/// Elements of a dtype in a register.
pub fn lanes(level: Level, dtype: Dtype) -> usize {
    (register(level) / dtype.size()).max(1)
}

/// The level that expressions become machine code for here, or why they don't.
fn machine_code(level: Level) -> Result<Level, String> {
    let try_one = || {
        let function = Compiled::from_expression("x + 1")?;
        function.untyped().resolve(&[Dtype::F64.into()], &[], Casting::SameKind)
    };
    match try_one() {
        Ok(Code::Body(body)) => body.native().map(|c| c.level()).map_err(|why| why.to_string()),
        // What was compiled with the program is machine code as well.
        Ok(_) => Ok(level),
        Err(error) => Err(error.to_string()),
    }
}

fn cpu() -> Option<String> {
    let table = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = table.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_string())
}

impl Info {
    pub fn run(self) -> Result<(), Failure> {
        let level = Level::chosen().map_err(Error::Level)?;
        let forced = std::env::var(LEVEL_VARIABLE).ok().filter(|v| !v.is_empty());
        let why = match &forced {
            Some(value) => format!("{LEVEL_VARIABLE}={value}"),
            None => "the highest that this CPU has".to_string(),
        };
        let present = Level::present();
        let machine_code = machine_code(level);
        let threads = lanefn::thread_report()?;
        let memory = limits::memory();
        let caches = limits::caches();
        let cpu = cpu().unwrap_or_else(|| std::env::consts::ARCH.to_string());
        if self.json {
            let per_dtype: serde_json::Map<_, _> = Dtype::ALL
                .iter()
                .filter(|d| **d != Dtype::Bool)
                .map(|d| (d.name().to_string(), lanes(level, *d).into()))
                .collect();
            print_json(&json!({
                "version": env!("CARGO_PKG_VERSION"),
                "cpu": cpu,
                "level": {
                    "chosen": level.name(),
                    "forced": forced.is_some(),
                    "why": why,
                    "present": present.iter().map(|l| l.name()).collect::<Vec<_>>(),
                },
                "lanes": per_dtype,
                "machine_code": {
                    "made": machine_code.is_ok(),
                    "level": machine_code.as_ref().ok().map(|level| level.name()),
                    "why_not": machine_code.err(),
                },
                "threads": {
                    "count": threads.threads,
                    "source": threads.source.to_string(),
                    "affinity": threads.affinity,
                    "quota": threads.quota,
                },
                "memory": {
                    "limit": memory.limit(),
                    "source": memory.source(),
                    "physical": memory.physical,
                    "cgroup": memory.cgroup,
                    "address_space": memory.address_space,
                },
                "caches": { "l1": caches.l1, "l2": caches.l2, "l3": caches.l3 },
            }));
            return Ok(());
        }
        let has: Vec<_> = present.iter().map(|l| l.name()).collect();
        let mut widths: Vec<String> = Vec::new();
        for size in [8, 4, 2, 1] {
            let of: Vec<_> = Dtype::ALL
                .iter()
                .filter(|d| d.size() == size && **d != Dtype::Bool)
                .map(|d| d.name())
                .collect();
            widths.push(format!("{} of {}", (register(level) / size).max(1), of.join("/")));
        }
        let limit = |bytes: Option<u64>| bytes.map_or("none".to_string(), text::bytes);
        print(&format!(
            "lanefn {}\n\
             cpu      {cpu}\n\
             level    {} ({why}); present: {}\n\
             lanes    {} a register\n\
             code     {}\n\
             threads  {threads}\n\
             memory   {} ({}); physical {}, cgroup limit {}, address space limit {}\n\
             caches   L1d {}, L2 {}, L3 {}\n",
            env!("CARGO_PKG_VERSION"),
            level.name(),
            has.join(", "),
            widths.join(", "),
            match machine_code {
                Ok(level) => format!("expressions become machine code for {level}"),
                Err(why) => format!("expressions run by the interpreter: {why}"),
            },
            text::bytes(memory.limit()),
            memory.source(),
            text::bytes(memory.physical),
            limit(memory.cgroup),
            limit(memory.address_space),
            text::bytes(caches.l1 as u64),
            text::bytes(caches.l2 as u64),
            text::bytes(caches.l3 as u64),
        ));
        Ok(())
    }
}
