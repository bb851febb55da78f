//! The machine code of sentinel kernels: at each level one loop without calls, on registers of the
//! level's width, without spills.
//!
//! One function that is not inlined makes a kernel fifty times slower, and nothing but a look at the
//! machine code shows it on any machine. So this file compiles itself once more, in release, to
//! assembly, also for levels that this CPU lacks, and reads that.
#![cfg_attr(not(target_arch = "x86_64"), allow(dead_code, unused_imports))]

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use lanefn_kernels::lanes::{Lane, Number, Shape, Turns};
use lanefn_kernels::level::Level;
use lanefn_kernels::loops::{Kernel, Loop};

// ---------------------------------------------------------------------------------------------------
// The kernels

macro_rules! sentinels {
    ($($name:ident $t:ident $lane:ident $cost:literal |$s:ident, $x:ident| $e:expr;)*) => {
        $(
            struct $name;
            impl Kernel<($t,)> for $name {
                type Out = ($t,);
                type Busy = $t;
                const COST: u32 = $cost;
                #[inline(always)]
                fn lanes<S: Shape>($s: S, ($x,): (S::$lane,)) -> (S::$lane,) {
                    ($e,)
                }
            }
        )*
        /// Keeps the loops in the program.
        static LOOPS: &[Loop] = &[$(Loop::of::<$name, ($t,)>()),*];
    };
}
macro_rules! horner {
    ($s:ident $x:ident) => {{
        let mut y = $s.lit(1.0 / 40320.0);
        for c in [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            y = y * $x + $s.lit(c);
        }
        y
    }};
}
/// Newton's square root, until it changes by little.
macro_rules! newton {
    ($s:ident $x:ident $lane:ident) => {{
        let mut turns = $s.turns(($x, $x + $s.lit(1.0)));
        loop {
            let (now, last): (S::$lane, S::$lane) = turns.state();
            if !turns.check((last - now).abs().gt($s.lit(1e-6))) {
                break;
            }
            if !turns.next(((now + $x / now) * $s.lit(0.5), now)) {
                break;
            }
        }
        turns.finish().0
    }};
}
sentinels! {
    CheapF64 f64 F64 3 |s, x| Lane::select(x.gt(s.lit(2.0)), x + s.lit(1.0), x - s.lit(1.0));
    CheapF32 f32 F32 3 |s, x| Lane::select(x.gt(s.lit(2.0)), x + s.lit(1.0), x - s.lit(1.0));
    HornerF64 f64 F64 16 |s, x| horner!(s x);
    HornerF32 f32 F32 16 |s, x| horner!(s x);
    NewtonF64 f64 F64 60 |s, x| newton!(s x F64);
    NewtonF32 f32 F32 60 |s, x| newton!(s x F32);
}
const CHEAP: [&str; 2] = ["CheapF64", "CheapF32"];
const DEAR: [&str; 4] = ["HornerF64", "HornerF32", "NewtonF64", "NewtonF32"];

// ---------------------------------------------------------------------------------------------------
// Their machine code

/// The assembly of this file, compiled in release.
static ASSEMBLY: LazyLock<String> = LazyLock::new(|| {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sentinel");
    std::fs::create_dir_all(&target).unwrap();
    let file = target.join("sentinel.s");
    let output = Command::new(env!("CARGO"))
        // A target folder of its own: the one of this test may be locked.
        .args(["rustc", "--quiet", "--release", "--test", "sentinel", "--target-dir"])
        .arg(&target)
        // Nobody reads the code of what it is built with.
        .args(["--config", "profile.release.package.\"*\".opt-level=0"])
        .arg("--manifest-path")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        // Names that contain type arguments; one unit, so that there is one file.
        .env("RUSTFLAGS", "--cfg lanefn_without_loops")
        .args(["--", "-Csymbol-mangling-version=v0", "-Ccodegen-units=1", "-Cdebuginfo=0"])
        .arg(format!("--emit=asm={}", file.display()))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(file).unwrap()
});

/// The instructions and labels of a kernel's loop at a level.
fn code(level: Level, kernel: &str) -> Vec<&'static str> {
    let (shells, shell) = ("6Shells", format!("{}{}", level.name().len(), level.name()));
    let kernel = format!("{}{kernel}", kernel.len());
    let mut found = Vec::new();
    let mut lines = ASSEMBLY.lines();
    while let Some(line) = lines.next() {
        let is_label = line.ends_with(':') && !line.starts_with(char::is_whitespace);
        if is_label && line.contains(shells) && line.contains(&shell) && line.contains(&kernel) {
            let body: Vec<&str> = lines
                .by_ref()
                .map(str::trim)
                .take_while(|l| !l.starts_with(".cfi_endproc"))
                .filter(|l| !l.is_empty() && !l.starts_with('#'))
                .filter(|l| !l.starts_with('.') || l.ends_with(':'))
                .collect();
            found.push(body);
        }
    }
    assert!(found.len() == 1, "{} functions are {kernel} at level {level}", found.len());
    found.pop().unwrap()
}

