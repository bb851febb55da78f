//! How many threads, and who said so.

use std::{
    cell::Cell,
    ffi::OsString,
    fmt,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use lanefn_compiler::publish::Published;

use super::{fork, limits, pool};
use crate::error::{Error, Result};

/// [`set_num_threads`]; 0 is none.
static OWN: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// [`with_num_threads`]; 0 is none.
    static SCOPED: Cell<usize> = const { Cell::new(0) };
}

/// Sets the number of threads that a call may use, the calling thread included, for the whole
/// process. It goes before the variables and the system's limits.
///
/// Threads that were started stay, asleep, when the count is lowered. A forked child inherits the
/// setting.
///
/// # Errors
///
/// [`Error::Threads`] if `n` is 0 or above 65 535.
pub fn set_num_threads(n: usize) -> Result<()> {
    check(n, || format!("set_num_threads({n})"))?;
    OWN.store(n, Ordering::Relaxed);
    Ok(())
}

/// Runs `f` with another number of threads, for calls made by this thread (and by tasks of parallel
/// calls that it makes). May be nested; the count before holds again when `f` returns or panics.
///
/// # Errors
///
/// [`Error::Threads`] if `n` is 0 or above 65 535; `f` is not called then.
pub fn with_num_threads<R>(n: usize, f: impl FnOnce() -> R) -> Result<R> {
    check(n, || format!("with_num_threads({n})"))?;
    let _restore = Scope::enter(n);
    Ok(f())
}

/// Sets the number of threads of [`with_num_threads`] for this thread and returns the one before; `None` is
/// none. For languages whose scopes are no closures: whoever sets it puts back what it got.
///
/// # Errors
///
/// [`Error::Threads`] if it is 0 or above 65 535; nothing is set then.
pub fn replace_num_threads(n: Option<usize>) -> Result<Option<usize>> {
    if let Some(n) = n {
        check(n, || format!("replace_num_threads({n})"))?;
    }
    Ok(Some(SCOPED.replace(n.unwrap_or(0))).filter(|&n| n != 0))
}

/// The number of threads that a large call of this thread would use now, itself included.
///
/// The first of these that says something decides:
///
/// 1. [`with_num_threads`], then [`set_num_threads`];
/// 2. the variables `LANEFN_NUM_THREADS`, `RAYON_NUM_THREADS` (whose 0 means "as many as the system
///    gives", as it does to rayon) and `OMP_NUM_THREADS` (whose first number counts, if it is a
///    list). An empty one counts as not set. They are read once in a process; a forked child
///    inherits what its parent had read, and reads them itself if the parent had not;
/// 3. the system: the CPUs that the calling thread may run on, asked anew each time, or the CPU
///    quota of the control groups that the process is in, rounded up, if that is less. The quota is
///    read once in a process, and again by [`thread_report`] and in a forked child.
///
/// # Errors
///
/// [`Error::Threads`], naming the variable and its value, if the variable that decides is not a
/// number from 1 to 65 535. A call that would use threads gives the same error.
pub fn num_threads() -> Result<usize> {
    let (threads, _) = decide(false)?;
    Ok(threads)
}

/// What decided a number of threads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CountSource {
    /// [`with_num_threads`].
    Scope,
    /// [`set_num_threads`].
    Setting,
    /// An environment variable.
    Variable {
        /// Its name.
        name: &'static str,
        /// Its value, as it stands there.
        value: String,
    },
    /// The CPUs that this thread may run on.
    Affinity,
    /// The CPU quota of the control groups.
    Quota,
}

impl fmt::Display for CountSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CountSource::Scope => f.write_str("with_num_threads"),
            CountSource::Setting => f.write_str("set_num_threads"),
            CountSource::Variable { name, value } => write!(f, "{name}={value}"),
            CountSource::Affinity => f.write_str("CPU affinity"),
            CountSource::Quota => f.write_str("cgroup CPU quota"),
        }
    }
}

/// The system gave fewer threads than were asked for. Calls go on with those that there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Threads asked for, the calling one included.
    pub asked: usize,
    /// Threads had, the calling one included.
    pub got: usize,
    /// The system's error.
    pub reason: String,
}

