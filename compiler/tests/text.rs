//! The expression language: texts and the graphs that they are.
//!
//! Graphs are compared as calls written out: `a + b * c` is to be `add(a, multiply(b, c))`, which has no
//! precedence. `LANEFN_CASES` is the number of random cases (2000 without it), and `LANEFN_PYTHON` a file as
//! `python_expressions.py` writes it, to be read instead of the one that is here.

#[path = "common/texts.rs"]
mod texts;
mod vocabulary;

use std::time::{Duration, Instant};

use lanefn_compiler::{
    Graph, Id, Op,
    dtype::{Dtype, Type},
    text::{self, Names, Number, ParseError, Problem},
    value::{self, Value},
};
use proptest::prelude::*;

use texts::PIECES;
use vocabulary::Functions;

// ---------------------------------------------------------------------------------------------------
// Graphs as calls

/// A node as calls written out.
fn call(graph: &Graph, id: Id) -> String {
    let node = graph.node(id);
    let args: Vec<String> = node.args.iter().map(|&a| call(graph, a)).collect();
    let args = args.join(", ");
    match node.op {
        Op::Input(n) => graph.inputs()[n as usize].name.clone(),
        Op::Const(bits) => match node.ty {
            Some(Type::Int) => format!("{}", bits as i64),
            Some(Type::Float) => format!("{:?}", f64::from_bits(bits)),
            Some(Type::Is(dtype)) => format!("{:?}", Value::from_bits(dtype, bits)),
            None => "constant".to_owned(),
        },
        Op::Call(name, 0) => format!("{name}({args})"),
        Op::Call(name, output) => format!("{name}.{output}({args})"),
        Op::Convert => format!("{}({args})", node.ty.unwrap()),
        Op::Choose => format!("where({args})"),
        Op::Lookup(t) => {
            let table = &graph.tables()[t as usize];
            let entries = table.entries.iter().map(|&bits| match table.ty {
                Type::Int => format!("{}", bits as i64),
                Type::Float => format!("{:?}", f64::from_bits(bits)),
                Type::Is(dtype) => format!("{}", Value::from_bits(dtype, bits)),
            });
            format!("{:?}:{}[{args}]", entries.collect::<Vec<_>>(), table.ty).replace('"', "")
        }
        op => format!("{op:?}"),
    }
}

/// The outputs of a graph as calls.
fn calls(graph: &Graph) -> String {
    let outputs = graph.outputs().iter().map(|&o| call(graph, o));
    outputs.collect::<Vec<_>>().join("; ")
}

fn parsed(text: &str) -> Graph {
    text::parse(text, &Functions::new()).unwrap_or_else(|e| panic!("{text:?}\n{e}"))
}

fn refused(text: &str) -> ParseError {
    match text::parse(text, &Functions::new()) {
        Ok(graph) => panic!("{text:?} is {}", calls(&graph)),
        Err(error) => error,
    }
}

#[track_caller]
fn is(text: &str, expected: &str) {
    assert_eq!(calls(&parsed(text)), expected, "{text}");
}

fn names(graph: &Graph) -> Vec<&str> {
    graph.inputs().iter().map(|i| i.name.as_str()).collect()
}

// ---------------------------------------------------------------------------------------------------
// What texts mean

#[test]
fn a_text_is_the_graph_built_by_hand() {
    let text = parsed("where(x > 2, x + 1, x - 1)");
    let mut hand = Graph::new();
    let x = hand.input("x");
    let two = hand.int(2);
    let truth = hand.call("greater", &[x, two]);
    let one = hand.int(1);
    let yes = hand.call("add", &[x, one]);
    let no = hand.call("subtract", &[x, one]);
    let out = hand.choose(truth, yes, no);
    hand.output(out);
    assert_eq!(text.to_string(), hand.to_string());
}

#[test]
fn every_operator_is_its_function() {
    for (operator, function) in [
        ("+", "add"),
        ("-", "subtract"),
        ("*", "multiply"),
        ("/", "divide"),
        ("//", "floor_divide"),
        ("%", "remainder"),
        ("**", "pow"),
        ("&", "bitwise_and"),
        ("|", "bitwise_or"),
        ("^", "bitwise_xor"),
        ("<<", "left_shift"),
        (">>", "right_shift"),
        ("<", "less"),
        ("<=", "less_equal"),
        (">", "greater"),
        (">=", "greater_equal"),
        ("==", "equal"),
        ("!=", "not_equal"),
        ("and", "logical_and"),
        ("&&", "logical_and"),
        ("or", "logical_or"),
        ("||", "logical_or"),
    ] {
        is(&format!("a {operator} b"), &format!("{function}(a, b)"));
        if !operator.starts_with(char::is_alphabetic) {
            is(&format!("a{operator}b"), &format!("{function}(a, b)"));
        }
    }
    for (operator, function) in [
        ("-", "negative"),
        ("+", "positive"),
        ("~", "invert"),
        ("!", "logical_not"),
        ("not ", "logical_not"),
    ] {
        is(&format!("{operator}a"), &format!("{function}(a)"));
        is(&format!("{operator}{operator}a"), &format!("{function}({function}(a))"));
    }
}

#[test]
fn operators_bind_as_the_table_says() {
    // Each row's operators against those of the next row, from both sides.
    let rows: [&[(&str, &str)]; 9] = [
        &[("or", "logical_or"), ("||", "logical_or")],
        &[("and", "logical_and"), ("&&", "logical_and")],
        &[
            ("<", "less"),
            ("<=", "less_equal"),
            (">", "greater"),
            (">=", "greater_equal"),
            ("==", "equal"),
            ("!=", "not_equal"),
        ],
        &[("|", "bitwise_or")],
        &[("^", "bitwise_xor")],
        &[("&", "bitwise_and")],
        &[("<<", "left_shift"), (">>", "right_shift")],
        &[("+", "add"), ("-", "subtract")],
        &[("*", "multiply"), ("/", "divide"), ("//", "floor_divide"), ("%", "remainder")],
    ];
    for (n, row) in rows.iter().enumerate() {
        for (less, outer) in *row {
            for (more, inner) in rows[n + 1..].iter().copied().flatten() {
                is(&format!("a {less} b {more} c"), &format!("{outer}(a, {inner}(b, c))"));
                is(&format!("a {more} b {less} c"), &format!("{outer}({inner}(a, b), c)"));
            }
            for (other, second) in *row {
                if n == 2 {
                    continue;
                }
                is(&format!("a {less} b {other} c"), &format!("{second}({outer}(a, b), c)"));
            }
            is(&format!("a {less} b ** c"), &format!("{outer}(a, pow(b, c))"));
            is(&format!("a ** b {less} c"), &format!("{outer}(pow(a, b), c)"));
            is(&format!("a {less} -b"), &format!("{outer}(a, negative(b))"));
            is(&format!("-a {less} b"), &format!("{outer}(negative(a), b)"));
            is(&format!("!a {less} b"), &format!("{outer}(logical_not(a), b)"));
            let not = match n {
                0 | 1 => format!("{outer}(logical_not(a), b)"),
                _ => format!("logical_not({outer}(a, b))"),
            };
            is(&format!("not a {less} b"), &not);
            is(&format!("a {less} b if c else d"), &format!("where(c, {outer}(a, b), d)"));
            is(&format!("a if b {less} c else d"), &format!("where({outer}(b, c), a, d)"));
            is(&format!("a if b else c {less} d"), &format!("where(b, a, {outer}(c, d))"));
            is(&format!("a {less} b ? c : d"), &format!("where({outer}(a, b), c, d)"));
            is(&format!("a ? b : c {less} d"), &format!("where(a, b, {outer}(c, d))"));
        }
    }
}

