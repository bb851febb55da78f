//! Builds the second oracle: the C library's functions in 128-bit floats.
fn main() {
    println!("cargo:rerun-if-changed=src/quad.c");
    cc::Build::new().file("src/quad.c").opt_level(2).compile("quad");
    println!("cargo:rustc-link-lib=m");
}
