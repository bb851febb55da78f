//! Lanes that are written down: running a kernel on them gives its graph.
//!
//! [`Traced`] is the token: something that records. A [`Node`] is the name that the recorder gave to a
//! value. The operations are few and have fixed meanings, those of [`element`](super::element); what a
//! recorder makes of them is its own affair.

use core::marker::PhantomData;
use core::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Sub};

use super::element::{Element, FloatElement, IntegerElement, NumberElement};
use super::{Carry, Dtype, Float, Integer, Lane, Mask, Number, Shape, State, Turns, ZipLanes};

macro_rules! operations {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal $text:literal $nin:literal;)*) => {
        /// The operations of lanes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Operation {$(
            $(#[doc = $doc])+
            $name = $code,
        )*}

        impl Operation {
            /// All of them.
            pub const ALL: &'static [Operation] = &[$(Operation::$name),*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Operation::$name => $text),* }
            }

            /// The number of its arguments.
            pub const fn nin(self) -> usize {
                match self { $(Operation::$name => $nin),* }
            }
        }
    };
}
operations! {
    /// The sum; integers wrap.
    Add = 0 "add" 2;
    /// The difference; integers wrap.
    Sub = 1 "sub" 2;
    /// The product; integers wrap.
    Mul = 2 "mul" 2;
    /// The quotient: of integers truncated, and 0 if the divisor is.
    Div = 3 "div" 2;
    /// The remainder, with the sign of the dividend; of an integer 0 if the divisor is.
    Rem = 4 "rem" 2;
    /// The negative; integers wrap.
    Neg = 5 "neg" 1;
    /// The absolute value; the lowest integer stays itself.
    Abs = 6 "abs" 1;
    /// The smaller; NaN if either is.
    Minimum = 7 "minimum" 2;
    /// The larger; NaN if either is.
    Maximum = 8 "maximum" 2;
    /// The smaller; the other one where one is NaN.
    Fmin = 9 "fmin" 2;
    /// The larger; the other one where one is NaN.
    Fmax = 10 "fmax" 2;
    /// Equality: a truth.
    Eq = 11 "eq" 2;
    /// Inequality: a truth.
    Ne = 12 "ne" 2;
    /// Less than: a truth.
    Lt = 13 "lt" 2;
    /// Less than or equal: a truth.
    Le = 14 "le" 2;
    /// The second argument where the first, a truth, holds; elsewhere the third.
    Select = 15 "select" 3;
    /// As [`Operation::Select`]; the second argument is dear and the truth rare, so that one who finds
    /// it true nowhere need not compute that.
    Slow = 16 "slow" 3;
    /// Both bits, or both truths.
    And = 17 "and" 2;
    /// Either bit, or truth.
    Or = 18 "or" 2;
    /// One of the bits, or truths.
    Xor = 19 "xor" 2;
    /// The opposite bits, or truth.
    Not = 20 "not" 1;
    /// Shift left; 0 for an amount outside `0..bits`.
    Shl = 21 "shl" 2;
    /// Shift right, keeping the sign; what a shift by all bits leaves for an amount outside `0..bits`.
    Shr = 22 "shr" 2;
    /// The number of one bits.
    CountOnes = 23 "count_ones" 1;
    /// The number of zero bits above the highest one.
    LeadingZeros = 24 "leading_zeros" 1;
    /// The number of zero bits below the lowest one.
    TrailingZeros = 25 "trailing_zeros" 1;
    /// The square root.
    Sqrt = 26 "sqrt" 1;
    /// The first times the second plus the third, rounded once.
    Fma = 27 "fma" 3;
    /// The largest whole number not above.
    Floor = 28 "floor" 1;
    /// The smallest whole number not below.
    Ceil = 29 "ceil" 1;
    /// The whole number next towards zero.
    Trunc = 30 "trunc" 1;
    /// The nearest whole number, halves to even.
    Rint = 31 "rint" 1;
    /// The magnitude of the first with the sign of the second.
    Copysign = 32 "copysign" 2;
    /// The bits of a float, as an unsigned integer.
    ToBits = 33 "to_bits" 1;
    /// The float of these bits.
    FromBits = 34 "from_bits" 1;
    /// The value as another dtype, by [`Element::cast`].
    Cast = 35 "cast" 1;
}

/// The name that a recorder gave to a value.
pub type Id = u32;

/// What writes a kernel down.
pub trait Record {
    /// A constant, by its bits in the lowest bytes.
    fn constant(&self, dtype: Dtype, bits: u64) -> Id;
    /// An operation that gives `dtype`.
    fn apply(&self, operation: Operation, dtype: Dtype, args: &[Id]) -> Id;
    /// `table[min(index, table.len() - 1)]`, the entries as for a constant; 0 if there are none. The index is of
    /// u64, or of u32 for up to sixteen entries of four bytes.
    fn lookup(&self, dtype: Dtype, table: &[u64], index: Id) -> Id;
    /// A loop begins. The values that it carries are named next.
    fn begin_loop(&self);
    /// A value that goes round the innermost loop: the name of it inside.
    fn enter(&self, first: Id) -> Id;
    /// The condition to go on, on the values inside.
    fn condition(&self, go: Id);
    /// What the body makes of a carried value: one call for each, in the order in which they entered.
    fn next(&self, value: Id);
    /// The innermost loop ends. Its values are asked for next.
    fn end_loop(&self);
    /// The value after the loop that ended last, of one that was inside: in the order in which they entered.
    fn leave(&self, inside: Id) -> Id;
}

