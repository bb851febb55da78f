//! Values known ahead, and what a lane operation makes of them: the definitions that interpreter and
//! machine code are held against.

use lanefn_kernels::lanes::{
    Dtype, Element,
    element::{FloatElement, IntegerElement, NumberElement},
    traced::{Operation, bits},
};

/// One element of any dtype, by its bits in the lowest bytes.
///
/// Equal values have equal bits: 0.0 and -0.0 are two values, and a NaN equals itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value {
    dtype: Dtype,
    bits: u64,
}

/// Calls a generic function for the type of a dtype.
macro_rules! by_dtype {
    ($dtype:expr, $f:ident $(, $arg:expr)*) => {
        match $dtype {
            Dtype::Bool => $f::<bool>($($arg),*),
            Dtype::I8 => $f::<i8>($($arg),*),
            Dtype::I16 => $f::<i16>($($arg),*),
            Dtype::I32 => $f::<i32>($($arg),*),
            Dtype::I64 => $f::<i64>($($arg),*),
            Dtype::U8 => $f::<u8>($($arg),*),
            Dtype::U16 => $f::<u16>($($arg),*),
            Dtype::U32 => $f::<u32>($($arg),*),
            Dtype::U64 => $f::<u64>($($arg),*),
            Dtype::F32 => $f::<f32>($($arg),*),
            Dtype::F64 => $f::<f64>($($arg),*),
        }
    };
}

impl Value {
    /// The value of an element.
    pub fn of<E: Element>(element: E) -> Value {
        Value { dtype: E::DTYPE, bits: bits(element) }
    }

    /// The value of these bits: those above the dtype's are dropped, and any bool but 0 is true.
    pub fn from_bits(dtype: Dtype, bits: u64) -> Value {
        let kept = bits & (u64::MAX >> (64 - 8 * dtype.size()));
        Value { dtype, bits: if dtype == Dtype::Bool { (kept != 0) as u64 } else { kept } }
    }

    /// Its dtype.
    pub fn dtype(self) -> Dtype {
        self.dtype
    }

    /// Its bits, in the lowest bytes.
    pub fn bits(self) -> u64 {
        self.bits
    }

    /// The element, if it is of this type.
    pub fn get<E: Element>(self) -> Option<E> {
        (self.dtype == E::DTYPE).then(|| self.read())
    }

    /// The element, which is of this type; of any other it is nobody's business which.
    fn read<E: Element>(self) -> E {
        let bits = Value::from_bits(E::DTYPE, self.bits).bits.to_le_bytes();
        // SAFETY: an element has at most 8 bytes and takes any bits, but for a bool, of which
        // `from_bits` made 0 or 1.
        unsafe { bits.as_ptr().cast::<E>().read_unaligned() }
    }

    /// As Rust's `as`, by [`Element::cast`].
    ///
    /// ```
    /// use lanefn_compiler::value::Value;
    /// use lanefn_kernels::lanes::Dtype;
    /// assert_eq!(Value::of(-1.5_f64).cast(Dtype::U8), Value::of(0_u8));
    /// ```
    pub fn cast(self, to: Dtype) -> Value {
        fn from<E: Element>(v: Value, to: Dtype) -> Value {
            fn into<F: Element>(v: Value, from: impl Fn(Value) -> Widest) -> Value {
                Value::of(match from(v) {
                    Widest::Bool(v) => v.cast::<F>(),
                    Widest::F32(v) => v.cast(),
                    Widest::F64(v) => v.cast(),
                    Widest::I(v) => v.cast(),
                    Widest::U(v) => v.cast(),
                })
            }
            let widest = |v: Value| match E::DTYPE {
                Dtype::Bool => Widest::Bool(v.read()),
                Dtype::F32 => Widest::F32(v.read()),
                Dtype::F64 => Widest::F64(v.read()),
                Dtype::U8 | Dtype::U16 | Dtype::U32 | Dtype::U64 => Widest::U(v.bits),
                _ => Widest::I(v.read::<E>().cast()),
            };
            by_dtype!(to, into, v, widest)
        }
        by_dtype!(self.dtype, from, self, to)
    }
}

enum Widest {
    Bool(bool),
    F32(f32),
    F64(f64),
    I(i64),
    U(u64),
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}:{}", self.dtype)
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        fn show<E: Element>(v: Value, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{:?}", v.read::<E>())
        }
        by_dtype!(self.dtype, show, *self, f)
    }
}

/// What an operation gives, of `dtype`, for arguments known ahead. `None` if there is no such operation
/// on arguments of these dtypes.
///
/// ```
/// use lanefn_compiler::value::{Value, apply};
/// use lanefn_kernels::lanes::{Dtype, traced::Operation};
/// let sum = apply(Operation::Add, Dtype::U8, &[Value::of(250_u8), Value::of(10_u8)]);
/// assert_eq!(sum, Some(Value::of(4_u8)));
/// ```
pub fn apply(operation: Operation, dtype: Dtype, args: &[Value]) -> Option<Value> {
    if !fits(operation, dtype, args.iter().map(|a| a.dtype)) {
        return None;
    }
    match operation {
        Operation::Select | Operation::Slow => {
            return Some(if args[0].bits != 0 { args[1] } else { args[2] });
        }
        Operation::Cast => return Some(args[0].cast(dtype)),
        Operation::ToBits | Operation::FromBits => {
            return Some(Value::from_bits(dtype, args[0].bits));
        }
        _ => {}
    }
    match args[0].dtype {
        Dtype::Bool => logic(operation, args),
        Dtype::F32 => float::<f32>(operation, args),
        Dtype::F64 => float::<f64>(operation, args),
        Dtype::I8 => integer::<i8>(operation, args),
        Dtype::I16 => integer::<i16>(operation, args),
        Dtype::I32 => integer::<i32>(operation, args),
        Dtype::I64 => integer::<i64>(operation, args),
        Dtype::U8 => integer::<u8>(operation, args),
        Dtype::U16 => integer::<u16>(operation, args),
        Dtype::U32 => integer::<u32>(operation, args),
        Dtype::U64 => integer::<u64>(operation, args),
    }
}

