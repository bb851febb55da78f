//! Kernels for the tests of the front end, written by hand: what `#[ufunc]` would make.
#![allow(dead_code, unused_imports, reason = "each test binary uses a part")]

use lanefn::{
    Untyped,
    kernels::{
        lanes::{Lane, Number, Shape, Turns},
        loops::{Function, Kernel, Loop, Operands},
    },
};

/// Hands the weighing functions to a macro. Each gives the sum of its inputs as whole numbers, each
/// times a weight of its own (so that no two inputs can be mistaken for each other), and output `j`
/// is that sum plus `j` as its dtype, or for a bool whether it is above 3. One for every number of
/// inputs; the numbers of outputs are 1 to 4; the dtypes are all there are.
#[macro_export]
macro_rules! each_weigh {
    ($then:ident) => {
        $then! {
            W1 10 (a i32 3) => (p f64 0);
            W2 8 (a f64 3, b u8 5) => (p i64 0, q bool 1);
            W3 30 (a i64 3, b f32 5, c bool 7) => (p i64 0);
            W4 30 (a i16 3, b u32 5, c f64 7, d i8 11) => (p i16 0, q f64 1, r bool 2);
            W5 30 (a u8 3, b u8 5, c u8 7, d u8 11, e f32 13) => (p f32 0, q u8 1, r i64 2, s bool 3);
            W6 30 (a f64 3, b i64 5, c u64 7, d i32 11, e u16 13, f bool 17) => (p f64 0);
            W7 30 (a u8 3, b i8 5, c u16 7, d i16 11, e u32 13, f u64 17, g bool 19)
                => (p u64 0, q u16 1);
            W8 30 (a bool 3, b i8 5, c i16 7, d i32 11, e i64 13, f u8 17, g f32 19, h f64 23)
                => (p f64 0, q bool 1, r i8 2, s u32 3);
        }
    };
}

/// Lanes of `i64` as an output.
macro_rules! output {
    ($s:ident $v:ident bool) => {
        $v.gt($s.lit(3))
    };
    ($s:ident $v:ident i64) => {
        $v
    };
    ($s:ident $v:ident i8) => {
        $v.to_i8()
    };
    ($s:ident $v:ident i16) => {
        $v.to_i16()
    };
    ($s:ident $v:ident u8) => {
        $v.to_u8()
    };
    ($s:ident $v:ident u16) => {
        $v.to_u16()
    };
    ($s:ident $v:ident u32) => {
        $v.to_u32()
    };
    ($s:ident $v:ident u64) => {
        $v.to_u64()
    };
    ($s:ident $v:ident f32) => {
        $v.to_f32()
    };
    ($s:ident $v:ident f64) => {
        $v.to_f64()
    };
}

macro_rules! weigh {
    ($($name:ident $cost:literal ($($x:ident $t:ident $w:literal),+)
        => ($($y:ident $u:ident $j:literal),+);)+) => {
        $(
            pub struct $name;
            impl Function for $name {
                const NAME: &'static str = stringify!($name);
                const DOC: &'static str = "The weighed sum of the inputs.";
                const ARGUMENTS: &'static [&'static str] = &[$(stringify!($x)),+];
                const LOOPS: &'static [&'static Loop] = &[&Loop::of::<$name, ($($t,)+)>()];
            }
            impl Kernel<($($t,)+)> for $name {
                type Out = ($($u,)+);
                type Busy = f64;
                const COST: u32 = $cost;
                #[inline(always)]
                fn lanes<S: Shape>(
                    s: S,
                    ($($x,)+): <($($t,)+) as Operands>::Lanes<S>,
                ) -> <($($u,)+) as Operands>::Lanes<S> {
                    let sum: S::I64 = s.lit(0);
                    $(
                        let weight: S::I64 = s.lit($w);
                        let sum = sum + $x.to_i64() * weight;
                    )+
                    $(
                        let more: S::I64 = s.lit($j);
                        let $y = sum + more;
                    )+
                    ($(output!(s $y $u),)+)
                }
            }
        )+

        /// The weighing functions without their types, and their weights.
        pub const WEIGH: &[(Untyped, &[i64])] = &[$((Untyped::of::<$name>(), &[$($w),+])),+];
    };
}
each_weigh! { weigh }