/// The token: lanes that are written down.
#[derive(Clone, Copy)]
pub struct Traced<'a>(&'a dyn Record);

impl<'a> Traced<'a> {
    /// Lanes that are written down by a recorder.
    pub fn new(record: &'a dyn Record) -> Traced<'a> {
        Traced(record)
    }
}

/// A value that is written down.
pub struct Node<'a, T> {
    record: &'a dyn Record,
    id: Id,
    element: PhantomData<T>,
}

impl<T> Clone for Node<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Node<'_, T> {}

impl<'a, T: Element> Node<'a, T> {
    pub(crate) fn new(s: Traced<'a>, id: Id) -> Self {
        Node { record: s.0, id, element: PhantomData }
    }

    pub(crate) fn id(self) -> Id {
        self.id
    }

    fn op<R: Element>(self, operation: Operation, others: &[Id]) -> Node<'a, R> {
        let mut args = [self.id; 3];
        args[1..=others.len()].copy_from_slice(others);
        let id = self.record.apply(operation, R::DTYPE, &args[..=others.len()]);
        Node { record: self.record, id, element: PhantomData }
    }
}

impl<'a> Shape for Traced<'a> {
    type Mask = Node<'a, bool>;
    type F64 = Node<'a, f64>;
    type F32 = Node<'a, f32>;
    type I8 = Node<'a, i8>;
    type I16 = Node<'a, i16>;
    type I32 = Node<'a, i32>;
    type I64 = Node<'a, i64>;
    type U8 = Node<'a, u8>;
    type U16 = Node<'a, u16>;
    type U32 = Node<'a, u32>;
    type U64 = Node<'a, u64>;
    type Turns<T: State<Self>> = TracedTurns<'a, T>;

    fn turns<T: State<Self>>(self, state: T) -> TracedTurns<'a, T> {
        self.0.begin_loop();
        TracedTurns { record: self.0, state: state.zip(state, &mut Pass(Carry::Enter)) }
    }

    fn sixteenth(self, table: &'static [f32; 16], index: Node<'a, u32>) -> Node<'a, f32> {
        let index = index & Node::splat(self, 15);
        Node::new(self, self.0.lookup(Dtype::F32, &table.map(bits), index.id))
    }

    fn enter_slow(self, _: Node<'a, bool>) -> bool {
        true
    }

    fn leave_slow<T: State<Self>>(self, mask: Node<'a, bool>, slow: T, value: T) -> T {
        struct Choose<'a>(Node<'a, bool>);
        impl<'a> ZipLanes<Traced<'a>> for Choose<'a> {
            fn zip<V: Lane<Shape = Traced<'a>>>(&mut self, a: V, b: V) -> V {
                V::slow(self.0, a, b)
            }
        }
        slow.zip(value, &mut Choose(mask))
    }
}

/// A step of a loop, for each of its values.
struct Pass(Carry);

impl<'a> ZipLanes<Traced<'a>> for Pass {
    fn zip<V: Lane<Shape = Traced<'a>>>(&mut self, a: V, _: V) -> V {
        a.carried(self.0)
    }
}

/// A loop that is being written down: its condition and its body, once each.
pub struct TracedTurns<'a, T> {
    record: &'a dyn Record,
    state: T,
}

impl<'a, T: State<Traced<'a>>> Turns<Traced<'a>, T> for TracedTurns<'a, T> {
    fn state(&self) -> T {
        self.state
    }

    fn check(&mut self, go: Node<'a, bool>) -> bool {
        self.record.condition(go.id);
        true
    }

    fn next(&mut self, state: T) -> bool {
        state.zip(state, &mut Pass(Carry::Next));
        false
    }

    fn finish(self) -> T {
        self.record.end_loop();
        self.state.zip(self.state, &mut Pass(Carry::Leave))
    }
}

/// The bits of an element in the lowest bytes.
pub fn bits<T: Element>(value: T) -> u64 {
    let mut bytes = [0; 8];
    // SAFETY: an element is plain bits of at most 8 bytes.
    unsafe { (&raw mut bytes).cast::<T>().write_unaligned(value) };
    u64::from_le_bytes(bytes)
}

impl<'a, T: Element> Lane for Node<'a, T> {
    type Shape = Traced<'a>;
    type Elem = T;

    fn splat(s: Traced<'a>, value: T) -> Self {
        Node::new(s, s.0.constant(T::DTYPE, bits(value)))
    }

