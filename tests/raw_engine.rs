//! The untyped engine on raw memory: operands that overlap in every way, addresses that are not
//! aligned, and errors that leave everything as it was.

#[path = "common/kernels.rs"]
mod kernels;
#[path = "common/oracle.rs"]
mod oracle;

use kernels::*;
use lanefn::{
    Error, Level, Options, RawInput, RawOutput, Untyped,
    kernels::{lanes::Dtype, loops::Loop},
};
use oracle::{indices, mix, pick};
use proptest::prelude::*;

/// An operand somewhere in a piece of memory. Strides in bytes.
#[derive(Clone, Debug)]
struct Operand {
    at: usize,
    shape: Vec<usize>,
    strides: Vec<isize>,
    dtype: Dtype,
}

impl Operand {
    fn new(at: usize, shape: &[usize], strides: &[isize], dtype: Dtype) -> Operand {
        Operand { at, shape: shape.to_vec(), strides: strides.to_vec(), dtype }
    }

    fn byte(&self, index: &[usize]) -> usize {
        let steps = index.iter().zip(&self.strides).map(|(&i, &s)| i as isize * s);
        self.at.strict_add_signed(steps.sum())
    }

    fn input<'a>(&'a self, memory: *mut u8) -> RawInput<'a> {
        let ptr = memory.wrapping_add(self.at).cast_const();
        RawInput { ptr, shape: &self.shape, strides: &self.strides, dtype: self.dtype }
    }

    fn output<'a>(&'a self, memory: *mut u8) -> RawOutput<'a> {
        let ptr = memory.wrapping_add(self.at);
        RawOutput { ptr, shape: &self.shape, strides: &self.strides, dtype: self.dtype }
    }
}

/// What a weighing function leaves in memory when every input is a copy of its own, and the outputs are
/// written one after the other.
fn expected(
    memory: &[u8],
    weights: &[i64],
    inputs: &[Operand],
    mask: Option<&Operand>,
    outputs: &[Operand],
    more: &[i64],
) -> Vec<u8> {
    let mut after = memory.to_vec();
    for (output, more) in outputs.iter().zip(more) {
        for index in indices(&output.shape) {
            if mask.is_some_and(|m| memory[m.byte(&pick(&m.shape, &index))] == 0) {
                continue;
            }
            let mut sum = *more;
            for (input, weight) in inputs.iter().zip(weights) {
                let at = input.byte(&pick(&input.shape, &index));
                // SAFETY: the element is within the memory, by slicing.
                let value = unsafe {
                    oracle::read(input.dtype, memory[at..][..input.dtype.size()].as_ptr())
                };
                sum = sum.wrapping_add(value.wrapping_mul(*weight));
            }
            let bytes = oracle::write(output.dtype, sum);
            after[output.byte(&index)..][..bytes.len()].copy_from_slice(&bytes);
        }
    }
    after
}

/// What each output has more than the sum.
const MORE: [i64; 4] = [0, 1, 2, 3];

/// Calls the function on a piece of memory with `before` in it, at an address that is no multiple of 16.
fn call(
    function: &Untyped,
    before: &[u8],
    inputs: &[Operand],
    mask: Option<&Operand>,
    outputs: &[Operand],
    options: Options,
) -> (Vec<u8>, lanefn::Result<()>) {
    let mut memory = vec![0; before.len() + 64];
    let begin = memory.as_ptr().align_offset(64) + 1;
    let piece = &mut memory[begin..][..before.len()];
    piece.copy_from_slice(before);
    let at = piece.as_mut_ptr();
    let ins: Vec<_> = inputs.iter().map(|i| i.input(at)).collect();
    let outs: Vec<_> = outputs.iter().map(|o| o.output(at)).collect();
    // SAFETY: `expected` has sliced every element of every operand out of memory of this size, or the
    // call is one that must be refused.
    let result = unsafe { function.call_raw(&ins, mask.map(|m| m.input(at)), &outs, options) };
    (piece.to_vec(), result)
}

fn bytes(n: usize, seed: u64) -> Vec<u8> {
    (0..n as u64)
        .map(|i| match mix(seed.wrapping_add(i)) {
            h if h % 3 == 0 => 0,
            h => (h >> 8) as u8,
        })
        .collect()
}

