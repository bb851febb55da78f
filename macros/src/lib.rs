//! The `#[ufunc]` attribute of `lanefn`.
//!
//! `item` reads the signature; `lower` turns the body into a tree of what lanes can do and
//! refuses the rest; `emit` writes the kernel. `methods` is the table of methods.

mod emit;
mod hir;
mod item;
mod lower;
mod methods;
mod rewrite;
mod types;

use proc_macro::TokenStream;

/// Turns a function of one element into a kernel.
///
/// The function stays as it is and stays callable. Beside it comes a type of the same name, which
/// implements `Function` (name, documentation, loops for each CPU level) and `Kernel` for each
/// signature, and whose `lanes` runs the function on the lanes of any shape.
///
/// ```ignore
/// #[lanefn::ufunc]
/// fn problem(x: f64) -> f64 {
///     if x > 2.0 { x + 1.0 } else { x - 1.0 }
/// }
///
/// // One function for several dtypes: literals of type `T` take the dtype of each copy, and the name
/// // of the bound is only a note to the reader.
/// #[lanefn::ufunc(f32, f64)]
/// fn lerp<T: Real>(a: T, b: T, t: T) -> T {
///     a * (1 - t) + b * t
/// }
/// ```
///
/// # What can be written
///
/// - Arguments (1 to 8) and results (one, or a tuple of 2 to 4) of `f64`, `f32`, `i8` to `i64`, `u8` to
///   `u64` and `bool`; inside also `usize` and `isize`, which are 64 bits wide in lanes, and tuples.
/// - `if`, `else`, `match` on numbers, ranges, tuples, with `|`, `@` and guards: both ways are computed,
///   and one is selected. `let`, `let mut`, shadowing, assignment.
/// - `for` over constant ranges and tables, which is a loop of the kernel itself, its variable the same
///   in every lane. `while` and `loop`, which run until every lane is done. `break` and `continue`, with
///   labels; `return` anywhere.
/// - Constants and their paths, tables (`TABLE[i as usize]`, where `TABLE` is a constant array), `as`,
///   other functions that carry `#[ufunc]`, called by their names, and the methods of numbers that
///   lanes have.
///
/// Anything else is an error at the very token, which says what to write instead.
///
/// # Where lanes differ from the plain function
///
/// The bits are the same, with these exceptions. Where the plain function panics there is a value:
/// integers wrap, a division by zero gives 0, a shift by too much leaves 0 (or the sign), an index past
/// the end of a table reads its last entry. `min` and `max` of zeros of two signs take -0 for the
/// smaller, where Rust leaves it open. The payload and the sign of a NaN made by arithmetic are
/// anything.
///
/// # Arguments
///
/// - dtypes, which the type parameter stands for;
/// - `busy = f32`: the element type whose lanes should fill registers, by default the widest one;
/// - `crate = path`: where `lanefn::kernels` is to be found.
#[proc_macro_attribute]
pub fn ufunc(attribute: TokenStream, function: TokenStream) -> TokenStream {
    let attribute = syn::parse_macro_input!(attribute as item::Attribute);
    let function = syn::parse_macro_input!(function as syn::ItemFn);
    item::expand(attribute, function).into()
}
