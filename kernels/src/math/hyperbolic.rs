//! The hyperbolic functions and their inverses.
//!
//! ```text
//! |x| = k ln2 + r,  |r| <= ln2 / 2       as for exp, with r as a number and its rest
//! sinh x = 2^(k-1) e^r - 2^(-k-1) e^-r = b sinh r + a cosh r,  a, b = 2^(k-1) -+ 2^(-k-1)
//! cosh x the same with a and b exchanged
//! tanh x = (2^k e^r - 1) / (2^k e^r + 1) of |2 x|, top and bottom divided by 2^k, each with its rest
//! ```
//!
//! so that nothing cancels where k is 0: the polynomials are those of sinh r, cosh r - 1 and
//! e^r - 1 (minimax, by Sollya's fpminimax). The leading sum is kept with what it lost.
//!
//! ```text
//! asinh x = log(x + sqrt(x^2 + 1)),  acosh x = log(x + sqrt(x^2 - 1))
//!       the square, the root and the sum each with its rest; log(2 x) where x is large
//! log w = k ln2 + log(1 + f),  log(1 + f) = f - (f^2 / 2 - s (f^2 / 2 + R(s^2))),  s = f / (2 + f)
//!       (as in FreeBSD's msun), R a minimax polynomial; f takes in the rest of w at the end
//! atanh x = k ln2 / 2 + atanh s,  s = ((1 + x) - 2^k (1 - x)) / ((1 + x) + 2^k (1 - x))
//!       with the k for which s is small, from the bits of 1 + x and 1 - x; k = 0 leaves s = x
//! ```
//!
//! tanh of f32 has polynomials of their own in two intervals for each power of two from 1/8 to 8 instead (minimax,
//! of degree 7, by fpminimax): tanh x = c + (x - b) Q(x - b), where b is such that c is tanh b to 2^-36 or better.
//! The coefficients are in tables of sixteen, which are one register.
//!
//! One division each but for that. Odd functions are worked out for |x|, and take the sign of x at the end.

use super::functions;
use super::parts::*;
use crate::lanes::{Float, Integer, Lane, Number, Shape};

functions! {
    /// The hyperbolic tangent of `x`.
    ///
    /// NaN gives NaN, the infinities 1 and -1, -0 gives -0.
    tanh(x: T) -> T {
        f64: tanh_f64, 0.9, 46;
        f32: tanh_f32, 0.75, 27;
    }

    /// The hyperbolic sine of `x`.
    ///
    /// NaN gives NaN, the infinities themselves, -0 gives -0; beyond 710.47 (f32: 89.41) on either
    /// side the result is infinite.
    sinh(x: T) -> T {
        f64: sinh_f64, 0.85, 46;
        f32: sinh_f32, 0.8, 40;
    }

    /// The hyperbolic cosine of `x`.
    ///
    /// NaN gives NaN, the infinities infinity; beyond 710.47 (f32: 89.41) on either side the result is
    /// infinite.
    cosh(x: T) -> T {
        f64: cosh_f64, 0.75, 46;
        f32: cosh_f32, 0.75, 40;
    }

    /// The inverse of the hyperbolic sine.
    ///
    /// NaN gives NaN, the infinities themselves, -0 gives -0.
    asinh(x: T) -> T {
        f64: asinh_f64, 0.95, 70;
        f32: asinh_f32, 0.95, 66;
    }

    /// The inverse of the hyperbolic cosine: the one that is not negative.
    ///
    /// NaN and what is below 1 give NaN, infinity itself, 1 gives 0.
    acosh(x: T) -> T {
        f64: acosh_f64, 0.95, 70;
        f32: acosh_f32, 0.92, 66;
    }

    /// The inverse of the hyperbolic tangent.
    ///
    /// NaN and what is beyond 1 on either side give NaN, 1 and -1 the infinities, -0 gives -0.
    atanh(x: T) -> T {
        f64: atanh_f64, 0.62, 56;
        f32: atanh_f32, 0.62, 50;
    }
}

