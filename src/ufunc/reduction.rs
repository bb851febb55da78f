//! What a binary function is when it goes along an axis.

use lanefn_kernels::{
    fold::Tree,
    lanes::{Dtype, Element},
};

use crate::dtype::{Kind, kind};

/// A number that most dtypes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// 0, or false.
    Zero,
    /// -0; 0 of integers.
    MinusZero,
    /// 1, or true.
    One,
    /// Every bit set; true.
    Ones,
    /// The least number: -infinity of floats.
    Lowest,
    /// The largest number: infinity of floats.
    Highest,
    /// NaN; of integers the least number.
    LowestOrNan,
    /// NaN; of integers the largest number.
    HighestOrNan,
    /// -infinity; the least number of integers.
    MinusInfinity,
}

impl Special {
    /// Its value in a dtype.
    pub fn value(self, dtype: Dtype) -> Scalar {
        macro_rules! integer {
            ($t:ty) => {
                Scalar::of(match self {
                    Special::Zero | Special::MinusZero => 0,
                    Special::One => 1,
                    Special::Ones => !0,
                    Special::Lowest | Special::LowestOrNan | Special::MinusInfinity => <$t>::MIN,
                    Special::Highest | Special::HighestOrNan => <$t>::MAX,
                })
            };
        }
        macro_rules! float {
            ($t:ty) => {
                Scalar::of::<$t>(match self {
                    Special::Zero => 0.0,
                    Special::MinusZero => -0.0,
                    Special::One => 1.0,
                    Special::Ones | Special::LowestOrNan | Special::HighestOrNan => <$t>::NAN,
                    Special::Lowest | Special::MinusInfinity => <$t>::NEG_INFINITY,
                    Special::Highest => <$t>::INFINITY,
                })
            };
        }
        match dtype {
            Dtype::Bool => Scalar::of(matches!(
                self,
                Special::One | Special::Ones | Special::Highest | Special::HighestOrNan
            )),
            Dtype::I8 => integer!(i8),
            Dtype::I16 => integer!(i16),
            Dtype::I32 => integer!(i32),
            Dtype::I64 => integer!(i64),
            Dtype::U8 => integer!(u8),
            Dtype::U16 => integer!(u16),
            Dtype::U32 => integer!(u32),
            Dtype::U64 => integer!(u64),
            Dtype::F32 => float!(f32),
            Dtype::F64 => float!(f64),
        }
    }
}

/// One element of any dtype.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar {
    dtype: Dtype,
    bytes: [u8; Dtype::MAX_SIZE],
}

impl Scalar {
    /// From a value.
    ///
    /// ```
    /// use lanefn::{dtype::Dtype, Scalar};
    /// assert_eq!(Scalar::of(2.5f64).dtype(), Dtype::F64);
    /// assert_eq!(Scalar::of(2.5f64).cast(Dtype::I32), Scalar::of(2i32));
    /// ```
    pub fn of<T: Element>(value: T) -> Scalar {
        let mut bytes = [0; Dtype::MAX_SIZE];
        // SAFETY: no element has more bytes; it is plain data without padding.
        unsafe {
            std::ptr::copy_nonoverlapping(
                (&raw const value).cast(),
                bytes.as_mut_ptr(),
                size_of::<T>(),
            );
        }
        Scalar { dtype: T::DTYPE, bytes }
    }

    /// The element at an address, which need not be aligned. A bool is true by any byte but 0.
    ///
    /// # Safety
    /// An element of this dtype can be read there.
    pub unsafe fn read(dtype: Dtype, at: *const u8) -> Scalar {
        let mut bytes = [0; Dtype::MAX_SIZE];
        // SAFETY: the caller's promise; no element has more bytes.
        unsafe { std::ptr::copy_nonoverlapping(at, bytes.as_mut_ptr(), dtype.size()) };
        if dtype == Dtype::Bool {
            bytes[0] = (bytes[0] != 0).into();
        }
        Scalar { dtype, bytes }
    }

    /// Its dtype.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// The value, if it is of this type.
    pub fn get<T: Element>(&self) -> Option<T> {
        // SAFETY: the bytes are those of a `T`.
        (T::DTYPE == self.dtype)
            .then(|| unsafe { self.bytes.as_ptr().cast::<T>().read_unaligned() })
    }

