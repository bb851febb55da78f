//! The types of the language, and what is known of each expression's type.
//!
//! The macro sees tokens, not types. It infers what it can by unification, as far as it has to: a
//! literal of a function of several dtypes needs its dtype's suffix, and a literal whose type nothing
//! decides gets Rust's default. What remains unknown (a helper's result, a constant's type) is left to
//! the compiler.

/// An element type, or a machine word, which is 64 bits wide in lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prim {
    F64,
    F32,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    Isize,
    Usize,
    Bool,
}

impl Prim {
    const ALL: [(Prim, &'static str, &'static str, u8); 13] = [
        (Prim::F64, "f64", "F64", 8),
        (Prim::F32, "f32", "F32", 4),
        (Prim::I8, "i8", "I8", 1),
        (Prim::I16, "i16", "I16", 2),
        (Prim::I32, "i32", "I32", 4),
        (Prim::I64, "i64", "I64", 8),
        (Prim::U8, "u8", "U8", 1),
        (Prim::U16, "u16", "U16", 2),
        (Prim::U32, "u32", "U32", 4),
        (Prim::U64, "u64", "U64", 8),
        (Prim::Isize, "isize", "I64", 8),
        (Prim::Usize, "usize", "U64", 8),
        (Prim::Bool, "bool", "Mask", 1),
    ];

    fn row(self) -> &'static (Prim, &'static str, &'static str, u8) {
        &Self::ALL[self as usize]
    }

    /// Rust's name.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// The name of the lanes among a shape's types.
    pub fn lane(self) -> &'static str {
        self.row().2
    }

    /// Bytes of one element.
    pub fn size(self) -> u8 {
        self.row().3
    }

    pub fn parse(name: &str) -> Option<Prim> {
        Self::ALL.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    pub fn is_float(self) -> bool {
        matches!(self, Prim::F64 | Prim::F32)
    }

    pub fn is_integer(self) -> bool {
        !self.is_float() && self != Prim::Bool
    }

    /// Whether an argument can have it.
    pub fn is_dtype(self) -> bool {
        !matches!(self, Prim::Isize | Prim::Usize)
    }

    pub fn unsigned(self) -> Prim {
        match self {
            Prim::I8 => Prim::U8,
            Prim::I16 => Prim::U16,
            Prim::I32 => Prim::U32,
            Prim::I64 => Prim::U64,
            Prim::Isize => Prim::Usize,
            other => other,
        }
    }

    pub fn bits(self) -> Prim {
        match self {
            Prim::F64 => Prim::U64,
            Prim::F32 => Prim::U32,
            other => other,
        }
    }
}

/// What is known of a type.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// Nothing.
    Nothing,
    /// An integer literal decides: `i32` if nothing else does.
    Int,
    /// A float literal decides: `f64` if nothing else does.
    Float,
    Prim(Prim),
    /// `()` has no parts.
    Tuple(Vec<Ty>),
}

/// A type, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ty(usize);

#[derive(Clone, Debug)]
struct Class {
    parent: usize,
    known: Known,
    /// The compiler knows more than the macro.
    opaque: bool,
    /// Bounds of a range: an integer, whatever the dtype.
    counts: bool,
}

/// All types of a function.
#[derive(Default)]
pub struct Types {
    classes: Vec<Class>,
}

impl Types {
    fn add(&mut self, known: Known, opaque: bool) -> Ty {
        let n = self.classes.len();
        self.classes.push(Class { parent: n, known, opaque, counts: false });
        Ty(n)
    }

    /// A type of which nothing is known yet.
    pub fn fresh(&mut self) -> Ty {
        self.add(Known::Nothing, false)
    }

    /// A type that the compiler knows and the macro doesn't.
    pub fn opaque(&mut self) -> Ty {
        self.add(Known::Nothing, true)
    }

    pub fn int(&mut self) -> Ty {
        self.add(Known::Int, false)
    }

    pub fn float(&mut self) -> Ty {
        self.add(Known::Float, false)
    }

    pub fn prim(&mut self, prim: Prim) -> Ty {
        self.add(Known::Prim(prim), false)
    }

    pub fn tuple(&mut self, parts: Vec<Ty>) -> Ty {
        self.add(Known::Tuple(parts), false)
    }

    pub fn unit(&mut self) -> Ty {
        self.tuple(vec![])
    }

    fn root(&self, ty: Ty) -> usize {
        let mut n = ty.0;
        while self.classes[n].parent != n {
            n = self.classes[n].parent;
        }
        n
    }

    pub fn known(&self, ty: Ty) -> &Known {
        &self.classes[self.root(ty)].known
    }

    pub fn is_opaque(&self, ty: Ty) -> bool {
        self.classes[self.root(ty)].opaque
    }

    pub fn is_count(&self, ty: Ty) -> bool {
        self.classes[self.root(ty)].counts
    }

    pub fn set_count(&mut self, ty: Ty) {
        let root = self.root(ty);
        self.classes[root].counts = true;
    }

    /// The element type, with Rust's default for literals that nothing else decides.
    pub fn decided(&self, ty: Ty) -> Option<Prim> {
        match self.known(ty) {
            Known::Prim(p) => Some(*p),
            Known::Int if !self.is_opaque(ty) => Some(Prim::I32),
            Known::Float if !self.is_opaque(ty) => Some(Prim::F64),
            _ => None,
        }
    }

    /// Makes two types one. A contradiction is left to the compiler, which sees it in the plain
    /// function.
    pub fn unify(&mut self, a: Ty, b: Ty) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        let (ka, kb) = (self.classes[a].known.clone(), self.classes[b].known.clone());
        let known = match (ka, kb) {
            (Known::Nothing, k) | (k, Known::Nothing) => k,
            (Known::Tuple(x), Known::Tuple(y)) => {
                if x.len() == y.len() {
                    for (x, y) in x.iter().zip(&y) {
                        self.unify(*x, *y);
                    }
                }
                Known::Tuple(x)
            }
            (Known::Prim(p), Known::Prim(q)) if p != q => return,
            (Known::Prim(p), _) | (_, Known::Prim(p)) => Known::Prim(p),
            (Known::Float, _) | (_, Known::Float) => Known::Float,
            (k, _) => k,
        };
        // Unifying the parts may have moved the roots.
        let (a, b) = (self.root(Ty(a)), self.root(Ty(b)));
        if a == b {
            return;
        }
        let (opaque, counts) = (self.classes[b].opaque, self.classes[b].counts);
        self.classes[b].parent = a;
        let class = &mut self.classes[a];
        class.known = known;
        class.opaque |= opaque;
        class.counts |= counts;
    }
}