/// Checks a call of the weighing function with so many inputs at every level, with and without a mask.
#[track_caller]
fn check(n: usize, inputs: &[Operand], mask: Option<&Operand>, outputs: &[Operand]) {
    let (function, weights) = &WEIGH[n - 1];
    let end = inputs.iter().chain(mask).chain(outputs).map(|o| {
        let spans = o.shape.iter().zip(&o.strides).map(|(&n, &s)| (n as isize - 1) * s.max(0));
        o.at + spans.sum::<isize>() as usize + o.dtype.size()
    });
    let before = bytes(end.max().unwrap() + 40, 7);
    let want = expected(&before, weights, inputs, mask, outputs, &MORE);
    for level in Level::present() {
        let options = Options { level: Some(level), ..Options::default() };
        let (got, result) = call(function, &before, inputs, mask, outputs, options);
        result.unwrap();
        let first = (0..want.len()).find(|&i| got[i] != want[i]);
        assert_eq!(first, None, "{level}: the first wrong byte");
    }
}

use Dtype::*;

#[test]
fn an_output_that_is_its_input_moved_gives_what_copies_give() {
    // W6: f64, i64, u64, i32, u16, bool -> f64; W3: i64, f32, bool -> i64.
    for n in [1usize, 3, 40, 700] {
        for moved in [-640isize, -64, -9, -8, -1, 0, 1, 7, 8, 9, 16, 64, 640] {
            let far = 30_000;
            let x = Operand::new(1000, &[n], &[8], I64);
            let (y, z) = (Operand::new(far, &[n], &[4], F32), Operand::new(9, &[1], &[1], Bool));
            let out = Operand::new(1000usize.strict_add_signed(moved), &[n], &[8], I64);
            check(3, &[x, y, z], None, &[out]);
        }
    }
}

#[test]
fn an_output_that_is_its_input_backwards_gives_what_copies_give() {
    for n in [2usize, 5, 64, 700] {
        let last = 100 + (n - 1) * 8;
        let z = Operand::new(3, &[1], &[1], Bool);
        let x = Operand::new(100, &[n], &[8], I64);
        let y = Operand::new(100, &[n], &[8], F32);
        let back = Operand::new(last, &[n], &[-8], I64);
        check(3, &[x.clone(), y.clone(), z.clone()], None, std::slice::from_ref(&back));
        check(3, &[back.clone(), y.clone(), z.clone()], None, std::slice::from_ref(&x));
        check(3, &[back.clone(), y.clone(), z.clone()], Some(&z), std::slice::from_ref(&back));
        let mask = Operand::new(100, &[n], &[1], Bool);
        check(3, &[x, y, z], Some(&mask), &[back]);
    }
}

#[test]
fn operands_that_interleave_give_what_copies_give() {
    for n in [2usize, 5, 64, 700] {
        let even = Operand::new(160, &[n], &[16], I64);
        let odd = Operand::new(168, &[n], &[16], I64);
        let between = Operand::new(164, &[n], &[16], F32);
        let z = Operand::new(160, &[n], &[16], Bool);
        check(3, &[even.clone(), between.clone(), z.clone()], None, std::slice::from_ref(&odd));
        check(3, &[odd, between, z.clone()], Some(&z), &[even]);
    }
}

#[test]
fn a_square_transposed_in_place_gives_what_copies_give() {
    for n in [2usize, 7, 33, 70] {
        let step = 8 * n as isize;
        let x = Operand::new(100, &[n, n], &[step, 8], I64);
        let t = Operand::new(100, &[n, n], &[8, step], I64);
        let z = Operand::new(3, &[1], &[1], Bool);
        let y = Operand::new(100, &[n, n], &[step, 8], F32);
        check(3, &[t.clone(), y.clone(), z.clone()], None, std::slice::from_ref(&x));
        check(3, &[x.clone(), y, z.clone()], None, std::slice::from_ref(&t));
        let mask = Operand::new(103, &[n, n], &[8, step], Bool);
        check(3, &[t, z.clone().with(F32), z], Some(&mask), &[x]);
    }
}

impl Operand {
    fn with(mut self, dtype: Dtype) -> Operand {
        self.dtype = dtype;
        self
    }
}