/// The innermost loops: from a label to a jump back to it, no other such inside.
fn innermost_loops(code: &[&'static str]) -> Vec<Vec<&'static str>> {
    let mut loops: Vec<(usize, usize)> = Vec::new();
    for (end, line) in code.iter().enumerate() {
        let Some((jump, label)) = line.split_once(char::is_whitespace) else { continue };
        if jump.starts_with('j') {
            let label = format!("{}:", label.trim());
            if let Some(start) = code[..end].iter().rposition(|l| *l == label) {
                loops.push((start, end));
            }
        }
    }
    let innermost =
        |l: &&(usize, usize)| !loops.iter().any(|m| m != *l && l.0 <= m.0 && m.1 <= l.1);
    loops.iter().filter(innermost).map(|l| code[l.0..=l.1].to_vec()).collect()
}

/// Whether this is arithmetic on floats: the operation's name and whether it is packed.
fn arithmetic(line: &str) -> Option<(&str, bool)> {
    let name = line.split_whitespace().next()?;
    let operation = name.trim_start_matches('v');
    let packed = operation.ends_with("pd") || operation.ends_with("ps");
    let scalar = operation.ends_with("sd") || operation.ends_with("ss");
    let known = ["add", "sub", "mul", "div", "fma", "fnma", "cmp", "ucomi", "max", "min"];
    let counts = known.iter().any(|k| operation.starts_with(k)) && (packed || scalar);
    counts.then_some((name, packed))
}

/// The innermost loop with the most arithmetic in it.
fn main_loop(code: &[&'static str]) -> Vec<&'static str> {
    let weight = |l: &Vec<&str>| l.iter().filter(|line| arithmetic(line).is_some()).count();
    // Of several, the first: the loop over what is left may have been unrolled as well.
    let main = innermost_loops(code).into_iter().rev().max_by_key(weight).expect("a loop");
    assert!(weight(&main) > 0, "no loop computes anything:\n{}", code.join("\n"));
    main
}

fn register(level: Level) -> &'static str {
    match level {
        Level::Scalar | Level::Baseline => "%xmm",
        Level::Avx2 => "%ymm",
        Level::Avx512 => "%zmm",
    }
}

/// Runs a check on each kernel at each level; says what was skipped.
fn each(kernels: &[&str], check: impl Fn(Level, &str, &[&'static str])) {
    if cfg!(not(target_arch = "x86_64")) {
        for level in Level::ALL {
            eprintln!("sentinel: SKIPPED level {level}: its assembly is read on x86_64 alone");
        }
        return;
    }
    // The compiler must not drop what only the copy's assembly is read of.
    std::hint::black_box(LOOPS);
    for level in Level::ALL {
        for kernel in kernels {
            check(level, kernel, &code(level, kernel));
        }
    }
}

#[test]
fn no_level_calls_anything() {
    each(&[CHEAP.as_slice(), &DEAR].concat(), |level, kernel, code| {
        for line in code {
            let instruction = line.split_whitespace().next().unwrap();
            let calls = instruction.starts_with("call");
            let leaves = instruction == "jmp" && !line.contains("LBB");
            assert!(
                !calls && !leaves,
                "{kernel} at level {level} has {line:?}:\n{}",
                code.join("\n")
            );
        }
    });
}

#[test]
fn each_level_computes_on_whole_registers_of_its_width() {
    each(&[CHEAP.as_slice(), &DEAR].concat(), |level, kernel, code| {
        let main = main_loop(code);
        for line in &main {
            if let Some((_, packed)) = arithmetic(line) {
                // The compiler may pack the turns of the scalar level's loop.
                let whole = level == Level::Scalar || packed;
                assert!(
                    whole && line.contains(register(level)),
                    "{kernel} at level {level} computes by {line:?} in\n{}",
                    main.join("\n")
                );
            }
            let wider = match level {
                Level::Scalar | Level::Baseline => ["%ymm", "%zmm"].as_slice(),
                Level::Avx2 => &["%zmm"],
                Level::Avx512 => &[],
            };
            assert!(!wider.iter().any(|w| line.contains(w)), "{kernel} at level {level}: {line:?}");
        }
    });
}

/// Whether an instruction reaches the stack: by its pointer, or by a frame's, if the function keeps one.
fn on_stack(code: &[&str], line: &str) -> bool {
    let framed = code.iter().any(|l| l.contains("%rsp, %rbp"));
    line.contains("(%rsp") || (framed && line.contains("(%rbp"))
}

#[test]
fn main_loops_of_cheap_kernels_are_unrolled_and_spill_nothing() {
    each(&CHEAP, |level, kernel, code| {
        let main = main_loop(code);
        for line in &main {
            assert!(
                !on_stack(code, line),
                "{kernel} at level {level} spills by {line:?} in\n{}",
                main.join("\n")
            );
        }
        if level != Level::Scalar {
            let stores = main
                .iter()
                .filter(|l| l.contains("mov") && l.contains(register(level)))
                .filter(|l| l.ends_with(')'))
                .count();
            assert_eq!(stores, 4, "{kernel} at level {level}:\n{}", main.join("\n"));
        }
    });
}

#[test]
fn the_main_loop_of_a_polynomial_spills_nothing() {
    each(&["HornerF64", "HornerF32"], |level, kernel, code| {
        let main = main_loop(code);
        let spills = main.iter().any(|line| {
            // Constants may be read from memory; what is written to the stack was spilled.
            line.contains("mov") && line.ends_with(')') && on_stack(code, line)
        });
        assert!(!spills, "{kernel} at level {level}:\n{}", main.join("\n"));
    });
}
