//! Where to look: arguments at which elementary functions go wrong.

/// A stream of arguments, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Points {
    state: u64,
}

impl Points {
    /// The stream of this number.
    pub fn new(seed: u64) -> Points {
        Points { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d }
    }

    /// 64 random bits (splitmix64, by Steele, Lea and Flood).
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in [0, 1).
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * 2f64.powi(-53)
    }

    /// Uniform in the range.
    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// A whole number below `n`.
    fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// A few steps of the last place away. `single` steps as f32 does.
    fn nudge(&mut self, x: f64, single: bool) -> f64 {
        let by = self.below(17) as i64 - 8;
        if single {
            let bits = (x as f32).to_bits() as i32;
            f64::from(f32::from_bits(bits.wrapping_add(by as i32) as u32))
        } else {
            f64::from_bits((x.to_bits() as i64).wrapping_add(by) as u64)
        }
    }

    /// The next argument; `single` if it is for f32, to which it is then rounded.
    pub fn next(&mut self, single: bool) -> f64 {
        let sign = if self.bits() & 1 == 0 { 1.0 } else { -1.0 };
        let x = match self.below(16) {
            // Any bits: every exponent alike.
            0..=2 => {
                if single {
                    f64::from(f32::from_bits(self.bits() as u32))
                } else {
                    f64::from_bits(self.bits())
                }
            }
            // Where most functions do most of their work.
            3 => self.between(-1.0, 1.0),
            4 => self.between(-4.0, 4.0),
            5 => self.between(-40.0, 40.0),
            6 => self.between(-750.0, 750.0),
            7 => {
                let k = self.between(-64.0, 16.0);
                sign * k.exp2()
            }
            // Near multiples of pi / 4, small and large.
            8 | 9 => {
                let bits = self.below(if single { 24 } else { 40 }) as u32;
                let n = self.below(1 << (bits + 1)) as f64;
                let x = n * core::f64::consts::FRAC_PI_4;
                sign * self.nudge(x, single)
            }
            // Near halves.
            10 => {
                let bits = self.below(if single { 12 } else { 20 }) as u32;
                let n = self.below(1 << (bits + 1)) as f64;
                sign * self.nudge(n * 0.5, single)
            }
            // Near powers of two.
            11 => {
                let k = if single {
                    self.below(277) as i32 - 149
                } else {
                    self.below(2098) as i32 - 1074
                };
                sign * self.nudge(f64::exp2(f64::from(k)), single)
            }
            // Near 1.
            12 | 13 => {
                let k = self.between(-if single { 24.0 } else { 53.0 }, -0.5);
                sign * (1.0 + sign * k.exp2())
            }
            // Where results overflow, underflow, or stop to change.
            _ => {
                const EDGES: [f64; 22] = [
                    709.782712893384,
                    710.4758600739439,
                    745.1332191019412,
                    708.3964185322641,
                    1024.0,
                    1022.0,
                    1074.0,
                    1075.0,
                    308.2547155599167,
                    307.6526555685888,
                    323.3062153431158,
                    88.72283905206835,
                    87.3365447505531,
                    103.9720770839918,
                    89.41598629223294,
                    128.0,
                    149.0,
                    38.53183944498959,
                    45.15449934959718,
                    171.6243769563027,
                    36.7368005696771,
                    26.64174755704633,
                ];
                let edge = EDGES[self.below(EDGES.len() as u64) as usize];
                let k = self.between(-50.0, 1.0);
                let by = self.between(-1.0, 1.0) * k.exp2();
                sign * (edge + by)
            }
        };
        if single { f64::from(x as f32) } else { x }
    }

    /// The next pair of arguments.
    pub fn pair(&mut self, single: bool) -> (f64, f64) {
        let (x, y) = (self.next(single), self.next(single));
        let round = |v: f64| if single { f64::from(v as f32) } else { v };
        match self.below(8) {
            // Nearly the same size, for what cancels or compares.
            0 => (x, round(self.nudge(x, single))),
            1 => {
                let k = self.between(-60.0, 1.0);
                (x, round(x * (1.0 + k.exp2())))
            }
            2 => {
                let k = self.between(-60.0, 60.0);
                (x, round(x * k.exp2()))
            }
            // A moderate result for a power: x near 1 and y large, or the other way about.
            3 | 4 => {
                let k = self.between(-60.0, 9.0);
                let x = round(k.exp2().exp2());
                let size = self.between(-30.0, 10.6);
                (x, round(size.exp2() / x.log2()))
            }
            5 => {
                let whole = self.below(64) as f64 - 32.0;
                (x, whole)
            }
            // Logarithms whose exponentials' sum is nearly 1, to base e and 2.
            6 => {
                let k = self.between(-50.0, -0.53);
                let (x, off) =
                    (-k.exp2(), 1.0 + 1f64.copysign(x) * self.between(-40.0, 0.0).exp2());
                if y > 0.0 {
                    let x = round(x);
                    (x, round((-x.exp_m1()).ln() * off))
                } else {
                    let x = round(x / core::f64::consts::LN_2);
                    let rest = -(x * core::f64::consts::LN_2).exp_m1();
                    (x, round(rest.log2() * off))
                }
            }
            _ => (x, y),
        }
    }
}
