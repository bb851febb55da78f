//! What machine code may consist of.

use iced_x86::{
    CpuidFeature, Decoder, DecoderOptions, InstructionInfoFactory, Mnemonic, OpAccess, Register,
};
use lanefn_compiler::{Graph, native};
use lanefn_kernels::level::Level;

/// Instructions are those of the level, wherever they were made: the CPU need not have it. Nor do they read a
/// register before something was written to it, or after a call, which may lose any of these.
pub fn check_instructions(graph: &Graph, level: Level) -> Result<(), String> {
    let bytes = native::instructions(graph, level).map_err(|e| format!("{level}: {e}"))?;
    let mut info = InstructionInfoFactory::new();
    let mut written: Vec<Register> = Vec::new();
    // The way through all arms, and once through each loop.
    for found in Decoder::new(64, &bytes, DecoderOptions::NONE) {
        let wrong =
            |what: &str| Err(format!("{what}: {:?} {found:?} for {level}", found.mnemonic()));
        if found.is_invalid() {
            return wrong("no instruction");
        }
        let features = found.cpuid_features().iter().all(|feature| {
            use CpuidFeature::*;
            let avx512 = [AVX512F, AVX512BW, AVX512DQ, AVX512VL, AVX512CD].contains(feature);
            match avx512 {
                true => level == Level::Avx512,
                false => {
                    matches!(feature, INTEL8086 | INTEL386 | X64 | MULTIBYTENOP | AVX | AVX2 | FMA)
                }
            }
        });
        if !features {
            return wrong("it is not of the level");
        }
        // A write through a mask names one; the gather's and the blend's is never all of them.
        let name = format!("{:?}", found.mnemonic());
        let must = name.contains("blendm") || level == Level::Avx512 && name.contains("gather");
        if found.has_op_mask() != must || found.zeroing_masking() || found.is_broadcast() {
            return wrong("its mask is not as it should be");
        }
        let mut registers = (0..found.op_count()).map(|n| found.op_register(n));
        let out_of_reach = |register: Register| {
            register.is_vector_register() && (register.number() > 15 || register.is_zmm())
        };
        if level == Level::Avx2 && registers.any(out_of_reach) {
            return wrong("a register is out of reach");
        }
        match found.mnemonic() {
            Mnemonic::Call => written.clear(),
            Mnemonic::Vzeroupper => continue,
            _ => {}
        }
        // What a gather does not fill it keeps, of which there is nothing. These two read nothing.
        let kept = name.contains("gather").then(|| found.op0_register().full_register());
        let reads = !matches!(found.mnemonic(), Mnemonic::Kxnorq | Mnemonic::Kxorq)
            || found.op1_register() != found.op2_register();
        for used in info.info(&found).used_registers() {
            let register = used.register().full_register();
            if !register.is_vector_register() && !register.is_k() {
                continue;
            }
            use OpAccess::{CondRead, Read, ReadCondWrite, ReadWrite};
            if let Read | CondRead | ReadWrite | ReadCondWrite = used.access() {
                let known = written.contains(&register) || Some(register) == kept || !reads;
                if !known {
                    return wrong(&format!("{register:?} is not known"));
                }
            }
        }
        for used in info.info(&found).used_registers() {
            use OpAccess::{CondWrite, ReadCondWrite, ReadWrite, Write};
            if let Write | CondWrite | ReadWrite | ReadCondWrite = used.access() {
                written.push(used.register().full_register());
            }
        }
    }
    Ok(())
}
