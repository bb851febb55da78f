//! From shapes and strides to a plan of inner loops.
//!
//! [`Plan::new`] takes operands of one shape and any strides and finds an order in which to walk them:
//! unit axes dropped, axes that every operand can turn round turned, ordered by stride, and merged
//! where all operands run on without a gap. Most calls end up with one axis.

use smallvec::SmallVec;

/// Inputs, outputs and the mask of one call.
pub const MAX_OPERANDS: usize =
    lanefn_kernels::loops::MAX_INPUTS + lanefn_kernels::loops::MAX_OUTPUTS + 1;

/// Rows shorter than this are not walked one by one.
pub const SHORT_ROW: usize = 64;

/// Bytes from one element to the next along an axis, for each operand.
pub type Strides = [isize; MAX_OPERANDS];

/// The axes of a walk, outermost first, and where each operand begins.
#[derive(Debug)]
pub struct Plan {
    /// How many operands there are.
    pub operands: usize,
    /// The first element of each operand, as the address that it has.
    pub start: [*mut u8; MAX_OPERANDS],
    /// The length of each axis and the strides along it. Never empty unless a length was 0; a single
    /// element is an axis of length 1.
    pub axes: SmallVec<[(usize, Strides); 4]>,
    /// The number of elements.
    pub len: usize,
}

impl Plan {
    /// The plan of a walk over `shape`. Operand `i` begins at `start[i]`, its stride along axis `a` is
    /// `stride(i, a)` bytes. Axes are ordered by the strides of the operands in `order`, the first of
    /// them first, so that what is written is written in order where that is possible.
    pub fn new(
        shape: &[usize],
        start: &[*mut u8],
        stride: impl Fn(usize, usize) -> isize,
        order: &[usize],
    ) -> Plan {
        let operands = start.len();
        let mut plan = Plan {
            operands,
            start: [std::ptr::null_mut(); MAX_OPERANDS],
            axes: SmallVec::new(),
            len: shape.iter().product(),
        };
        plan.start[..operands].copy_from_slice(start);
        if plan.len == 0 {
            return plan;
        }
        for (a, &n) in shape.iter().enumerate() {
            if n == 1 {
                continue;
            }
            let mut strides = [0; MAX_OPERANDS];
            for (i, s) in strides[..operands].iter_mut().enumerate() {
                *s = stride(i, a);
            }
            // Backwards for whoever decides the order: walk the axis from its other end.
            if order.iter().map(|&i| strides[i]).find(|&s| s != 0).is_some_and(|s| s < 0) {
                for i in 0..operands {
                    let last = strides[i].wrapping_mul((n - 1) as isize);
                    plan.start[i] = plan.start[i].wrapping_offset(last);
                    strides[i] = strides[i].wrapping_neg();
                }
            }
            plan.axes.push((n, strides));
        }
        if plan.axes.is_empty() {
            plan.axes.push((1, [0; MAX_OPERANDS]));
            return plan;
        }
        if plan.axes.len() > 1 {
            plan.sort(order);
            plan.merge();
            plan.pair();
        }
        plan
    }

    /// Outermost the axis with the largest stride, for the first operand in `order` that tells two
    /// axes apart. An insertion sort: stable, and an operand that stands still (stride 0) says nothing.
    fn sort(&mut self, order: &[usize]) {
        let belongs_inside = |a: &Strides, b: &Strides| {
            for &i in order {
                let (a, b) = (a[i].unsigned_abs(), b[i].unsigned_abs());
                if a != 0 && b != 0 && a != b {
                    return a < b;
                }
            }
            false
        };
        for i in 1..self.axes.len() {
            let mut j = i;
            while j > 0 && belongs_inside(&self.axes[j - 1].1, &self.axes[j].1) {
                self.axes.swap(j - 1, j);
                j -= 1;
            }
        }
    }

    /// Merges neighbours where every operand runs on from the end of a row to the next row.
    fn merge(&mut self) {
        let mut kept = 0;
        for a in 1..self.axes.len() {
            let (inner_n, inner) = self.axes[a];
            let (outer_n, outer) = self.axes[kept];
            let runs_on =
                (0..self.operands).all(|i| outer[i] == inner[i].wrapping_mul(inner_n as isize));
            if runs_on {
                self.axes[kept] = (outer_n * inner_n, inner);
            } else {
                kept += 1;
                self.axes[kept] = (inner_n, inner);
            }
        }
        self.axes.truncate(kept + 1);
    }

