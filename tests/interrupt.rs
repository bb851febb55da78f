//! A long call stops when it is asked to, and only then.

use std::sync::atomic::{AtomicUsize, Ordering};

use lanefn::{Error, math, prelude::*};
use ndarray::{Array1, Array2, Axis};

#[test]
fn a_long_call_stops_soon_after_the_answer_is_yes() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let x = Array1::from_elem(30_000_000, 0.5);
    for threads in [1, 2] {
        ASKED.store(0, Ordering::Relaxed);
        let function = math::gamma::ufunc().threads(threads);
        let stopped = lanefn::interruptible(
            || ASKED.fetch_add(1, Ordering::Relaxed) == 1,
            || function.call(&x),
        );
        // The second question comes a tenth of a second after the start.
        if ASKED.load(Ordering::Relaxed) < 2 {
            println!("skipped: this machine is done before it is asked twice");
            continue;
        }
        assert!(matches!(stopped, Err(Error::Interrupted)));
        assert_eq!(ASKED.load(Ordering::Relaxed), 2, "nobody is asked after a yes");
    }
}

#[test]
fn a_no_changes_nothing_and_outside_nobody_is_asked() {
    let x = Array1::linspace(0.1, 3.0, 3_000_000);
    let want = math::gamma::ufunc().call(&x).unwrap();
    let got = lanefn::interruptible(|| false, || math::gamma::ufunc().call(&x)).unwrap();
    assert_eq!(got, want);
    let after = math::gamma::ufunc().call(&x).unwrap();
    assert_eq!(after, want);
}

#[test]
fn methods_stop_soon_too() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let long = Array1::from_elem(10_000_000, 0.5);
    let tall = Array2::from_elem((40_000, 256), 0.5);
    let starts: Vec<i64> = (0..500_000).map(|i| 20 * i).collect();
    for threads in [1, 2] {
        let function = math::logaddexp::ufunc().threads(threads);
        let calls: [(&str, &dyn Fn() -> Option<Error>); 5] = [
            ("reduce along", &|| function.reduce(&long, Axis(0)).err()),
            ("reduce across", &|| function.reduce(&tall, Axis(0)).err()),
            ("accumulate along", &|| function.accumulate(&long, Axis(0)).err()),
            ("accumulate across", &|| function.accumulate(&tall, Axis(0)).err()),
            ("reduceat", &|| function.reduceat(&long, &starts, Axis(0)).err()),
        ];
        for (name, call) in calls {
            ASKED.store(0, Ordering::Relaxed);
            let ask = || {
                ASKED.fetch_add(1, Ordering::Relaxed);
                true
            };
            let error = lanefn::interruptible(ask, call);
            // The question comes a twentieth of a second after the start.
            match ASKED.load(Ordering::Relaxed) {
                0 => println!("skipped: {name}, which this machine does before it is asked"),
                asked => {
                    assert!(matches!(error, Some(Error::Interrupted)), "{name}: {error:?}");
                    assert_eq!(asked, 1, "{name}: nobody is asked after a yes");
                }
            }
            let begun = std::time::Instant::now();
            assert!(call().is_none());
            println!("{name}: {:?} if nobody asks", begun.elapsed());
        }
    }
}
