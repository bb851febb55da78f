//! What has been compiled in this process: each function once for each combination of dtypes.
//!
//! A child of `fork` begins with an empty cache: it may have been copied while another thread was writing
//! it. The one it inherits is never looked at.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicPtr, Ordering},
};

use lanefn_compiler::Body;
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
    bodies: Mutex<LruCache<Key, Arc<Body>>>,
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
        let bodies = Mutex::new(LruCache::new(KEPT));
        let mine = Box::into_raw(Box::new(Cache { generation: fork::generation(), bodies }));
        if CACHE.compare_exchange(here, mine, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: from `Box::into_raw` above and not published.
            drop(unsafe { Box::from_raw(mine) });
        }
    }
}

/// The body of this content for these types: the one that there is, or the one that `make` gives. Threads
/// that come together wait for one of them to make it.
pub(super) fn body(
    content: &[u8; 32],
    inputs: &[Type],
    outputs: &[Option<Dtype>],
    make: impl FnOnce() -> Result<Body>,
) -> Result<Arc<Body>> {
    let key = Key { content: *content, inputs: inputs.into(), outputs: outputs.into() };
    // A panic while it was held leaves it whole: it is written in one step.
    let mut bodies = cache().bodies.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(body) = bodies.get(&key) {
        return Ok(body.clone());
    }
    let body = Arc::new(make()?);
    bodies.put(key, body.clone());
    Ok(body)
}
