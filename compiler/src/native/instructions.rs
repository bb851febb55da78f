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
    /// `dst, a, b`, the last perhaps in memory, and a mask register.
    Masked,
    /// `dst, a, b`: mask registers.
    Masks,
    /// `dst, a`: mask registers.
    Mask,
}

/// Which of the two encodings of vector instructions there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// VEX alone.
    Vex,
    /// Both, and the bit W of EVEX.
    Both(bool),
    /// EVEX alone.
    Evex,
}

/// How an instruction is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// The opcode map: 1 is `0F`, 2 is `0F 38`, 3 is `0F 3A`.
    pub map: u8,
    /// The prefix: 0 none, 1 is `66`, 2 is `F3`, 3 is `F2`.
    pub prefix: u8,
    /// The bit W, of EVEX if that is the only form.
    pub wide: bool,
    /// The opcode.
    pub opcode: u8,
    /// Where operands go.
    pub shape: Shape,
    /// Whether a byte follows that says more.
    pub immediate: bool,
    /// Whether it is VEX or EVEX.
    pub form: Form,
    /// How often a vector is halved to be as large as the operand in memory.
    pub halvings: u8,
}

macro_rules! instructions {
    ($($name:ident $form:ident $map:literal $prefix:literal $wide:literal $opcode:literal $shape:expr $(, $more:ident)*;)*) => {
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
                        immediate: false $(|| instructions!(@immediate $more))*,
                        form: instructions!(@form $form),
                        halvings: 0 $(+ instructions!(@halvings $more))*,
                    },
                )*}
            }
        }
    };
    (@immediate imm) => { true };
    (@immediate $other:ident) => { false };
    (@halvings imm) => { 0 };
    (@halvings half) => { 1 };
    (@halvings quarter) => { 2 };
    (@halvings eighth) => { 3 };
    (@form vex) => { Form::Vex };
    (@form d) => { Form::Both(false) };
    (@form q) => { Form::Both(true) };
    (@form evex) => { Form::Evex };
}

impl Instruction {
    /// Whether it writes a mask register, of those for AVX-512.
    pub fn makes_mask(self) -> bool {
        matches!(self.encoding().shape, Masks | Mask)
            || matches!(self, Vcmpps | Vcmppd | Vptestmb)
            || matches!(self, Vpcmpb | Vpcmpw | Vpcmpd | Vpcmpq)
            || matches!(self, Vpcmpub | Vpcmpuw | Vpcmpud | Vpcmpuq)
    }

