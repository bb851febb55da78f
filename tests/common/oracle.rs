//! What the front end's tests compare with: broadcasting and evaluation index by index, in plain Rust,
//! knowing nothing of the engine. And arrays that lie in memory in every way.
#![allow(dead_code, reason = "each test binary uses a part")]

use lanefn::kernels::lanes::{Dtype, Element};
use ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, IxDyn, Slice};
use proptest::prelude::*;

/// Runs `f` on a thread of its own: what does not end within half a minute is a failure.
#[track_caller]
pub fn ends(f: impl FnOnce() + Send + 'static) {
    let (tell, told) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        f();
        let _ = tell.send(());
    });
    if let Err(std::sync::mpsc::RecvTimeoutError::Timeout) =
        told.recv_timeout(std::time::Duration::from_secs(30))
    {
        panic!("it does not end");
    }
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// A well-mixed number for each number.
pub fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 31)).wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// An element as the weighing functions see it.
pub trait Value: Element + PartialEq {
    /// As a whole number, by Rust's `as`.
    fn whole(self) -> i64;
    /// An output of the sum `sum`.
    fn of(sum: i64) -> Self;
    /// Some value, special ones often.
    fn some(seed: u64) -> Self;
    /// The bits; one pattern for every NaN.
    fn bits(self) -> u64;
}

macro_rules! values {
    ($($t:ident $some:expr, $bits:expr;)+) => {$(
        impl Value for $t {
            fn whole(self) -> i64 { self as i64 }
            fn of(sum: i64) -> Self { sum as $t }
            fn some(seed: u64) -> Self {
                let some: fn(u64) -> $t = $some;
                some(mix(seed))
            }
            fn bits(self) -> u64 {
                let bits: fn($t) -> u64 = $bits;
                bits(self)
            }
        }
    )+};
}
const FLOATS: [f64; 12] = [
    0.0,
    -0.0,
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::MIN_POSITIVE,
    5e-324,
    9.3e18,
    -1e300,
    0.5,
    2.0,
    -1.5,
];
fn float(h: u64) -> f64 {
    if h.is_multiple_of(4) {
        FLOATS[(h >> 8) as usize % 12]
    } else {
        (h >> 40) as i32 as f64 / 64.0 - 1e5
    }
}
values! {
    f64 float, |v| if v.is_nan() { u64::MAX } else { v.to_bits() };
    f32 |h| float(h) as f32, |v| if v.is_nan() { u64::MAX } else { v.to_bits() as u64 };
    i8 |h| h as i8, |v| v as u64;
    i16 |h| h as i16, |v| v as u64;
    i32 |h| h as i32, |v| v as u64;
    i64 |h| h as i64, |v| v as u64;
    u8 |h| h as u8, |v| v as u64;
    u16 |h| h as u16, |v| v as u64;
    u32 |h| h as u32, |v| v as u64;
    u64 |h| h, |v| v;
}
impl Value for bool {
    fn whole(self) -> i64 {
        self as i64
    }
    fn of(sum: i64) -> Self {
        sum > 3
    }
    fn some(seed: u64) -> Self {
        mix(seed) & 1 == 1
    }
    fn bits(self) -> u64 {
        self as u64
    }
}

/// The element at an address, as a whole number. Any byte but 0 is true.
///
/// # Safety
/// The address is valid for reading.
pub unsafe fn read(dtype: Dtype, at: *const u8) -> i64 {
    macro_rules! read {
        ($($d:ident $t:ident)+) => {
            match dtype {
                // SAFETY: the caller's promise.
                Dtype::Bool => unsafe { (*at != 0) as i64 },
                // SAFETY: the caller's promise.
                $(Dtype::$d => unsafe { at.cast::<$t>().read_unaligned().whole() },)+
            }
        };
    }
    read! { I8 i8 I16 i16 I32 i32 I64 i64 U8 u8 U16 u16 U32 u32 U64 u64 F32 f32 F64 f64 }
}

/// The bytes of an output of the sum `sum`.
pub fn write(dtype: Dtype, sum: i64) -> Vec<u8> {
    macro_rules! write {
        ($($d:ident $t:ident)+) => {
            match dtype {
                Dtype::Bool => vec![bool::of(sum) as u8],
                $(Dtype::$d => $t::of(sum).to_ne_bytes().to_vec(),)+
            }
        };
    }
    write! { I8 i8 I16 i16 I32 i32 I64 i64 U8 u8 U16 u16 U32 u32 U64 u64 F32 f32 F64 f64 }
}

