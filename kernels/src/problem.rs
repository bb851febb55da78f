//! The problem functions: what every layer of `lanefn` is tried on.
//!
//! Each is an ordinary function of one element, and stays one: `problem(3.0)` is 4. Beside it stands
//! the type of the same name, which carries the kernels. A NaN goes where the plain function sends it:
//! no comparison with it holds.

use crate::math::{asin, atan2, cos, erfc, exp, log, pow, sin};
use crate::ufunc;

/// `arg + 1` above 2, else `arg - 1`: one comparison, one choice, no branch.
///
/// Any number; integers wrap. NaN gives NaN, the infinities themselves.
#[ufunc(crate = lanefn_kernels, f64, f32, i8, i16, i32, i64, u8, u16, u32, u64)]
pub fn problem<T: Number>(arg: T) -> T {
    if arg > 2 { arg + 1 } else { arg - 1 }
}

/// The power of a 2 MW wind turbine in kW, from the wind speed at its hub in m/s.
///
/// | wind speed | power |
/// |---|---|
/// | below 3.5 (cut-in) | 0 |
/// | 3.5 to 13 (rated) | a cubic, as the energy of wind is: from 0 to 2000 |
/// | 13 to 25 | 2000 |
/// | 25 to 30 (storm) | falls in a straight line from 2000 to 1000 |
/// | from 30 (cut-out) | 0 |
///
/// Any speed; a negative one is calm. NaN gives NaN, which no range takes, infinity 0.
#[ufunc(crate = lanefn_kernels, f64, f32)]
pub fn wind_power<T: Real>(speed: T) -> T {
    const CUT_IN: T = 3.5;
    const RATED: T = 13.0;
    const STORM: T = 25.0;
    const CUT_OUT: T = 30.0;
    const POWER: T = 2000.0;
    const CUT_IN_CUBED: T = CUT_IN * CUT_IN * CUT_IN;
    const SLOPE: T = POWER / (RATED * RATED * RATED - CUT_IN_CUBED);
    if speed < CUT_IN {
        0.0
    } else if speed < RATED {
        SLOPE * (speed * speed * speed - CUT_IN_CUBED)
    } else if speed < STORM {
        POWER
    } else if speed < CUT_OUT {
        POWER - (speed - STORM) * (POWER * 0.1)
    } else if speed >= CUT_OUT {
        0.0
    } else {
        speed
    }
}

/// Ten pieces, chosen by nested conditions: what a vector unit must make of deep branching.
///
/// Any number: polynomials, roots and quotients meet at the borders without joining. NaN takes every
/// `else` and gives NaN; the infinities give 2.25 and -infinity.
#[ufunc(crate = lanefn_kernels, f64, f32)]
pub fn ten_branches<T: Real>(x: T) -> T {
    if x < 0.0 {
        if x < -10.0 {
            if x < -100.0 { x * 0.5 } else { x + 50.0 }
        } else if x < -1.0 {
            if x < -5.0 { x * x } else { 1.0 / x }
        } else {
            -(-x).sqrt()
        }
    } else if x < 10.0 {
        if x < 1.0 {
            if x < 0.5 { x * x * x } else { 1.0 - x }
        } else {
            x.sqrt() + (x - 3.0) * 0.25
        }
    } else if x < 100.0 {
        x.floor()
    } else {
        2.25 - 1.0 / x
    }
}

/// A leaky rectifier, as in neural networks: `x` above 0, a hundredth of it below.
///
/// Any number. NaN gives NaN; -0 gives -0.
#[ufunc(crate = lanefn_kernels, f64, f32)]
pub fn leaky_relu<T: Real>(x: T) -> T {
    if x > 0.0 { x } else { x * 0.01 }
}

/// Turns until `z * z + c` leaves the circle of radius 2, at most 256: the Mandelbrot set is 256.
///
/// `re` and `im` are the parts of `c`; the same steps as written, so the same count to the last turn.
/// A NaN part is never outside (no comparison holds), and gives 256; an infinite one gives 1.
#[ufunc(crate = lanefn_kernels, f64, f32)]
pub fn mandelbrot<T: Real>(re: T, im: T) -> u32 {
    let mut x = 0.0;
    let mut y = 0.0;
    let mut count: u32 = 0;
    while count < 256 {
        let (xx, yy) = (x * x, y * y);
        if xx + yy > 4.0 {
            break;
        }
        y = 2.0 * x * y + im;
        x = xx - yy + re;
        count += 1;
    }
    count
}

/// The lower bounds of the Beaufort forces 1 to 12, in m/s (World Meteorological Organization).
pub const BEAUFORT: [f64; 12] = [0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7];

/// The middle height of the sea's waves in metres that belongs to each Beaufort force, 0 to 12.
pub const WAVES: [f64; 13] = [0.0, 0.1, 0.2, 0.6, 1.0, 2.0, 3.0, 4.0, 5.5, 7.0, 9.0, 11.5, 14.0];