#[test]
fn powers_bind_from_the_right_and_more_than_signs_before_them() {
    is("a ** b ** c", "pow(a, pow(b, c))");
    is("-a ** b", "negative(pow(a, b))");
    is("~a ** b", "invert(pow(a, b))");
    is("!a ** b", "logical_not(pow(a, b))");
    is("a ** -b", "pow(a, negative(b))");
    is("a ** -b ** c", "pow(a, negative(pow(b, c)))");
    is("a ** -b * c", "multiply(pow(a, negative(b)), c)");
    is("a ** not_a ** c", "pow(a, pow(not_a, c))");
    is("(-a) ** b", "pow(negative(a), b)");
    is("a * -b", "multiply(a, negative(b))");
    is("- ~ + !a", "negative(invert(positive(logical_not(a))))");
}

#[test]
fn only_the_square_is_no_call_of_pow() {
    is("x ** 2", "square(x)");
    is("2 * x ** 2 ** 1", "multiply(2, pow(x, pow(2, 1)))");
    is("pow(x, 2)", "pow(x, 2)");
    is("x ** 2.0", "pow(x, 2.0)");
    is("x ** 3", "pow(x, 3)");
    is("x ** 0.5", "pow(x, 0.5)");
    is("x ** -1", "pow(x, -1)");
    let without = Functions::without("square");
    assert_eq!(calls(&text::parse("x ** 2", &without).unwrap()), "pow(x, 2)");
}

#[test]
fn comparisons_in_a_row_hold_together() {
    is("0 < x < 1", "logical_and(less(0, x), less(x, 1))");
    is("a < b == c >= d", "logical_and(logical_and(less(a, b), equal(b, c)), greater_equal(c, d))");
    is("(a < b) < c", "less(less(a, b), c)");
    is("a < (b < c)", "less(a, less(b, c))");
    is("not 0 < x < 1", "logical_not(logical_and(less(0, x), less(x, 1)))");
    is(
        "a < b < c and d < g or f",
        "logical_or(logical_and(logical_and(less(a, b), less(b, c)), less(d, g)), f)",
    );
    is("a < b + 1 < c", "logical_and(less(a, add(b, 1)), less(add(b, 1), c))");
    // The middle is one node.
    assert_eq!(parsed("0 < exp(x) < 1").nodes().len(), 7);
}

#[test]
fn choices_are_written_three_ways() {
    for text in [
        "where(x > 2, x + 1, x - 1)",
        "select(x > 2, x + 1, x - 1)",
        "np.where(x > 2, x + 1, x - 1)",
        "x + 1 if x > 2 else x - 1",
        "x > 2 ? x + 1 : x - 1",
        "(x > 2) ? (x + 1) : (x - 1)",
    ] {
        is(text, "where(greater(x, 2), add(x, 1), subtract(x, 1))");
    }
}

#[test]
fn choices_in_a_row_are_from_the_right() {
    is("a if b else c if d else f", "where(b, a, where(d, c, f))");
    is("a ? b : c ? d : f", "where(a, b, where(c, d, f))");
    is("a ? b ? c : d : f", "where(a, where(b, c, d), f)");
    is("a if b else c ? d : f", "where(b, a, where(c, d, f))");
    is("a ? b : c if d else f", "where(a, b, where(d, c, f))");
    is("a ? b if c else d : f", "where(a, where(c, b, d), f)");
    is("(a if b else c) if d else f", "where(d, where(b, a, c), f)");
    is("a if (b if c else d) else f", "where(where(c, b, d), a, f)");
}

#[test]
fn numbers_are_written_as_in_python() {
    for (text, number) in [
        ("0", "0"),
        ("00", "0"),
        ("1_000", "1000"),
        ("0xFf", "255"),
        ("0x_ff", "255"),
        ("0b1_01", "5"),
        ("0O17", "15"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "9223372036854775808:uint64"),
        ("0x9E3779B97F4A7C15", "11400714819323198485:uint64"),
        ("1.", "1.0"),
        (".5", "0.5"),
        ("0.5e1", "5.0"),
        ("1e-3", "0.001"),
        ("1E+3", "1000.0"),
        ("1_0.2_5e1_0", "102500000000.0"),
        ("1e999", "inf"),
        ("007.5", "7.5"),
        ("-5", "-5"),
        ("+5", "5"),
        ("--5", "5"),
        ("-0.0", "-0.0"),
        ("-(2.5)", "-2.5"),
        ("True", "true:bool"),
        ("true", "true:bool"),
        ("False", "false:bool"),
        ("false", "false:bool"),
        ("pi", "3.141592653589793"),
        ("e", "2.718281828459045"),
        ("inf", "inf"),
        ("-inf", "-inf"),
        ("nan", "NaN"),
        ("np.pi", "3.141592653589793"),
        ("math.e", "2.718281828459045"),
        ("numpy.inf", "inf"),
    ] {
        is(text, number);
    }
    is("-9223372036854775808 - 1", "subtract(-9223372036854775808, 1)");
    is("--9223372036854775808", "negative(-9223372036854775808)");
    is("-2 ** 4", "negative(pow(2, 4))");
    is("1-1", "subtract(1, 1)");
    is("-True", "negative(true:bool)");
    is("~5", "invert(5)");
}

