//! Compiled functions, and the driver around them.
//!
//! The function in memory does whole vectors. What comes before and after is as in
//! [`lanefn_kernels::loops`]: a vector more up to where the first output is aligned, the last vector of the
//! run once more where elements may be computed twice, a partial vector by way of the stack where not.

use lanefn_kernels::{lanes::Dtype, level::Level, loops::Input};
use smallvec::SmallVec;

use super::{
    Unsupported,
    allocate::{Places, allocate},
    emit::{self, Cursor, Emitted},
    memory::Executable,
    program::{Do, Program},
    select::select,
    target::Target,
};
use crate::{graph::Graph, leave::counted};

/// Machine code of a graph.
///
/// It owns the memory that the code stands in. Any number of threads may run it at once, and so may a child
/// process.
#[derive(Debug)]
pub struct Code {
    memory: Executable,
    entry: usize,
    level: Level,
    lanes: usize,
    unroll: usize,
    /// As [`Emitted::patience`].
    patience: Option<usize>,
    spills: usize,
    inputs: usize,
    /// The sizes of the elements of inputs and outputs, 0 for an input that nothing is computed from.
    sizes: SmallVec<[usize; FEW]>,
    /// A cursor for each of them that is nowhere yet.
    template: SmallVec<[Cursor; FEW]>,
}

// SAFETY: the addresses in the template are null.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}

/// Operands that need no memory of their own.
const FEW: usize = 8;

/// What the code is; see [`emit`].
type Function = unsafe extern "sysv64" fn(*mut Cursor, usize, usize) -> usize;

/// Machine code for a typed graph without calls, of what the level has.
///
/// # Errors
/// [`Unsupported`]: then the interpreter can run it.
pub fn compile(graph: &Graph, level: Level) -> Result<Code, Unsupported> {
    if !level.is_present() {
        return Err(Unsupported::Level(level));
    }
    let Written { program, places, emitted, sizes } = write(graph, level)?;
    let lanes = program.lanes;
    let template = sizes.iter().map(|size| {
        let step = size * lanes;
        Cursor { at: std::ptr::null_mut(), step, turn: step * emitted.unroll }
    });
    let template = template.collect();
    Ok(Code {
        memory: Executable::new(&emitted.bytes)?,
        entry: emitted.entry,
        level: program.target.level(),
        lanes,
        unroll: emitted.unroll,
        patience: emitted.patience,
        spills: (places.slots + places.mask_slots) as usize,
        inputs: graph.inputs().len(),
        sizes,
        template,
    })
}

/// What one vector goes through, as text: a line for each instruction, with the places of its operands, then
/// the constants. Slow arms and loops are indented. The CPU need not have the level.
///
/// # Errors
/// As for [`compile`].
pub fn listing(graph: &Graph, level: Level) -> Result<String, Unsupported> {
    let written = write(graph, level)?;
    Ok(super::listing::listing(&written.program, &written.places))
}

/// The instructions that [`compile`] makes. The CPU need not have the level.
///
/// # Errors
/// As for [`compile`].
pub fn instructions(graph: &Graph, level: Level) -> Result<Vec<u8>, Unsupported> {
    let Emitted { mut bytes, entry, .. } = write(graph, level)?.emitted;
    Ok(bytes.split_off(entry))
}

/// A function before it is anywhere.
struct Written {
    program: Program,
    places: Places,
    emitted: Emitted,
    /// As [`Code::sizes`].
    sizes: SmallVec<[usize; FEW]>,
}

fn write(graph: &Graph, level: Level) -> Result<Written, Unsupported> {
    let target = Target::of(level).ok_or(Unsupported::Level(level))?;
    match write_for(target, graph) {
        // Its registers take more of the stack.
        Err(Unsupported::TooLarge) if target != Target::Avx2 => write_for(Target::Avx2, graph),
        written => written,
    }
}

fn write_for(target: Target, graph: &Graph) -> Result<Written, Unsupported> {
    let program = select(graph, target)?;
    let places = allocate(&program);
    let inputs = graph.inputs().len();
    let mut sizes: SmallVec<[usize; FEW]> = SmallVec::from_elem(0, inputs);
    for step in &program.steps {
        if let Do::Load(n) = step.does {
            sizes[n as usize] = graph.inputs()[n as usize].dtype.map_or(0, Dtype::size);
        }
    }
    sizes.extend(graph.outputs().iter().map(|&id| graph.dtype(id).map_or(0, Dtype::size)));
    let emitted = emit::emit(&program, &places, inputs, &sizes).ok_or(Unsupported::TooLarge)?;
    Ok(Written { program, places, emitted, sizes })
}

