//! Every lane operation, for every dtype, at every level of this CPU, in every shape of the level,
//! gives the bits of the scalar operation.
//!
//! The oracles are written here with the operators and methods of Rust's scalar types, apart from the
//! definitions in the crate, so that those are tested too (by the level `scalar`). A NaN that an
//! operation makes may have any sign and payload; operations that move bits keep them.
//!
//! `LANEFN_CASES` is the number of random cases for each operation (48 without it), and with
//! `LANEFN_LEVEL` only that level is tried (a slow emulator needs both). To see which levels
//! were skipped: `cargo test -p lanefn-kernels --test lanes -- --nocapture levels`.

use lanefn_kernels::lanes::{
    Constants, Dtype, Element, Float, Integer, Lane, Machine, MachineLane, MachineMask, Number,
    Scalar, Shape, Turns, select_state,
};
use lanefn_kernels::level::Level;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// The largest number of lanes of any shape.
const MOST_LANES: usize = 64;

/// Whether to try a level: this CPU has it, and `LANEFN_LEVEL` names it or nothing.
fn wanted(level: Level) -> bool {
    level.is_present() && std::env::var("LANEFN_LEVEL").map_or(true, |name| name == level.name())
}

fn cases() -> u32 {
    std::env::var("LANEFN_CASES").map_or(48, |n| n.parse().expect("LANEFN_CASES is a number"))
}

// ---------------------------------------------------------------------------------------------------
// Values

/// A scalar type with the values that are worth trying.
trait Value: Element {
    /// Values at which operations go wrong.
    fn special() -> Vec<Self>;
    /// Fewer of them, for operations of two or three operands.
    fn few() -> Vec<Self>;
    /// Any value, often a special one.
    fn any() -> BoxedStrategy<Self>;
    /// The bits, zeros above them.
    fn bits(self) -> u64;
    /// The value of these bits.
    fn of_bits(bits: u64) -> Self;
}

impl Value for bool {
    fn special() -> Vec<Self> {
        vec![false, true]
    }
    fn few() -> Vec<Self> {
        Self::special()
    }
    fn any() -> BoxedStrategy<Self> {
        any::<bool>().boxed()
    }
    fn bits(self) -> u64 {
        self as u64
    }
    fn of_bits(bits: u64) -> Self {
        bits != 0
    }
}

/// The function that belongs to a dtype.
macro_rules! of_dtype {
    ($t:expr, $f:ident) => {
        match $t {
            Dtype::Bool => $f::<bool>,
            Dtype::I8 => $f::<i8>,
            Dtype::I16 => $f::<i16>,
            Dtype::I32 => $f::<i32>,
            Dtype::I64 => $f::<i64>,
            Dtype::U8 => $f::<u8>,
            Dtype::U16 => $f::<u16>,
            Dtype::U32 => $f::<u32>,
            Dtype::U64 => $f::<u64>,
            Dtype::F32 => $f::<f32>,
            Dtype::F64 => $f::<f64>,
        }
    };
}

/// A dtype's values, as bits.
struct Values {
    special: Vec<u64>,
    few: Vec<u64>,
    any: BoxedStrategy<u64>,
}

fn values(t: Dtype) -> Values {
    fn of<T: Value>() -> Values {
        let bits = |v: Vec<T>| v.into_iter().map(T::bits).collect();
        let (special, few) = (bits(T::special()), bits(T::few()));
        Values { special, few, any: T::any().prop_map(T::bits).boxed() }
    }
    of_dtype!(t, of)()
}

fn is_nan(t: Dtype, bits: u64) -> bool {
    match t {
        Dtype::F64 => f64::of_bits(bits).is_nan(),
        Dtype::F32 => f32::of_bits(bits).is_nan(),
        _ => false,
    }
}

fn show(t: Dtype, bits: u64) -> String {
    fn text<T: Value>(bits: u64) -> String {
        format!("{:?} [{bits:#x}]", T::of_bits(bits))
    }
    let text: fn(u64) -> String = of_dtype!(t, text);
    text(bits)
}

macro_rules! integer_values {
    ($($t:ident $unsigned:ident;)*) => {$(
        impl Value for $t {
            fn special() -> Vec<Self> {
                let mut all = Self::few();
                // Powers of two with neighbours; pairs of bits that are rounded on the way to a float.
                for k in 0..$t::BITS {
                    let power = (1 as $t) << k;
                    all.extend([power, power.wrapping_sub(1), power.wrapping_add(1)]);
                    all.extend([power.wrapping_neg(), power.wrapping_neg().wrapping_add(1)]);
                    for below in [11u32, 12, 24, 25, 39, 53, 54] {
                        if let Some(low) = k.checked_sub(below) {
                            let low = (1 as $t) << low;
                            let two = power | low;
                            all.extend([two, two.wrapping_add(1), two.wrapping_sub(1)]);
                            all.extend([two | low << 1, !two, two.wrapping_neg()]);
                        }
                    }
                }
                all
            }
            fn few() -> Vec<Self> {
                // Shift amounts among them, also negative and past every width.
                let mut all: Vec<$t> = [0i64, 1, 2, 3, 5, 7, 8, 9, 10, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127]
                    .into_iter()
                    .flat_map(|v| [v as $t, (v as $t).wrapping_neg()])
                    .collect();
                let (min, max) = ($t::MIN, $t::MAX);
                all.extend([min, min + 1, max, max - 1, max / 2, max / 2 + 1, min / 2, max / 3, 100]);
                all.sort();
                all.dedup();
                all
            }
            fn any() -> BoxedStrategy<Self> {
                prop_oneof![
                    2 => proptest::sample::select(Self::special()),
                    1 => proptest::sample::select(Self::few()),
                    1 => (-70i64..70).prop_map(|v| v as $t),
                    2 => any::<$t>(),
                    1 => (any::<$t>(), 0..$t::BITS).prop_map(|(v, by)| v >> by),
                ]
                .boxed()
            }
            fn bits(self) -> u64 {
                self as $unsigned as u64
            }
            fn of_bits(bits: u64) -> Self {
                bits as $t
            }
        }
    )*};
}
integer_values! { i8 u8; i16 u16; i32 u32; i64 u64; u8 u8; u16 u16; u32 u32; u64 u64; }

