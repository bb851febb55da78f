//! Runs a function over many arguments and keeps the worst error.

use std::sync::atomic::{AtomicU64, Ordering};

use lanefn::{
    Untyped,
    kernels::{
        lanes::Dtype,
        level::Level,
        loops::{Input, Loop},
    },
};

use crate::{
    oracle::{Binary, Unary},
    points::Points,
    ulp::{self, Format, Real},
};

/// What a sweep found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Worst {
    /// Arguments tried.
    pub points: u64,
    /// Results that are not the nearest number.
    pub not_nearest: u64,
    /// The largest error in ULP; 0.5 stands for "always the nearest number".
    pub error: f64,
    /// Its arguments.
    pub at: [f64; 2],
    /// What came out there.
    pub got: f64,
}

impl Worst {
    /// The worst of both.
    pub fn join(self, other: Worst) -> Worst {
        let worse = if other.error > self.error { other } else { self };
        Worst {
            points: self.points + other.points,
            not_nearest: self.not_nearest + other.not_nearest,
            ..worse
        }
    }

    fn add(&mut self, at: [f64; 2], got: f64, error: f64) {
        self.points += 1;
        if error > 0.5 {
            self.not_nearest += 1;
        }
        if error > self.error || self.points == 1 {
            (self.error, self.at, self.got) = (error, at, got);
        }
    }
}

/// Both oracles of a function, by its number of arguments.
#[derive(Clone, Copy)]
pub enum Oracle {
    /// Of one argument.
    Unary(Unary),
    /// Of two.
    Binary(Binary),
}

impl Oracle {
    /// The oracle for the function of this name.
    pub fn find(name: &str) -> Option<Oracle> {
        Unary::find(name).map(Oracle::Unary).or_else(|| Binary::find(name).map(Oracle::Binary))
    }

    /// The error of a finite f64 result by [`Unary::near`], where that settles the matter: below a half, or
    /// above it and below `known`.
    fn roughly(&self, at: [f64; 2], got: f64, known: f64) -> Option<f64> {
        const UNSURE: f64 = 0.01;
        let near = match self {
            Oracle::Unary(o) => (o.near?)(at[0]),
            Oracle::Binary(o) => (o.near?)(at[0], at[1]),
        };
        if near.hi.is_nan() || !got.is_finite() {
            return None;
        }
        let error = self.distance(at, got, near, ulp::F64);
        (error < 0.5 - UNSURE || (error > 0.5 + UNSURE && error < known - UNSURE)).then_some(error)
    }

    /// How far `got` is from the truth, in the unit that counts for this function.
    pub fn distance(&self, at: [f64; 2], got: f64, truth: Real, format: Format) -> f64 {
        let least = match self {
            Oracle::Unary(o) => o.least(at[0]),
            Oracle::Binary(o) => o.least(at[0], at[1]),
        };
        match least {
            Some(least) => ulp::error_from(got, truth, format, least),
            None => ulp::error(got, truth, format),
        }
    }

    fn nearest(&self, at: [f64; 2]) -> Option<f64> {
        match self {
            Oracle::Unary(o) => o.nearest.map(|f| f(at[0])),
            Oracle::Binary(o) => o.nearest.map(|f| f(at[0], at[1])),
        }
    }

    fn close(&self, at: [f64; 2]) -> Option<f64> {
        match self {
            Oracle::Unary(o) => o.close.map(|f| f(at[0])),
            Oracle::Binary(o) => o.close.map(|f| f(at[0], at[1])),
        }
    }

    /// The true value to more than 100 bits.
    pub fn real(&self, at: [f64; 2]) -> Real {
        match self {
            Oracle::Unary(o) => (o.real)(at[0]),
            Oracle::Binary(o) => (o.real)(at[0], at[1]),
        }
    }

