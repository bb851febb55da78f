//! An allocator that keeps large blocks for the next array of about their size.
//!
//! Fresh memory costs more than a cheap function does: the system gives it page by page, and clears each.
//! A program that installs [`Recycling`] as its global allocator gets the memory of an array that it has
//! dropped back for the next one, mapped and on huge pages. `ndarray` and everything else own that memory
//! as they own any: it is the global allocator's.
//!
//! A kept block is marked as one that the system may take when it needs memory (`MADV_FREE`); it then
//! reads as zeros, and nobody reads it before writing. How much is kept at most is a setting.
//!
//! # Fork
//!
//! The list of kept blocks has a lock that nobody waits for: who doesn't get it asks the system, or gives
//! back to it. So a fork that catches the lock held leaves a child that allocates a little slower.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

/// The allocator; see the module's page.
///
/// ```
/// #[global_allocator]
/// static RECYCLING: lanefn::Recycling = lanefn::Recycling::new();
///
/// fn main() {
///     lanefn::set_recycled_bytes(256 << 20);
///     let x = vec![0.0f64; 1 << 20];
///     drop(x);
/// }
/// ```
#[derive(Debug, Default)]
pub struct Recycling(());

impl Recycling {
    /// The allocator.
    pub const fn new() -> Recycling {
        Recycling(())
    }
}

/// Sets how many bytes of dropped arrays are kept at most, for the whole process; 0 keeps none. What is
/// above it goes back with the next block that is dropped. The default is an eighth of the machine's
/// memory, and a gibibyte at most.
pub fn set_recycled_bytes(bytes: usize) {
    LIMIT.store(bytes, Ordering::Relaxed);
    #[cfg(target_os = "linux")]
    if let Some(mut kept) = Kept::lock() {
        kept.shrink_to(bytes);
    }
}

/// How many bytes of dropped arrays are kept at the moment.
pub fn recycled_bytes() -> usize {
    HELD.load(Ordering::Relaxed)
}

/// Whether this is the block that was recycled last, so that its pages are likely mapped.
pub(crate) fn was_mapped(at: *const u8) -> bool {
    !at.is_null() && std::ptr::eq(LAST.load(Ordering::Relaxed), at)
}

/// Blocks of at least so many bytes are recycled.
const LARGE: usize = 1 << 20;
const HUGE_PAGE: usize = 2 << 20;
const PAGE: usize = 4096;

static LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);
static HELD: AtomicUsize = AtomicUsize::new(0);
static LAST: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());

fn is_large(layout: &Layout) -> bool {
    cfg!(target_os = "linux") && layout.size() >= LARGE && layout.align() <= PAGE
}

/// What a block for so many bytes holds: an eighth more at most, so that arrays of about one size share.
fn capacity(bytes: usize) -> Option<usize> {
    let step = (bytes.checked_next_power_of_two()? / 16).max(PAGE);
    bytes.checked_next_multiple_of(step)
}

