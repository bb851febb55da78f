//! The error function and its complement.
//!
//! ```text
//! erf x  = x + x P(x^2)                    |x| < 0.82; erfc x = 1 - x - x P(x^2) for |x| < 3/4
//! erfc a = e^(-a^2) Q(u) u,  u = 1 / (a + 2)   from there on
//! ```
//!
//! With `u` for a variable (an idea of Schonfelder's) one polynomial serves from 3/4 to 27.3: Q has
//! nothing left of the decay, going only from 1.23 to 0.58. The square, the exponential and the quotient
//! are taken with their rests. P and Q are minimax, by Sollya's fpminimax.
//!
//! f32: erfc as above in f64 lanes, with one polynomial from 0 on, and erf from 0.98 on as
//! `1 - 2^R(x)`, R a polynomial for the binary logarithm of erfc.

use super::extended::{exp_sum, quarters};
use super::functions;
use super::parts::*;
use crate::lanes::{Float, Lane, Number, Shape};

functions! {
    /// The error function: 2 / sqrt(pi) times the integral of e^(-t t) from 0 to `x`.
    ///
    /// NaN gives NaN, the infinities 1 and -1, -0 gives -0.
    erf(x: T) -> T {
        f64: erf_f64, 1.0, 80;
        f32: erf_f32, 0.99, 40;
    }

    /// The complement of the error function, 1 - erf(x), without its rounding where it is small.
    ///
    /// NaN gives NaN, infinity 0, -infinity 2; from 27.23 (f32: 10.06) on the result is 0.
    erfc(x: T) -> T {
        f64: erfc_f64, 1.45, 84;
        f32: erfc_f32, 0.52, 70;
    }
}

/// erf(x) / x - 1, of z = x^2 up to 0.74.
#[inline(always)]
fn near_f64<S: Shape>(s: S, z: S::F64) -> S::F64 {
    quarters(
        s,
        z,
        z * z,
        [
            0.1283791670955125863162749055845779366791248321533203125,
            -0.37612638903183925886963834273046813905239105224609375,
            0.11283791670962316222581733882179833017289638519287109375,
            -2.6866170646515093178852140454182517714798450469970703125e-2,
            5.223977640359649295132005164532529306598007678985595703125e-3,
            -8.54832801748463115033838111145314542227424681186676025390625e-4,
            1.2055376243512192315811282217197231148020364344120025634765625e-4,
            -1.492691521954900060720726473473263240521191619336605072021484e-5,
            1.648713883270938577413713445329879192513544694520533084869385e-6,
            -1.669608838026222234072250836037221155550014373147860169410706e-7,
            1.758644872789345855832231571309193229879497266665566712617874e-8,
            -2.570519571535861272875040189314806149400993717790697701275349e-9,
            3.68444113253848300220179495391534425785540207698431913740933e-10,
        ],
    )
}

/// `erfc(a) = q 2^k` for `a` from 3/4 to 27.3: `q` and the whole `k`.
#[inline(always)]
fn tail_f64<S: Shape>(s: S, a: S::F64) -> (S::F64, S::F64) {
    let (square, square_low) = two_prod(a, a);
    let (e, e_low, k) = exp_sum(s, -square, -square_low);
    let two: S::F64 = s.lit(2.0);
    let d = a + two;
    let d_low = a - (d - two);
    let u = s.lit::<S::F64>(1.0) / d;
    let t = u - s.lit(0.2);
    let t_low = u - (t + s.lit(0.2));
    let tt = t * t;
    let h = quarters(
        s,
        t,
        tt,
        [
            4.04847876330561806668129065656103193759918212890625,
            3.239868270263933869301808954332955181598663330078125,
            -3.45148885053913989651164229144342243671417236328125,
            -9.427814514458201955449112574569880962371826171875,
            5.12331269247516640774620100273750722408294677734375,
            27.840405775601293925092249992303550243377685546875,
            -20.955604661011108191814855672419071197509765625,
            -89.7933963236576602184868534095585346221923828125,
            134.306813505636228001094423234462738037109375,
            255.963643760176097430303343571722507476806640625,
            -830.3986544640802094363607466220855712890625,
            -196.43925155946436689191614277660846710205078125,
            4210.8401667924163120915181934833526611328125,
            -5201.1737264268058424931950867176055908203125,
            -14170.310738597225281409919261932373046875,
            52076.703852486811229027807712554931640625,
            6671.2789712369185508578084409236907958984375,
            -2.8743821758055943064391613006591796875e5,
            1.511810636469518649391829967498779296875e5,
            8.27788122450392809696495532989501953125e5,
        ],
    );
    // u is off by a share of left, and t by a rounding, which Q feels: by its slope, roughly.
    let left = (-u).fma(d_low, (-u).fma(d, s.lit(1.0)));
    let slope = t.fma(s.lit(8.1), s.lit(2.32));
    let (p1, p1_low) = two_prod(t, s.lit(2.321503721361860783645170158706605434417724609375));
    let (p, p_low) = fast_two_sum(s.lit(0.89500575590694975147698642103932797908782958984375), p1);
    let p_low = tt.fma(h, u.fma(left, t_low).fma(slope, p1_low)) + p_low;
    let (p, p_low) = fast_two_sum(p, p_low);
    let (n, n_low) = two_prod(e, p);
    let n_low = e.fma(p_low, p.fma(e_low, n_low));
    let (q, q_low) = two_prod(n, u);
    let q_low = n_low.fma(u, q_low);
    (q + q.fma(left, q_low), k)
}

