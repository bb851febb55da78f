//! The pool and the one function that enters it. The only file that knows rayon.
//!
//! # How a call runs
//!
//! The calling thread and its helpers take task indices from one counter until none is left. The
//! caller then *closes* the job and waits for the helpers that have begun; those that have not find
//! it closed when they begin and go away. So a call ends even if no helper ever comes, calls may be
//! nested and made from any number of threads without waiting in a circle, and the caller never runs
//! anything of somebody else's while it waits. For the same reasons helpers enter rayon by `spawn`
//! and nobody blocks inside rayon: a thread that is, or in a forked child was, a worker of some
//! other rayon pool would go on to execute that pool's jobs there.
//!
//! Which thread runs a task is left to chance; what a task computes may depend on its index alone.
//!
//! # Fork
//!
//! All state is one leaked [`Crew`], keyed by the process. A child makes its own and leaves the
//! inherited one as it is. There is no lock on this path, whether made or waited for:
//!
//! - a crew is published by one exchange; a loser drops its own, which has no threads yet;
//! - threads are started by one thread at a time, and the others go on with what there is. Who holds
//!   that claim in the parent does not matter to a child: the claim is the crew's;
//! - the workers are bare POSIX threads. A `std` thread takes a lock of the whole process when it
//!   starts and when it ends, and a fork at that moment would leave it locked in the child;
//! - what rayon itself shares in the process is settled before each fork: see [`fork`].
//!
//! # A task that forks
//!
//! In the child, the thread may start parallel calls of its own as usual. If it returns from the
//! task, then: the caller finishes the call alone if no helper was at work, and otherwise gets an
//! error, since what the helpers were doing is half done for ever; a helper has no caller to
//! return to, says so, and ends the process.