/// What the lanes below need to know of f64.
mod double {
    pub use super::super::parts::SHIFT_F64 as SHIFT;
    pub const LOG2_E: f64 = core::f64::consts::LOG2_E;
    /// 32 bits of ln 2, so that its product with k is exact; and the rest.
    pub const LN2_HIGH: f64 = f64::from_bits(0x3fe62e42fee00000);
    pub const LN2_LOW: f64 = f64::from_bits(0x3dea39ef35793c76);
    /// Where exponents begin.
    pub const DIGITS: u64 = 52;
    pub const SQRT_HALF: u64 = core::f64::consts::FRAC_1_SQRT_2.to_bits();
    /// A number whose last bit counts ones, as bits.
    pub const COUNTER: f64 = 4503599627370496.0;
    pub const BIAS: f64 = 1023.0;
    /// From here on tanh is 1; the double of it is taken.
    pub const TANH_TOP: f64 = 40.0;
    /// From here on sinh and cosh need care: 2^(-k-1) would be subnormal.
    pub const SINH_FAR: f64 = 708.0;
    /// From here on they are infinite, with room.
    pub const SINH_TOP: f64 = 711.0;
    /// 2^-65 (half of 2^-64), and 2^64.
    pub const SINH_DOWN: f64 = 2.710505431213761085018632002174854278564453125e-20;
    pub const SINH_UP: f64 = 18446744073709551616.0;
    /// Below, asinh x is x; above, x + sqrt(x^2 + 1) is 2 x, as far as its logarithm can tell. 2^-28, 2^28.
    pub const ASINH_TINY: f64 = 3.7252902984619140625e-9;
    pub const ASINH_BIG: f64 = 268435456.0;
    /// Nothing, beside any root that can occur.
    pub const NOTHING: f64 = 1e-200;

    /// (e^r - 1 - r) / r^2.
    pub const EXPM1: [f64; 11] = [
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
    ];
    /// (sinh r - r) / r^3, of r^2.
    pub const SINH: [f64; 6] = [
        0.1666666666666666574148081281236954964697360992431640625,
        8.33333333333487191740829302943893708288669586181640625e-3,
        1.984126983410592660883597915244536125101149082183837890625e-4,
        2.755733284124330217376491400371740780883555999025702476501465e-6,
        2.504077631433522416971241934813274809812355670146644115447998e-8,
        1.949890587605671657321585796946404600671343132489710114896297e-10,
    ];
    /// (cosh r - 1) / r^2, of r^2.
    pub const COSH: [f64; 7] = [
        0.5,
        4.1666666666666664353702032030923874117434024810791015625e-2,
        1.38888888888910881809490849292387792957015335559844970703125e-3,
        2.480158729426940785183115789624963554160785861313343048095703e-5,
        2.755733029341173432631836512363143754100747173652052879333496e-7,
        2.086895864230199650711951970486618401778855513839516788721085e-9,
        1.355572145496801439556766904658948335723467337743386451620609e-11,
    ];
    /// (2 atanh s - 2 s) / s^3, of s^2 up to 0.0294.
    pub const LOG: [f64; 7] = [
        0.66666666666666696272613990004174411296844482421875,
        0.399999999998996880190560432311031036078929901123046875,
        0.285714286260147887208660222313483245670795440673828125,
        0.2222221112086998073831267674904665909707546234130859375,
        0.1818289040136729373120516584094730205833911895751953125,
        0.1533167449209179300506633580880588851869106292724609375,
        0.1461706549079371975889049878882360644638538360595703125,
    ];
    /// (atanh s - s) / s^3, of s^2 up to 0.0405.
    pub const ATANH: [f64; 9] = [
        0.333333333333333314829616256247390992939472198486328125,
        0.2000000000000216326956348211751901544630527496337890625,
        0.14285714284980721711093565318151377141475677490234375,
        0.11111111221907961355004346160058048553764820098876953125,
        9.090900330095198766944264434641809202730655670166015625e-2,
        7.692691495586524708105713443728745914995670318603515625e-2,
        6.657574176589502179535173809199477545917034149169921875e-2,
        5.9797223646559982679349332101992331445217132568359375e-2,
        5.2188711815974196672751617143148905597627162933349609375e-2,
    ];
}

