//! The peers of `benches/math.rs`, one table: the C library, `wide`, `rten-vecmath`, SLEEF.

use std::mem::MaybeUninit;

use lanefn::kernels::lanes::Dtype;
use rten_simd::SimdUnaryOp;

mod sleef;

/// A loop over the arguments; false if the peer isn't there.
#[derive(Clone, Copy)]
pub enum Call {
    Double(fn(&[&[f64]], &mut [f64]) -> bool),
    Single(fn(&[&[f32]], &mut [f32]) -> bool),
}

/// One peer for one function and dtype.
pub struct Peer {
    pub function: &'static str,
    pub name: &'static str,
    pub call: Call,
}

impl Peer {
    pub fn is_for(&self, dtype: Dtype) -> bool {
        match self.call {
            Call::Double(_) => dtype == Dtype::F64,
            Call::Single(_) => dtype == Dtype::F32,
        }
    }
}

macro_rules! c_library {
    (unary { $($name:ident $double:ident $single:ident;)* } binary { $($name2:ident $double2:ident $single2:ident;)* }) => {
        unsafe extern "C" {
            $(safe fn $double(x: f64) -> f64; safe fn $single(x: f32) -> f32;)*
            $(safe fn $double2(x: f64, y: f64) -> f64; safe fn $single2(x: f32, y: f32) -> f32;)*
        }
        const C_LIBRARY: &[Peer] = &[
            $(
                Peer { function: stringify!($name), name: "libm", call: Call::Double(|x, y| {
                    for (y, x) in y.iter_mut().zip(x[0]) { *y = $double(*x); }
                    true
                }) },
                Peer { function: stringify!($name), name: "libm", call: Call::Single(|x, y| {
                    for (y, x) in y.iter_mut().zip(x[0]) { *y = $single(*x); }
                    true
                }) },
            )*
            $(
                Peer { function: stringify!($name2), name: "libm", call: Call::Double(|x, y| {
                    for (y, (a, b)) in y.iter_mut().zip(x[0].iter().zip(x[1])) { *y = $double2(*a, *b); }
                    true
                }) },
                Peer { function: stringify!($name2), name: "libm", call: Call::Single(|x, y| {
                    for (y, (a, b)) in y.iter_mut().zip(x[0].iter().zip(x[1])) { *y = $single2(*a, *b); }
                    true
                }) },
            )*
        ];
    };
}
c_library! {
    unary {
        exp exp expf; exp2 exp2 exp2f; exp10 exp10 exp10f; expm1 expm1 expm1f;
        log log logf; log2 log2 log2f; log10 log10 log10f; log1p log1p log1pf;
        cbrt cbrt cbrtf; sin sin sinf; cos cos cosf; tan tan tanf;
        asin asin asinf; acos acos acosf; atan atan atanf;
        sinh sinh sinhf; cosh cosh coshf; tanh tanh tanhf;
        asinh asinh asinhf; acosh acosh acoshf; atanh atanh atanhf;
        erf erf erff; erfc erfc erfcf; gamma tgamma tgammaf; lgamma lgamma lgammaf;
        round round roundf;
    }
    binary {
        pow pow powf; hypot hypot hypotf; atan2 atan2 atan2f; fmod fmod fmodf;
        nextafter nextafter nextafterf;
    }
}

macro_rules! wide_types {
    ($($name:ident |$x:ident| $body:expr;)*) => {
        const WIDE: &[Peer] = &[$(
            Peer { function: stringify!($name), name: "wide", call: Call::Double(|x, y| {
                for (y, x) in y.chunks_exact_mut(4).zip(x[0].chunks_exact(4)) {
                    let $x = wide::f64x4::new(x.try_into().expect("4 elements"));
                    y.copy_from_slice(&($body).to_array());
                }
                true
            }) },
            Peer { function: stringify!($name), name: "wide", call: Call::Single(|x, y| {
                for (y, x) in y.chunks_exact_mut(8).zip(x[0].chunks_exact(8)) {
                    let $x = wide::f32x8::new(x.try_into().expect("8 elements"));
                    y.copy_from_slice(&($body).to_array());
                }
                true
            }) },
        )*];
    };
}
wide_types! {
    exp |x| x.exp();
    log |x| x.ln();
    sin |x| x.sin_cos().0;
    cos |x| x.sin_cos().1;
    asin |x| x.asin();
    acos |x| x.acos();
    atan |x| x.atan();
    sqrt |x| x.sqrt();
}

macro_rules! rten {
    ($($name:ident $op:expr;)*) => {
        const RTEN: &[Peer] = &[$(
            Peer { function: stringify!($name), name: "rten", call: Call::Single(|x, y| {
                // SAFETY: initialised memory may be seen as memory that need not be.
                let y = unsafe {
                    std::slice::from_raw_parts_mut(y.as_mut_ptr().cast::<MaybeUninit<f32>>(), y.len())
                };
                $op.map(x[0], y);
                true
            }) },
        )*];
    };
}
rten! {
    exp rten_vecmath::Exp {};
    sigmoid rten_vecmath::Sigmoid {};
    tanh rten_vecmath::Tanh {};
    erf rten_vecmath::Erf {};
    sin rten_vecmath::Sin::new();
    cos rten_vecmath::Cos::new();
}

/// All of them.
pub static PEERS: std::sync::LazyLock<Vec<&'static Peer>> = std::sync::LazyLock::new(|| {
    C_LIBRARY.iter().chain(WIDE).chain(RTEN).chain(sleef::PEERS).collect()
});