    /// Whether `got` is known to be the nearest f32: most of a long sweep ends here.
    #[inline]
    fn is_nearest_f32(&self, at: [f64; 2], got: f64) -> bool {
        let nearest = match self {
            Oracle::Unary(Unary { nearest_f32: Some(f), .. }) => f(at[0] as f32),
            // Too small or too large for an f64 is so for an f32.
            Oracle::Unary(Unary { close: Some(f), .. }) => f(at[0]) as f32,
            Oracle::Binary(Binary { nearest: Some(f), .. }) => f(at[0], at[1]) as f32,
            _ => return false,
        };
        same(got, f64::from(nearest))
    }

    /// The error of `got`, in ULP of the dtype. One below `known` may be 1/100 off.
    #[inline]
    pub fn error(&self, dtype: Dtype, at: [f64; 2], got: f64, known: f64) -> f64 {
        match dtype {
            Dtype::F64 => self.error_f64(at, got, known),
            _ if self.is_nearest_f32(at, got) => 0.5,
            _ => self.error_f32(at, got),
        }
    }

    fn error_f64(&self, at: [f64; 2], got: f64, known: f64) -> f64 {
        let error = || self.distance(at, got, self.real(at), ulp::F64);
        match self.nearest(at) {
            Some(t) if same(got, t) => 0.5,
            Some(_) => error(),
            None => self.roughly(at, got, known).unwrap_or_else(error),
        }
    }

    fn error_f32(&self, at: [f64; 2], got: f64) -> f64 {
        // Where an f64 is too small to tell, or is rounded away: ask for all of it.
        let real = match self.close(at).or_else(|| self.nearest(at)) {
            Some(t) if t.is_normal() || t.is_nan() => Real::from(t),
            _ => self.real(at),
        };
        self.distance(at, got, real, ulp::F32)
    }
}

/// Equal to the bit, or both NaN.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// Runs a function of f64 or f32 on many arguments, at a level.
pub fn evaluate(of: &Loop, level: Level, inputs: [&[f64]; 2], outputs: &mut [f64]) {
    let n = outputs.len();
    let inner = of.inner(level);
    assert!(level.is_present() && of.inputs.len() <= 2 && of.outputs.len() == 1);
    assert!(of.inputs.iter().chain(of.outputs).all(|d| *d == of.inputs[0]));
    let inputs = &inputs[..of.inputs.len()];
    assert!(inputs.iter().all(|i| i.len() == n));
    let operand = |at: *const u8| Input { at, scalar: false };
    match of.inputs[0] {
        Dtype::F64 => {
            let inputs: Vec<_> = inputs.iter().map(|i| operand(i.as_ptr().cast())).collect();
            // SAFETY: the level is present; each operand has n elements of the loop's dtype, the
            // output is a slice of its own.
            unsafe { inner(&inputs, &[outputs.as_mut_ptr().cast()], n) };
        }
        Dtype::F32 => {
            let single: Vec<Vec<f32>> =
                inputs.iter().map(|i| i.iter().map(|x| *x as f32).collect()).collect();
            let mut out = vec![0f32; n];
            let inputs: Vec<_> = single.iter().map(|i| operand(i.as_ptr().cast())).collect();
            // SAFETY: as above.
            unsafe { inner(&inputs, &[out.as_mut_ptr().cast()], n) };
            for (to, from) in outputs.iter_mut().zip(out) {
                *to = f64::from(from);
            }
        }
        other => panic!("no sweep for {}", other.name()),
    }
}