/// And of f32.
mod single {
    pub use super::super::parts::SHIFT_F32 as SHIFT;
    pub const LOG2_E: f32 = core::f32::consts::LOG2_E;
    /// 14 bits of ln 2, and the rest.
    pub const LN2_HIGH: f32 = 0.693145751953125;
    pub const LN2_LOW: f32 = 1.42860676533018704503775e-06;
    pub const DIGITS: u32 = 23;
    pub const SQRT_HALF: u32 = core::f32::consts::FRAC_1_SQRT_2.to_bits();
    pub const COUNTER: f32 = 8388608.0;
    pub const BIAS: f32 = 127.0;
    /// From here on tanh is 1, and below this it is worked out from 0.
    pub const TANH_ONE: f32 = 9.125;
    pub const TANH_SMALL: f32 = 0.125;
    pub const SINH_FAR: f32 = 86.5;
    pub const SINH_TOP: f32 = 90.0;
    /// 2^-33, and 2^32.
    pub const SINH_DOWN: f32 = 1.16415321826934814453125e-10;
    pub const SINH_UP: f32 = 4294967296.0;
    /// 2^-13 and 2^14.
    pub const ASINH_TINY: f32 = 0.0001220703125;
    pub const ASINH_BIG: f32 = 16384.0;
    pub const NOTHING: f32 = 1e-25;

