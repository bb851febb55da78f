//! Operands that stand where chance has it, at the ends of mapped memory often.

use lanefn_compiler::{dtype::Dtype, value::Value};
use lanefn_kernels::loops::Input;

use super::{Chance, Oracle, agree};

const PAGE: usize = 4096;
/// The byte that is everywhere but in operands.
const CANARY: u8 = 0xa5;

/// What operands of a function hold: elements of its inputs, and what its outputs should then be.
#[derive(Clone, Debug)]
pub struct Rows {
    /// How many elements.
    pub n: usize,
    /// Whether it is one element for all, the elements, and these as bytes.
    inputs: Vec<(bool, Vec<Value>, Vec<u8>)>,
    outputs: Vec<Vec<Value>>,
    /// The dtypes of inputs and outputs.
    dtypes: (Vec<Dtype>, Vec<Dtype>),
}

impl Rows {
    /// Inputs at random, and the outputs that the graph says.
    pub fn new(oracle: &mut Oracle, dtypes: &[Dtype], n: usize, chance: &mut Chance) -> Rows {
        let mut inputs = Vec::new();
        for &dtype in dtypes {
            let scalar = chance.one_in(4);
            // The same for a while, sometimes: what is rare is then nowhere in most vectors.
            let runs = chance.one_in(3);
            let mut row: Vec<Value> = Vec::with_capacity(n);
            for _ in 0..if scalar { 1 } else { n } {
                let value = match row.last() {
                    Some(&last) if runs && !chance.one_in(16) => last,
                    _ => chance.value(dtype),
                };
                row.push(value);
            }
            let mut bytes = Vec::with_capacity(row.len() * dtype.size());
            row.iter()
                .for_each(|v| bytes.extend_from_slice(&v.bits().to_le_bytes()[..dtype.size()]));
            inputs.push((scalar, row, bytes));
        }
        let gives = oracle.dtypes();
        let mut rows =
            Rows { n, inputs, outputs: Vec::new(), dtypes: (dtypes.to_vec(), gives.clone()) };
        rows.outputs = vec![Vec::with_capacity(n); gives.len()];
        for i in 0..n {
            let outputs = oracle.outputs(&rows.element(i));
            rows.outputs.iter_mut().zip(outputs).for_each(|(row, value)| row.push(value));
        }
        rows
    }

    /// One element of each input.
    fn element(&self, i: usize) -> Vec<Value> {
        self.inputs.iter().map(|(scalar, row, _)| row[if *scalar { 0 } else { i }]).collect()
    }
}

/// Memory for operands.
pub struct Memory {
    arenas: Vec<Arena>,
}

impl Memory {
    /// For so many operands of at most so many pages.
    pub fn new(operands: usize, pages: usize) -> Memory {
        Memory { arenas: (0..operands).map(|_| Arena::new(pages * PAGE)).collect() }
    }

    /// Runs a function on the first `n` elements of the rows, laid out as chance has it, and says what is wrong
    /// with what it wrote. What stands in the outputs is looked at if `compare` says so.
    pub fn check(
        &mut self,
        rows: &Rows,
        n: usize,
        chance: &mut Chance,
        compare: bool,
        run: impl FnOnce(&[Input], &[*mut u8]),
    ) -> Result<(), String> {
        // Where each operand stands: its arena, from which byte to which.
        let mut parts: Vec<(usize, usize, usize)> = Vec::new();
        for (n_th, ((scalar, _, bytes), dtype)) in
            rows.inputs.iter().zip(&rows.dtypes.0).enumerate()
        {
            let elements = if *scalar { 1 } else { n };
            let part = self.place(n_th, elements * dtype.size(), chance);
            self.arenas[n_th].all()[part.1..part.2].copy_from_slice(&bytes[..part.2 - part.1]);
            parts.push(part);
        }
        let nin = parts.len();
        let mut sources = Vec::new();
        for (part, (scalar, ..)) in parts.iter().zip(&rows.inputs) {
            sources.push(Input { at: self.arenas[part.0].at(part.1), scalar: *scalar });
        }
        for (o, dtype) in rows.dtypes.1.iter().enumerate() {
            // In place, sometimes.
            let same = (0..nin).find(|&i| {
                !rows.inputs[i].0
                    && rows.dtypes.0[i].size() == dtype.size()
                    && !parts[nin..].iter().any(|p| p.0 == i)
            });
            parts.push(match same {
                Some(i) if chance.one_in(3) => parts[i],
                _ => self.place(nin + o, n * dtype.size(), chance),
            });
        }
        let targets: Vec<*mut u8> =
            parts[nin..].iter().map(|part| self.arenas[part.0].at(part.1)).collect();
        run(&sources, &targets);
        let mut wrong = None;
        for (o, part) in parts[nin..].iter().enumerate() {
            let size = rows.dtypes.1[o].size();
            let bytes = &self.arenas[part.0].all()[part.1..part.2];
            for (i, bytes) in bytes.chunks_exact(size).enumerate() {
                let expected = rows.outputs[o][i];
                let mut bits = [0; 8];
                bits[..size].copy_from_slice(bytes);
                let bits = u64::from_le_bytes(bits);
                let got = Value::from_bits(expected.dtype(), bits);
                if compare && (bits != got.bits() || !agree(got, expected)) && wrong.is_none() {
                    wrong = Some(format!(
                        "output {o}, element {i} of {n} of {:?}: {got:?} ({bits:#x}), not {expected:?} ({:#x})",
                        rows.element(i),
                        expected.bits(),
                    ));
                }
            }
        }
        for (i, part) in parts[..nin].iter().enumerate() {
            let is = &self.arenas[part.0].all()[part.1..part.2];
            if !parts[nin..].iter().any(|p| p.0 == i) && *is != rows.inputs[i].2[..is.len()] {
                wrong.get_or_insert_with(|| format!("input {i} of {n} elements was written to"));
            }
        }
        for part in &parts {
            self.arenas[part.0].all()[part.1..part.2].fill(CANARY);
        }
        for part in &parts {
            let all = self.arenas[part.0].all();
            if all.chunks_exact(PAGE).any(|page| page != [CANARY; PAGE]) {
                all.fill(CANARY);
                wrong.get_or_insert_with(|| {
                    format!("something was written outside of operands of {n} elements")
                });
            }
        }
        wrong.map_or(Ok(()), Err)
    }

    /// Where an operand stands: at the end or the start of its arena, or anywhere.
    fn place(&self, arena: usize, bytes: usize, chance: &mut Chance) -> (usize, usize, usize) {
        let room = self.arenas[arena].bytes - bytes;
        let from = match chance.below(4) {
            0 | 1 => room,
            2 => 0,
            _ => chance.below(room.min(200) + 1),
        };
        (arena, from, from + bytes)
    }
}

/// Mapped pages with an unmapped one before and after.
struct Arena {
    first: *mut u8,
    bytes: usize,
}

impl Arena {
    fn new(bytes: usize) -> Arena {
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

    fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset <= self.bytes);
        self.first.wrapping_add(offset)
    }

    fn all(&mut self) -> &mut [u8] {
        // SAFETY: mapped, initialised, and nobody else looks while `self` is borrowed.
        unsafe { std::slice::from_raw_parts_mut(self.first, self.bytes) }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` made.
        unsafe { libc::munmap(self.first.sub(PAGE).cast(), self.bytes + 2 * PAGE) };
    }
}
