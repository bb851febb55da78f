//! A shape whose lanes are nodes: running a kernel on them writes the kernel down.
//!
//! [`Recorder`] is the token: a borrowed tape. A [`Node`] is the number of a value on it. Operations
//! append to the region that is open; a loop opens one for its condition and one for its body, a slow
//! path opens one too.

use std::{
    cell::RefCell,
    marker::PhantomData,
    ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Rem, Sub},
};

use lanefn::kernels::lanes::{
    Carry, Dtype, Element, Float, Integer, Lane, Mask, Number, Shape, State, Turns, ZipLanes,
    element::{FloatElement, IntegerElement, NumberElement, Widened},
};

/// A value by its number.
pub type Id = usize;

/// A constant of any dtype.
#[derive(Clone, Copy)]
pub struct Value {
    pub dtype: Dtype,
    wide: Widened,
}

impl Value {
    pub fn of<E: Element>(element: E) -> Value {
        Value { dtype: E::DTYPE, wide: element.widen() }
    }

    pub fn get<E: Element>(self) -> E {
        assert_eq!(self.dtype, E::DTYPE, "a value is read as what it is");
        E::narrow(self.wide)
    }

    /// `self as E`.
    pub fn cast<E: Element>(self) -> Value {
        Value::of(E::narrow(self.wide))
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.wide {
            Widened::F(_) if self.dtype == Dtype::F32 => write!(f, "{:?}", self.get::<f32>()),
            Widened::F(v) => write!(f, "{v:?}"),
            Widened::U(v) if self.dtype == Dtype::Bool => write!(f, "{}", v != 0),
            Widened::I(v) => write!(f, "{v}"),
            Widened::U(v) => write!(f, "{v}"),
        }
    }
}

/// What a value is.
pub enum Op {
    Input(usize),
    Const(Value),
    /// An operation of the lane traits, by its name.
    Apply(&'static str, Vec<Id>),
    Lookup(Vec<Value>, Id),
    /// A loop's value: inside, of this turn; outside, of the last one.
    Carried,
}

/// One step of a region.
pub enum Step {
    Let(Id),
    While(Box<While>),
    /// The region is run if the mask holds in any lane.
    IfAny(Id, Region),
}

/// A masked loop: its carried values are the phis of its condition and body.
pub struct While {
    pub carried: Vec<Carried>,
    pub condition: Region,
    pub go: Id,
    pub body: Region,
}

pub struct Carried {
    /// Its name inside.
    pub phi: Id,
    pub first: Id,
    pub next: Id,
    /// Its name after the loop.
    pub after: Id,
}

pub type Region = Vec<Step>;

/// A kernel, written down.
pub struct Recording {
    pub ops: Vec<(Dtype, Op)>,
    pub steps: Region,
    pub outputs: Vec<Id>,
}

enum Open {
    Region,
    While { carried: Vec<Carried>, condition: Option<(Region, Id)>, nexts: usize, ended: bool },
    IfAny(Id),
}

/// What has been written so far.
pub struct Tape {
    ops: RefCell<Vec<(Dtype, Op)>>,
    open: RefCell<Vec<(Open, Region)>>,
    /// Loops that have ended and whose values are still to be taken out.
    ended: RefCell<Vec<(Vec<Carried>, usize)>>,
}

impl Tape {
    pub fn new() -> Tape {
        Tape {
            ops: RefCell::default(),
            open: RefCell::new(vec![(Open::Region, vec![])]),
            ended: RefCell::default(),
        }
    }

    pub fn recording(self, outputs: Vec<Id>) -> Recording {
        let mut open = self.open.into_inner();
        assert_eq!(open.len(), 1, "every region has been closed");
        let (_, steps) = open.pop().expect("there is one");
        Recording { ops: self.ops.into_inner(), steps, outputs }
    }

    fn define(&self, dtype: Dtype, op: Op) -> Id {
        let mut ops = self.ops.borrow_mut();
        ops.push((dtype, op));
        ops.len() - 1
    }

    fn step(&self, step: Step) {
        self.open.borrow_mut().last_mut().expect("a region is open").1.push(step);
    }

    pub fn append(&self, dtype: Dtype, op: Op) -> Id {
        let id = self.define(dtype, op);
        self.step(Step::Let(id));
        id
    }
}

/// The token: lanes that are written down.
#[derive(Clone, Copy)]
pub struct Recorder<'a>(pub &'a Tape);

/// A value of the recording.
pub struct Node<'a, T> {
    tape: &'a Tape,
    pub id: Id,
    element: PhantomData<T>,
}

impl<T> Clone for Node<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Node<'_, T> {}

impl<'a, T: Element> Node<'a, T> {
    pub fn new(tape: &'a Tape, id: Id) -> Self {
        Node { tape, id, element: PhantomData }
    }

