//! The `.npy` format: what a header says, checked against the file it stands in.
//!
//! A header is a Python dictionary literal, so a kept parser of such literals (`py_literal`) reads it;
//! what it means is checked here, because a header from anyone may claim anything. The rules are
//! those of NumPy's `numpy.lib.format`, versions 1.0, 2.0 and 3.0.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

use lanefn::{Error, Result, kernels::lanes::Dtype};
use py_literal::Value;

/// The longest header that is read. NumPy refuses more than 10 000 bytes; an array of plain numbers
/// needs fewer than 2000.
const LONGEST_HEADER: u64 = 65_535;
/// How deep a header may nest. A plain array's nests two deep and a structured dtype's four; the
/// parser's time grows exponentially with the depth.
const DEEPEST: usize = 6;
/// As many axes as a NumPy array may have.
const MOST_AXES: usize = 64;

/// In which order the elements lie in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The last axis varies fastest.
    C,
    /// The first axis varies fastest.
    Fortran,
}

impl Order {
    /// Its name, as NumPy says it.
    pub fn name(self) -> &'static str {
        match self {
            Order::C => "C",
            Order::Fortran => "Fortran",
        }
    }
}

/// What a `.npy` file holds, and where. The data it speaks of are known to be in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The format's version: 1, 2 or 3.
    pub version: u8,
    /// The type of an element.
    pub dtype: Dtype,
    /// Whether the bytes of an element lie in the order that is not this machine's.
    pub swapped: bool,
    /// The order of the elements.
    pub order: Order,
    /// The length of each axis. Their product, times the size of an element, fits an `isize`.
    pub shape: Vec<usize>,
    /// Where the elements begin.
    pub data: u64,
}

/// What is wrong with a header, and at which byte.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The byte where it goes wrong.
    pub offset: u64,
    /// What is wrong.
    pub what: String,
}

fn fault<T>(offset: u64, what: impl Into<String>) -> std::result::Result<T, Fault> {
    Err(Fault { offset, what: what.into() })
}

impl Header {
    /// A header of a new file: version 1, this machine's byte order.
    pub fn new(dtype: Dtype, order: Order, shape: &[usize]) -> Header {
        let mut header =
            Header { version: 1, dtype, swapped: false, order, shape: shape.to_vec(), data: 0 };
        header.data = header.to_bytes().len() as u64;
        header
    }

    /// The number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// The number of bytes that the elements take.
    pub fn bytes(&self) -> u64 {
        self.elements() as u64 * self.dtype.size() as u64
    }

    /// How many bytes apart neighbours along each axis lie.
    pub fn strides(&self) -> Vec<isize> {
        let mut strides = vec![0; self.shape.len()];
        let mut step = self.dtype.size();
        let mut set = |axis: usize| {
            strides[axis] = step as isize;
            step = step.saturating_mul(self.shape[axis]);
        };
        match self.order {
            Order::C => (0..self.shape.len()).rev().for_each(&mut set),
            Order::Fortran => (0..self.shape.len()).for_each(&mut set),
        }
        strides
    }

    /// The dtype as NumPy writes it: `<f8`.
    pub fn descr(&self) -> String {
        let kind = match self.dtype {
            Dtype::Bool => 'b',
            Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::I64 => 'i',
            Dtype::U8 | Dtype::U16 | Dtype::U32 | Dtype::U64 => 'u',
            Dtype::F32 | Dtype::F64 => 'f',
        };
        let order = match (self.dtype.size(), cfg!(target_endian = "big") != self.swapped) {
            (1, _) => '|',
            (_, false) => '<',
            (_, true) => '>',
        };
        format!("{order}{kind}{}", self.dtype.size())
    }

