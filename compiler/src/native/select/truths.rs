//! Truths: comparisons, logic, and vectors of other widths.

use super::*;

impl Select<'_> {
    /// A truth in this width, or its opposite, as [`Known::opposite`] says.
    pub(super) fn mask(&mut self, id: Id, width: u8) -> Result<Name, Unsupported> {
        self.ready(id)?;
        if let Op::Const(bits) = self.graph.node(id).op {
            return Ok(self.program.splat(if bits != 0 { u64::MAX } else { 0 }));
        }
        let known = self.known[id as usize];
        let name = known.names[width as usize];
        if name != NONE {
            return Ok(name);
        }
        let made = known.names[known.width as usize];
        let name = self.resize_mask(made, known.width, width);
        self.remember(id, width, name);
        Ok(name)
    }

    /// A truth itself in this width.
    pub(super) fn truth(&mut self, id: Id, width: u8) -> Result<Name, Unsupported> {
        let mask = self.mask(id, width)?;
        if !self.known[id as usize].opposite {
            return Ok(mask);
        }
        let ones = self.ones();
        Ok(self.two(width, Vxorps, mask, ones))
    }

    /// A truth itself, and the width it was made in.
    pub(super) fn plain(&mut self, id: Id) -> Result<(Name, u8), Unsupported> {
        self.ready(id)?;
        let width = self.known[id as usize].width;
        Ok((self.truth(id, width)?, width))
    }

    /// These bits where a truth holds, else zeros.
    pub(super) fn truth_as(&mut self, id: Id, width: u8, bits: u64) -> Result<Name, Unsupported> {
        let mask = self.mask(id, width)?;
        let bits = self.constant(width, bits);
        Ok(match self.known[id as usize].opposite {
            true => self.two(width, Vpandn, mask, bits),
            false => self.two(width, Vpand, mask, bits),
        })
    }

    /// A mask made for elements of other sizes.
    pub(super) fn resize_mask(&mut self, mask: Name, from: u8, to: u8) -> Name {
        match from.cmp(&to) {
            std::cmp::Ordering::Equal => mask,
            std::cmp::Ordering::Less => self.extend(mask, from, to, true),
            std::cmp::Ordering::Greater => {
                let narrower = self.pack(mask, from);
                self.resize_mask(narrower, from - 1, to)
            }
        }
    }

    /// Masks for elements of half the size.
    fn pack(&mut self, mask: Name, from: u8) -> Name {
        let high = if self.long(from) { self.upper(mask) } else { mask };
        match from {
            3 => self.two_with(2, Vshufps, mask, high, 0x88),
            2 => self.two(1, Vpackssdw, mask, high),
            _ => self.two(0, Vpacksswb, mask, high),
        }
    }

    /// The width in which truths meet: the widest that one of them was made in.
    fn meeting(&self, ids: &[Id]) -> u8 {
        let widths = ids.iter().map(|&id| self.known[id as usize].width);
        widths.max().unwrap_or(0)
    }

    /// A node that is a truth.
    pub(super) fn truth_of(
        &mut self,
        id: Id,
        operation: Operation,
        args: &[Id],
    ) -> Result<(), Unsupported> {
        use Operation::*;
        let of = self.dtypes[args[0] as usize];
        let (name, width, opposite) = match operation {
            Select | Slow => {
                for &arg in args {
                    self.ready(arg)?;
                }
                let w = self.meeting(args);
                let mask = self.mask(args[0], w)?;
                let (mut yes, mut no) = (self.truth(args[1], w)?, self.truth(args[2], w)?);
                if self.known[args[0] as usize].opposite {
                    std::mem::swap(&mut yes, &mut no);
                }
                (self.blend(w, mask, yes, no), w, false)
            }
            Not => {
                self.ready(args[0])?;
                let known = self.known[args[0] as usize];
                let w = known.width;
                (self.mask(args[0], w)?, w, !known.opposite)
            }
            _ if of == Dtype::Bool => {
                for &arg in args {
                    self.ready(arg)?;
                }
                let w = self.meeting(args);
                let (a, b) = (self.mask(args[0], w)?, self.mask(args[1], w)?);
                let opposites =
                    (self.known[args[0] as usize].opposite, self.known[args[1] as usize].opposite);
                let (i, a, b, opposite) = match (operation, opposites) {
                    (And, (false, false)) => (Vandps, a, b, false),
                    (And, (true, false)) => (Vandnps, a, b, false),
                    (And, (false, true)) => (Vandnps, b, a, false),
                    (And, (true, true)) => (Vorps, a, b, true),
                    (Or, (false, false)) => (Vorps, a, b, false),
                    (Or, (true, false)) => (Vandnps, b, a, true),
                    (Or, (false, true)) => (Vandnps, a, b, true),
                    (Or, (true, true)) => (Vandps, a, b, true),
                    (Eq, (x, y)) => (Vxorps, a, b, x == y),
                    (_, (x, y)) => (Vxorps, a, b, x != y),
                };
                (self.two(w, i, a, b), w, opposite)
            }
            _ => {
                let (a, b) = (self.value(args[0])?, self.value(args[1])?);
                let w = super::width(of);
                let (name, opposite) = match of {
                    Dtype::F32 | Dtype::F64 => {
                        // Equal; unequal or NaN; less; less or equal.
                        let how = match operation {
                            Eq => 0x00,
                            Ne => 0x04,
                            Lt => 0x11,
                            _ => 0x12,
                        };
                        let i = if w == 3 { Vcmppd } else { Vcmpps };
                        (self.two_with(w, i, a, b, how), false)
                    }
                    _ => match operation {
                        Eq => (self.equal(w, a, b), false),
                        Ne => (self.equal(w, a, b), true),
                        Lt => (self.greater(of, b, a), false),
                        _ => (self.greater(of, a, b), true),
                    },
                };
                (name, w, opposite)
            }
        };
        self.made(id, width, name, opposite);
        Ok(())
    }

    fn equal(&mut self, w: u8, a: Name, b: Name) -> Name {
        self.two(w, by_width(w, [Vpcmpeqb, Vpcmpeqw, Vpcmpeqd, Vpcmpeqq]), a, b)
    }

    /// Where an integer is greater.
    pub(super) fn greater(&mut self, dtype: Dtype, mut a: Name, mut b: Name) -> Name {
        let w = width(dtype);
        if matches!(dtype, Dtype::U8 | Dtype::U16 | Dtype::U32 | Dtype::U64) {
            // The order of signed numbers is that of unsigned ones with the highest bit flipped.
            let flip = self.constant(w, 1 << (8 * (1 << w) - 1));
            a = self.two(w, Vpxor, a, flip);
            b = self.two(w, Vpxor, b, flip);
        }
        self.two(w, by_width(w, [Vpcmpgtb, Vpcmpgtw, Vpcmpgtd, Vpcmpgtq]), a, b)
    }
}