macro_rules! float_values {
    ($($t:ident $bits:ident $quiet:literal)*) => {$(
        impl Value for $t {
            fn special() -> Vec<Self> {
                let mut all = Self::few();
                // Around the limits of every integer type, the halves, and where whole numbers end.
                for k in [0, 1, 2, 7, 8, 9, 15, 16, 22, 23, 24, 25, 31, 32, 33, 51, 52, 53, 54, 62, 63, 64, 65, 127] {
                    let power = (2.0 as $t).powi(k);
                    for v in [power, power - 0.25, power - 0.5, power - 1.0, power - 1.5, power - 2.0,
                        power + 0.25, power + 0.5, power + 1.0, power + 1.5, power.next_up(), power.next_down()]
                    {
                        all.extend([v, -v]);
                    }
                }
                // What rounds to f32 at, above and below a half, in subnormals and at the overflow too.
                for base in [1.0f64, f32::MAX as f64, 1e-40, f32::from_bits(1) as f64, f32::MIN_POSITIVE as f64] {
                    let below = f32::from_bits((base as f32).to_bits() - 1) as f64;
                    let half = base + (base - below) / 2.0;
                    for v in [base, half, half.next_up(), half.next_down(), (base + below) / 2.0] {
                        all.extend([v as $t, -v as $t]);
                    }
                }
                all
            }
            fn few() -> Vec<Self> {
                let payload = (1 as $bits) << 5;
                let nan = $t::INFINITY.to_bits();
                let positive = [
                    0.0, 1.0, 0.5, 1.5, 2.5, 3.0, 0.1, $t::EPSILON, 1.0 + $t::EPSILON,
                    (0.5 as $t).next_down(), (1.0 as $t).next_down(),
                    $t::MIN_POSITIVE, $t::MIN_POSITIVE.next_down(), $t::from_bits(1), $t::from_bits(7),
                    $t::MAX, $t::MAX / 2.0, $t::MAX.next_down(), $t::INFINITY, 255.5, 1e10, 4503599627370497.5,
                    // Quiet; signalling.
                    $t::from_bits(nan | $quiet | payload), $t::from_bits(nan | 1),
                ];
                // Not by `-v`, so that nothing quietens a NaN.
                positive.into_iter().flat_map(|v| [v, $t::from_bits(v.to_bits() | 1 << ($bits::BITS - 1))]).collect()
            }
            fn any() -> BoxedStrategy<Self> {
                prop_oneof![
                    2 => proptest::sample::select(Self::special()),
                    2 => proptest::sample::select(Self::few()),
                    2 => any::<$bits>().prop_map($t::from_bits),
                    1 => (-1000i32..1000).prop_map(|v| v as $t * 0.25),
                    1 => (-1.0..1.0f64).prop_map(|v| (v * 1e19) as $t),
                    1 => (-1.0..1.0f64).prop_map(|v| (v * 5e9) as $t),
                    1 => (-300.0..300.0f64).prop_map(|v| v as $t),
                ]
                .boxed()
            }
            fn bits(self) -> u64 {
                self.to_bits() as u64
            }
            fn of_bits(bits: u64) -> Self {
                $t::from_bits(bits as $bits)
            }
        }
    )*};
}
float_values! { f64 u64 0x0008_0000_0000_0000 f32 u32 0x0040_0000 }

// ---------------------------------------------------------------------------------------------------
// Operations

/// The bits of one element of each operand, unused ones 0.
type Row = [u64; 3];

/// The types of an operation's operands.
trait Inputs: Sized + 'static {
    const DTYPES: &'static [Dtype];
    type Lanes<S: Machine>;
    fn of_row(row: Row) -> Self;
    /// # Safety
    /// There are `S::N` elements from `at` on.
    unsafe fn load<S: Machine>(s: S, from: &[*const u8; 3], at: usize) -> Self::Lanes<S>;
}

macro_rules! inputs {
    ($(($($t:ident $i:tt),*);)*) => {$(
        impl<$($t: Value),*> Inputs for ($($t,)*) {
            const DTYPES: &'static [Dtype] = &[$($t::DTYPE),*];
            type Lanes<S: Machine> = ($($t::Lane<S>,)*);
            fn of_row(row: Row) -> Self {
                ($($t::of_bits(row[$i]),)*)
            }
            #[inline(always)]
            unsafe fn load<S: Machine>(s: S, from: &[*const u8; 3], at: usize) -> Self::Lanes<S> {
                // SAFETY: the caller's promise.
                ($(unsafe { $t::load(s, from[$i].cast::<$t>().add(at)) },)*)
            }
        }
    )*};
}
inputs! { (A 0); (A 0, B 1); (A 0, B 1, C 2); }

/// An operation on lanes with its oracle.
trait Operation: 'static {
    type In: Inputs;
    type Out: Value;
    fn lanes<S: Machine>(
        s: S,
        inputs: <Self::In as Inputs>::Lanes<S>,
    ) -> <Self::Out as Element>::Lane<S>;
}

