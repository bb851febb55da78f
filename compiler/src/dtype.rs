//! Which dtypes stand for which: casting, promotion, and numbers written in the program.
//!
//! The rules are NumPy's (NEP 50): the dtype of a result follows from the dtypes of the inputs, and never
//! from their values. A literal (an `i64` or `f64` that stands for a Python `int` or `float`) is *weak*:
//! it takes the dtype of what it meets, as far as its kind allows.

pub use lanefn_kernels::lanes::Dtype;

/// NumPy's order of the dtypes, in which loops are looked up.
pub fn rank(dtype: Dtype) -> usize {
    match dtype {
        Dtype::Bool => 0,
        Dtype::I8 => 1,
        Dtype::U8 => 2,
        Dtype::I16 => 3,
        Dtype::U16 => 4,
        Dtype::I32 => 5,
        Dtype::U32 => 6,
        Dtype::I64 => 7,
        Dtype::U64 => 8,
        Dtype::F32 => 9,
        Dtype::F64 => 10,
    }
}

/// What a dtype is one of; a cast to a later kind keeps what kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// True or false.
    Bool,
    /// Integers without a sign.
    Unsigned,
    /// Integers with a sign.
    Signed,
    /// Floats.
    Float,
}

/// The kind of a dtype.
pub fn kind(dtype: Dtype) -> Kind {
    match dtype {
        Dtype::Bool => Kind::Bool,
        Dtype::U8 | Dtype::U16 | Dtype::U32 | Dtype::U64 => Kind::Unsigned,
        Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::I64 => Kind::Signed,
        Dtype::F32 | Dtype::F64 => Kind::Float,
    }
}

/// Which casts are allowed; each level allows what those before it do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Casting {
    /// None.
    No,
    /// Of the byte order alone. Operands here have the machine's, so this is as [`Casting::No`].
    Equiv,
    /// Those that keep every value; and those of 64-bit integers to f64, as in NumPy.
    Safe,
    /// Within a kind, and to a later one, such as f64 to f32 or i64 to f32.
    #[default]
    SameKind,
    /// All.
    Unsafe,
}

impl Casting {
    /// NumPy's name.
    pub const fn name(self) -> &'static str {
        match self {
            Casting::No => "no",
            Casting::Equiv => "equiv",
            Casting::Safe => "safe",
            Casting::SameKind => "same_kind",
            Casting::Unsafe => "unsafe",
        }
    }

    /// The level of this name.
    pub fn from_name(name: &str) -> Option<Casting> {
        [Casting::No, Casting::Equiv, Casting::Safe, Casting::SameKind, Casting::Unsafe]
            .into_iter()
            .find(|c| c.name() == name)
    }
}

impl std::fmt::Display for Casting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Whether a cast is allowed.
///
/// ```
/// use lanefn_compiler::dtype::{can_cast, Casting, Dtype};
/// assert!(can_cast(Dtype::I32, Dtype::F64, Casting::Safe));
/// assert!(!can_cast(Dtype::I32, Dtype::F32, Casting::Safe));
/// assert!(can_cast(Dtype::F64, Dtype::F32, Casting::SameKind));
/// assert!(!can_cast(Dtype::F64, Dtype::I64, Casting::SameKind));
/// ```
pub fn can_cast(from: Dtype, to: Dtype, casting: Casting) -> bool {
    if from == to {
        return true;
    }
    let (f, t) = (kind(from), kind(to));
    match casting {
        Casting::No | Casting::Equiv => false,
        Casting::Unsafe => true,
        Casting::SameKind => f <= t,
        Casting::Safe => match (f, t) {
            (Kind::Bool, _) => true,
            (_, Kind::Bool) => false,
            (Kind::Signed, Kind::Unsigned) | (Kind::Float, Kind::Signed | Kind::Unsigned) => false,
            (Kind::Unsigned, Kind::Signed) => to.size() > from.size(),
            (Kind::Signed | Kind::Unsigned, Kind::Float) => {
                to.size() > from.size() || to.size() == 8
            }
            _ => to.size() >= from.size(),
        },
    }
}

/// The least dtype to which both cast safely.
///
/// ```
/// use lanefn_compiler::dtype::{promote, Dtype};
/// assert_eq!(promote(Dtype::U8, Dtype::I8), Dtype::I16);
/// assert_eq!(promote(Dtype::U64, Dtype::I8), Dtype::F64);
/// assert_eq!(promote(Dtype::I32, Dtype::F32), Dtype::F64);
/// ```
pub fn promote(a: Dtype, b: Dtype) -> Dtype {
    let fits = |to: &Dtype| can_cast(a, *to, Casting::Safe) && can_cast(b, *to, Casting::Safe);
    Dtype::ALL.into_iter().filter(fits).min_by_key(|&d| rank(d)).unwrap_or(Dtype::F64)
}

/// The type of an operand: a dtype, or a number written in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// An array's dtype.
    Is(Dtype),
    /// A whole number: takes any dtype of numbers that it meets, and is i64 where it meets none.
    Int,
    /// A number with a fraction: takes any dtype of floats that it meets, and is f64 where it meets none.
    Float,
}

impl From<Dtype> for Type {
    fn from(dtype: Dtype) -> Type {
        Type::Is(dtype)
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Type::Is(dtype) => dtype.name(),
            Type::Int => "int",
            Type::Float => "float",
        })
    }
}

/// The latest kind among the dtypes; [`Kind::Bool`] if there is none.
pub fn strongest(types: &[Type]) -> Kind {
    let kinds = types.iter().filter_map(|t| match t {
        Type::Is(d) => Some(kind(*d)),
        _ => None,
    });
    kinds.max().unwrap_or(Kind::Bool)
}

/// Whether an operand may become this dtype without being asked: a dtype by a safe cast, a literal if
/// that is of its kind. `strongest` is that of all operands: where a literal meets nothing of its kind or
/// a later one, it is i64 or f64.
pub fn becomes(operand: Type, dtype: Dtype, strongest: Kind) -> bool {
    match operand {
        Type::Is(d) => can_cast(d, dtype, Casting::Safe),
        Type::Int if strongest == Kind::Bool => can_cast(Dtype::I64, dtype, Casting::Safe),
        Type::Int => dtype != Dtype::Bool,
        Type::Float if strongest < Kind::Float => can_cast(Dtype::F64, dtype, Casting::Safe),
        Type::Float => kind(dtype) == Kind::Float,
    }
}

/// The dtype in which operands of these types meet.
///
/// ```
/// use lanefn_compiler::dtype::{result_type, Dtype, Type};
/// assert_eq!(result_type(&[Type::Is(Dtype::I8), Type::Int]), Dtype::I8);
/// assert_eq!(result_type(&[Type::Is(Dtype::I8), Type::Float]), Dtype::F64);
/// assert_eq!(result_type(&[Type::Is(Dtype::F32), Type::Float]), Dtype::F32);
/// ```
pub fn result_type(types: &[Type]) -> Dtype {
    let strongest = strongest(types);
    let fits = |to: &Dtype| types.iter().all(|t| becomes(*t, *to, strongest));
    Dtype::ALL.into_iter().filter(fits).min_by_key(|&d| rank(d)).unwrap_or(Dtype::F64)
}
