//! Stands in for the catalogue until it lands.
#![allow(non_camel_case_types, missing_docs)]
use lanefn::{
    Untyped,
    kernels::{
        lanes::*,
        loops::{Function, Kernel, Loop},
    },
};
pub struct problem;
pub struct wind_power;
pub struct mandelbrot;
macro_rules! problem { ($($t:ident $l:ident $two:expr, $one:expr;)*) => {
    $(impl Kernel<($t,)> for problem {
        type Out = ($t,); type Busy = $t; const COST: u32 = 4;
        #[inline(always)]
        fn lanes<S: Shape>(s: S, (x,): (S::$l,)) -> (S::$l,) {
            let one: S::$l = s.lit($one);
            (Lane::select(x.gt(s.lit($two)), x + one, x - one),)
        }
    })*
    impl Function for problem { const NAME: &'static str = "problem"; const DOC: &'static str = "`arg + 1` above 2, else `arg - 1`."; const ARGUMENTS: &'static [&'static str] = &["arg"];
        const LOOPS: &'static [Loop] = &[$(Loop::of::<problem, ($t,)>()),*]; }
} }
problem! { f64 F64 2.0, 1.0; f32 F32 2.0, 1.0; i8 I8 2, 1; i16 I16 2, 1; i32 I32 2, 1; i64 I64 2, 1; u8 U8 2, 1; u16 U16 2, 1; u32 U32 2, 1; u64 U64 2, 1; }
macro_rules! float { ($($t:ident $l:ident)*) => {
    $(impl Kernel<($t,)> for wind_power {
        type Out = ($t,); type Busy = $t; const COST: u32 = 14;
        #[inline(always)]
        fn lanes<S: Shape>(s: S, (v,): (S::$l,)) -> (S::$l,) {
            let l = |x: $t| -> S::$l { s.lit(x) };
            let cube = l(2000.0 / (13.0 * 13.0 * 13.0 - 3.5 * 3.5 * 3.5)) * (v * v * v - l(3.5 * 3.5 * 3.5));
            let mut y = Lane::select(v.lt(l(30.0)), l(2000.0) - (v - l(25.0)) * l(200.0), l(0.0));
            y = Lane::select(v.lt(l(25.0)), l(2000.0), y);
            y = Lane::select(v.lt(l(13.0)), cube, y);
            (Lane::select(v.lt(l(3.5)), l(0.0), y),)
        }
    }
    impl Kernel<($t, $t)> for mandelbrot {
        type Out = (u32,); type Busy = $t; const COST: u32 = 500;
        #[inline(always)]
        fn lanes<S: Shape>(s: S, (re, im): (S::$l, S::$l)) -> (S::U32,) {
            let l = |x: $t| -> S::$l { s.lit(x) };
            let z: S::U32 = s.lit(0);
            let (mut x, mut y, mut n) = (l(0.0), l(0.0), z);
            for _ in 0..64 {
                let go = !(x * x + y * y).gt(l(4.0));
                n = Lane::select(go, n + s.lit::<S::U32>(1), n);
                (x, y) = (x * x - y * y + re, l(2.0) * x * y + im);
            }
            (n,)
        }
    })*
    impl Function for wind_power { const NAME: &'static str = "wind_power"; const DOC: &'static str = "The power of a 2 MW wind turbine in kW, from the wind speed at its hub in m/s."; const ARGUMENTS: &'static [&'static str] = &["speed"];
        const LOOPS: &'static [Loop] = &[$(Loop::of::<wind_power, ($t,)>()),*]; }
    impl Function for mandelbrot { const NAME: &'static str = "mandelbrot"; const DOC: &'static str = "Turns until z leaves."; const ARGUMENTS: &'static [&'static str] = &["re", "im"];
        const LOOPS: &'static [Loop] = &[$(Loop::of::<mandelbrot, ($t, $t)>()),*]; }
} }
float! { f64 F64 f32 F32 }
pub fn catalogue() -> &'static [Untyped] {
    const { &[Untyped::of::<problem>(), Untyped::of::<wind_power>(), Untyped::of::<mandelbrot>()] }
}
