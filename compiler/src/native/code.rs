//! Compiled functions, and the driver around them.
//!
//! The function in memory does whole vectors. What comes before and after is as in
//! [`lanefn_kernels::loops`]: a vector more up to where the first output is aligned, the last vector of the
//! run once more where elements may be computed twice, a partial vector by way of the stack where not.

use std::mem::MaybeUninit;

use lanefn_kernels::{lanes::Dtype, level::Level, loops::Input};
use smallvec::SmallVec;

use super::{
    Unsupported,
    allocate::allocate,
    emit::{self, Cursor},
    memory::Executable,
    program::Do,
    select::select,
};
use crate::graph::Graph;

/// Machine code of a graph.
///
/// It owns the memory that the code stands in. Any number of threads may run it at once, and so may a child
/// process.
#[derive(Debug)]
pub struct Code {
    memory: Executable,
    entry: usize,
    lanes: usize,
    unroll: usize,
    spills: usize,
    inputs: usize,
    /// The sizes of the elements of inputs and outputs, 0 for an input that nothing is computed from.
    sizes: SmallVec<[usize; 8]>,
}

/// What the code is; see [`emit`].
type Function = unsafe extern "sysv64" fn(*mut Cursor, usize, usize);

/// Machine code for a typed graph without calls.
///
/// # Errors
/// [`Unsupported`]: then the interpreter can run it.
pub fn compile(graph: &Graph, level: Level) -> Result<Code, Unsupported> {
    if level < Level::Avx2 || !level.is_present() {
        return Err(Unsupported::Level(level));
    }
    let program = select(graph)?;
    let places = allocate(&program);
    let inputs = graph.inputs().len();
    let mut sizes: SmallVec<[usize; 8]> = SmallVec::from_elem(0, inputs);
    for step in &program.steps {
        if let Do::Load(n) = step.does {
            sizes[n as usize] = graph.inputs()[n as usize].dtype.map_or(0, Dtype::size);
        }
    }
    sizes.extend(graph.outputs().iter().map(|&id| graph.dtype(id).map_or(0, Dtype::size)));
    let emitted = emit::emit(&program, &places, inputs, &sizes).ok_or(Unsupported::TooLarge)?;
    Ok(Code {
        memory: Executable::new(&emitted.bytes)?,
        entry: emitted.entry,
        lanes: program.lanes,
        unroll: emitted.unroll,
        spills: places.slots as usize,
        inputs,
        sizes,
    })
}

/// Room for a turn of vectors.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Room([u64; 16]);

type Rooms = SmallVec<[MaybeUninit<Room>; 4]>;

/// Runs shorter than this many bytes are not worth a vector more to align the output.
const ALIGN_FROM: usize = 512;