use std::{
    any::Any,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    ptr,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use rayon::{ThreadBuilder, ThreadPool, ThreadPoolBuilder};

use super::{
    floats::IeeeDefault,
    fork,
    interrupt::{self, Watch},
    threads::{Refusal, Scope},
};
use crate::error::{Error, Result};

/// The largest count of threads, rayon's own limit on 64-bit machines.
pub(super) const MAX_THREADS: usize = 65_535;

/// The stack of a worker, the default of `std`. Given by hand because looking it up reads the
/// environment under a lock.
const STACK_BYTES: usize = 2 << 20;

/// How long a refusal to start threads stands before the system is asked again.
const RETRY_MILLIS: u64 = 1000;

/// Helpers that may wait to begin, besides two for each worker: those of short calls in quick
/// succession, which are over before a sleeping worker is awake.
const QUEUE_SLACK: usize = 64;

/// Turns of the loop in which a caller looks for the end of its last helper before it sleeps: a few
/// microseconds, about what sleeping and waking cost.
const SPINS: usize = 512;

/// Runs `task(i)` for every `i` in `0..tasks`, on this thread and at most `threads - 1` of the
/// pool's, and returns when all are done. The only function that enters parallel code.
///
/// Tasks run in the IEEE default floating-point environment, whatever the calling thread's is.
///
/// With one task or one thread the pool is not touched. If the system gives fewer threads than asked
/// for, or none, the work is done with those that there are.
///
/// # Errors
///
/// [`Error::Threads`] if a task panicked (no task is begun after that; the pool stays sound), and in
/// a child forked by a task if the call can't be finished there.
pub fn parallel(tasks: usize, threads: usize, task: &(dyn Fn(usize) + Sync)) -> Result<()> {
    enter(tasks, threads, None, task)
}

/// [`parallel`] that stops on the way if it is asked to.
///
/// # Errors
/// As [`parallel`]; [`Error::Interrupted`](crate::Error::Interrupted).
pub(crate) fn parallel_watched(
    tasks: usize,
    threads: usize,
    watch: Option<&Watch>,
    task: &(dyn Fn(usize) + Sync),
) -> Result<()> {
    let Some(watch) = watch else { return parallel(tasks, threads, task) };
    enter(tasks, threads, Some(watch), &|i| {
        if watch.go_on() {
            watch.during(|| task(i));
        }
    })?;
    watch.end()
}

fn enter(
    tasks: usize,
    threads: usize,
    watch: Option<&Watch>,
    task: &(dyn Fn(usize) + Sync),
) -> Result<()> {
    let wanted = threads.min(tasks).min(MAX_THREADS).saturating_sub(1);
    if wanted == 0 {
        return alone(0..tasks, task);
    }
    let crew = Crew::current();
    // Grown to what the setting says, not to what this call can use: one pool, not many small ones.
    crew.grow(threads.min(MAX_THREADS) - 1);
    let helpers = wanted.min(crew.count.load(Ordering::Acquire));
    if helpers == 0 {
        return alone(0..tasks, task);
    }

    // SAFETY: only the lifetime is changed. The pointer is followed by `Job::work` alone: on this
    // thread, which borrows `task`, and on helpers between `enter` and `leave`. After `close` no
    // helper enters, and `finish` returns only when every helper that entered has left. Nothing
    // between here and there can unwind: tasks run under `catch_unwind`, so `task` outlives all uses.
    let task = unsafe {
        std::mem::transmute::<
            *const (dyn Fn(usize) + Sync + '_),
            *const (dyn Fn(usize) + Sync + 'static),
        >(task)
    };
    let job = Arc::new(Job {
        task,
        tasks,
        helpers,
        called: AtomicUsize::new(0),
        crew,
        turn: crew.turn.fetch_add(1, Ordering::Relaxed),
        scope: Scope::current(),
        generation: fork::generation(),
        next: AtomicUsize::new(0),
        state: AtomicUsize::new(0),
        panic: Mutex::new(None),
        bell: Mutex::new(()),
        rung: Condvar::new(),
    });
    job.call_helpers();
    job.work();
    if fork::generation() != job.generation {
        return job.finish_in_child();
    }
    job.finish(watch)
}

/// The work of a call on this thread alone.
fn alone(tasks: std::ops::Range<usize>, task: &(dyn Fn(usize) + Sync)) -> Result<()> {
    let _floats = IeeeDefault::enter();
    catch_unwind(AssertUnwindSafe(|| tasks.for_each(task))).map_err(|p| panicked(&*p))
}

fn panicked(payload: &(dyn Any + Send)) -> Error {
    let what = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    Error::Threads(format!("a task panicked: {what}"))
}

/// [`Job::state`]: no helper may enter any more.
const CLOSED: usize = 1 << (usize::BITS - 1);

/// One parallel call. Helpers may hold it after the call is over, and then find it closed.
struct Job {
    task: *const (dyn Fn(usize) + Sync),
    tasks: usize,
    /// How many helpers to call, in all.
    helpers: usize,
    /// How many have been called.
    called: AtomicUsize,
    crew: &'static Crew,
    /// Spreads the calls over the crew's segments.
    turn: usize,
    /// The caller's scoped thread count, which holds for its tasks too.
    scope: usize,
    /// The fork generation of the caller.
    generation: u32,
    /// The next task to begin.
    next: AtomicUsize,
    /// Helpers at work, and [`CLOSED`].
    state: AtomicUsize,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    bell: Mutex<()>,
    rung: Condvar,
}

// SAFETY: `task` points to a `Sync` closure, followed only as long as it lives (see `parallel`); the
// rest is `Send` by itself.
unsafe impl Send for Job {}
// SAFETY: as above; all that is changed after construction is atomic or behind a mutex.
unsafe impl Sync for Job {}

impl Job {
    /// Calls two more helpers, if there are still some to call and tasks for them. The caller and each
    /// helper that begins do so, so waking many sleepers takes a few steps and not one long row on
    /// the caller.
    fn call_helpers(self: &Arc<Self>) {
        for _ in 0..2 {
            if self.next.load(Ordering::Relaxed) >= self.tasks {
                return;
            }
            let nth = self.called.fetch_add(1, Ordering::Relaxed);
            let job = Arc::clone(self);
            if nth >= self.helpers
                || !self.crew.spawn(self.turn.wrapping_add(nth), move || job.help())
            {
                self.called.fetch_sub(1, Ordering::Relaxed);
                return;
            }
        }
    }

    /// A helper's part, on a worker.
    fn help(self: Arc<Self>) {
        if !self.enter() {
            return;
        }
        self.call_helpers();
        let scope = Scope::enter(self.scope);
        self.work();
        drop(scope);
        if fork::generation() != self.generation {
            nowhere_to_return();
        }
        self.leave();
    }

    /// Takes tasks until none is left, one panicked, or one forked and this is the child.
    fn work(self: &Arc<Self>) {
        let _floats = IeeeDefault::enter();
        loop {
            let i = self.next.fetch_add(1, Ordering::Relaxed);
            if i >= self.tasks {
                return;
            }
            // SAFETY: this thread is the caller or has entered; see `parallel`.
            let task = unsafe { &*self.task };
            let end = catch_unwind(AssertUnwindSafe(|| task(i)));
            if fork::generation() != self.generation {
                // In a child; the locks of this job may be held for ever.
                if end.is_err() {
                    self.next.store(usize::MAX / 2, Ordering::Relaxed);
                }
                return;
            }
            if let Err(payload) = end {
                self.next.store(self.tasks, Ordering::Relaxed);
                let mut first = self.panic.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert(payload);
                return;
            }
            if self.called.load(Ordering::Relaxed) < self.helpers {
                // The queue was full, and may be free by now.
                self.call_helpers();
            }
        }
    }

    /// A helper begins, unless the job is closed.
    fn enter(&self) -> bool {
        self.state
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |s| {
                (s & CLOSED == 0).then_some(s + 1)
            })
            .is_ok()
    }

    /// A helper ends; what it wrote is visible to the caller.
    fn leave(&self) {
        if self.state.fetch_sub(1, Ordering::AcqRel) == CLOSED | 1 {
            // The lock makes sure that the caller is not between its look at the state and its sleep.
            drop(self.bell.lock().unwrap_or_else(PoisonError::into_inner));
            self.rung.notify_one();
        }
    }

    /// Closes the job, waits for the helpers at work and gives the result. Meanwhile this thread, which
    /// alone may, asks whether they should stop.
    fn finish(&self, watch: Option<&Watch>) -> Result<()> {
        let mut state = self.state.fetch_or(CLOSED, Ordering::AcqRel) | CLOSED;
        for _ in 0..SPINS {
            if state == CLOSED {
                break;
            }
            std::hint::spin_loop();
            state = self.state.load(Ordering::Acquire);
        }
        if state != CLOSED {
            let hear = || self.bell.lock().unwrap_or_else(PoisonError::into_inner);
            let mut bell = hear();
            while self.state.load(Ordering::Acquire) != CLOSED {
                let Some(watch) = watch.filter(|w| !w.is_stopped()) else {
                    bell = self.rung.wait(bell).unwrap_or_else(PoisonError::into_inner);
                    continue;
                };
                drop(self.rung.wait_timeout(bell, interrupt::EVERY));
                watch.go_on();
                if fork::generation() != self.generation {
                    // Who answered has forked, and this is the child.
                    return self.finish_in_child();
                }
                bell = hear();
            }
        }
        let payload = self.panic.lock().unwrap_or_else(PoisonError::into_inner).take();
        payload.map_or(Ok(()), |p| Err(panicked(&*p)))
    }

    /// The caller's end in a child that one of its own tasks forked: no helper lives here.
    fn finish_in_child(&self) -> Result<()> {
        let next = self.next.load(Ordering::Relaxed);
        if next >= usize::MAX / 2 {
            return Err(Error::Threads("a task panicked in a forked child".into()));
        }
        if self.state.load(Ordering::Relaxed) != 0 {
            return Err(Error::Threads(
                "a task forked while others ran, and the child can't finish their work".into(),
            ));
        }
        // SAFETY: this is the caller.
        alone(next.min(self.tasks)..self.tasks, unsafe { &*self.task })
    }
}

/// The end of a child whose only thread was a helper and returned from the task that forked.
fn nowhere_to_return() -> ! {
    #[cfg(unix)]
    {
        let text =
            b"lanefn: a child forked inside a parallel task returned from it; its caller is \
                     in the parent process, so the child ends here\n";
        // SAFETY: the buffer is valid for its length; `_exit` runs no handlers of the parent's.
        // Neither takes a lock, which a dead thread of the parent might hold.
        unsafe {
            libc::write(2, text.as_ptr().cast(), text.len());
            libc::_exit(1)
        }
    }
    #[cfg(not(unix))]
    std::process::abort()
}

/// The threads of one process. Leaked: never dropped, so that a child can't join what it lacks.
struct Crew {
    /// The process that it belongs to.
    key: u64,
    /// The last segment; each knows the one before.
    newest: AtomicPtr<Segment>,
    /// Threads in all segments.
    count: AtomicUsize,
    /// Calls so far.
    turn: AtomicUsize,
    /// Helpers called that have not begun: bounded, see [`Crew::spawn`].
    queued: AtomicUsize,
    /// A thread is starting more threads.
    growing: AtomicBool,
    made: Instant,
    /// Threads (without the caller) that the system refused to give, or 0.
    refused: AtomicUsize,
    /// Its error.
    refused_code: AtomicU32,
    /// When to ask again, in milliseconds since `made`.
    retry: AtomicU64,
}

/// Some threads, started together. A crew that must grow gets one more, so nothing that another
/// thread may be using is ever taken down.
struct Segment {
    pool: ThreadPool,
    /// Threads in the segments before.
    first: usize,
    older: *const Segment,
}

static CREW: AtomicPtr<Crew> = AtomicPtr::new(ptr::null_mut());

impl Crew {
    /// This process's crew, without threads at first.
    fn current() -> &'static Crew {
        fork::watch();
        let key = fork::key();
        let mut here = CREW.load(Ordering::Acquire);
        loop {
            // SAFETY: null or a leaked `Crew`, seen whole by the Acquire loads.
            if let Some(crew) = unsafe { here.as_ref() }
                && crew.key == key
            {
                return crew;
            }
            // None, or the parent's, which stays as it is.
            let mine = Box::into_raw(Box::new(Crew::new(key)));
            match CREW.compare_exchange(here, mine, Ordering::AcqRel, Ordering::Acquire) {
                // SAFETY: just leaked for good.
                Ok(_) => return unsafe { &*mine },
                Err(theirs) => {
                    // SAFETY: from `Box::into_raw` above and not published; it has no threads.
                    drop(unsafe { Box::from_raw(mine) });
                    here = theirs;
                }
            }
        }
    }

    fn new(key: u64) -> Crew {
        Crew {
            key,
            newest: AtomicPtr::new(ptr::null_mut()),
            count: AtomicUsize::new(0),
            turn: AtomicUsize::new(0),
            queued: AtomicUsize::new(0),
            growing: AtomicBool::new(false),
            made: Instant::now(),
            refused: AtomicUsize::new(0),
            refused_code: AtomicU32::new(0),
            retry: AtomicU64::new(0),
        }
    }

    /// Makes it `wanted` threads, if it has fewer, nobody is at it and the system has not just
    /// refused.
    fn grow(&self, wanted: usize) {
        let refused = self.refused.load(Ordering::Relaxed);
        if wanted <= self.count.load(Ordering::Acquire)
            || (refused != 0
                && wanted >= refused
                && self.millis() < self.retry.load(Ordering::Relaxed))
            || self.growing.swap(true, Ordering::Acquire)
        {
            return;
        }
        let claim = Claim(&self.growing);
        let count = self.count.load(Ordering::Acquire);
        if wanted > count {
            let (pool, error) = start(wanted - count, count);
            if let Some(pool) = pool {
                let threads = pool.current_num_threads();
                let older = self.newest.load(Ordering::Relaxed);
                let segment = Box::new(Segment { pool, first: count, older });
                self.newest.store(Box::into_raw(segment), Ordering::Release);
                self.count.store(count + threads, Ordering::Release);
            }
            if let Some(error) = error {
                let code = error.raw_os_error().unwrap_or_default().unsigned_abs();
                self.refused_code.store(code, Ordering::Relaxed);
                self.retry.store(self.millis() + RETRY_MILLIS, Ordering::Relaxed);
                self.refused.store(wanted, Ordering::Relaxed);
            } else {
                self.refused.store(0, Ordering::Relaxed);
            }
        }
        drop(claim);
    }

    fn millis(&self) -> u64 {
        self.made.elapsed().as_millis() as u64
    }

    /// Calls a helper on the segment that `turn` falls to, unless too many wait already.
    ///
    /// When all workers are busy for long, helpers of short calls would pile up without end, all to
    /// find their job closed at last. A longer call asks again after each of its tasks.
    fn spawn(&'static self, turn: usize, help: impl FnOnce() + Send + 'static) -> bool {
        let count = self.count.load(Ordering::Acquire);
        if self.queued.fetch_add(1, Ordering::Relaxed) >= 2 * count + QUEUE_SLACK {
            self.queued.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        let slot = turn % count;
        let mut segment = self.newest.load(Ordering::Acquire).cast_const();
        // SAFETY: segments are leaked and not changed after they are published (Release, Acquire);
        // the count is above 0, so there is one, and the oldest begins at 0, so the walk ends there.
        let segment = unsafe {
            while (*segment).first > slot {
                segment = (*segment).older;
            }
            &*segment
        };
        segment.pool.spawn(move || {
            self.queued.fetch_sub(1, Ordering::Relaxed);
            help();
        });
        true
    }
}

/// The claim to grow a crew, given back when dropped.
struct Claim<'a>(&'a AtomicBool);

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Threads started in this process, and the refusal that stands, for the report.
pub(super) fn status() -> (usize, Option<Refusal>) {
    // SAFETY: null or a leaked `Crew`, seen whole by the Acquire load.
    let Some(crew) = (unsafe { CREW.load(Ordering::Acquire).as_ref() }) else { return (0, None) };
    if crew.key != fork::key() {
        return (0, None);
    }
    let count = crew.count.load(Ordering::Acquire);
    let refused = match crew.refused.load(Ordering::Relaxed) {
        0 => None,
        asked => Some(Refusal {
            asked: asked + 1,
            got: count + 1,
            reason: io::Error::from_raw_os_error(
                crew.refused_code.load(Ordering::Relaxed).cast_signed(),
            )
            .to_string(),
        }),
    };
    (count, refused)
}

/// Starts `wanted` threads or as many as the system gives, and says what it answered if fewer.
fn start(wanted: usize, first: usize) -> (Option<ThreadPool>, Option<io::Error>) {
    let mut threads = wanted;
    let mut refusal = None;
    while threads > 0 {
        let mut started = Vec::with_capacity(threads);
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(STACK_BYTES)
            .spawn_handler(|thread| match worker::start(thread, first) {
                Ok(handle) => {
                    started.push(handle);
                    Ok(())
                }
                Err(error) => {
                    refusal = Some(io::Error::from_raw_os_error(
                        error.raw_os_error().unwrap_or_default(),
                    ));
                    Err(error)
                }
            })
            .build();
        if let Ok(pool) = pool {
            started.into_iter().for_each(worker::detach);
            return (Some(pool), refusal);
        }
        // rayon has told those that did start to end. Wait until they have, so that what they hold
        // is free for the next try, with as many.
        let had = started.len();
        started.into_iter().for_each(worker::join);
        threads = had.min(threads - 1);
    }
    (None, refusal)
}

/// Workers as bare POSIX threads; see the head of the file for the reason.
#[cfg(unix)]
mod worker {
    use super::*;

    pub(super) type Handle = libc::pthread_t;

    pub(super) fn start(thread: ThreadBuilder, first: usize) -> io::Result<Handle> {
        struct Attributes(libc::pthread_attr_t);
        impl Drop for Attributes {
            fn drop(&mut self) {
                // SAFETY: initialised where it was made.
                unsafe { libc::pthread_attr_destroy(&mut self.0) };
            }
        }
        let stack = thread.stack_size().unwrap_or(STACK_BYTES);
        let mut raw = std::mem::MaybeUninit::uninit();
        // SAFETY: `raw` is valid for writing; on success it is initialised.
        let mut attributes = unsafe {
            ok(libc::pthread_attr_init(raw.as_mut_ptr()))?;
            Attributes(raw.assume_init())
        };
        // SAFETY: initialised attributes.
        ok(unsafe { libc::pthread_attr_setstacksize(&mut attributes.0, stack) })?;
        let argument = Box::into_raw(Box::new((thread, first)));
        let mut handle = std::mem::MaybeUninit::uninit();
        // SAFETY: `run` takes the box back, once; the attributes are initialised.
        let code = unsafe {
            libc::pthread_create(handle.as_mut_ptr(), &attributes.0, run, argument.cast())
        };
        if let Err(error) = ok(code) {
            // SAFETY: no thread was started, so the box is still ours.
            drop(unsafe { Box::from_raw(argument) });
            return Err(error);
        }
        // SAFETY: written by `pthread_create` on success.
        Ok(unsafe { handle.assume_init() })
    }

    extern "C" fn run(argument: *mut libc::c_void) -> *mut libc::c_void {
        // SAFETY: the box that `start` leaked for this thread.
        let (thread, first) = *unsafe { Box::from_raw(argument.cast::<(ThreadBuilder, usize)>()) };
        #[cfg(target_os = "linux")]
        if let Ok(name) = std::ffi::CString::new(format!("lanefn-{}", first + thread.index() + 1)) {
            // SAFETY: a C string of at most 13 bytes (15 are allowed), for this thread.
            unsafe { libc::pthread_setname_np(libc::pthread_self(), name.as_ptr()) };
        }
        #[cfg(not(target_os = "linux"))]
        let _ = first;
        // A panic can't come out: tasks run under `catch_unwind`, and rayon's loop aborts otherwise.
        thread.run();
        ptr::null_mut()
    }

    pub(super) fn detach(handle: Handle) {
        // SAFETY: a joinable thread, handed over once.
        unsafe { libc::pthread_detach(handle) };
    }

    pub(super) fn join(handle: Handle) {
        // SAFETY: a joinable thread, handed over once.
        unsafe { libc::pthread_join(handle, ptr::null_mut()) };
    }

    fn ok(code: libc::c_int) -> io::Result<()> {
        if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
    }
}

/// Where there is no `fork`, workers are `std` threads.
#[cfg(not(unix))]
mod worker {
    use super::*;

    pub(super) type Handle = std::thread::JoinHandle<()>;

    pub(super) fn start(thread: ThreadBuilder, first: usize) -> io::Result<Handle> {
        std::thread::Builder::new()
            .name(format!("lanefn-{}", first + thread.index() + 1))
            .stack_size(thread.stack_size().unwrap_or(STACK_BYTES))
            .spawn(|| thread.run())
    }

    pub(super) fn detach(handle: Handle) {
        drop(handle);
    }

    pub(super) fn join(handle: Handle) {
        let _ = handle.join();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Holds every worker until the gate is opened, fills the queue with short calls, and runs
    /// `then`. False if the workers could not be held, because other tests had them.
    fn with_a_full_queue(then: impl FnOnce(&AtomicBool)) -> bool {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = AtomicBool::new(false);
        let held = AtomicUsize::new(0);
        let from = Instant::now();
        std::thread::scope(|s| {
            s.spawn(|| {
                parallel(8, 8, &|_| {
                    held.fetch_add(1, Ordering::SeqCst);
                    while !gate.load(Ordering::SeqCst) {
                        std::thread::yield_now();
                    }
                })
            });
            while held.load(Ordering::SeqCst) < 8 {
                if from.elapsed() > Duration::from_secs(2) {
                    gate.store(true, Ordering::SeqCst);
                    return false;
                }
                std::thread::yield_now();
            }
            for _ in 0..1000 {
                parallel(8, 8, &|_| ()).unwrap();
            }
            then(&gate);
            gate.store(true, Ordering::SeqCst);
            true
        })
    }

    #[test]
    fn a_long_call_gets_helpers_though_the_queue_was_full_when_it_began() {
        let held = (0..10).any(|_| {
            with_a_full_queue(|gate| {
                let caller = std::thread::current().id();
                let others = AtomicUsize::new(0);
                parallel(200, 2, &|i| {
                    gate.fetch_or(i == 10, Ordering::SeqCst);
                    if std::thread::current().id() != caller {
                        others.fetch_add(1, Ordering::SeqCst);
                    }
                    std::thread::sleep(Duration::from_millis(1));
                })
                .unwrap();
                assert_ne!(others.into_inner(), 0, "no helper came");
            })
        });
        assert!(held);
    }

    #[test]
    fn helpers_of_calls_made_while_the_pool_is_busy_do_not_pile_up() {
        let held = (0..10).any(|_| {
            with_a_full_queue(|gate| {
                let crew = Crew::current();
                let queued = crew.queued.load(Ordering::SeqCst);
                gate.store(true, Ordering::SeqCst);
                let most = 2 * crew.count.load(Ordering::SeqCst) + QUEUE_SLACK;
                // Others may count themselves for a moment before they are turned away.
                assert!(queued <= most + 16, "{queued} queued");
            })
        });
        assert!(held);
    }
}