#[test]
fn a_row_of_the_output_as_an_input_gives_what_copies_give() {
    for (rows, n) in [(3usize, 4usize), (5, 100), (70, 9)] {
        let step = 8 * n as isize;
        let x = Operand::new(100, &[rows, n], &[step, 8], I64);
        for row in [0, 1, rows - 1] {
            // As a shape that broadcasts, and as strides of 0.
            let short = Operand::new(100 + row * n * 8, &[n], &[8], F32);
            let still = Operand::new(100 + row * n * 8, &[rows, n], &[0, 8], F32);
            let column = Operand::new(100 + row * 8, &[rows, 1], &[step, 8], Bool);
            let one = Operand::new(100, &[rows, n], &[0, 0], Bool);
            check(3, &[x.clone(), short, column.clone()], None, std::slice::from_ref(&x));
            check(3, &[x.clone(), still, one.clone()], Some(&column), std::slice::from_ref(&x));
            check(3, &[x.clone(), one.clone().with(F32), one], None, std::slice::from_ref(&x));
        }
    }
}

#[test]
fn other_dtypes_over_the_same_bytes_give_what_copies_give() {
    for n in [1usize, 9, 700] {
        // W8: bool, i8, i16, i32, i64, u8, f32, f64 -> f64, bool, i8, u32. All begin at one byte.
        let dtypes = WEIGH[7].0.loops[0].inputs;
        let inputs: Vec<_> =
            dtypes.iter().map(|&d| Operand::new(100, &[n], &[d.size() as isize], d)).collect();
        let far = 100 + 8 * n;
        let outputs = [
            Operand::new(100, &[n], &[8], F64),
            Operand::new(far, &[n], &[1], Bool),
            Operand::new(far + n, &[n], &[1], I8),
            Operand::new(far + 2 * n, &[n], &[4], U32),
        ];
        check(8, &inputs, None, &outputs);
        check(8, &inputs, Some(&inputs[0]), &outputs);
    }
}

#[test]
fn outputs_that_overlap_each_other_are_written_one_after_the_other() {
    for n in [1usize, 9, 700] {
        let inputs: Vec<_> = WEIGH[4].0.loops[0]
            .inputs
            .iter()
            .enumerate()
            .map(|(i, &d)| Operand::new(100 + 3 * i, &[n], &[8], d))
            .collect();
        for apart in [0usize, 1, 8, 50] {
            // W5 -> f32, u8, i64, bool.
            let outputs = [
                Operand::new(120, &[n], &[8], F32),
                Operand::new(120 + apart, &[n], &[1], U8),
                Operand::new(120 + 2 * apart, &[n], &[8], I64),
                Operand::new(120 + 3 * apart, &[n], &[2], Bool),
            ];
            check(5, &inputs, None, &outputs);
            // The mask is an output, or overlaps one.
            check(5, &inputs, Some(&outputs[3]), &outputs);
            check(5, &inputs, Some(&Operand::new(121, &[n], &[1], Bool)), &outputs);
            check(5, &inputs, Some(&Operand::new(121, &[1], &[1], Bool)), &outputs);
        }
    }
}

#[test]
fn a_mask_that_overlaps_the_output_decides_by_what_it_was() {
    for n in [1usize, 9, 700] {
        // W2: f64, u8 -> i64, bool.
        let x = Operand::new(20_000, &[n], &[8], F64);
        let y = Operand::new(50, &[n], &[1], U8);
        let p = Operand::new(10_000, &[n], &[8], I64);
        for moved in [0usize, 1, 3, 64] {
            let q = Operand::new(50 + moved, &[n], &[1], Bool);
            let mask = Operand::new(50, &[n], &[1], Bool);
            check(2, &[x.clone(), y.clone()], Some(&mask), &[p.clone(), q]);
        }
        let mask = Operand::new(10_003, &[n], &[2], Bool);
        let q = Operand::new(50, &[n], &[1], Bool);
        check(2, &[x, y], Some(&mask), &[p, q]);
    }
}

#[test]
fn any_byte_but_0_is_true() {
    let before: Vec<u8> = (0..=255).chain([0; 300]).collect();
    let x = Operand::new(0, &[256], &[1], Bool);
    let y = Operand::new(300, &[256], &[1], Bool);
    for level in Level::present() {
        let options = Options { level: Some(level), ..Options::default() };
        for step in [1, -1] {
            let mut x = x.clone();
            if step < 0 {
                (x.at, x.strides) = (255, vec![-1]);
            }
            let (got, result) = call(
                &Untyped::of::<Truth>(),
                &before,
                &[x],
                None,
                std::slice::from_ref(&y),
                options,
            );
            result.unwrap();
            for i in 0..256 {
                let b = if step < 0 { 255 - i } else { i };
                assert_eq!(got[300 + i], (b == 0) as u8, "{level}: {b}");
            }
        }
    }
}

