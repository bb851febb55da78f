//! Published arguments whose results are hard to round: nearly in the middle of two numbers.

use lanefn::kernels::lanes::Dtype;

/// A function, a dtype and arguments a line.
const LINES: &str = include_str!("../data/hard-to-round.txt");

/// Those for a function and dtype; the second is 0 where there is one argument.
///
/// # Panics
/// If the list isn't what it says at its head.
pub fn points(function: &str, dtype: Dtype) -> Vec<[f64; 2]> {
    let number = |bits| f64::from_bits(u64::from_str_radix(bits, 16).expect("16 digits"));
    let lines = LINES.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut words = line.split(' ');
            (words.next() == Some(function) && words.next() == Some(dtype.name())).then(|| {
                [number(words.next().expect("an argument")), words.next().map_or(0.0, number)]
            })
        })
        .collect()
}
