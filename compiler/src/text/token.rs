//! A text as tokens, one at a time.

use super::error::{Failure, Problem, Span};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The end of the text.
    End,
    /// A name.
    Name,
    /// A whole number.
    Int,
    /// A number with a fraction or an exponent.
    Float,
    True,
    False,
    Let,
    If,
    Else,
    Open,
    Close,
    OpenTable,
    CloseTable,
    Comma,
    Semicolon,
    Question,
    Colon,
    Dot,
    Assign,
    Arrow,
    Plus,
    Minus,
    Star,
    Slash,
    DoubleSlash,
    Percent,
    Power,
    Tilde,
    Bang,
    Not,
    And,
    Or,
    BitAnd,
    BitOr,
    BitXor,
    ShiftLeft,
    ShiftRight,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
}

/// A token and where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub kind: Kind,
    /// A whole number, or the bits of a float. Apart from the kind, which is looked at far more often.
    pub number: u64,
    pub span: Span,
    /// Whether it is the first of its line, outside brackets.
    pub first: bool,
}

/// Where in the text the next token is.
#[derive(Clone, Copy)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// The brackets that are open.
    brackets: u32,
}

/// Python's words that would be names otherwise. What they mean in Python they can't mean here, and to
/// take them for inputs would hide that.
const WORDS: [&str; 15] = [
    "None", "as", "def", "del", "elif", "for", "from", "import", "in", "is", "lambda", "return",
    "try", "while", "with",
];

