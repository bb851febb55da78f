//! The functions, as the program sees them. SHIM until the engine lands.
use lanefn::{Result, kernels::lanes::Dtype, kernels::level::Level};
use crate::stream::Part;

pub struct Signature { pub inputs: &'static [Dtype], pub outputs: &'static [Dtype] }
pub struct Function { pub name: &'static str, pub doc: &'static str, pub arguments: &'static [&'static str], pub signatures: &'static [Signature] }

static F: [Function; 2] = [
    Function { name: "problem", doc: "x > 2 ? x + 1 : x - 1", arguments: &["x"], signatures: &[Signature { inputs: &[Dtype::F64], outputs: &[Dtype::F64] }] },
    Function { name: "wind_power", doc: "power curve", arguments: &["v"], signatures: &[Signature { inputs: &[Dtype::F64], outputs: &[Dtype::F64] }] },
];
pub fn functions() -> impl Iterator<Item = &'static Function> { F.iter() }
pub fn find(name: &str) -> Option<&'static Function> { F.iter().find(|f| f.name == name) }
pub fn level() -> Result<Level> { Ok(Level::Avx2) }
impl Function {
    pub fn signature(&self, inputs: &[Dtype]) -> Result<&'static Signature> {
        self.signatures.iter().find(|s| s.inputs == inputs).ok_or_else(|| lanefn::Error::NoLoop { function: self.name, got: inputs.to_vec(), has: "float64".into() })
    }
    pub unsafe fn call(&self, _s: &Signature, shape: &[usize], inputs: &[Part], outputs: &[Part]) -> Result<()> {
        let n: usize = shape.iter().product();
        let mut idx = vec![0usize; shape.len()];
        for i in 0..n {
            let at: isize = idx.iter().zip(&inputs[0].strides).map(|(&i, &s)| i as isize * s).sum();
            unsafe {
                let x = inputs[0].ptr.offset(at).cast::<f64>().read();
                let y = if self.name == "problem" { if x > 2.0 { x + 1.0 } else { x - 1.0 } } else if x < 3.0 { 0.0 } else { x * x * x };
                outputs[0].ptr.cast::<f64>().add(i).write(y);
            }
            for (k, &n) in idx.iter_mut().zip(shape).rev() { *k += 1; if *k < n { break } *k = 0; }
        }
        Ok(())
    }
}
