//! What is wrong with a text, and where.

use std::fmt::{Display, Formatter, Result};

/// Why a text has no meaning.
///
/// Its [`Display`] shows the line with a caret under the place:
///
/// ```text
/// there is no function `sni`; did you mean `sin`?
///   --> line 1, column 5
///   |
/// 1 | x + sni(x)
///   |     ^^^
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseError {
    /// What is wrong.
    pub problem: Problem,
    /// The byte of the text that it begins at.
    pub offset: usize,
    /// How many bytes are concerned: 0 at the end of the text.
    pub length: usize,
    /// The line, counted from 1.
    pub line: usize,
    /// The character of the line, counted from 1.
    pub column: usize,
    /// What may have been meant.
    pub suggestion: Option<String>,
    pub(super) shown: Box<Shown>,
}

/// The line of an error, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    line: String,
    /// The characters before the carets, and the carets.
    before: usize,
    carets: usize,
}

/// What can be wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Something else was expected.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What could have stood there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A bracket is not closed where it should be.
    #[error("expected {expected} to close the `{bracket}` at byte {opened}, found {found}")]
    Unclosed {
        /// What could have stood there.
        expected: &'static str,
        /// The bracket.
        bracket: char,
        /// The byte of the text that the bracket is at.
        opened: usize,
        /// What stands there.
        found: Box<str>,
    },
    /// No token begins with this character.
    #[error("the character {0:?} has no meaning here")]
    Character(char),
    /// A comment has no end.
    #[error("the comment has no `*/`")]
    Comment,
    /// A number is not written as numbers are.
    #[error("{0}")]
    Number(&'static str),
    /// A word of Python that has no meaning in expressions of this kind.
    #[error("`{0}` has no meaning here, and can't be a name")]
    Word(String),
    /// There is no function of this name.
    #[error("there is no function `{0}`")]
    Function(String),
    /// A reduction where no reduction can be.
    #[error(
        "`{0}` goes over all elements: it can only stand around the whole of an expression that is \
         reduced to one value"
    )]
    Reduction(String),
    /// There is no input, bound name or constant of this name.
    #[error("there is no input or name `{0}`")]
    Name(String),
    /// Two inputs have one name.
    #[error("there are two inputs `{0}`")]
    Twice(String),
    /// A function has another number of arguments.
    #[error(
        "`{function}` takes {needed}{} argument{}, not {got}",
        if *more { " or more" } else { "" },
        if *needed == 1 { "" } else { "s" }
    )]
    Arguments {
        /// The function.
        function: String,
        /// The number of arguments that it takes.
        needed: usize,
        /// Whether it takes more too.
        more: bool,
        /// The number of those given.
        got: usize,
    },
    /// Another number of values was needed: one, or one for each name.
    #[error("{needed} needed here, not {got}")]
    Values {
        /// How many are needed, in words.
        needed: &'static str,
        /// How many there are.
        got: usize,
    },
    /// A table stands where a number should.
    #[error("a table needs an index: `[1.0, 2.5][i]`")]
    Table,
    /// An index stands after something that is no table.
    #[error("only a table, or a function of several values, can have an index")]
    Index,
    /// The index of the values of a function is not one of theirs.
    #[error("the index of these values must be a whole number from 0 to {most}")]
    Which {
        /// The highest index.
        most: usize,
    },
    /// A table's entries are not of one kind.
    #[error("{0}")]
    Entries(&'static str),
    /// An expression that is neither bound to a name nor the last one.
    #[error(
        "an expression that is not the last gives nothing: bind it to a name, or put brackets around \
         one that goes on in the next line"
    )]
    Useless,
    /// More than there may be.
    #[error("too {what}: the limit is {most}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// The limit.
        most: usize,
    },
}

impl std::error::Error for ParseError {}

impl Display for ParseError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.problem)?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, "; did you mean `{suggestion}`?")?;
        }
        let line = self.line.to_string();
        let (margin, Shown { line: text, before, carets }) = (line.len(), &*self.shown);
        write!(f, "\n{:margin$}--> line {line}, column {}", " ", self.column)?;
        write!(f, "\n{:margin$} |\n{line} | {text}", "")?;
        write!(f, "\n{:margin$} | {:before$}{:^<carets$}", "", "", "")
    }
}

