//! What the emulated machine finds in its memory when it is switched on.
//!
//! There is no BIOS, no boot loader and no disk, because each costs seconds of emulated time. The
//! emulator puts three files straight into memory: a ROM whose only instruction jumps to the
//! loader, a page block with the loader and all the tables it needs, and one image with the kernel,
//! already unpacked, and the root file system after it. The loader enters the kernel by Linux's 64-bit boot protocol.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use object::LittleEndian as LE;
use object::elf;
use object::read::elf::{FileHeader, ProgramHeader};

/// Memory of the machine, in MiB.
pub const MEMORY_MIB: u64 = 768;

/// The page block. One page each: loader, boot parameters, command line, two page tables.
const BLOCK_ADDRESS: u64 = 0x10000;
const PAGE: usize = 0x1000;
/// Where in the loader's page its descriptor tables stand.
const DESCRIPTORS: usize = 0x800;
/// Where in the loader's page it finds the image's first and last address and the kernel's entry.
const IMAGE_START: usize = 0xff0;
const IMAGE_END: usize = 0xff4;
const ENTRY: usize = 0xff8;
const BOOT_PARAMETERS: u64 = BLOCK_ADDRESS + 0x1000;
const COMMAND_LINE: u64 = BLOCK_ADDRESS + 0x2000;
const PAGE_MAP: u64 = BLOCK_ADDRESS + 0x3000;
const PAGE_DIRECTORY_POINTERS: u64 = BLOCK_ADDRESS + 0x4000;

/// A file and the physical address at which the emulator puts it.
pub struct Placed {
    pub file: PathBuf,
    pub address: u64,
}

/// The files of one machine.
pub struct Machine {
    pub rom: PathBuf,
    pub memory: Vec<Placed>,
}

/// Writes the machine's files into `folder`.
///
/// # Errors
///
/// When `kernel` isn't a Linux kernel for x86-64 packed with LZ4, or a file can't be written.
pub fn build(
    folder: &Path,
    kernel: &Path,
    command_line: &str,
    root_files: &[RootFile],
) -> Result<Machine> {
    let packed = fs::read(kernel).with_context(|| format!("reading {}", kernel.display()))?;
    let kernel = unpack(&packed).with_context(|| format!("unpacking {}", kernel.display()))?;
    let root = root_archive(root_files)?;
    let root_address = kernel.memory.end.next_multiple_of(2 << 20);
    ensure!(
        root_address + 2 * root.len() as u64 <= MEMORY_MIB << 20,
        "the test program ({} MiB) does not fit into the machine's {MEMORY_MIB} MiB",
        root.len() >> 20
    );
    let mut image = kernel.bytes;
    image.resize((root_address - kernel.memory.start) as usize, 0);
    image.extend_from_slice(&root);
    let block = page_block(&Boot {
        packed_kernel: &packed,
        entry: kernel.entry,
        command_line,
        image: kernel.memory.start..kernel.memory.start + image.len() as u64,
        root: root_address..root_address + root.len() as u64,
    })?;

    let place = |name: &str, address: u64, bytes: &[u8]| -> Result<Placed> {
        let file = folder.join(name);
        fs::write(&file, bytes).with_context(|| format!("writing {}", file.display()))?;
        Ok(Placed { file, address })
    };
    Ok(Machine {
        rom: place("reset.rom", 0, &reset_rom())?.file,
        memory: vec![
            place("loader.img", BLOCK_ADDRESS, &block)?,
            place("image.img", kernel.memory.start, &image)?,
        ],
    })
}

/// 64 KiB that end at the top of the address space, where the CPU fetches its first instruction:
/// a far jump, in real mode, to the loader.
fn reset_rom() -> Vec<u8> {
    let mut rom = vec![0; 0x10000];
    let [low, high] = ((BLOCK_ADDRESS >> 4) as u16).to_le_bytes();
    rom[0xfff0..0xfff5].copy_from_slice(&[0xea, 0, 0, low, high]);
    rom
}

