//! What has been compiled in this process: each function once for each combination of dtypes.
//!
//! A child of `fork` begins with an empty cache: it may have been copied while another thread was writing
//! it. The one it inherits is never looked at.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicPtr, Ordering},
};

use lanefn_compiler::{Body, graph::Graph};
use lanefn_kernels::{
    lanes::Dtype,
    loops::{MAX_INPUTS, MAX_OUTPUTS},
};
use lru::LruCache;
use smallvec::SmallVec;

use crate::{dtype::Type, error::Result, execute::fork};

/// Functions that are kept; those that were used longest ago give way.
const KEPT: std::num::NonZeroUsize = std::num::NonZeroUsize::new(1024).unwrap();

#[derive(PartialEq, Eq, Hash)]
struct Key {
    content: [u8; 32],
    inputs: SmallVec<[Type; MAX_INPUTS]>,
    outputs: SmallVec<[Option<Dtype>; MAX_OUTPUTS]>,
}

/// The cache of one process.
struct Cache {
    generation: u32,
    held: Mutex<Held>,
}

struct Held {
    /// By what was called.
    called: LruCache<Key, Arc<Body>>,
    /// By the content of the typed graph: a Python float and an array of f64 mostly come to the same.
    bodies: LruCache<[u8; 32], Arc<Body>>,
    hits: u64,
    misses: u64,
}

/// What has been compiled in this process, from [`cache_info`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheInfo {
    /// How often a function found what another of equal content had compiled.
    pub hits: u64,
    /// How often something was compiled.
    pub misses: u64,
    /// How many compiled functions are kept.
    pub capacity: usize,
    /// How many there are now.
    pub len: usize,
}

/// What has been compiled in this process. A child of `fork` begins anew.
///
/// Each [`Compiled`](crate::Compiled) keeps what it has found: only its first call with some dtypes is counted.
///
/// ```
/// use lanefn::{Ufunc, cache_info};
/// use ndarray::array;
///
/// let before = cache_info();
/// for _ in 0..2 {
///     let f = Ufunc::from_expression("x * 3 + 0.125")?;
///     assert_eq!(f.call::<(f64,), _>(&array![1.0, 2.0])?, array![3.125, 6.125]);
/// }
/// let after = cache_info();
/// assert_eq!((after.misses - before.misses, after.hits - before.hits), (1, 1));
/// # Ok::<(), lanefn::Error>(())
/// ```
pub fn cache_info() -> CacheInfo {
    let held = cache().held();
    CacheInfo {
        hits: held.hits,
        misses: held.misses,
        capacity: held.bodies.cap().get(),
        len: held.bodies.len(),
    }
}

impl Cache {
    /// A panic while it was held leaves it whole: it is written in one step.
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

static CACHE: AtomicPtr<Cache> = AtomicPtr::new(std::ptr::null_mut());

fn cache() -> &'static Cache {
    loop {
        let here = CACHE.load(Ordering::Acquire);
        // SAFETY: null, or from `Box::into_raw` below and never freed.
        if let Some(cache) = unsafe { here.as_ref() }
            && cache.generation == fork::generation()
        {
            return cache;
        }
        fork::watch();
        let (called, bodies) = (LruCache::new(KEPT), LruCache::new(KEPT));
        let held = Mutex::new(Held { called, bodies, hits: 0, misses: 0 });
        let mine = Box::into_raw(Box::new(Cache { generation: fork::generation(), held }));
        if CACHE.compare_exchange(here, mine, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: from `Box::into_raw` above and not published.
            drop(unsafe { Box::from_raw(mine) });
        }
    }
}

/// The body of this content for these types: the one that there is, or what `make` makes of the graph that
/// `typed` gives. Threads that come together wait for one of them to make it.
pub(super) fn body(
    content: &[u8; 32],
    inputs: &[Type],
    outputs: &[Option<Dtype>],
    typed: impl FnOnce() -> Result<Graph>,
    make: impl FnOnce(Graph) -> Result<Body>,
) -> Result<Arc<Body>> {
    let key = Key { content: *content, inputs: inputs.into(), outputs: outputs.into() };
    let mut held = cache().held();
    if let Some(body) = held.called.get(&key).cloned() {
        held.hits += 1;
        return Ok(body);
    }
    let graph = typed()?;
    let content = graph.content_hash();
    let body = match held.bodies.get(&content).cloned() {
        Some(body) => {
            held.hits += 1;
            body
        }
        None => {
            let body = Arc::new(make(graph)?);
            held.misses += 1;
            held.bodies.put(content, body.clone());
            body
        }
    };
    held.called.put(key, body.clone());
    Ok(body)
}
