//! Sine, cosine and tangent.
//!
//! The f64 sine and cosine:
//!
//! ```text
//! |x| = h pi + r + rest,  |r| <= pi/2     h whole for the sine, half an odd number for the cosine
//! sin(r + rest) = r (1 - z/6) + r (z^2 T(z) + what the roundings of 1 - z/6 lost) + rest (1 - 0.4053 z)
//!                                         z = r^2, of which what its rounding lost is taken along
//! ```
//!
//! One polynomial, to which h gives the sign: half the work of two and a choice. It is minimax, fitted for
//! the relative error of the sine (2^-61) with Sollya's fpminimax, 1 and -1/6 given. 1 - 0.4053 z is the
//! cosine to 0.06, enough for the rest. The reduction is that of the others, which follows, with pi for
//! pi/2. Where |x| < 1, pi/2 - |x| is no double, and the cosine adds what its rounding lost.
//!
//! The f32 ones, and the tangents:
//!
//! ```text
//! |x| = k pi/2 + r + rest,  |r| <= pi/4
//!     up to some bound: k by rounding, r with pi/2 in three parts (Cody and Waite). The first product
//!         is subtracted by an fma, which is exact here; the second part is so short that its product
//!         with k is exact; so r + rest is as exact as the third part.
//!     beyond, in the slow path (Payne and Hanek): |x| times those bits of 2/pi that matter. What lies
//!         above them gives multiples of 4, so a table begins every 32 bits with the bits from there on.
//!         Products are exact sums of two floats, multiples of 4 are dropped by rounding.
//! sin(r + rest) = r + (r^3 S(r^2) + rest (1 - r^2/2))
//! cos(r + rest) = (1 - r^2/2) + (r^4 C(r^2) - r rest + what the roundings of 1 - r^2/2 lost)
//! tan = sin / cos, from both sums before their last rounding: a quotient and its correction; in f32
//!     tan(r + rest) = h r + (r (r^2 T(r^2) + 1 - h) + rest (1 + tan^2)), h = 5/4, so that the tail is small;
//!     and 1 / tan, with its correction, for odd k
//! ```
//!
//! S, C and T are minimax, fitted for the relative error of sine, cosine and tangent with Sollya's
//! fpminimax. f32 does the same in f32, except that its slow path multiplies in f64.

use super::functions;
use super::parts::*;
use crate::lanes::{Constants, Float, Integer, Lane, Number, Shape};

functions! {
    /// The sine of `x`, which is in radians.
    ///
    /// NaN and the infinities give NaN, -0 itself. No argument is too large.
    sin(x: T) -> T {
        f64: sin_f64, 0.9, 40;
        f32: sin_f32, 0.77, 40;
    }
    /// The cosine of `x`, which is in radians.
    ///
    /// NaN and the infinities give NaN. No argument is too large.
    cos(x: T) -> T {
        f64: cos_f64, 0.9, 43;
        f32: cos_f32, 0.77, 40;
    }
    /// The tangent of `x`, which is in radians.
    ///
    /// NaN and the infinities give NaN, -0 itself. No argument is too large.
    tan(x: T) -> T {
        f64: tan_f64, 0.9, 65;
        f32: tan_f32, 0.87, 46;
    }
    /// The sine and the cosine of `x`, which is in radians; in f32 at little more than the cost of one.
    ///
    /// The same bits as `sin` and `cos`: NaN and the infinities give NaN twice.
    sincos(x: T) -> (T, T) {
        f64: sincos_f64, 0.9, 80;
        f32: sincos_f32, 0.77, 45;
    }
}

/// The first 1280 bits of 2/pi behind the point.
const TWO_OVER_PI: [u64; 20] = [
    0xa2f9836e4e441529,
    0xfc2757d1f534ddc0,
    0xdb6295993c439041,
    0xfe5163abdebbc561,
    0xb7246e3a424dd2e0,
    0x06492eea09d1921c,
    0xfe1deb1cb129a73e,
    0xe88235f52ebb4484,
    0xe99c7026b45f7e41,
    0x3991d639835339f4,
    0x9c845f8bbdf9283b,
    0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f,
    0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
];