/// An operation on a number of vectors of a shape.
type Shell = unsafe fn(&[*const u8; 3], *mut u8, usize);

/// # Safety
/// The CPU has the level of the shape; `from` and `to` have room for so many vectors.
#[inline(always)]
unsafe fn run<O: Operation, S: Machine>(from: &[*const u8; 3], to: *mut u8, vectors: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let s = S::token();
        for v in 0..vectors {
            let x = O::In::load(s, from, v * S::N);
            <O::Out as Element>::store::<S>(O::lanes(s, x), to.cast::<O::Out>().add(v * S::N));
        }
    }
}

macro_rules! shells {
    ($($(#[$attribute:meta])* $name:ident)*) => {$(
        /// # Safety
        /// As [`run`] says.
        $(#[$attribute])*
        unsafe fn $name<O: Operation, S: Machine>(from: &[*const u8; 3], to: *mut u8, vectors: usize) {
            // SAFETY: the caller's promise.
            unsafe { run::<O, S>(from, to, vectors) }
        }
    )*};
}
shells! {
    plain
    #[cfg_attr(target_arch = "x86_64", target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c"))]
    avx2
    #[cfg_attr(target_arch = "x86_64", target_feature(
        enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512cd,avx2,fma,bmi1,bmi2,lzcnt,popcnt,f16c"
    ))]
    avx512
}

/// An operation in one shape of one level.
struct Way {
    level: Level,
    lanes: usize,
    shell: Shell,
}

/// Every shape of every level, present or not: those in which f64, f32, i16 and u8 fill its registers.
const fn ways<O: Operation>() -> [Way; 13] {
    macro_rules! way {
        ($level:ident $shell:ident $shape:ty) => {
            Way { level: Level::$level, lanes: <$shape as Machine>::N, shell: $shell::<O, $shape> }
        };
    }
    [
        way!(Scalar plain Scalar),
        way!(Baseline plain <f64 as Element>::Baseline),
        way!(Baseline plain <f32 as Element>::Baseline),
        way!(Baseline plain <i16 as Element>::Baseline),
        way!(Baseline plain <u8 as Element>::Baseline),
        way!(Avx2 avx2 <f64 as Element>::Avx2),
        way!(Avx2 avx2 <f32 as Element>::Avx2),
        way!(Avx2 avx2 <i16 as Element>::Avx2),
        way!(Avx2 avx2 <u8 as Element>::Avx2),
        way!(Avx512 avx512 <f64 as Element>::Avx512),
        way!(Avx512 avx512 <f32 as Element>::Avx512),
        way!(Avx512 avx512 <i16 as Element>::Avx512),
        way!(Avx512 avx512 <u8 as Element>::Avx512),
    ]
}

/// A test. Its types are erased, so that what follows is compiled once and not for each operation.
struct Test {
    name: &'static str,
    inputs: &'static [Dtype],
    output: Dtype,
    /// Whether a NaN's bits count.
    bits: bool,
    /// All lanes are given the same values.
    alike: bool,
    ways: [Way; 13],
    /// The bits that lane `i` of a vector of these inputs must have.
    oracle: fn(&[Row], usize) -> u64,
}

impl Test {
    /// Runs the operation every way on these inputs; says where it differs from its oracle.
    fn compare(&self, given: &[Row]) -> Result<(), TestCaseError> {
        let all: Vec<Row> = if self.alike {
            vec![given[0]; MOST_LANES]
        } else {
            let whole = given.len().next_multiple_of(MOST_LANES);
            given.iter().copied().cycle().take(whole).collect()
        };
        // Operands begin one element past an allocation's start: aligned for no vector.
        let buffers: Vec<Vec<u64>> = (0..self.inputs.len())
            .map(|i| {
                let size = self.inputs[i].size();
                let mut bytes = vec![0u8; size];
                bytes
                    .extend(all.iter().flat_map(|row| row[i].to_le_bytes().into_iter().take(size)));
                bytes.resize(bytes.len().next_multiple_of(8), 0);
                bytes.chunks(8).map(|c| u64::from_ne_bytes(c.try_into().unwrap())).collect()
            })
            .collect();
        let mut from = [std::ptr::null(); 3];
        for (i, buffer) in buffers.iter().enumerate() {
            from[i] = buffer.as_ptr().cast::<u8>().wrapping_add(self.inputs[i].size());
        }
        let size = self.output.size();
        for way in self.ways.iter().filter(|w| wanted(w.level)) {
            // The elements around the output must stay as they are.
            let bytes = (all.len() + 2) * size;
            let mut to = vec![0xabab_abab_abab_abab_u64; bytes.div_ceil(8)];
            let start = to.as_mut_ptr().cast::<u8>();
            // SAFETY: the level is present, and there is room for all the vectors: the number of lanes
            // divides the number of inputs.
            let to = unsafe {
                (way.shell)(&from, start.add(size), all.len() / way.lanes);
                std::slice::from_raw_parts(start, bytes)
            };
            let bits_at = |i: usize| {
                let mut bits = [0; 8];
                bits[..size].copy_from_slice(&to[i * size..][..size]);
                u64::from_le_bytes(bits)
            };
            for (i, row) in all.iter().enumerate() {
                let first = i / way.lanes * way.lanes;
                let want = (self.oracle)(&all[first..first + way.lanes], i - first);
                let got = bits_at(i + 1);
                let nan = !self.bits && is_nan(self.output, got) && is_nan(self.output, want);
                prop_assert!(
                    got == want || nan,
                    "{} at level {} with {} lanes: ({}) gave {}, not {}",
                    self.name,
                    way.level,
                    way.lanes,
                    self.inputs
                        .iter()
                        .zip(row)
                        .map(|(t, v)| show(*t, *v))
                        .collect::<Vec<_>>()
                        .join(", "),
                    show(self.output, got),
                    show(self.output, want),
                );
            }
            let around = 0xabab_abab_abab_abab_u64 >> (64 - 8 * size);
            prop_assert!(
                bits_at(0) == around && bits_at(all.len() + 1) == around,
                "{} at level {} with {} lanes wrote past its vectors",
                self.name,
                way.level,
                way.lanes,
            );
        }
        Ok(())
    }