/// An error while it travels up: small.
pub(super) type Failure = Box<Failed>;

/// A problem, its place, and what may have been meant.
pub(super) type Failed = (Problem, Span, Option<String>);

/// A piece of the text, by its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// The problem of this place.
    pub fn is(self, problem: Problem) -> Failure {
        Box::new((problem, self, None))
    }

    /// The problem of this place, and what may have been meant.
    pub fn suggests(self, problem: Problem, suggestion: Option<String>) -> Failure {
        Box::new((problem, self, suggestion))
    }
}

/// The characters of a line that are shown before and after the place.
const SHOWN: usize = 60;

impl ParseError {
    /// The error of a text.
    pub(super) fn of(text: &str, (problem, span, suggestion): Failed) -> ParseError {
        let Span { start, end } = span;
        let line_start = text[..start].rfind('\n').map_or(0, |n| n + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |n| start + n);
        let (before, rest) = (&text[line_start..start], &text[start..line_end]);

        let column = before.chars().count() + 1;
        let cut = column - 1 > SHOWN;
        let mut shown = String::from(if cut { "..." } else { "" });
        let skipped = if cut { column - 1 - SHOWN } else { 0 };
        shown.extend(before.chars().skip(skipped).map(plain));
        let shift = shown.chars().count();
        shown.extend(rest.chars().take(SHOWN).map(plain));
        if rest.chars().nth(SHOWN).is_some() {
            shown.push_str("...");
        }
        let concerned = text[start..end.min(line_end).max(start)].chars().take(SHOWN).count();

        ParseError {
            problem,
            offset: start,
            length: end - start,
            line: text[..start].matches('\n').count() + 1,
            column,
            suggestion,
            shown: Box::new(Shown { line: shown, before: shift, carets: concerned.max(1) }),
        }
    }
}

/// A character as it can be shown on a terminal without harm, one column wide where that can be had.
fn plain(c: char) -> char {
    match c {
        '\t' | '\r' => ' ',
        c if c.is_control() => '\u{fffd}',
        // Those that turn the direction of what follows, or take no place.
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => '\u{fffd}',
        c => c,
    }
}

/// A piece of the text, as an error names it.
pub(super) fn quoted(text: &str) -> String {
    let mut chars = text.chars();
    let shown: String = chars.by_ref().take(40).map(plain).collect();
    format!("`{shown}{}`", if chars.next().is_some() { "..." } else { "" })
}

/// The nearest of the known names, if it is near: letters added, left out, changed or swapped, in one of
/// three. Capitals count as small letters.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    const LONGEST: usize = 32;
    let name: Vec<char> = name.chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect();
    if name.len() > LONGEST {
        return None;
    }
    let mut best: Option<(usize, &str)> = None;
    for candidate in known {
        let letters: Vec<char> =
            candidate.chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect();
        let far = letters.len().abs_diff(name.len());
        let most = best.map_or(name.len().div_ceil(3), |b| b.0 - 1);
        if letters.len() > LONGEST || far > most {
            continue;
        }
        let d = distance(&name, &letters);
        // Of a name of one letter, everything is near.
        if d <= most && d < name.len().max(letters.len()) {
            best = Some((d, candidate));
            if d == 0 {
                break;
            }
        }
    }
    best.map(|b| b.1.to_owned())
}

/// The letters to add, leave out, change or swap with their neighbours, to make one word of the other.
fn distance(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut rows = vec![0; width * (a.len() + 1)];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            let at = |i: usize, j: usize| rows[i * width + j];
            rows[i * width + j] = match (i, j) {
                (0, n) | (n, 0) => n,
                _ => {
                    let changed = at(i - 1, j - 1) + (a[i - 1] != b[j - 1]) as usize;
                    let mut least = changed.min(at(i - 1, j) + 1).min(at(i, j - 1) + 1);
                    if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                        least = least.min(at(i - 2, j - 2) + 1);
                    }
                    least
                }
            };
        }
    }
    rows[a.len() * width + b.len()]
}