    fn op<R: Element>(self, name: &'static str, others: &[Id]) -> Node<'a, R> {
        let mut args = vec![self.id];
        args.extend(others);
        Node::new(self.tape, self.tape.append(R::DTYPE, Op::Apply(name, args)))
    }
}

impl<'a> Shape for Recorder<'a> {
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
    type Turns<T: State<Self>> = RecordedTurns<'a, T>;

    fn turns<T: State<Self>>(self, state: T) -> RecordedTurns<'a, T> {
        let open = Open::While { carried: vec![], condition: None, nexts: 0, ended: false };
        self.0.open.borrow_mut().push((open, vec![]));
        let state = state.zip(state, &mut Pass(Carry::Enter));
        RecordedTurns { tape: self.0, state }
    }

    fn enter_slow(self, mask: Node<'a, bool>) -> bool {
        self.0.open.borrow_mut().push((Open::IfAny(mask.id), vec![]));
        true
    }

    fn leave_slow<T: State<Self>>(self, mask: Node<'a, bool>, slow: T, value: T) -> T {
        let (open, region) = self.0.open.borrow_mut().pop().expect("a region is open");
        let Open::IfAny(entered) = open else { panic!("what is left is what was entered") };
        assert_eq!(entered, mask.id, "it is left with the mask that it was entered with");
        self.0.step(Step::IfAny(mask.id, region));
        struct Choose<'a>(Node<'a, bool>);
        impl<'a> ZipLanes<Recorder<'a>> for Choose<'a> {
            fn zip<V: Lane<Shape = Recorder<'a>>>(&mut self, a: V, b: V) -> V {
                V::select(self.0, a, b)
            }
        }
        slow.zip(value, &mut Choose(mask))
    }
}

/// A step of a loop, for each of its values.
struct Pass(Carry);

impl<'a> ZipLanes<Recorder<'a>> for Pass {
    fn zip<V: Lane<Shape = Recorder<'a>>>(&mut self, a: V, _: V) -> V {
        a.carried(self.0)
    }
}

/// A loop that is being written down: its condition and its body, once each.
pub struct RecordedTurns<'a, T> {
    tape: &'a Tape,
    state: T,
}

impl<'a, T: State<Recorder<'a>>> Turns<Recorder<'a>, T> for RecordedTurns<'a, T> {
    fn state(&self) -> T {
        self.state
    }

    fn check(&mut self, go: Node<'a, bool>) -> bool {
        let mut open = self.tape.open.borrow_mut();
        let (Open::While { condition, .. }, region) = open.last_mut().expect("a loop is open")
        else {
            panic!("the innermost open region is the loop's");
        };
        assert!(condition.is_none(), "the condition is written once");
        *condition = Some((std::mem::take(region), go.id));
        true
    }

    fn next(&mut self, state: T) -> bool {
        state.zip(state, &mut Pass(Carry::Next));
        let mut open = self.tape.open.borrow_mut();
        let (Open::While { carried, nexts, ended, .. }, _) =
            open.last_mut().expect("a loop is open")
        else {
            panic!("the innermost open region is the loop's");
        };
        assert_eq!(*nexts, carried.len(), "every value goes round");
        *ended = true;
        false
    }

    fn finish(self) -> T {
        let (open, body) = self.tape.open.borrow_mut().pop().expect("a loop is open");
        let Open::While { carried, condition: Some((condition, go)), ended: true, .. } = open
        else {
            panic!("the loop has been written whole");
        };
        self.tape.ended.borrow_mut().push((carried, 0));
        let after = self.state.zip(self.state, &mut Pass(Carry::Leave));
        let (carried, _) = self.tape.ended.borrow_mut().pop().expect("it was just pushed");
        self.tape.step(Step::While(Box::new(While { carried, condition, go, body })));
        after
    }
}

impl<'a, T: Element> Lane for Node<'a, T> {
    type Shape = Recorder<'a>;
    type Elem = T;

    fn splat(s: Recorder<'a>, value: T) -> Self {
        Node::new(s.0, s.0.append(T::DTYPE, Op::Const(Value::of(value))))
    }

    fn select(mask: Node<'a, bool>, yes: Self, no: Self) -> Self {
        mask.op("select", &[yes.id, no.id])
    }