    /// The operation on the special values, then on random ones.
    fn check(&self) {
        // All special values of a single operand, every combination of fewer for several.
        let values: Vec<Values> = self.inputs.iter().map(|t| values(*t)).collect();
        let mut special: Vec<Row> = vec![[0; 3]];
        for (i, values) in values.iter().enumerate() {
            let values = if self.inputs.len() == 1 { &values.special } else { &values.few };
            special = special
                .into_iter()
                .flat_map(|row| {
                    values.iter().map(move |v| {
                        let mut row = row;
                        row[i] = *v;
                        row
                    })
                })
                .collect();
        }
        let step = if self.alike { 1 } else { 64 * MOST_LANES };
        for some in special.chunks(step) {
            if let Err(error) = self.compare(some) {
                panic!("{error}");
            }
        }
        let any = |i: usize| values.get(i).map_or(Just(0).boxed(), |v| v.any.clone());
        let row = [any(0), any(1), any(2)];
        let config = Config { cases: cases(), failure_persistence: None, ..Config::default() };
        let vectors = proptest::collection::vec(row, 1..=MOST_LANES);
        if let Err(error) = TestRunner::new(config).run(&vectors, |v| self.compare(&v)) {
            panic!("{error}");
        }
    }
}

/// `name: (inputs) -> output, kind |s| lanes, oracle;` where the kind is
/// - `number`: a NaN is any NaN,
/// - `bits`: a NaN's bits count,
/// - `vector(x, i)`: the oracle sees the whole vector `x` and says what lane `i` must be,
/// - `alike`: all lanes get the same inputs.
macro_rules! operations {
    ($($name:ident: ($($a:ident: $t:ty),*) -> $r:ty, $kind:ident $(($x:ident, $i:ident))? |$s:ident| $lanes:expr, $oracle:expr;)*) => {$(
        #[test]
        fn $name() {
            type Given = ($($t,)*);
            struct Op;
            impl Operation for Op {
                type In = Given;
                type Out = $r;
                #[inline(always)]
                fn lanes<S: Machine>(
                    $s: S,
                    ($($a,)*): ($(<$t as Element>::Lane<S>,)*),
                ) -> <$r as Element>::Lane<S> {
                    let _ = $s;
                    $lanes
                }
            }
            fn oracle(vector: &[Row], lane: usize) -> u64 {
                let ($($a,)*) = <Given as Inputs>::of_row(vector[lane]);
                $(
                    let $x: Vec<_> = vector.iter().map(|row| <Given as Inputs>::of_row(*row)).collect();
                    let $i = lane;
                )?
                $(let _ = $a;)*
                let out: $r = $oracle;
                out.bits()
            }
            Test {
                name: concat!(module_path!(), "::", stringify!($name)),
                inputs: <Given as Inputs>::DTYPES,
                output: <$r as Element>::DTYPE,
                bits: operations!(@bits $kind),
                alike: operations!(@alike $kind),
                ways: ways::<Op>(),
                oracle,
            }.check();
        }
    )*};
    (@bits number) => { false };
    (@bits $other:ident) => { true };
    (@alike alike) => { true };
    (@alike $other:ident) => { false };
}

/// A longer table of the entries of a short one, in an order without a short period.
fn repeated<T: Copy, const N: usize>(entries: [T; 5]) -> [T; N] {
    std::array::from_fn(|i| entries[(2 * i + i / 5) % 5])
}

/// What every dtype has.
macro_rules! any_dtype {
    ($t:ident $lane:ident $table:expr) => {
        operations! {
            load_and_store_keep_bits: (a: $t) -> $t, bits |s| a, a;
            splat: (a: $t) -> $t, alike |s| s.lit::<S::$lane>(MachineLane::get(a, 0)), a;
            splat_by_the_type: (a: $t) -> $t, alike |s| <S::$lane as Lane>::splat(s, MachineLane::get(a, 0)), a;
            build_and_get: (a: $t) -> $t, bits |s| <S::$lane as MachineLane>::build(s, |i| MachineLane::get(a, i)), a;
            select: (m: bool, a: $t, b: $t) -> $t, bits |s| Lane::select(m, a, b), if m { a } else { b };
            eq: (a: $t, b: $t) -> bool, bits |s| Lane::eq(a, b), a == b;
            ne: (a: $t, b: $t) -> bool, bits |s| Lane::ne(a, b), a != b;
            lookup: (i: u64) -> $t, bits |s| <S::$lane as Lane>::lookup(&$table, i),
                $table[if i < $table.len() as u64 { i as usize } else { $table.len() - 1 }];
            // Tables of more than one and of more than two registers, entries told apart.
            lookup_in_twelve_entries: (i: u64) -> $t, bits |s| <S::$lane as Lane>::lookup(&repeated::<$t, 12>($table), i),
                repeated::<$t, 12>($table)[i.min(11) as usize];
            lookup_in_many_entries: (i: u64) -> $t, bits |s| <S::$lane as Lane>::lookup(&repeated::<$t, 67>($table), i),
                repeated::<$t, 67>($table)[i.min(66) as usize];
            lookup_in_one_entry: (i: u64) -> $t, bits |s| <S::$lane as Lane>::lookup(&$table[2..3], i), $table[2];
            constant_of_a_list: (m: bool, a: $t) -> $t, bits |s| {
                static LIST: Constants<$t, 5> = Constants::new($table);
                Lane::select(m, <S::$lane as Lane>::constant(s, &LIST, 3), a)
            }, if m { $table[3] } else { a };
            select_of_a_comparison: (a: $t, b: $t) -> $t, bits |s| Lane::select(Lane::ne(a, b), b, a), if a != b { b } else { a };
        }
    };
}