#[test]
fn inputs_are_in_the_order_of_the_text() {
    assert_eq!(names(&parsed("b * a + b + sin(c)")), ["b", "a", "c"]);
    assert_eq!(names(&parsed("let t = z; y + t")), ["z", "y"]);
    assert_eq!(names(&parsed("\u{3c3} + gr\u{f6}\u{df}e_1")), ["\u{3c3}", "gr\u{f6}\u{df}e_1"]);
    assert_eq!(names(&parsed("1 + 1")), [""; 0]);
}

#[test]
fn a_name_before_a_bracket_is_a_function_and_else_a_value() {
    is("sin(sin)", "sin(sin)");
    is("min + min(min, max)", "add(min, minimum(min, max))");
    is("float32(float32)", "float32(float32)");
    is("np + math", "add(np, math)");
}

#[test]
fn declared_inputs_are_all_there_are() {
    let graph = parsed("y, unused, x -> x - y");
    assert_eq!(
        (names(&graph), calls(&graph).as_str()),
        (vec!["y", "unused", "x"], "subtract(x, y)")
    );
    let graph = parsed("e -> e + pi\n");
    assert_eq!(calls(&graph), "add(e, 3.141592653589793)");
    assert_eq!(refused("x -> x + y").problem, Problem::Name("y".into()));
    assert_eq!(refused("x, x -> x").problem, Problem::Twice("x".into()));

    let with =
        |text: &str, inputs: &[&str]| text::parse_with_inputs(text, inputs, &Functions::new());
    let graph = with("x - y + e", &["y", "e", "x", "z"]).unwrap();
    assert_eq!(names(&graph), ["y", "e", "x", "z"]);
    assert_eq!(calls(&graph), "add(subtract(x, y), e)");
    let error = with("alpha + alhpa", &["alpha"]).unwrap_err();
    assert_eq!(error.problem, Problem::Name("alhpa".into()));
    assert_eq!((error.offset, error.suggestion.as_deref()), (8, Some("alpha")));
    assert_eq!(with("1", &["a", "a"]).unwrap_err().problem, Problem::Twice("a".into()));
    assert_eq!(calls(&with("3", &[]).unwrap()), "3");
    assert!(with("x -> x", &["x"]).is_err());
}

#[test]
fn names_are_bound_and_bound_again() {
    is("let r = x * x; r + r", "add(multiply(x, x), multiply(x, x))");
    is("r = x * x\nr + 1", "add(multiply(x, x), 1)");
    is("x = x + 1; x = x + 2; x", "add(add(x, 1), 2)");
    is("let e = 3; e", "3");
    is("let e = 3; e + np.e", "add(3, 2.718281828459045)");
    is("let a, b = x + 1, x + 2; a * b", "multiply(add(x, 1), add(x, 2))");
    is("a, b = b, a; a - b", "subtract(b, a)");
    is("let t = [1, 2, 3]; t[i]", "[1, 2, 3]:int[i]");
    is("let f = 3 < 4\n;;\nf ? x : y;", "where(less(3, 4), x, y)");
}

#[test]
fn functions_of_several_values_are_bound_indexed_or_given() {
    is("let q, r = divmod(x, y); q + r", "add(divmod(x, y), divmod.1(x, y))");
    is("divmod(x, y)", "divmod(x, y); divmod.1(x, y)");
    is("(divmod(x, y))", "divmod(x, y); divmod.1(x, y)");
    is("divmod(x, y)[1]", "divmod.1(x, y)");
    is("divmod(x, y)[0] * modf(x)[1]", "multiply(divmod(x, y), modf.1(x))");
    assert_eq!(parsed("divmod(x, y)[1] + divmod(x, y)[0]").nodes().len(), 5);
}

#[test]
fn outputs_stand_at_the_end() {
    is("x, y", "x; y");
    is("x + 1,\n y", "add(x, 1); y");
    is("let a = x\na, a * 2, -a;", "x; multiply(x, 2); negative(x)");
}

#[test]
fn lines_end_statements_where_they_can() {
    is("a = x\nb = y\na + b", "add(x, y)");
    is("a = (x\n+ 1)\na", "add(x, 1)");
    is("a = x +\n 1\na", "add(x, 1)");
    is("a = x\n  * 2\na", "multiply(x, 2)");
    is("a = x \\\n + 2\na", "add(x, 2)");
    is("a = x \\\r\n + 2\r\na", "add(x, 2)");
    is("x > 2\n ? 1\n : 3", "where(greater(x, 2), 1, 3)");
    is("1\n if x > 2\n else 3", "where(greater(x, 2), 1, 3)");
    is("f = x\n(f)", "x");
    is("f = x\n[1, 2][f]", "[1, 2]:int[x]");
    is("sin(\nx\n)", "sin(x)");
    is("a = x\n-a", "negative(x)");
    assert_eq!(refused("x\n+ 1").problem, Problem::Useless);
    assert_eq!(refused("x; y").problem, Problem::Useless);
    assert_eq!(refused("x\ny = 3").problem, Problem::Useless);
}

#[test]
fn comments_are_space() {
    is("x # ) not read\n", "x");
    is("# head\nx + /* 1 + \n */ 2 # tail", "add(x, 2)");
    is("x /**/ / /***/ y", "divide(x, y)");
    is("x // y # floor", "floor_divide(x, y)");
}

#[test]
fn functions_are_known_by_every_name() {
    is("power(x, y)", "pow(x, y)");
    is("arctan2(x, y) + absolute(x)", "add(atan2(x, y), abs(x))");
    is("np.add(x, math.sin(y),)", "add(x, sin(y))");
    is("lanefn.exp(x)", "exp(x)");
    is("clip(x, 0, 1)", "clip(x, 0, 1)");
    is("abs(x) + round(y)", "add(abs(x), round(y))");
    is("min(a, b)", "minimum(a, b)");
    is("max(a, b, c, d)", "maximum(maximum(maximum(a, b), c), d)");
}

#[test]
fn dtypes_are_casts() {
    for dtype in Dtype::ALL {
        is(&format!("{dtype}(x + 1)"), &format!("{dtype}(add(x, 1))"));
        is(&format!("np.{dtype}(1)"), &format!("{dtype}(1)"));
    }
    is("int(x)", "int64(x)");
    is("float(x)", "float64(x)");
    is("bool(x)", "bool(x)");
}

