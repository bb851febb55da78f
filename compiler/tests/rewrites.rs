//! How many operations are left of what is written. That the results are the same is for the random graphs.

#[allow(dead_code, reason = "other tests use more of it")]
mod vocabulary;

use lanefn_compiler::{
    dtype::{Dtype, Type},
    graph::{Graph, Op},
    text,
};
use vocabulary::Functions;

fn left(expression: &str) -> usize {
    let functions: &'static Functions = Box::leak(Box::new(Functions::new()));
    let open = text::read(expression, text::Names::default(), functions)
        .expect("it is well written")
        .graph;
    let inputs = vec![Type::Is(Dtype::F64); open.inputs().len()];
    operations(&open.typed(&inputs, functions).expect("it has a meaning"))
}

fn operations(graph: &Graph) -> usize {
    let live = graph.live();
    let each = graph.nodes().iter().zip(live);
    each.filter(|(node, live)| {
        *live && matches!(node.op, Op::Apply(_) | Op::Call(..) | Op::Lookup(_))
    })
    .count()
}

#[test]
fn what_both_arms_end_in_is_done_once() {
    for (expression, operations) in [
        // A comparison, a choice, and the sum.
        ("where(x > 2, x + 1, x - 1)", 3),
        ("where(x > 2, x * y, y * x * z)", 4),
        ("where(x > 2, -x, -y)", 3),
        ("where(x > 2, sqrt(x), sqrt(y))", 3),
        // Through several functions.
        ("where(x > 2, exp(sqrt(x)), exp(sqrt(y)))", 4),
        // Two choices for one quotient.
        ("where(x > 2, x / y, z / w)", 4),
        // Choices inside of choices.
        ("where(x > 2, where(y > 2, x + 1, x + 3), x + 4)", 5),
    ] {
        assert_eq!(left(expression), operations, "{expression}");
    }
}

#[test]
fn arms_that_are_needed_besides_or_would_be_no_less_work_stay() {
    for (expression, operations) in [
        // Two choices and one sum in place of one choice and two sums.
        ("where(x > 2, x + y, z + w)", 4),
        ("where(x > 2, x + y, x - y)", 4),
        // The sum is an output as well.
        ("where(x > 2, x + y, x + z), x + y", 4),
        ("where(x > 2, exp(x), exp(y)) + exp(x)", 5),
    ] {
        assert_eq!(left(expression), operations, "{expression}");
    }
}