    /// The bytes of its element.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.dtype.size()]
    }

    /// In another dtype, as Rust's `as`.
    pub fn cast(&self, to: Dtype) -> Scalar {
        macro_rules! each {
            ($($d:ident $t:ty),*) => {
                match to { $(Dtype::$d => each!(@from $t)),* }
            };
            (@from $t:ty) => {
                match self.dtype {
                    Dtype::Bool => self.turn::<bool, $t>(),
                    Dtype::I8 => self.turn::<i8, $t>(),
                    Dtype::I16 => self.turn::<i16, $t>(),
                    Dtype::I32 => self.turn::<i32, $t>(),
                    Dtype::I64 => self.turn::<i64, $t>(),
                    Dtype::U8 => self.turn::<u8, $t>(),
                    Dtype::U16 => self.turn::<u16, $t>(),
                    Dtype::U32 => self.turn::<u32, $t>(),
                    Dtype::U64 => self.turn::<u64, $t>(),
                    Dtype::F32 => self.turn::<f32, $t>(),
                    Dtype::F64 => self.turn::<f64, $t>(),
                }
            };
        }
        each!(Bool bool, I8 i8, I16 i16, I32 i32, I64 i64, U8 u8, U16 u16, U32 u32, U64 u64, F32 f32, F64 f64)
    }

    fn turn<A: Element, B: Element>(&self) -> Scalar {
        Scalar::of(self.get::<A>().map_or(B::ZERO, Element::cast::<B>))
    }
}

/// In which order elements are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the first to the last: the only one for functions that are not associative.
    Sequence,
    /// The order of [`lanefn_kernels::fold`]'s trees for floats; any for integers.
    Tree,
    /// Any: the bits are the same.
    Any,
}

/// What a function `(T, T) -> T` is along an axis.
#[derive(Clone, Copy, Debug)]
pub struct Reduction {
    pub(crate) order: Order,
    pub(crate) trees: &'static [Tree],
    pub(crate) identity: Option<Special>,
    pub(crate) neutral: Option<Special>,
    pub(crate) widening: bool,
    pub(crate) truths: bool,
    pub(crate) settles: Option<bool>,
}

impl Reduction {
    /// One after the other, without an identity: what a function is of which nothing is known.
    pub const fn sequence() -> Reduction {
        Reduction {
            order: Order::Sequence,
            trees: &[],
            identity: None,
            neutral: None,
            widening: false,
            truths: false,
            settles: None,
        }
    }

    /// Associative but for rounding.
    pub const fn tree() -> Reduction {
        Reduction { order: Order::Tree, ..Reduction::sequence() }
    }

    /// Associative and commutative, to the bit.
    pub const fn any() -> Reduction {
        Reduction { order: Order::Any, ..Reduction::sequence() }
    }

    /// For some dtypes there are loops along contiguous runs.
    pub const fn along(self, trees: &'static [Tree]) -> Reduction {
        Reduction { trees, ..self }
    }

    /// What a reduction of no elements gives. It changes nothing when it is joined with an element.
    pub const fn identity(self, identity: Special) -> Reduction {
        Reduction { identity: Some(identity), neutral: Some(identity), ..self }
    }

    /// What changes nothing when it is joined with an element; it stands for elements that are masked out.
    pub const fn neutral(self, neutral: Special) -> Reduction {
        Reduction { neutral: Some(neutral), ..self }
    }

    /// Bools and integers of less than 64 bits are reduced in 64.
    pub const fn widening(self) -> Reduction {
        Reduction { widening: true, ..self }
    }

    /// Everything is reduced as bools.
    pub const fn truths(self) -> Reduction {
        Reduction { truths: true, ..self }
    }

    /// A truth that decides the result once one element has it.
    pub const fn settled_by(self, truth: bool) -> Reduction {
        Reduction { settles: Some(truth), ..self }
    }

    /// The dtype in which elements of this dtype are reduced unless another is asked for.
    pub(crate) fn dtype(&self, of: Dtype) -> Dtype {
        match kind(of) {
            _ if self.truths => Dtype::Bool,
            Kind::Bool | Kind::Signed if self.widening => Dtype::I64,
            Kind::Unsigned if self.widening => Dtype::U64,
            _ => of,
        }
    }

    /// The order for a dtype.
    pub(crate) fn order(&self, dtype: Dtype) -> Order {
        match self.order {
            Order::Tree if kind(dtype) != Kind::Float => Order::Any,
            order => order,
        }
    }
}