    fn select(mask: Node<'a, bool>, yes: Self, no: Self) -> Self {
        mask.op(Operation::Select, &[yes.id, no.id])
    }

    fn slow(mask: Node<'a, bool>, slow: Self, value: Self) -> Self {
        mask.op(Operation::Slow, &[slow.id, value.id])
    }

    fn eq(self, other: Self) -> Node<'a, bool> {
        self.op(Operation::Eq, &[other.id])
    }

    fn ne(self, other: Self) -> Node<'a, bool> {
        self.op(Operation::Ne, &[other.id])
    }

    fn lookup(table: &[T], index: Node<'a, u64>) -> Self {
        // No closure, and no allocation without need: tables are small.
        let mut all = std::vec::Vec::with_capacity(table.len());
        for &entry in table {
            all.push(bits(entry));
        }
        let s = Traced(index.record);
        Node::new(s, s.0.lookup(T::DTYPE, &all, index.id))
    }

    fn carried(self, step: Carry) -> Self {
        let s = Traced(self.record);
        match step {
            Carry::Enter => Node::new(s, s.0.enter(self.id)),
            Carry::Next => {
                s.0.next(self.id);
                self
            }
            Carry::Leave => Node::new(s, s.0.leave(self.id)),
        }
    }

    fn to_f64(self) -> Node<'a, f64> {
        self.op(Operation::Cast, &[])
    }
    fn to_f32(self) -> Node<'a, f32> {
        self.op(Operation::Cast, &[])
    }
    fn to_i8(self) -> Node<'a, i8> {
        self.op(Operation::Cast, &[])
    }
    fn to_i16(self) -> Node<'a, i16> {
        self.op(Operation::Cast, &[])
    }
    fn to_i32(self) -> Node<'a, i32> {
        self.op(Operation::Cast, &[])
    }
    fn to_i64(self) -> Node<'a, i64> {
        self.op(Operation::Cast, &[])
    }
    fn to_u8(self) -> Node<'a, u8> {
        self.op(Operation::Cast, &[])
    }
    fn to_u16(self) -> Node<'a, u16> {
        self.op(Operation::Cast, &[])
    }
    fn to_u32(self) -> Node<'a, u32> {
        self.op(Operation::Cast, &[])
    }
    fn to_u64(self) -> Node<'a, u64> {
        self.op(Operation::Cast, &[])
    }
}

macro_rules! operators {
    ($bound:ident: $($trait:ident $method:ident $operation:ident;)*) => {$(
        impl<'a, T: $bound> $trait for Node<'a, T> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                self.op(Operation::$operation, &[other.id])
            }
        }
    )*};
}
operators! {
    NumberElement: Add add Add; Sub sub Sub; Mul mul Mul; Div div Div; Rem rem Rem;
}
operators! {
    Element: BitAnd bitand And; BitOr bitor Or; BitXor bitxor Xor;
}

impl<T: NumberElement> Neg for Node<'_, T> {
    type Output = Self;
    fn neg(self) -> Self {
        self.op(Operation::Neg, &[])
    }
}

impl<T: Element> Not for Node<'_, T> {
    type Output = Self;
    fn not(self) -> Self {
        self.op(Operation::Not, &[])
    }
}

impl Mask for Node<'_, bool> {}

macro_rules! methods {
    ($($method:ident($($other:ident)?) $operation:ident;)*) => {$(
        fn $method(self $(, $other: Self)?) -> Self {
            self.op(Operation::$operation, &[$($other.id)?])
        }
    )*};
}

impl<'a, T: NumberElement> Number for Node<'a, T> {
    fn lt(self, other: Self) -> Node<'a, bool> {
        self.op(Operation::Lt, &[other.id])
    }
    fn le(self, other: Self) -> Node<'a, bool> {
        self.op(Operation::Le, &[other.id])
    }
    methods! {
        minimum(b) Minimum; maximum(b) Maximum; fmin(b) Fmin; fmax(b) Fmax; abs() Abs;
    }
}

impl<'a, T: FloatElement> Float for Node<'a, T> {
    type Bits = Node<'a, T::Bits>;
    fn fma(self, b: Self, c: Self) -> Self {
        self.op(Operation::Fma, &[b.id, c.id])
    }
    fn to_bits(self) -> Node<'a, T::Bits> {
        self.op(Operation::ToBits, &[])
    }
    fn from_bits(bits: Node<'a, T::Bits>) -> Self {
        bits.op(Operation::FromBits, &[])
    }
    methods! {
        sqrt() Sqrt; floor() Floor; ceil() Ceil; trunc() Trunc; rint() Rint; copysign(sign) Copysign;
    }
}

impl<'a, T: IntegerElement> Integer for Node<'a, T> {
    type Unsigned = Node<'a, T::Unsigned>;
    methods! {
        shl(by) Shl; shr(by) Shr; count_ones() CountOnes; leading_zeros() LeadingZeros;
        trailing_zeros() TrailingZeros;
    }
}