/// A kernel laid out as it stands in memory.
struct Kernel {
    bytes: Vec<u8>,
    memory: Range<u64>,
    entry: u64,
}

/// The ELF image inside a bzImage, loaded to where it was linked.
fn unpack(packed: &[u8]) -> Result<Kernel> {
    ensure!(packed.get(0x202..0x206) == Some(b"HdrS"), "this is no Linux kernel");
    let word = |at: usize| -> usize {
        packed.get(at..at + 4).map_or(0, |b| u32::from_le_bytes(b.try_into().unwrap()) as usize)
    };
    let setup_sectors = if packed[0x1f1] == 0 { 4 } else { usize::from(packed[0x1f1]) };
    let start = (setup_sectors + 1) * 512 + word(0x248);
    let payload = packed.get(start..start + word(0x24c)).context("the file is cut short")?;
    ensure!(
        payload.starts_with(&[0x02, 0x21, 0x4c, 0x18]),
        "only kernels packed with LZ4 are known here, such as Debian's for the cloud"
    );
    let elf = unpack_lz4(payload)?;

    let header = elf::FileHeader64::<LE>::parse(elf.as_slice())?;
    let segments: Vec<_> = header
        .program_headers(LE, elf.as_slice())?
        .iter()
        .filter(|segment| segment.p_type(LE) == elf::PT_LOAD)
        .collect();
    let start = segments.iter().map(|s| s.p_paddr(LE)).min().context("the kernel is empty")?;
    let end = segments.iter().map(|s| s.p_paddr(LE) + s.p_memsz(LE)).max().unwrap_or(start);
    ensure!(end - start < 1 << 30, "the kernel's segments are too far apart");
    let mut bytes = vec![0; (end - start) as usize];
    let mut filled = 0;
    for segment in segments {
        let data = segment.data(LE, elf.as_slice()).ok().context("a segment is cut short")?;
        let at = (segment.p_paddr(LE) - start) as usize;
        bytes[at..at + data.len()].copy_from_slice(data);
        filled = filled.max(at + data.len());
    }
    // The memory of a new machine is zero already.
    bytes.truncate(filled);
    Ok(Kernel { bytes, memory: start..end, entry: header.e_entry(LE) })
}

/// Unpacks LZ4's legacy frame, as kernels use it: after the magic number, blocks of 8 MiB, each
/// behind its packed length. The four bytes after the last block are the unpacked length.
fn unpack_lz4(payload: &[u8]) -> Result<Vec<u8>> {
    const BLOCK: usize = 8 << 20;
    let (blocks, length) = payload.split_last_chunk::<4>().context("the payload is cut short")?;
    let length = u32::from_le_bytes(*length) as usize;
    let mut rest = &blocks[4..];
    let mut unpacked = Vec::with_capacity(length);
    while let Some((size, after)) = rest.split_first_chunk::<4>() {
        let size = u32::from_le_bytes(*size) as usize;
        let block = after.get(..size).context("a packed block is cut short")?;
        unpacked.extend(lz4_flex::block::decompress(block, BLOCK)?);
        rest = &after[size..];
    }
    ensure!(unpacked.len() == length, "unpacked {} bytes, not {length}", unpacked.len());
    Ok(unpacked)
}

/// What the page block depends on.
struct Boot<'a> {
    packed_kernel: &'a [u8],
    entry: u64,
    command_line: &'a str,
    /// Where the image stands, and the root file system in it.
    image: Range<u64>,
    root: Range<u64>,
}

