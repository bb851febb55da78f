//! What an operation means on one element: the definitions that every backend agrees with to the bit.

use super::{Lane, Shape};

/// The dtypes of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Dtype {
    /// One byte, 0 or 1.
    Bool,
    /// Signed, 8 bits.
    I8,
    /// Signed, 16 bits.
    I16,
    /// Signed, 32 bits.
    I32,
    /// Signed, 64 bits.
    I64,
    /// Unsigned, 8 bits.
    U8,
    /// Unsigned, 16 bits.
    U16,
    /// Unsigned, 32 bits.
    U32,
    /// Unsigned, 64 bits.
    U64,
    /// IEEE binary32.
    F32,
    /// IEEE binary64.
    F64,
}

impl Dtype {
    /// All of them.
    pub const ALL: [Dtype; 11] = [
        Dtype::Bool,
        Dtype::I8,
        Dtype::I16,
        Dtype::I32,
        Dtype::I64,
        Dtype::U8,
        Dtype::U16,
        Dtype::U32,
        Dtype::U64,
        Dtype::F32,
        Dtype::F64,
    ];

    /// Bytes of one element; also its alignment.
    pub const fn size(self) -> usize {
        match self {
            Dtype::Bool | Dtype::I8 | Dtype::U8 => 1,
            Dtype::I16 | Dtype::U16 => 2,
            Dtype::I32 | Dtype::U32 | Dtype::F32 => 4,
            Dtype::I64 | Dtype::U64 | Dtype::F64 => 8,
        }
    }

    /// NumPy's name.
    pub const fn name(self) -> &'static str {
        match self {
            Dtype::Bool => "bool",
            Dtype::I8 => "int8",
            Dtype::I16 => "int16",
            Dtype::I32 => "int32",
            Dtype::I64 => "int64",
            Dtype::U8 => "uint8",
            Dtype::U16 => "uint16",
            Dtype::U32 => "uint32",
            Dtype::U64 => "uint64",
            Dtype::F32 => "float32",
            Dtype::F64 => "float64",
        }
    }
}

impl core::fmt::Display for Dtype {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.name())
    }
}

/// An element type, and the lanes of it in any shape. Sealed: the dtypes of [`Dtype`].
pub trait Element:
    Copy + PartialEq + PartialOrd + core::fmt::Debug + Send + Sync + 'static
{
    /// Its dtype.
    const DTYPE: Dtype;
    /// Zero, or false.
    const ZERO: Self;
    /// Lanes of this element in the shape `S`.
    type Lane<S: Shape>: Lane<Shape = S, Elem = Self>;
}
macro_rules! elements { ($($t:ident $d:ident $z:expr;)*) => {$(impl Element for $t { const DTYPE: Dtype = Dtype::$d; const ZERO: Self = $z; type Lane<S: Shape> = S::$d; })*} }
elements! { f64 F64 0.0; f32 F32 0.0; i8 I8 0; i16 I16 0; i32 I32 0; i64 I64 0; u8 U8 0; u16 U16 0; u32 U32 0; u64 U64 0; }
impl Element for bool {
    const DTYPE: Dtype = Dtype::Bool;
    const ZERO: Self = false;
    type Lane<S: Shape> = S::Mask;
}
