//! [`Machine::deinterleave`] on every shape of every level that the CPU has.

use lanefn_kernels::lanes::{Machine, MachineLane, Scalar, avx2, avx512, wide};
use lanefn_kernels::level::Level;

fn of<S: Machine, V: MachineLane<Shape = S>>(s: S, number: fn(u8) -> V::Elem) {
    let mut next = 0;
    let mut one = || {
        next += 1;
        number(next)
    };
    let all: Vec<V::Elem> = (0..2 * S::N).map(|_| one()).collect();
    let [a, b] = [0, S::N].map(|first| V::build(s, |i| all[first + i]));
    let [even, odd] = s.deinterleave(a, b);
    for i in 0..S::N {
        assert_eq!(even.get(i), all[2 * i], "even place {i} of {}", std::any::type_name::<V>());
        assert_eq!(odd.get(i), all[2 * i + 1], "odd place {i} of {}", std::any::type_name::<V>());
    }
}

fn every_dtype<S: Machine>(s: S) {
    of::<S, S::F64>(s, f64::from);
    of::<S, S::F32>(s, f32::from);
    of::<S, S::I64>(s, i64::from);
    of::<S, S::I32>(s, i32::from);
    of::<S, S::I16>(s, i16::from);
    of::<S, S::I8>(s, |i| i as i8);
    of::<S, S::U64>(s, u64::from);
    of::<S, S::U32>(s, u32::from);
    of::<S, S::U16>(s, u16::from);
    of::<S, S::U8>(s, |i| i);
}

#[test]
fn even_and_odd_places_are_told_apart_on_every_shape() {
    every_dtype(Scalar::new());
    macro_rules! level {
        ($level:ident $module:ident) => {
            if !Level::present().contains(&Level::$level) {
                println!("skipped: {}, which this CPU lacks", Level::$level.name());
            } else {
                // SAFETY: the level is present.
                unsafe {
                    every_dtype($module::Bytes8::token());
                    every_dtype($module::Bytes4::token());
                    every_dtype($module::Bytes2::token());
                    every_dtype($module::Bytes1::token());
                }
            }
        };
    }
    level!(Baseline wide);
    level!(Avx2 avx2);
    level!(Avx512 avx512);
}
