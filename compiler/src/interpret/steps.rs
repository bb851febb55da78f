//! Each operation of lanes as a loop: most are the built-in function of the same meaning, and the few
//! that are none are written here.

use lanefn_kernels::{
    cast::cast,
    lanes::{Dtype, Float, Integer, Lane, Number, Shape, traced::Operation},
    loops::{Function, Kernel, Loop, Operands, TypedLoop},
    math, the_loop,
};

/// `yes` where the truth holds.
enum Choice {}
/// `yes` where `a == b`: a comparison and a choice in one, with no bools in between.
enum ChoiceEq {}
/// `yes` where `a < b`.
enum ChoiceLt {}
/// `yes` where `a <= b`.
enum ChoiceLe {}
/// `a * b + c`, rounded once.
enum Fused {}
/// The quotient of integers, truncated.
enum Quotient {}
enum Ones {}
enum LeadingZeros {}
enum TrailingZeros {}

macro_rules! kernels {
    ($($kernel:ident ($($arg:ident: $in:ident),+) -> $out:ident, $cost:literal: $e:expr;)*) => {$(
        impl Kernel<($($in,)+)> for $kernel {
            type Out = ($out,);
            type Busy = $out;
            const COST: u32 = $cost;
            const LOOP: &'static TypedLoop<Self, ($($in,)+)> =
                the_loop!($kernel, ($($in,)+), TypedLoop::new());
            #[inline(always)]
            fn lanes<S: Shape>(
                _: S,
                ($($arg,)+): <($($in,)+) as Operands>::Lanes<S>,
            ) -> <($out,) as Operands>::Lanes<S> {
                ($e,)
            }
        }
    )*};
}
// Choosing moves bits: one loop for each size, and one for bools, of which any byte but 0 becomes 1. The
// same holds for integers and what is done to them.
kernels! {
    Choice(t: bool, yes: bool, no: bool) -> bool, 4: Lane::select(t, yes, no);
    Choice(t: bool, yes: u8, no: u8) -> u8, 4: Lane::select(t, yes, no);
    Choice(t: bool, yes: u16, no: u16) -> u16, 4: Lane::select(t, yes, no);
    Choice(t: bool, yes: u32, no: u32) -> u32, 4: Lane::select(t, yes, no);
    Choice(t: bool, yes: u64, no: u64) -> u64, 4: Lane::select(t, yes, no);
    ChoiceEq(a: f64, b: f64, yes: f64, no: f64) -> f64, 4: Lane::select(a.eq(b), yes, no);
    ChoiceLt(a: f64, b: f64, yes: f64, no: f64) -> f64, 4: Lane::select(a.lt(b), yes, no);
    ChoiceLe(a: f64, b: f64, yes: f64, no: f64) -> f64, 4: Lane::select(a.le(b), yes, no);
    ChoiceEq(a: f32, b: f32, yes: f32, no: f32) -> f32, 4: Lane::select(a.eq(b), yes, no);
    ChoiceLt(a: f32, b: f32, yes: f32, no: f32) -> f32, 4: Lane::select(a.lt(b), yes, no);
    ChoiceLe(a: f32, b: f32, yes: f32, no: f32) -> f32, 4: Lane::select(a.le(b), yes, no);
    ChoiceEq(a: i64, b: i64, yes: i64, no: i64) -> i64, 4: Lane::select(a.eq(b), yes, no);
    ChoiceLt(a: i64, b: i64, yes: i64, no: i64) -> i64, 4: Lane::select(a.lt(b), yes, no);
    ChoiceLe(a: i64, b: i64, yes: i64, no: i64) -> i64, 4: Lane::select(a.le(b), yes, no);
    ChoiceEq(a: i32, b: i32, yes: i32, no: i32) -> i32, 4: Lane::select(a.eq(b), yes, no);
    ChoiceLt(a: i32, b: i32, yes: i32, no: i32) -> i32, 4: Lane::select(a.lt(b), yes, no);
    ChoiceLe(a: i32, b: i32, yes: i32, no: i32) -> i32, 4: Lane::select(a.le(b), yes, no);
    Fused(a: f32, b: f32, c: f32) -> f32, 2: a.fma(b, c);
    Fused(a: f64, b: f64, c: f64) -> f64, 2: a.fma(b, c);
    Quotient(a: i8, b: i8) -> i8, 30: a / b;
    Quotient(a: i16, b: i16) -> i16, 30: a / b;
    Quotient(a: i32, b: i32) -> i32, 30: a / b;
    Quotient(a: i64, b: i64) -> i64, 30: a / b;
    Quotient(a: u8, b: u8) -> u8, 30: a / b;
    Quotient(a: u16, b: u16) -> u16, 30: a / b;
    Quotient(a: u32, b: u32) -> u32, 30: a / b;
    Quotient(a: u64, b: u64) -> u64, 30: a / b;
    Ones(a: u8) -> u8, 30: a.count_ones();
    Ones(a: u16) -> u16, 30: a.count_ones();
    Ones(a: u32) -> u32, 30: a.count_ones();
    Ones(a: u64) -> u64, 30: a.count_ones();
    LeadingZeros(a: u8) -> u8, 30: a.leading_zeros();
    LeadingZeros(a: u16) -> u16, 30: a.leading_zeros();
    LeadingZeros(a: u32) -> u32, 30: a.leading_zeros();
    LeadingZeros(a: u64) -> u64, 30: a.leading_zeros();
    TrailingZeros(a: u8) -> u8, 30: a.trailing_zeros();
    TrailingZeros(a: u16) -> u16, 30: a.trailing_zeros();
    TrailingZeros(a: u32) -> u32, 30: a.trailing_zeros();
    TrailingZeros(a: u64) -> u64, 30: a.trailing_zeros();
}

