//! The methods of ufuncs against plain loops: every axis, layout and mask, on random shapes.

use lanefn::prelude::*;
use lanefn::{
    Error, Level, Options, RawInput, RawOutput, Scalar, Untyped,
    dtype::{Casting, Dtype, Type},
    ufunc::{Initial, Reducing, Reduction, Special},
};
use ndarray::{Array1, Array2, Axis};
use proptest::prelude::*;

/// An array of f64, f32 or i32 in memory of its own, with any strides.
#[derive(Clone, Debug)]
struct Array {
    memory: Vec<u8>,
    first: usize,
    shape: Vec<usize>,
    strides: Vec<isize>,
    dtype: Dtype,
}

/// All indices of a shape, in C order.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for &n in shape {
        all = all.into_iter().flat_map(|i| (0..n).map(move |k| [&i[..], &[k]].concat())).collect();
    }
    all
}

impl Array {
    /// Axes lie in memory in the order of `order`, outermost first, each `gaps` times as far apart as
    /// it must be, and backwards where that is negative.
    fn new(dtype: Dtype, shape: &[usize], order: &[usize], gaps: &[isize]) -> Array {
        let mut strides = vec![0; shape.len()];
        let (mut step, mut first) = (dtype.size() as isize, 0);
        for &a in order.iter().rev() {
            strides[a] = step * gaps[a];
            if gaps[a] < 0 {
                first += strides[a].unsigned_abs() * (shape[a].max(1) - 1);
            }
            step = strides[a].abs() * shape[a].max(1) as isize;
        }
        let memory = vec![0xA5; step as usize + 64];
        Array { memory, first, shape: shape.to_vec(), strides, dtype }
    }

    fn plain(dtype: Dtype, shape: &[usize]) -> Array {
        let order: Vec<usize> = (0..shape.len()).collect();
        Array::new(dtype, shape, &order, &vec![1; shape.len()])
    }

    fn place(&self, index: &[usize]) -> usize {
        let offset: isize = index.iter().zip(&self.strides).map(|(&i, &s)| i as isize * s).sum();
        self.first.checked_add_signed(offset).expect("within")
    }

    fn set(&mut self, index: &[usize], value: f64) {
        let value = Scalar::of(value).cast(self.dtype);
        let at = self.place(index);
        self.memory[at..at + self.dtype.size()].copy_from_slice(value.bytes());
    }

    fn get(&self, index: &[usize]) -> f64 {
        let at = self.place(index);
        let mut bytes = [0; 8];
        bytes[..self.dtype.size()].copy_from_slice(&self.memory[at..at + self.dtype.size()]);
        match self.dtype {
            Dtype::Bool => f64::from(bytes[0]),
            Dtype::F32 => f64::from(f32::from_ne_bytes(bytes[..4].try_into().unwrap())),
            Dtype::F64 => f64::from_ne_bytes(bytes),
            Dtype::I32 => f64::from(i32::from_ne_bytes(bytes[..4].try_into().unwrap())),
            Dtype::I64 => i64::from_ne_bytes(bytes) as f64,
            Dtype::U64 => u64::from_ne_bytes(bytes) as f64,
            Dtype::U8 => f64::from(bytes[0]),
            other => panic!("no {other} here"),
        }
    }

    fn fill(&mut self, f: impl Fn(usize) -> f64) {
        for (k, i) in indices(&self.shape.clone()).iter().enumerate() {
            self.set(i, f(k));
        }
    }

    fn values(&self) -> Vec<f64> {
        indices(&self.shape).iter().map(|i| self.get(i)).collect()
    }

    fn input(&self) -> RawInput<'_> {
        let ptr = self.memory[self.first..].as_ptr();
        RawInput { ptr, shape: &self.shape, strides: &self.strides, dtype: self.dtype }
    }

    fn output(&mut self) -> RawOutput<'_> {
        let ptr = self.memory[self.first..].as_mut_ptr();
        RawOutput { ptr, shape: &self.shape, strides: &self.strides, dtype: self.dtype }
    }
}

fn find(name: &str) -> &'static Untyped<'static> {
    lanefn::find(name).expect("in the catalogue")
}

/// The order of NumPy's sums, from its description.
fn tree(x: &[f64], f: &dyn Fn(f64, f64) -> f64) -> f64 {
    if x.len() < 8 {
        return x[1..].iter().fold(x[0], |a, &b| f(a, b));
    }
    if x.len() <= 128 {
        let mut r: Vec<f64> = x[..8].to_vec();
        let whole = x.len() / 8 * 8;
        for chunk in x[8..whole].chunks(8) {
            for (r, &x) in r.iter_mut().zip(chunk) {
                *r = f(*r, x);
            }
        }
        let sum = f(f(f(r[0], r[1]), f(r[2], r[3])), f(f(r[4], r[5]), f(r[6], r[7])));
        return x[whole..].iter().fold(sum, |a, &b| f(a, b));
    }
    let half = x.len() / 2 / 8 * 8;
    f(tree(&x[..half], f), tree(&x[half..], f))
}

/// What `name` is, on values of a dtype.
fn meaning(name: &str, dtype: Dtype) -> Box<dyn Fn(f64, f64) -> f64> {
    let single = dtype == Dtype::F32;
    let round = move |x: f64| if single { f64::from(x as f32) } else { x };
    match name {
        "add" => Box::new(move |a, b| round(a + b)),
        "multiply" => Box::new(move |a, b| round(a * b)),
        "subtract" => Box::new(move |a, b| round(a - b)),
        "maximum" => Box::new(f64::max),
        "hypot" => Box::new(lanefn::math::hypot::<f64>),
        other => panic!("no {other} here"),
    }
}