#[test]
fn tables_have_the_type_that_holds_their_entries() {
    is("[1.0, 2.5, 3.0][i]", "[1.0, 2.5, 3.0]:float[i]");
    is("[1, -2, +3,][i + 1]", "[1, -2, 3]:int[add(i, 1)]");
    is("[1, 2.5, -pi, np.inf, - - 3][i]", "[1.0, 2.5, -3.141592653589793, inf, 3.0]:float[i]");
    is("[True, False][i]", "[true, false]:bool[i]");
    is("[0, 18446744073709551615][i]", "[0, 18446744073709551615]:uint64[i]");
    is("[-9223372036854775808][0]", "[-9223372036854775808]:int[0]");
    is("[1, 2][[0, 1][i]]", "[1, 2]:int[[0, 1]:int[i]]");
    is("([1, 2])[i] + [1, 2][j]", "add([1, 2]:int[i], [1, 2]:int[j])");
    assert_eq!(parsed("[1, 2][i] + [1, 2][j]").tables().len(), 1);
}

/// The lane operations of a typed graph, one value after the other.
fn evaluate(graph: &Graph, inputs: &[Value]) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::new();
    for (id, node) in graph.nodes().iter().enumerate() {
        let args: Vec<Value> = node.args.iter().map(|&a| values[a as usize]).collect();
        let dtype = graph.dtype(id as Id).expect("a typed graph");
        values.push(match node.op {
            Op::Input(n) => inputs[n as usize],
            Op::Const(bits) => Value::from_bits(dtype, bits),
            Op::Apply(operation) => value::apply(operation, dtype, &args).expect("it fits"),
            Op::Lookup(t) => {
                let entries = &graph.tables()[t as usize].entries;
                Value::from_bits(dtype, entries[(args[0].bits() as usize).min(entries.len() - 1)])
            }
            op => panic!("{op:?} is left"),
        });
    }
    graph.outputs().iter().map(|&o| values[o as usize]).collect()
}

#[test]
fn a_text_computes_what_it_says() {
    let functions = Functions::new();
    let run = |text: &str, inputs: &[Value]| {
        let types: Vec<Type> = inputs.iter().map(|v| v.dtype().into()).collect();
        let typed = parsed(text).typed(&types, &functions).unwrap().expanded(&functions);
        evaluate(&typed, inputs)
    };
    for x in [-3.0_f64, 2.0, 2.5, 1e300, f64::NAN] {
        let expected = if x > 2.0 { x + 1.0 } else { x - 1.0 };
        let text = "x > 2 ? x + 1 : x - 1";
        assert_eq!(run(text, &[Value::of(x)]), [Value::of(expected)]);
        assert_eq!(run(text, &[Value::of(x as f32)]), [Value::of(expected as f32)]);
        let truth = 0.0 < x && x < 2.25 || x == -3.0;
        assert_eq!(run("0 < x < 2.25 or x == -3", &[Value::of(x)]), [Value::of(truth)]);
    }
    let (x, y) = (Value::of(-7_i32), Value::of(2_i32));
    assert_eq!(run("x // y, x % y", &[x, y]), [Value::of(-4_i32), Value::of(1_i32)]);
    assert_eq!(run("x / y", &[x, y]), [Value::of(-3.5_f64)]);
    assert_eq!(run("x ** 2 & 0x1f ^ y << 1", &[x, y]), [Value::of((49_i32 & 0x1f) ^ (2 << 1))]);
    assert_eq!(run("[1.5, 2.5, 4.5][y] + [0, 1][-1]", &[y]), [Value::of(5.5_f64)]);
    assert_eq!(run("int8(x) + 1", &[x]), [Value::of(-6_i8)]);
    let hash = Value::of(3_u64);
    let mixed = 3_u64.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    assert_eq!(run("x * 0x9E3779B97F4A7C15", &[hash]), [Value::of(mixed)]);
}

/// Made by `python_expressions.py`: texts, tabs, and what Python's own parser makes of them.
const PYTHON: &str = include_str!("python_expressions.txt");

#[test]
fn what_python_reads_is_read_as_python_does_and_nothing_else_is() {
    let functions = Functions::new();
    let more = std::env::var("LANEFN_PYTHON").map(|file| std::fs::read_to_string(file).unwrap());
    let mut read = 0;
    for line in more.as_deref().unwrap_or(PYTHON).lines() {
        let (text, expected) = line.split_once('\t').unwrap();
        let got = text::parse(text, &functions).map_or("!".to_owned(), |g| calls(&g));
        assert_eq!(got, expected, "{text}");
        read += (got != "!") as usize;
    }
    assert!(read > 1000);
}

// ---------------------------------------------------------------------------------------------------
// Reductions, and names that are known

fn number(text: &str) -> Number {
    Number::read(text, &Functions::new()).unwrap_or_else(|| panic!("{text:?} is no number"))
}

#[test]
fn a_reduction_around_the_whole_is_told_apart_from_what_it_goes_over() {
    use text::Reduction::*;
    for (text, reduction, over) in [
        ("sum(x * x)", Some(Sum), "multiply(x, x)"),
        ("np.prod(x)", Some(Prod), "x"),
        ("let y = x + 1; mean(y);", Some(Mean), "add(x, 1)"),
        ("max(x)", Some(Max), "x"),
        ("min(x,)", Some(Min), "x"),
        ("max(x, y)", None, "maximum(x, y)"),
        ("max(max(x, y))", Some(Max), "maximum(x, y)"),
        ("any(x > 2) # one", Some(Any), "greater(x, 2)"),
        ("all(x if x else y)\n", Some(All), "where(x, x, y)"),
        ("sum", None, "sum"),
        ("x", None, "x"),
    ] {
        let functions = Functions::new();
        let read = text::read(text, Names::default(), &functions);
        let read = read.unwrap_or_else(|e| panic!("{text:?}\n{e}"));
        assert_eq!((read.reduction, &calls(&read.graph)[..]), (reduction, over), "{text}");
    }
}

#[test]
fn a_reduction_anywhere_else_is_refused_at_its_name() {
    for (text, offset) in [
        ("sum(x) + 1", 0),
        ("1 + sum(x)", 4),
        ("-sum(x)", 1),
        ("(sum(x))", 1),
        ("sqrt(mean(x))", 5),
        ("sum(sum(x))", 4),
        ("sum(x), y", 0),
        ("y, sum(x)", 3),
        ("sum(x) if y else z", 0),
        ("y if any(x) else z", 5),
        ("y ? all(x) : z", 4),
        ("sum(x)\n* 2", 0),
        ("s = max(x); y / s", 4),
    ] {
        let functions = Functions::new();
        let error = text::read(text, Names::default(), &functions).map(|r| calls(&r.graph));
        let error = error.expect_err(text);
        assert!(matches!(&error.problem, Problem::Reduction(_)), "{text}: {error}");
        assert_eq!(error.offset, offset, "{text}: {error}");
    }
    // What is a function of one element has none.
    assert!(matches!(refused("sum(x)").problem, Problem::Reduction(_)));
    assert!(matches!(refused("max(x)").problem, Problem::Arguments { .. }));
    let functions = Functions::new();
    let error = text::read("sum(x, y)", Names::default(), &functions).map(|r| calls(&r.graph));
    assert!(matches!(error.expect_err("two").problem, Problem::Arguments { needed: 1, .. }));
}