    pub const SINH: [f32; 3] = [
        0.16666667163372039794921875,
        8.3331502974033355712890625e-3,
        1.9997920026071369647979736328125e-4,
    ];
    pub const COSH: [f32; 3] = [0.5, 4.1666507720947265625e-2, 1.393088256008923053741455078125e-3];
    pub const LOG: [f32; 3] =
        [0.66666686534881591796875, 0.3998856246471405029296875, 0.2958616912364959716796875];
    /// Where tanh is worked out from, in each interval: a number near its middle whose tanh is nearly an f32.
    /// Intervals are two to a power of two, from 1/8 on, in the order of the lowest four bits of exponent and first
    /// digit.
    pub static TANH_FROM: [f32; 16] = [
        2.4936735630035400390625,
        3.49054241180419921875,
        4.981726169586181640625,
        6.9982357025146484375,
        9.5,
        0.0,
        0.0,
        0.0,
        0.155742108821868896484375,
        0.21816098690032958984375,
        0.3113908469676971435546875,
        0.4363785684108734130859375,
        0.622691631317138671875,
        0.87265622615814208984375,
        1.24532973766326904296875,
        1.74527585506439208984375,
    ];
    /// tanh there. The last interval goes from outside it, the lowest from 0.
    pub static TANH_THERE: [f32; 16] = [
        0.986445009708404541015625,
        0.998143136501312255859375,
        0.9999058246612548828125,
        0.9999983310699462890625,
        1.0,
        0.0,
        0.0,
        0.0,
        0.1544950008392333984375,
        0.2147645652294158935546875,
        0.3017018735408782958984375,
        0.410638153553009033203125,
        0.552999317646026611328125,
        0.702721178531646728515625,
        0.846968829631805419921875,
        0.940835475921630859375,
    ];
    /// (tanh(x) - there) / (x - from), of x - from; below 1/8 (tanh(x) - x) / x. Coefficients from the lowest on.
    pub static TANH: [[f32; 16]; 7] = [
        [
            0.02692624740302562713623046875,
            0.00371027924120426177978515625,
            0.000188339749001897871494293212890625,
            0.000003337753014420741237699985504150390625,
            1.271304199690348468720912933349609375e-7,
            0.0,
            0.0,
            0.0,
            0.97613131999969482421875,
            0.953876197338104248046875,
            0.90897595882415771484375,
            0.8313763141632080078125,
            0.694191753864288330078125,
            0.506182968616485595703125,
            0.282643795013427734375,
            0.114828608930110931396484375,
        ],
        [
            -0.02656112425029277801513671875,
            -0.003703415393829345703125,
            -0.000188440710189752280712127685546875,
            -0.000003340033799759112298488616943359375,
            3.79677288719904026947915554046630859375e-7,
            0.0,
            0.0,
            0.0,
            -0.1508071124553680419921875,
            -0.2048586308956146240234375,
            -0.2742398679256439208984375,
            -0.34139478206634521484375,
            -0.3838875591754913330078125,
            -0.355705440044403076171875,
            -0.23939053714275360107421875,
            -0.108034789562225341796875,
        ],
        [
            0.01722556538879871368408203125,
            0.00245974422432482242584228515625,
            0.000125556820421479642391204833984375,
            0.000002226703372798510827124118804931640625,
            8.384043894693604670464992523193359375e-7,
            0.0,
            0.0,
            -0.333333313465118408203125,
            -0.3022701442241668701171875,
            -0.2740822136402130126953125,
            -0.22021411359310150146484375,
            -0.13694955408573150634765625,
            -0.019107408821582794189453125,
            0.08122511208057403564453125,
            0.1085425317287445068359375,
            0.0633666217327117919921875,
        ],
        [
            -0.0081417560577392578125,
            -0.001220095320604741573333740234375,
            -0.0000620356659055687487125396728515625,
            -0.0000010997238177878898568451404571533203125,
            9.66407469604746438562870025634765625e-7,
            0.0,
            0.0,
            0.0,
            0.095826916396617889404296875,
            0.1264357268810272216796875,
            0.1579743325710296630859375,
            0.16998350620269775390625,
            0.13852830231189727783203125,
            0.0614768601953983306884765625,
            -0.012129961512982845306396484375,
            -0.0236098878085613250732421875,
        ],
        [
            0.0028880499303340911865234375,
            0.00048104769666679203510284423828125,
            0.000024937011403380893170833587646484375,
            4.401698561196099035441875457763671875e-7,
            6.7034255835096701048314571380615234375e-7,
            0.0,
            0.0,
            0.133326590061187744140625,
            0.491991519927978515625,
            0.3251802027225494384765625,
            0.02635183371603488922119140625,
            0.001235354575328528881072998046875,
            -0.0548369176685810089111328125,
            -0.0580423958599567413330078125,
            -0.01965300925076007843017578125,
            0.00364413787610828876495361328125,
        ],
        [
            -0.000701572396792471408843994140625,
            -0.00015982383047230541706085205078125,
            -0.0000095424984465353190898895263671875,
            -1.700300202855942188762128353118896484375e-7,
            2.45443089852415141649544239044189453125e-7,
            0.0,
            0.0,
            0.0,
            0.861450493335723876953125,
            0.515312254428863525390625,
            -0.09556417167186737060546875,
            -0.05250979959964752197265625,
            -0.02444608695805072784423828125,
            0.0132540576159954071044921875,
            0.015220162458717823028564453125,
            0.00214907713234424591064453125,
        ],
        [
            0.000059375204727984964847564697265625,
            0.0000418741328758187592029571533203125,
            0.000002615485072965384460985660552978515625,
            4.832207167737578856758773326873779296875e-8,
            3.844203178005045629106462001800537109375e-8,
            0.0,
            0.0,
            -0.0532806627452373504638671875,
            -224.0671539306640625,
            -139.815521240234375,
            2.859773159027099609375,
            -0.987846314907073974609375,
            0.0304644666612148284912109375,
            -0.02188399247825145721435546875,
            -0.004225313663482666015625,
            -0.00202719564549624919891357421875,
        ],
    ];
    pub const ATANH: [f32; 4] = [
        0.3333333432674407958984375,
        0.1999992430210113525390625,
        0.14277613162994384765625,
        0.11717785894870758056640625,
    ];
}