/// Room for a turn of vectors.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Room([u64; 32]);

/// Runs shorter than this many bytes are not worth a vector more to align the output.
const ALIGN_FROM: usize = 512;

impl Code {
    /// The instructions.
    pub fn bytes(&self) -> &[u8] {
        &self.memory.bytes()[self.entry..]
    }

    /// The lowest level that has its instructions.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Elements in a vector.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// Vectors in one turn of the loop.
    pub fn unroll(&self) -> usize {
        self.unroll
    }

    /// Places on the stack for values that found no register.
    pub fn spills(&self) -> usize {
        self.spills
    }

    /// Goes so many turns and single vectors.
    ///
    /// # Safety
    /// There is a cursor for each operand, at which so many vectors are.
    #[inline]
    unsafe fn go(&self, cursors: &mut [Cursor], turns: usize, vectors: usize) {
        // SAFETY: what stands there is a function of this type, as `emit` wrote it, and nobody writes there
        // again for as long as `self` is there.
        let function: Function =
            unsafe { std::mem::transmute(self.memory.bytes().as_ptr().add(self.entry)) };
        // SAFETY: the caller's promise.
        let mut go = |turns| unsafe { function(cursors.as_mut_ptr(), turns, vectors) };
        match self.patience {
            None => _ = go(turns),
            Some(most) => counted(most, go),
        }
    }

    /// Computes `n` elements of each output.
    ///
    /// # Safety
    /// As [`InnerLoop`](lanefn_kernels::loops::InnerLoop) says, with the inputs and outputs of the graph: each
    /// is valid for `n` elements, or 1 for a scalar input; an output is disjoint from each input or begins
    /// where a non-scalar input of the same element size begins, and is disjoint from the other outputs. The
    /// graph passes [`Graph::check`].
    pub unsafe fn run(&self, inputs: &[Input], outputs: &[*mut u8], n: usize) {
        debug_assert_eq!(inputs.len(), self.inputs);
        debug_assert_eq!(outputs.len(), self.sizes.len() - self.inputs);
        if n == 0 {
            return;
        }
        let none = Cursor { at: std::ptr::null_mut(), step: 0, turn: 0 };
        let (mut few, mut many);
        let cursors = if self.template.len() <= FEW {
            few = [none; FEW];
            &mut few[..self.template.len()]
        } else {
            many = vec![none; self.template.len()];
            &mut many[..]
        };
        cursors.copy_from_slice(&self.template);
        let mut run = Run { code: self, inputs, outputs, cursors };
        let (mut in_place, mut scalars) = (false, false);
        for input in inputs {
            scalars |= input.scalar;
            in_place |= !input.scalar && outputs.iter().any(|o| o.cast_const() == input.at);
        }
        let mut rooms = SmallVec::new();
        if scalars {
            // SAFETY: the caller's promise.
            unsafe { run.spread(&mut rooms) };
        }
        let (lanes, unroll) = (self.lanes, self.unroll);
        let mut done = 0;
        let size = self.sizes[self.inputs];
        if !in_place && n * size >= ALIGN_FROM {
            let line = (lanes * size).min(64);
            let ahead =
                ((outputs[0] as usize).wrapping_neg() & (line - 1)) >> size.trailing_zeros();
            if ahead != 0 {
                // SAFETY: the caller's promise: a vector is there.
                unsafe { run.at(0, 0, 1) };
                done = ahead;
            }
        }
        let vectors = (n - done) >> lanes.trailing_zeros();
        if vectors > 0 {
            let turns = if unroll > 1 { vectors >> unroll.trailing_zeros() } else { 0 };
            // SAFETY: the caller's promise: so many vectors are there.
            unsafe { run.at(done, turns, vectors - turns * unroll) };
            done += vectors * lanes;
        }
        if n > done {
            // SAFETY: the caller's promise: so many elements are left, or a vector that ends with them.
            unsafe {
                if in_place || n < lanes {
                    run.partial(done, n - done);
                } else {
                    run.at(n - lanes, 0, 1);
                }
            }
        }
    }
}