/// 53 bits of 2/pi from each of `N` places on: from bit `step * i - before`, where those before the
/// point are 0. The places count as the point, and the bits are the `number`th 53 behind it.
const fn bits_of_two_over_pi<const N: usize>(step: i64, before: i64, number: i64) -> [f64; N] {
    let scale = f64::from_bits(((1023 - 53 * (number + 1)) as u64) << 52);
    let mut table = [0.0; N];
    let mut i = 0;
    while i < N {
        let from = step * i as i64 - before + 53 * number;
        let mut bits = 0u64;
        let mut at = from;
        while at < from + 53 {
            bits <<= 1;
            if at >= 0 {
                bits |= TWO_OVER_PI[at as usize / 64] >> (63 - at % 64) & 1;
            }
            at += 1;
        }
        table[i] = bits as f64 * scale;
        i += 1;
    }
    table
}

/// Every 32 bits, for f64: the smallest argument of the slow path begins before the point.
static BITS_F64: [[f64; 33]; 4] = [
    bits_of_two_over_pi(32, 64, 0),
    bits_of_two_over_pi(32, 64, 1),
    bits_of_two_over_pi(32, 64, 2),
    bits_of_two_over_pi(32, 64, 3),
];
/// Every 16 bits, for f32.
static BITS_F32: [[f64; 8]; 2] = [bits_of_two_over_pi(16, 16, 0), bits_of_two_over_pi(16, 16, 1)];

const HALF_PI: f64 = core::f64::consts::FRAC_PI_2;
/// pi/2 without [`HALF_PI`].
const HALF_PI_REST: f64 = f64::from_bits(0x3c91a62633145c07);

/// `a`, which is not negative, without the nearest multiple `k` of pi/2: the bits of a number whose
/// lowest ones are those of `k`; what is left, and what its rounding left. NaN for an infinite `a`.
#[inline(always)]
pub(crate) fn reduce_f64<S: Shape>(s: S, a: S::F64) -> (S::U64, S::F64, S::F64) {
    // pi/2 behind HALF_PI: 33 bits, so that their product with k is exact; and the rest.
    const SECOND: f64 = f64::from_bits(0x3c91a62633100000);
    const THIRD: f64 = f64::from_bits(0x3a71701b839a2520);
    // Up to here k has 20 bits.
    const FAR: f64 = 1.6e6;
    let mut shifted = a.fma(s.lit(core::f64::consts::FRAC_2_PI), s.lit(SHIFT_F64));
    let k = shifted - s.lit(SHIFT_F64);
    let first = k.fma(s.lit(-HALF_PI), a);
    let second = k * s.lit(SECOND);
    let mut r = first - second;
    let mut rest = k.fma(s.lit(-THIRD), (first - r) - second);
    let far = !a.lt(s.lit(FAR));
    if s.enter_slow(far) {
        let (k, near, near_rest) = reduce_far_f64::<S, ANY>(s, a);
        let slow = (k + s.lit(SHIFT_F64), near, near_rest);
        (shifted, r, rest) = s.leave_slow(far, slow, (shifted, r, rest));
    }
    (shifted.to_bits(), r, rest)
}

/// Which multiples of pi/2 a reduction takes.
const ANY: u8 = 0;
const EVEN: u8 = 1;
const ODD: u8 = 2;