#[test]
fn a_known_number_is_as_if_it_were_written_there() {
    for (text, number_text, same) in [
        ("x * k", "2.5", "x * 2.5"),
        ("x ** k", "2", "x ** 2"),
        ("x * k", "-3", "x * -3"),
        ("x * k", "1_000", "x * 1000"),
        ("x & k", "0xffffffffffffffff", "x & 0xffffffffffffffff"),
        ("where(k, x, 1)", "True", "where(True, x, 1)"),
        ("x + k", "nan", "x + nan"),
        ("x, k -> x + k", "1", "x + 1"),
        ("x -> x + k", "1", "x + 1"),
        ("k = k + 1; x * k", "1", "x * (1 + 1)"),
    ] {
        let functions = Functions::new();
        let numbers = [("k", number(number_text))];
        let known = Names { numbers: &numbers, ..Names::default() };
        let read = text::read(text, known, &functions).unwrap_or_else(|e| panic!("{text:?}\n{e}"));
        assert_eq!(calls(&read.graph), calls(&parsed(same)), "{text}");
        assert_eq!((names(&read.graph), &read.unused[..]), (vec!["x"], &[][..]), "{text}");
    }
    for text in ["", "x", "1 + 1", "2.5.npy", "./2", "1, 2", "-", "sin(1)", "--x", "[1]"] {
        assert_eq!(Number::read(text, &Functions::new()), None, "{text:?}");
    }
}

#[test]
fn known_inputs_are_the_only_ones_and_those_unused_are_told() {
    let functions = Functions::new();
    let numbers = [("k", number("2"))];
    let known = Names { inputs: Some(&["a", "e", "z"]), numbers: &numbers };
    let read = text::read("z * e + pi", known, &functions).expect("an expression");
    assert_eq!(names(&read.graph), ["z", "e"]);
    assert_eq!(read.unused, ["a", "k"]);
    // A head says the order, and leaves out what it does not name.
    let read = text::read("z, a -> a + e", known, &functions).expect("an expression");
    assert_eq!((names(&read.graph), read.unused), (vec!["z", "a"], vec!["e", "k"]));
    assert_eq!(calls(&read.graph), format!("add(a, {:?})", std::f64::consts::E));

    for (text, offset, name) in [("a + bb", 4, "bb"), ("a, bb -> a", 3, "bb")] {
        let error = text::read(text, known, &functions).map(|r| calls(&r.graph)).expect_err(text);
        assert_eq!((error.offset, &error.problem), (offset, &Problem::Name(name.to_owned())));
    }
    let known = Names { inputs: Some(&["speed"]), ..Names::default() };
    let error = text::read("sped + 1", known, &functions).map(|r| calls(&r.graph));
    assert_eq!(error.expect_err("sped").suggestion.as_deref(), Some("speed"));
}

// ---------------------------------------------------------------------------------------------------
// Errors

