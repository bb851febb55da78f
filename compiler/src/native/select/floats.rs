//! Operations on floats.

use super::*;
use crate::{native::helpers::helper, value::Value};

/// Operands of the range instruction: which of the two, with the sign that it has.
const RANGE_MIN: u8 = 0b0100;
const RANGE_MAX: u8 = 0b0101;

impl Select<'_> {
    pub(super) fn fma(&mut self, eight: bool, a: Name, b: Name, c: Name) -> Name {
        let dst = self.program.value(Class::Vector);
        let length = self.length(if eight { 3 } else { 2 });
        self.push(Do::Fma(eight), length, 0, dst, [a, b, c]);
        dst
    }

    /// A constant that is neither NaN nor zero.
    fn plain_number(&self, id: Id) -> bool {
        let number = self.graph.value(id).map(|v: Value| v.cast(Dtype::F64));
        number.and_then(|v| v.get::<f64>()).is_some_and(|v| !v.is_nan() && v != 0.0)
    }

    pub(super) fn float(
        &mut self,
        id: Id,
        operation: Operation,
        dtype: Dtype,
        args: &[Id],
        [a, b, c]: [Name; 3],
    ) -> Result<Name, Unsupported> {
        use Operation::*;
        let w = width(dtype);
        let eight = w == 3;
        let pick = |single, double| if eight { double } else { single };
        let sign = 1 << (8 * dtype.size() - 1);
        const UNORDERED: u8 = 3;
        Ok(match operation {
            Add => self.two(w, pick(Vaddps, Vaddpd), a, b),
            Sub => self.two(w, pick(Vsubps, Vsubpd), a, b),
            Mul => self.two(w, pick(Vmulps, Vmulpd), a, b),
            Div => self.two(w, pick(Vdivps, Vdivpd), a, b),
            Sqrt => self.one(w, pick(Vsqrtps, Vsqrtpd), a),
            Fma => self.fma(eight, a, b, c),
            Neg => {
                let sign = self.constant(w, sign);
                self.two(w, Vxorps, a, sign)
            }
            Abs => {
                let rest = self.constant(w, !sign);
                self.two(w, Vandps, a, rest)
            }
            Copysign => {
                let rest = self.constant(w, !sign);
                let magnitude = self.two(w, Vandps, a, rest);
                let sign = self.constant(w, sign);
                let sign = self.two(w, Vandps, b, sign);
                self.two(w, Vorps, magnitude, sign)
            }
            Floor | Ceil | Trunc | Rint => {
                let how = match operation {
                    Rint => 8,
                    Floor => 9,
                    Ceil => 10,
                    _ => 11,
                };
                self.one_with(w, pick(Vroundps, Vroundpd), a, how)
            }
            Minimum | Maximum | Fmin | Fmax => {
                let i = match operation {
                    Minimum | Fmin => pick(Vminps, Vminpd),
                    _ => pick(Vmaxps, Vmaxpd),
                };
                let nan_stays = matches!(operation, Minimum | Maximum);
                // The instruction gives its second operand where one is NaN or both are zeros. With a
                // constant that is neither, that decides it.
                for (number, x, constant) in [(args[1], a, b), (args[0], b, a)] {
                    if self.plain_number(number) {
                        let (x, y) = if nan_stays { (constant, x) } else { (x, constant) };
                        return Ok(self.two(w, i, x, y));
                    }
                }
                let smaller = matches!(operation, Minimum | Fmin);
                let found = if self.has_masks() && operation != Minimum {
                    // It knows one zero from the other. NaNs are put right below.
                    let range = pick(Vrangeps, Vrangepd);
                    self.two_with(w, range, a, b, if smaller { RANGE_MIN } else { RANGE_MAX })
                } else {
                    // Asked both ways round, the two answers differ there alone: or-ing them finds the
                    // negative zero (and keeps a NaN a NaN), and-ing them the positive one.
                    let (one, other) = (self.two(w, i, a, b), self.two(w, i, b, a));
                    self.two(w, if smaller { Vorps } else { Vandps }, one, other)
                };
                let compare = pick(Vcmpps, Vcmppd);
                match operation {
                    Minimum => found,
                    Maximum => {
                        let nan = self.two_with(w, compare, a, b, UNORDERED);
                        let sum = self.two(w, pick(Vaddps, Vaddpd), a, b);
                        self.blend(w, nan, sum, found)
                    }
                    _ => {
                        let b_nan = self.two_with(w, compare, b, b, UNORDERED);
                        let found = self.blend(w, b_nan, a, found);
                        let a_nan = self.two_with(w, compare, a, a, UNORDERED);
                        self.blend(w, a_nan, b, found)
                    }
                }
            }
            _ => self.helper(id, helper(operation, dtype), w, [a, b])?,
        })
    }
}