/// The error function.
#[inline(always)]
pub fn erf_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let a = x.abs();
    let near = x.fma(near_f64(s, a * a), x);
    let top: S::F64 = s.lit(6.1);
    let (q, k) = tail_f64(s, choose(a.gt(top), top, a));
    let far = (-q).fma(exp2i_f64(s, k), s.lit(1.0));
    choose(a.lt(s.lit(0.82)), near, far.copysign(x))
}

/// The complement of the error function.
#[inline(always)]
pub fn erfc_f64<S: Shape>(s: S, x: S::F64) -> S::F64 {
    let a = x.abs();
    let (high, low) = fast_two_sum(s.lit(1.0), -x);
    let near = high + (-x).fma(near_f64(s, a * a), low);
    let (q, k) = tail_f64(s, a);
    let mut tail = q * exp2i_f64(s, k);
    let far = !a.lt(s.lit(26.0));
    if s.enter_slow(far) {
        // Where 2^k is subnormal, or nothing is left; NaN stays.
        let scaled = scale_f64(s, q, k);
        let scaled = choose(a.gt(s.lit(27.3)), s.lit(0.0), scaled);
        tail = s.leave_slow(far, scaled, tail);
    }
    let tail = choose(x.lt(s.lit(0.0)), s.lit::<S::F64>(2.0) - tail, tail);
    choose(a.lt(s.lit(0.75)), near, tail)
}

/// The error function.
#[inline(always)]
pub fn erf_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    let a = x.abs();
    let z = a * a;
    let near = horner(
        s,
        z,
        [
            0.128379166126251220703125,
            -0.37612628936767578125,
            0.112836182117462158203125,
            -2.68551222980022430419921875e-2,
            5.1907165907323360443115234375e-3,
            -8.03050934337079524993896484375e-4,
            7.91918791946955025196075439453125e-5,
        ],
    );
    let near = x.fma(near, x);
    // 2^R = 2^k 2^f, f from -1/2 to 1/2.
    let top: S::F32 = s.lit(4.0);
    let y = choose(a.gt(top), top, a);
    let log = horner(
        s,
        y - s.lit(1.0),
        [
            -2.6684167385101318359375,
            -3.807224273681640625,
            -1.21635091304779052734375,
            -5.99622987210750579833984375e-2,
            1.4516436494886875152587890625e-2,
            -2.94847716577351093292236328125e-3,
            4.562733811326324939727783203125e-4,
            -4.641933264792896807193756103515625e-5,
            2.270334107379312627017498016357421875e-6,
        ],
    );
    let shifted = log + s.lit(SHIFT_F32);
    let f = log - (shifted - s.lit(SHIFT_F32));
    let power = f.fma(
        horner(
            s,
            f,
            [
                0.693147182464599609375,
                0.24022649228572845458984375,
                5.55036626756191253662109375e-2,
                9.6183232963085174560546875e-3,
                1.338789355941116809844970703125e-3,
                1.537671196274459362030029296875e-4,
            ],
        ),
        s.lit(1.0),
    );
    let far = (-power).fma(shifted_exp2i_f32(s, shifted), s.lit(1.0));
    choose(a.lt(s.lit(0.98)), near, far.copysign(x))
}

/// The complement of the error function.
#[inline(always)]
pub fn erfc_f32<S: Shape>(s: S, x: S::F32) -> S::F32 {
    const LN2: f64 = core::f64::consts::LN_2;
    let x = x.to_f64();
    let a = x.abs();
    let top: S::F64 = s.lit(12.0);
    let a = choose(a.gt(top), top, a);
    let u = s.lit::<S::F64>(1.0) / (a + s.lit(2.0));
    let t = u - s.lit(0.25);
    let p = halves(
        s,
        t,
        t * t,
        [
            1.021582705457981798957689534290693700313568115234375,
            2.748642753141026684460257456521503627300262451171875,
            4.4715531030114572530465011368505656719207763671875,
            2.33229302828818418902301345951855182647705078125,
            -5.5066094569899473043506077374331653118133544921875,
            -6.633058793583199275190054322592914104461669921875,
            12.6435129625538191788791664293967187404632568359375,
            13.6170879035660572498045439715497195720672607421875,
            -42.4546573791441659295742283575236797332763671875,
            -6.99505686733327269877236176398582756519317626953125,
            120.554862779743388045972096733748912811279296875,
            -118.0559000344309623642402584664523601531982421875,
        ],
    );
    let square = a * a;
    let shifted = square.fma(s.lit(-core::f64::consts::LOG2_E), s.lit(SHIFT_F64));
    let r = (shifted - s.lit(SHIFT_F64)).fma(s.lit(-LN2), -square);
    let e = r.fma(
        halves(
            s,
            r,
            r * r,
            [
                1.00000000003150457672518314211629331111907958984375,
                0.5000000046996710967306398742948658764362335205078125,
                0.1666666624653966033431373716666712425649166107177734375,
                4.166635291252607231626825523562729358673095703125e-2,
                8.33340324074162593082082395312681910581886768341064453125e-3,
                1.39411332010402400950754842057222049334086477756500244140625e-3,
                1.984125158179875767806843445129061365150846540927886962890625e-4,
            ],
        ),
        s.lit(1.0),
    );
    let tail = (p * u) * (e * shifted_exp2i_f64(s, shifted));
    choose(x.lt(s.lit(0.0)), s.lit::<S::F64>(2.0) - tail, tail).to_f32()
}