impl<'a> Tokens<'a> {
    pub fn of(text: &'a str) -> Tokens<'a> {
        Tokens { text, at: 0, brackets: 0 }
    }

    /// Writes the next token: one that is returned is copied twice, and slowly.
    pub fn next(&mut self, token: &mut Token) -> Result<(), Failure> {
        let first = self.space()? && self.brackets == 0;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let Some(&byte) = bytes.get(start) else {
            let span = Span { start, end: start };
            *token = Token { kind: Kind::End, number: 0, span, first: true };
            return Ok(());
        };
        let after = |n: usize| bytes.get(start + n).copied().unwrap_or(0);
        let (kind, length) = match (byte, after(1)) {
            (b'a'..=b'z' | b'A'..=b'Z' | b'_', _) => return self.name(first, token),
            (b'0'..=b'9', _) | (b'.', b'0'..=b'9') => return self.number(first, token),
            (b'(', _) => (Kind::Open, 1),
            (b')', _) => (Kind::Close, 1),
            (b'[', _) => (Kind::OpenTable, 1),
            (b']', _) => (Kind::CloseTable, 1),
            (b',', _) => (Kind::Comma, 1),
            (b';', _) => (Kind::Semicolon, 1),
            (b'?', _) => (Kind::Question, 1),
            (b':', _) => (Kind::Colon, 1),
            (b'.', _) => (Kind::Dot, 1),
            (b'+', _) => (Kind::Plus, 1),
            (b'-', b'>') => (Kind::Arrow, 2),
            (b'-', _) => (Kind::Minus, 1),
            (b'*', b'*') => (Kind::Power, 2),
            (b'*', _) => (Kind::Star, 1),
            (b'/', b'/') => (Kind::DoubleSlash, 2),
            (b'/', _) => (Kind::Slash, 1),
            (b'%', _) => (Kind::Percent, 1),
            (b'~', _) => (Kind::Tilde, 1),
            (b'!', b'=') => (Kind::NotEqual, 2),
            (b'!', _) => (Kind::Bang, 1),
            (b'&', b'&') => (Kind::And, 2),
            (b'&', _) => (Kind::BitAnd, 1),
            (b'|', b'|') => (Kind::Or, 2),
            (b'|', _) => (Kind::BitOr, 1),
            (b'^', _) => (Kind::BitXor, 1),
            (b'<', b'<') => (Kind::ShiftLeft, 2),
            (b'<', b'=') => (Kind::LessEqual, 2),
            (b'<', _) => (Kind::Less, 1),
            (b'>', b'>') => (Kind::ShiftRight, 2),
            (b'>', b'=') => (Kind::GreaterEqual, 2),
            (b'>', _) => (Kind::Greater, 1),
            (b'=', b'=') => (Kind::Equal, 2),
            (b'=', _) => (Kind::Assign, 1),
            _ => {
                let c = self.text[start..].chars().next().unwrap_or_default();
                if c.is_alphabetic() {
                    return self.name(first, token);
                }
                let span = Span { start, end: start + c.len_utf8() };
                return Err(span.suggests(Problem::Character(c), twin(c).map(str::to_owned)));
            }
        };
        match kind {
            Kind::Open | Kind::OpenTable => self.brackets += 1,
            Kind::Close | Kind::CloseTable => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
        self.at = start + length;
        *token = Token { kind, number: 0, span: Span { start, end: self.at }, first };
        Ok(())
    }

    /// Goes past space and comments; whether a line ended there.
    fn space(&mut self) -> Result<bool, Failure> {
        let bytes = self.text.as_bytes();
        let mut line = false;
        loop {
            // Nearly always there is one space, or none.
            if bytes.get(self.at) == Some(&b' ') {
                self.at += 1;
            }
            match bytes.get(self.at) {
                Some(b'\n') => {
                    line = true;
                    self.at += 1;
                }
                Some(b'0'..=b'9' | b'a'..=b'z' | b'(' | b')') => return Ok(line),
                Some(b' ' | b'\t' | b'\r' | b'\x0c') => self.at += 1,
                Some(b'\\') if bytes.get(self.at + 1) == Some(&b'\n') => self.at += 2,
                Some(b'\\') if bytes[self.at + 1..].starts_with(b"\r\n") => self.at += 3,
                Some(b'#') => {
                    let rest = &self.text[self.at..];
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                Some(b'/') if bytes.get(self.at + 1) == Some(&b'*') => {
                    let start = self.at;
                    match self.text[start + 2..].find("*/") {
                        Some(n) => self.at = start + n + 4,
                        None => return Err(Span { start, end: start + 2 }.is(Problem::Comment)),
                    }
                }
                _ => return Ok(line),
            }
        }
    }

    fn name(&mut self, first: bool, token: &mut Token) -> Result<(), Failure> {
        let start = self.at;
        self.at = start + word(&self.text[start..]);
        let span = Span { start, end: self.at };
        let kind = match &self.text[start..self.at] {
            // None of the others is so short or so long.
            name if !(2..=6).contains(&name.len()) => Kind::Name,
            "and" => Kind::And,
            "or" => Kind::Or,
            "not" => Kind::Not,
            "if" => Kind::If,
            "else" => Kind::Else,
            "let" => Kind::Let,
            "True" | "true" => Kind::True,
            "False" | "false" => Kind::False,
            other if WORDS.contains(&other) => {
                return Err(span.is(Problem::Word(other.to_owned())));
            }
            _ => Kind::Name,
        };
        *token = Token { kind, number: 0, span, first };
        Ok(())
    }

    fn number(&mut self, first: bool, token: &mut Token) -> Result<(), Failure> {
        let start = self.at;
        let bytes = &self.text.as_bytes()[start..];
        let base = match bytes {
            [b'0', b'x' | b'X', ..] => 16,
            [b'0', b'b' | b'B', ..] => 2,
            [b'0', b'o' | b'O', ..] => 8,
            _ => 10,
        };
        let mut length = if base == 10 { 0 } else { 2 };
        let mut float = false;
        while let Some(&byte) = bytes.get(length) {
            match byte {
                b'0'..=b'9' | b'_' => {}
                b'a'..=b'f' | b'A'..=b'F' if base == 16 => {}
                b'.' if base == 10 && !float => float = true,
                b'e' | b'E' if base == 10 => {
                    float = true;
                    length += 1;
                    if matches!(bytes.get(length), Some(b'+' | b'-')) {
                        length += 1;
                    }
                    while bytes.get(length).is_some_and(|b| b.is_ascii_digit() || *b == b'_') {
                        length += 1;
                    }
                    break;
                }
                _ => break,
            }
            length += 1;
        }
        let end = start + length;
        let written = &self.text[start..end];
        let wrong = |end: usize, why: &'static str| Span { start, end }.is(Problem::Number(why));
        let behind = word(&self.text[end..]);
        if behind > 0 || bytes.get(length) == Some(&b'.') {
            let end = end + behind.max(1);
            return Err(wrong(end, "a number ends where a name or another number begins"));
        }
        // As in Python: a single one between two digits, or between the prefix and a digit.
        let digit = |n: usize| match bytes[..length].get(n) {
            Some(b) if base == 16 => b.is_ascii_hexdigit(),
            Some(b) => b.is_ascii_digit(),
            None => false,
        };
        let lone = |(n, b): (usize, &u8)| {
            let prefix = n == 2 && base != 10;
            *b == b'_' && !((prefix || n > 0 && digit(n - 1)) && digit(n + 1))
        };
        let mut stripped = String::new();
        let mut digits = written;
        if written.contains('_') {
            if bytes[..length].iter().enumerate().any(lone) {
                return Err(wrong(end, "an underscore in a number stands between two digits"));
            }
            stripped.extend(written.chars().filter(|&c| c != '_'));
            digits = &stripped;
        }
        let (kind, number) = if float {
            let value = digits.parse::<f64>();
            let value = value.map_err(|_| wrong(end, "a number's exponent has no digits"))?;
            (Kind::Float, value.to_bits())
        } else {
            let digits = if base == 10 { digits } else { &digits[2..] };
            if base == 10 && digits.starts_with('0') && digits.bytes().any(|b| b != b'0') {
                let why = "a number does not begin with 0: one of base 8 is written 0o17";
                return Err(wrong(end, why));
            }
            match u64::from_str_radix(digits, base) {
                Ok(value) => (Kind::Int, value),
                Err(e) if *e.kind() == std::num::IntErrorKind::PosOverflow => {
                    return Err(wrong(end, "a whole number is below 2**64"));
                }
                Err(_) => return Err(wrong(end, "a number has digits of its base")),
            }
        };
        self.at = end;
        *token = Token { kind, number, span: Span { start, end }, first };
        Ok(())
    }
}

/// How many bytes at the beginning of a text are letters, digits and underscores.
fn word(text: &str) -> usize {
    let ascii = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    match text.as_bytes().get(ascii) {
        Some(128..) => {
            text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len())
        }
        _ => ascii,
    }
}

/// What a character that looks like a token is written as.
fn twin(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{2212}' | '\u{2013}' | '\u{2014}' => "-",
        '\u{d7}' | '\u{b7}' | '\u{22c5}' => "*",
        '\u{f7}' | '\u{2044}' => "/",
        '\u{2264}' => "<=",
        '\u{2265}' => ">=",
        '\u{2260}' => "!=",
        '\u{2227}' => "and",
        '\u{2228}' => "or",
        '\u{ac}' => "not",
        _ => return None,
    })
}