/// The number of threads and where it comes from.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ThreadReport {
    /// What a large call would use, the calling thread included.
    pub threads: usize,
    /// What decided it.
    pub source: CountSource,
    /// CPUs that this thread may run on.
    pub affinity: usize,
    /// CPUs that the control groups grant, if they set a limit.
    pub quota: Option<f64>,
    /// Threads that the pool of this process has started; 0 before the first parallel call.
    pub started: usize,
    /// The last refusal of the system to start threads, if it still stands.
    pub refused: Option<Refusal>,
}

impl fmt::Display for ThreadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (from {}; affinity {}", self.threads, self.source, self.affinity)?;
        match self.quota {
            Some(q) => write!(f, ", cgroup quota {q:.2})")?,
            None => write!(f, ", no cgroup quota)")?,
        }
        if let Some(r) = &self.refused {
            write!(f, "; the system gave {} of {}: {}", r.got, r.asked, r.reason)?;
        }
        Ok(())
    }
}

/// The number of threads, where it comes from, and the limits found. Reads the limits anew and
/// starts nothing.
///
/// # Errors
///
/// As [`num_threads`].
pub fn thread_report() -> Result<ThreadReport> {
    let (threads, source) = decide(true)?;
    let (started, refused) = pool::status();
    Ok(ThreadReport {
        threads,
        source,
        affinity: limits::affinity(),
        quota: limits::cpu_quota(),
        started,
        refused,
    })
}

/// The variables, first come first served.
const VARIABLES: [&str; 3] = ["LANEFN_NUM_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"];

fn decide(fresh: bool) -> Result<(usize, CountSource)> {
    let scoped = SCOPED.get();
    if scoped != 0 {
        return Ok((scoped, CountSource::Scope));
    }
    let own = OWN.load(Ordering::Relaxed);
    if own != 0 {
        return Ok((own, CountSource::Setting));
    }
    static READ: Published<Choice> = Published::new();
    match READ.get_or(|| choose(|name| std::env::var_os(name))) {
        Err(what) => return Err(Error::Threads(what.clone())),
        Ok(Some((threads, name, value))) => {
            return Ok((*threads, CountSource::Variable { name, value: value.clone() }));
        }
        Ok(None) => {}
    }
    let affinity = limits::affinity();
    match quota(fresh) {
        Some(q) if q < affinity => Ok((q, CountSource::Quota)),
        _ => Ok((affinity, CountSource::Affinity)),
    }
}

