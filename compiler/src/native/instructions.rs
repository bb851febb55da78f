//! The vector instructions that the compiler chooses from, and how each is encoded.

/// Where the operands of an instruction go in its encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `dst, a, b`: the last may be in memory.
    Three,
    /// As [`Shape::Three`], and `a` and `b` may change places.
    Commutes,
    /// `dst, a`, which may be in memory.
    Two,
    /// `dst, a, b, c`: `b` may be in memory.
    Four,
    /// `dst, a, imm`, both registers, with this in the place of a register.
    Shift(u8),
    /// `dst, a, imm`, where `dst` is the operand that other instructions have in memory.
    Extract,
}

/// How an instruction is encoded: VEX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// The opcode map: 1 is `0F`, 2 is `0F 38`, 3 is `0F 3A`.
    pub map: u8,
    /// The prefix: 0 none, 1 is `66`, 2 is `F3`, 3 is `F2`.
    pub prefix: u8,
    /// The bit W.
    pub wide: bool,
    /// The opcode.
    pub opcode: u8,
    /// Where operands go.
    pub shape: Shape,
    /// Whether a byte follows that says more.
    pub immediate: bool,
}

macro_rules! instructions {
    ($($name:ident $map:literal $prefix:literal $wide:literal $opcode:literal $shape:expr $(, $imm:ident)?;)*) => {
        /// A vector instruction, by the name that manuals have for it.
        #[allow(missing_docs)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Instruction {$($name),*}

        impl Instruction {
            /// All of them.
            #[cfg(test)]
            pub const ALL: &'static [Instruction] = &[$(Instruction::$name),*];

            /// How it is encoded.
            pub const fn encoding(self) -> Encoding {
                match self {$(
                    Instruction::$name => Encoding {
                        map: $map,
                        prefix: $prefix,
                        wide: $wide == 1,
                        opcode: $opcode,
                        shape: $shape,
                        immediate: instructions!(@ $($imm)?),
                    },
                )*}
            }
        }
    };
    (@) => { false };
    (@ imm) => { true };
}
use Shape::*;
instructions! {
    // Name, map, prefix, W, opcode, shape.
    Vaddps 1 0 0 0x58 Commutes;
    Vaddpd 1 1 0 0x58 Commutes;
    Vmulps 1 0 0 0x59 Commutes;
    Vmulpd 1 1 0 0x59 Commutes;
    Vsubps 1 0 0 0x5c Three;
    Vsubpd 1 1 0 0x5c Three;
    Vdivps 1 0 0 0x5e Three;
    Vdivpd 1 1 0 0x5e Three;
    Vminps 1 0 0 0x5d Three;
    Vminpd 1 1 0 0x5d Three;
    Vmaxps 1 0 0 0x5f Three;
    Vmaxpd 1 1 0 0x5f Three;
    Vsqrtps 1 0 0 0x51 Two;
    Vsqrtpd 1 1 0 0x51 Two;
    Vandps 1 0 0 0x54 Commutes;
    Vandnps 1 0 0 0x55 Three;
    Vorps 1 0 0 0x56 Commutes;
    Vxorps 1 0 0 0x57 Commutes;
    Vcmpps 1 0 0 0xc2 Three, imm;
    Vcmppd 1 1 0 0xc2 Three, imm;
    Vshufps 1 0 0 0xc6 Three, imm;
    Vroundps 3 1 0 0x08 Two, imm;
    Vroundpd 3 1 0 0x09 Two, imm;
    Vblendvps 3 1 0 0x4a Four;
    Vblendvpd 3 1 0 0x4b Four;
    Vpblendvb 3 1 0 0x4c Four;
    Vfmadd132ps 2 1 0 0x98 Three;
    Vfmadd132pd 2 1 1 0x98 Three;
    Vfmadd213ps 2 1 0 0xa8 Three;
    Vfmadd213pd 2 1 1 0xa8 Three;
    Vfmadd231ps 2 1 0 0xb8 Three;
    Vfmadd231pd 2 1 1 0xb8 Three;
    Vcvtps2pd 1 0 0 0x5a Two;
    Vcvtpd2ps 1 1 0 0x5a Two;
    Vcvtdq2pd 1 2 0 0xe6 Two;
    Vcvtdq2ps 1 0 0 0x5b Two;
    Vcvttpd2dq 1 1 0 0xe6 Two;
    Vcvttps2dq 1 2 0 0x5b Two;
    Vmovaps 1 0 0 0x28 Two;
    Vtestps 2 1 0 0x0e Two;
    Vtestpd 2 1 0 0x0f Two;
    Vptest 2 1 0 0x17 Two;
    Vpaddb 1 1 0 0xfc Commutes;
    Vpaddw 1 1 0 0xfd Commutes;
    Vpaddd 1 1 0 0xfe Commutes;
    Vpaddq 1 1 0 0xd4 Commutes;
    Vpsubb 1 1 0 0xf8 Three;
    Vpsubw 1 1 0 0xf9 Three;
    Vpsubd 1 1 0 0xfa Three;
    Vpsubq 1 1 0 0xfb Three;
    Vpand 1 1 0 0xdb Commutes;
    Vpandn 1 1 0 0xdf Three;
    Vpor 1 1 0 0xeb Commutes;
    Vpxor 1 1 0 0xef Commutes;
    Vpcmpeqb 1 1 0 0x74 Commutes;
    Vpcmpeqw 1 1 0 0x75 Commutes;
    Vpcmpeqd 1 1 0 0x76 Commutes;
    Vpcmpeqq 2 1 0 0x29 Commutes;
    Vpcmpgtb 1 1 0 0x64 Three;
    Vpcmpgtw 1 1 0 0x65 Three;
    Vpcmpgtd 1 1 0 0x66 Three;
    Vpcmpgtq 2 1 0 0x37 Three;
    Vpminsb 2 1 0 0x38 Commutes;
    Vpminsw 1 1 0 0xea Commutes;
    Vpminsd 2 1 0 0x39 Commutes;
    Vpminub 1 1 0 0xda Commutes;
    Vpminuw 2 1 0 0x3a Commutes;
    Vpminud 2 1 0 0x3b Commutes;
    Vpmaxsb 2 1 0 0x3c Commutes;
    Vpmaxsw 1 1 0 0xee Commutes;
    Vpmaxsd 2 1 0 0x3d Commutes;
    Vpmaxub 1 1 0 0xde Commutes;
    Vpmaxuw 2 1 0 0x3e Commutes;
    Vpmaxud 2 1 0 0x3f Commutes;
    Vpabsb 2 1 0 0x1c Two;
    Vpabsw 2 1 0 0x1d Two;
    Vpabsd 2 1 0 0x1e Two;
    Vpmullw 1 1 0 0xd5 Commutes;
    Vpmulld 2 1 0 0x40 Commutes;
    Vpmuludq 1 1 0 0xf4 Commutes;
    Vpmaddubsw 2 1 0 0x04 Three;
    Vpmaddwd 1 1 0 0xf5 Commutes;
    Vpsadbw 1 1 0 0xf6 Commutes;
    Vpsllw 1 1 0 0x71 Shift(6), imm;
    Vpslld 1 1 0 0x72 Shift(6), imm;
    Vpsllq 1 1 0 0x73 Shift(6), imm;
    Vpsrlw 1 1 0 0x71 Shift(2), imm;
    Vpsrld 1 1 0 0x72 Shift(2), imm;
    Vpsrlq 1 1 0 0x73 Shift(2), imm;
    Vpsraw 1 1 0 0x71 Shift(4), imm;
    Vpsrad 1 1 0 0x72 Shift(4), imm;
    Vpsrldq 1 1 0 0x73 Shift(3), imm;
    Vpsllvd 2 1 0 0x47 Three;
    Vpsllvq 2 1 1 0x47 Three;
    Vpsrlvd 2 1 0 0x45 Three;
    Vpsrlvq 2 1 1 0x45 Three;
    Vpsravd 2 1 0 0x46 Three;
    Vpshufd 1 1 0 0x70 Two, imm;
    Vpshufb 2 1 0 0x00 Three;
    Vpblendw 3 1 0 0x0e Three, imm;
    Vpblendd 3 1 0 0x02 Three, imm;
    Vpackssdw 1 1 0 0x6b Three;
    Vpacksswb 1 1 0 0x63 Three;
    Vpunpcklbw 1 1 0 0x60 Three;
    Vpunpcklwd 1 1 0 0x61 Three;
    Vpunpckldq 1 1 0 0x62 Three;
    Vpunpcklqdq 1 1 0 0x6c Three;
    Vinserti128 3 1 0 0x38 Three, imm;
    Vextracti128 3 1 0 0x39 Extract, imm;
    Vpmovsxbw 2 1 0 0x20 Two;
    Vpmovsxbd 2 1 0 0x21 Two;
    Vpmovsxbq 2 1 0 0x22 Two;
    Vpmovsxwd 2 1 0 0x23 Two;
    Vpmovsxwq 2 1 0 0x24 Two;
    Vpmovsxdq 2 1 0 0x25 Two;
    Vpmovzxbw 2 1 0 0x30 Two;
    Vpmovzxbd 2 1 0 0x31 Two;
    Vpmovzxbq 2 1 0 0x32 Two;
    Vpmovzxwd 2 1 0 0x33 Two;
    Vpmovzxwq 2 1 0 0x34 Two;
    Vpmovzxdq 2 1 0 0x35 Two;
}