/// The loader and its tables.
fn page_block(boot: &Boot) -> Result<Vec<u8>> {
    let packed = boot.packed_kernel;
    let mut block = vec![0; 5 * PAGE];
    let mut put = |address: u64, bytes: &[u8]| {
        let at = (address - BLOCK_ADDRESS) as usize;
        block[at..at + bytes.len()].copy_from_slice(bytes);
    };

    let loader = loader::code()?;
    ensure!(loader.len() < DESCRIPTORS);
    put(BLOCK_ADDRESS, loader);
    // Limit and address of the descriptor table; then the table, with the selectors that Linux's
    // boot protocol asks for: 0x10 for 64-bit code, 0x18 for data, and 0x20 for 32-bit code.
    let descriptors: [u64; 5] =
        [0, 0, 0x00af_9a00_0000_ffff, 0x00cf_9200_0000_ffff, 0x00cf_9a00_0000_ffff];
    let at = BLOCK_ADDRESS + DESCRIPTORS as u64;
    put(at, &(size_of_val(&descriptors) as u16 - 1).to_le_bytes());
    put(at + 2, &(at as u32 + 8).to_le_bytes());
    put(at + 8, &descriptors.map(u64::to_le_bytes).concat());
    // What the loader takes from the end of its page.
    put(BLOCK_ADDRESS + IMAGE_START as u64, &u32::try_from(boot.image.start)?.to_le_bytes());
    put(BLOCK_ADDRESS + IMAGE_END as u64, &u32::try_from(boot.image.end)?.to_le_bytes());
    put(BLOCK_ADDRESS + ENTRY as u64, &boot.entry.to_le_bytes());

    // Boot parameters (Documentation/arch/x86/zero-page.rst): the set-up header as the kernel's
    // file has it, then what a boot loader fills in.
    let header_end = 0x202 + usize::from(packed[0x201]);
    put(BOOT_PARAMETERS + 0x1f1, &packed[0x1f1..header_end]);
    put(BOOT_PARAMETERS + 0x210, &[0xff]); // type of loader: none of the registered ones
    put(BOOT_PARAMETERS + 0x218, &u32::try_from(boot.root.start)?.to_le_bytes());
    put(BOOT_PARAMETERS + 0x21c, &u32::try_from(boot.root.end - boot.root.start)?.to_le_bytes());
    put(BOOT_PARAMETERS + 0x228, &(COMMAND_LINE as u32).to_le_bytes());
    let usable = [(0, 0x9_f000), (0x10_0000, (MEMORY_MIB << 20) - 0x10_0000)];
    put(BOOT_PARAMETERS + 0x1e8, &[usable.len() as u8]);
    for (index, (start, length)) in usable.into_iter().enumerate() {
        let entry = BOOT_PARAMETERS + 0x2d0 + 20 * index as u64;
        put(entry, &u64::to_le_bytes(start));
        put(entry + 8, &u64::to_le_bytes(length));
        put(entry + 16, &1_u32.to_le_bytes()); // usable memory
    }

    ensure!(boot.command_line.len() < PAGE, "the kernel's command line is too long");
    put(COMMAND_LINE, boot.command_line.as_bytes());

    // The first 4 GiB where they are, in pages of 1 GiB: present, writable, large.
    put(PAGE_MAP, &(PAGE_DIRECTORY_POINTERS | 0b11).to_le_bytes());
    for gibibyte in 0..4 {
        let entry = gibibyte << 30 | 0b1000_0011;
        put(PAGE_DIRECTORY_POINTERS + 8 * gibibyte, &u64::to_le_bytes(entry));
    }
    Ok(block)
}

/// The code that takes the CPU from real mode to the kernel.
mod loader {
    use super::*;