/// One run.
struct Run<'a> {
    code: &'a Code,
    inputs: &'a [Input],
    outputs: &'a [*mut u8],
    cursors: &'a mut [Cursor],
}

impl Run<'_> {
    /// Puts each scalar into all lanes of a vector on the stack, as often as there are vectors in a turn.
    ///
    /// # Safety
    /// Scalar inputs are valid for reading an element, and `rooms` stays where it is until the run is over.
    #[inline(never)]
    unsafe fn spread(&mut self, rooms: &mut SmallVec<[Room; 4]>) {
        // No room moves by growing.
        rooms.reserve_exact(self.inputs.len());
        for (i, input) in self.inputs.iter().enumerate() {
            let size = self.code.sizes[i];
            if input.scalar && size > 0 {
                // SAFETY: the caller's promise: one element is there.
                rooms.push(Room([unsafe { read(input.at, size) }; 32]));
            }
        }
        let mut at = rooms.as_mut_ptr();
        for (i, input) in self.inputs.iter().enumerate() {
            if input.scalar && self.code.sizes[i] > 0 {
                self.cursors[i] = Cursor { at: at.cast(), step: 0, turn: 0 };
                at = at.wrapping_add(1);
            }
        }
    }

    /// Runs the function from an element on.
    ///
    /// # Safety
    /// So many vectors are inside the operands.
    #[inline]
    unsafe fn at(&mut self, from: usize, turns: usize, vectors: usize) {
        let code = self.code;
        let (inputs, outputs) = self.cursors.split_at_mut(code.inputs);
        let (of_inputs, of_outputs) = code.sizes.split_at(code.inputs);
        for ((cursor, input), size) in inputs.iter_mut().zip(self.inputs).zip(of_inputs) {
            if !input.scalar {
                cursor.at = input.at.cast_mut().wrapping_add(from * size);
            }
        }
        for ((cursor, output), size) in outputs.iter_mut().zip(self.outputs).zip(of_outputs) {
            cursor.at = output.wrapping_add(from * size);
        }
        // SAFETY: the caller's promise.
        unsafe { code.go(self.cursors, turns, vectors) };
    }

    /// Less than a vector, by way of the stack.
    ///
    /// # Safety
    /// The elements from `from` on, `1 <= left < lanes` of them, are inside the operands.
    #[inline(never)]
    unsafe fn partial(&mut self, from: usize, left: usize) {
        let (code, inputs) = (self.code, self.code.inputs);
        let mut rooms: SmallVec<[[u64; 8]; 8]> = SmallVec::from_elem([0; 8], self.cursors.len());
        let first = rooms.as_mut_ptr();
        for (i, cursor) in self.cursors.iter_mut().enumerate() {
            let size = code.sizes[i];
            if self.inputs.get(i).is_some_and(|input| input.scalar) || size == 0 {
                continue;
            }
            // SAFETY: there is a room for each operand.
            let room = unsafe { first.add(i) };
            cursor.at = room.cast();
            if let Some(input) = self.inputs.get(i) {
                let at = input.at.wrapping_add(from * size);
                // The lanes past the end do what the first one does.
                // SAFETY: the caller's promise: at least one element is there, and fewer than lanes are
                // left, all of which fit the room.
                unsafe {
                    room.write([read(at, size); 8]);
                    std::ptr::copy_nonoverlapping(at, room.cast(), left * size);
                }
            }
        }
        // SAFETY: a vector of each operand is in its room, or a scalar's.
        unsafe { code.go(self.cursors, 0, 1) };
        for (o, output) in self.outputs.iter().enumerate() {
            let size = code.sizes[inputs + o];
            let to = output.wrapping_add(from * size);
            // SAFETY: the caller's promise; the function has written the room.
            unsafe { std::ptr::copy_nonoverlapping(first.add(inputs + o).cast(), to, left * size) };
        }
    }
}

/// An element of so many bytes, again and again in 8 bytes.
///
/// # Safety
/// So many bytes are there.
unsafe fn read(at: *const u8, size: usize) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        match size {
            1 => u64::from(at.read()) * 0x0101_0101_0101_0101,
            2 => u64::from(at.cast::<u16>().read_unaligned()) * 0x0001_0001_0001_0001,
            4 => u64::from(at.cast::<u32>().read_unaligned()) * 0x0000_0001_0000_0001,
            _ => at.cast::<u64>().read_unaligned(),
        }
    }
}