    fn eq(self, other: Self) -> Node<'a, bool> {
        self.op("eq", &[other.id])
    }

    fn ne(self, other: Self) -> Node<'a, bool> {
        self.op("ne", &[other.id])
    }

    fn lookup(table: &[T], index: Node<'a, u64>) -> Self {
        let table = table.iter().map(|e| Value::of(*e)).collect();
        Node::new(index.tape, index.tape.append(T::DTYPE, Op::Lookup(table, index.id)))
    }

    fn carried(self, step: Carry) -> Self {
        match step {
            Carry::Enter => {
                let phi = self.tape.define(T::DTYPE, Op::Carried);
                let mut open = self.tape.open.borrow_mut();
                let (Open::While { carried, .. }, _) = open.last_mut().expect("a loop is open")
                else {
                    panic!("only loops carry");
                };
                carried.push(Carried { phi, first: self.id, next: phi, after: phi });
                Node::new(self.tape, phi)
            }
            Carry::Next => {
                let mut open = self.tape.open.borrow_mut();
                let (Open::While { carried, nexts, .. }, _) =
                    open.last_mut().expect("a loop is open")
                else {
                    panic!("only loops carry");
                };
                carried[*nexts].next = self.id;
                *nexts += 1;
                self
            }
            Carry::Leave => {
                let after = self.tape.define(T::DTYPE, Op::Carried);
                let mut ended = self.tape.ended.borrow_mut();
                let (carried, n) = ended.last_mut().expect("a loop has ended");
                assert_eq!(
                    carried[*n].phi, self.id,
                    "values leave in the order that they entered in"
                );
                carried[*n].after = after;
                *n += 1;
                Node::new(self.tape, after)
            }
        }
    }

    fn to_f64(self) -> Node<'a, f64> {
        self.op("cast", &[])
    }
    fn to_f32(self) -> Node<'a, f32> {
        self.op("cast", &[])
    }
    fn to_i8(self) -> Node<'a, i8> {
        self.op("cast", &[])
    }
    fn to_i16(self) -> Node<'a, i16> {
        self.op("cast", &[])
    }
    fn to_i32(self) -> Node<'a, i32> {
        self.op("cast", &[])
    }
    fn to_i64(self) -> Node<'a, i64> {
        self.op("cast", &[])
    }
    fn to_u8(self) -> Node<'a, u8> {
        self.op("cast", &[])
    }
    fn to_u16(self) -> Node<'a, u16> {
        self.op("cast", &[])
    }
    fn to_u32(self) -> Node<'a, u32> {
        self.op("cast", &[])
    }
    fn to_u64(self) -> Node<'a, u64> {
        self.op("cast", &[])
    }
}

macro_rules! operators {
    ($bound:ident: $($trait:ident $method:ident $name:literal;)*) => {$(
        impl<'a, T: $bound> $trait for Node<'a, T> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                self.op($name, &[other.id])
            }
        }
    )*};
}
operators! {
    NumberElement: Add add "add"; Sub sub "sub"; Mul mul "mul"; Div div "div"; Rem rem "rem";
}
operators! {
    Element: BitAnd bitand "and"; BitOr bitor "or"; BitXor bitxor "xor";
}

impl<T: NumberElement> Neg for Node<'_, T> {
    type Output = Self;
    fn neg(self) -> Self {
        self.op("neg", &[])
    }
}

impl<T: Element> Not for Node<'_, T> {
    type Output = Self;
    fn not(self) -> Self {
        self.op("not", &[])
    }
}

impl Mask for Node<'_, bool> {}

impl<'a, T: NumberElement> Number for Node<'a, T> {
    fn lt(self, other: Self) -> Node<'a, bool> {
        self.op("lt", &[other.id])
    }
    fn le(self, other: Self) -> Node<'a, bool> {
        self.op("le", &[other.id])
    }
    fn minimum(self, other: Self) -> Self {
        self.op("minimum", &[other.id])
    }
    fn maximum(self, other: Self) -> Self {
        self.op("maximum", &[other.id])
    }
    fn fmin(self, other: Self) -> Self {
        self.op("fmin", &[other.id])
    }
    fn fmax(self, other: Self) -> Self {
        self.op("fmax", &[other.id])
    }
    fn abs(self) -> Self {
        self.op("abs", &[])
    }
}

impl<'a, T: FloatElement> Float for Node<'a, T> {
    type Bits = Node<'a, T::Bits>;
    fn sqrt(self) -> Self {
        self.op("sqrt", &[])
    }
    fn fma(self, b: Self, c: Self) -> Self {
        self.op("fma", &[b.id, c.id])
    }
    fn floor(self) -> Self {
        self.op("floor", &[])
    }
    fn ceil(self) -> Self {
        self.op("ceil", &[])
    }
    fn trunc(self) -> Self {
        self.op("trunc", &[])
    }
    fn rint(self) -> Self {
        self.op("rint", &[])
    }
    fn copysign(self, sign: Self) -> Self {
        self.op("copysign", &[sign.id])
    }
    fn to_bits(self) -> Node<'a, T::Bits> {
        self.op("to_bits", &[])
    }
    fn from_bits(bits: Node<'a, T::Bits>) -> Self {
        bits.op("from_bits", &[])
    }
}

impl<'a, T: IntegerElement> Integer for Node<'a, T> {
    type Unsigned = Node<'a, T::Unsigned>;
    fn shl(self, by: Self) -> Self {
        self.op("shl", &[by.id])
    }
    fn shr(self, by: Self) -> Self {
        self.op("shr", &[by.id])
    }
    fn count_ones(self) -> Self {
        self.op("count_ones", &[])
    }
    fn leading_zeros(self) -> Self {
        self.op("leading_zeros", &[])
    }
    fn trailing_zeros(self) -> Self {
        self.op("trailing_zeros", &[])
    }
}
