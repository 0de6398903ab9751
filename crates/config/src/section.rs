//! How a section of the settings is defined: one line a key, from which all else is made.

use toml::Value;

use crate::scalar::{self, Fault, Given, Scalar};

/// A table of the settings, as the readers of sources and the writer of the default file see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section {
    /// What the section is for, a line each.
    pub(crate) about: &'static [&'static str],
    pub(crate) keys: &'static [Key],
}

/// One key, its type forgotten.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// What the key does, a line each.
    pub(crate) doc: &'static [&'static str],
    /// The smallest and the largest value, written as in an environment variable.
    pub(crate) range: Option<(&'static str, &'static str)>,
    /// What to write, to complete "expected …".
    pub(crate) expected: &'static str,
    /// Whether a message may quote what was written.
    pub(crate) quotable: bool,
    accept: fn(&Key, &Given) -> Option<Value>,
    faults: fn(&Given) -> Vec<Fault>,
}

impl Key {
    /// Makes the key `name` of type `T`, without a range.
    pub(crate) const fn of<T: Scalar>(name: &'static str, doc: &'static [&'static str]) -> Self {
        Key {
            name,
            doc,
            range: None,
            expected: T::EXPECTED,
            quotable: T::QUOTABLE,
            accept: accept::<T>,
            faults: scalar::faults::<T>,
        }
    }

    /// Adds the smallest and the largest value.
    pub(crate) const fn within(self, min: &'static str, max: &'static str) -> Self {
        Key { range: Some((min, max)), ..self }
    }

    /// Returns the TOML for `given`, or `None` if it has the wrong type or is out of range.
    pub(crate) fn accept(&self, given: &Given) -> Option<Value> {
        (self.accept)(self, given)
    }

    /// Says what is wrong with `given`, which was not accepted; nothing where no more can be said
    /// than that.
    pub(crate) fn faults(&self, given: &Given) -> Vec<Fault> {
        (self.faults)(given)
    }
}

fn accept<T: Scalar>(key: &Key, given: &Given) -> Option<Value> {
    let (value, toml) = scalar::read::<T>(given)?;
    let in_range = key.range.is_none_or(|(min, max)| {
        scalar::literal::<T>(min) <= value && value <= scalar::literal::<T>(max)
    });
    in_range.then_some(toml)
}

/// Defines a section: the struct, its defaults, the [`Section`] that describes it, and which keys
/// differ between two of it.
///
/// A key is written `name: Type = "default"`, with `in "min" to "max"` where it has a range. Both
/// are texts, written as a user would, and go into the documentation of the field.
macro_rules! section {
    (
        $(#[doc = $about:literal])*
        pub struct $name:ident {
            $(
                $(#[doc = $doc:literal])*
                $key:ident: $type:ty = $default:literal $(in $min:literal to $max:literal)?,
            )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[doc = $doc])*
                #[doc = ""]
                #[doc = concat!("Default: `", $default, "`" $(, ", from `", $min, "` to `", $max, "`")?, ".")]
                pub $key: $type,
            )*
        }

        impl Default for $name {
            fn default() -> Self {
                $name { $( $key: crate::scalar::literal($default), )* }
            }
        }

        impl $name {
            /// Returns the keys whose values differ, secret ones too.
            pub(crate) fn changed_keys(&self, new: &Self) -> Vec<&'static str> {
                let mut keys = Vec::new();
                $( if self.$key != new.$key { keys.push(stringify!($key)); } )*
                keys
            }

            pub(crate) const SECTION: crate::section::Section = crate::section::Section {
                about: &[$($about),*],
                keys: &[$(
                    crate::section::Key::of::<$type>(stringify!($key), &[$($doc),*])
                        $( .within($min, $max) )?,
                )*],
            };
        }
    };
}

pub(crate) use section;