fn levels() -> Vec<Level> {
    Level::present().to_vec()
}

/// A shape of up to three axes, an order and gaps; long enough for leaves, nodes and pieces.
fn layouts() -> impl Strategy<Value = (Vec<usize>, Vec<usize>, Vec<isize>)> {
    let sizes = prop_oneof![
        6 => 0usize..12,
        2 => prop::sample::select(vec![16usize, 17, 63, 64, 128, 129, 136, 300]),
    ];
    let long = prop::sample::select(vec![1usize, 5, 1000, 2048, 2049, 4097, 9000]);
    prop_oneof![
        3 => prop::collection::vec(sizes, 1..4),
        1 => (long, 0usize..3).prop_map(|(n, k)| match k { 0 => vec![n], 1 => vec![n, 3], _ => vec![2, n] }),
    ]
    .prop_filter("not too many", |s| s.iter().product::<usize>() <= 40_000)
    .prop_flat_map(|shape| {
        let n = shape.len();
        let order = Just((0..n).collect::<Vec<_>>()).prop_shuffle();
        let gaps = prop::collection::vec(prop::sample::select(vec![1isize, 1, 1, -1, 2, -3]), n);
        (Just(shape), order, gaps)
    })
}

const FUNCTIONS: [(&str, Dtype); 8] = [
    ("add", Dtype::F64),
    ("add", Dtype::F32),
    ("add", Dtype::I32),
    ("multiply", Dtype::F64),
    ("subtract", Dtype::F64),
    ("maximum", Dtype::F32),
    ("maximum", Dtype::I32),
    ("hypot", Dtype::F64),
];

