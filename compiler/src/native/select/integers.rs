//! Operations on integers.

use super::{forms::Asks, *};
use crate::native::helpers::helper;

fn is_signed(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::I64)
}

impl Select<'_> {
    /// The smaller of an index and a bound.
    pub(super) fn clamp(&mut self, width: u8, index: Name, last: u64) -> Name {
        let bound = self.constant(width, last);
        if width == 2 {
            return self.two(2, Vpminud, index, bound);
        }
        if self.has_masks() {
            return self.two(3, Vpminuq, index, bound);
        }
        let (over, _) = self.compare(Dtype::U64, Asks::Gt, index, bound);
        self.blend(3, over, bound, index)
    }

    pub(super) fn integer(
        &mut self,
        id: Id,
        operation: Operation,
        dtype: Dtype,
        args: &[Id],
        [a, b, _]: [Name; 3],
    ) -> Result<Name, Unsupported> {
        use Operation::*;
        let w = width(dtype);
        let signed = is_signed(dtype);
        let sub = by_width(w, [Vpsubb, Vpsubw, Vpsubd, Vpsubq]);
        Ok(match operation {
            Add => self.two(w, by_width(w, [Vpaddb, Vpaddw, Vpaddd, Vpaddq]), a, b),
            Sub => self.two(w, sub, a, b),
            And => self.two(w, Vpand, a, b),
            Or => self.two(w, Vpor, a, b),
            Xor => self.two(w, Vpxor, a, b),
            Not => {
                let ones = self.ones();
                self.two(w, Vpxor, a, ones)
            }
            Neg => {
                let zero = self.zero();
                self.two(w, sub, zero, a)
            }
            Abs if !signed => a,
            Abs if w < 3 || self.has_masks() => {
                self.one(w, by_width(w, [Vpabsb, Vpabsw, Vpabsd, Vpabsq]), a)
            }
            Abs => {
                let zero = self.zero();
                let sign = self.two(w, Vpcmpgtq, zero, a);
                let flipped = self.two(w, Vpxor, a, sign);
                self.two(w, Vpsubq, flipped, sign)
            }
            Mul => self.product(w, a, b),
            Minimum | Fmin | Maximum | Fmax => {
                let smaller = matches!(operation, Minimum | Fmin);
                let i = match (w, signed, smaller) {
                    (0, true, true) => Vpminsb,
                    (1, true, true) => Vpminsw,
                    (2, true, true) => Vpminsd,
                    (0, false, true) => Vpminub,
                    (1, false, true) => Vpminuw,
                    (2, false, true) => Vpminud,
                    (0, true, false) => Vpmaxsb,
                    (1, true, false) => Vpmaxsw,
                    (2, true, false) => Vpmaxsd,
                    (0, false, false) => Vpmaxub,
                    (1, false, false) => Vpmaxuw,
                    (2, false, false) => Vpmaxud,
                    _ if self.has_masks() => match (signed, smaller) {
                        (true, true) => Vpminsq,
                        (false, true) => Vpminuq,
                        (true, false) => Vpmaxsq,
                        (false, false) => Vpmaxuq,
                    },
                    _ => {
                        let (greater, _) = self.compare(dtype, Asks::Gt, a, b);
                        let (yes, no) = if smaller { (b, a) } else { (a, b) };
                        return Ok(self.blend(w, greater, yes, no));
                    }
                };
                self.two(w, i, a, b)
            }
            Shl | Shr => {
                let bits = 8 << w;
                let by = self.graph.value(args[1]).map(|v| v.bits());
                match by {
                    // An amount outside, a negative one too, shifts everything out.
                    Some(by) if operation == Shl && by >= bits => self.zero(),
                    Some(by) if operation == Shl => self.shift_left(w, a, by as u8),
                    Some(by) if !signed && by >= bits => self.zero(),
                    Some(by) => self.shift_right(w, signed, a, by.min(bits - 1) as u8),
                    None => match self.shift_each(w, signed, operation == Shl, a, b) {
                        Some(value) => value,
                        None => self.helper(id, helper(operation, dtype), w, [a, b])?,
                    },
                }
            }
            CountOnes => self.count_ones(w, a),
            LeadingZeros if w > 1 && self.has_masks() => self.leading_zeros(w, a),
            // The zeros below the lowest one are where `x - 1` has ones and `x` does not.
            TrailingZeros => {
                let ones = self.ones();
                let less = self.two(w, by_width(w, [Vpaddb, Vpaddw, Vpaddd, Vpaddq]), a, ones);
                let below = self.two(w, Vpandn, a, less);
                if w > 1 && self.has_masks() {
                    let above = self.leading_zeros(w, below);
                    let bits = self.constant(w, 8 << w);
                    return Ok(self.two(w, sub, bits, above));
                }
                self.count_ones(w, below)
            }
            // What is below the highest one becomes ones; the zeros of that are those above.
            LeadingZeros => {
                let mut filled = a;
                for by in (0..3 + w).map(|n| 1 << n) {
                    let shifted = self.shift_right(w, false, filled, by);
                    filled = self.two(w, Vpor, filled, shifted);
                }
                let ones = self.ones();
                let above = self.two(w, Vpxor, filled, ones);
                self.count_ones(w, above)
            }
            _ => self.helper(id, helper(operation, dtype), w, [a, b])?,
        })
    }

    fn product(&mut self, w: u8, a: Name, b: Name) -> Name {
        match w {
            0 => {
                // As words: those of the even bytes, and those of the odd ones.
                let even = self.two(w, Vpmullw, a, b);
                let low = self.constant(1, 0xff);
                let even = self.two(w, Vpand, even, low);
                let (a, b) = (self.one_with(w, Vpsrlw, a, 8), self.one_with(w, Vpsrlw, b, 8));
                let odd = self.two(w, Vpmullw, a, b);
                let odd = self.one_with(w, Vpsllw, odd, 8);
                self.two(w, Vpor, even, odd)
            }
            1 => self.two(w, Vpmullw, a, b),
            2 => self.two(w, Vpmulld, a, b),
            _ if self.has_masks() => self.two(w, Vpmullq, a, b),
            _ => {
                // (h * 2^32 + l) * (k * 2^32 + m) = (h * m + l * k) * 2^32 + l * m.
                let swapped = self.one_with(w, Vpshufd, b, 0xb1);
                let crossed = self.two(w, Vpmulld, a, swapped);
                let other = self.one_with(w, Vpsrlq, crossed, 32);
                let crossed = self.two(w, Vpaddd, crossed, other);
                let crossed = self.one_with(w, Vpsllq, crossed, 32);
                let low = self.two(w, Vpmuludq, a, b);
                self.two(w, Vpaddq, crossed, low)
            }
        }
    }

    fn shift_left(&mut self, w: u8, a: Name, by: u8) -> Name {
        match w {
            0 => {
                let shifted = self.one_with(w, Vpsllw, a, by);
                let kept = self.constant(0, 0xff << by);
                self.two(w, Vpand, shifted, kept)
            }
            1 => self.one_with(w, Vpsllw, a, by),
            2 => self.one_with(w, Vpslld, a, by),
            _ => self.one_with(w, Vpsllq, a, by),
        }
    }

    fn shift_right(&mut self, w: u8, signed: bool, a: Name, by: u8) -> Name {
        match (w, signed) {
            (0, _) => {
                let shifted = self.one_with(w, Vpsrlw, a, by);
                let kept = self.constant(0, 0xff >> by);
                let shifted = self.two(w, Vpand, shifted, kept);
                if !signed {
                    return shifted;
                }
                // The sign, which is at the place of this bit now, into those above it.
                let sign = self.constant(0, 0x80 >> by);
                let shifted = self.two(w, Vpxor, shifted, sign);
                self.two(w, Vpsubb, shifted, sign)
            }
            (1, false) => self.one_with(w, Vpsrlw, a, by),
            (2, false) => self.one_with(w, Vpsrld, a, by),
            (_, false) => self.one_with(w, Vpsrlq, a, by),
            (1, true) => self.one_with(w, Vpsraw, a, by),
            (2, true) => self.one_with(w, Vpsrad, a, by),
            (_, true) if self.has_masks() => self.one_with(w, Vpsraq, a, by),
            (_, true) => {
                // A negative number's complement is shifted, then complemented back.
                let zero = self.zero();
                let sign = self.two(w, Vpcmpgtq, zero, a);
                let a = self.two(w, Vpxor, a, sign);
                let a = self.one_with(w, Vpsrlq, a, by);
                self.two(w, Vpxor, a, sign)
            }
        }
    }

    fn leading_zeros(&mut self, w: u8, a: Name) -> Name {
        self.one(w, if w == 3 { Vplzcntq } else { Vplzcntd }, a)
    }

    /// Shifts by another amount in each lane; `None` for bytes on AVX2.
    fn shift_each(&mut self, w: u8, signed: bool, left: bool, a: Name, by: Name) -> Option<Name> {
        Some(match (w, left, signed) {
            (0, ..) if self.has_masks() => self.shift_each_byte(signed, left, a, by),
            (0, ..) => return None,
            (1, true, _) if self.has_masks() => self.two(w, Vpsllvw, a, by),
            (1, false, false) if self.has_masks() => self.two(w, Vpsrlvw, a, by),
            (1, false, true) if self.has_masks() => self.two(w, Vpsravw, a, by),
            (3, false, true) if self.has_masks() => self.two(w, Vpsravq, a, by),
            (2, true, _) => self.two(w, Vpsllvd, a, by),
            (3, true, _) => self.two(w, Vpsllvq, a, by),
            (2, false, false) => self.two(w, Vpsrlvd, a, by),
            (2, false, true) => self.two(w, Vpsravd, a, by),
            (3, false, false) => self.two(w, Vpsrlvq, a, by),
            (3, false, true) => {
                let zero = self.zero();
                let sign = self.two(w, Vpcmpgtq, zero, a);
                let a = self.two(w, Vpxor, a, sign);
                let a = self.two(w, Vpsrlvq, a, by);
                self.two(w, Vpxor, a, sign)
            }
            _ => {
                // As double words: those of the lower words, and those of the upper ones.
                let low_word = self.constant(2, 0xffff);
                let (low_by, high_by) =
                    (self.two(w, Vpand, by, low_word), self.one_with(w, Vpsrld, by, 16));
                let (low, high) = if left {
                    let high = self.constant(2, 0xffff_0000);
                    let high = self.two(w, Vpand, a, high);
                    (self.two(w, Vpsllvd, a, low_by), self.two(w, Vpsllvd, high, high_by))
                } else if signed {
                    let low = self.one_with(w, Vpslld, a, 16);
                    let low = self.two(w, Vpsravd, low, low_by);
                    (self.one_with(w, Vpsrld, low, 16), self.two(w, Vpsravd, a, high_by))
                } else {
                    let low = self.two(w, Vpand, a, low_word);
                    (self.two(w, Vpsrlvd, low, low_by), self.two(w, Vpsrlvd, a, high_by))
                };
                self.two_with(w, Vpblendw, low, high, 0xaa)
            }
        })
    }

    /// As words: those of the even bytes, and those of the odd ones with nothing below them.
    fn shift_each_byte(&mut self, signed: bool, left: bool, a: Name, by: Name) -> Name {
        let i = match (left, signed) {
            (true, _) => Vpsllvw,
            (false, false) => Vpsrlvw,
            (false, true) => Vpsravw,
        };
        let low = self.constant(1, 0xff);
        let (low_by, high_by) = (self.two(0, Vpand, by, low), self.one_with(0, Vpsrlw, by, 8));
        let even = match (left, signed) {
            (true, _) => a,
            (false, false) => self.two(0, Vpand, a, low),
            (false, true) => {
                let up = self.one_with(0, Vpsllw, a, 8);
                self.one_with(0, Vpsraw, up, 8)
            }
        };
        let even = self.two(0, i, even, low_by);
        let even = self.two(0, Vpand, even, low);
        let odd = if left { self.two(0, Vpandn, low, a) } else { a };
        let odd = self.two(0, i, odd, high_by);
        let odd = if left { odd } else { self.two(0, Vpandn, low, odd) };
        self.two(0, Vpor, even, odd)
    }

    fn count_ones(&mut self, w: u8, a: Name) -> Name {
        // Of each half of a byte by a table, summed.
        let table = u64::from_le_bytes([0, 1, 1, 2, 1, 2, 2, 3]);
        let upper = table + splat(0, 1);
        let table = self.program.halves([table, upper]);
        let half = self.constant(0, 0x0f);
        let low = self.two(w, Vpand, a, half);
        let high = self.one_with(w, Vpsrlw, a, 4);
        let high = self.two(w, Vpand, high, half);
        let low = self.two(w, Vpshufb, table, low);
        let high = self.two(w, Vpshufb, table, high);
        let bytes = self.two(w, Vpaddb, low, high);
        let one = self.constant(0, 1);
        match w {
            0 => bytes,
            1 => self.two(w, Vpmaddubsw, bytes, one),
            2 => {
                let words = self.two(w, Vpmaddubsw, bytes, one);
                let one = self.constant(1, 1);
                self.two(w, Vpmaddwd, words, one)
            }
            _ => {
                let zero = self.zero();
                self.two(w, Vpsadbw, bytes, zero)
            }
        }
    }
}
