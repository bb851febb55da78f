//! The `#[ufunc]` attribute of `lanefn`.
//!
//! [`item`](expand) reads the signature; [`lower`] turns the body into a tree of what lanes can do and
//! refuses the rest; [`emit`] writes the kernel. [`methods`] is the table of methods.

mod emit;
mod hir;
mod item;
mod lower;
mod methods;
mod rewrite;
mod types;

use proc_macro::TokenStream;

/// Turns a function of one element into a kernel.
#[proc_macro_attribute]
pub fn ufunc(attribute: TokenStream, function: TokenStream) -> TokenStream {
    let attribute = syn::parse_macro_input!(attribute as item::Attribute);
    let function = syn::parse_macro_input!(function as syn::ItemFn);
    item::expand(attribute, function).into()
}