/// Every index of a shape, the last axis fastest.
pub fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for &n in shape {
        all = all
            .into_iter()
            .flat_map(|index: Vec<usize>| {
                (0..n).map(move |i| {
                    let mut longer = index.clone();
                    longer.push(i);
                    longer
                })
            })
            .collect();
    }
    all
}

/// The shape that shapes broadcast to, by NumPy's words: aligned at the end, each axis as long as the
/// one that is not 1.
pub fn together(shapes: &[Vec<usize>]) -> Option<Vec<usize>> {
    let ndim = shapes.iter().map(Vec::len).max().unwrap_or(0);
    (0..ndim)
        .map(|axis| {
            let mut length = 1;
            for shape in shapes {
                let missing = ndim - shape.len();
                if axis >= missing && shape[axis - missing] != 1 {
                    if length != 1 && length != shape[axis - missing] {
                        return None;
                    }
                    length = shape[axis - missing];
                }
            }
            Some(length)
        })
        .collect()
}

/// The index into an operand of shape `shape` for an index of what it broadcasts to.
pub fn pick(shape: &[usize], index: &[usize]) -> Vec<usize> {
    let missing = index.len() - shape.len();
    shape.iter().zip(&index[missing..]).map(|(&n, &i)| if n == 1 { 0 } else { i }).collect()
}

/// At most so many axes.
pub const AXES: usize = 5;

/// How an array lies in memory, and which axes of a common shape it has.
#[derive(Clone)]
pub struct Lay {
    /// Leading axes that it does not have.
    pub missing: usize,
    /// Axes of length 1.
    pub unit: [bool; AXES],
    /// Axes with stride 0.
    pub still: [bool; AXES],
    /// The axis with the smallest number lies outermost.
    pub order: [u8; AXES],
    /// Every so many elements; below 0 backwards.
    pub step: [i8; AXES],
    /// What its values come from.
    pub seed: u64,
}

impl std::fmt::Debug for Lay {
    /// On one line: a case has a dozen of them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Lay { missing, unit, still, order, step, seed } = self;
        write!(f, "missing {missing} unit {unit:?} still {still:?} order {order:?} ")?;
        write!(f, "step {step:?} seed {seed}")
    }
}

impl Lay {
    /// In C order, without gaps.
    pub fn plain(seed: u64) -> Lay {
        Lay {
            missing: 0,
            unit: [false; AXES],
            still: [false; AXES],
            order: [0, 1, 2, 3, 4],
            step: [1; AXES],
            seed,
        }
    }
}

fn step() -> impl Strategy<Value = [i8; AXES]> {
    let one = prop_oneof![6 => Just(1i8), 1 => Just(2), 1 => Just(-1), 1 => Just(-2), 1 => Just(3)];
    prop_oneof![2 => Just([1; AXES]), 3 => prop::array::uniform5(one)]
}

fn order() -> impl Strategy<Value = [u8; AXES]> {
    prop_oneof![
        3 => Just([0, 1, 2, 3, 4]),
        1 => Just([4, 3, 2, 1, 0]),
        2 => prop::array::uniform5(0u8..5),
    ]
}

fn seldom(times: u32) -> impl Strategy<Value = [bool; AXES]> {
    prop_oneof![
        3 => Just([false; AXES]),
        times => prop::array::uniform5(prop::bool::weighted(0.3)),
    ]
}

/// Any way for an input to lie.
pub fn input() -> impl Strategy<Value = Lay> {
    let missing = prop_oneof![4 => Just(0usize), 1 => 1..=AXES];
    (missing, seldom(2), seldom(1), order(), step(), any::<u64>()).prop_map(
        |(missing, unit, still, order, step, seed)| Lay { missing, unit, still, order, step, seed },
    )
}

/// Any way for an output to lie.
pub fn output() -> impl Strategy<Value = Lay> {
    (order(), step(), any::<u64>()).prop_map(|(order, step, seed)| Lay {
        order,
        step,
        ..Lay::plain(seed)
    })
}