/// What every number has.
macro_rules! any_number {
    ($t:ident) => {
        operations! {
            lt: (a: $t, b: $t) -> bool, bits |s| a.lt(b), a < b;
            le: (a: $t, b: $t) -> bool, bits |s| a.le(b), a <= b;
            gt: (a: $t, b: $t) -> bool, bits |s| a.gt(b), a > b;
            ge: (a: $t, b: $t) -> bool, bits |s| a.ge(b), a >= b;
            // Values whose bits differ in one place, or not at all.
            comparisons_with_oneself: (a: $t) -> bool, bits |s| a.lt(a) | a.gt(a) | (a.le(a) ^ a.ge(a)), false;
            to_f64: (a: $t) -> f64, number |s| a.to_f64(), a as f64;
            to_f32: (a: $t) -> f32, number |s| a.to_f32(), a as f32;
            to_i8: (a: $t) -> i8, bits |s| a.to_i8(), a as i8;
            to_i16: (a: $t) -> i16, bits |s| a.to_i16(), a as i16;
            to_i32: (a: $t) -> i32, bits |s| a.to_i32(), a as i32;
            to_i64: (a: $t) -> i64, bits |s| a.to_i64(), a as i64;
            to_u8: (a: $t) -> u8, bits |s| a.to_u8(), a as u8;
            to_u16: (a: $t) -> u16, bits |s| a.to_u16(), a as u16;
            to_u32: (a: $t) -> u32, bits |s| a.to_u32(), a as u32;
            to_u64: (a: $t) -> u64, bits |s| a.to_u64(), a as u64;
        }
    };
}

macro_rules! float {
    ($($of:ident: $t:ident $lane:ident $bits:ident;)*) => {$(
        mod $of {
            use super::*;
            any_dtype! { $t $lane [1.5 as $t, -0.0, $t::from_bits($t::INFINITY.to_bits() | 1), 7.0, -3.25] }
            any_number! { $t }

            fn larger_number(a: $t, b: $t) -> $t {
                if a > b || (a == b && a.is_sign_positive()) { a } else { b }
            }
            fn smaller_number(a: $t, b: $t) -> $t {
                if a < b || (a == b && a.is_sign_negative()) { a } else { b }
            }

            operations! {
                add: (a: $t, b: $t) -> $t, number |s| a + b, a + b;
                sub: (a: $t, b: $t) -> $t, number |s| a - b, a - b;
                mul: (a: $t, b: $t) -> $t, number |s| a * b, a * b;
                div: (a: $t, b: $t) -> $t, number |s| a / b, a / b;
                rem: (a: $t, b: $t) -> $t, number |s| a % b, a % b;
                neg: (a: $t) -> $t, bits |s| -a, $t::from_bits(a.to_bits() ^ 1 << ($bits::BITS - 1));
                abs: (a: $t) -> $t, bits |s| a.abs(), $t::from_bits(a.to_bits() & !(1 << ($bits::BITS - 1)));
                copysign: (a: $t, b: $t) -> $t, bits |s| a.copysign(b), {
                    let sign = 1 << ($bits::BITS - 1);
                    $t::from_bits(a.to_bits() & !sign | b.to_bits() & sign)
                };
                minimum: (a: $t, b: $t) -> $t, number |s| a.minimum(b),
                    if a.is_nan() || b.is_nan() { $t::NAN } else { smaller_number(a, b) };
                maximum: (a: $t, b: $t) -> $t, number |s| a.maximum(b),
                    if a.is_nan() || b.is_nan() { $t::NAN } else { larger_number(a, b) };
                fmin: (a: $t, b: $t) -> $t, number |s| a.fmin(b),
                    if a.is_nan() { b } else if b.is_nan() { a } else { smaller_number(a, b) };
                fmax: (a: $t, b: $t) -> $t, number |s| a.fmax(b),
                    if a.is_nan() { b } else if b.is_nan() { a } else { larger_number(a, b) };
                sqrt: (a: $t) -> $t, number |s| a.sqrt(), a.sqrt();
                fma: (a: $t, b: $t, c: $t) -> $t, number |s| a.fma(b, c), a.mul_add(b, c);
                mul_then_add_is_rounded_twice: (a: $t, b: $t, c: $t) -> $t, number |s| a * b + c, {
                    let product = std::hint::black_box(a * b);
                    product + c
                };
                floor: (a: $t) -> $t, number |s| a.floor(), a.floor();
                ceil: (a: $t) -> $t, number |s| a.ceil(), a.ceil();
                trunc: (a: $t) -> $t, number |s| a.trunc(), a.trunc();
                rint: (a: $t) -> $t, number |s| a.rint(), a.round_ties_even();
                to_bits: (a: $t) -> $bits, bits |s| a.to_bits(), a.to_bits();
                from_bits: (a: $bits) -> $t, bits |s| <S::$lane as Float>::from_bits(a), $t::from_bits(a);
                is_nan: (a: $t) -> bool, bits |s| a.is_nan(), a.is_nan();
            }
        }
    )*};
}
float! { of_f64: f64 F64 u64; of_f32: f32 F32 u32; }