/// `a`, from 2^20 on, without the nearest multiple of pi/2 of this kind: which one, less some multiple of
/// four; what is left, and what its rounding left. NaN for an infinite `a`.
#[inline(always)]
fn reduce_far_f64<S: Shape, const MULTIPLE: u8>(s: S, a: S::F64) -> (S::F64, S::F64, S::F64) {
    // a = m 2^e with a whole m of 53 bits. All bits of 2/pi that are worth 2^(2 - e) and more give
    // multiples of 4. The place for it is the next lower one of the table: after scaling by it, e is
    // 2 to 33.
    let bits = a.to_bits() - s.lit(1013 << 52);
    let place = bits.shr(s.lit(57));
    let x = S::F64::from_bits((bits & s.lit((1 << 57) - 1)) + s.lit(1077 << 52));
    let (a0, a1) = two_prod(x, S::F64::lookup(&BITS_F64[0], place));
    let (b0, b1) = two_prod(x, S::F64::lookup(&BITS_F64[1], place));
    let (c0, c1) = two_prod(x, S::F64::lookup(&BITS_F64[2], place));
    let d0 = x * S::F64::lookup(&BITS_F64[3], place);
    // The first three may have multiples of 4. The sum of the first two is exact: they end at 2^-51.
    let (f, f_rest) = two_sum(within_2(s, a0) + within_2(s, a1), within_2(s, b0));
    let two: S::F64 = s.lit(2.0);
    let half = f * s.lit(0.5);
    let q = match MULTIPLE {
        EVEN => half.rint() * two,
        ODD => half.floor().fma(two, s.lit(1.0)),
        _ => f.rint(),
    };
    // An odd one may be far from a small f.
    let (f, lost) = two_sum(f, -q);
    let f_rest = f_rest + lost;
    // b1 and c0 are below 2^-20, c1 and d0 below 2^-72. What is left may be as small as 2^-62.
    let (g, g_rest) = two_sum(b1, c0);
    let (f, rest1) = two_sum(f, g);
    let (rest1, rest2) = two_sum(rest1, f_rest);
    let (f, rest0) = two_sum(f, rest1);
    let (f, rest) = fast_two_sum(f, rest0 + (rest2 + (g_rest + (c1 + d0))));
    let (r, r_rest) = two_prod(f, s.lit(HALF_PI));
    let r_rest = f.fma(s.lit(HALF_PI_REST), rest.fma(s.lit(HALF_PI), r_rest));
    let (r, r_rest) = fast_two_sum(r, r_rest);
    // Infinity and NaN: NaN.
    (q, r + (a - a), r_rest)
}

/// `x` without the nearest multiple of 4, exactly.
#[inline(always)]
fn within_2<S: Shape>(s: S, x: S::F64) -> S::F64 {
    (x * s.lit(0.25)).rint().fma(s.lit(-4.0), x)
}

/// As [`reduce_f64`].
#[inline(always)]
pub(crate) fn reduce_f32<S: Shape>(s: S, a: S::F32) -> (S::U32, S::F32, S::F32) {
    // pi/2 as 24 bits, 10 more, whose product with k is exact, and the rest.
    const FIRST: f32 = f32::from_bits(0x3fc90fdb);
    const SECOND: f32 = f32::from_bits(0xb33bc000);
    const THIRD: f32 = f32::from_bits(0x2c34611a);
    // Up to here k has 13 bits.
    const FAR: f32 = 12000.0;
    let mut shifted = a.fma(s.lit(core::f32::consts::FRAC_2_PI), s.lit(SHIFT_F32));
    let k = shifted - s.lit(SHIFT_F32);
    let first = k.fma(s.lit(-FIRST), a);
    let second = k * s.lit(SECOND);
    let mut r = first - second;
    let mut rest = k.fma(s.lit(-THIRD), (first - r) - second);
    let far = !a.lt(s.lit(FAR));
    if s.enter_slow(far) {
        let slow = reduce_far_f32(s, a);
        (shifted, r, rest) = s.leave_slow(far, slow, (shifted, r, rest));
    }
    (shifted.to_bits(), r, rest)
}

/// [`reduce_f32`] for `a` from 2^13 on; the first is the number, not its bits.
#[inline(always)]
fn reduce_far_f32<S: Shape>(s: S, a: S::F32) -> (S::F32, S::F32, S::F32) {
    // As for f64, with places every 16 bits; m has 24 bits, and e becomes 2 to 17.
    let wide = a.to_f64();
    let bits = wide.to_bits() - s.lit(1032 << 52);
    let place = bits.shr(s.lit(56));
    let x = S::F64::from_bits((bits & s.lit((1 << 56) - 1)) + s.lit(1048 << 52));
    let (a0, a1) = two_prod(x, S::F64::lookup(&BITS_F32[0], place));
    let b0 = x * S::F64::lookup(&BITS_F32[1], place);
    let q = a0.rint();
    let r = ((a0 - q) + (a1 + b0)) * s.lit(HALF_PI) + (wide - wide);
    let hi = r.to_f32();
    (within_2(s, q).to_f32() + s.lit(SHIFT_F32), hi, (r - hi.to_f64()).to_f32())
}