/// Any common shape: 0 to 5 axes, some of length 0 or 1, sometimes a long row. At most some thousand
/// elements.
pub fn shape() -> impl Strategy<Value = Vec<usize>> {
    let axis = prop_oneof![1 => Just(0usize), 4 => Just(1), 20 => 2usize..5, 4 => 5usize..9];
    let long = prop_oneof![3 => Just(None), 1 => (60usize..70).prop_map(Some), 2 => (500usize..1100).prop_map(Some)];
    (prop::collection::vec(axis, 0..=AXES), long, 0..AXES).prop_map(|(mut shape, long, at)| {
        if let Some(long) = long
            && !shape.is_empty()
        {
            let at = at % shape.len();
            shape[at] = long;
        }
        while shape.iter().product::<usize>() > 6000 {
            let smallest = (0..shape.len())
                .filter(|&a| shape[a] > 1)
                .min_by_key(|&a| shape[a])
                .expect("an axis longer than 1");
            shape[smallest] = 1;
        }
        shape
    })
}

/// An array that lies as a [`Lay`] says, in memory that has more elements than it.
#[derive(Clone, Debug)]
pub struct Field<T> {
    pub memory: ArrayD<T>,
    shape: Vec<usize>,
    lay: Lay,
    /// The axes, outermost first.
    axes: Vec<usize>,
}

impl<T: Value> Field<T> {
    pub fn new(common: &[usize], lay: &Lay) -> Field<T> {
        let missing = lay.missing.min(common.len());
        let shape: Vec<usize> =
            (missing..common.len()).map(|a| if lay.unit[a] { 1 } else { common[a] }).collect();
        let mut axes: Vec<usize> = (0..shape.len()).collect();
        axes.sort_by_key(|&a| lay.order[a]);
        let memory: Vec<usize> = axes
            .iter()
            .map(|&a| match shape[a] {
                0 => 0,
                _ if lay.still[a] => 1,
                n => {
                    (n - 1) * lay.step[a].unsigned_abs() as usize + 1 + (lay.step[a] != 1) as usize
                }
            })
            .collect();
        let mut i = lay.seed;
        let memory = ArrayD::from_shape_simple_fn(IxDyn(&memory), || {
            i = i.wrapping_add(1);
            T::some(i)
        });
        Field { memory, shape, lay: lay.clone(), axes }
    }

    fn slice(&self, a: usize) -> Slice {
        let step = self.lay.step[a];
        let end = (self.shape[a] as isize - 1) * step.unsigned_abs() as isize + 1;
        Slice::new(0, Some(end), step as isize)
    }

    fn back(&self) -> Vec<usize> {
        let mut back = vec![0; self.axes.len()];
        for (place, &a) in self.axes.iter().enumerate() {
            back[a] = place;
        }
        back
    }

    fn is_still(&self, a: usize) -> bool {
        self.lay.still[a] && self.shape[a] != 0
    }

    pub fn view(&self) -> ArrayViewD<'_, T> {
        let spread: Vec<usize> = self
            .axes
            .iter()
            .zip(self.memory.shape())
            .map(|(&a, &n)| if self.is_still(a) { self.shape[a] } else { n })
            .collect();
        let mut view = self.memory.broadcast(spread).unwrap().permuted_axes(self.back());
        for a in (0..self.shape.len()).filter(|&a| self.shape[a] != 0 && !self.is_still(a)) {
            view.slice_axis_inplace(Axis(a), self.slice(a));
        }
        assert_eq!(view.shape(), self.shape);
        view
    }

    /// Of an array without still axes.
    pub fn view_mut(&mut self) -> ArrayViewMutD<'_, T> {
        let (back, shape) = (self.back(), self.shape.clone());
        let slices: Vec<Slice> = (0..shape.len()).map(|a| self.slice(a)).collect();
        let mut view = self.memory.view_mut().permuted_axes(back);
        for a in (0..shape.len()).filter(|&a| shape[a] != 0) {
            view.slice_axis_inplace(Axis(a), slices[a]);
        }
        assert_eq!(view.shape(), shape);
        view
    }

    /// All of its memory, gaps included, as bits.
    pub fn bits(&self) -> Vec<u64> {
        self.memory.iter().map(|v| v.bits()).collect()
    }
}