/// The unsigned integer of this size.
fn unsigned(dtype: Dtype) -> Dtype {
    match dtype.size() {
        1 => Dtype::U8,
        2 => Dtype::U16,
        4 => Dtype::U32,
        _ => Dtype::U64,
    }
}

macro_rules! own {
    ($kernel:ident, $dtype:expr, $($name:ident ($($in:ident),+);)+) => {
        match $dtype {
            $(Dtype::$name => Some(<$kernel as Kernel<($($in,)+)>>::LOOP.erase()),)+
            _ => None,
        }
    };
}

fn built_in<F: Function>(inputs: &[Dtype]) -> Option<&'static Loop> {
    F::LOOPS.iter().copied().find(|l| l.inputs == inputs)
}

/// The loop that moves elements of a dtype.
pub(super) fn moving(dtype: Dtype) -> &'static Loop {
    match dtype {
        // Any byte but 0 becomes 1.
        Dtype::Bool => cast(dtype, dtype),
        _ => cast(unsigned(dtype), unsigned(dtype)),
    }
}

/// The loop that chooses between elements of a dtype.
pub(super) fn choosing(dtype: Dtype) -> &'static Loop {
    if dtype == Dtype::Bool {
        return <Choice as Kernel<(bool, bool, bool)>>::LOOP.erase();
    }
    match unsigned(dtype) {
        Dtype::U8 => <Choice as Kernel<(bool, u8, u8)>>::LOOP.erase(),
        Dtype::U16 => <Choice as Kernel<(bool, u16, u16)>>::LOOP.erase(),
        Dtype::U32 => <Choice as Kernel<(bool, u32, u32)>>::LOOP.erase(),
        _ => <Choice as Kernel<(bool, u64, u64)>>::LOOP.erase(),
    }
}

/// The loop that compares elements of a dtype and chooses between elements of the same, where there is
/// one. Of [`Operation::Ne`] there is none: it is [`Operation::Eq`] with the arms the other way round.
pub(super) fn comparing(operation: Operation, dtype: Dtype) -> Option<&'static Loop> {
    macro_rules! of {
        ($kernel:ident) => {
            own!($kernel, dtype, F64(f64, f64, f64, f64); F32(f32, f32, f32, f32);
                I64(i64, i64, i64, i64); I32(i32, i32, i32, i32);)
        };
    }
    match operation {
        Operation::Eq => of!(ChoiceEq),
        Operation::Lt => of!(ChoiceLt),
        Operation::Le => of!(ChoiceLe),
        _ => None,
    }
}