/// Values that make the order of sums visible.
fn value(dtype: Dtype, seed: u64, k: usize) -> f64 {
    let bits = (seed ^ k as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let bits = (bits ^ (bits >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    match dtype {
        Dtype::I32 | Dtype::U8 => {
            (bits % 200) as f64 - if dtype == Dtype::I32 { 100.0 } else { 0.0 }
        }
        Dtype::Bool => (bits >> 13 & 1) as f64,
        _ => 0.5 + (bits >> 12) as f64 / (1u64 << 52) as f64,
    }
}

/// The order in which a function joins elements, by hand.
fn joined(name: &str, dtype: Dtype, items: &[f64]) -> f64 {
    let f = meaning(name, dtype);
    match name {
        "subtract" => items[1..].iter().fold(items[0], |a, &b| f(a, b)),
        _ => tree(items, &*f),
    }
}

/// The groups of values that a reduction of these axes joins, in C order of what is left.
fn groups(x: &Array, reduced: &[bool]) -> Vec<Vec<Vec<usize>>> {
    let pick = |want: bool| -> Vec<usize> {
        (0..x.shape.len()).filter(|&a| reduced[a] == want).map(|a| x.shape[a]).collect()
    };
    indices(&pick(false))
        .iter()
        .map(|kept| {
            indices(&pick(true))
                .iter()
                .map(|r| {
                    let (mut k, mut r) = (kept.iter(), r.iter());
                    reduced
                        .iter()
                        .map(|&red| *if red { r.next() } else { k.next() }.unwrap())
                        .collect()
                })
                .collect()
        })
        .collect()
}

fn same(a: &[f64], b: &[f64]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn reduce_joins_in_the_order_of_the_tree_whatever_the_layout(
        (shape, order, gaps) in layouts(),
        which in 0..FUNCTIONS.len(),
        mask_of_axes in any::<u8>(),
        keepdims in any::<bool>(),
        seed in any::<u64>(),
        threads in 1usize..4,
    ) {
        let (name, dtype) = FUNCTIONS[which];
        let mut x = Array::new(dtype, &shape, &order, &gaps);
        x.fill(|k| value(dtype, seed, k));
        let mut reduced: Vec<bool> = (0..shape.len()).map(|a| mask_of_axes >> a & 1 == 1).collect();
        if name == "subtract" {
            let last = reduced.iter().rposition(|r| *r);
            reduced.iter_mut().enumerate().for_each(|(a, r)| *r = Some(a) == last);
        }
        let axes: Vec<isize> = (0..shape.len() as isize)
            .filter(|&a| reduced[a as usize])
            .map(|a| if seed >> a & 1 == 1 { a - shape.len() as isize } else { a })
            .collect();
        let how = Reducing { axes: Some(&axes), keepdims, ..Reducing::default() };
        let out_dtype = if (name, dtype) == ("add", Dtype::I32) { Dtype::I64 } else { dtype };
        let groups = groups(&x, &reduced);
        for level in levels() {
            let mut out = Array::plain(out_dtype, &how.shape(&shape).unwrap());
            let options = Options { level: Some(level), threads: Some(threads), ..Options::default() };
            // SAFETY: arrays of ours.
            let done = unsafe { find(name).reduce_raw(x.input(), out.output(), &how, options) };
            // Also where there is no group, as another axis has no elements either.
            let empty = (0..shape.len()).any(|a| reduced[a] && shape[a] == 0);
            if empty && !matches!(name, "add" | "multiply" | "hypot") {
                let refused = matches!(done, Err(Error::NoIdentity { .. }));
                prop_assert!(refused, "{done:?}");
                continue;
            }
            done.unwrap();
            let expected: Vec<f64> = groups
                .iter()
                .map(|g| {
                    let items: Vec<f64> = g.iter().map(|i| x.get(i)).collect();
                    match (items.is_empty(), name) {
                        (true, "multiply") => 1.0,
                        (true, _) => 0.0,
                        _ => joined(name, dtype, &items),
                    }
                })
                .collect();
            prop_assert!(same(&out.values(), &expected), "{level:?} {:?} {:?}", out.values(), expected);
        }
    }

    #[test]
    fn a_mask_leaves_elements_out(
        (shape, order, gaps) in layouts(),
        which in 0..FUNCTIONS.len(),
        axis in 0usize..3,
        seed in any::<u64>(),
        thin in any::<bool>(),
    ) {
        let (name, dtype) = FUNCTIONS[which];
        let axis = axis % shape.len();
        let mut x = Array::new(dtype, &shape, &order, &gaps);
        x.fill(|k| value(dtype, seed, k));
        // The mask broadcasts along the other axes, or has the whole shape.
        let mask_shape: Vec<usize> =
            shape.iter().enumerate().map(|(a, &n)| if thin && a != axis { 1 } else { n }).collect();
        let mut mask = Array::plain(Dtype::Bool, &mask_shape);
        mask.fill(|k| value(Dtype::Bool, !seed, k));
        let mut reduced = vec![false; shape.len()];
        reduced[axis] = true;
        let axes = [axis as isize];
        let initial = Scalar::of(3.0f64);
        let how = Reducing {
            axes: Some(&axes),
            mask: Some(mask.input()),
            initial: Initial::Value(initial),
            ..Reducing::default()
        };
        let out_dtype = if (name, dtype) == ("add", Dtype::I32) { Dtype::I64 } else { dtype };
        let f = meaning(name, dtype);
        let neutral = match name {
            "add" => -0.0,
            "multiply" => 1.0,
            "maximum" if dtype == Dtype::F32 => f64::NEG_INFINITY,
            "maximum" => f64::from(i32::MIN),
            _ => 0.0,
        };
        let expected: Vec<f64> = groups(&x, &reduced)
            .iter()
            .map(|g| {
                let at = |i: &[usize]| -> Vec<usize> {
                    i.iter().zip(&mask_shape).map(|(&i, &n)| if n == 1 { 0 } else { i }).collect()
                };
                if name == "subtract" {
                    let items = g.iter().filter(|i| mask.get(&at(i)) != 0.0).map(|i| x.get(i));
                    return items.fold(3.0, &f);
                }
                let items: Vec<f64> = g
                    .iter()
                    .map(|i| if mask.get(&at(i)) != 0.0 { x.get(i) } else { neutral })
                    .collect();
                if items.is_empty() { 3.0 } else { f(3.0, joined(name, dtype, &items)) }
            })
            .collect();
        for level in levels() {
            let mut out = Array::plain(out_dtype, &how.shape(&shape).unwrap());
            let options = Options { level: Some(level), ..Options::default() };
            // SAFETY: arrays of ours.
            unsafe { find(name).reduce_raw(x.input(), out.output(), &how, options) }.unwrap();
            prop_assert!(same(&out.values(), &expected), "{level:?} {:?} {:?}", out.values(), expected);
        }
    }

    #[test]
    fn accumulate_goes_one_after_the_other(
        (shape, order, gaps) in layouts(),
        which in 0..FUNCTIONS.len(),
        axis in 0usize..3,
        seed in any::<u64>(),
        threads in 1usize..3,
    ) {
        let (name, dtype) = FUNCTIONS[which];
        let axis = axis % shape.len();
        let mut x = Array::new(dtype, &shape, &order, &gaps);
        x.fill(|k| value(dtype, seed, k));
        let mut reduced = vec![false; shape.len()];
        reduced[axis] = true;
        let out_dtype = if (name, dtype) == ("add", Dtype::I32) { Dtype::I64 } else { dtype };
        let f = meaning(name, dtype);
        for level in levels() {
            let mut out = Array::new(out_dtype, &shape, &order, &gaps);
            let options = Options { level: Some(level), threads: Some(threads), ..Options::default() };
            // SAFETY: arrays of ours.
            unsafe {
                find(name).accumulate_raw(x.input(), axis as isize, out.output(), None, options)
            }
            .unwrap();
            for group in groups(&x, &reduced) {
                let mut acc = 0.0;
                for (k, i) in group.iter().enumerate() {
                    acc = if k == 0 { x.get(i) } else { f(acc, x.get(i)) };
                    prop_assert_eq!(out.get(i).to_bits(), acc.to_bits(), "{:?} {:?}", level, i);
                }
            }
        }
    }

    #[test]
    fn reduceat_equals_reductions_of_slices(
        (shape, order, gaps) in layouts(),
        which in 0..FUNCTIONS.len(),
        axis in 0usize..3,
        seed in any::<u64>(),
        starts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let (name, dtype) = FUNCTIONS[which];
        let axis = axis % shape.len();
        prop_assume!(shape[axis] > 0);
        let mut x = Array::new(dtype, &shape, &order, &gaps);
        x.fill(|k| value(dtype, seed, k));
        let starts: Vec<i64> = starts.iter().map(|i| i.index(shape[axis]) as i64).collect();
        let mut out_shape = shape.clone();
        out_shape[axis] = starts.len();
        let out_dtype = if (name, dtype) == ("add", Dtype::I32) { Dtype::I64 } else { dtype };
        let mut out = Array::plain(out_dtype, &out_shape);
        // SAFETY: arrays of ours.
        unsafe {
            find(name).reduceat_raw(
                x.input(), &starts, axis as isize, out.output(), None, Options::default(),
            )
        }
        .unwrap();
        for i in indices(&out_shape) {
            let first = starts[i[axis]] as usize;
            let end = starts.get(i[axis] + 1).map_or(shape[axis], |&e| e as usize).max(first + 1);
            let items: Vec<f64> = (first..end)
                .map(|k| {
                    let mut at = i.clone();
                    at[axis] = k;
                    x.get(&at)
                })
                .collect();
            prop_assert_eq!(out.get(&i).to_bits(), joined(name, dtype, &items).to_bits());
        }
    }

    #[test]
    fn at_equals_a_loop(
        n in 1usize..40,
        entries in prop::collection::vec((any::<prop::sample::Index>(), -9i32..9, any::<bool>()), 0..60),
        which in 0..4usize,
        gap in prop::sample::select(vec![1isize, -1, 2]),
        seed in any::<u64>(),
    ) {
        let (name, dtype) = FUNCTIONS[which];
        let mut a = Array::new(dtype, &[n], &[0], &[gap]);
        a.fill(|k| value(dtype, seed, k));
        let index: Vec<i64> = entries
            .iter()
            .map(|(i, _, back)| i.index(n) as i64 - if *back { n as i64 } else { 0 })
            .collect();
        // Of the same dtype, or of another that is cast.
        for b_dtype in [dtype, Dtype::U8] {
            let mut b = Array::plain(b_dtype, &[index.len()]);
            b.fill(|k| f64::from(entries[k].1.abs()));
            let mut expected: Vec<f64> = a.values();
            let f = meaning(name, dtype);
            for (k, &i) in index.iter().enumerate() {
                let i = i.rem_euclid(n as i64) as usize;
                expected[i] = f(expected[i], b.get(&[k]));
            }
            let mut a = a.clone();
            let shape = [index.len()];
            // SAFETY: arrays of ours.
            unsafe {
                find(name).at_raw(a.output(), &index, &shape, Some(b.input()), Options::default())
            }
            .unwrap();
            prop_assert!(same(&a.values(), &expected), "{:?} {:?}", a.values(), expected);
        }
    }

    #[test]
    fn a_second_operand_broadcasts_to_the_indices(
        rows in 1usize..30,
        columns in 1usize..60,
        which in 0..FUNCTIONS.len(),
        kind in 0usize..5,
        gaps in prop::collection::vec(prop::sample::select(vec![1isize, -1, 2]), 2),
        turned in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let (name, dtype) = FUNCTIONS[which];
        let shape = [rows, columns];
        let b_shapes: [&[usize]; 5] = [&[rows, columns], &[columns], &[rows, 1], &[1], &[]];
        let b_shape = b_shapes[kind];
        let order: Vec<usize> = match b_shape.len() {
            2 if turned => vec![1, 0],
            axes => (0..axes).collect(),
        };
        let mut a = Array::plain(dtype, &[17]);
        a.fill(|k| value(dtype, seed, k));
        let index: Vec<i64> =
            (0..rows * columns).map(|k| (value(Dtype::I32, !seed, k).abs() as i64) % 17).collect();
        for b_dtype in [dtype, Dtype::U8] {
            let mut b = Array::new(b_dtype, b_shape, &order, &gaps[..b_shape.len()]);
            b.fill(|k| (k % 9) as f64);
            let mut expected = a.values();
            let f = meaning(name, dtype);
            for (k, at) in indices(&shape).into_iter().enumerate() {
                let own: Vec<usize> = std::iter::zip(b_shape, &at[2 - b_shape.len()..])
                    .map(|(&n, &i)| if n == 1 { 0 } else { i })
                    .collect();
                expected[index[k] as usize] = f(expected[index[k] as usize], b.get(&own));
            }
            let mut a = a.clone();
            // SAFETY: arrays of ours.
            unsafe {
                find(name).at_raw(a.output(), &index, &shape, Some(b.input()), Options::default())
            }
            .unwrap();
            prop_assert!(same(&a.values(), &expected), "{:?} {:?}", a.values(), expected);
        }
    }

    #[test]
    fn a_reduction_is_the_last_of_an_accumulation_where_the_order_is_any(
        name in prop::sample::select(vec!["add", "multiply", "maximum", "minimum", "bitwise_xor", "gcd"]),
        dtype in prop::sample::select(vec![Dtype::I32, Dtype::I64, Dtype::U64]),
        (shape, order, gaps) in layouts(),
        which in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        prop_assume!(!shape.is_empty() && !shape.contains(&0));
        prop_assume!(shape.iter().product::<usize>() < 20_000);
        let axis = which.index(shape.len());
        let mut x = Array::new(dtype, &shape, &order, &gaps);
        x.fill(|k| value(Dtype::I32, seed, k).abs());
        let how = Reducing { axes: Some(&[axis as isize]), dtype: Some(dtype), ..Reducing::default() };
        let f = find(name);
        let mut all = Array::plain(dtype, &shape);
        let mut last = Array::plain(dtype, &how.shape(&shape).unwrap());
        // SAFETY: arrays of ours.
        unsafe {
            f.accumulate_raw(x.input(), axis as isize, all.output(), Some(dtype), Options::default())
                .unwrap();
            f.reduce_raw(x.input(), last.output(), &how, Options::default()).unwrap();
        }
        for i in indices(&last.shape.clone()) {
            let mut end = i.clone();
            end.insert(axis, shape[axis] - 1);
            prop_assert_eq!(last.get(&i), all.get(&end), "{} {:?}", name, i);
        }
    }

    #[test]
    fn functions_that_a_user_wrote_have_every_method(
        values in prop::collection::vec(-8i32..9, 1..300),
        rows in 1usize..5,
        starts in prop::collection::vec(any::<prop::sample::Index>(), 1..9),
        threads in 1usize..4,
    ) {
        /// Not associative, and not commutative.
        #[lanefn::ufunc(f32, f64)]
        fn decayed<T: Real>(total: T, x: T) -> T {
            if x > total { total * 0.5 + x } else { total * 0.25 - x }
        }
        let columns = (values.len() / rows).max(1);
        let rows = rows.min(values.len());
        let of = |i: usize, j: usize| f64::from(values[i * columns + j]);
        let x = Array2::from_shape_fn((rows, columns), |(i, j)| of(i, j));
        let mine = decayed::ufunc().threads(threads);
        // Plain loops, row by row or column by column.
        for (axis, length, others) in [(0, rows, columns), (1, columns, rows)] {
            let get = |other: usize, k: usize| if axis == 0 { x[[k, other]] } else { x[[other, k]] };
            let along = |other: usize, from: usize, to: usize| {
                (from + 1..to).fold(get(other, from), |total, k| decayed(total, get(other, k)))
            };
            for x in [x.clone(), x.t().as_standard_layout().reversed_axes().to_owned()] {
                let sums = mine.reduce(&x, Axis(axis)).unwrap();
                let running = mine.accumulate(&x, Axis(axis)).unwrap();
                let at: Vec<i64> = starts.iter().map(|s| s.index(length) as i64).collect();
                let slices = mine.reduceat(&x, &at, Axis(axis)).unwrap();
                for other in 0..others {
                    prop_assert_eq!(sums[other], along(other, 0, length));
                    for k in 0..length {
                        let place = if axis == 0 { [k, other] } else { [other, k] };
                        prop_assert_eq!(running[place], along(other, 0, k + 1));
                    }
                    for (k, &from) in at.iter().enumerate() {
                        let end = at.get(k + 1).map_or(length, |&e| e as usize);
                        let place = if axis == 0 { [k, other] } else { [other, k] };
                        let from = from as usize;
                        prop_assert_eq!(slices[place], along(other, from, end.max(from + 1)));
                    }
                }
            }
        }
        let row = x.row(0).to_owned();
        let table = mine.outer(&row, &x.column(0)).unwrap();
        for i in 0..columns {
            for j in 0..rows {
                prop_assert_eq!(table[[i, j].as_slice()], decayed(row[i], x[[j, 0]]));
            }
        }
        let (mut changed, mut expected) = (row.clone(), row.clone());
        let at: Vec<i64> = starts.iter().map(|s| s.index(columns) as i64).collect();
        let by = Array1::from_shape_fn(at.len(), |k| k as f64 - 3.0);
        mine.at(&mut changed, &at, &by).unwrap();
        for (&i, &by) in at.iter().zip(&by) {
            expected[i as usize] = decayed(expected[i as usize], by);
        }
        prop_assert_eq!(changed, expected);
    }

    #[test]
    fn outer_equals_the_broadcast_call(
        (a_shape, order, gaps) in layouts(),
        b_shape in prop::collection::vec(0usize..6, 0..3),
        b_dtype in prop::sample::select(vec![Dtype::F32, Dtype::F64]),
        seed in any::<u64>(),
    ) {
        prop_assume!(a_shape.iter().chain(&b_shape).product::<usize>() < 20_000);
        let mut a = Array::new(Dtype::F64, &a_shape, &order, &gaps);
        let mut b = Array::plain(b_dtype, &b_shape);
        a.fill(|k| value(Dtype::F64, seed, k));
        b.fill(|k| value(b_dtype, !seed, k));
        let mut out = Array::plain(Dtype::F64, &Untyped::outer_shape(&a_shape, &b_shape));
        // SAFETY: arrays of ours.
        unsafe {
            find("subtract").outer_raw(
                a.input(), b.input(), None, &[out.output()], Options::default(),
            )
        }
        .unwrap();
        for i in indices(&out.shape.clone()) {
            let (left, right) = i.split_at(a_shape.len());
            prop_assert_eq!(out.get(&i), a.get(left) - b.get(right));
        }
    }
}

#[test]
fn nodes_that_threads_share_make_the_same_tree() {
    let n = 1_000_003;
    for (name, dtype) in
        [("add", Dtype::F64), ("add", Dtype::F32), ("multiply", Dtype::F64), ("hypot", Dtype::F64)]
    {
        let mut x = Array::plain(dtype, &[n]);
        x.fill(|k| value(dtype, 7, k));
        let expected = joined(name, dtype, &x.values());
        for (threads, level) in (1..4).flat_map(|t| levels().into_iter().map(move |l| (t, l))) {
            let mut out = Array::plain(dtype, &[]);
            let options =
                Options { level: Some(level), threads: Some(threads), ..Options::default() };
            // SAFETY: arrays of ours.
            unsafe {
                find(name).reduce_raw(x.input(), out.output(), &Reducing::default(), options)
            }
            .unwrap();
            assert_eq!(out.get(&[]).to_bits(), expected.to_bits(), "{name} {threads} {level:?}");
        }
    }
}

#[test]
fn tall_columns_are_cut_for_threads_too() {
    let (n, m) = (30_000, 40);
    let mut x = Array::plain(Dtype::F64, &[n, m]);
    x.fill(|k| value(Dtype::F64, 9, k));
    let mut outs = vec![];
    for threads in [1, 2, 3] {
        let mut out = Array::plain(Dtype::F64, &[m]);
        let options = Options { threads: Some(threads), ..Options::default() };
        let how = Reducing { axes: Some(&[0]), ..Reducing::default() };
        // SAFETY: arrays of ours.
        unsafe { find("add").reduce_raw(x.input(), out.output(), &how, options) }.unwrap();
        outs.push(out.values());
    }
    let column: Vec<f64> = (0..n).map(|i| x.get(&[i, 5])).collect();
    assert_eq!(outs[0][5].to_bits(), joined("add", Dtype::F64, &column).to_bits());
    assert!(same(&outs[0], &outs[1]) && same(&outs[0], &outs[2]));
}

#[test]
fn short_slices_are_reduced_as_runs_of_their_own() {
    // Slices of 1 to 150 elements, one after the other, and some that go back.
    let mut starts: Vec<i64> = (0..151).map(|k| k * (k + 1) / 2).collect();
    starts.extend([11_000, 10_999, 10_999, 0, 11_400]);
    let n = 11_475;
    for (name, dtype) in FUNCTIONS {
        let mut x = Array::plain(dtype, &[n]);
        x.fill(|k| value(dtype, 3, k));
        let values = x.values();
        let out_dtype = if (name, dtype) == ("add", Dtype::I32) { Dtype::I64 } else { dtype };
        // To another dtype, too.
        for to in [out_dtype, Dtype::F64] {
            let mut out = Array::plain(to, &[starts.len()]);
            // SAFETY: arrays of ours.
            unsafe {
                let options = Options { casting: Casting::Unsafe, ..Options::default() };
                find(name).reduceat_raw(x.input(), &starts, 0, out.output(), None, options)
            }
            .unwrap();
            for (k, &first) in starts.iter().enumerate() {
                let end = starts.get(k + 1).map_or(n, |&e| e as usize).max(first as usize + 1);
                let want = joined(name, dtype, &values[first as usize..end]);
                assert_eq!(
                    out.get(&[k]).to_bits(),
                    want.to_bits(),
                    "{name} {dtype} {first}..{end}"
                );
            }
        }
    }
}

#[test]
fn short_methods_are_what_long_ones_are() {
    for n in (1..140).chain([1000, 2047, 2048, 2049]) {
        for (name, dtype) in FUNCTIONS {
            let (f, out_dtype) = match (name, dtype) {
                ("add", Dtype::I32) => (meaning(name, Dtype::I64), Dtype::I64),
                _ => (meaning(name, dtype), dtype),
            };
            for gap in [1, -1, 3] {
                let mut x = Array::new(dtype, &[n], &[0], &[gap]);
                x.fill(|k| value(dtype, n as u64, k));
                let values = x.values();
                let options = Options::default();
                let mut out = Array::plain(out_dtype, &[]);
                let how = Reducing::default();
                // SAFETY: arrays of ours, here and below.
                unsafe { find(name).reduce_raw(x.input(), out.output(), &how, options) }.unwrap();
                let want = joined(name, dtype, &values);
                assert_eq!(out.get(&[]).to_bits(), want.to_bits(), "{name} {dtype} {n} {gap}");

                let mut out = Array::new(out_dtype, &[n], &[0], &[gap]);
                // SAFETY: as above.
                unsafe { find(name).accumulate_raw(x.input(), 0, out.output(), None, options) }
                    .unwrap();
                let mut so_far = values[0];
                let mut want = vec![so_far];
                for &v in &values[1..] {
                    so_far = f(so_far, v);
                    want.push(so_far);
                }
                assert!(same(&out.values(), &want), "{name} {dtype} {n} {gap}");

                // Over its own input, where that has the dtype of what comes out.
                if out_dtype == dtype {
                    let over = x.output();
                    let input =
                        RawInput { ptr: over.ptr, shape: over.shape, strides: over.strides, dtype };
                    // SAFETY: as above.
                    unsafe { find(name).accumulate_raw(input, -1, over, None, options) }.unwrap();
                    assert!(same(&x.values(), &want), "{name} {dtype} {n} {gap}");
                }
            }
        }
    }
}

#[test]
fn rows_are_joined_as_columns_are_whatever_their_number() {
    // So many that several are joined at once, that some are left, and that there are nodes of them.
    for n in (40..140).chain([255, 256, 300, 1023, 1024, 1030, 2000]) {
        for (name, dtype) in FUNCTIONS {
            let columns = 16 + n % 5;
            let mut x = Array::plain(dtype, &[n, columns]);
            x.fill(|k| value(dtype, n as u64, k));
            let out_dtype = if (name, dtype) == ("add", Dtype::I32) { Dtype::I64 } else { dtype };
            let mut out = Array::plain(out_dtype, &[columns]);
            let how = Reducing { axes: Some(&[0]), ..Reducing::default() };
            // SAFETY: arrays of ours.
            unsafe { find(name).reduce_raw(x.input(), out.output(), &how, Options::default()) }
                .unwrap();
            for c in 0..columns {
                let column: Vec<f64> = (0..n).map(|i| x.get(&[i, c])).collect();
                let want = joined(name, dtype, &column);
                assert_eq!(out.get(&[c]).to_bits(), want.to_bits(), "{name} {dtype} {n} rows");
            }
        }
    }
}

#[test]
fn any_and_all_stop_early_and_are_right() {
    let any = |x: &Array| {
        let mut out = Array::plain(Dtype::Bool, &[]);
        let (how, options) = (Reducing::default(), Options::default());
        // SAFETY: arrays of ours.
        unsafe { find("logical_or").reduce_raw(x.input(), out.output(), &how, options) }.unwrap();
        out.get(&[]) != 0.0
    };
    // The sign of a zero is no truth, that of an integer is.
    for (dtype, zero, not) in [
        (Dtype::F64, -0.0, f64::MIN_POSITIVE),
        (Dtype::F32, -0.0, -f64::from(f32::MIN_POSITIVE)),
        (Dtype::I32, 0.0, f64::from(i32::MIN)),
        (Dtype::U8, 0.0, 128.0),
    ] {
        for n in [1, 2048, 5000] {
            let mut x = Array::plain(dtype, &[n]);
            x.fill(|_| zero);
            assert!(!any(&x), "{dtype} {n}");
            x.set(&[n - 1], not);
            assert!(any(&x), "{dtype} {n}");
        }
    }
    for n in [0usize, 1, 7, 2048, 2049, 5000, 100_000] {
        for at in [0, n / 2, n.saturating_sub(1)] {
            let mut x = Array::plain(Dtype::F64, &[n]);
            for (name, fill, odd) in [("logical_or", 0.0, f64::NAN), ("logical_and", 5.0, 0.0)] {
                x.fill(|_| fill);
                for put in [false, true] {
                    if put && n > 0 {
                        x.set(&[at], odd);
                    }
                    let mut out = Array::plain(Dtype::Bool, &[]);
                    // SAFETY: arrays of ours.
                    unsafe {
                        find(name).reduce_raw(
                            x.input(),
                            out.output(),
                            &Reducing::default(),
                            Options::default(),
                        )
                    }
                    .unwrap();
                    let usual = name == "logical_and";
                    let expected = if put && n > 0 { !usual } else { usual };
                    assert_eq!(out.get(&[]) != 0.0, expected, "{name} {n} {at} {put}");
                }
            }
        }
    }
}

#[test]
fn operands_of_other_dtypes_are_cast_on_the_way() {
    let add = find("add");
    let mut a = Array::new(Dtype::I32, &[40, 50], &[1, 0], &[1, 1]);
    let mut b = Array::plain(Dtype::F64, &[50]);
    a.fill(|k| k as f64 - 700.0);
    b.fill(|k| 0.25 * k as f64);
    for out_dtype in [Dtype::F64, Dtype::F32] {
        let mut out = Array::new(out_dtype, &[40, 50], &[0, 1], &[1, 2]);
        // SAFETY: arrays of ours.
        unsafe { add.call_raw(&[a.input(), b.input()], None, &[out.output()], Options::default()) }
            .unwrap();
        for i in indices(&[40, 50]) {
            assert_eq!(out.get(&i), f64::from((a.get(&i) + b.get(&i[1..])) as f32 * 1.0));
        }
    }
    let mut out = Array::plain(Dtype::I32, &[40, 50]);
    // SAFETY: arrays of ours.
    let refused =
        unsafe { add.call_raw(&[a.input(), b.input()], None, &[out.output()], Options::default()) };
    assert_eq!(
        refused.unwrap_err().to_string(),
        "output 0 of add can't be cast from float64 to int32 by the rule 'same_kind'"
    );
    let options = Options { casting: Casting::Unsafe, ..Options::default() };
    // SAFETY: arrays of ours.
    unsafe { add.call_raw(&[a.input(), b.input()], None, &[out.output()], options) }.unwrap();
    assert_eq!(out.get(&[0, 3]), (a.get(&[0, 3]) + 0.75).trunc());
}

#[test]
fn methods_refuse_what_they_can_not_do_by_name() {
    let x = Array::plain(Dtype::F64, &[0, 3]);
    let mut out = Array::plain(Dtype::F64, &[3]);
    let mut text = |name: &str, how: &Reducing| {
        // SAFETY: arrays of ours.
        unsafe { find(name).reduce_raw(x.input(), out.output(), how, Options::default()) }
            .unwrap_err()
            .to_string()
    };
    let first = Reducing { axes: Some(&[0]), ..Reducing::default() };
    assert_eq!(
        text("maximum", &first),
        "maximum has no identity: axis 0 of shape [0, 3] has no elements to reduce, and no initial value is given"
    );
    assert_eq!(
        text("add", &Reducing { axes: Some(&[2]), ..first }),
        "axis 2 is out of bounds for an array of 2 dimensions"
    );
    assert_eq!(text("add", &Reducing { axes: Some(&[0, -2]), ..first }), "axis 0 is named twice");
    assert_eq!(
        text("sin", &first),
        "reduce is for functions of two inputs and one output; sin has 1 and 1"
    );
    assert!(text("less", &first).starts_with("less can't go along an axis"));
    let both = Reducing { axes: Some(&[0, 1]), ..first };
    let mut out = Array::plain(Dtype::F64, &[]);
    // SAFETY: arrays of ours.
    let several =
        unsafe { find("subtract").reduce_raw(x.input(), out.output(), &both, Options::default()) };
    assert_eq!(
        several.unwrap_err().to_string(),
        "subtract depends on the order of elements, so it reduces one axis at a time, not [0, 1]"
    );
    let (y, mut out) = (Array::plain(Dtype::F64, &[2]), Array::plain(Dtype::F64, &[]));
    let truths = Array::plain(Dtype::Bool, &[2]);
    let masked = Reducing { mask: Some(truths.input()), ..first };
    // SAFETY: arrays of ours.
    let masked =
        unsafe { find("maximum").reduce_raw(y.input(), out.output(), &masked, Options::default()) };
    assert_eq!(
        masked.unwrap_err().to_string(),
        "maximum has no identity: a reduction with a mask needs an initial value"
    );
    let (mut a, b) = (Array::plain(Dtype::F64, &[3]), Array::plain(Dtype::F64, &[]));
    for (index, short) in [(3i64, true), (-4, true), (3, false), (i64::MIN, false)] {
        let mut indices = vec![0; if short { 1 } else { 5000 }];
        *indices.last_mut().unwrap() = index;
        let shape = [indices.len()];
        // SAFETY: arrays of ours.
        let done = unsafe {
            find("add").at_raw(a.output(), &indices, &shape, Some(b.input()), Options::default())
        };
        assert_eq!(
            done.unwrap_err().to_string(),
            format!("index {index} is out of bounds for axis 0 of length 3")
        );
        let mut parts = Array::plain(Dtype::F64, &[2]);
        // SAFETY: arrays of ours.
        let done = unsafe {
            find("add").reduceat_raw(
                y.input(),
                &[0, index],
                0,
                parts.output(),
                None,
                Options::default(),
            )
        };
        assert_eq!(
            done.unwrap_err().to_string(),
            format!("index {index} is out of bounds for axis 0 of length 2")
        );
    }
    let types = [Type::Is(Dtype::F64); 2];
    let shift = find("left_shift").resolve(&types, &[], Casting::SameKind).unwrap_err().to_string();
    assert!(shift.starts_with("left_shift has no loop for (float64, float64); it has"), "{shift}");
    let bools = [Type::Is(Dtype::Bool); 2];
    let difference = find("subtract").resolve(&bools, &[], Casting::SameKind);
    assert!(matches!(difference, Err(Error::NoLoop { .. })), "{difference:?}");
    let asked = [None, None, Some(Dtype::I8)];
    assert!(find("subtract").resolve(&bools, &asked, Casting::SameKind).is_ok());
    let mixed = [Type::Is(Dtype::I8), Type::Is(Dtype::I16)];
    let cast = find("add").resolve(&mixed, &[], Casting::No).unwrap_err().to_string();
    assert_eq!(cast, "input 0 of add can't be cast from int8 to int16 by the rule 'no'");
}

/// NumPy gives an array without elements strides of 0; which axes are empty decides what is an error.
#[test]
fn nothing_along_one_axis_and_nothing_to_write() {
    let reduce = |name: &str, shape: &[usize], axis: isize, to: &[usize]| {
        let (x, axes) = (Array::plain(Dtype::F64, shape), [axis]);
        let strides = vec![0; to.len()];
        let output = RawOutput {
            ptr: std::ptr::dangling_mut::<f64>().cast(),
            shape: to,
            strides: &strides,
            dtype: Dtype::F64,
        };
        let how = Reducing { axes: Some(&axes), ..Reducing::default() };
        // SAFETY: an array of ours, and an output without elements.
        unsafe { find(name).reduce_raw(x.input(), output, &how, Options::default()) }
    };
    assert!(reduce("maximum", &[2, 0, 3], 0, &[0, 3]).is_ok());
    assert!(reduce("add", &[0, 0, 3], 0, &[0, 3]).is_ok());
    let none = reduce("maximum", &[0, 0, 3], 0, &[0, 3]);
    assert!(matches!(none, Err(Error::NoIdentity { axis: 0, .. })), "{none:?}");
}

#[test]
fn a_second_operand_that_does_not_fit_the_indices_is_named() {
    let (mut a, b) = (Array::plain(Dtype::F64, &[3]), Array::plain(Dtype::F64, &[1]));
    // SAFETY: arrays of ours.
    let refused =
        unsafe { find("add").at_raw(a.output(), &[0], &[], Some(b.input()), Options::default()) };
    let text = refused.unwrap_err().to_string();
    assert_eq!(text, "output 0 has shape [], but the inputs broadcast to [1]");
}

#[test]
fn a_user_says_what_a_function_is_along_an_axis() {
    /// Sums that stop at 1000.
    #[lanefn::ufunc]
    fn bounded_sum(x: i32, y: i32) -> i32 {
        let sum = x + y;
        if sum > 1000 { 1000 } else { sum }
    }
    let plain = bounded_sum::ufunc().untyped();
    let said = plain.reducing(Reduction::any().identity(Special::Zero));
    let mut x = Array::plain(Dtype::I32, &[30, 50]);
    x.fill(|k| (k * 7 % 23) as f64);
    let mut truths = Array::plain(Dtype::Bool, &[30, 50]);
    truths.fill(|k| f64::from(k % 3 == 0));
    let run = |f: &Untyped, how: &Reducing, x: &Array| {
        let mut out = Array::plain(Dtype::I32, &how.shape(&x.shape).unwrap());
        // SAFETY: arrays of ours.
        let done = unsafe { f.reduce_raw(x.input(), out.output(), how, Options::default()) };
        done.map(|()| out.values())
    };
    let fold = |items: &mut dyn Iterator<Item = f64>| {
        items.fold(0.0, |sum, x| f64::from(bounded_sum(sum as i32, x as i32)))
    };
    // Both axes, one of them, what a mask lets through, and nothing.
    assert_eq!(run(&said, &Reducing::default(), &x).unwrap(), [1000.0]);
    let one = Reducing { axes: Some(&[-1]), ..Reducing::default() };
    let rows = |let_through: &dyn Fn(usize) -> bool| -> Vec<f64> {
        let values = x.values();
        let row = |r: usize| (50 * r..50 * (r + 1)).filter(|k| let_through(*k));
        (0..30).map(|r| fold(&mut row(r).map(|k| values[k]))).collect()
    };
    assert_eq!(run(&said, &one, &x).unwrap(), rows(&|_| true));
    assert_eq!(run(&plain, &one, &x).unwrap(), rows(&|_| true));
    let masked = Reducing { mask: Some(truths.input()), ..one };
    assert_eq!(run(&said, &masked, &x).unwrap(), rows(&|k| k % 3 == 0));
    let nothing = Array::plain(Dtype::I32, &[3, 0]);
    assert_eq!(run(&said, &one, &nothing).unwrap(), [0.0; 3]);
    // Of a function of which nothing is said, these are errors that name it.
    let several = run(&plain, &Reducing::default(), &x).unwrap_err();
    assert!(
        matches!(&several, Error::NotReorderable { axes, .. } if axes[..] == [0, 1]),
        "{several}"
    );
    assert!(several.to_string().contains("bounded_sum"), "{several}");
    let masked = run(&plain, &masked, &x).unwrap_err();
    assert!(matches!(masked, Error::MaskNeedsInitial { .. }), "{masked}");
    assert!(masked.to_string().contains("bounded_sum"), "{masked}");
    let empty = run(&plain, &one, &nothing).unwrap_err();
    assert!(matches!(empty, Error::NoIdentity { axis: 1, .. }), "{empty}");
}