    /// Its name: some are renamed by EVEX.
    pub fn name(self, evex: bool) -> String {
        let of_vex = format!("{self:?}").to_lowercase();
        match self {
            Vpand | Vpandn | Vpor | Vpxor if evex => of_vex + "d",
            Vroundps | Vroundpd if evex => of_vex.replace("vround", "vrndscale"),
            Vinserti128 | Vextracti128 if evex => of_vex.replace("128", "32x4"),
            _ => of_vex,
        }
    }
}
use Instruction::*;
use Shape::*;
instructions! {
    // Name, form, map, prefix, W, opcode, shape.
    Vaddps d 1 0 0 0x58 Commutes;
    Vaddpd q 1 1 0 0x58 Commutes;
    Vmulps d 1 0 0 0x59 Commutes;
    Vmulpd q 1 1 0 0x59 Commutes;
    Vsubps d 1 0 0 0x5c Three;
    Vsubpd q 1 1 0 0x5c Three;
    Vdivps d 1 0 0 0x5e Three;
    Vdivpd q 1 1 0 0x5e Three;
    Vminps d 1 0 0 0x5d Three;
    Vminpd q 1 1 0 0x5d Three;
    Vmaxps d 1 0 0 0x5f Three;
    Vmaxpd q 1 1 0 0x5f Three;
    Vsqrtps d 1 0 0 0x51 Two;
    Vsqrtpd q 1 1 0 0x51 Two;
    Vandps d 1 0 0 0x54 Commutes;
    Vandnps d 1 0 0 0x55 Three;
    Vorps d 1 0 0 0x56 Commutes;
    Vxorps d 1 0 0 0x57 Commutes;
    Vcmpps d 1 0 0 0xc2 Three, imm;
    Vcmppd q 1 1 0 0xc2 Three, imm;
    Vshufps vex 1 0 0 0xc6 Three, imm;
    Vroundps d 3 1 0 0x08 Two, imm;
    Vroundpd q 3 1 0 0x09 Two, imm;
    Vblendvps vex 3 1 0 0x4a Four;
    Vblendvpd vex 3 1 0 0x4b Four;
    Vpblendvb vex 3 1 0 0x4c Four;
    Vfmadd132ps d 2 1 0 0x98 Three;
    Vfmadd132pd q 2 1 1 0x98 Three;
    Vfmadd213ps d 2 1 0 0xa8 Three;
    Vfmadd213pd q 2 1 1 0xa8 Three;
    Vfmadd231ps d 2 1 0 0xb8 Three;
    Vfmadd231pd q 2 1 1 0xb8 Three;
    Vcvtps2pd d 1 0 0 0x5a Two, half;
    Vcvtpd2ps q 1 1 0 0x5a Two;
    Vcvtdq2pd d 1 2 0 0xe6 Two, half;
    Vcvtdq2ps d 1 0 0 0x5b Two;
    Vcvttpd2dq q 1 1 0 0xe6 Two;
    Vcvttps2dq d 1 2 0 0x5b Two;
    Vmovaps d 1 0 0 0x28 Two;
    Vtestps vex 2 1 0 0x0e Two;
    Vtestpd vex 2 1 0 0x0f Two;
    Vptest vex 2 1 0 0x17 Two;
    Vpaddb d 1 1 0 0xfc Commutes;
    Vpaddw d 1 1 0 0xfd Commutes;
    Vpaddd d 1 1 0 0xfe Commutes;
    Vpaddq q 1 1 0 0xd4 Commutes;
    Vpsubb d 1 1 0 0xf8 Three;
    Vpsubw d 1 1 0 0xf9 Three;
    Vpsubd d 1 1 0 0xfa Three;
    Vpsubq q 1 1 0 0xfb Three;
    Vpand d 1 1 0 0xdb Commutes;
    Vpandn d 1 1 0 0xdf Three;
    Vpor d 1 1 0 0xeb Commutes;
    Vpxor d 1 1 0 0xef Commutes;
    Vpcmpeqb vex 1 1 0 0x74 Commutes;
    Vpcmpeqw vex 1 1 0 0x75 Commutes;
    Vpcmpeqd vex 1 1 0 0x76 Commutes;
    Vpcmpeqq vex 2 1 0 0x29 Commutes;
    Vpcmpgtb vex 1 1 0 0x64 Three;
    Vpcmpgtw vex 1 1 0 0x65 Three;
    Vpcmpgtd vex 1 1 0 0x66 Three;
    Vpcmpgtq vex 2 1 0 0x37 Three;
    Vpminsb d 2 1 0 0x38 Commutes;
    Vpminsw d 1 1 0 0xea Commutes;
    Vpminsd d 2 1 0 0x39 Commutes;
    Vpminub d 1 1 0 0xda Commutes;
    Vpminuw d 2 1 0 0x3a Commutes;
    Vpminud d 2 1 0 0x3b Commutes;
    Vpmaxsb d 2 1 0 0x3c Commutes;
    Vpmaxsw d 1 1 0 0xee Commutes;
    Vpmaxsd d 2 1 0 0x3d Commutes;
    Vpmaxub d 1 1 0 0xde Commutes;
    Vpmaxuw d 2 1 0 0x3e Commutes;
    Vpmaxud d 2 1 0 0x3f Commutes;
    Vpabsb d 2 1 0 0x1c Two;
    Vpabsw d 2 1 0 0x1d Two;
    Vpabsd d 2 1 0 0x1e Two;
    Vpmullw d 1 1 0 0xd5 Commutes;
    Vpmulld d 2 1 0 0x40 Commutes;
    Vpmuludq vex 1 1 0 0xf4 Commutes;
    Vpmaddubsw d 2 1 0 0x04 Three;
    Vpmaddwd d 1 1 0 0xf5 Commutes;
    Vpsadbw d 1 1 0 0xf6 Commutes;
    Vpsllw d 1 1 0 0x71 Shift(6), imm;
    Vpslld d 1 1 0 0x72 Shift(6), imm;
    Vpsllq q 1 1 0 0x73 Shift(6), imm;
    Vpsrlw d 1 1 0 0x71 Shift(2), imm;
    Vpsrld d 1 1 0 0x72 Shift(2), imm;
    Vpsrlq q 1 1 0 0x73 Shift(2), imm;
    Vpsraw d 1 1 0 0x71 Shift(4), imm;
    Vpsrad d 1 1 0 0x72 Shift(4), imm;
    Vpsrldq d 1 1 0 0x73 Shift(3), imm;
    Vpsllvd d 2 1 0 0x47 Three;
    Vpsllvq q 2 1 1 0x47 Three;
    Vpsrlvd d 2 1 0 0x45 Three;
    Vpsrlvq q 2 1 1 0x45 Three;
    Vpsravd d 2 1 0 0x46 Three;
    Vpshufd vex 1 1 0 0x70 Two, imm;
    Vpshufb d 2 1 0 0x00 Three;
    Vpblendw vex 3 1 0 0x0e Three, imm;
    Vpblendd vex 3 1 0 0x02 Three, imm;
    Vpackssdw vex 1 1 0 0x6b Three;
    Vpacksswb vex 1 1 0 0x63 Three;
    Vpunpcklbw vex 1 1 0 0x60 Three;
    Vpunpcklwd vex 1 1 0 0x61 Three;
    Vpunpckldq vex 1 1 0 0x62 Three;
    Vpunpcklqdq q 1 1 0 0x6c Three;
    Vinserti128 d 3 1 0 0x38 Three, imm, half;
    Vextracti128 d 3 1 0 0x39 Extract, imm;
    Vpmovsxbw d 2 1 0 0x20 Two, half;
    Vpmovsxbd d 2 1 0 0x21 Two, quarter;
    Vpmovsxbq d 2 1 0 0x22 Two, eighth;
    Vpmovsxwd d 2 1 0 0x23 Two, half;
    Vpmovsxwq d 2 1 0 0x24 Two, quarter;
    Vpmovsxdq d 2 1 0 0x25 Two, half;
    Vpmovzxbw d 2 1 0 0x30 Two, half;
    Vpmovzxbd d 2 1 0 0x31 Two, quarter;
    Vpmovzxbq d 2 1 0 0x32 Two, eighth;
    Vpmovzxwd d 2 1 0 0x33 Two, half;
    Vpmovzxwq d 2 1 0 0x34 Two, quarter;
    Vpmovzxdq d 2 1 0 0x35 Two, half;

    Vrangeps evex 3 1 0 0x50 Three, imm;
    Vrangepd evex 3 1 1 0x50 Three, imm;
    Vpcmpb evex 3 1 0 0x3f Three, imm;
    Vpcmpw evex 3 1 1 0x3f Three, imm;
    Vpcmpd evex 3 1 0 0x1f Three, imm;
    Vpcmpq evex 3 1 1 0x1f Three, imm;
    Vpcmpub evex 3 1 0 0x3e Three, imm;
    Vpcmpuw evex 3 1 1 0x3e Three, imm;
    Vpcmpud evex 3 1 0 0x1e Three, imm;
    Vpcmpuq evex 3 1 1 0x1e Three, imm;
    Vptestmb evex 2 1 0 0x26 Commutes;
    Vpblendmb evex 2 1 0 0x66 Masked;
    Vpblendmw evex 2 1 1 0x66 Masked;
    Vblendmps evex 2 1 0 0x65 Masked;
    Vblendmpd evex 2 1 1 0x65 Masked;
    Vpabsq evex 2 1 1 0x1f Two;
    Vpminsq evex 2 1 1 0x39 Commutes;
    Vpminuq evex 2 1 1 0x3b Commutes;
    Vpmaxsq evex 2 1 1 0x3d Commutes;
    Vpmaxuq evex 2 1 1 0x3f Commutes;
    Vpmullq evex 2 1 1 0x40 Commutes;
    Vpsraq evex 1 1 1 0x72 Shift(4), imm;
    Vpsllvw evex 2 1 1 0x12 Three;
    Vpsrlvw evex 2 1 1 0x10 Three;
    Vpsravw evex 2 1 1 0x11 Three;
    Vpsravq evex 2 1 1 0x46 Three;
    Vplzcntd evex 2 1 0 0x44 Two;
    Vplzcntq evex 2 1 1 0x44 Two;
    Vcvttpd2qq evex 1 1 1 0x7a Two;
    Vcvttpd2uqq evex 1 1 1 0x78 Two;
    Vcvttpd2udq evex 1 0 1 0x78 Two;
    Vcvttps2udq evex 1 0 0 0x78 Two;
    Vcvtudq2pd evex 1 2 0 0x7a Two, half;
    Vcvtudq2ps evex 1 3 0 0x7a Two;
    Vcvtqq2pd evex 1 2 1 0xe6 Two;
    Vcvtuqq2pd evex 1 2 1 0x7a Two;
    Vcvtqq2ps evex 1 0 1 0x5b Two;
    Vcvtuqq2ps evex 1 3 1 0x7a Two;
    Vpmovwb evex 2 2 0 0x30 Extract;
    Vpmovdb evex 2 2 0 0x31 Extract;
    Vpmovqb evex 2 2 0 0x32 Extract;
    Vpmovdw evex 2 2 0 0x33 Extract;
    Vpmovqw evex 2 2 0 0x34 Extract;
    Vpmovqd evex 2 2 0 0x35 Extract;
    Vpermd d 2 1 0 0x36 Three;
    Vpermq evex 2 1 1 0x36 Three;
    Vinserti64x4 evex 3 1 1 0x3a Three, imm, half;
    Vextracti64x4 evex 3 1 1 0x3b Extract, imm;

    Kandq vex 1 0 1 0x41 Masks;
    Kandnq vex 1 0 1 0x42 Masks;
    Korq vex 1 0 1 0x45 Masks;
    Kxnorq vex 1 0 1 0x46 Masks;
    Kxorq vex 1 0 1 0x47 Masks;
    Kunpckbw vex 1 1 0 0x4b Masks;
    Kunpckwd vex 1 0 0 0x4b Masks;
    Kunpckdq vex 1 0 1 0x4b Masks;
    Knotq vex 1 0 1 0x44 Mask;
    Kshiftrq vex 3 1 1 0x31 Mask, imm;
    Kmovq vex 1 0 1 0x90 Mask;
    Kortestb vex 1 1 0 0x98 Mask;
    Kortestw vex 1 0 0 0x98 Mask;
    Kortestd vex 1 1 1 0x98 Mask;
    Kortestq vex 1 0 1 0x98 Mask;
}