    /// The bytes that a file of this array begins with, as `numpy.save` writes them (version 1.0).
    pub fn to_bytes(&self) -> Vec<u8> {
        let shape = match &self.shape[..] {
            [] => "()".to_string(),
            [n] => format!("({n},)"),
            many => {
                format!("({})", many.iter().map(usize::to_string).collect::<Vec<_>>().join(", "))
            }
        };
        let fortran = if self.order == Order::Fortran { "True" } else { "False" };
        let mut text = format!(
            "{{'descr': '{}', 'fortran_order': {fortran}, 'shape': {shape}, }}",
            self.descr()
        );
        // NumPy leaves room for the first length to grow, so that a file can be appended to.
        if let Some(grows) =
            if self.order == Order::Fortran { self.shape.last() } else { self.shape.first() }
        {
            text.extend(std::iter::repeat_n(' ', 21usize.saturating_sub(grows.to_string().len())));
        }
        // The elements begin at a multiple of 64 bytes.
        let spaces = (64 - (10 + text.len() + 1) % 64) % 64;
        text.extend(std::iter::repeat_n(' ', spaces));
        text.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        // At most 64 axes of at most 20 digits each: far below 65 536.
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.into_bytes());
        bytes
    }

    /// Reads and checks the header of an open file.
    pub fn read(path: &Path, file: &File) -> Result<Header> {
        let failed = |what: &str, source: io::Error| Error::File {
            path: path.to_owned(),
            offset: None,
            what: what.to_string(),
            source: Some(source),
        };
        let about = file.metadata().map_err(|e| failed("can't be looked at", e))?;
        if !about.is_file() {
            return Err(Error::File {
                path: path.to_owned(),
                offset: None,
                what: if about.is_dir() {
                    "is a directory, not a .npy file"
                } else {
                    "is not a regular file, so it can't be mapped into memory"
                }
                .to_string(),
                source: None,
            });
        }
        let mut start = vec![0; (about.len().min(LONGEST_HEADER + 12)) as usize];
        file.read_exact_at(&mut start, 0).map_err(|e| failed("can't be read", e))?;
        Header::parse(&start, about.len()).map_err(|fault| Error::File {
            path: path.to_owned(),
            offset: Some(fault.offset),
            what: fault.what,
            source: None,
        })
    }

    /// Understands the header of a file of `file_len` bytes that begins with `start`, which holds the
    /// first 65 547 bytes or the whole file.
    pub fn parse(start: &[u8], file_len: u64) -> std::result::Result<Header, Fault> {
        const MAGIC: &[u8] = b"\x93NUMPY";
        if start.is_empty() {
            return fault(0, "the file is empty");
        }
        if !start.starts_with(MAGIC) {
            return fault(
                0,
                if start.starts_with(b"PK\x03\x04") {
                    "this is a zip archive (.npz); only single arrays (.npy) are read"
                } else if MAGIC.starts_with(start) {
                    "the file ends within the first 6 bytes of a .npy header"
                } else {
                    "this is not a .npy file: it does not begin with \\x93NUMPY"
                },
            );
        }
        let Some(&[version, minor]) = start.get(6..8) else {
            return fault(start.len() as u64, "the file ends before the format's version");
        };
        if !(1..=3).contains(&version) || minor != 0 {
            return fault(
                6,
                format!(
                    "format version {version}.{minor} is unknown; 1.0, 2.0 and 3.0 can be read"
                ),
            );
        }
        let (length, text_at) = match (version, start.get(8..10), start.get(8..12)) {
            (1, Some(n), _) => (u64::from(u16::from_le_bytes([n[0], n[1]])), 10),
            (2.., _, Some(n)) => (u64::from(u32::from_le_bytes([n[0], n[1], n[2], n[3]])), 12),
            _ => return fault(start.len() as u64, "the file ends before the header's length"),
        };
        if text_at + length > file_len {
            return fault(
                8,
                format!(
                    "the header should be {length} bytes long, but the file ends after {} of them",
                    file_len - text_at
                ),
            );
        }
        if length > LONGEST_HEADER {
            return fault(
                8,
                format!("a header of {length} bytes; at most {LONGEST_HEADER} are read"),
            );
        }
        let data = text_at + length;
        let Some(bytes) = start.get(text_at as usize..data as usize) else {
            return fault(start.len() as u64, "the file ends within the header");
        };
        let text = match version {
            // Latin-1: a byte is a character.
            1 | 2 => bytes.iter().map(|&b| char::from(b)).collect::<String>(),
            _ => match std::str::from_utf8(bytes) {
                Ok(text) => text.to_string(),
                Err(e) => {
                    return fault(text_at + e.valid_up_to() as u64, "the header is not UTF-8 text");
                }
            },
        };
        let (dtype, swapped, order, shape) = understand(&text, text_at, version)?;
        let header = Header { version, dtype, swapped, order, shape, data };
        let (needed, there) = (header.bytes(), file_len - data);
        if needed > there {
            return fault(
                file_len,
                format!(
                    "the file is cut short: shape {} of {dtype} takes {needed} bytes after the \
                     header, but only {there} are there",
                    shape_text(&header.shape)
                ),
            );
        }
        Ok(header)
    }
}