/// `x > 2 ? x + 1 : x - 1`, for several dtypes.
pub struct Problem;
macro_rules! problem {
    ($($t:ident $two:literal $one:literal;)+) => {
        impl Function for Problem {
            const NAME: &'static str = "problem";
            const DOC: &'static str = "One up above 2, one down elsewhere.";
            const ARGUMENTS: &'static [&'static str] = &["x"];
            const LOOPS: &'static [&'static Loop] = &[$(&Loop::of::<Problem, ($t,)>()),+];
        }
        $(
            impl Kernel<($t,)> for Problem {
                type Out = ($t,);
                type Busy = $t;
                const COST: u32 = 4;
                #[inline(always)]
                fn lanes<S: Shape>(
                    s: S,
                    (x,): <($t,) as Operands>::Lanes<S>,
                ) -> <($t,) as Operands>::Lanes<S> {
                    (Lane::select(x.gt(s.lit($two)), x + s.lit($one), x - s.lit($one)),)
                }
            }
        )+
    };
}
problem! { f64 2.0 1.0; f32 2.0 1.0; i32 2 1; u8 2 1; }

/// `x + y`, and whether that is above 0.
pub struct Plus;
impl Function for Plus {
    const NAME: &'static str = "plus";
    const DOC: &'static str = "The sum, and whether it is above 0.";
    const ARGUMENTS: &'static [&'static str] = &["x", "y"];
    const LOOPS: &'static [&'static Loop] = &[&Loop::of::<Plus, (f64, f64)>()];
}
impl Kernel<(f64, f64)> for Plus {
    type Out = (f64,);
    type Busy = f64;
    const COST: u32 = 2;
    #[inline(always)]
    fn lanes<S: Shape>(_: S, (x, y): (S::F64, S::F64)) -> (S::F64,) {
        (x + y,)
    }
}

/// How often `x` has to be doubled to be at least 1. The loop never ends for 0 and below.
pub struct Doublings;
impl Function for Doublings {
    const NAME: &'static str = "doublings";
    const DOC: &'static str = "Doublings until x is at least 1.";
    const ARGUMENTS: &'static [&'static str] = &["x"];
    const LOOPS: &'static [&'static Loop] = &[&Loop::of::<Doublings, (f64,)>()];
}
impl Kernel<(f64,)> for Doublings {
    type Out = (f64,);
    type Busy = f64;
    const COST: u32 = 20;
    #[inline(always)]
    fn lanes<S: Shape>(s: S, (x,): (S::F64,)) -> (S::F64,) {
        let mut turns = s.turns((x, s.lit(0.0)));
        loop {
            let (x, count): (S::F64, S::F64) = turns.state();
            if !turns.check(x.lt(s.lit(1.0))) {
                break;
            }
            let next = (x + x, count + s.lit(1.0));
            if !turns.next(next) {
                break;
            }
        }
        (turns.finish().1,)
    }
}

/// Whether a byte is not 0, as a bool, and the other way round.
pub struct Truth;
impl Function for Truth {
    const NAME: &'static str = "truth";
    const DOC: &'static str = "The opposite.";
    const ARGUMENTS: &'static [&'static str] = &["x"];
    const LOOPS: &'static [&'static Loop] =
        &[&Loop::of::<Truth, (bool,)>(), &Loop::of::<Truth, (u64,)>()];
}
impl Kernel<(bool,)> for Truth {
    type Out = (bool,);
    type Busy = u8;
    const COST: u32 = 1;
    #[inline(always)]
    fn lanes<S: Shape>(_: S, (x,): (S::Mask,)) -> (S::Mask,) {
        (!x,)
    }
}
impl Kernel<(u64,)> for Truth {
    type Out = (u32,);
    type Busy = u64;
    const COST: u32 = 1;
    #[inline(always)]
    fn lanes<S: Shape>(s: S, (x,): (S::U64,)) -> (S::U32,) {
        let one: S::U64 = s.lit(1);
        ((x + one).to_u32(),)
    }
}
