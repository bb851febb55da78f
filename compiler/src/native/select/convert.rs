//! From one dtype to another.

use super::*;
use crate::native::helpers::cast_helper;

/// 2^52 as a double: added to a whole number below it, it leaves that in the lowest bits.
const WHOLE: u64 = 0x4330_0000_0000_0000;
/// 2^52 + 2^51: as `WHOLE`, for numbers of either sign.
const SIGNED_WHOLE: f64 = 6755399441055744.0;
const TWO_32: f64 = 4294967296.0;

impl Select<'_> {
    /// The upper 16 bytes of 32.
    pub(super) fn upper(&mut self, a: Name) -> Name {
        self.emit(Vextracti128, 1, 1, [a, NONE, NONE])
    }

    /// Integers with more bytes.
    pub(super) fn extend(&mut self, a: Name, from: u8, to: u8, signed: bool) -> Name {
        let i = match (from, to, signed) {
            (0, 1, true) => Vpmovsxbw,
            (0, 2, true) => Vpmovsxbd,
            (0, _, true) => Vpmovsxbq,
            (1, 2, true) => Vpmovsxwd,
            (1, _, true) => Vpmovsxwq,
            (_, _, true) => Vpmovsxdq,
            (0, 1, false) => Vpmovzxbw,
            (0, 2, false) => Vpmovzxbd,
            (0, _, false) => Vpmovzxbq,
            (1, 2, false) => Vpmovzxwd,
            (1, _, false) => Vpmovzxwq,
            (_, _, false) => Vpmovzxdq,
        };
        self.one(to, i, a)
    }

    /// The lowest bytes of integers.
    pub(super) fn truncate(&mut self, a: Name, from: u8, to: u8) -> Name {
        if self.has_masks() {
            let i = match (from, to) {
                (1, _) => Vpmovwb,
                (2, 0) => Vpmovdb,
                (2, _) => Vpmovdw,
                (_, 0) => Vpmovqb,
                (_, 1) => Vpmovqw,
                _ => Vpmovqd,
            };
            return self.one(from, i, a);
        }
        if (from, to) == (3, 2) {
            let high = self.upper(a);
            return self.two_with(2, Vshufps, a, high, 0x88);
        }
        // In each half, what is kept goes to the lowest bytes.
        let mut order = [0x80_u8; 16];
        let kept = (0..16_u8).filter(|byte| byte % (1 << from) < 1 << to);
        for (to, byte) in order.iter_mut().zip(kept) {
            *to = byte;
        }
        let half = u128::from_le_bytes(order);
        let (low, high) = (half as u64, (half >> 64) as u64);
        let order = self.program.halves([low, high]);
        let a = self.two(from, Vpshufb, a, order);
        if self.length(from) == 0 {
            return a;
        }
        let high = self.upper(a);
        match from - to {
            1 => self.two(to, Vpunpcklqdq, a, high),
            2 => self.two(to, Vpunpckldq, a, high),
            _ => self.two(to, Vpunpcklwd, a, high),
        }
    }

    fn f64(&mut self, value: f64) -> Name {
        self.constant(3, value.to_bits())
    }

    fn f32(&mut self, value: f32) -> Name {
        self.constant(2, value.to_bits().into())
    }

    /// [`Element::cast`](lanefn_kernels::lanes::Element::cast), from and to numbers.
    pub(super) fn cast(
        &mut self,
        id: Id,
        a: Name,
        from: Dtype,
        to: Dtype,
    ) -> Result<Name, Unsupported> {
        use Dtype::*;
        let signed = matches!(from, I8 | I16 | I32 | I64);
        let (f, t) = (width(from), width(to));
        Ok(match (from, to) {
            (F64, F64) | (F32, F32) => a,
            (F32, F64) => self.one(3, Vcvtps2pd, a),
            (F64, F32) => self.one(3, Vcvtpd2ps, a),
            (F64, _) => self.whole_of_f64(a, to),
            (F32, I64 | U64) => {
                let a = self.one(3, Vcvtps2pd, a);
                self.whole_of_f64(a, to)
            }
            (F32, _) => self.whole_of_f32(a, to),
            (I8 | I16 | U8 | U16 | I32, F64 | F32) => {
                let a = if f < 2 { self.extend(a, f, 2, signed) } else { a };
                self.one(t, if t == 3 { Vcvtdq2pd } else { Vcvtdq2ps }, a)
            }
            (U32, F64) if self.has_masks() => self.one(3, Vcvtudq2pd, a),
            (U32, F32) if self.has_masks() => self.one(2, Vcvtudq2ps, a),
            (I64, F64) if self.has_masks() => self.one(3, Vcvtqq2pd, a),
            (U64, F64) if self.has_masks() => self.one(3, Vcvtuqq2pd, a),
            (I64, F32) if self.has_masks() => self.one(3, Vcvtqq2ps, a),
            (U64, F32) if self.has_masks() => self.one(3, Vcvtuqq2ps, a),
            (U32, F64) => {
                let a = self.extend(a, 2, 3, false);
                let whole = self.constant(3, WHOLE);
                let a = self.two(3, Vorps, a, whole);
                self.two(3, Vsubpd, a, whole)
            }
            (U32, F32) => {
                // Both halves are exact, so their sum is rounded once.
                let mask = self.constant(2, 0xffff);
                let low = self.two(2, Vpand, a, mask);
                let high = self.one_with(2, Vpsrld, a, 16);
                let low = self.one(2, Vcvtdq2ps, low);
                let high = self.one(2, Vcvtdq2ps, high);
                let scale = self.f32(65536.0);
                self.fma(false, high, scale, low)
            }
            (I64 | U64, F64) => {
                // Both halves as the lowest bits of doubles: 2^52 + low, 2^84 (+ 2^63) + high * 2^32.
                let (high_bits, both) = match signed {
                    true => (0x4530_0000_8000_0000, 0x4530_0000_8010_0000),
                    false => (0x4530_0000_0000_0000, 0x4530_0000_0010_0000),
                };
                let whole = self.constant(3, WHOLE);
                let low = self.two_with(3, Vpblendd, whole, a, 0x55);
                let high = self.one_with(3, Vpsrlq, a, 32);
                let high_bits = self.constant(3, high_bits);
                let high = self.two(3, Vpxor, high, high_bits);
                let both = self.constant(3, both);
                let high = self.two(3, Vsubpd, high, both);
                self.two(3, Vaddpd, high, low)
            }
            (I64 | U64, F32) => self.helper(id, cast_helper(from, to), 2, [a, NONE])?,
            _ if t > f => self.extend(a, f, t, signed),
            _ if t < f => self.truncate(a, f, t),
            _ => a,
        })
    }

    /// NaN becomes 0.
    fn number(&mut self, w: u8, a: Name) -> Name {
        const ORDERED: u8 = 7;
        let i = if w == 3 { Vcmppd } else { Vcmpps };
        let number = self.two_with(w, i, a, a, ORDERED);
        self.kept(w, number, a)
    }

    fn whole_of_f64(&mut self, a: Name, to: Dtype) -> Name {
        const TRUNCATE: u8 = 11;
        const FLOOR: u8 = 9;
        const AT_LEAST: u8 = 0x1d;
        match to {
            Dtype::I64 if self.has_masks() => {
                let a = self.number(3, a);
                let limit = self.f64(-(i64::MIN as f64));
                let too_high = self.two_with(3, Vcmppd, a, limit, AT_LEAST);
                // What is too low or too high becomes i64::MIN.
                let a = self.one(3, Vcvttpd2qq, a);
                let highest = self.constant(3, i64::MAX as u64);
                self.blend(3, too_high, highest, a)
            }
            Dtype::U64 | Dtype::U32 if self.has_masks() => {
                let zero = self.zero();
                // Of a NaN and zero the latter. What is too high becomes the highest.
                let a = self.two(3, Vmaxpd, a, zero);
                self.one(3, if to == Dtype::U64 { Vcvttpd2uqq } else { Vcvttpd2udq }, a)
            }
            Dtype::I64 | Dtype::U64 => {
                let signed = to == Dtype::I64;
                let a = if signed { self.number(3, a) } else { a };
                let lowest = self.f64(if signed { i64::MIN as f64 } else { 0.0 });
                // Of a NaN and a number the latter.
                let a = self.two(3, Vmaxpd, a, lowest);
                let a = self.one_with(3, Vroundpd, a, TRUNCATE);
                // a = high * 2^32 + low, both exact.
                let scale = self.f64(1.0 / TWO_32);
                let high = self.two(3, Vmulpd, a, scale);
                let high = self.one_with(3, Vroundpd, high, FLOOR);
                let scale = self.f64(-TWO_32);
                let low = self.fma(true, high, scale, a);
                let whole = self.constant(3, WHOLE);
                let low = self.two(3, Vaddpd, low, whole);
                let high_whole = if signed { self.f64(SIGNED_WHOLE) } else { whole };
                let high = self.two(3, Vaddpd, high, high_whole);
                let high = self.one_with(3, Vpsllq, high, 32);
                let both = self.two_with(3, Vpblendd, low, high, 0xaa);
                let limit = self.f64(if signed { -(i64::MIN as f64) } else { TWO_32 * TWO_32 });
                let too_high = self.two_with(3, Vcmppd, a, limit, AT_LEAST);
                let highest = self.constant(3, if signed { i64::MAX as u64 } else { u64::MAX });
                self.blend(3, too_high, highest, both)
            }
            Dtype::U32 => {
                let zero = self.zero();
                let a = self.two(3, Vmaxpd, a, zero);
                let highest = self.f64(u32::MAX.into());
                let a = self.two(3, Vminpd, a, highest);
                let a = self.one_with(3, Vroundpd, a, TRUNCATE);
                let whole = self.constant(3, WHOLE);
                let a = self.two(3, Vaddpd, a, whole);
                self.truncate(a, 3, 2)
            }
            _ => {
                let (low, high) = bounds(to);
                let a = self.number(3, a);
                let low = self.f64(low.into());
                let a = self.two(3, Vmaxpd, a, low);
                let high = self.f64(high.into());
                let a = self.two(3, Vminpd, a, high);
                let a = self.one(3, Vcvttpd2dq, a);
                if width(to) < 2 { self.truncate(a, 2, width(to)) } else { a }
            }
        }
    }

    fn whole_of_f32(&mut self, a: Name, to: Dtype) -> Name {
        const AT_LEAST: u8 = 0x1d;
        match to {
            Dtype::I32 => {
                let a = self.number(2, a);
                let limit = self.f32(2147483648.0);
                let too_high = self.two_with(2, Vcmpps, a, limit, AT_LEAST);
                // What is too low or too high becomes i32::MIN.
                let a = self.one(2, Vcvttps2dq, a);
                if self.has_masks() {
                    let highest = self.constant(2, i32::MAX as u64);
                    return self.blend(2, too_high, highest, a);
                }
                self.two(2, Vpxor, a, too_high)
            }
            Dtype::U32 if self.has_masks() => {
                let zero = self.zero();
                let a = self.two(2, Vmaxps, a, zero);
                self.one(2, Vcvttps2udq, a)
            }
            Dtype::U32 => {
                let zero = self.zero();
                let a = self.two(2, Vmaxps, a, zero);
                // The upper half of the numbers is converted with its highest bit taken away.
                let half = self.f32(2147483648.0);
                let upper = self.two_with(2, Vcmpps, a, half, AT_LEAST);
                let taken = self.two(2, Vandps, upper, half);
                let lower = self.two(2, Vsubps, a, taken);
                let lower = self.one(2, Vcvttps2dq, lower);
                let bit = self.one_with(2, Vpslld, upper, 31);
                let value = self.two(2, Vpxor, lower, bit);
                let limit = self.f32(TWO_32 as f32);
                let too_high = self.two_with(2, Vcmpps, a, limit, AT_LEAST);
                self.two(2, Vpor, value, too_high)
            }
            _ => {
                let (low, high) = bounds(to);
                let a = self.number(2, a);
                let low = self.f32(low as f32);
                let a = self.two(2, Vmaxps, a, low);
                let high = self.f32(high as f32);
                let a = self.two(2, Vminps, a, high);
                let a = self.one(2, Vcvttps2dq, a);
                self.truncate(a, 2, width(to))
            }
        }
    }
}

/// The lowest and highest value of an integer that an i32 holds.
fn bounds(dtype: Dtype) -> (i32, i32) {
    match dtype {
        Dtype::I8 => (i8::MIN.into(), i8::MAX.into()),
        Dtype::U8 => (0, u8::MAX.into()),
        Dtype::I16 => (i16::MIN.into(), i16::MAX.into()),
        Dtype::U16 => (0, u16::MAX.into()),
        _ => (i32::MIN, i32::MAX),
    }
}
