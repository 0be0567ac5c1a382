//! The generator that writes the Kotlin, Swift and Python sources, in the very version that the library was built with:
//! one installed by other means may read the library's description otherwise.

fn main() {
    uniffi::uniffi_bindgen_main();
}