/// The lanes of one dtype: `$float` is `f32` or `f64`, `$c` what is to know of it.
macro_rules! lanes_of {
    ($float:ident $F:ident $c:ident: $sinh:ident $cosh:ident $asinh:ident $acosh:ident
        $atanh:ident $reduced:ident $split:ident $combined:ident $log:ident) => {
        /// `y = k ln2 + r + rest`, `y` not negative: `k + SHIFT`, `r` and the rest.
        #[inline(always)]
        fn $reduced<S: Shape>(s: S, y: S::$F) -> (S::$F, S::$F, S::$F) {
            let shifted = y.fma(s.lit($c::LOG2_E), s.lit($c::SHIFT));
            let k = shifted - s.lit($c::SHIFT);
            let high = k.fma(s.lit(-$c::LN2_HIGH), y);
            let r = k.fma(s.lit(-$c::LN2_LOW), high);
            (shifted, r, k.fma(s.lit(-$c::LN2_LOW), high - r))
        }

        /// What [`$sinh`] and [`$cosh`] are made of: `k + SHIFT`, `r`, `sinh r - r`, `cosh r - 1`.
        #[inline(always)]
        fn $split<S: Shape>(s: S, x: S::$F) -> (S::$F, S::$F, S::$F, S::$F) {
            let (shifted, r, rest) = $reduced(s, x);
            let rr = r * r;
            let sinh = (rr * r).fma(horner(s, rr, $c::SINH), rest);
            (shifted, r, sinh, rr * horner(s, rr, $c::COSH))
        }

        /// `a (1 + c) + b (r + d) + rest`, with `a` 0 or larger than `b r`.
        #[inline(always)]
        fn $combined<V: Float<Elem = $float>>(a: V, c: V, b: V, r: V, d: V, rest: V) -> V {
            let (p, p_low) = two_prod(b, r);
            let (high, low) = fast_two_sum(a, p);
            high + (low + a.fma(c, b.fma(d, p_low + rest)))
        }

        /// The hyperbolic sine.
        #[inline(always)]
        pub fn $sinh<S: Shape>(s: S, x: S::$F) -> S::$F {
            let ax = x.abs();
            let (shifted, r, d, c) = $split(s, ax);
            let power = shifted.to_bits().shl(s.lit($c::DIGITS));
            let half: S::$F = s.lit(0.5);
            let u = S::$F::from_bits(half.to_bits() + power);
            let v = S::$F::from_bits(half.to_bits() - power);
            let a = u - v;
            let b = u + v;
            // What these two lost, where v is at the end of u.
            let a_low = (u - a) - v;
            let b_low = v - (b - u);
            let mut out = $combined(a, c, b, r, d, b_low.fma(r, a_low));
            let far = !ax.lt(s.lit($c::SINH_FAR));
            if s.enter_slow(far) {
                let down: S::$F = s.lit($c::SINH_DOWN);
                let u = S::$F::from_bits(down.to_bits() + power);
                let scaled = $combined(u, c, u, r, d, s.lit(0.0)) * s.lit($c::SINH_UP);
                let scaled = choose(ax.gt(s.lit($c::SINH_TOP)), s.lit($float::INFINITY), scaled);
                out = s.leave_slow(far, scaled, out);
            }
            out.copysign(x)
        }

        /// The hyperbolic cosine.
        #[inline(always)]
        pub fn $cosh<S: Shape>(s: S, x: S::$F) -> S::$F {
            let ax = x.abs();
            let (shifted, r, d, c) = $split(s, ax);
            let power = shifted.to_bits().shl(s.lit($c::DIGITS));
            let half: S::$F = s.lit(0.5);
            let u = S::$F::from_bits(half.to_bits() + power);
            let v = S::$F::from_bits(half.to_bits() - power);
            let a = u + v;
            let b = u - v;
            let a_low = v - (a - u);
            let b_low = (u - b) - v;
            let mut out = $combined(a, c, b, r, d, b_low.fma(r, a_low));
            let far = !ax.lt(s.lit($c::SINH_FAR));
            if s.enter_slow(far) {
                let down: S::$F = s.lit($c::SINH_DOWN);
                let u = S::$F::from_bits(down.to_bits() + power);
                let scaled = $combined(u, c, u, r, d, s.lit(0.0)) * s.lit($c::SINH_UP);
                let scaled = choose(ax.gt(s.lit($c::SINH_TOP)), s.lit($float::INFINITY), scaled);
                out = s.leave_slow(far, scaled, out);
            }
            out
        }

        /// The logarithm of `w = x + root + left / (2 root)`, at least 1 and its leading sum exact but
        /// for the rest that is worked out here; of `2 x` where that is big.
        #[inline(always)]
        fn $log<S: Shape>(
            s: S,
            big: S::Mask,
            x: S::$F,
            root: S::$F,
            left: S::$F,
            w: S::$F,
            w_low: S::$F,
        ) -> S::$F {
            let one: S::$F = s.lit(1.0);
            let w = choose(big, x, w);
            // w = 2^k m, m from sqrt(1/2) to sqrt(2).
            let lowest: <S::$F as Float>::Bits = s.lit($c::SQRT_HALF);
            let bits = w.to_bits() + (one.to_bits() - lowest);
            let fraction = bits & s.lit((1 << $c::DIGITS) - 1);
            let f = S::$F::from_bits(fraction + lowest) - one;
            let exponent = bits - fraction;
            let scale = S::$F::from_bits(one.to_bits() + one.to_bits() - exponent);
            let counter: S::$F = s.lit($c::COUNTER);
            let k = S::$F::from_bits(counter.to_bits() + exponent.shr(s.lit($c::DIGITS)));
            let k = k - choose(
                big,
                s.lit($c::COUNTER + ($c::BIAS - 1.0)),
                s.lit($c::COUNTER + $c::BIAS),
            );
            // 1 / root and 1 / (2 + f) by one division.
            let two_f = f + s.lit(2.0);
            let inverse = one / two_f.fma(root, s.lit($c::NOTHING));
            let sv = f * root * inverse;
            let w_low = (left * s.lit(0.5)).fma(two_f * inverse, w_low);
            let f_low = choose(big, s.lit(0.0), w_low * scale);
            let half_ff = f * s.lit(0.5) * f;
            let z = sv * sv;
            let tail = z.fma(horner(s, z, $c::LOG), half_ff);
            let (high, low) = fast_two_sum(k * s.lit($c::LN2_HIGH), f);
            let rest = k.fma(s.lit($c::LN2_LOW), low);
            // The rest of f counts for rest / (1 + f), which is about (1 - 2 s + 2 s^2) times it.
            let share = (sv * s.lit(-2.0)).fma(one - sv, one);
            let rest = f_low.fma(share, rest);
            high + (sv.fma(tail, rest) - half_ff)
        }

        /// The inverse of the hyperbolic sine.
        #[inline(always)]
        pub fn $asinh<S: Shape>(s: S, x: S::$F) -> S::$F {
            let ax = x.abs();
            let big = ax.gt(s.lit($c::ASINH_BIG));
            let y = choose(big, s.lit(1.0), ax);
            let (square, square_low) = two_prod(y, y);
            let (t, t_low) = two_sum(square, s.lit(1.0));
            let root = t.sqrt();
            let left = (-root).fma(root, t) + (t_low + square_low);
            let (w, w_low) = fast_two_sum(root, y);
            let out = $log(s, big, ax, root, left, w, w_low);
            let there = ax.ge(s.lit($c::ASINH_TINY)) & ax.lt(s.lit($float::INFINITY));
            choose(there, out, ax).copysign(x)
        }

        /// The inverse of the hyperbolic cosine.
        #[inline(always)]
        pub fn $acosh<S: Shape>(s: S, x: S::$F) -> S::$F {
            let one: S::$F = s.lit(1.0);
            let big = x.gt(s.lit($c::ASINH_BIG));
            let y = choose(big, s.lit(2.0), x);
            let (square, square_low) = two_prod(y, y);
            let (t, t_low) = fast_two_sum(square, -one);
            // Near 1 the square's rest counts for much.
            let (t, t_low) = fast_two_sum(t, t_low + square_low);
            let root = t.sqrt();
            let left = (-root).fma(root, t) + t_low;
            let (w, w_low) = fast_two_sum(y, root);
            let out = $log(s, big, x, root, left, w, w_low);
            let out = choose(x.lt(one), s.lit($float::NAN), out);
            choose(x.lt(s.lit($float::INFINITY)), out, x)
        }

        /// The inverse of the hyperbolic tangent.
        #[inline(always)]
        pub fn $atanh<S: Shape>(s: S, x: S::$F) -> S::$F {
            let one: S::$F = s.lit(1.0);
            let ax = x.abs();
            let (plus, plus_low) = fast_two_sum(one, ax);
            let (minus, minus_low) = fast_two_sum(one, -ax);
            // The bits of a float are nearly its logarithm: k is that of the quotient, to 0.09 + 0.5.
            let bits = plus.to_bits() - minus.to_bits() + s.lit(1 << ($c::DIGITS - 1));
            let count = bits.shr(s.lit($c::DIGITS));
            let power = S::$F::from_bits(one.to_bits() + count.shl(s.lit($c::DIGITS)));
            let counter: S::$F = s.lit($c::COUNTER);
            let k = S::$F::from_bits(counter.to_bits() + count) - counter;
            let scaled = power * minus;
            let top = plus - scaled;
            let bottom = plus + scaled;
            let bottom_low = ((plus - bottom) + scaled) + power.fma(minus_low, plus_low);
            let (top, top_low) = fast_two_sum(top, (-power).fma(minus_low, plus_low));
            let inverse = one / bottom;
            let q = top * inverse;
            let left = (-q).fma(bottom, top) + top_low;
            let left = (-q).fma(bottom_low, left);
            let z = q * q;
            let rest = (z * q).fma(horner(s, z, $c::ATANH), left * inverse);
            let (high, low) = fast_two_sum(k * s.lit($c::LN2_HIGH * 0.5), q);
            let out = high + (low + k.fma(s.lit($c::LN2_LOW * 0.5), rest));
            let mut out = out.copysign(x);
            let edge = !ax.lt(one);
            if s.enter_slow(edge) {
                let slow: S::$F = choose(ax.eq(one), s.lit($float::INFINITY), s.lit($float::NAN));
                out = s.leave_slow(edge, slow.copysign(x), out);
            }
            out
        }
    };
}