// SAFETY: large blocks are mappings of their own, or kept ones, which nobody else has; all others are
// the system allocator's. Which of both follows from the layout alone, so it is the same when a block is
// made, grown and freed.
unsafe impl GlobalAlloc for Recycling {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        #[cfg(target_os = "linux")]
        if is_large(&layout) {
            return take(layout.size()).0;
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        #[cfg(target_os = "linux")]
        if is_large(&layout) {
            let (at, fresh) = take(layout.size());
            if !at.is_null() && !fresh {
                // SAFETY: a block of at least this size, which is nobody's.
                unsafe { at.write_bytes(0, layout.size()) };
            }
            return at;
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        #[cfg(target_os = "linux")]
        if is_large(&layout) {
            give(at, layout.size());
            return;
        }
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: the caller's promise: the size is not zero and does not overflow with this alignment.
        let new = unsafe { Layout::from_size_align_unchecked(bytes, layout.align()) };
        if !is_large(&layout) && !is_large(&new) {
            // SAFETY: the caller's promise.
            return unsafe { System.realloc(at, layout, bytes) };
        }
        if is_large(&layout) && is_large(&new) && capacity(layout.size()) == capacity(bytes) {
            return at;
        }
        // SAFETY: a block of the new size, apart from the old one.
        unsafe {
            let to = self.alloc(new);
            if !to.is_null() {
                std::ptr::copy_nonoverlapping(at, to, layout.size().min(bytes));
                self.dealloc(at, layout);
            }
            to
        }
    }
}

/// A block for so many bytes, and whether it is fresh, which is to say zeros; null if there is none.
#[cfg(target_os = "linux")]
fn take(bytes: usize) -> (*mut u8, bool) {
    let Some(capacity) = capacity(bytes) else { return (std::ptr::null_mut(), true) };
    if HELD.load(Ordering::Relaxed) >= capacity
        && let Some(at) = Kept::lock().and_then(|mut kept| kept.take(capacity))
    {
        LAST.store(at, Ordering::Relaxed);
        return (at, false);
    }
    (map(capacity), true)
}

/// Keeps a block, or gives it back to the system.
#[cfg(target_os = "linux")]
fn give(at: *mut u8, bytes: usize) {
    let Some(capacity) = capacity(bytes) else { return };
    if was_mapped(at) {
        LAST.store(std::ptr::null_mut(), Ordering::Relaxed);
    }
    let kept = Kept::lock().is_some_and(|mut kept| kept.put(at, capacity));
    if !kept {
        unmap(at, capacity);
    }
}

/// A fresh mapping that begins on a huge page, if it holds one.
#[cfg(target_os = "linux")]
fn map(bytes: usize) -> *mut u8 {
    let more = if bytes >= HUGE_PAGE { HUGE_PAGE } else { 0 };
    let Some(all) = bytes.checked_add(more) else { return std::ptr::null_mut() };
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping where the system likes.
    let at = unsafe { libc::mmap(std::ptr::null_mut(), all, protection, flags, -1, 0) };
    if at == libc::MAP_FAILED {
        return std::ptr::null_mut();
    }
    let at = at.cast::<u8>();
    if more == 0 {
        return at;
    }
    let before = (at as usize).next_multiple_of(HUGE_PAGE) - at as usize;
    // SAFETY: whole pages of the mapping on both sides of what is wanted; then advice on the rest.
    unsafe {
        if before > 0 {
            libc::munmap(at.cast(), before);
        }
        let block = at.add(before);
        if more > before {
            libc::munmap(block.add(bytes).cast(), more - before);
        }
        libc::madvise(block.cast(), bytes, libc::MADV_HUGEPAGE);
        block
    }
}

#[cfg(target_os = "linux")]
fn unmap(at: *mut u8, capacity: usize) {
    // SAFETY: a block of ours of this capacity, which nobody has any more.
    unsafe { libc::munmap(at.cast(), capacity) };
}

/// How many blocks are kept at most.
const BLOCKS: usize = 32;

/// The kept blocks, oldest first. Who makes one of these has the lock.
#[cfg(target_os = "linux")]
struct Kept(&'static mut [(usize, usize); BLOCKS]);

#[cfg(target_os = "linux")]
static LOCKED: AtomicBool = AtomicBool::new(false);

#[cfg(target_os = "linux")]
struct Blocks(std::cell::UnsafeCell<[(usize, usize); BLOCKS]>);
// SAFETY: reached through `Kept` alone, of which there is one at a time.
#[cfg(target_os = "linux")]
unsafe impl Sync for Blocks {}
#[cfg(target_os = "linux")]
static ALL: Blocks = Blocks(std::cell::UnsafeCell::new([(0, 0); BLOCKS]));

#[cfg(target_os = "linux")]
impl Kept {
    /// The list, if nobody else has it.
    fn lock() -> Option<Kept> {
        LOCKED.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).ok()?;
        // SAFETY: the lock is ours until the value is dropped.
        Some(Kept(unsafe { &mut *ALL.0.get() }))
    }

    /// A block of this capacity, the one that was kept last.
    fn take(&mut self, capacity: usize) -> Option<*mut u8> {
        let found = self.0.iter().rposition(|b| b.0 != 0 && b.1 == capacity)?;
        let at = self.remove(found);
        Some(at as *mut u8)
    }

    fn remove(&mut self, i: usize) -> usize {
        let (at, capacity) = self.0[i];
        self.0.copy_within(i + 1.., i);
        self.0[BLOCKS - 1] = (0, 0);
        HELD.fetch_sub(capacity, Ordering::Relaxed);
        at
    }

    /// Keeps a block, in place of the oldest ones if need be; false if it is too large to be kept.
    fn put(&mut self, at: *mut u8, capacity: usize) -> bool {
        let limit = limit();
        if capacity > limit {
            return false;
        }
        self.shrink_to(limit - capacity);
        if self.0[BLOCKS - 1].0 != 0 {
            self.drop_oldest();
        }
        let free = self.0.iter().position(|b| b.0 == 0).unwrap_or(BLOCKS - 1);
        // SAFETY: advice on a block that nobody has; the system may take its pages from now on.
        unsafe { libc::madvise(at.cast(), capacity, libc::MADV_FREE) };
        self.0[free] = (at as usize, capacity);
        HELD.fetch_add(capacity, Ordering::Relaxed);
        true
    }

    fn drop_oldest(&mut self) {
        let capacity = self.0[0].1;
        let at = self.remove(0);
        unmap(at as *mut u8, capacity);
    }

    fn shrink_to(&mut self, bytes: usize) {
        while HELD.load(Ordering::Relaxed) > bytes && self.0[0].0 != 0 {
            self.drop_oldest();
        }
    }
}

#[cfg(target_os = "linux")]
impl Drop for Kept {
    fn drop(&mut self) {
        LOCKED.store(false, Ordering::Release);
    }
}

/// The limit that is set, or the default. Called by an allocator, so it must not allocate.
#[cfg(target_os = "linux")]
fn limit() -> usize {
    match LIMIT.load(Ordering::Relaxed) {
        usize::MAX => {
            // SAFETY: asks for two numbers.
            let (pages, size) =
                unsafe { (libc::sysconf(libc::_SC_PHYS_PAGES), libc::sysconf(libc::_SC_PAGESIZE)) };
            let memory = usize::try_from(pages).unwrap_or(0).saturating_mul(size.max(0) as usize);
            let limit = (memory / 8).min(1 << 30);
            LIMIT.store(limit, Ordering::Relaxed);
            limit
        }
        limit => limit,
    }
}
