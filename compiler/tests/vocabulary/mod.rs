//! A vocabulary like that of `lanefn`: functions of the kernels, their other names, and loops looked up
//! by exact dtypes.

use lanefn_compiler::{
    dtype::{Dtype, Type, becomes, strongest},
    vocabulary::{Known, Vocabulary},
};
use lanefn_kernels::{
    loops::{Function, Loop},
    math,
};

/// One line of the table: name, other names, loops.
type Line = (&'static str, &'static [&'static str], &'static [&'static Loop]);

fn line<F: Function>(aliases: &'static [&'static str]) -> Line {
    (F::NAME, aliases, F::LOOPS)
}

/// The functions that operators stand for, and others.
pub struct Functions {
    lines: Vec<Line>,
    /// A name that is left out.
    without: Option<&'static str>,
}

impl Functions {
    pub fn new() -> Functions {
        let lines = vec![
            line::<math::add>(&[]),
            line::<math::subtract>(&[]),
            line::<math::multiply>(&[]),
            line::<math::divide>(&["true_divide"]),
            line::<math::floor_divide>(&[]),
            line::<math::remainder>(&["mod"]),
            line::<math::divmod>(&[]),
            line::<math::modf>(&[]),
            line::<math::pow>(&["power"]),
            line::<math::square>(&[]),
            line::<math::negative>(&[]),
            line::<math::positive>(&[]),
            line::<math::less>(&[]),
            line::<math::less_equal>(&[]),
            line::<math::greater>(&[]),
            line::<math::greater_equal>(&[]),
            line::<math::equal>(&[]),
            line::<math::not_equal>(&[]),
            line::<math::logical_and>(&[]),
            line::<math::logical_or>(&[]),
            line::<math::logical_xor>(&[]),
            line::<math::logical_not>(&[]),
            line::<math::bitwise_and>(&[]),
            line::<math::bitwise_or>(&[]),
            line::<math::bitwise_xor>(&[]),
            line::<math::invert>(&["bitwise_not", "bitwise_invert"]),
            line::<math::left_shift>(&[]),
            line::<math::right_shift>(&[]),
            line::<math::minimum>(&[]),
            line::<math::maximum>(&[]),
            line::<math::clip>(&[]),
            line::<math::abs>(&["absolute"]),
            line::<math::round>(&[]),
            line::<math::floor>(&[]),
            line::<math::sqrt>(&[]),
            line::<math::hypot>(&[]),
            line::<math::exp>(&[]),
            line::<math::log>(&[]),
            line::<math::sin>(&[]),
            line::<math::sinh>(&[]),
            line::<math::cos>(&[]),
            line::<math::atan2>(&["arctan2"]),
        ];
        Functions { lines, without: None }
    }

    pub fn without(name: &'static str) -> Functions {
        Functions { without: Some(name), ..Functions::new() }
    }

    fn line(&self, name: &str) -> Option<&Line> {
        let known = self.lines.iter().find(|l| l.0 == name || l.1.contains(&name));
        known.filter(|l| Some(l.0) != self.without)
    }
}

impl Vocabulary for Functions {
    fn find(&self, name: &str) -> Option<Known> {
        self.line(name).map(|l| Known {
            name: l.0,
            nin: l.2[0].inputs.len(),
            nout: l.2[0].outputs.len(),
        })
    }

    fn resolve(&self, name: &str, inputs: &[Type]) -> Result<&'static Loop, String> {
        let strongest = strongest(inputs);
        let loops = self.line(name).map_or(&[] as &[_], |l| l.2);
        // Loops are in the order of signatures, where floats come first: the least one is wanted.
        let serves = |l: &&&'static Loop| {
            l.inputs.iter().zip(inputs).all(|(to, from)| becomes(*from, *to, strongest))
        };
        let least =
            loops.iter().filter(serves).min_by_key(|l| lanefn_compiler::dtype::rank(l.inputs[0]));
        least.copied().ok_or_else(|| format!("{name} has no loop for {inputs:?}"))
    }

    fn exactly(&self, name: &str, inputs: &[Dtype]) -> Option<&'static Loop> {
        self.line(name)?.2.iter().find(|l| l.inputs == inputs).copied()
    }

    fn names(&self) -> Vec<&'static str> {
        self.lines.iter().flat_map(|l| [l.0].into_iter().chain(l.1.iter().copied())).collect()
    }
}