/// A shape as NumPy shows it: `(3,)`.
pub fn shape_text(shape: &[usize]) -> String {
    match shape {
        [n] => format!("({n},)"),
        _ => format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")),
    }
}

type Meaning = (Dtype, bool, Order, Vec<usize>);

/// What the dictionary says. `at` is the byte where `text` begins.
fn understand(text: &str, at: u64, version: u8) -> std::result::Result<Meaning, Fault> {
    let text = tame(text, at, version)?;
    let Ok(value) = text.trim().parse::<Value>() else {
        return fault(at, "the header is not a Python literal");
    };
    let Value::Dict(entries) = value else {
        return fault(at, "the header is not a Python dictionary");
    };
    // Where the value of a key stands, as nearly as can be told.
    let place = |key: &str| {
        let found = ['\'', '"'].iter().find_map(|q| text.find(&format!("{q}{key}{q}")));
        at + found.unwrap_or(0) as u64
    };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    for (key, value) in entries {
        let Value::String(key) = key else {
            return fault(at, "a key of the header's dictionary is not a string");
        };
        let slot = match key.as_str() {
            "descr" => &mut descr,
            "fortran_order" => &mut fortran,
            "shape" => &mut shape,
            _ => {
                return fault(
                    place(&key),
                    format!("the header has a key {key:?}, which is none of the format's"),
                );
            }
        };
        if slot.replace(value).is_some() {
            return fault(place(&key), format!("the header has the key {key:?} twice"));
        }
    }
    let (Some(descr), Some(fortran), Some(shape)) = (descr, fortran, shape) else {
        return fault(at, "the header lacks one of the keys 'descr', 'fortran_order' and 'shape'");
    };
    let (dtype, swapped) = match &descr {
        Value::String(name) => {
            dtype(name).map_err(|what| Fault { offset: place("descr"), what })?
        }
        Value::List(_) => {
            return fault(place("descr"), "a structured dtype; only plain numbers are computed on");
        }
        _ => return fault(place("descr"), "the dtype is not a string"),
    };
    let Value::Boolean(fortran) = fortran else {
        return fault(place("fortran_order"), "'fortran_order' is neither True nor False");
    };
    let Value::Tuple(lengths) = shape else {
        return fault(place("shape"), "the shape is not a tuple");
    };
    if lengths.len() > MOST_AXES {
        return fault(
            place("shape"),
            format!("{} axes; an array has at most {MOST_AXES}", lengths.len()),
        );
    }
    let mut shape = Vec::with_capacity(lengths.len());
    for (axis, length) in lengths.iter().enumerate() {
        let Value::Integer(length) = length else {
            return fault(place("shape"), format!("the length of axis {axis} is not an integer"));
        };
        match usize::try_from(length) {
            Ok(length) => shape.push(length),
            Err(_) => {
                let mut digits = length.to_string();
                let why = if digits.starts_with('-') {
                    "is negative"
                } else {
                    "is more than any memory holds"
                };
                if digits.len() > 40 {
                    digits = format!("{}...", &digits[..40]);
                }
                return fault(
                    place("shape"),
                    format!("the length of axis {axis}, {digits}, {why}"),
                );
            }
        }
    }
    // As NumPy does, the axes of length 0 are left out: the strides must make sense as well.
    let bytes = shape
        .iter()
        .filter(|&&n| n != 0)
        .try_fold(dtype.size(), |product, &n| product.checked_mul(n))
        .filter(|&n| isize::try_from(n).is_ok());
    if bytes.is_none() {
        return fault(
            place("shape"),
            format!("shape {} of {dtype} takes more bytes than can be counted", shape_text(&shape)),
        );
    }
    Ok((dtype, swapped, if fortran { Order::Fortran } else { Order::C }, shape))
}

/// Refuses what would keep the parser busy for ever, and drops the `L` that Python 2 put after long
/// integers. No byte moves: the `L` becomes a space.
fn tame(text: &str, at: u64, version: u8) -> std::result::Result<String, Fault> {
    let mut tamed = String::with_capacity(text.len());
    let (mut depth, mut quote, mut escaped, mut before) = (0usize, None, false, ' ');
    for (i, c) in text.char_indices() {
        let mut keep = c;
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(q), _) => quote = (c != q).then_some(q),
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, 'L') if version < 3 && before.is_ascii_digit() => keep = ' ',
            // The parser knows no line ends but the last; NumPy's evaluates them as blanks.
            (None, '\n' | '\r') => keep = ' ',
            _ => {}
        }
        if depth > DEEPEST {
            return fault(at + i as u64, format!("the header nests more than {DEEPEST} deep"));
        }
        tamed.push(keep);
        before = c;
    }
    Ok(tamed)
}