/// Sine and cosine of `r + rest`, `r` from -pi/4 to pi/4, each as a sum that is to be rounded. What the
/// roundings of r^2 and r^3 lost, up to a quarter of an ULP of the sine, is added.
#[inline(always)]
fn sums_f64<S: Shape>(s: S, r: S::F64, rest: S::F64) -> (Pair<S::F64>, Pair<S::F64>) {
    const THIRD: f64 = -0.1666666666666663;
    const SINE: [f64; 5] = [
        0.008333333333321915,
        -0.00019841269829453883,
        2.7557313580182605e-06,
        -2.505074193536228e-08,
        1.589591844424868e-10,
    ];
    const COSINE: [f64; 6] = [
        0.041666666666666595,
        -0.001388888888887334,
        2.4801587288998847e-05,
        -2.755731421554384e-07,
        2.08757051196967e-09,
        -1.1358731395262079e-11,
    ];
    let z = r * r;
    let zz = z * z;
    let cube = r * z;
    let one: S::F64 = s.lit(1.0);
    let head = z.fma(s.lit(-0.5), one);
    let z_rest = r.fma(r, -z);
    let lost = r.fma(-rest, z.fma(s.lit(-0.5), one - head));
    let lost = z_rest.fma(s.lit(-0.5), lost);
    let cube_rest = r.fma(z_rest, r.fma(z, -cube));
    let tail = halves(s, z, zz, SINE);
    let sine = (cube * z).fma(tail, cube_rest.fma(s.lit(THIRD), rest * head));
    let sine = cube.fma(s.lit(THIRD), sine);
    let cosine = zz.fma(halves(s, z, zz, COSINE), lost);
    ((r, sine), (head, cosine))
}

/// As [`sums_f64`], but for what the roundings of r^2 and r^3 lost.
#[inline(always)]
fn sums_f32<S: Shape>(s: S, r: S::F32, rest: S::F32) -> (Pair<S::F32>, Pair<S::F32>) {
    let z = r * r;
    let zz = z * z;
    let cube = r * z;
    let one: S::F32 = s.lit(1.0);
    let head = z.fma(s.lit(-0.5), one);
    let z_rest = r.fma(r, -z);
    let lost = r.fma(-rest, z.fma(s.lit(-0.5), one - head));
    let lost = z_rest.fma(s.lit(-0.5), lost);
    let tail = halves(s, z, zz, [0.008332188, -0.00019518085]);
    let sine = cube.fma(z.fma(tail, s.lit(-0.16666655)), rest * head);
    let cosine = zz.fma(halves(s, z, zz, [0.041666646, -0.0013887311, 2.4432546e-05]), lost);
    ((r, sine), (head, cosine))
}

/// The tangent of `r + rest`, `r` from -pi/4 to pi/4, or a quarter of a turn further: -cos / sin.
#[inline(always)]
pub(crate) fn tangent_f64<S: Shape>(s: S, r: S::F64, rest: S::F64, further: S::Mask) -> S::F64 {
    let ((sine, sine_rest), (cosine, cosine_rest)) = sums_f64(s, r, rest);
    let (n, n_rest) = (choose(further, cosine, sine), choose(further, cosine_rest, sine_rest));
    let (d, d_rest) = (choose(further, sine, cosine), choose(further, sine_rest, cosine_rest));
    let inverse = s.lit::<S::F64>(1.0) / (d + d_rest);
    let q = (n + n_rest) * inverse;
    let left = q.fma(-d, n) + q.fma(-d_rest, n_rest);
    left.fma(inverse, q)
}

/// As [`tangent_f64`].
#[inline(always)]
pub(crate) fn tangent_f32<S: Shape>(s: S, r: S::F32, rest: S::F32, further: S::Mask) -> S::F32 {
    /// (tan(r) - r) / r^3, of r^2.
    const TAIL: [f32; 7] = [
        0.333333492279052734375,
        0.1333267688751220703125,
        5.40586821734905242919921875e-2,
        2.12875343859195709228515625e-2,
        1.082385890185832977294921875e-2,
        1.028608749038539826869964599609375e-4,
        4.370413720607757568359375e-3,
    ];
    /// The derivative is 1 + tan(r)^2: 1 + 1.45 r^2 to 0.1.
    const SLOPE: f32 = 1.45;
    /// tan(r) / r is up to 1.28: of that so much is the head, and what is left stays small.
    const HEAD: f32 = 1.25;
    /// The derivative of z T(z) at the far end; elsewhere it counts for little.
    const STEEP: f32 = 0.45;
    let z = r * r;
    let z_rest = r.fma(r, -z);
    let rest = rest.fma(z * s.lit(SLOPE), rest);
    let rest = z_rest.fma(r * s.lit(STEEP), rest);
    let tail = r.fma(z.fma(halves(s, z, z * z, TAIL), s.lit(1.0 - HEAD)), rest);
    let head: S::F32 = s.lit(HEAD);
    let t = r.fma(head, tail);
    let low = r.fma(head, -t) + tail;
    let inverse = s.lit::<S::F32>(1.0) / t;
    let left = inverse.fma(-low, inverse.fma(-t, s.lit(1.0)));
    choose(further, left.fma(inverse, inverse), t)
}