macro_rules! integer {
    ($($of:ident: $t:ident $lane:ident $sign:ident;)*) => {$(
        mod $of {
            use super::*;
            any_dtype! { $t $lane [3 as $t, $t::MAX, $t::MIN, 0, 77] }
            any_number! { $t }

            operations! {
                add: (a: $t, b: $t) -> $t, bits |s| a + b, a.wrapping_add(b);
                sub: (a: $t, b: $t) -> $t, bits |s| a - b, a.wrapping_sub(b);
                mul: (a: $t, b: $t) -> $t, bits |s| a * b, a.wrapping_mul(b);
                div: (a: $t, b: $t) -> $t, bits |s| a / b, if b == 0 { 0 } else { a.wrapping_div(b) };
                rem: (a: $t, b: $t) -> $t, bits |s| a % b, if b == 0 { 0 } else { a.wrapping_rem(b) };
                neg: (a: $t) -> $t, bits |s| -a, (0 as $t).wrapping_sub(a);
                abs: (a: $t) -> $t, bits |s| a.abs(), if integer!(@negative $sign a) { (0 as $t).wrapping_sub(a) } else { a };
                minimum: (a: $t, b: $t) -> $t, bits |s| a.minimum(b), if a < b { a } else { b };
                maximum: (a: $t, b: $t) -> $t, bits |s| a.maximum(b), if a > b { a } else { b };
                fmin: (a: $t, b: $t) -> $t, bits |s| a.fmin(b), if a < b { a } else { b };
                fmax: (a: $t, b: $t) -> $t, bits |s| a.fmax(b), if a > b { a } else { b };
                and: (a: $t, b: $t) -> $t, bits |s| a & b, a & b;
                or: (a: $t, b: $t) -> $t, bits |s| a | b, a | b;
                xor: (a: $t, b: $t) -> $t, bits |s| a ^ b, a ^ b;
                not: (a: $t) -> $t, bits |s| !a, !a;
                shl: (a: $t, by: $t) -> $t, bits |s| a.shl(by),
                    u32::try_from(by).ok().and_then(|by| a.checked_shl(by)).unwrap_or(0);
                shr: (a: $t, by: $t) -> $t, bits |s| a.shr(by),
                    u32::try_from(by).ok().and_then(|by| a.checked_shr(by))
                        .unwrap_or(if integer!(@negative $sign a) { $t::MAX.wrapping_add(1) >> ($t::BITS - 1) } else { 0 });
                count_ones: (a: $t) -> $t, bits |s| a.count_ones(), (0..$t::BITS).filter(|k| a >> k & 1 == 1).count() as $t;
                leading_zeros: (a: $t) -> $t, bits |s| a.leading_zeros(),
                    (0..$t::BITS).rev().take_while(|k| a >> k & 1 == 0).count() as $t;
                trailing_zeros: (a: $t) -> $t, bits |s| a.trailing_zeros(),
                    (0..$t::BITS).take_while(|k| a >> k & 1 == 0).count() as $t;
            }
        }
    )*};
    (@negative signed $a:ident) => { $a < 0 };
    (@negative unsigned $a:ident) => { false };
}
integer! {
    of_i8: i8 I8 signed;
    of_i16: i16 I16 signed;
    of_i32: i32 I32 signed;
    of_i64: i64 I64 signed;
    of_u8: u8 U8 unsigned;
    of_u16: u16 U16 unsigned;
    of_u32: u32 U32 unsigned;
    of_u64: u64 U64 unsigned;
}

mod of_masks {
    use super::*;
    any_dtype! { bool Mask [true, false, true, true, false] }
    operations! {
        and: (a: bool, b: bool) -> bool, bits |s| a & b, a && b;
        or: (a: bool, b: bool) -> bool, bits |s| a | b, a || b;
        xor: (a: bool, b: bool) -> bool, bits |s| a ^ b, a != b;
        not: (a: bool) -> bool, bits |s| !a, !a;
        to_f64: (a: bool) -> f64, bits |s| a.to_f64(), if a { 1.0 } else { 0.0 };
        to_f32: (a: bool) -> f32, bits |s| a.to_f32(), if a { 1.0 } else { 0.0 };
        to_i8: (a: bool) -> i8, bits |s| a.to_i8(), a as i8;
        to_i16: (a: bool) -> i16, bits |s| a.to_i16(), a as i16;
        to_i32: (a: bool) -> i32, bits |s| a.to_i32(), a as i32;
        to_i64: (a: bool) -> i64, bits |s| a.to_i64(), a as i64;
        to_u8: (a: bool) -> u8, bits |s| a.to_u8(), a as u8;
        to_u16: (a: bool) -> u16, bits |s| a.to_u16(), a as u16;
        to_u32: (a: bool) -> u32, bits |s| a.to_u32(), a as u32;
        to_u64: (a: bool) -> u64, bits |s| a.to_u64(), a as u64;
        any: (a: bool) -> bool, vector(x, _i) |s| s.lit(a.any()), x.iter().any(|x| x.0);
        all: (a: bool) -> bool, vector(x, _i) |s| s.lit(a.all()), x.iter().all(|x| x.0);
        any_of_not: (a: bool) -> bool, vector(x, _i) |s| s.lit((!a).any()), x.iter().any(|x| !x.0);
        all_of_not: (a: bool) -> bool, vector(x, _i) |s| s.lit((!a).all()), x.iter().all(|x| !x.0);
        any_of_alike: (a: bool) -> bool, alike |s| s.lit(a.any()), a;
        all_of_alike: (a: bool) -> bool, alike |s| s.lit(a.all()), a;
        any_of_not_alike: (a: bool) -> bool, alike |s| s.lit((!a).any()), !a;
        // Masks that come from every width of element meet in one.
        of_every_width: (a: u8, b: u64, c: f32) -> bool,
            bits |s| (a.lt(s.lit(8)) & b.gt(s.lit(9))) ^ (c.ge(s.lit(0.5)) | a.to_i16().lt(s.lit(3))),
            (a < 8 && b > 9) != (c >= 0.5 || (a as i16) < 3);
        any_of_comparison_of_bytes: (a: i8) -> bool, vector(x, _i) |s| s.lit(a.lt(s.lit(-60)).any()), x.iter().any(|x| x.0 < -60);
        all_of_comparison_of_floats: (a: f64) -> bool, vector(x, _i) |s| s.lit(a.ge(s.lit(-1e300)).all()), x.iter().all(|x| x.0 >= -1e300);
    }
}