/// The probable wave height at sea in metres, from the wind speed in m/s: looked up by the wind's
/// Beaufort force.
///
/// Any speed; a negative one is calm, and so is NaN, which is above no bound.
#[ufunc(crate = lanefn_kernels, f64, f32)]
pub fn beaufort<T: Real>(speed: T) -> T {
    let mut force = 0;
    for bound in BEAUFORT {
        if speed >= bound as T {
            force += 1;
        }
    }
    WAVES[force] as T
}

/// The Gaussian bump `exp(-x * x) * x`.
///
/// Any number. NaN gives NaN; so do the infinities, by 0 times infinity.
#[ufunc(crate = lanefn_kernels, f64, f32)]
pub fn gaussian_bump<T: Real>(x: T) -> T {
    exp(-x * x) * x
}

/// sRGB to linear light: a straight line near black, a power above it (IEC 61966-2-1).
///
/// Values from 0 to 1; beyond 1 the power goes on, and below 0 the line. NaN gives NaN.
#[ufunc(crate = lanefn_kernels, f64, f32)]
pub fn srgb_to_linear<T: Real>(x: T) -> T {
    if x <= 0.04045 { x / 12.92 } else { pow((x + 0.055) / 1.055, 2.4) }
}

/// Linear light to sRGB: what `srgb_to_linear` came from.
///
/// Values from 0 to 1; beyond 1 the power goes on, and below 0 the line. NaN gives NaN.
#[ufunc(crate = lanefn_kernels, f64, f32)]
pub fn linear_to_srgb<T: Real>(x: T) -> T {
    if x <= 0.0031308 { x * 12.92 } else { 1.055 * pow(x, 1.0 / 2.4) - 0.055 }
}

/// The distance of two places on the Earth in km, along a great circle (haversine formula).
///
/// Latitudes and longitudes in degrees, on a sphere of the Earth's mean radius, 6371.0088 km. NaN gives
/// NaN, and so do the infinities.
#[ufunc(crate = lanefn_kernels, f64, f32)]
pub fn haversine<T: Real>(latitude1: T, longitude1: T, latitude2: T, longitude2: T) -> T {
    const RADIANS: T = 0.017453292519943295;
    const DIAMETER: T = 2.0 * 6371.0088;
    let north = sin((latitude2 - latitude1) * (0.5 * RADIANS));
    let east = sin((longitude2 - longitude1) * (0.5 * RADIANS));
    let along = cos(latitude1 * RADIANS) * cos(latitude2 * RADIANS);
    let h = north * north + along * (east * east);
    // Rounding can lead a little beyond 1 where the places are opposite; NaN stays.
    let h = if h > 1.0 { 1.0 } else { h };
    DIAMETER * asin(h.sqrt())
}

/// The direction in degrees that the wind comes from: 0 is north, 90 east.
///
/// `u` is its speed eastward, `v` northward. From 0 to below 360; calm air (two zeros) gives 0. NaN gives
/// NaN.
#[ufunc(crate = lanefn_kernels, f64, f32)]
pub fn wind_direction<T: Real>(u: T, v: T) -> T {
    const DEGREES: T = 57.29577951308232;
    if u == 0.0 && v == 0.0 {
        return 0.0;
    }
    let towards = atan2(-u, -v) * DEGREES;
    let from = if towards < 0.0 { towards + 360.0 } else { towards };
    // A small negative angle rounds to the whole turn, and -0 is north too.
    if from >= 360.0 || from == 0.0 { 0.0 } else { from }
}

/// The Gaussian error linear unit of neural networks, `x` times the normal distribution up to `x`.
///
/// Any number; by erfc, so that large negative arguments keep their digits. NaN gives NaN, -infinity
/// NaN (infinity times 0).
#[ufunc(crate = lanefn_kernels, f64, f32)]
pub fn gelu<T: Real>(x: T) -> T {
    const ROOT_HALF: T = 0.7071067811865476;
    0.5 * x * erfc(-x * ROOT_HALF)
}

/// The normal distribution up to `x`.
#[ufunc(crate = lanefn_kernels, f64, f32)]
fn normal<T: Real>(x: T) -> T {
    const ROOT_HALF: T = 0.7071067811865476;
    0.5 * erfc(-x * ROOT_HALF)
}

/// The prices of a European call and put, by Black and Scholes.
///
/// The price of the underlying, the strike, the riskless rate and the volatility a year, the time in
/// years; all but the rate positive. NaN gives NaN.
#[ufunc(crate = lanefn_kernels, f64, f32)]
pub fn black_scholes<T: Real>(spot: T, strike: T, rate: T, volatility: T, time: T) -> (T, T) {
    let spread = volatility * time.sqrt();
    let d1 = (log(spot / strike) + (rate + 0.5 * (volatility * volatility)) * time) / spread;
    let d2 = d1 - spread;
    let discounted = strike * exp(-rate * time);
    let call = spot * normal(d1) - discounted * normal(d2);
    let put = discounted * normal(-d2) - spot * normal(-d1);
    (call, put)
}