    #[cfg(target_arch = "x86_64")]
    std::arch::global_asm!(
        ".pushsection .rodata.lanefn_loader, \"a\"",
        ".globl lanefn_loader_start",
        ".globl lanefn_loader_end",
        ".code16",
        "lanefn_loader_start:",
        // Real mode, CS:IP = block:0. Load the descriptor table, turn on protection.
        "cli",
        "mov ax, cs",
        "mov ds, ax",
        "lgdt [{descriptors}]",
        "mov eax, cr0",
        "or eax, 1",
        "mov cr0, eax",
        ".byte 0x66, 0xea", // far jump with a 32-bit offset
        ".long {block} + (2f - lanefn_loader_start)",
        ".word 0x20",
        ".code32",
        "2:",
        // Protected mode. Touch the image from its start to its end: Bochs 2.7 reads a file into
        // consecutive blocks of its own memory, and gives those to the machine's blocks in the
        // order of their first use.
        "mov eax, 0x18",
        "mov ds, eax",
        "mov es, eax",
        "mov ss, eax",
        "mov esi, [{block} + {image_start}]",
        "6:",
        "mov al, [esi]",
        "add esi, 0x1000",
        "cmp esi, [{block} + {image_end}]",
        "jb 6b",
        // Turn on physical address extension, long mode, paging.
        "mov eax, cr4",
        "or eax, 0x20",
        "mov cr4, eax",
        "mov eax, {page_map}",
        "mov cr3, eax",
        "mov ecx, 0xc0000080",
        "rdmsr",
        "or eax, 0x100",
        "wrmsr",
        "mov eax, cr0",
        "or eax, 0x80000000",
        "mov cr0, eax",
        ".byte 0xea",
        ".long {block} + (3f - lanefn_loader_start)",
        ".word 0x10",
        ".code64",
        "3:",
        // Long mode: the kernel wants the boot parameters in RSI, and RSP at usable memory.
        "mov esi, {parameters}",
        "mov esp, {block}",
        "mov eax, {block} + {entry}",
        "jmp qword ptr [rax]",
        "lanefn_loader_end:",
        ".popsection",
        block = const BLOCK_ADDRESS,
        image_start = const IMAGE_START,
        image_end = const IMAGE_END,
        entry = const ENTRY,
        descriptors = const DESCRIPTORS,
        page_map = const PAGE_MAP,
        parameters = const BOOT_PARAMETERS,
    );

    #[cfg(target_arch = "x86_64")]
    pub fn code() -> Result<&'static [u8]> {
        unsafe extern "C" {
            static lanefn_loader_start: u8;
            static lanefn_loader_end: u8;
        }
        let (start, end) = (&raw const lanefn_loader_start, &raw const lanefn_loader_end);
        // SAFETY: both labels stand in one read-only section made by the assembly above, the end
        // after the start, with initialised bytes that nothing writes between them.
        Ok(unsafe { std::slice::from_raw_parts(start, end.offset_from_unsigned(start)) })
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub fn code() -> Result<&'static [u8]> {
        bail!("the machine can only be made on an x86-64 host")
    }
}

/// A file of the root file system.
pub struct RootFile {
    pub name: &'static str,
    pub kind: RootKind,
}

/// What such a file is.
pub enum RootKind {
    Folder,
    Program(Vec<u8>),
    Text(String),
    /// A character device, by its major and minor number.
    Device(u32, u32),
}

/// The root file system as a `newc` archive, not packed.
fn root_archive(files: &[RootFile]) -> Result<Vec<u8>> {
    let mut archive = Vec::new();
    for (number, RootFile { name, kind }) in files.iter().enumerate() {
        let entry = cpio::newc::Builder::new(name).ino(number as u32 + 1).nlink(1);
        let (entry, bytes): (_, &[u8]) = match kind {
            RootKind::Folder => (entry.mode(0o040_755), &[]),
            RootKind::Program(bytes) => (entry.mode(0o100_755), bytes),
            RootKind::Text(text) => (entry.mode(0o100_644), text.as_bytes()),
            RootKind::Device(major, minor) => {
                (entry.mode(0o020_666).rdev_major(*major).rdev_minor(*minor), &[])
            }
        };
        let Ok(length) = u32::try_from(bytes.len()) else {
            bail!("{name} is too large for the archive")
        };
        let mut writer = entry.write(archive, length);
        std::io::Write::write_all(&mut writer, bytes)?;
        archive = writer.finish()?;
    }
    Ok(cpio::newc::trailer(archive)?)
}
