//! Holding a kernel against its plain function, at every level that this CPU has.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Once,
};

use lanefn::kernels::{
    lanes::Element,
    level::Level,
    loops::{Input, Kernel, Loop, Operands},
};
use proptest::{
    prelude::*,
    strategy::BoxedStrategy,
    test_runner::{Config, TestRunner},
};

/// An element that tests can draw and compare.
pub trait Sample: Element {
    fn draw() -> BoxedStrategy<Self>;
    /// The same bits; any NaN is as good as another.
    fn same(self, other: Self) -> bool;
}

macro_rules! integers {
    ($($t:ident)*) => {$(
        impl Sample for $t {
            fn draw() -> BoxedStrategy<$t> {
                let small = (-12i8..=40).prop_map(|v| v as $t);
                let special = prop::sample::select(vec![0, 1, 2, 3, $t::MAX, $t::MIN, $t::MAX - 1, $t::MAX / 2]);
                prop_oneof![3 => small, 1 => special, 2 => any::<$t>()].boxed()
            }
            fn same(self, other: $t) -> bool {
                self == other
            }
        }
    )*};
}
integers! { i8 i16 i32 i64 u8 u16 u32 u64 }

macro_rules! floats {
    ($($t:ident)*) => {$(
        impl Sample for $t {
            // The numbers just below one half, in either type.
            #[allow(clippy::excessive_precision)]
            fn draw() -> BoxedStrategy<$t> {
                let special = prop::sample::select(vec![
                    0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.5, 2.0, 2.5, 3.0, 4.0, -2.5,
                    $t::NAN, -$t::NAN, $t::INFINITY, $t::NEG_INFINITY, $t::MAX, $t::MIN,
                    $t::MIN_POSITIVE, $t::from_bits(1), -$t::from_bits(1), $t::EPSILON,
                    0.49999997, 0.49999999999999994, 8388608.5, 4503599627370497.5,
                    255.0, 256.0, -129.0, 2147483648.0, -2147483649.0, 9.3e18, 1.9e19,
                ]);
                let near = (-40.0..40.0 as $t).prop_map(|v| v);
                let whole = (-20i32..150).prop_map(|v| v as $t);
                prop_oneof![2 => special, 4 => near, 2 => whole, 1 => any::<$t>()].boxed()
            }
            fn same(self, other: $t) -> bool {
                self.to_bits() == other.to_bits() || self.is_nan() && other.is_nan()
            }
        }
    )*};
}
floats! { f64 f32 }

impl Sample for bool {
    fn draw() -> BoxedStrategy<bool> {
        any::<bool>().boxed()
    }
    fn same(self, other: bool) -> bool {
        self == other
    }
}

/// Operands as columns of elements.
pub trait Columns: Operands + Copy + std::fmt::Debug {
    fn draw() -> BoxedStrategy<Self>;
    fn same(self, other: Self) -> bool;
    fn inputs<R>(rows: &[Self], then: impl FnOnce(&[Input]) -> R) -> R;
    /// Has a loop write so many elements of each.
    fn outputs(n: usize, write: impl FnOnce(&[*mut u8])) -> Vec<Self>;
}

macro_rules! columns {
    ($($($t:ident $i:tt)*;)*) => {$(
        impl<$($t: Sample),*> Columns for ($($t,)*) {
            fn draw() -> BoxedStrategy<Self> {
                ($($t::draw(),)*).boxed()
            }
            fn same(self, other: Self) -> bool {
                $(self.$i.same(other.$i))&&*
            }
            fn inputs<R>(rows: &[Self], then: impl FnOnce(&[Input]) -> R) -> R {
                let columns = ($(rows.iter().map(|row| row.$i).collect::<Vec<$t>>(),)*);
                then(&[$(Input { at: columns.$i.as_ptr().cast(), scalar: false }),*])
            }
            fn outputs(n: usize, write: impl FnOnce(&[*mut u8])) -> Vec<Self> {
                let mut columns = ($(vec![$t::ZERO; n],)*);
                write(&[$(columns.$i.as_mut_ptr().cast()),*]);
                (0..n).map(|row| ($(columns.$i[row],)*)).collect()
            }
        }
    )*};
}
columns! { A 0; A 0 B 1; A 0 B 1 C 2; A 0 B 1 C 2 D 3; A 0 B 1 C 2 D 3 E 4; }

/// What a kernel gives at a level.
pub fn run<K: Kernel<In, Out = Out>, In: Columns, Out: Columns>(
    level: Level,
    rows: &[In],
) -> Vec<Out> {
    let looped = const { Loop::of::<K, In>() };
    Out::outputs(rows.len(), |outputs| {
        In::inputs(rows, |inputs| {
            // SAFETY: the level is present, and the operands are vectors of the kernel's types, each
            // of its own and as long as `rows`.
            unsafe { looped.inner(level)(inputs, outputs, rows.len()) }
        })
    })
}

/// What a function gives, or nothing if it panics, of which nothing is printed.
pub fn quietly<R>(function: impl FnOnce() -> R) -> Option<R> {
    thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(function)).ok();
    QUIET.set(false);
    result
}

/// Whether a kernel gives what its plain function gives, on random and special inputs, at every level
/// that this CPU has. Inputs for which the plain function panics (overflow in a debug build, a division
/// by zero) say nothing about the result, and are left out; there must be others.
pub fn holds<K: Kernel<In, Out = Out>, In: Columns, Out: Columns>(
    name: &str,
    plain: impl Fn(In) -> Out,
) {
    for level in Level::ALL {
        if !level.is_present() {
            println!("skipped: {name} at {level}, which this CPU lacks");
        }
    }
    let mut runner =
        TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let strategy = prop::collection::vec(In::draw(), 1..150);
    let compared = Cell::new(0);
    runner
        .run(&strategy, |rows| {
            let want: Vec<Option<Out>> = rows.iter().map(|row| quietly(|| plain(*row))).collect();
            for level in Level::present() {
                let got = run::<K, In, Out>(level, &rows);
                for ((row, want), got) in rows.iter().zip(&want).zip(got) {
                    let Some(want) = *want else { continue };
                    compared.set(compared.get() + 1);
                    prop_assert!(
                        want.same(got),
                        "{name}{row:?} at {level}: the plain function gives {want:?}, the kernel {got:?}"
                    );
                }
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(compared.get() > 1000, "{name}: only {} elements could be compared", compared.get());
}

/// Tests that kernels hold, by the names of their functions and their types.
#[macro_export]
macro_rules! hold {
    ($($test:ident: $function:path, ($($arg:ident: $t:ty),*) -> ($($o:ty),*);)*) => {$(
        #[test]
        fn $test() {
            $crate::plain::holds::<$function, ($($t,)*), _>(
                stringify!($function),
                |($($arg,)*): ($($t,)*)| $crate::hold!(@tuple $function, ($($arg),*), ($($o),*)),
            );
        }
    )*};
    (@tuple $function:path, ($($arg:ident),*), ($one:ty)) => { ($function($($arg),*),) };
    (@tuple $function:path, ($($arg:ident),*), ($($many:ty),*)) => { $function($($arg),*) };
}