impl Code {
    /// The instructions.
    pub fn bytes(&self) -> &[u8] {
        &self.memory.bytes()[self.entry..]
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

    fn function(&self) -> Function {
        // SAFETY: it stands there, as `emit` wrote it, for as long as `self` is there.
        unsafe { std::mem::transmute(self.memory.bytes().as_ptr().add(self.entry)) }
    }

    /// Computes `n` elements of each output.
    ///
    /// # Safety
    /// As [`InnerLoop`](lanefn_kernels::loops::InnerLoop) says, with the inputs and outputs of the graph: each
    /// is valid for `n` elements, or 1 for a scalar input; an output is disjoint from each input or begins
    /// where a non-scalar input of the same element size begins, and is disjoint from the other outputs.
    pub unsafe fn run(&self, inputs: &[Input], outputs: &[*mut u8], n: usize) {
        debug_assert!(
            inputs.len() == self.inputs && inputs.len() + outputs.len() == self.sizes.len()
        );
        if n == 0 {
            return;
        }
        let lanes = self.lanes;
        let mut spread = Rooms::new();
        let scalars = inputs.iter().filter(|i| i.scalar).count();
        // No address below changes by growing.
        spread.reserve_exact(scalars);
        let mut base: SmallVec<[Cursor; 8]> = SmallVec::with_capacity(self.sizes.len());
        let mut in_place = false;
        for (input, &size) in inputs.iter().zip(&self.sizes) {
            base.push(if size == 0 {
                self.cursor(std::ptr::null_mut(), 0)
            } else if input.scalar {
                spread.push(MaybeUninit::uninit());
                let room = spread.last_mut().map_or(std::ptr::null_mut(), |r| r.as_mut_ptr());
                // SAFETY: the caller's promise: one element is there.
                let element = unsafe { read(input.at, size) };
                // SAFETY: the room that was just made.
                unsafe { room.write(Room([element; 16])) };
                Cursor { at: room.cast(), step: 0, turn: 0 }
            } else {
                in_place |= outputs.iter().any(|o| o.cast_const() == input.at);
                self.cursor(input.at.cast_mut(), size)
            });
        }
        for (&output, &size) in outputs.iter().zip(&self.sizes[self.inputs..]) {
            base.push(self.cursor(output, size));
        }
        // Runs the function so many elements on.
        let run = |from: usize, turns: usize, vectors: usize| {
            let mut cursors = base.clone();
            for cursor in &mut cursors {
                cursor.at = cursor.at.wrapping_add(from * (cursor.step / lanes));
            }
            // SAFETY: the caller's promise; the vectors below are all inside the run.
            unsafe { self.function()(cursors.as_mut_ptr(), turns, vectors) };
        };
        let mut done = 0;
        let size = self.sizes[self.inputs];
        if !in_place && n * size >= ALIGN_FROM {
            let ahead = (outputs[0] as usize).wrapping_neg() % (lanes * size).min(64) / size;
            if ahead != 0 {
                run(0, 0, 1);
                done = ahead;
            }
        }
        let vectors = (n - done) / lanes;
        if vectors > 0 {
            let turns = if self.unroll > 1 { vectors / self.unroll } else { 0 };
            run(done, turns, vectors - turns * self.unroll);
            done += vectors * lanes;
        }
        match n - done {
            0 => {}
            left if in_place || n < lanes => {
                // SAFETY: the caller's promise: so many elements are left.
                unsafe { self.partial(&base, done, left) };
            }
            _ => run(n - lanes, 0, 1),
        }
    }

    fn cursor(&self, at: *mut u8, size: usize) -> Cursor {
        let step = self.lanes * size;
        Cursor { at, step, turn: step * self.unroll }
    }

    /// Less than a vector, by way of the stack.
    ///
    /// # Safety
    /// As for [`Code::run`]; the elements from `from` on, `1 <= left < lanes` of them, are in the run.
    #[inline(never)]
    unsafe fn partial(&self, base: &[Cursor], from: usize, left: usize) {
        let mut rooms: SmallVec<[[MaybeUninit<u64>; 4]; 8]> = SmallVec::with_capacity(base.len());
        let mut cursors: SmallVec<[Cursor; 8]> = base.into();
        for (i, (cursor, &size)) in cursors.iter_mut().zip(&self.sizes).enumerate() {
            rooms.push([MaybeUninit::uninit(); 4]);
            if cursor.step == 0 {
                continue;
            }
            let at = cursor.at.wrapping_add(from * size);
            if let Some(room) = rooms.last_mut() {
                cursor.at = room.as_mut_ptr().cast();
            }
            if i < self.inputs {
                // The lanes past the end do what the first one does.
                // SAFETY: the caller's promise: at least one element is there, and fewer than lanes are
                // left, all of which fit the room.
                unsafe {
                    let first = read(at, size);
                    cursor.at.cast::<[u64; 4]>().write_unaligned([first; 4]);
                    std::ptr::copy_nonoverlapping(at, cursor.at, left * size);
                }
            }
        }
        // SAFETY: a vector of each operand is in its room, or a scalar's.
        unsafe { self.function()(cursors.as_mut_ptr(), 0, 1) };
        for (i, &size) in self.sizes.iter().enumerate().skip(self.inputs) {
            let to = base[i].at.wrapping_add(from * size);
            // SAFETY: the caller's promise; the function has written the room.
            unsafe { std::ptr::copy_nonoverlapping(rooms[i].as_ptr().cast(), to, left * size) };
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