#[test]
fn addresses_that_are_not_aligned_are_fine() {
    for n in [1usize, 5, 64, 65, 1000] {
        for shift in 0..8usize {
            let x = Operand::new(100 + shift, &[n], &[8], I64);
            let y = Operand::new(20_000 + (shift * 3) % 8, &[n], &[4], F32);
            let z = Operand::new(30_000, &[n], &[1], Bool);
            let out = Operand::new(40_000 + (shift * 5) % 8, &[n], &[8], I64);
            check(3, &[x.clone(), y.clone(), z.clone()], None, std::slice::from_ref(&out));
            // Strides that are no multiple of the element.
            let wide = |o: &Operand, by| Operand { strides: vec![o.strides[0] + by], ..o.clone() };
            check(3, &[wide(&x, 1), wide(&y, 3), z.clone()], None, &[wide(&out, 5)]);
            check(3, &[wide(&x, -3), y, z.clone()], Some(&z), &[out]);
        }
    }
}

/// An operand of `shape` in 4096 bytes, at any strides that stay within: any for what is read, and such
/// that elements stay apart for what is written.
fn operand(shape: Vec<usize>, dtype: Dtype, written: bool) -> BoxedStrategy<Operand> {
    let n = shape.len();
    let any = (
        prop::collection::vec(-40isize..40, n),
        prop::collection::vec(any::<u8>(), n),
        prop::collection::vec((1isize..3, any::<bool>()), n),
        0usize..600,
        any::<bool>(),
    );
    any.prop_map(move |(free, order, steps, at, tidy)| {
        let size = dtype.size() as isize;
        let strides = if written || tidy {
            // The axes in some order, each past the end of those inside it.
            let mut axes: Vec<usize> = (0..n).collect();
            axes.sort_by_key(|&a| order[a]);
            let mut strides = vec![0; n];
            let mut step = size;
            for &a in &axes {
                strides[a] = step * steps[a].0;
                step = strides[a] * shape[a] as isize;
                if steps[a].1 {
                    strides[a] = -strides[a];
                }
            }
            strides
        } else {
            free
        };
        let below: isize =
            shape.iter().zip(&strides).map(|(&n, &s)| (n as isize - 1) * (-s).max(0)).sum();
        Operand { at: 100 + at + below as usize, shape: shape.clone(), strides, dtype }
    })
    .boxed()
}