/// A text, the byte that its error is at, and the first line of the message.
const ERRORS: &[(&str, usize, &str)] = &[
    ("", 0, "expected an expression, found the end"),
    ("let a = 3", 9, "expected an expression, found the end"),
    ("x +", 3, "expected an expression, found the end"),
    ("x + * y", 4, "expected an expression, found `*`"),
    ("x y", 2, "expected an operator, `,` or the end, found `y`"),
    ("2 x", 2, "expected an operator, `,` or the end, found `x`"),
    ("a = x y", 6, "expected an operator, `;` or a new line, found `y`"),
    ("x = ", 4, "expected an expression, found the end"),
    ("let 3 = x", 4, "expected a name to bind, found `3`"),
    ("let x + 3", 6, "expected `=`, found `+`"),
    (
        "(x = 3)",
        3,
        "expected an operator or `)` to close the `(` at byte 0, found `=`; did you mean `==`?",
    ),
    ("1 + x = 3", 6, "expected an operator, `,` or the end, found `=`; did you mean `==`?"),
    ("(x, y)", 2, "expected an operator or `)` to close the `(` at byte 0, found `,`"),
    ("(x + 1", 6, "expected an operator or `)` to close the `(` at byte 0, found the end"),
    ("(x + 1]", 6, "expected an operator or `)` to close the `(` at byte 0, found `]`"),
    ("sin(x", 5, "expected an operator, `,` or `)` to close the `(` at byte 3, found the end"),
    ("[1, 2", 5, "expected `,` or `]` to close the `[` at byte 0, found the end"),
    ("[1, 2][x", 8, "expected an operator or `]` to close the `[` at byte 6, found the end"),
    ("x)", 1, "expected an operator, `,` or the end, found `)`"),
    ("x if y", 6, "expected an operator or `else`, found the end"),
    ("x if y ? 1 : 2 else 3", 7, "expected an operator or `else`, found `?`"),
    ("x ? y", 5, "expected an operator or `:`, found the end"),
    ("x == not y", 5, "expected an operand, which `not` can be in brackets only, found `not`"),
    ("x.real", 1, "expected an operator, `,` or the end, found `.`"),
    ("np.3", 2, "expected an operator, `,` or the end, found `.3`"),
    ("np.(x)", 3, "expected a function or constant, found `(`"),
    ("np.euler", 3, "there is no input or name `euler`"),
    ("x $ y", 2, "the character '$' has no meaning here"),
    ("x \u{2264} y", 2, "the character '\u{2264}' has no meaning here; did you mean `<=`?"),
    ("x\u{a0}y", 1, "the character '\\u{a0}' has no meaning here"),
    ("'text'", 0, "the character '\\'' has no meaning here"),
    ("x /* y", 2, "the comment has no `*/`"),
    ("x for x", 2, "`for` has no meaning here, and can't be a name"),
    ("lambda x: x", 0, "`lambda` has no meaning here, and can't be a name"),
    ("2x", 0, "a number ends where a name or another number begins"),
    ("1.5f", 0, "a number ends where a name or another number begins"),
    ("3j", 0, "a number ends where a name or another number begins"),
    ("1.2.3", 0, "a number ends where a name or another number begins"),
    ("0b12", 0, "a number has digits of its base"),
    ("0x", 0, "a number has digits of its base"),
    ("0o_", 0, "an underscore in a number stands between two digits"),
    ("1__0", 0, "an underscore in a number stands between two digits"),
    ("1_", 0, "an underscore in a number stands between two digits"),
    ("1_.5", 0, "an underscore in a number stands between two digits"),
    ("1e_5", 0, "an underscore in a number stands between two digits"),
    ("1e+", 0, "a number's exponent has no digits"),
    ("x + 017", 4, "a number does not begin with 0: one of base 8 is written 0o17"),
    ("18446744073709551616", 0, "a whole number is below 2**64"),
    ("x + sni(x)", 4, "there is no function `sni`; did you mean `sin`?"),
    ("SIN(x)", 0, "there is no function `SIN`; did you mean `sin`?"),
    ("flaot32(x)", 0, "there is no function `flaot32`; did you mean `float32`?"),
    ("wher(x, 1, 2)", 0, "there is no function `wher`; did you mean `where`?"),
    ("frobnicate(x)", 0, "there is no function `frobnicate`"),
    ("x(2)", 0, "there is no function `x`"),
    ("x -> x + z", 9, "there is no input or name `z`"),
    ("x, y, x -> x", 6, "there are two inputs `x`"),
    ("sin(x, y)", 0, "`sin` takes 1 argument, not 2"),
    ("1 + atan2(x)", 4, "`atan2` takes 2 arguments, not 1"),
    ("sin()", 0, "`sin` takes 1 argument, not 0"),
    ("where(x, y)", 0, "`where` takes 3 arguments, not 2"),
    ("int(x, 2)", 0, "`int` takes 1 argument, not 2"),
    ("min(x)", 0, "`min` takes 2 or more arguments, not 1"),
    (
        "sin(x=3)",
        5,
        "expected an operator, `,` or `)` to close the `(` at byte 3, found `=`; did you mean `==`?",
    ),
    ("divmod(x, y) + 1", 0, "1 value is needed here, not 2"),
    ("1 + divmod(x, y)", 4, "1 value is needed here, not 2"),
    ("sin(divmod(x, y))", 4, "1 value is needed here, not 2"),
    ("divmod(x, y), 1", 0, "1 value is needed here, not 2"),
    ("let a = divmod(x, y); a", 8, "1 value is needed here, not 2"),
    ("let a, b = x; a", 11, "as many values as names are needed here, not 1"),
    ("let a, b, c = divmod(x, y); a", 14, "as many values as names are needed here, not 2"),
    ("let a = x, y; a", 8, "1 value is needed here, not 2"),
    ("divmod(x, y)[2]", 13, "the index of these values must be a whole number from 0 to 1"),
    ("divmod(x, y)[i]", 13, "the index of these values must be a whole number from 0 to 1"),
    ("[1, 2]", 0, "a table needs an index: `[1.0, 2.5][i]`"),
    ("[1, 2] + 1", 0, "a table needs an index: `[1.0, 2.5][i]`"),
    ("x[1]", 1, "only a table, or a function of several values, can have an index"),
    ("[1][0][0]", 6, "only a table, or a function of several values, can have an index"),
    ("[][x]", 0, "a table has an entry"),
    ("[1, x][i]", 4, "a table's entries are numbers, `pi`, `e`, `inf`, `nan`, or truths"),
    ("[1, 2 + 3][i]", 6, "expected `,` or `]` to close the `[` at byte 0, found `+`"),
    ("[1, (2)][i]", 4, "expected a number, an entry of the table, found `(`"),
    ("[1, -True][i]", 5, "expected a number, an entry of the table, found `True`"),
    ("[1, True][i]", 4, "a table's entries are all numbers or all truths"),
    (
        "[-1, 9223372036854775808][i]",
        1,
        "a table's whole numbers are all of int64 or all of uint64",
    ),
    (
        "[0, -9223372036854775809][i]",
        4,
        "a table's whole numbers are all of int64 or all of uint64",
    ),
    (
        "x + 1\ny + 2",
        0,
        "an expression that is not the last gives nothing: bind it to a name, or put brackets around one \
         that goes on in the next line",
    ),
];

#[test]
fn errors_say_what_is_wrong_and_where() {
    for &(text, offset, message) in ERRORS {
        let error = refused(text);
        let shown = error.to_string();
        assert_eq!((error.offset, shown.lines().next()), (offset, Some(message)), "{text:?}");
        assert!(error.offset + error.length <= text.len(), "{text:?}");
        assert!(shown.lines().count() == 5, "{shown}");
    }
}

#[test]
fn errors_show_the_place() {
    let shown = |text: &str| refused(text).to_string();
    assert_eq!(
        shown("x + sni(x)"),
        "there is no function `sni`; did you mean `sin`?\n \
         --> line 1, column 5\n  \
         |\n\
         1 | x + sni(x)\n  \
         |     ^^^"
    );
    assert_eq!(
        shown("a = 1\n\tb = \u{3c3}\u{3c3} $ 2\r\nb"),
        "the character '$' has no meaning here\n \
         --> line 2, column 9\n  \
         |\n\
         2 |  b = \u{3c3}\u{3c3} $ 2 \n  \
         |         ^"
    );
    let error = refused("a = 1\nb = \u{3c3}\u{3c3} $ 2\nb");
    assert_eq!((error.offset, error.length, error.line, error.column), (15, 1, 2, 8));
    // The caret at the end stands behind the line.
    assert_eq!(
        shown(&format!("{}x +", "\n".repeat(99))),
        "expected an expression, found the end\n   \
         --> line 100, column 4\n    \
         |\n\
         100 | x +\n    \
         |    ^"
    );
    // Of long lines the neighbourhood is shown.
    let long = format!("{}$ + {}", "x + ".repeat(100), "x + ".repeat(100));
    let error = refused(&long);
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(error.column, 401);
    assert_eq!(lines[3], format!("1 | ...{}$ + {}...", "x + ".repeat(15), "x + ".repeat(14)));
    assert_eq!(lines[4].find('^'), lines[3].find('$'));
    // Nothing that a terminal would obey.
    assert!(!shown("x \u{1b}[2J").contains('\u{1b}'));
    assert!(!shown("x \u{1b}").contains('\u{1b}'));
    assert!(!shown("x \u{202e}").contains('\u{202e}'));
}

#[test]
fn an_operator_needs_its_function() {
    let without = Functions::without("add");
    let error = text::parse("x * x + 1", &without).unwrap_err();
    assert_eq!((error.problem, error.offset), (Problem::Function("add".into()), 6));
}

// ---------------------------------------------------------------------------------------------------
// Limits