/// The loop of an operation that gives `dtype`, for arguments of these dtypes. Elements may be of other
/// dtypes of the same size and meaning.
pub(super) fn step(operation: Operation, dtype: Dtype, args: &[Dtype]) -> Option<&'static Loop> {
    let (first, bits) = (args[0], unsigned(args[0]));
    match operation {
        Operation::Add => built_in::<math::add>(args),
        Operation::Sub => built_in::<math::subtract>(args),
        Operation::Mul => built_in::<math::multiply>(args),
        Operation::Div => built_in::<math::divide>(args).or_else(|| {
            own!(Quotient, first, I8(i8, i8); I16(i16, i16); I32(i32, i32); I64(i64, i64);
                U8(u8, u8); U16(u16, u16); U32(u32, u32); U64(u64, u64);)
        }),
        Operation::Rem => built_in::<math::fmod>(args),
        Operation::Neg => built_in::<math::negative>(args),
        Operation::Abs => built_in::<math::abs>(args),
        Operation::Minimum => built_in::<math::minimum>(args),
        Operation::Maximum => built_in::<math::maximum>(args),
        Operation::Fmin => built_in::<math::fmin>(args),
        Operation::Fmax => built_in::<math::fmax>(args),
        Operation::Eq => built_in::<math::equal>(args),
        Operation::Ne => built_in::<math::not_equal>(args),
        Operation::Lt => built_in::<math::less>(args),
        Operation::Le => built_in::<math::less_equal>(args),
        Operation::Select | Operation::Slow => Some(choosing(dtype)),
        Operation::And => built_in::<math::bitwise_and>(args),
        Operation::Or => built_in::<math::bitwise_or>(args),
        Operation::Xor => built_in::<math::bitwise_xor>(args),
        Operation::Not => built_in::<math::invert>(args),
        Operation::Shl => built_in::<math::left_shift>(args),
        Operation::Shr => built_in::<math::right_shift>(args),
        Operation::CountOnes => own!(Ones, bits, U8(u8); U16(u16); U32(u32); U64(u64);),
        Operation::LeadingZeros => {
            own!(LeadingZeros, bits, U8(u8); U16(u16); U32(u32); U64(u64);)
        }
        Operation::TrailingZeros => {
            own!(TrailingZeros, bits, U8(u8); U16(u16); U32(u32); U64(u64);)
        }
        Operation::Sqrt => built_in::<math::sqrt>(args),
        Operation::Fma => own!(Fused, first, F32(f32, f32, f32); F64(f64, f64, f64);),
        Operation::Floor => built_in::<math::floor>(args),
        Operation::Ceil => built_in::<math::ceil>(args),
        Operation::Trunc => built_in::<math::trunc>(args),
        Operation::Rint => built_in::<math::rint>(args),
        Operation::Copysign => built_in::<math::copysign>(args),
        Operation::ToBits | Operation::FromBits => Some(moving(dtype)),
        Operation::Cast => Some(cast(first, dtype)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::fits;

    #[test]
    fn there_is_a_loop_for_every_operation_that_there_is() {
        let mut found = 0;
        for &operation in Operation::ALL {
            for to in Dtype::ALL {
                for from in Dtype::ALL {
                    let mut args = [from; 3];
                    if matches!(operation, Operation::Select | Operation::Slow) {
                        args[0] = Dtype::Bool;
                    }
                    let args = &args[..operation.nin()];
                    if !fits(operation, to, args.iter().copied()) {
                        continue;
                    }
                    let of = step(operation, to, args);
                    let of = of.unwrap_or_else(|| panic!("{} of {args:?}", operation.name()));
                    let sizes = |d: &[Dtype]| d.iter().map(|d| d.size()).collect::<Vec<_>>();
                    assert_eq!(sizes(of.inputs), sizes(args), "{} of {args:?}", operation.name());
                    assert_eq!(sizes(of.outputs), sizes(&[to]), "{} to {to}", operation.name());
                    found += 1;
                }
            }
        }
        assert!(found > 300, "{found}");
    }
}