/// The least time of many runs over these arguments, in ns an element.
pub fn time(of: &Loop, level: Level, inputs: [&[f64]; 2]) -> f64 {
    assert!(level.is_present());
    let n = inputs[0].len();
    // Twice the room for any dtype: what is timed is the loop alone.
    let single = inputs.map(|i| i.iter().map(|x| *x as f32).collect::<Vec<_>>());
    let mut out = vec![[0u64; 4]; n];
    let operands: Vec<_> = (0..of.inputs.len())
        .map(|i| Input {
            at: if of.inputs[0] == Dtype::F64 {
                inputs[i].as_ptr().cast()
            } else {
                single[i].as_ptr().cast()
            },
            scalar: false,
        })
        .collect();
    let outputs: Vec<*mut u8> = (0..of.outputs.len())
        .map(|o| out.as_mut_ptr().cast::<u8>().wrapping_add(o * n * 8))
        .collect();
    let mut least = f64::INFINITY;
    for _ in 0..300 {
        let start = std::time::Instant::now();
        // SAFETY: the level is present; the inputs have n elements of the loop's dtype, f64 or f32, and
        // each of at most four outputs has room for n elements of 8 bytes.
        unsafe { of.inner(level)(&operands, &outputs, n) };
        least = least.min(start.elapsed().as_secs_f64());
    }
    least * 1e9 / n as f64
}

const BLOCK: usize = 4096;

/// The worst error over blocks of arguments, which `fill` makes from a block's number.
fn blocks(
    of: &Loop,
    oracle: Oracle,
    level: Level,
    count: u64,
    threads: usize,
    fill: impl Fn(u64, &mut [f64], &mut [f64]) + Sync,
) -> Worst {
    let next = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut worst = Worst::default();
                    let (mut x, mut y) = (vec![0.0; BLOCK], vec![0.0; BLOCK]);
                    let mut out = vec![0.0; BLOCK];
                    loop {
                        let block = next.fetch_add(1, Ordering::Relaxed);
                        if block >= count {
                            return worst;
                        }
                        fill(block, &mut x, &mut y);
                        evaluate(of, level, [&x, &y], &mut out);
                        for i in 0..BLOCK {
                            let at = [x[i], y[i]];
                            worst.add(
                                at,
                                out[i],
                                oracle.error(of.inputs[0], at, out[i], worst.error),
                            );
                        }
                    }
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|w| w.join().expect("a worker ends"))
            .fold(Worst::default(), Worst::join)
    })
}

/// The worst error over a number of chosen arguments.
pub fn sample(
    of: &Loop,
    oracle: Oracle,
    level: Level,
    points: u64,
    threads: usize,
    seed: u64,
) -> Worst {
    let single = of.inputs[0] == Dtype::F32;
    let count = points.div_ceil(BLOCK as u64);
    blocks(of, oracle, level, count, threads, |block, x, y| {
        let mut points = Points::new(seed.wrapping_mul(1 << 40).wrapping_add(block));
        for i in 0..x.len() {
            if matches!(oracle, Oracle::Unary(_)) {
                x[i] = points.next(single);
            } else {
                (x[i], y[i]) = points.pair(single);
            }
        }
    })
}

/// The worst error over these arguments.
pub fn at(of: &Loop, oracle: Oracle, level: Level, points: &[[f64; 2]]) -> Worst {
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().map(|[x, y]| (*x, *y)).unzip();
    let mut out = vec![0.0; points.len()];
    evaluate(of, level, [&x, &y], &mut out);
    let mut worst = Worst::default();
    for (at, got) in points.iter().zip(out) {
        worst.add(*at, got, oracle.error(of.inputs[0], *at, got, 0.0));
    }
    worst
}

/// The worst error over every f32 there is.
pub fn every_f32(of: &Loop, oracle: Oracle, level: Level, threads: usize) -> Worst {
    let count = (1u64 << 32) / BLOCK as u64;
    blocks(of, oracle, level, count, threads, |block, x, _| {
        for (i, x) in x.iter_mut().enumerate() {
            *x = f64::from(f32::from_bits((block * BLOCK as u64 + i as u64) as u32));
        }
    })
}

/// The functions with a bound that have an oracle, with the loop for a dtype.
pub fn functions(
    dtype: Dtype,
) -> impl Iterator<Item = (&'static Untyped<'static>, &'static Loop, Oracle)> {
    lanefn::catalogue().iter().filter_map(move |f| {
        let of = f.loops.iter().copied().find(|l| l.inputs[0] == dtype && l.bound.is_some())?;
        Some((f, of, Oracle::find(f.name)?))
    })
}
