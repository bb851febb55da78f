//! What the targets have different instructions for: truths above all.

use super::*;

/// What truths become together.
#[derive(Clone, Copy)]
pub(super) enum Logic {
    And,
    /// The second, but not the first.
    AndNot,
    Or,
    Xor,
}

/// What comparisons of integers ask, as a number that instructions of AVX-512 take.
#[derive(Clone, Copy)]
pub(super) enum Asks {
    Eq = 0,
    Lt = 1,
    Le = 2,
    Ne = 4,
    Gt = 6,
}

/// The instructions that take elements of one of two vectors.
const BLENDS: [Instruction; 4] = [Vpblendvb, Vpblendvb, Vblendvps, Vblendvpd];
const MASKED_BLENDS: [Instruction; 4] = [Vpblendmb, Vpblendmw, Vblendmps, Vblendmpd];

fn is_unsigned(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::U8 | Dtype::U16 | Dtype::U32 | Dtype::U64)
}

impl Select<'_> {
    // ---- truths -----------------------------------------------------------------------------------

    /// A truth that holds in every lane, or in none.
    pub(super) fn everywhere(&mut self, truth: bool) -> Name {
        if !self.has_masks() {
            return self.program.splat(if truth { u64::MAX } else { 0 });
        }
        let dst = self.program.value(Class::Mask);
        self.push(Do::Truth(truth), 0, 0, dst, [NONE; 3]);
        dst
    }

    /// The width that truths about elements of this width are made in.
    pub(super) fn truth_width(&self, width: u8) -> u8 {
        if self.has_masks() { 0 } else { width }
    }

    pub(super) fn logic(&mut self, logic: Logic, width: u8, a: Name, b: Name) -> Name {
        let of_masks = self.has_masks();
        let i = match logic {
            Logic::And => [Vandps, Kandq],
            Logic::AndNot => [Vandnps, Kandnq],
            Logic::Or => [Vorps, Korq],
            Logic::Xor => [Vxorps, Kxorq],
        };
        self.two(width, i[of_masks as usize], a, b)
    }

    pub(super) fn not(&mut self, width: u8, a: Name) -> Name {
        if self.has_masks() {
            return self.one(width, Knotq, a);
        }
        let ones = self.ones();
        self.two(width, Vxorps, a, ones)
    }

    /// Where bytes are not zero, or its opposite, as is said.
    pub(super) fn not_zero(&mut self, bytes: Name) -> (Name, bool) {
        if self.has_masks() {
            return (self.two(0, Vptestmb, bytes, bytes), false);
        }
        let zero = self.zero();
        (self.two(0, Vpcmpeqb, bytes, zero), true)
    }

    /// How integers compare: a truth, or its opposite, as is said.
    pub(super) fn compare(&mut self, dtype: Dtype, asks: Asks, a: Name, b: Name) -> (Name, bool) {
        let w = width(dtype);
        if self.has_masks() {
            let i = match is_unsigned(dtype) {
                true => by_width(w, [Vpcmpub, Vpcmpuw, Vpcmpud, Vpcmpuq]),
                false => by_width(w, [Vpcmpb, Vpcmpw, Vpcmpd, Vpcmpq]),
            };
            return (self.two_with(w, i, a, b, asks as u8), false);
        }
        let (mut a, mut b) = if let Asks::Lt = asks { (b, a) } else { (a, b) };
        if let Asks::Eq | Asks::Ne = asks {
            let equal = self.two(w, by_width(w, [Vpcmpeqb, Vpcmpeqw, Vpcmpeqd, Vpcmpeqq]), a, b);
            return (equal, matches!(asks, Asks::Ne));
        }
        if is_unsigned(dtype) {
            // The order of signed numbers is that of unsigned ones with the highest bit flipped.
            [a, b] = [a, b].map(|name| self.flipped(w, name));
        }
        let greater = self.two(w, by_width(w, [Vpcmpgtb, Vpcmpgtw, Vpcmpgtd, Vpcmpgtq]), a, b);
        (greater, matches!(asks, Asks::Le))
    }

    /// The highest bit of each element flipped.
    fn flipped(&mut self, width: u8, name: Name) -> Name {
        let flip = splat(width, 1 << (8 * (1 << width) - 1));
        match self.program.splatted(name) {
            Some(bits) => self.program.splat(bits ^ flip),
            None => {
                let flip = self.program.splat(flip);
                self.two(width, Vpxor, name, flip)
            }
        }
    }

    /// `yes` where the truth holds.
    pub(super) fn blend(&mut self, width: u8, mask: Name, yes: Name, no: Name) -> Name {
        let dst = self.program.value(self.program.class(yes));
        self.blended(dst, width, mask, yes, no);
        dst
    }

    /// `dst` becomes `yes` where the truth holds.
    pub(super) fn blend_into(&mut self, dst: Name, width: u8, mask: Name, yes: Name) {
        self.blended(dst, width, mask, yes, dst);
    }

    fn blended(&mut self, dst: Name, width: u8, mask: Name, yes: Name, no: Name) {
        let i = match (self.has_masks(), self.program.class(dst)) {
            (false, _) => by_width(width, BLENDS),
            (true, Class::Vector) => by_width(width, MASKED_BLENDS),
            (true, Class::Mask) => {
                let yes = self.logic(Logic::And, width, mask, yes);
                let no = self.logic(Logic::AndNot, width, mask, no);
                self.push(Do::Vector(Korq), 0, 0, dst, [yes, no, NONE]);
                return;
            }
        };
        self.push(Do::Vector(i), self.length(width), 0, dst, [no, yes, mask]);
    }

    /// What a vector has where a truth holds, else zeros.
    pub(super) fn kept(&mut self, width: u8, mask: Name, a: Name) -> Name {
        if !self.has_masks() {
            return self.two(width, Vandps, mask, a);
        }
        let zero = self.zero();
        self.blend(width, mask, a, zero)
    }

    /// What a vector has where a truth does not hold, else zeros.
    pub(super) fn dropped(&mut self, width: u8, mask: Name, a: Name) -> Name {
        if !self.has_masks() {
            return self.two(width, Vandnps, mask, a);
        }
        let zero = self.zero();
        self.blend(width, mask, zero, a)
    }

    // ---- vectors ----------------------------------------------------------------------------------

    /// What is in a vector, or a truth, from a lane on: a multiple of how many there are from there.
    pub(super) fn starting_at(&mut self, name: Name, width: u8, lane: usize) -> Name {
        if lane == 0 {
            return name;
        }
        if self.program.class(name) == Class::Mask {
            return self.one_with(width, Kshiftrq, name, lane as u8);
        }
        let (bytes, from) = (self.lanes << width, lane << width);
        let (name, from) = match (self.has_masks(), from) {
            (_, ..16) => (name, from),
            (false, _) => (self.upper(name), from - 16),
            (true, _) if bytes == 32 => {
                return self.emit(Vextracti64x4, 2, 1, [name, NONE, NONE]);
            }
            (true, _) => {
                let part = self.emit(Vextracti128, 2, (from / 16) as u8, [name, NONE, NONE]);
                (part, from % 16)
            }
        };
        if from == 0 {
            return name;
        }
        self.emit(Vpsrldq, 0, from as u8, [name, NONE, NONE])
    }

    /// Two vectors of so many bytes, or truths of so many lanes, one after the other.
    pub(super) fn joined(&mut self, low: Name, high: Name, count: usize) -> Name {
        if self.program.class(low) == Class::Mask {
            let i = match count {
                8 => Kunpckbw,
                16 => Kunpckwd,
                _ => Kunpckdq,
            };
            return self.emit(i, 0, 0, [high, low, NONE]);
        }
        let (i, length) = match count {
            1 => (Vpunpcklbw, 0),
            2 => (Vpunpcklwd, 0),
            4 => (Vpunpckldq, 0),
            8 => (Vpunpcklqdq, 0),
            16 => (Vinserti128, 1),
            _ => (Vinserti64x4, 2),
        };
        self.emit(i, length, 1, [low, high, NONE])
    }

    /// The entries of a table of up to sixteen of 4 bytes each, at indices of 4 bytes that are inside it.
    pub(super) fn permuted_short(&mut self, entries: &[u64], index: Name) -> Name {
        let mut bits = [0; 8];
        for (i, entry) in entries.iter().enumerate() {
            bits[i / 2] |= entry << (32 * (i % 2));
        }
        let table = self.program.vector(bits);
        if self.has_masks() {
            return self.emit(Vpermd, 2, 0, [index, table, NONE]);
        }
        let low = self.emit(Vpermd, 1, 0, [index, table, NONE]);
        if entries.len() <= 8 {
            return low;
        }
        bits.rotate_left(4);
        let rest = self.program.vector(bits);
        let high = self.emit(Vpermd, 1, 0, [index, rest, NONE]);
        let above = self.one_with(2, Vpslld, index, 28);
        self.blend(2, above, high, low)
    }

    /// The entries of a short table, as 8 bytes each, at indices that are inside it.
    pub(super) fn permuted(&mut self, entries: &[u64], index: Name) -> Option<Name> {
        if !self.has_masks() || entries.len() > 16 {
            return None;
        }
        let mut halves = entries.chunks(8).map(|chunk| {
            let mut bits = [0; 8];
            bits[..chunk.len()].copy_from_slice(chunk);
            let table = self.program.vector(bits);
            self.two(3, Vpermq, index, table)
        });
        let low = halves.next()?;
        let Some(high) = halves.next() else { return Some(low) };
        let last = self.constant(3, 7);
        let (above, _) = self.compare(Dtype::U64, Asks::Gt, index, last);
        Some(self.blend(3, above, high, low))
    }
}