#[derive(Clone, Debug)]
struct Case {
    function: usize,
    inputs: Vec<Operand>,
    mask: Option<Operand>,
    outputs: Vec<Operand>,
    level: Level,
    seed: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let shape = prop_oneof![
        prop::collection::vec(1usize..5, 0..4),
        (60usize..140).prop_map(|n| vec![n]),
        (2usize..4, 60usize..80).prop_map(|(a, b)| vec![a, b]),
    ];
    (0..WEIGH.len(), shape)
        .prop_flat_map(|(function, shape)| {
            let Loop { inputs, outputs, .. } = WEIGH[function].0.loops[0];
            let part = (0..=shape.len(), prop::collection::vec(prop::bool::weighted(0.2), 4));
            let read = |dtype: Dtype| {
                let shape = shape.clone();
                part.clone()
                    .prop_flat_map(move |(missing, unit)| {
                        let axes = if missing < shape.len() / 2 { missing } else { 0 };
                        let own = (axes..shape.len())
                            .map(|a| if unit[a] { 1 } else { shape[a] })
                            .collect();
                        operand(own, dtype, false)
                    })
                    .boxed()
            };
            let ins: Vec<_> = inputs.iter().map(|&d| read(d)).collect();
            let outs: Vec<_> = outputs.iter().map(|&d| operand(shape.clone(), d, true)).collect();
            (
                Just(function),
                ins,
                prop::option::of(read(Bool)),
                outs,
                prop::sample::select(Level::present()),
                any::<u64>(),
            )
        })
        .prop_map(|(function, inputs, mask, outputs, level, seed)| Case {
            function,
            inputs,
            mask,
            outputs,
            level,
            seed,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn operands_that_overlap_in_any_way_give_what_copies_give(case in case()) {
        let (function, weights) = &WEIGH[case.function];
        let before = bytes(12_000, case.seed);
        let mask = case.mask.as_ref();
        let want = expected(&before, weights, &case.inputs, mask, &case.outputs, &MORE);
        let options = Options { level: Some(case.level), ..Options::default() };
        let (got, result) =
            call(function, &before, &case.inputs, mask, &case.outputs, options);
        prop_assert!(result.is_ok());
        let first = (0..want.len()).find(|&i| got[i] != want[i]);
        prop_assert_eq!(first, None, "the first wrong byte");
    }
}

/// The error of a call, and that it has written nothing.
#[track_caller]
fn refused(
    function: &Untyped,
    inputs: &[Operand],
    mask: Option<&Operand>,
    outputs: &[Operand],
    options: Options,
) -> Error {
    let before = bytes(5000, 1);
    let (after, result) = call(function, &before, inputs, mask, outputs, options);
    assert!(before == after, "something was written");
    let error = result.expect_err("a call that must be refused");
    println!("{error}");
    error
}

#[test]
fn what_does_not_fit_is_an_error_that_names_it_and_nothing_is_written() {
    let function = &WEIGH[1].0; // f64, u8 -> i64, bool
    let none = Options::default();
    let x = Operand::new(0, &[2, 3], &[24, 8], F64);
    let y = Operand::new(100, &[3], &[1], U8);
    let p = Operand::new(1000, &[2, 3], &[24, 8], I64);
    let q = Operand::new(2000, &[2, 3], &[3, 1], Bool);
    let good = [x.clone(), y.clone()];
    let to = [p.clone(), q.clone()];

    let error = refused(function, &good[..1], None, &to, none);
    assert_eq!(error.to_string(), "W2 takes 2 inputs and gives 2 outputs; 1 and 2 were given");
    let error = refused(function, &good, None, &to[..1], none);
    assert!(matches!(error, Error::Arity { nin: 2, nout: 2, got_in: 2, got_out: 1, .. }));
    let error = refused(function, &[], None, &[], none);
    assert!(matches!(error, Error::Arity { .. }));
    let many = vec![x.clone(); 20];
    assert!(matches!(refused(function, &many, None, &to, none), Error::Arity { got_in: 20, .. }));

    let error = refused(function, &[x.clone(), y.clone().with(I8)], None, &to, none);
    assert_eq!(
        error.to_string(),
        "W2 has no loop for (float64, int8); it has (float64, uint8) -> int64, bool"
    );
    let error = refused(function, &good, None, &[p.clone().with(Bool), q.clone()], none);
    assert_eq!(
        error.to_string(),
        "output 0 of W2 can't be cast from int64 to bool by the rule 'same_kind'"
    );
    let error = refused(function, &good, Some(&q.clone().with(U8)), &to, none);
    assert_eq!(error.to_string(), "the mask has dtype uint8, but must be bool");

    let long = Operand::new(100, &[4], &[1], U8);
    let error = refused(function, &[x.clone(), long], None, &to, none);
    assert_eq!(
        error.to_string(),
        "operand 1 of shape [4] does not broadcast with [2, 3]: axis 0 from the end is 4 here and 3 there"
    );
    let small = Operand::new(1000, &[1, 3], &[24, 8], I64);
    let small_too = Operand::new(2000, &[1, 3], &[24, 8], Bool);
    let error = refused(function, &good, None, &[small, small_too], none);
    assert_eq!(error.to_string(), "output 0 has shape [1, 3], but the inputs broadcast to [2, 3]");
    let other = Operand::new(2000, &[2, 4], &[4, 1], Bool);
    let error = refused(function, &good, None, &[p.clone(), other], none);
    assert_eq!(error.to_string(), "output 1 has shape [2, 4], but output 0 has [2, 3]");
    let mask = Operand::new(3000, &[2], &[1], Bool);
    let error = refused(function, &good, Some(&mask), &to, none);
    assert_eq!(
        error.to_string(),
        "the mask has shape [2], which does not broadcast to [2, 3], the outputs' shape"
    );

    let still = Operand::new(2000, &[2, 3], &[0, 1], Bool);
    let error = refused(function, &good, None, &[p.clone(), still], none);
    assert_eq!(
        error.to_string(),
        "output 1 of shape [2, 3] has stride 0 along axis 0: its elements can't be told apart"
    );
    let odd = Operand { strides: vec![8], ..x.clone() };
    let error = refused(function, &[odd, y.clone()], None, &to, none);
    assert_eq!(error.to_string(), "input 0 has 2 axes, but the strides [8]");
    let odd = Operand { strides: vec![1, 1, 1], ..q.clone() };
    let error = refused(function, &good, None, &[p.clone(), odd.clone()], none);
    assert_eq!(error.to_string(), "output 1 has 2 axes, but the strides [1, 1, 1]");
    let error = refused(function, &good, Some(&odd), &to, none);
    assert_eq!(error.to_string(), "the mask has 2 axes, but the strides [1, 1, 1]");

    for level in Level::ALL.into_iter().filter(|l| !l.is_present()) {
        let error = refused(function, &good, None, &to, Options { level: Some(level), ..none });
        assert!(matches!(error, Error::Level(_)));
    }
    let error = refused(function, &good, None, &to, Options { threads: Some(0), ..none });
    assert!(matches!(error, Error::Threads(_)));
}

#[test]
fn shapes_beyond_all_memory_are_an_error() {
    let function = &WEIGH[0].0; // i32 -> f64
    let none = Options::default();
    for shape in [
        vec![1 << 40, 1 << 20],
        vec![1 << 40, 1 << 40],
        vec![usize::MAX],
        vec![isize::MAX as usize, 2],
        vec![1 << 60],
        vec![2; 64],
        vec![2; 200],
    ] {
        let still = vec![0; shape.len()];
        let x = Operand::new(0, &shape, &still, I32);
        let y = Operand::new(1000, &shape, &vec![8; shape.len()], F64);
        let error = refused(function, std::slice::from_ref(&x), None, &[y], none);
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
        // An output without elements has no element to be too many.
        let mut none_of = shape.clone();
        none_of.push(0);
        let x = Operand::new(0, &[1], &[0], I32);
        let y = Operand::new(1000, &none_of, &vec![8; none_of.len()], F64);
        let before = bytes(5000, 1);
        let (after, result) = call(function, &before, &[x], None, &[y], none);
        result.unwrap();
        assert!(before == after);
        // A stride of 0 is found first.
        let x = Operand::new(0, &[], &[], I32);
        let y = Operand::new(1000, &shape, &still, F64);
        let error = refused(function, &[x], None, &[y], none);
        assert!(matches!(error, Error::OutputRepeats { .. }), "{error}");
    }
}

#[test]
fn sixty_four_axes_are_walked() {
    // 2^8 elements among 64 axes, the others of length 1 with strides that lead nowhere.
    let shape: Vec<usize> = (0..64).map(|a| if a % 8 == 3 { 2 } else { 1 }).collect();
    let strides = |size: isize, reversed: bool| -> Vec<isize> {
        let axes = 0..64;
        let rank = |a: isize| if reversed { 7 - a / 8 } else { a / 8 };
        axes.map(|a| if a % 8 == 3 { size << rank(a) } else { isize::MIN }).collect()
    };
    let x = Operand { at: 0, shape: shape.clone(), strides: strides(4, false), dtype: I32 };
    let y = Operand { at: 2000, shape, strides: strides(8, true), dtype: F64 };
    let before = bytes(5000, 3);
    let (got, result) = call(
        &WEIGH[0].0,
        &before,
        std::slice::from_ref(&x),
        None,
        std::slice::from_ref(&y),
        Options::default(),
    );
    result.unwrap();
    assert!(got == expected(&before, &[3], &[x], None, &[y], &MORE));
}

#[test]
fn elements_masked_out_are_not_evaluated_on_raw_memory_either() {
    oracle::ends(masked_out);
}

fn masked_out() {
    // The function's loop never ends for 0, and all of memory is 0 where the mask is.
    let mut before = vec![0u8; 20_000];
    for i in 0..700 {
        if mix(i).is_multiple_of(3) {
            before[i as usize] = 255;
            before[1000 + 8 * i as usize..][..8].copy_from_slice(&0.25f64.to_ne_bytes());
        }
    }
    let mask = Operand::new(0, &[700], &[1], Bool);
    let x = Operand::new(1000, &[700], &[8], F64);
    for y in
        [Operand::new(8000, &[700], &[8], F64), x.clone(), Operand::new(1004, &[700], &[8], F64)]
    {
        for level in Level::present() {
            let options = Options { level: Some(level), ..Options::default() };
            let function = Untyped::of::<Doublings>();
            let (got, result) = call(
                &function,
                &before,
                std::slice::from_ref(&x),
                Some(&mask),
                std::slice::from_ref(&y),
                options,
            );
            result.unwrap();
            for i in 0..700 {
                let at = y.byte(&[i]);
                let want = if before[i] != 0 {
                    2.0f64.to_ne_bytes()
                } else {
                    before[at..][..8].try_into().unwrap()
                };
                assert_eq!(got[at..][..8], want, "{level}, element {i}");
            }
        }
    }
}
