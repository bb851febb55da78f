//! Graphs written with Rust's operators.

use std::{
    cell::RefCell,
    ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Shl, Shr, Sub},
};

use lanefn_kernels::lanes::Dtype;

use super::{Graph, Id};

/// A graph that is written with operators: [`Term`]s of it are numbers, and computing with them writes
/// down what would be computed.
///
/// ```
/// use lanefn_compiler::graph::Formula;
///
/// let f = Formula::new();
/// let x = f.input("x");
/// let y = x.gt(2).choose(x + 1, x - 1);
/// let graph = f.graph([y]);
/// assert_eq!(graph.inputs()[0].name, "x");
/// ```
#[derive(Debug, Default)]
pub struct Formula(RefCell<Graph>);

impl Formula {
    /// A formula without inputs.
    pub fn new() -> Formula {
        Formula::default()
    }

    /// The next input.
    pub fn input(&self, name: &str) -> Term<'_> {
        self.term(|g| g.input(name))
    }

    /// A number as it is written: of i64 or f64 where it meets nothing else.
    pub fn number<'a>(&'a self, value: impl Operand<'a>) -> Term<'a> {
        value.term(self)
    }

    /// A function by its name; [`Graph::typed`] says so if there is none.
    pub fn call(&self, name: &'static str, args: &[Term]) -> Term<'_> {
        let ids: Vec<Id> = args.iter().map(|t| self.own(*t)).collect();
        self.term(|g| g.call(name, &ids))
    }

    /// The graph that gives these terms.
    pub fn graph<'a>(&'a self, outputs: impl IntoIterator<Item = Term<'a>>) -> Graph {
        let mut graph = self.0.borrow().clone();
        for output in outputs {
            graph.output(self.own(output));
        }
        graph
    }

    fn term(&self, make: impl FnOnce(&mut Graph) -> Id) -> Term<'_> {
        Term { formula: self, id: make(&mut self.0.borrow_mut()) }
    }

    /// The node of a term of this formula.
    ///
    /// # Panics
    /// If it is another one's.
    fn own(&self, term: Term) -> Id {
        assert!(std::ptr::eq(self, term.formula), "terms of two formulas do not mix");
        term.id
    }
}

/// A value of a [`Formula`]. Operators are those of NumPy's arrays: `/` gives a fraction, `%` has the sign
/// of the divisor.
#[derive(Clone, Copy, Debug)]
pub struct Term<'a> {
    formula: &'a Formula,
    id: Id,
}

/// What stands beside an operator: a term or a number.
pub trait Operand<'a> {
    /// As a term of a formula.
    fn term(self, formula: &'a Formula) -> Term<'a>;
}

impl<'a> Operand<'a> for Term<'a> {
    fn term(self, _: &'a Formula) -> Term<'a> {
        self
    }
}

impl<'a> Operand<'a> for i64 {
    fn term(self, formula: &'a Formula) -> Term<'a> {
        formula.term(|g| g.int(self))
    }
}

impl<'a> Operand<'a> for f64 {
    fn term(self, formula: &'a Formula) -> Term<'a> {
        formula.term(|g| g.float(self))
    }
}

impl<'a> Operand<'a> for i32 {
    fn term(self, formula: &'a Formula) -> Term<'a> {
        i64::from(self).term(formula)
    }
}

impl<'a> Operand<'a> for bool {
    fn term(self, formula: &'a Formula) -> Term<'a> {
        formula.term(|g| g.lit(self))
    }
}

impl<'a> Term<'a> {
    fn with(self, name: &'static str, other: impl Operand<'a>) -> Term<'a> {
        self.formula.call(name, &[self, other.term(self.formula)])
    }

    /// `yes` where this is true, else `no`.
    pub fn choose(self, yes: impl Operand<'a>, no: impl Operand<'a>) -> Term<'a> {
        let f = self.formula;
        let (truth, yes, no) = (f.own(self), f.own(yes.term(f)), f.own(no.term(f)));
        f.term(|g| g.choose(truth, yes, no))
    }

    /// This as a dtype.
    pub fn to(self, dtype: Dtype) -> Term<'a> {
        self.formula.term(|g| g.convert(dtype, self.id))
    }

    /// A function of one input by its name.
    pub fn call(self, name: &'static str) -> Term<'a> {
        self.formula.call(name, &[self])
    }

    /// This to a power.
    pub fn pow(self, exponent: impl Operand<'a>) -> Term<'a> {
        self.with("pow", exponent)
    }
}

macro_rules! comparisons {
    ($($(#[$doc:meta])+ $method:ident $name:literal;)*) => {
        impl<'a> Term<'a> {$(
            $(#[$doc])+
            pub fn $method(self, other: impl Operand<'a>) -> Term<'a> {
                self.with($name, other)
            }
        )*}
    };
}
comparisons! {
    /// Less than.
    lt "less";
    /// Less than or equal.
    le "less_equal";
    /// Greater than.
    gt "greater";
    /// Greater than or equal.
    ge "greater_equal";
    /// Equal.
    eq "equal";
    /// Not equal.
    ne "not_equal";
    /// The smaller.
    min "minimum";
    /// The larger.
    max "maximum";
}

macro_rules! operators {
    ($($trait:ident $method:ident $name:literal;)*) => {$(
        impl<'a, O: Operand<'a>> $trait<O> for Term<'a> {
            type Output = Term<'a>;
            fn $method(self, other: O) -> Term<'a> {
                self.with($name, other)
            }
        }
        operators!(@number $trait $method i32);
        operators!(@number $trait $method i64);
        operators!(@number $trait $method f64);
    )*};
    (@number $trait:ident $method:ident $t:ident) => {
        impl<'a> $trait<Term<'a>> for $t {
            type Output = Term<'a>;
            fn $method(self, other: Term<'a>) -> Term<'a> {
                $trait::$method(Operand::term(self, other.formula), other)
            }
        }
    };
}
operators! {
    Add add "add"; Sub sub "subtract"; Mul mul "multiply"; Div div "divide"; Rem rem "remainder";
    BitAnd bitand "bitwise_and"; BitOr bitor "bitwise_or"; BitXor bitxor "bitwise_xor";
    Shl shl "left_shift"; Shr shr "right_shift";
}

impl<'a> Neg for Term<'a> {
    type Output = Term<'a>;
    fn neg(self) -> Term<'a> {
        self.call("negative")
    }
}

impl<'a> Not for Term<'a> {
    type Output = Term<'a>;
    fn not(self) -> Term<'a> {
        self.call("invert")
    }
}