mod of_sixteen {
    use super::*;

    static TABLE: [f32; 16] = [
        1.0,
        -2.0,
        3.5,
        4.0,
        f32::NAN,
        -0.0,
        0.0,
        8.0,
        9.0,
        1e-45,
        1e38,
        -12.0,
        f32::INFINITY,
        14.0,
        -15.0,
        16.0,
    ];

    // Beside numbers of every width: how many lanes there are goes by the narrowest.
    operations! {
        sixteenth_by_the_lowest_four_bits: (i: u32) -> f32, bits |s| s.sixteenth(&TABLE, i), TABLE[i as usize % 16];
        sixteenth_beside_bytes: (i: u32, b: u8) -> f32, bits |s| s.sixteenth(&TABLE, i ^ b.to_u32()),
            TABLE[(i ^ b as u32) as usize % 16];
        sixteenth_beside_pairs_of_bytes: (i: u32, b: i16) -> f32, bits |s| s.sixteenth(&TABLE, i ^ b.to_u32()),
            TABLE[(i ^ b as u32) as usize % 16];
        sixteenth_beside_doubles: (i: u32, d: f64) -> f32, bits |s| Lane::select(d.eq(d), s.sixteenth(&TABLE, i), s.lit(7.0)),
            if d == d { TABLE[i as usize % 16] } else { 7.0 };
    }
}

mod of_control {
    use super::*;

    /// How many halvings or triplings until 1; at most 60.
    fn collatz(mut x: u64) -> u64 {
        let mut steps = 0;
        while x > 1 && steps < 60 {
            x = if x & 1 == 1 { x.wrapping_mul(3).wrapping_add(1) } else { x >> 1 };
            steps += 1;
        }
        steps
    }

    #[inline(always)]
    fn collatz_lanes<S: Shape>(s: S, x: S::U64) -> S::U64 {
        let mut turns = s.turns((x, s.lit(0)));
        loop {
            let (x, steps): (S::U64, S::U64) = turns.state();
            if !turns.check(x.gt(s.lit(1)) & steps.lt(s.lit(60))) {
                break;
            }
            let odd = (x & s.lit(1)).eq(s.lit(1));
            let next = Lane::select(odd, x * s.lit(3) + s.lit(1), x.shr(s.lit(1)));
            if !turns.next((next, steps + s.lit(1))) {
                break;
            }
        }
        turns.finish().1
    }