/// Runs on a thread with little stack: 256 KiB.
fn on_little_stack(f: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(f);
    thread.unwrap().join().unwrap();
}

fn limit(what: &'static str, most: usize) -> Problem {
    Problem::Limit { what, most }
}

#[test]
fn depth_is_bounded_and_takes_little_stack() {
    on_little_stack(|| {
        let deep =
            |open: &str, close: &str, n: usize| format!("{}x{}", open.repeat(n), close.repeat(n));
        for (open, close) in [
            ("(", ")"),
            ("sin(", ")"),
            ("1 + (", ")"),
            ("x or x and x < x | x ^ x & x << x + x * -x ** (", ")"),
            ("[1][", "]"),
            ("x ? ", ": x"),
            ("where(x, x, ", ")"),
            ("(x if ", " else x)"),
        ] {
            let each = if open.starts_with("(x") { 2 } else { 1 };
            let most = text::MAX_DEPTH / each;
            parsed(&deep(open, close, most));
            let error = refused(&deep(open, close, most + 1));
            assert_eq!(error.problem, limit("deep an expression", text::MAX_DEPTH), "{open}");
            let error = refused(&deep(open, "", 20_000));
            assert_eq!(error.problem, limit("deep an expression", text::MAX_DEPTH), "{open}");
        }
    });
}

#[test]
fn rows_are_not_deep() {
    on_little_stack(|| {
        let row = |first: &str, again: &str, n: usize| format!("{first}{}", again.repeat(n));
        for again in [
            "+x",
            "-1",
            "*x",
            "**x",
            " and x",
            " or y",
            "<x",
            " if x else y",
            "?x:y",
            "|x",
            "&2",
            "<<1",
        ] {
            let graph = parsed(&row("x", again, 20_000));
            assert_eq!(graph.outputs().len(), 1, "{again}");
        }
        for again in ["-", "~", "!", "not "] {
            parsed(&format!("{}x", again.repeat(20_000)));
        }
        parsed(&format!("max(x{})", ", y".repeat(20_000)));
        parsed(&format!("{}x", "let x = x + 1\n".repeat(20_000)));
        parsed(&format!("[0{}][i]", ", 1".repeat(20_000)));
    });
}

#[test]
fn sizes_are_bounded() {
    let names = |n: usize| (0..n).map(|i| format!("x{i}")).collect::<Vec<_>>();
    let sum = |n: usize| names(n).join(" + ");
    let list = |n: usize| names(n).join(", ");
    assert_eq!(parsed(&sum(64)).inputs().len(), 64);
    assert_eq!(refused(&sum(65)).problem, limit("many inputs", 64));
    assert_eq!(refused(&format!("{} -> 1", list(65))).problem, limit("many inputs", 64));
    let inputs = names(65);
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let error = text::parse_with_inputs("1", &inputs, &Functions::new()).unwrap_err();
    assert_eq!(error.problem, limit("many inputs", 64));

    let outputs = |n: usize| vec!["x"; n].join(", ");
    assert_eq!(parsed(&outputs(64)).outputs().len(), 64);
    assert_eq!(refused(&outputs(65)).problem, limit("many outputs", 64));

    let tables = |n: usize| (0..n).map(|i| format!("[{i}][x]")).collect::<Vec<_>>().join(" + ");
    assert_eq!(parsed(&tables(256)).tables().len(), 256);
    assert_eq!(refused(&tables(257)).problem, limit("many tables", 256));

    let spaces = |n: usize| format!("x{}", " ".repeat(n - 1));
    parsed(&spaces(text::MAX_TEXT));
    assert_eq!(refused(&spaces(text::MAX_TEXT + 1)).problem, limit("many bytes of text", 1 << 20));

    for text in ["+x".repeat(500_000), format!("{}x", "-".repeat(1_000_000))] {
        assert_eq!(
            refused(&text).problem,
            limit("many operations", text::MAX_NODES),
            "{}",
            &text[..9]
        );
    }
}

#[test]
fn the_largest_texts_end_soon() {
    let full = |piece: &str, tail: &str| {
        format!("{}{tail}", piece.repeat((text::MAX_TEXT - tail.len()) / piece.len()))
    };
    let names = |n: usize| (0..n).map(|i| format!("an_ordinary_name_of_a_value_{i}=x;"));
    for text in [
        format!("x -> {} a_name_of_an_ordinary_value", names(25_000).collect::<String>()),
        format!("{} sin(an_ordinary_name_of_a_value_0)", names(25_000).collect::<String>()),
        full("(", ""),
        full("[1][i]+", "x"),
        full("a,", "a"),
        full("a,", "a = x"),
        full("a=b;", "x"),
        full("x\n", ""),
        full("/**/", "x"),
        full("/*", ""),
        full("1_", "1"),
        full("9", ""),
        full("a", "(x)"),
        full("a ", ""),
        full(";", ""),
        full("sin(", ""),
        full("[[", ""),
        full("x<", "x"),
        full("\u{3c3}", ""),
        full("\u{1b}", ""),
        full("\\\n", "x"),
        full("1if x else ", "2"),
        full("1.5 if x else ", "2"),
    ] {
        let begun = Instant::now();
        let _ = text::parse(&text, &Functions::new()).map_err(|e| e.to_string());
        let taken = begun.elapsed();
        assert!(
            taken < Duration::from_secs(5),
            "{taken:?} for {:?}...",
            &text[..text.floor_char_boundary(20)]
        );
    }
}

// ---------------------------------------------------------------------------------------------------
// Random texts

