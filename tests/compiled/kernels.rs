//! Every built-in function, written down as the operations that it consists of, has the bits of its kernel:
//! in the interpreter on every level, and as machine code.

use lanefn::{
    Catalogue, Level,
    compiler::{Body, Graph, graph::Recorder, value::Value},
    kernels::loops::{Input, Loop},
};

use super::{
    bytes,
    common::{Chance, agree},
    values, ways,
};

const N: usize = 150;

fn check(name: &str, of: &Loop, chance: &mut Chance) {
    let mut graph = Graph::new();
    let ids: Vec<u32> = of.inputs.iter().map(|&d| graph.input_of("x", d)).collect();
    let outputs = of.record(&Recorder::new(&mut graph), &ids);
    for &id in &outputs[..of.outputs.len()] {
        graph.output(id);
    }
    let text = graph.to_string();
    let body = Body::new(graph, &Catalogue).expect("it can be run");
    if Level::Avx2.is_present() && cfg!(target_os = "linux") {
        body.native().unwrap_or_else(|e| panic!("{name} of {:?}: {e}\n{text}", of.inputs));
    }
    for _ in 0..8 {
        let rows: Vec<Vec<Value>> =
            of.inputs.iter().map(|&d| (0..N).map(|_| chance.value(d)).collect()).collect();
        let raw: Vec<Vec<u8>> = rows.iter().map(|row| bytes(row)).collect();
        let inputs: Vec<Input> =
            raw.iter().map(|b| Input { at: b.as_ptr(), scalar: false }).collect();
        let room =
            || -> Vec<Vec<u8>> { of.outputs.iter().map(|d| vec![0; N * d.size()]).collect() };
        for (level, interpret) in ways() {
            let (mut ours, mut theirs) = (room(), room());
            let at = |b: &mut Vec<Vec<u8>>| -> Vec<*mut u8> {
                b.iter_mut().map(|b| b.as_mut_ptr()).collect()
            };
            // SAFETY: the level is present; N elements of each operand, apart.
            unsafe {
                match interpret {
                    true => body.interpreted().run(level, &inputs, &at(&mut ours), N),
                    false => body.run(level, &inputs, &at(&mut ours), N),
                }
                of.inner(level)(&inputs, &at(&mut theirs), N);
            }
            for (o, &dtype) in of.outputs.iter().enumerate() {
                let (ours, theirs) = (values(dtype, &ours[o]), values(dtype, &theirs[o]));
                for i in 0..N {
                    let row: Vec<Value> = rows.iter().map(|r| r[i]).collect();
                    assert!(
                        agree(ours[i], theirs[i]),
                        "{name} of {row:?} on {level}: {:?}, not {:?}\n{text}",
                        ours[i],
                        theirs[i]
                    );
                }
            }
        }
    }
}

#[test]
fn every_built_in_function_has_the_bits_of_its_kernel() {
    let mut chance = Chance::new(1);
    for of in lanefn::catalogue() {
        for l in of.loops {
            check(of.name, l, &mut chance);
        }
    }
}