    operations! {
        a_loop_runs_each_lane_as_long_as_the_lane_needs: (x: u64) -> u64, bits |s| collatz_lanes(s, x), collatz(x);
        a_loop_that_is_never_entered_keeps_its_state: (x: f64, n: i32) -> f64, bits |s| {
            let mut turns = s.turns((x, n));
            loop {
                let (x, n): (S::F64, S::I32) = turns.state();
                if !turns.check(n.lt(n)) {
                    break;
                }
                if !turns.next((x + s.lit(1.0), n)) {
                    break;
                }
            }
            turns.finish().0
        }, x;
        a_lane_that_is_done_keeps_the_bits_of_its_state: (x: f32, n: u8) -> f32, bits |s| {
            // Lanes with few turns are done long before the others, NaN or not.
            let mut turns = s.turns((x, n & s.lit(15)));
            loop {
                let (x, n): (S::F32, S::U8) = turns.state();
                if !turns.check(n.gt(s.lit(0))) {
                    break;
                }
                if !turns.next((-x, n - s.lit(1))) {
                    break;
                }
            }
            turns.finish().0
        }, if n & 1 == 1 { f32::from_bits(x.to_bits() ^ 1 << 31) } else { x };
        a_loop_in_a_loop: (n: u8, m: u8) -> u32, bits |s| {
            let mut outer = s.turns((n & s.lit(7), s.lit(0)));
            loop {
                let (left, sum): (S::U8, S::U32) = outer.state();
                if !outer.check(left.ne(s.lit(0))) {
                    break;
                }
                let mut inner = s.turns((m & s.lit(3), sum));
                loop {
                    let (i, sum): (S::U8, S::U32) = inner.state();
                    if !inner.check(i.ne(s.lit(0))) {
                        break;
                    }
                    if !inner.next((i - s.lit(1), sum + left.to_u32())) {
                        break;
                    }
                }
                if !outer.next((left - s.lit(1), inner.finish().1)) {
                    break;
                }
            }
            outer.finish().1
        }, {
            let (n, m) = ((n & 7) as u32, (m & 3) as u32);
            m * n * (n + 1) / 2
        };
        a_loop_carries_masks_and_nested_pairs: (n: i16, x: f64) -> f64, number |s| {
            let start = ((n & s.lit(31), s.lit(false)), (x, (s.lit(0), ())));
            let mut turns = s.turns(start);
            loop {
                type State<S> = ((<S as Shape>::I16, <S as Shape>::Mask), (<S as Shape>::F64, (<S as Shape>::I8, ())));
                let ((n, flag), (x, (count, ()))): State<S> = turns.state();
                if !turns.check(n.gt(s.lit(3))) {
                    break;
                }
                let x = Lane::select(flag, x * s.lit(0.5), x + s.lit(1.0));
                if !turns.next(((n - s.lit(2), !flag), (x, (count + s.lit(1), ())))) {
                    break;
                }
            }
            let ((_, flag), (x, (count, ()))) = turns.finish();
            Lane::select(flag, x, -x) + count.to_f64()
        }, {
            let (mut n, mut flag, mut x, mut count) = (n & 31, false, x, 0);
            while n > 3 {
                x = if flag { x * 0.5 } else { x + 1.0 };
                n -= 2;
                flag = !flag;
                count += 1;
            }
            (if flag { x } else { -x }) + count as f64
        };
        select_of_a_state_takes_every_part: (m: bool, a: f64, b: u8) -> f64, bits |s| {
            let (x, (y, z)) = select_state(m, (a, (b, m)), (-a, (!b, !m)));
            Lane::select(z & y.eq(Lane::select(m, b, !b)), x, s.lit(0.0))
        }, if m { a } else { f64::from_bits(a.to_bits() ^ 1 << 63) };
        the_slow_path_is_entered_if_any_lane_needs_it: (a: i64) -> bool, vector(x, _i) |s| {
            s.lit(s.enter_slow(a.eq(s.lit(64))))
        }, x.iter().any(|x| x.0 == 64);
        the_slow_path_is_not_entered_if_no_lane_needs_it: (a: f64) -> bool, bits |s| {
            s.lit(s.enter_slow(a.lt(a)))
        }, false;
        only_lanes_that_need_it_leave_the_slow_path_changed: (a: f64) -> f64, bits |s| {
            let mut y = -a;
            let mut n = s.lit::<S::U8>(1);
            let slow = a.gt(s.lit(1.0));
            if s.enter_slow(slow) {
                (y, n) = s.leave_slow(slow, (a, s.lit(2)), (y, n));
            }
            Lane::select(n.eq(Lane::select(slow, s.lit(2), s.lit(1))), y, s.lit(0.0))
        }, if a > 1.0 { a } else { f64::from_bits(a.to_bits() ^ 1 << 63) };
    }

    /// Lanes of every type made of the lanes of others, so that no width is alone in its shape.
    fn mixed(a: f64, b: u8, c: i32) -> f32 {
        let d = (b as i32).wrapping_add(c) as i16 as f32;
        let e = (a as f32 * d) as f64;
        let f = if (b as f64) < e { (c as u64 >> 3) as f32 } else { e as f32 };
        if c < 0 || a.is_nan() { f } else { d }
    }
    operations! {
        types_of_every_width_meet_in_one_kernel: (a: f64, b: u8, c: i32) -> f32, number |s| {
            let d = (b.to_i32() + c).to_i16().to_f32();
            let e = (a.to_f32() * d).to_f64();
            let f = Lane::select(b.to_f64().lt(e), c.to_u64().shr(s.lit(3)).to_f32(), e.to_f32());
            Lane::select(c.lt(s.lit(0)) | a.is_nan(), f, d)
        }, mixed(a, b, c);
    }
}

// ---------------------------------------------------------------------------------------------------
// About the tests

/// A product whose rounding shows whether `fma` rounds once: worked out by hand, since the oracle for
/// `fma` above is the library's.
#[test]
fn fma_rounds_once() {
    let s = Scalar::new();
    let x = 1.0 + f64::EPSILON;
    // (1 + e)^2 - (1 + 2e) = e^2
    let square =
        s.lit::<<Scalar as Shape>::F64>(x).fma(s.lit(x), s.lit(-(1.0 + 2.0 * f64::EPSILON)));
    assert_eq!(square.get(0), f64::EPSILON * f64::EPSILON);
    let x = 1.0 + f32::EPSILON;
    let square =
        s.lit::<<Scalar as Shape>::F32>(x).fma(s.lit(x), s.lit(-(1.0 + 2.0 * f32::EPSILON)));
    assert_eq!(square.get(0), f32::EPSILON * f32::EPSILON);
}

/// Prints what was run and, by name, what was not.
#[test]
fn levels_that_this_cpu_lacks_are_printed() {
    for level in Level::ALL {
        if wanted(level) {
            eprintln!("lanes: tested at level {level}");
        } else if level.is_present() {
            eprintln!("lanes: SKIPPED level {level}: LANEFN_LEVEL names another");
        } else {
            eprintln!("lanes: SKIPPED level {level}: this CPU lacks it");
        }
    }
    assert!(Level::present().starts_with(&[Level::Scalar, Level::Baseline]));
}

#[test]
fn a_look_up_in_an_empty_table_gives_zero() {
    let s = Scalar::new();
    let v = <<Scalar as Shape>::F64 as Lane>::lookup(&[], s.lit(3));
    assert_eq!(v.get(0).to_bits(), 0);
}
