//! What screens are given, as plain values: one call for each screen. Each mirrors a value of the core field by field; if the
//! core's gains a field, this does not compile until the border has it too.

pub(crate) mod aside;
pub(crate) mod board;
pub(crate) mod export;
pub(crate) mod files;
pub(crate) mod given;
pub(crate) mod lists;
pub(crate) mod oversight;
pub(crate) mod page;
pub(crate) mod people;
pub(crate) mod standing;
pub(crate) mod voice;

/// Declares records of the border that have the fields of the core's records of the same name, and how they are made.
macro_rules! mirrors {
    ($($(#[$meta:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $plain:ty,)* })*) => {$(
        $(#[$meta])*
        #[derive(Clone, uniffi::Record)]
        pub struct $name {
            $($(#[$about])* pub $field: $plain,)*
        }

        impl crate::across::Across<$name> for core::$name {
            fn across(self) -> $name {
                let core::$name { $($field),* } = self;
                $name { $($field: $field.across()),* }
            }
        }
    )*};
}
pub(crate) use mirrors;