fn cases(usual: u32) -> ProptestConfig {
    let cases = std::env::var("LANEFN_CASES").map_or(usual, |n| n.parse().expect("a number"));
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Whatever the text is: no panic, soon an answer, and an error that can be shown.
fn answers(text: &str) -> Result<(), TestCaseError> {
    let begun = Instant::now();
    texts::answers(text, &Functions::new()).map_err(TestCaseError::fail)?;
    prop_assert!(begun.elapsed() < Duration::from_secs(2), "{text:?}");
    Ok(())
}

/// An expression with what its tokens are bound by.
#[derive(Clone, Debug)]
enum Tree {
    Leaf(&'static str),
    Before(&'static str, Box<Tree>),
    Between(&'static str, Box<Tree>, Box<Tree>),
    If(Box<Tree>, Box<Tree>, Box<Tree>),
    Question(Box<Tree>, Box<Tree>, Box<Tree>),
    Call(&'static str, Vec<Tree>),
}

/// How much what stands outermost binds: the page of the module, from below.
fn binds(tree: &Tree) -> u32 {
    match tree {
        Tree::If(..) | Tree::Question(..) => 0,
        Tree::Between(operator, ..) => match *operator {
            "or" | "||" => 1,
            "and" | "&&" => 2,
            "<" | "<=" | ">" | ">=" | "==" | "!=" => 4,
            "|" => 5,
            "^" => 6,
            "&" => 7,
            "<<" | ">>" => 8,
            "+" | "-" => 9,
            "*" | "/" | "//" | "%" => 10,
            "**" => 12,
            other => panic!("{other}"),
        },
        Tree::Before("not ", _) => 3,
        Tree::Before(..) => 11,
        Tree::Leaf(_) | Tree::Call(..) => 13,
    }
}

/// The text with brackets around everything, or only where they are needed.
fn written(tree: &Tree, all: bool) -> String {
    // `least`: what a part must bind to stand without brackets.
    let part = |part: &Tree, least: u32| {
        let text = written(part, all);
        let leaf = matches!(part, Tree::Leaf(_) | Tree::Call(..));
        if if all { !leaf } else { binds(part) < least } { format!("({text})") } else { text }
    };
    let own = binds(tree);
    match tree {
        Tree::Leaf(name) => (*name).to_owned(),
        Tree::Before(operator, x) => format!("{operator}{}", part(x, own)),
        Tree::Between(operator, a, b) => {
            let (left, right) = match own {
                4 => (5, 5),
                12 => (13, 11),
                _ => (own, own + 1),
            };
            format!("{} {operator} {}", part(a, left), part(b, right))
        }
        Tree::If(yes, truth, no) => {
            format!("{} if {} else {}", part(yes, 1), part(truth, 1), part(no, 0))
        }
        Tree::Question(truth, yes, no) => {
            format!("{} ? {} : {}", part(truth, 1), part(yes, 0), part(no, 0))
        }
        Tree::Call(name, args) => {
            let args: Vec<String> = args.iter().map(|a| written(a, all)).collect();
            format!("{name}({})", args.join(", "))
        }
    }
}

/// What the tree says, as calls.
fn meant(tree: &Tree) -> String {
    match tree {
        Tree::Leaf(name) => (*name).to_owned(),
        Tree::Before(operator, x) => {
            let function = match *operator {
                "-" => "negative",
                "+" => "positive",
                "~" => "invert",
                _ => "logical_not",
            };
            format!("{function}({})", meant(x))
        }
        Tree::Between(operator, a, b) => {
            let function = match *operator {
                "or" | "||" => "logical_or",
                "and" | "&&" => "logical_and",
                "<" => "less",
                "<=" => "less_equal",
                ">" => "greater",
                ">=" => "greater_equal",
                "==" => "equal",
                "!=" => "not_equal",
                "|" => "bitwise_or",
                "^" => "bitwise_xor",
                "&" => "bitwise_and",
                "<<" => "left_shift",
                ">>" => "right_shift",
                "+" => "add",
                "-" => "subtract",
                "*" => "multiply",
                "/" => "divide",
                "//" => "floor_divide",
                "%" => "remainder",
                "**" if meant(b) == "2" => return format!("square({})", meant(a)),
                _ => "pow",
            };
            format!("{function}({}, {})", meant(a), meant(b))
        }
        Tree::If(yes, truth, no) | Tree::Question(truth, yes, no) => {
            format!("where({}, {}, {})", meant(truth), meant(yes), meant(no))
        }
        Tree::Call(name, args) => {
            format!("{name}({})", args.iter().map(meant).collect::<Vec<_>>().join(", "))
        }
    }
}

fn trees() -> impl Strategy<Value = Tree> {
    // Numbers stand only where no sign is before them, which would become theirs: on the right of others.
    let name = || prop::sample::select(vec!["x", "y", "z"]).prop_map(Tree::Leaf);
    let leaf = name();
    leaf.prop_recursive(7, 60, 3, move |inner| {
        let operators = vec![
            "or", "||", "and", "&&", "<", "<=", ">", ">=", "==", "!=", "|", "^", "&", "<<", ">>", "+", "-", "*",
            "/", "//", "%", "**",
        ];
        let part = || inner.clone().prop_map(Box::new);
        let number = prop::sample::select(vec!["1", "2", "0.5"]).prop_map(Tree::Leaf).prop_map(Box::new);
        let right = prop_oneof![4 => part(), 1 => number];
        prop_oneof![
            2 => (prop::sample::select(vec!["-", "+", "~", "!", "not "]), part())
                .prop_map(|(o, x)| Tree::Before(o, x)),
            6 => (prop::sample::select(operators), part(), right).prop_map(|(o, a, b)| Tree::Between(o, a, b)),
            1 => (part(), part(), part()).prop_map(|(a, b, c)| Tree::If(a, b, c)),
            1 => (part(), part(), part()).prop_map(|(a, b, c)| Tree::Question(a, b, c)),
            1 => inner.clone().prop_map(|a| Tree::Call("sin", vec![a])),
            1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| Tree::Call("atan2", vec![a, b])),
        ]
    })
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn any_soup_of_tokens_gets_an_answer(
        pieces in prop::collection::vec((prop::sample::select(PIECES), any::<bool>()), 0..40),
    ) {
        let text: String =
            pieces.iter().flat_map(|(piece, space)| [*piece, if *space { " " } else { "" }]).collect();
        answers(&text)?;
    }

    #[test]
    fn any_text_with_mistakes_gets_an_answer(
        tree in trees(),
        changes in prop::collection::vec((any::<u16>(), 0..4_usize, prop::sample::select(PIECES)), 1..4),
    ) {
        let mut text: Vec<char> = written(&tree, false).chars().collect();
        for (at, removed, piece) in changes {
            let at = at as usize % (text.len() + 1);
            text.splice(at..(at + removed).min(text.len()), piece.chars());
        }
        answers(&text.into_iter().collect::<String>())?;
    }

    #[test]
    fn any_bytes_get_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        answers(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_characters_get_an_answer(text in "\\PC{0,60}") {
        answers(&text)?;
    }

    #[test]
    fn brackets_that_change_nothing_change_nothing(tree in trees()) {
        let (few, all) = (written(&tree, false), written(&tree, true));
        let graph = |text: &str| {
            text::parse(text, &Functions::new()).map_err(|e| TestCaseError::fail(e.to_string()))
        };
        let (few, all) = (graph(&few)?, graph(&all)?);
        prop_assert_eq!(few.to_string(), all.to_string());
        prop_assert_eq!(calls(&few), meant(&tree));
    }
}