/// Count, name and value of the variable that decides, if one does; or what is wrong with it.
type Choice = std::result::Result<Option<(usize, &'static str, String)>, String>;

fn choose(get: impl Fn(&str) -> Option<OsString>) -> Choice {
    for name in VARIABLES {
        let Some(raw) = get(name) else { continue };
        let value = raw.to_string_lossy();
        let mut number = value.trim();
        if number.is_empty() {
            continue;
        }
        if name == "OMP_NUM_THREADS" {
            number = number.split(',').next().unwrap_or_default().trim();
        }
        match number.parse::<usize>() {
            // rayon's own documented meaning, which must not be an error here.
            Ok(0) if name == "RAYON_NUM_THREADS" => return Ok(None),
            Ok(n) if (1..=pool::MAX_THREADS).contains(&n) => {
                return Ok(Some((n, name, value.into_owned())));
            }
            _ => {
                return Err(format!(
                    "{name}={value:?} is not a number of threads (1 to {})",
                    pool::MAX_THREADS
                ));
            }
        }
    }
    Ok(None)
}

/// The control groups' quota as whole threads, from the last reading in this process.
fn quota(fresh: bool) -> Option<usize> {
    /// Generation, then count; count 0: not read, `u32::MAX`: no quota.
    static LAST: AtomicU64 = AtomicU64::new(0);
    fork::watch();
    let generation = fork::generation();
    let last = LAST.load(Ordering::Relaxed);
    let mut count = last as u32;
    if fresh || count == 0 || (last >> 32) as u32 != generation {
        count = match limits::cpu_quota() {
            // Rounded up: half a CPU of quota is best used by one more thread, at half speed.
            Some(cpus) => cpus.ceil().clamp(1.0, pool::MAX_THREADS as f64) as u32,
            None => u32::MAX,
        };
        LAST.store((u64::from(generation) << 32) | u64::from(count), Ordering::Relaxed);
    }
    (count != u32::MAX).then_some(count as usize)
}

fn check(n: usize, who: impl FnOnce() -> String) -> Result<()> {
    if (1..=pool::MAX_THREADS).contains(&n) {
        Ok(())
    } else {
        Err(Error::Threads(format!("{}: a count is from 1 to {}", who(), pool::MAX_THREADS)))
    }
}

/// Whether a call can be made with at most `n` threads.
pub(crate) fn check_threads(n: usize) -> Result<()> {
    check(n, || format!("threads({n})"))
}

/// Holds a scoped count until dropped.
pub(super) struct Scope(usize);

impl Scope {
    /// `n` from now on; 0 is none.
    pub(super) fn enter(n: usize) -> Scope {
        Scope(SCOPED.replace(n))
    }

    /// The scoped count of this thread; 0 is none.
    pub(super) fn current() -> usize {
        SCOPED.get()
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        SCOPED.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Choice {
        choose(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v)))
    }

    fn count(pairs: &[(&str, &str)]) -> Option<(usize, &'static str)> {
        of(pairs).unwrap().map(|(n, name, _)| (n, name))
    }

    #[test]
    fn the_first_variable_set_decides() {
        let all =
            [("OMP_NUM_THREADS", "3"), ("RAYON_NUM_THREADS", "5"), ("LANEFN_NUM_THREADS", "7")];
        assert_eq!(count(&all), Some((7, "LANEFN_NUM_THREADS")));
        assert_eq!(count(&all[..2]), Some((5, "RAYON_NUM_THREADS")));
        assert_eq!(count(&all[..1]), Some((3, "OMP_NUM_THREADS")));
        assert_eq!(count(&[]), None);
    }

    #[test]
    fn lists_blanks_and_empty_values_are_read_as_others_read_them() {
        assert_eq!(count(&[("OMP_NUM_THREADS", " 4, 2")]), Some((4, "OMP_NUM_THREADS")));
        assert_eq!(count(&[("LANEFN_NUM_THREADS", " 2 ")]), Some((2, "LANEFN_NUM_THREADS")));
        assert_eq!(
            count(&[("LANEFN_NUM_THREADS", ""), ("OMP_NUM_THREADS", "6")]),
            Some((6, "OMP_NUM_THREADS"))
        );
        assert_eq!(count(&[("RAYON_NUM_THREADS", "0"), ("OMP_NUM_THREADS", "6")]), None);
    }

    #[test]
    fn a_bad_variable_is_an_error_that_names_it_and_its_value() {
        for (name, value) in [
            ("LANEFN_NUM_THREADS", "0"),
            ("LANEFN_NUM_THREADS", "4,2"),
            ("LANEFN_NUM_THREADS", "-1"),
            ("LANEFN_NUM_THREADS", "65536"),
            ("LANEFN_NUM_THREADS", "99999999999999999999999"),
            ("RAYON_NUM_THREADS", "many"),
            ("OMP_NUM_THREADS", "0"),
            ("OMP_NUM_THREADS", ",4"),
            ("OMP_NUM_THREADS", "4.5"),
        ] {
            let what = of(&[(name, value)]).unwrap_err();
            assert!(what.contains(name) && what.contains(&format!("{value:?}")), "{what}");
        }
        // One that does not decide may say what it likes.
        assert_eq!(
            count(&[("LANEFN_NUM_THREADS", "2"), ("OMP_NUM_THREADS", "x")]),
            Some((2, "LANEFN_NUM_THREADS"))
        );
    }

    #[test]
    fn scopes_nest_and_end_with_a_panic() {
        let inner = with_num_threads(3, || {
            let nested = with_num_threads(5, num_threads).unwrap().unwrap();
            (nested, num_threads().unwrap())
        });
        assert_eq!(inner.unwrap(), (5, 3));
        let _ = std::panic::catch_unwind(|| {
            let _ = with_num_threads(9, || std::panic::resume_unwind(Box::new(())));
        });
        assert_eq!(Scope::current(), 0);
        assert!(matches!(with_num_threads(0, || ()), Err(Error::Threads(_))));
        assert!(matches!(set_num_threads(0), Err(Error::Threads(_))));
        assert!(matches!(set_num_threads(65_536), Err(Error::Threads(_))));
    }
}
