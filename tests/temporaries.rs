//! Casts, masks and copies of operands go through buffers of some kilobytes, never through whole arrays.
//!
//! The allocator counts, so this file has one test: nothing else may run beside it.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use lanefn::{
    Options, RawInput, RawOutput,
    dtype::{Casting, Dtype},
    ufunc::Reducing,
};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the system's allocator does all; this counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) };
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most bytes that a call had besides those before it.
fn extra(call: impl FnOnce() -> lanefn::Result<()>) -> usize {
    let before = NOW.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    call().expect("the operands fit");
    MOST.load(Ordering::Relaxed) - before
}

const N: usize = 1 << 20;

fn row<T>(x: &[T], dtype: Dtype) -> RawInput<'_> {
    let strides: &[isize] = match size_of::<T>() {
        1 => &[1],
        4 => &[4],
        _ => &[8],
    };
    RawInput { ptr: x.as_ptr().cast(), shape: &[N], strides, dtype }
}

#[test]
fn no_call_makes_a_temporary_as_large_as_an_array() {
    let (mut a, x, bytes) = (vec![1.0f64; N], vec![3i32; N], vec![1u8; N]);
    let index: Vec<i64> = (0..N as i64).map(|i| i * 7 % N as i64).collect();
    let at = a.as_mut_ptr().cast::<u8>();
    let to = RawOutput { ptr: at, shape: &[N], strides: &[8], dtype: Dtype::F64 };
    let one = RawOutput { ptr: at, shape: &[], strides: &[], dtype: Dtype::F64 };
    let small = RawOutput { ptr: at, shape: &[2], strides: &[8], dtype: Dtype::F64 };
    let (ints, truths) = (row(&x, Dtype::I32), row(&bytes, Dtype::Bool));
    let table = RawInput { shape: &[1024, 1024], strides: &[4, 4096], ..ints };
    let small_x = RawInput { shape: &[1024], ..ints };
    let wide = RawOutput { shape: &[1024, 1024], strides: &[8192, 8], ..to };
    let find = |name: &str| lanefn::find(name).expect("in the catalogue");
    for threads in [1, 2] {
        let options =
            Options { threads: Some(threads), casting: Casting::Unsafe, ..Options::default() };
        let masked =
            Reducing { mask: Some(truths), dtype: Some(Dtype::F64), ..Reducing::default() };
        // SAFETY: arrays of ours; what is written is apart from what is read.
        let calls: [(&str, usize); 9] = unsafe {
            [
                ("call", extra(|| find("add").call_raw(&[ints, truths], None, &[to], options))),
                (
                    "call, masked",
                    extra(|| find("add").call_raw(&[ints, ints], Some(truths), &[to], options)),
                ),
                (
                    "call, transposed",
                    extra(|| find("add").call_raw(&[table, table], None, &[wide], options)),
                ),
                ("reduce", extra(|| find("add").reduce_raw(ints, one, &masked, options))),
                (
                    "accumulate",
                    extra(|| find("add").accumulate_raw(ints, 0, to, Some(Dtype::F64), options)),
                ),
                (
                    "reduceat",
                    extra(|| {
                        find("add").reduceat_raw(ints, &[0, 9], 0, small, Some(Dtype::F64), options)
                    }),
                ),
                (
                    "outer",
                    extra(|| find("subtract").outer_raw(small_x, small_x, None, &[wide], options)),
                ),
                ("at", extra(|| find("add").at_raw(to, &index, &[N], Some(ints), options))),
                (
                    "at, transposed",
                    extra(|| find("add").at_raw(to, &index, &[1024, 1024], Some(table), options)),
                ),
            ]
        };
        for (call, bytes) in calls {
            assert!(bytes < 1 << 20, "{call} with {threads} threads: {bytes} bytes more");
        }
    }
    // What overlaps must be copied, and that is seen.
    let over = RawInput { ptr: at, shape: &[N], strides: &[8], dtype: Dtype::F64 };
    // SAFETY: an array of ours.
    let copied =
        extra(|| unsafe { find("add").at_raw(to, &index, &[N], Some(over), Options::default()) });
    assert!(copied >= 8 * N, "{copied}");
}