/// The dtype of a name such as `<f8`, and whether its bytes are swapped here.
fn dtype(name: &str) -> std::result::Result<(Dtype, bool), String> {
    let (swapped, rest) = match name.chars().next() {
        Some('<') => (cfg!(target_endian = "big"), &name[1..]),
        Some('>') => (cfg!(target_endian = "little"), &name[1..]),
        Some('|' | '=') => (false, &name[1..]),
        _ => (false, name),
    };
    let dtype = match rest {
        "b1" | "?" => Dtype::Bool,
        "i1" => Dtype::I8,
        "i2" => Dtype::I16,
        "i4" => Dtype::I32,
        "i8" => Dtype::I64,
        "u1" => Dtype::U8,
        "u2" => Dtype::U16,
        "u4" => Dtype::U32,
        "u8" => Dtype::U64,
        "f4" => Dtype::F32,
        "f8" => Dtype::F64,
        _ if rest.starts_with('O') => {
            return Err("an array of Python objects; they are stored as a pickle, which is never \
                        read, because reading it runs whatever code it holds"
                .to_string());
        }
        _ => {
            let kind = match rest.chars().next() {
                Some('c') => " (complex numbers)",
                Some('f') => " (floating-point numbers of another size)",
                Some('U' | 'S' | 'a') => " (text)",
                Some('M' | 'm') => " (dates or times)",
                Some('V') => " (raw bytes)",
                _ => "",
            };
            let names = Dtype::ALL.map(Dtype::name).join(", ");
            let short: String = name.chars().take(40).collect();
            return Err(format!("no function takes the dtype {short:?}{kind}; there are {names}"));
        }
    };
    Ok((dtype, swapped && dtype.size() > 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A version 1 file with this header text and `data` bytes behind it.
    fn file(text: &str, data: usize) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes.extend(std::iter::repeat_n(0, data));
        bytes
    }

    fn parse(bytes: &[u8]) -> std::result::Result<Header, Fault> {
        Header::parse(bytes, bytes.len() as u64)
    }

    fn refused(bytes: &[u8]) -> Fault {
        parse(bytes).expect_err("a hostile header was taken")
    }

    fn dict(descr: &str, order: &str, shape: &str) -> String {
        format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n")
    }

    #[test]
    fn a_hostile_header_is_refused_at_its_byte() {
        let cases: &[(&str, &str)] = &[
            ("", "not a Python literal"),
            ("[1, 2]", "not a Python dictionary"),
            ("{'descr': '<f8'}", "lacks one of the keys"),
            ("{1: 2}", "not a string"),
            (&dict("'<f8'", "False", "(-1,)"), "negative"),
            (&dict("'<f8'", "False", "(18446744073709551616,)"), "more than any memory"),
            (&dict("'<f8'", "False", "(4294967296, 4294967296)"), "more bytes than can be counted"),
            (&dict("'<f8'", "False", "(2305843009213693952, 0, 9)"), "more bytes than can"),
            (&dict("'<f8'", "False", "(1.5,)"), "not an integer"),
            (&dict("'<f8'", "False", "(True,)"), "not an integer"),
            (&dict("'<f8'", "False", "3"), "not a tuple"),
            (&dict("'<f8'", "False", &format!("({})", "1, ".repeat(65))), "65 axes"),
            (&dict("'<f8'", "0", "(3,)"), "neither True nor False"),
            (&dict("'|O'", "False", "(3,)"), "pickle"),
            (&dict("'<c16'", "False", "(3,)"), "complex"),
            (&dict("'<f2'", "False", "(3,)"), "another size"),
            (&dict("'<U3'", "False", "(3,)"), "text"),
            (&dict("'\u{fc}'", "False", "(3,)"), "dtype"),
            (&dict("[('a', '<f8'), ('b', '<i4', (2,))]", "False", "(3,)"), "structured"),
            (&dict("7", "False", "(3,)"), "not a string"),
            ("{'descr': '<f8', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", "twice"),
            (
                "{'descr': '<f8', 'fortran_order': False, 'shape': (), 'x': 1}",
                "none of the format's",
            ),
            (&"(".repeat(40_000), "nests"),
            (&"[".repeat(40), "nests"),
            (&"{".repeat(40), "nests"),
            ("__import__('os').system('id')", "not a Python literal"),
        ];
        for (text, says) in cases {
            let fault = refused(&file(text, 100));
            assert!(fault.what.contains(says), "{text:.60}: {}", fault.what);
            assert!((8..10 + text.len() as u64 + 100).contains(&fault.offset), "{fault:?}");
        }
        assert_eq!(refused(&file(&dict("'<i8'", "False", "(-7,)"), 9)).offset, 10 + 41);
    }

    #[test]
    fn a_file_that_is_not_npy_or_too_short_is_refused() {
        assert!(refused(b"").what.contains("empty"));
        assert!(refused(b"PK\x03\x04....").what.contains("zip"));
        assert!(refused(b"hello world").what.contains("not a .npy file"));
        let whole = file(&dict("'<f8'", "False", "(2,)"), 16);
        assert!(parse(&whole).is_ok());
        for n in 0..whole.len() {
            refused(&whole[..n]);
        }
        assert_eq!(refused(&whole[..whole.len() - 1]).offset, whole.len() as u64 - 1);
        let mut version = whole.clone();
        version[6] = 4;
        assert_eq!(refused(&version).offset, 6);
        let mut long = b"\x93NUMPY\x02\x00".to_vec();
        long.extend(u32::MAX.to_le_bytes());
        let fault = Header::parse(&long, 1 << 40).expect_err("a header of 4 GiB was taken");
        assert!(fault.what.contains("at most"), "{}", fault.what);
        let fault = Header::parse(&long, 100).expect_err("a header beyond the end was taken");
        assert_eq!(fault.offset, 8);
    }

    #[test]
    fn spellings_that_numpy_reads_are_read() {
        // Double quotes, no blanks, another order of keys, lines, Python 2's long integers, padding.
        for text in [
            "{\"shape\":(2,3),\"fortran_order\":True,\"descr\":\"<f8\"}",
            "{'descr': '<f8',\n 'fortran_order': True,\n 'shape': (2, 3)}   \n",
            "{'descr': '<f8', 'fortran_order': True, 'shape': (2L, 3L), }            \n",
        ] {
            let header = parse(&file(text, 48)).unwrap_or_else(|f| panic!("{text}: {}", f.what));
            assert_eq!((header.order, &header.shape[..]), (Order::Fortran, &[2, 3][..]));
            assert_eq!(header.strides(), [8, 16]);
            assert_eq!(header.data, 10 + text.len() as u64);
        }
        // Bytes after the array are none of our business.
        assert!(parse(&file(&dict("'|u1'", "False", "(3,)"), 500)).is_ok());
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_or_refused_but_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            version in 0u8..5,
        ) {
            let mut with_magic = b"\x93NUMPY".to_vec();
            with_magic.extend([version, 0]);
            with_magic.extend(&bytes);
            let _ = parse(&bytes);
            let _ = parse(&with_magic);
        }

        #[test]
        fn a_damaged_header_is_taken_or_refused_but_never_panics(
            spots in proptest::collection::vec((10usize..90, any::<u8>()), 0..6),
            cut in 0usize..400,
        ) {
            let mut bytes = file(&dict("'<f8'", "False", "(3, 4)"), 96);
            for (at, byte) in spots {
                if at < bytes.len() {
                    bytes[at] = byte;
                }
            }
            bytes.truncate(bytes.len().saturating_sub(cut % 30));
            if let Ok(header) = parse(&bytes) {
                prop_assert!(header.data + header.bytes() <= bytes.len() as u64);
            }
        }

        #[test]
        fn python_soup_is_refused_in_good_time(
            text in "[\\[\\](){}'\",:L0-9a-f\\\\ -]{0,300}",
        ) {
            let _ = parse(&file(&text, 50));
        }

        #[test]
        fn what_is_written_is_read_back(
            dtype in proptest::sample::select(Dtype::ALL.to_vec()),
            fortran in any::<bool>(),
            shape in proptest::collection::vec(0usize..9, 0..5),
        ) {
            let order = if fortran { Order::Fortran } else { Order::C };
            let header = Header::new(dtype, order, &shape);
            let mut bytes = header.to_bytes();
            prop_assert_eq!(bytes.len() % 64, 0);
            bytes.extend(vec![0; header.bytes() as usize]);
            let read = parse(&bytes).map_err(|f| TestCaseError::fail(f.what))?;
            prop_assert_eq!(read, header);
        }
    }
}
