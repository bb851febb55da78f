//! Truths: comparisons, logic, and vectors of other widths.

use super::{forms::Asks, *};

impl Select<'_> {
    /// A truth in this width, or its opposite, as [`Known::opposite`] says.
    pub(super) fn mask(&mut self, id: Id, width: u8) -> Result<Name, Unsupported> {
        self.ready(id)?;
        let width = self.truth_width(width);
        if let Op::Const(bits) = self.graph.node(id).op {
            return Ok(self.everywhere(bits != 0));
        }
        let known = self.known[id as usize];
        if width < known.width
            && known.names[width as usize] == NONE
            && let Some(name) = self.narrow_and(id, width)?
        {
            self.remember(id, width, name);
            return Ok(name);
        }
        let mut names = known.names;
        let name = self.resized(&mut names, known.width, width);
        for (width, (name, before)) in names.into_iter().zip(known.names).enumerate() {
            if name != before {
                self.remember(id, width as u8, name);
            }
        }
        Ok(name)
    }

    /// Of two truths that hold together, of which one was made in this width or a narrower one: what is made
    /// of both in this width is there sooner than what is made of the wider one.
    fn narrow_and(&mut self, id: Id, width: u8) -> Result<Option<Name>, Unsupported> {
        let node = self.graph.node(id);
        let known = |id: Id| &self.known[id as usize];
        let &[a, b] = &node.args[..] else { return Ok(None) };
        let is_bool = |id: Id| self.dtypes[id as usize] == Dtype::Bool;
        let there = |id: Id| known(id).names[known(id).width as usize] != NONE;
        if node.op != Op::Apply(Operation::And)
            || ![a, b].into_iter().all(|id| is_bool(id) && there(id) && !known(id).opposite)
            || known(a).width.min(known(b).width) > width
        {
            return Ok(None);
        }
        let (a, b) = (self.mask(a, width)?, self.mask(b, width)?);
        Ok(Some(self.logic(Logic::And, width, a, b)))
    }

    /// A mask in this width, given those that there are, by width, of which it was made in one.
    pub(super) fn resized(&mut self, masks: &mut [Name; 4], made: u8, width: u8) -> Name {
        let width = self.truth_width(width);
        if masks[width as usize] == NONE {
            masks[width as usize] = if width < made {
                let wider = self.resized(masks, made, width + 1);
                self.pack(wider, width + 1)
            } else {
                self.extend(masks[made as usize], made, width, true)
            };
        }
        masks[width as usize]
    }

    /// A truth itself in this width.
    pub(super) fn truth(&mut self, id: Id, width: u8) -> Result<Name, Unsupported> {
        let mask = self.mask(id, width)?;
        if !self.known[id as usize].opposite {
            return Ok(mask);
        }
        Ok(self.not(width, mask))
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
            true => self.dropped(width, mask, bits),
            false => self.kept(width, mask, bits),
        })
    }

    /// A mask made for elements of other sizes.
    pub(super) fn resize_mask(&mut self, mask: Name, from: u8, to: u8) -> Name {
        let mut masks = [NONE; 4];
        let from = self.truth_width(from);
        masks[from as usize] = mask;
        self.resized(&mut masks, from, to)
    }

    /// Masks for elements of half the size.
    fn pack(&mut self, mask: Name, from: u8) -> Name {
        let high = if self.length(from) > 0 { self.upper(mask) } else { mask };
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
                let (logic, a, b, opposite) = match (operation, opposites) {
                    (And, (false, false)) => (Logic::And, a, b, false),
                    (And, (true, false)) => (Logic::AndNot, a, b, false),
                    (And, (false, true)) => (Logic::AndNot, b, a, false),
                    (And, (true, true)) => (Logic::Or, a, b, true),
                    (Or, (false, false)) => (Logic::Or, a, b, false),
                    (Or, (true, false)) => (Logic::AndNot, b, a, true),
                    (Or, (false, true)) => (Logic::AndNot, a, b, true),
                    (Or, (true, true)) => (Logic::And, a, b, true),
                    (Eq, (x, y)) => (Logic::Xor, a, b, x == y),
                    (_, (x, y)) => (Logic::Xor, a, b, x != y),
                };
                (self.logic(logic, w, a, b), w, opposite)
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
                    _ => {
                        let asks = match operation {
                            Eq => Asks::Eq,
                            Ne => Asks::Ne,
                            Lt => Asks::Lt,
                            _ => Asks::Le,
                        };
                        self.compare(of, asks, a, b)
                    }
                };
                (name, self.truth_width(w), opposite)
            }
        };
        self.made(id, width, name, opposite);
        Ok(())
    }
}
