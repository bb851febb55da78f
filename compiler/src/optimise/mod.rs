//! Rewrites that keep every bit (of a NaN: that it is one).
//!
//! They are made while a graph is written, node by node, so that what they leave is shared with what is
//! there; but for [`choices`], which must know what else reads a node. Never rewritten: `x + 0` and `x * 0`
//! (signs, infinities), `x - x` (NaN), the order of sums.

pub(crate) mod choices;

use lanefn_kernels::lanes::{Dtype, traced::Operation};
use smallvec::SmallVec;

use crate::{
    graph::{Graph, Id, Op},
    value::{self, Value},
};

/// A node that has what this operation would give, if one can be told: an argument, a constant, or the
/// node of a cheaper operation.
pub(crate) fn simplify(
    graph: &mut Graph,
    operation: Operation,
    dtype: Dtype,
    args: &[Id],
) -> Option<Id> {
    use Operation::*;
    let known: SmallVec<[Option<Value>; 3]> = args.iter().map(|&a| graph.value(a)).collect();
    if known.iter().all(Option::is_some) {
        let values: SmallVec<[Value; 3]> = known.into_iter().flatten().collect();
        return value::apply(operation, dtype, &values).map(|v| graph.constant(v));
    }
    let is_float = matches!(dtype, Dtype::F32 | Dtype::F64);
    let number = |v: f64| Some(Value::of(v).cast(dtype));
    let inner = |graph: &Graph, id: Id, of: Operation| match graph.node(id).op {
        Op::Apply(o) if o == of => Some(graph.node(id).args[0]),
        _ => None,
    };
    match operation {
        // Constants second, else in an order of their own: sums and products are one node either way.
        Add | Mul | And | Or | Xor | Eq | Ne => {
            let swap = match (known[0].is_some(), known[1].is_some()) {
                (true, false) => true,
                (false, false) => graph.order(args[0], args[1]).is_gt(),
                _ => false,
            };
            if swap {
                return Some(graph.apply(operation, dtype, &[args[1], args[0]]));
            }
        }
        _ => {}
    }
    match operation {
        Mul | Div if dtype != Dtype::Bool && known[1] == number(1.0) => Some(args[0]),
        Mul if is_float && known[1] == number(2.0) => {
            Some(graph.apply(Add, dtype, &[args[0], args[0]]))
        }
        Add | Sub if !is_float && known[1].is_some_and(|v| v.bits() == 0) => Some(args[0]),
        Mul if !is_float && known[1].is_some_and(|v| v.bits() == 0) => Some(args[1]),
        // A power of two whose inverse is a normal number.
        Div if is_float => {
            let inverse = known[1].and_then(|v| inverse_of_power_of_two(v, dtype))?;
            let inverse = graph.constant(inverse);
            Some(graph.apply(Mul, dtype, &[args[0], inverse]))
        }
        Sub if is_float => {
            let negative = value::apply(Neg, dtype, &[known[1]?])?;
            let negative = graph.constant(negative);
            Some(graph.apply(Add, dtype, &[args[0], negative]))
        }
        Neg => inner(graph, args[0], Neg),
        Not => inner(graph, args[0], Not),
        Abs => inner(graph, args[0], Abs).map(|_| args[0]),
        And | Or if args[0] == args[1] => Some(args[0]),
        And | Or if dtype == Dtype::Bool => {
            let known = known[1]?.bits() != 0;
            Some(if known == (operation == And) { args[0] } else { args[1] })
        }
        Eq | Ne if graph.dtype(args[0]) == Some(Dtype::Bool) => {
            let known = known[1]?.bits() != 0;
            if known == (operation == Eq) {
                Some(args[0])
            } else {
                Some(graph.apply(Not, dtype, &[args[0]]))
            }
        }
        Select | Slow => {
            if args[1] == args[2] {
                return Some(args[1]);
            }
            if let Some(truth) = known[0] {
                return Some(args[if truth.bits() != 0 { 1 } else { 2 }]);
            }
            if operation == Select
                && let Some(opposite) = inner(graph, args[0], Not)
            {
                return Some(graph.apply(Select, dtype, &[opposite, args[2], args[1]]));
            }
            None
        }
        Cast => {
            if graph.dtype(args[0]) == Some(dtype) {
                return Some(args[0]);
            }
            // To a dtype that holds every value, and back.
            let from = inner(graph, args[0], Cast)?;
            let back = graph.dtype(from) == Some(dtype);
            (back && graph.dtype(args[0]).is_some_and(|wide| holds(wide, dtype))).then_some(from)
        }
        ToBits => inner(graph, args[0], FromBits),
        FromBits => inner(graph, args[0], ToBits),
        _ => None,
    }
}

/// Whether a number keeps its value from `dtype` to `wide`.
fn holds(wide: Dtype, dtype: Dtype) -> bool {
    crate::dtype::can_cast(dtype, wide, crate::dtype::Casting::Safe)
        && !matches!((dtype, wide), (Dtype::I64 | Dtype::U64, Dtype::F64))
}

/// `1 / v` if that is exact and both are normal numbers.
fn inverse_of_power_of_two(v: Value, dtype: Dtype) -> Option<Value> {
    let (fraction, exponents) = match dtype {
        Dtype::F64 => (52, 0x7ff),
        Dtype::F32 => (23, 0xff),
        _ => return None,
    };
    let exponent = v.bits() >> fraction & exponents;
    let power = v.bits() & ((1 << fraction) - 1) == 0 && exponent != 0 && exponent != exponents;
    // The inverse's exponent is 2 * bias - exponent, the bias being half of `exponents`.
    let inverse = (exponents - 1).checked_sub(exponent)?;
    (power && inverse != 0).then(|| {
        let sign = v.bits() & !((1 << fraction) - 1) & !(exponents << fraction);
        Value::from_bits(dtype, sign | inverse << fraction)
    })
}
