//! The exponential and the logarithm in more than double precision, for functions made of them.

use super::parts::*;
use crate::lanes::{Float, Integer, Shape};

const LOG2_E: f64 = core::f64::consts::LOG2_E;
/// 32 bits of ln 2, so that its product with a whole number below 2^21 is exact; and the rest.
const LN2_HIGH: f64 = f64::from_bits(0x3fe62e42fee00000);
const LN2_LOW: f64 = f64::from_bits(0x3dea39ef35793c76);

/// As [`halves`], in four chains: for polynomials so long that a CPU waits for two. At least 4 terms.
#[inline(always)]
pub(crate) fn quarters<S: Shape, V: Float<Shape = S>, const N: usize>(
    s: S,
    x: V,
    xx: V,
    c: [V::Elem; N],
) -> V {
    let x4 = xx * xx;
    let mut sums: [V; 4] = [s.lit(c[N - 4]), s.lit(c[N - 3]), s.lit(c[N - 2]), s.lit(c[N - 1])];
    // `sums[j]` is the chain of the powers that are `N + j` modulo 4.
    let mut i = N - 4;
    while i > 0 {
        i -= 1;
        let j = (i + 4 - N % 4) % 4;
        sums[j] = x4.fma(sums[j], s.lit(c[i]));
    }
    let first = (4 - N % 4) % 4;
    let even = x.fma(sums[(first + 1) % 4], sums[first]);
    let odd = x.fma(sums[(first + 3) % 4], sums[(first + 2) % 4]);
    xx.fma(odd, even)
}

/// `e^(high + low) = (y + y_low) 2^k`: `y`, `y_low` and the whole `k`, for `high` within 1500 of 0 and
/// a `low` that is small. `y_low` is no mere rest, it goes up to a twelfth of `y`. The polynomial is
/// that of e^r - 1 - r, by Sollya's fpminimax; the result is good to about 2^-57.
#[inline(always)]
pub(crate) fn exp_sum<S: Shape>(s: S, high: S::F64, low: S::F64) -> (S::F64, S::F64, S::F64) {
    let k = (high * s.lit(LOG2_E)).rint();
    let r = k.fma(s.lit(-LN2_HIGH), high);
    let (r, rest) = fast_two_sum(r, k.fma(s.lit(-LN2_LOW), low));
    let rr = r * r;
    let q = halves(
        s,
        r,
        rr,
        [
            0.5,
            0.1666666666666667129259593815593815225176513195037841796875,
            4.166666666666664353702032030923874117434024810791015625e-2,
            8.3333333333258756414618773078473168425261974334716796875e-3,
            1.38888888889050657153567680524020033772103488445281982421875e-3,
            1.984126987551942196321558276039809243229683488607406616210937e-4,
            2.480158727187355179456644538316112402753788046538829803466797e-5,
            2.755725465749084261447019242319278475861210608854889869689941e-6,
            2.755732681394860718351023411154532283262597047723829746246338e-7,
            2.51054887773003135374452158157937420313032816920895129442215e-8,
            2.08965463132857558609688285265054696893116670253220945596695e-9,
        ],
    );
    let (y, lost) = fast_two_sum(s.lit(1.0), r);
    (y, lost + rr.fma(q, rest), k)
}

/// The logarithm of `x + x_low`, a normal positive number below 1.2e308 and its rest: as a sum of two,
/// off by about 2^-65 of itself near 1, where nothing cancels, and by less elsewhere.
///
/// ```text
/// x = 2^k m,  m from sqrt(1/2) to sqrt(2),  s = (m - 1) / (m + 1) with its rest
/// log m = 2 atanh s = 2 (s + s (s^2 / 3 + s^4 R(s^2)))   R minimax; s, s^2 and the sums with rests
/// ```
#[inline(always)]
pub(crate) fn log_sum<S: Shape>(s: S, x: S::F64, x_low: S::F64) -> (S::F64, S::F64) {
    const SQRT_HALF: u64 = core::f64::consts::FRAC_1_SQRT_2.to_bits();
    // A number that counts ones in its last bits.
    const COUNTER: f64 = 4503599627370496.0;
    const THIRD: f64 = 1.0 / 3.0;
    const THIRD_LOW: f64 = 1.85037170770859413132312241283e-17;
    let one: S::F64 = s.lit(1.0);
    let two: S::F64 = s.lit(2.0);
    let bits = x.to_bits() + s.lit(1.0f64.to_bits() - SQRT_HALF);
    let fraction = bits & s.lit((1 << 52) - 1);
    let exponent = bits - fraction;
    let f = S::F64::from_bits(fraction + s.lit(SQRT_HALF)) - one;
    let f_low = x_low * S::F64::from_bits(s.lit::<S::U64>(2 * 1.0f64.to_bits()) - exponent);
    let count = exponent.shr(s.lit(52)) + s.lit(COUNTER.to_bits());
    let k = S::F64::from_bits(count) - s.lit(COUNTER + 1023.0);

    let below = f + two;
    let below_low = (f - (below - two)) + f_low;
    let inverse = one / below;
    let r = f * inverse;
    let left = (-r).fma(below_low, (-r).fma(below, f) + f_low);
    let r_low = left * inverse;
    let (z, z_low) = two_prod(r, r);
    let z_low = (r + r).fma(r_low, z_low);
    let tail = halves(
        s,
        z,
        z * z,
        [
            0.200000000000000011102230246251565404236316680908203125,
            0.14285714285713158044899273590999655425548553466796875,
            0.11111111111387496352964632251314469613134860992431640625,
            9.09090907720949414905220464788726530969142913818359375e-2,
            7.692304990906902173453119075929862447082996368408203125e-2,
            6.667068641009683827025611435601604171097278594970703125e-2,
            5.8606688767275962048675097548766643740236759185791015625e-2,
            5.7932571601317824072641116117665660567581653594970703125e-2,
        ],
    );
    let (third, third_low) = two_prod(z, s.lit(THIRD));
    let third_low = z.fma(s.lit(THIRD_LOW), z_low.fma(s.lit(THIRD), third_low));
    let (v, v_low) = fast_two_sum(third, (z * z) * tail);
    let v_low = v_low + third_low;
    let (p, p_low) = two_prod(r, v);
    let p_low = r.fma(v_low, r_low.fma(v, p_low));
    let (half, half_low) = fast_two_sum(r, p);
    let half_low = half_low + (p_low + r_low);
    let (high, low) = fast_two_sum(k * s.lit(LN2_HIGH), half + half);
    let low = k.fma(s.lit(LN2_LOW), half_low.fma(two, low));
    fast_two_sum(high, low)
}
