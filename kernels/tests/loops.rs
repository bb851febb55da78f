//! Every loop, at every length from 0 to 200 (and around the length from which outputs are aligned),
//! at every misalignment, between unmapped pages, gives what the plain function gives for each
//! element, at every level of this CPU, and writes nothing else.
#![cfg(unix)]

use std::sync::mpsc;
use std::time::Duration;

use lanefn_kernels::lanes::{Dtype, Element, Integer, Lane, Number, Shape, Turns};
use lanefn_kernels::level::Level;
use lanefn_kernels::loops::{Input, Kernel, Loop, Operands};

/// The longest run that is tried.
const LONGEST: usize = 700;

/// Every length to 200, then those around 512 bytes of each element size and around whole turns.
fn lengths() -> impl Iterator<Item = usize> {
    (0..=200).chain([254, 255, 256, 257, 259, 288, 319, 511, 512, 513, 515, 575, 577, 643, LONGEST])
}

// ---------------------------------------------------------------------------------------------------
// Memory

const PAGE: usize = 4096;

/// The byte that is everywhere in an arena but in operands.
const CANARY: u8 = 0xa5;

/// Bytes on either side of an operand that are looked at after a run: more than a turn of any loop.
const AROUND: usize = 2048;
const CANARIES: [u8; AROUND] = [CANARY; AROUND];

/// Mapped pages with an unmapped one before and after.
struct Arena {
    first: *mut u8,
    bytes: usize,
}

impl Arena {
    fn new(bytes: usize) -> Self {
        let bytes = bytes.next_multiple_of(PAGE);
        // SAFETY: a fresh mapping, of which all but the first and last page are then made accessible.
        unsafe {
            let at = libc::mmap(
                std::ptr::null_mut(),
                bytes + 2 * PAGE,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANON,
                -1,
                0,
            );
            assert!(at != libc::MAP_FAILED, "mmap: {}", std::io::Error::last_os_error());
            let first = at.cast::<u8>().add(PAGE);
            let done = libc::mprotect(first.cast(), bytes, libc::PROT_READ | libc::PROT_WRITE);
            assert!(done == 0, "mprotect: {}", std::io::Error::last_os_error());
            first.write_bytes(CANARY, bytes);
            Arena { first, bytes }
        }
    }

    /// Where an operand of so many bytes begins.
    fn place(&self, place: Place, operand: usize, bytes: usize, size: usize) -> usize {
        match place {
            Place::End => self.bytes - bytes,
            Place::Start => 0,
            // Operands are misaligned differently from each other.
            Place::Off(k) => (k + 3 * operand * size) % 64,
        }
    }

    fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.bytes);
        self.first.wrapping_add(offset)
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= self.bytes);
        // SAFETY: inside the arena.
        unsafe { self.at(offset).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: mapped, initialised, and nobody writes while `self` is borrowed.
        unsafe { std::slice::from_raw_parts(self.first, self.bytes) }
    }

    /// Asserts that `bytes` stand at `offset`, and canaries around them; makes all canaries again.
    fn expect_and_clear(&mut self, offset: usize, bytes: &[u8], context: &dyn Fn() -> String) {
        let all = self.bytes();
        let end = offset + bytes.len();
        if &all[offset..end] != bytes {
            let i = (0..bytes.len()).find(|i| all[offset + i] != bytes[*i]).unwrap();
            panic!("{}: byte {i} is {:#x}, not {:#x}", context(), all[offset + i], bytes[i]);
        }
        let before = offset.saturating_sub(AROUND);
        let after = (end + AROUND).min(all.len());
        if all[before..offset] != CANARIES[..offset - before] {
            panic!("{}: wrote before its start", context());
        }
        if all[end..after] != CANARIES[..after - end] {
            panic!("{}: wrote past its end", context());
        }
        self.clear(offset, bytes.len());
    }

    fn clear(&mut self, offset: usize, bytes: usize) {
        assert!(offset + bytes <= self.bytes);
        // SAFETY: inside the arena.
        unsafe { self.at(offset).write_bytes(CANARY, bytes) };
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` made.
        unsafe { libc::munmap(self.first.sub(PAGE).cast(), self.bytes + 2 * PAGE) };
    }
}

/// Where operands stand in their arenas.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Each ends where an unmapped page begins.
    End,
    /// Each begins where an unmapped page ends.
    Start,
    /// Bytes off from a line of 64 bytes; nothing need be aligned, not even to elements.
    Off(usize),
}

// ---------------------------------------------------------------------------------------------------
// Kernels

/// A kernel's loop with its oracle: the bits of the outputs for the bits of the inputs.
struct Case {
    name: &'static str,
    run: Loop,
    oracle: fn(&[u64]) -> Vec<u64>,
}

/// A type that operands have: from bits and back.
trait Bits: Element {
    fn of_bits(bits: u64) -> Self;
    fn bits(self) -> u64;
}
macro_rules! bits {
    ($($t:ident $unsigned:ident;)*) => {$(
        impl Bits for $t {
            fn of_bits(bits: u64) -> Self { bits as $t }
            fn bits(self) -> u64 { self as $unsigned as u64 }
        }
    )*};
}
bits! { i8 u8; i16 u16; i32 u32; i64 u64; u8 u8; u16 u16; u32 u32; u64 u64; }
impl Bits for bool {
    fn of_bits(bits: u64) -> Self {
        bits as u8 != 0
    }
    fn bits(self) -> u64 {
        self as u64
    }
}
impl Bits for f64 {
    fn of_bits(bits: u64) -> Self {
        f64::from_bits(bits)
    }
    fn bits(self) -> u64 {
        self.to_bits()
    }
}
impl Bits for f32 {
    fn of_bits(bits: u64) -> Self {
        f32::from_bits(bits as u32)
    }
    fn bits(self) -> u64 {
        self.to_bits() as u64
    }
}

/// `name (inputs) -> (outputs), busy type, costs |s| lanes, oracle;`: a kernel and the function that
/// gives its cases, one for each cost.
macro_rules! kernels {
    ($($name:ident ($($a:ident: $t:ty),*) -> ($($r:ty),*), $busy:ty, [$($cost:literal)*] |$s:ident| $lanes:expr, $oracle:expr;)*) => {$(
        fn $name() -> Vec<Case> {
            type Given = ($($t,)*);
            struct Function<const COST: u32>;
            impl<const COST: u32> Kernel<Given> for Function<COST> {
                type Out = ($($r,)*);
                type Busy = $busy;
                const COST: u32 = COST;
                #[inline(always)]
                fn lanes<S: Shape>(
                    $s: S,
                    ($($a,)*): <Given as Operands>::Lanes<S>,
                ) -> <($($r,)*) as Operands>::Lanes<S> {
                    let _ = $s;
                    $lanes
                }
            }
            fn oracle(bits: &[u64]) -> Vec<u64> {
                let mut bits = bits.iter();
                $(let $a = <$t as Bits>::of_bits(*bits.next().unwrap());)*
                let out: ($($r,)*) = $oracle;
                out.all_bits()
            }
            vec![$(Case {
                name: concat!(stringify!($name), ", cost ", stringify!($cost)),
                run: Loop::of::<Function<$cost>, Given>(),
                oracle,
            }),*]
        }
    )*};
}
/// The bits of each of 1 to 4 outputs.
trait AllBits {
    fn all_bits(self) -> Vec<u64>;
}
macro_rules! all_bits {
    ($(($($t:ident $i:tt),*))*) => {$(
        impl<$($t: Bits),*> AllBits for ($($t,)*) {
            fn all_bits(self) -> Vec<u64> { vec![$(self.$i.bits()),*] }
        }
    )*};
}
all_bits! { (A 0) (A 0, B 1) (A 0, B 1, C 2, D 3) }

kernels! {
    // The same at each unrolling.
    problem_f64 (x: f64) -> (f64), f64, [3 12 100] |s| {
        (Lane::select(x.gt(s.lit(2.0)), x + s.lit(1.0), x - s.lit(1.0)),)
    }, (if x > 2.0 { x + 1.0 } else { x - 1.0 },);
    two_inputs_f32 (x: f32, y: f32) -> (f32), f32, [2 30] |s| {
        (x * y - Lane::select(x.lt(y), x, y),)
    }, (x * y - if x < y { x } else { y },);
    bytes (x: u8, y: u8) -> (u8), u8, [2 50] |s| ((x + y) ^ x.maximum(y),), (x.wrapping_add(y) ^ x.max(y),);
    shorts (x: i16) -> (i16), i16, [2 20] |s| (x.minimum(s.lit(1000)) - s.lit(7),), (x.min(1000).wrapping_sub(7),);
    narrowing (x: f64) -> (u32), f64, [3 50] |s| ((x * s.lit(3.0)).to_u32(),), ((x * 3.0) as u32,);
    widening (x: i8) -> (f64), i8, [3] |s| (x.to_f64() * s.lit(0.5),), (x as f64 * 0.5,);
    to_a_mask (x: f32, y: i64) -> (bool), f32, [3 50] |s| (x.to_f64().lt(y.to_f64()),), ((x as f64) < y as f64,);
    of_a_mask (m: bool, x: f64, y: i32) -> (f64), f64, [3 50] |s| (Lane::select(m, x, y.to_f64()),), (if m { x } else { y as f64 },);
    masks (m: bool, n: bool) -> (bool), bool, [1 50] |s| (m & !n,), (m && !n,);
    a_mask_among_bytes (m: bool, x: u8) -> (u8), u8, [1] |s| (Lane::select(m, x, !x),), (if m { x } else { !x },);
    two_outputs (x: f64, y: f64) -> (f64, f64), f64, [4 60] |s| (x - y, x.maximum(y)), (x - y, if x > y { x } else { y });
    four_outputs (x: u64, y: f32) -> (f32, u8, bool, u64), u8, [4] |s| {
        (y.abs(), x.to_u8(), x.gt(s.lit(1 << 40)), x.shr(s.lit(3)))
    }, (y.abs(), x as u8, x > 1 << 40, x >> 3);
    four_outputs_of_the_type_of_eight_inputs
        (a: u16, b: u16, c: u16, d: u16, e: u16, f: u16, g: u16, h: u16) -> (u16, u16, u16, u16), u16, [9]
        |s| (a + b, c ^ d, e - f, g.minimum(h)), (a.wrapping_add(b), c ^ d, e.wrapping_sub(f), g.min(h));
    // Runs forever on 0: lanes past the end must not be 0.
    collatz (x: u64) -> (u16), u64, [500] |s| {
        let mut turns = s.turns((x, s.lit(0)));
        loop {
            let (x, steps): (S::U64, S::U16) = turns.state();
            if !turns.check(x.ne(s.lit(1))) {
                break;
            }
            let odd = (x & s.lit(1)).eq(s.lit(1));
            let next = Lane::select(odd, x * s.lit(3) + s.lit(1), x.shr(s.lit(1)));
            if !turns.next((next, steps + s.lit(1))) {
                break;
            }
        }
        (turns.finish().1,)
    }, {
        let (mut x, mut steps) = (x, 0);
        while x != 1 {
            x = if x & 1 == 1 { 3 * x + 1 } else { x / 2 };
            steps += 1;
        }
        (steps,)
    };
}

/// Element `i` of input `k`, which for a mask may be any byte.
fn element(t: Dtype, k: usize, i: usize) -> u64 {
    // A few rounds of a mixing function: the same values in every run.
    let mut x = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (k as u64 + 1) << 32;
    for _ in 0..3 {
        x = (x ^ x >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    x ^= x >> 32;
    match t {
        Dtype::F64 => ((x as i64 >> 40) as f64 / 1000.0).to_bits(),
        Dtype::F32 => ((x as i32 >> 12) as f32 / 1000.0).to_bits() as u64,
        Dtype::Bool => [0, 1, 2, 0x80, 0xff, 0, 0, 1][x as usize % 8],
        _ => x & (u64::MAX >> (64 - 8 * t.size())),
    }
}

// ---------------------------------------------------------------------------------------------------
// Running

fn bytes_of(t: Dtype, bits: impl Iterator<Item = u64>) -> Vec<u8> {
    bits.flat_map(|b| b.to_le_bytes().into_iter().take(t.size())).collect()
}

/// Which input each output begins at, if any.
type InPlace = [Option<usize>; 4];

/// No output in place; each that can be, alone; as many as can be at once.
fn in_place(run: &Loop, scalars: usize) -> Vec<InPlace> {
    let mut all = vec![[None; 4]];
    let fits =
        |o: usize, i: usize| run.outputs[o].size() == run.inputs[i].size() && scalars >> i & 1 == 0;
    let mut together = [None; 4];
    for o in 0..run.outputs.len() {
        for i in 0..run.inputs.len() {
            if fits(o, i) {
                let mut one = [None; 4];
                one[o] = Some(i);
                all.push(one);
                if together[o].is_none() && !together.contains(&Some(i)) {
                    together[o] = Some(i);
                }
            }
        }
    }
    all.push(together);
    all.sort();
    all.dedup();
    all
}

/// Runs a case everywhere with values from `element`.
fn check(case: &Case, element: fn(Dtype, usize, usize) -> u64) {
    let Loop { inputs, outputs, .. } = case.run;
    let sizes = inputs.iter().chain(outputs).map(|t| t.size());
    let room = LONGEST * sizes.max().unwrap() + 64;
    let mut from: Vec<Arena> = inputs.iter().map(|_| Arena::new(room)).collect();
    let mut to: Vec<Arena> = outputs.iter().map(|_| Arena::new(room)).collect();
    let levels: Vec<Level> = Level::present();

    // With many inputs, a few of the ways to broadcast: none, each one, all.
    let ways: Vec<usize> = if inputs.len() <= 3 {
        (0..1 << inputs.len()).collect()
    } else {
        (0..inputs.len()).map(|i| 1 << i).chain([0, (1 << inputs.len()) - 1]).collect()
    };
    for scalars in ways {
        // The last element of each input is the one for broadcasting.
        let at = |k: usize, i: usize| if scalars >> k & 1 == 1 { LONGEST } else { i };
        let given: Vec<Vec<u8>> = (0..inputs.len())
            .map(|k| bytes_of(inputs[k], (0..LONGEST).map(|i| element(inputs[k], k, at(k, i)))))
            .collect();
        let rows: Vec<Vec<u64>> = (0..LONGEST)
            .map(|i| {
                let row: Vec<u64> =
                    (0..inputs.len()).map(|k| element(inputs[k], k, at(k, i))).collect();
                (case.oracle)(&row)
            })
            .collect();
        let want: Vec<Vec<u8>> = (0..outputs.len())
            .map(|o| bytes_of(outputs[o], rows.iter().map(|row| row[o])))
            .collect();
        let maps = in_place(&case.run, scalars);
        // Every byte, or where something is broadcast every element.
        let step = if scalars == 0 { 1 } else { outputs[0].size() };
        let places: Vec<Place> = [Place::End, Place::Start]
            .into_iter()
            .chain((0..64).step_by(step).map(Place::Off))
            .collect();

        for (turn, n) in lengths().enumerate() {
            for (which, place) in places.iter().enumerate() {
                // In place is tried at every length and every place, if not every way at each.
                let map = maps[(turn + which) % maps.len()];
                for level in &levels {
                    let context = || {
                        format!(
                            "{} at level {level}, {n} elements, {place:?}, scalar inputs {scalars:#b}, outputs at inputs {map:?}",
                            case.name
                        )
                    };
                    let mut starts = Vec::new();
                    let mut operands = Vec::new();
                    for (k, t) in inputs.iter().enumerate() {
                        let scalar = scalars >> k & 1 == 1;
                        let bytes = t.size() * if scalar { 1 } else { n };
                        let start = from[k].place(*place, k + 1, bytes, t.size());
                        from[k].write(start, &given[k][..bytes]);
                        starts.push((start, bytes));
                        operands.push(Input { at: from[k].at(start), scalar });
                    }
                    let mut results = Vec::new();
                    let mut pointers = Vec::new();
                    for (o, t) in outputs.iter().enumerate() {
                        if let Some(k) = map[o] {
                            results.push(starts[k].0);
                            pointers.push(from[k].at(starts[k].0));
                        } else {
                            let start = to[o].place(*place, 0, n * t.size(), t.size());
                            results.push(start);
                            pointers.push(to[o].at(start));
                        }
                    }
                    // SAFETY: the level is present; operands are valid for `n` elements, in arenas of
                    // their own or in place as the contract allows.
                    unsafe { case.run.inner(*level)(&operands, &pointers, n) };
                    for (o, t) in outputs.iter().enumerate() {
                        let want = &want[o][..n * t.size()];
                        match map[o] {
                            Some(k) => from[k].expect_and_clear(results[o], want, &context),
                            None => to[o].expect_and_clear(results[o], want, &context),
                        }
                    }
                    for (k, (start, bytes)) in starts.into_iter().enumerate() {
                        if !map.contains(&Some(k)) {
                            // Inputs are as they were.
                            from[k].expect_and_clear(start, &given[k][..bytes], &context);
                        }
                    }
                }
            }
        }
    }
}

macro_rules! every_length_and_misalignment {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            for case in super::$name() {
                super::check(&case, super::element);
            }
        }
    )*};
}
mod at_every_length_and_misalignment {
    every_length_and_misalignment! {
        problem_f64 two_inputs_f32 bytes shorts narrowing widening to_a_mask of_a_mask masks
        a_mask_among_bytes two_outputs four_outputs four_outputs_of_the_type_of_eight_inputs
    }
}

#[test]
fn lanes_past_the_end_finish_when_a_real_lane_does() {
    let (done, wait) = mpsc::channel();
    std::thread::spawn(move || {
        for case in collatz() {
            check(&case, |_, _, i| i as u64 % 30 + 1);
        }
        done.send(()).unwrap();
    });
    match wait.recv_timeout(Duration::from_secs(300)) {
        Ok(()) => {}
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("a lane past the end runs forever"),
        Err(mpsc::RecvTimeoutError::Disconnected) => panic!("the run failed; see above"),
    }
}

/// Prints what was run and, by name, what was not.
#[test]
fn levels_that_this_cpu_lacks_are_printed() {
    for level in Level::ALL {
        if level.is_present() {
            eprintln!("loops: tested at level {level}");
        } else {
            eprintln!("loops: SKIPPED level {level}: this CPU lacks it");
        }
    }
}