/// What is the same for both dtypes.
macro_rules! trigonometric {
    ($($t:ident $lanes:ident $bits:ident $top:literal $reduce:ident $tangent:ident; $signed:ident $tan:ident;)*) => {$(
        /// `y`, negative where the highest bit is set.
        #[inline(always)]
        pub(crate) fn $signed<S: Shape>(s: S, y: S::$lanes, bits: S::$bits) -> S::$lanes {
            let sign = bits & s.lit((-0.0 as $t).to_bits());
            S::$lanes::from_bits(y.to_bits() ^ sign)
        }

        /// The tangent.
        #[inline(always)]
        pub fn $tan<S: Shape>(s: S, x: S::$lanes) -> S::$lanes {
            let (k, r, rest) = $reduce(s, x.abs());
            let further = (k & s.lit(1)).ne(s.lit(0));
            let y = $tangent(s, r, rest, further);
            $signed(s, y, x.to_bits() ^ k.shl(s.lit($top)))
        }
    )*};
}
trigonometric! {
    f64 F64 U64 63 reduce_f64 tangent_f64; signed_f64 tan_f64;
    f32 F32 U32 31 reduce_f32 tangent_f32; signed_f32 tan_f32;
}

/// The sine.
#[inline(always)]
pub fn sin_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    sincos_f32(s, x).0
}

/// The cosine.
#[inline(always)]
pub fn cos_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    sincos_f32(s, x).1
}

/// The sine and the cosine.
#[inline(always)]
pub fn sincos_f32<S: Shape>(s: S, x: S::F32) -> (S::F32, S::F32) {
    let (k, r, rest) = reduce_f32(s, x.abs());
    let (sine, cosine) = sums_f32(s, r, rest);
    let (sine, cosine) = (sine.0 + sine.1, cosine.0 + cosine.1);
    let even = (k & s.lit(1)).eq(s.lit(0));
    // The sign is in the second bit: of k for the sine, of k + 1 for the cosine.
    let up = s.lit(30);
    let sign = x.to_bits() ^ k.shl(up);
    (
        signed_f32(s, choose(even, sine, cosine), sign),
        signed_f32(s, choose(even, cosine, sine), (k + s.lit(1)).shl(up)),
    )
}

/// With 16 bits behind the point.
const SHIFT_16: f64 = SHIFT_F64 / 65536.0;
const INVERSE: usize = 0;
const PI: usize = 1;
const SECOND: usize = 2;
const THIRD: usize = 3;
const ONE: usize = 4;
const SIXTH: usize = 5;
const SLOPE: usize = 6;
const TAIL: usize = 7;
const WHOLE: usize = 14;
const BELOW: usize = 15;
const ABOVE: usize = 16;
/// 1 / pi; pi in three parts; 1, -1/6, -0.4053; `T`; and what is added to make whole numbers.
static SINE_F64: Constants<f64, 17> = Constants::new([
    core::f64::consts::FRAC_1_PI,
    core::f64::consts::PI,
    f64::from_bits(0x3ca1a62633100000),
    f64::from_bits(0x3a81701b839a2520),
    1.0,
    -1.0 / 6.0,
    -0.4053,
    8.33333333333320658287135529462830163538455963134765625e-3,
    -1.9841269841212549299332146279795097143505699932575225830078125e-4,
    2.75573192115950075145700166878715009488587384112179279327392578125e-6,
    -2.5052106907907612656043251663819104724240105497301556169986724853515625e-8,
    1.60589412289493007807089505894495261306698097314438200555741786956787109375e-10,
    -7.64302645254846406976133122497158814434049800556891796077252365648746490478515625e-13,
    2.721505103162624242938054662111272844342052708299650731760266353376209735870361328125e-15,
    SHIFT_F64,
    SHIFT_16,
    SHIFT_16 - 0.5,
]);

