//! The `#[ufunc]` attribute of `lanefn`.
use proc_macro::TokenStream;

/// Turns a function of one element into a kernel.
#[proc_macro_attribute]
pub fn ufunc(_attributes: TokenStream, function: TokenStream) -> TokenStream {
    function
}