/// Whether there is such an operation: on arguments of these dtypes, giving this one.
pub fn fits(
    operation: Operation,
    dtype: Dtype,
    args: impl ExactSizeIterator<Item = Dtype> + Clone,
) -> bool {
    use Operation::*;
    if args.len() != operation.nin() {
        return false;
    }
    let float = |d: Dtype| matches!(d, Dtype::F32 | Dtype::F64);
    let first = args.clone().next().unwrap_or(Dtype::Bool);
    let alike = args.clone().all(|d| d == first);
    match operation {
        Eq | Ne => alike && dtype == Dtype::Bool,
        Lt | Le => alike && dtype == Dtype::Bool && first != Dtype::Bool,
        Select | Slow => first == Dtype::Bool && args.skip(1).all(|d| d == dtype),
        // A truth is made by a comparison.
        Cast => dtype != Dtype::Bool,
        ToBits => {
            (first == Dtype::F64 && dtype == Dtype::U64)
                || (first == Dtype::F32 && dtype == Dtype::U32)
        }
        FromBits => {
            (first == Dtype::U64 && dtype == Dtype::F64)
                || (first == Dtype::U32 && dtype == Dtype::F32)
        }
        And | Or | Xor | Not => alike && dtype == first && !float(first),
        Shl | Shr | CountOnes | LeadingZeros | TrailingZeros => {
            alike && dtype == first && !float(first) && first != Dtype::Bool
        }
        Sqrt | Fma | Floor | Ceil | Trunc | Rint | Copysign => {
            alike && dtype == first && float(first)
        }
        Add | Sub | Mul | Div | Rem | Neg | Abs | Minimum | Maximum | Fmin | Fmax => {
            alike && dtype == first && first != Dtype::Bool
        }
    }
}

fn logic(operation: Operation, args: &[Value]) -> Option<Value> {
    let a = args[0].bits != 0;
    let b = || args[1].bits != 0;
    Some(Value::of(match operation {
        Operation::And => a & b(),
        Operation::Or => a | b(),
        Operation::Xor | Operation::Ne => a ^ b(),
        Operation::Eq => a == b(),
        Operation::Not => !a,
        _ => return None,
    }))
}

fn number<T: NumberElement>(operation: Operation, args: &[Value]) -> Option<Value> {
    let a: T = args[0].read();
    let b = || args[1].read::<T>();
    Some(match operation {
        Operation::Add => Value::of(a.add(b())),
        Operation::Sub => Value::of(a.sub(b())),
        Operation::Mul => Value::of(a.mul(b())),
        Operation::Div => Value::of(a.div(b())),
        Operation::Rem => Value::of(a.rem(b())),
        Operation::Neg => Value::of(a.neg()),
        Operation::Abs => Value::of(a.abs()),
        Operation::Minimum => Value::of(a.minimum(b())),
        Operation::Maximum => Value::of(a.maximum(b())),
        Operation::Fmin => Value::of(a.fmin(b())),
        Operation::Fmax => Value::of(a.fmax(b())),
        Operation::Eq => Value::of(a == b()),
        Operation::Ne => Value::of(a != b()),
        Operation::Lt => Value::of(a < b()),
        Operation::Le => Value::of(a <= b()),
        _ => return None,
    })
}

fn float<T: FloatElement>(operation: Operation, args: &[Value]) -> Option<Value> {
    let a: T = args[0].read();
    Some(Value::of(match operation {
        Operation::Sqrt => a.sqrt(),
        Operation::Fma => a.fma(args[1].read(), args[2].read()),
        Operation::Floor => a.floor(),
        Operation::Ceil => a.ceil(),
        Operation::Trunc => a.trunc(),
        Operation::Rint => a.rint(),
        Operation::Copysign => a.copysign(args[1].read()),
        _ => return number::<T>(operation, args),
    }))
}

fn integer<T: IntegerElement>(operation: Operation, args: &[Value]) -> Option<Value> {
    let a: T = args[0].read();
    let b = || args[1].read::<T>();
    Some(Value::of(match operation {
        Operation::And => a.and(b()),
        Operation::Or => a.or(b()),
        Operation::Xor => a.xor(b()),
        Operation::Not => a.not(),
        Operation::Shl => a.shl(b()),
        Operation::Shr => a.shr(b()),
        Operation::CountOnes => a.count_ones(),
        Operation::LeadingZeros => a.leading_zeros(),
        Operation::TrailingZeros => a.trailing_zeros(),
        _ => return number::<T>(operation, args),
    }))
}