/// One of [`SINE_F64`].
#[inline(always)]
fn of_sine<S: Shape>(s: S, i: usize) -> S::F64 {
    S::F64::constant(s, &SINE_F64, i)
}

/// sin(r + rest), for `r` from -pi/2 to pi/2.
#[inline(always)]
fn half_turn_f64<S: Shape>(s: S, r: S::F64, rest: S::F64) -> S::F64 {
    let one = of_sine(s, ONE);
    let sixth = of_sine(s, SIXTH);
    let z = r * r;
    let zz = z * z;
    let z_rest = r.fma(r, -z);
    let head = z.fma(sixth, one);
    let lost = z_rest.fma(sixth, z.fma(sixth, one - head));
    let rest = rest * z.fma(of_sine(s, SLOPE), one);
    let tail = halves_of::<S, S::F64, 7, 17>(s, z, zz, &SINE_F64, TAIL);
    r.fma(head, r.fma(zz.fma(tail, lost), rest))
}

/// The sine.
#[inline(always)]
pub fn sin_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    // The bits that 0 to 2^19 - 1 have with the shift.
    const NEAR: u64 = SHIFT_F64.to_bits() | 0x7ffff;
    let a = x.abs();
    let mut shifted = a.fma(of_sine(s, INVERSE), of_sine(s, WHOLE));
    let k = shifted - of_sine(s, WHOLE);
    let first = k.fma(-of_sine(s, PI), a);
    let second = k * of_sine(s, SECOND);
    let mut r = first - second;
    let third = of_sine(s, THIRD);
    let mut rest = k.fma(-third, (first - r) - second);
    let far = (shifted.to_bits() & s.lit(!NEAR)).ne(s.lit(0));
    if s.enter_slow(far) {
        let (q, near, near_rest) = reduce_far_f64::<S, EVEN>(s, a);
        let slow = (q.fma(s.lit(0.5), s.lit(SHIFT_F64)), near, near_rest);
        (shifted, r, rest) = s.leave_slow(far, slow, (shifted, r, rest));
    }
    let sign = (x.to_bits() ^ a.to_bits()) ^ shifted.to_bits().shl(s.lit(63));
    S::F64::from_bits(half_turn_f64(s, r, rest).to_bits() ^ sign)
}

/// The cosine.
#[inline(always)]
pub fn cos_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    // The whole number below: the bits behind the point are cut off. h is a half more.
    const NEAR: u64 = SHIFT_16.to_bits() | 0x7ffff << 16;
    let a = x.abs();
    let shifted = a.fma(of_sine(s, INVERSE), of_sine(s, BELOW));
    let mut shifted = S::F64::from_bits(shifted.to_bits() & s.lit(!0xffff));
    let h = shifted - of_sine(s, ABOVE);
    let pi = of_sine(s, PI);
    let first = h.fma(pi, -a);
    let lost = h.fma(pi, -first) - a;
    let second = h * of_sine(s, SECOND);
    let mut r = first + second;
    let low = h.fma(of_sine(s, THIRD), lost);
    let mut rest = (second - (r - first)) + low;
    let far = (shifted.to_bits() & s.lit(!NEAR)).ne(s.lit(0));
    if s.enter_slow(far) {
        let (q, near, near_rest) = reduce_far_f64::<S, ODD>(s, a);
        let slow = (q.fma(s.lit(0.5), of_sine(s, ABOVE)), -near, -near_rest);
        (shifted, r, rest) = s.leave_slow(far, slow, (shifted, r, rest));
    }
    // cos(h pi - r) is sin(r), and the other way about for every other h.
    let sign = shifted.to_bits().shl(s.lit(47));
    S::F64::from_bits(half_turn_f64(s, r, rest).to_bits() ^ sign)
}

/// The sine and the cosine.
#[inline(always)]
pub fn sincos_f64<S: Shape>(s: S, x: S::F64) -> (S::F64, S::F64) {
    (sin_f64(s, x), cos_f64(s, x))
}