    /// Puts next to the innermost axis the one that goes well with it: an axis along which an operand
    /// has smaller strides than along the innermost, or else, where rows are short, the longest.
    fn pair(&mut self) {
        let last = self.axes.len() - 1;
        if last < 2 {
            return;
        }
        let (n, inner) = self.axes[last];
        let step = |a: usize, i: usize| self.axes[a].1[i].unsigned_abs();
        let crossed = (0..self.operands).find_map(|i| {
            let smaller = |&a: &usize| step(a, i) != 0 && step(a, i) < inner[i].unsigned_abs();
            (0..last).filter(smaller).min_by_key(|&a| step(a, i))
        });
        let short = n < SHORT_ROW && n * self.axes[last - 1].0 < 4 * SHORT_ROW;
        let longest = || (0..last).filter(|_| short).max_by_key(|&a| self.axes[a].0);
        if let Some(a) = crossed.or_else(longest) {
            self.axes[a..last].rotate_left(1);
        }
    }

    /// A place in the walk: the element at `at`, counted in the order of the walk.
    pub fn place(&self, at: usize) -> Place {
        let mut place = Place { index: SmallVec::new(), at: self.start };
        place.index.resize(self.axes.len(), 0);
        let mut rest = at;
        for (a, &(n, strides)) in self.axes.iter().enumerate().rev() {
            place.index[a] = rest % n;
            rest /= n;
            for i in 0..self.operands {
                let offset = strides[i].wrapping_mul(place.index[a] as isize);
                place.at[i] = place.at[i].wrapping_offset(offset);
            }
        }
        place
    }

    /// The innermost axis.
    pub fn inner(&self) -> &(usize, Strides) {
        &self.axes[self.axes.len() - 1]
    }

    /// Moves `n` elements on; `n` must not go past the end of the innermost axis.
    pub fn advance(&self, place: &mut Place, n: usize) {
        let mut axis = self.axes.len() - 1;
        let mut steps = n;
        loop {
            let (length, strides) = &self.axes[axis];
            place.index[axis] += steps;
            for i in 0..self.operands {
                place.at[i] = place.at[i].wrapping_offset(strides[i].wrapping_mul(steps as isize));
            }
            if place.index[axis] < *length || axis == 0 {
                return;
            }
            // Back to the start of this axis, one step along the next one out.
            for i in 0..self.operands {
                let back = strides[i].wrapping_mul(*length as isize);
                place.at[i] = place.at[i].wrapping_offset(back.wrapping_neg());
            }
            place.index[axis] = 0;
            axis -= 1;
            steps = 1;
        }
    }
}

// SAFETY: a plan is addresses and numbers; who follows the addresses says why that is sound.
unsafe impl Sync for Plan {}

/// Where a walk stands: the index along each axis of the plan, and each operand's address there.
#[derive(Debug)]
pub struct Place {
    /// The index along each axis.
    pub index: SmallVec<[usize; 4]>,
    /// The address of each operand's element.
    pub at: [*mut u8; MAX_OPERANDS],
}

/// The shape that shapes broadcast to, as NumPy does: aligned at the last axis, an axis of length 1
/// stretched.
///
/// # Errors
/// The index of the shape that does not fit those before it, and the axis, counted from the last one.
pub fn broadcast<'a>(
    shapes: impl Iterator<Item = &'a [usize]>,
    into: &mut SmallVec<[usize; 4]>,
) -> Result<(), (usize, usize)> {
    for (operand, shape) in shapes.enumerate() {
        while into.len() < shape.len() {
            into.insert(0, 1);
        }
        let ahead = into.len() - shape.len();
        for (a, &n) in shape.iter().enumerate() {
            let have = &mut into[ahead + a];
            if *have == 1 {
                *have = n;
            } else if n != 1 && n != *have {
                return Err((operand, shape.len() - 1 - a));
            }
        }
    }
    Ok(())
}
