//! The recycling allocator, as the allocator of this whole test program.
#![cfg(target_os = "linux")]

use lanefn::{Recycling, math, prelude::*, recycled_bytes, set_recycled_bytes};
use ndarray::Array1;

#[global_allocator]
static RECYCLING: Recycling = Recycling::new();

const LARGE: usize = 3 << 20;

/// What the system says of the mapping that holds this address.
fn of_mapping(at: *const u8, what: &str) -> String {
    let maps = std::fs::read_to_string("/proc/self/smaps").expect("Linux lists a process's memory");
    let mut inside = false;
    for line in maps.lines() {
        let ends = line.split(' ').next().and_then(|range| range.split_once('-'));
        let number = |text| usize::from_str_radix(text, 16).ok();
        if let Some((Some(from), Some(to))) = ends.map(|(a, b)| (number(a), number(b))) {
            inside = (from..to).contains(&(at as usize));
        } else if inside && let Some(rest) = line.strip_prefix(what) {
            return rest.trim().to_string();
        }
    }
    panic!("nothing is said of {what} at {at:?}");
}

fn kilobytes(at: *const u8, what: &str) -> usize {
    let said = of_mapping(at, what);
    said.trim_end_matches("kB").trim().parse().expect("a number of kilobytes")
}

/// One test: all of it is about what the process keeps.
#[test]
fn large_blocks_come_back_and_are_bounded() {
    // What was dropped last is had next, dirty for those who don't mind and clean for those who do.
    let mut first = vec![7u8; LARGE];
    first[LARGE - 1] = 9;
    let at = first.as_ptr();
    let huge = std::path::Path::new("/sys/kernel/mm/transparent_hugepage/enabled").exists();
    if huge {
        let flags = of_mapping(at, "VmFlags:");
        assert!(flags.split_whitespace().any(|f| f == "hg"), "huge pages are advised: {flags}");
    } else {
        println!("skipped: huge pages, which this system has not");
    }
    assert_eq!(kilobytes(at, "LazyFree:"), 0, "what is in use stays");
    drop(first);
    assert!(recycled_bytes() >= LARGE);
    // The system may have it when it needs memory; here it is told that it does.
    // (The system counts pages in batches, so some may not be counted yet.)
    let free = kilobytes(at, "LazyFree:");
    assert!(free > LARGE / 1024 * 3 / 4, "what is kept may be taken: {free} kB");
    // SAFETY: advice on a block that nobody has; what it held is nobody's either.
    let taken = unsafe { libc::madvise(at.cast_mut().cast(), LARGE, libc::MADV_PAGEOUT) } == 0;
    if taken {
        assert!(kilobytes(at, "Rss:") < LARGE / 1024, "the system has taken it");
    } else {
        println!("skipped: taking memory back (MADV_PAGEOUT), which this system has not");
    }
    let second: Vec<u8> = Vec::with_capacity(LARGE);
    assert_eq!(second.as_ptr(), at, "the block is had again");
    drop(second);
    let clean = vec![0u8; LARGE];
    assert!(clean.as_ptr() == at && clean.iter().all(|b| *b == 0), "zeros are zeros");
    drop(clean);

    // A result takes the place of the one before, and its elements are right.
    let x = Array1::from_shape_fn(1 << 19, |i| i as f64);
    let mut last = std::ptr::null();
    for round in 0..4 {
        let y = math::add::ufunc().call((&x, f64::from(round))).unwrap();
        assert!((0..1 << 19).all(|i| y[i] == i as f64 + f64::from(round)));
        assert!(round == 0 || y.as_ptr() == last, "round {round}");
        last = y.as_ptr();
    }

    // Growing and shrinking across every limit keeps what is held.
    let mut grown: Vec<u32> = Vec::new();
    for i in 0..(3 << 20) {
        grown.push(i);
    }
    grown.shrink_to(1 << 18);
    assert!(grown.iter().enumerate().all(|(i, v)| *v == i as u32));
    grown.truncate(1000);
    grown.shrink_to_fit();
    assert!(grown.len() == 1000 && grown[999] == 999);
    drop(grown);

    // The setting bounds what is kept, from now on and at once.
    drop([vec![1u8; LARGE], vec![2u8; 2 * LARGE], vec![3u8; 3 * LARGE]]);
    assert!(recycled_bytes() > 3 * LARGE);
    set_recycled_bytes(2 * LARGE);
    assert!(recycled_bytes() <= 2 * LARGE);
    drop(vec![4u8; 4 * LARGE]);
    assert!(recycled_bytes() <= 2 * LARGE);
    set_recycled_bytes(0);
    assert_eq!(recycled_bytes(), 0);
    drop(vec![5u8; LARGE]);
    assert_eq!(recycled_bytes(), 0);
    set_recycled_bytes(256 << 20);

    // Sizes of all kinds from several threads, each with its own contents.
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            scope.spawn(move || {
                let mut held: Vec<Vec<u8>> = Vec::new();
                for round in 0..200usize {
                    let size = (1 << 20) + (round * 7919 + usize::from(thread) * 104_729) % LARGE;
                    let mut block = vec![0u8; size];
                    assert!(block[0] == 0 && block[size / 2] == 0 && block[size - 1] == 0);
                    block[0] = thread;
                    block[size - 1] = thread;
                    held.push(block);
                    if held.len() > 5 {
                        let old = held.swap_remove(round % 5);
                        assert!(old[0] == thread && old[old.len() - 1] == thread);
                    }
                }
            });
        }
    });

    // A child of a process whose other threads allocate: it never waits for them.
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    std::hint::black_box(Vec::<u8>::with_capacity(LARGE));
                }
            });
        }
        for _ in 0..50 {
            // SAFETY: the child touches nothing but large blocks, and leaves without unwinding.
            unsafe {
                match libc::fork() {
                    0 => {
                        for _ in 0..20 {
                            let layout = std::alloc::Layout::from_size_align_unchecked(LARGE, 8);
                            let at = std::alloc::alloc(layout);
                            at.write(1);
                            std::alloc::dealloc(at, layout);
                        }
                        libc::_exit(0);
                    }
                    child => {
                        let mut status = 1;
                        assert_eq!(libc::waitpid(child, &mut status, 0), child);
                        assert_eq!(status, 0);
                    }
                }
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