lanes_of!(f64 F64 double: sinh_f64 cosh_f64 asinh_f64 acosh_f64 atanh_f64
    reduced_f64 split_f64 combined_f64 log_f64);
lanes_of!(f32 F32 single: sinh_f32 cosh_f32 asinh_f32 acosh_f32 atanh_f32
    reduced_f32 split_f32 combined_f32 log_f32);

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let one: S::F64 = s.lit(1.0);
    let y = x.abs() + x.abs();
    let y = choose(y.gt(s.lit(double::TANH_TOP)), s.lit(double::TANH_TOP), y);
    let (shifted, r, rest) = reduced_f64(s, y);
    let rr = r * r;
    // p = e^r - 1, m = 2^-k: the result is (1 - m + p) / (1 + m + p).
    let (p, p_low) = fast_two_sum(r, rr.fma(halves(s, r, rr, double::EXPM1), rest.fma(r, rest)));
    let m = S::F64::from_bits(one.to_bits() - shifted.to_bits().shl(s.lit(double::DIGITS)));
    // If the sum loses bits of a tiny m, the difference loses the same: the quotient doesn't mind.
    let sum = one + m;
    let (top, top_low) = fast_two_sum(m.fma(s.lit(-2.0), sum), p);
    let (bottom, bottom_low) = fast_two_sum(sum, p);
    let inverse = one / bottom;
    let q = top * inverse;
    let left = (-q).fma(bottom, top) + (top_low + p_low);
    let left = (-q).fma(bottom_low + p_low, left);
    left.fma(inverse, q).copysign(x)
}

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    use single::{TANH, TANH_FROM, TANH_ONE, TANH_SMALL, TANH_THERE};
    let y = x.abs();
    let y = choose(y.gt(s.lit(TANH_ONE)), s.lit(TANH_ONE), y);
    // Two intervals for each power of two: the exponent and the bit below. All that is smaller is one.
    let lowest: S::U32 = s.lit((TANH_SMALL.to_bits() >> 22) - 1);
    let interval = y.to_bits().shr(s.lit(22)).maximum(lowest);
    let d = y - s.sixteenth(&TANH_FROM, interval);
    let dd = d * d;
    let of = |i: usize| s.sixteenth(&TANH[i], interval);
    let even = dd.fma(dd.fma(dd.fma(of(6), of(4)), of(2)), of(0));
    let odd = dd.fma(dd.fma(of(5), of(3)), of(1));
    let there = choose(y.lt(s.lit(TANH_SMALL)), y, s.sixteenth(&TANH_THERE, interval));
    d.fma(d.fma(odd, even), there).copysign(x)
}
