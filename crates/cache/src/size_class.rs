//! Items by size, as memcached's slab classes divide them.
//!
//! This cache has no slabs. Tools that watch memcached read sizes and evictions by slab class all the same, so each item
//! is counted in the class in which memcached would keep it.

use crate::{item::Item, key::Key};

/// How many classes there are.
pub(crate) const CLASS_COUNT: usize = 39;

/// Bytes of a slab page, which memcached cuts into chunks of one class.
pub(crate) const PAGE_BYTES: usize = 1 << 20;

/// What memcached's header takes of a chunk, with the unique id of `cas`.
const HEADER_BYTES: usize = 56;
/// What it takes for the client's flags, unless they are 0.
const FLAGS_BYTES: usize = 4;
/// The end of the key and the line end behind the value.
const END_BYTES: usize = 3;

const CHUNK_BYTES_MIN: usize = 96;
const CHUNK_BYTES_MAX: usize = 512 << 10;
/// Chunks begin at multiples of this.
const ALIGNMENT: usize = 8;

/// Bytes of a chunk in each class, ascending: a quarter more from class to class.
const CHUNK_BYTES: [usize; CLASS_COUNT] = chunk_bytes();

/// A class of sizes, numbered from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SizeClass(usize);

impl SizeClass {
    /// Returns the class in which memcached would keep an item.
    pub(crate) fn of(key: &Key, item: &Item) -> SizeClass {
        let bytes = requested_bytes(key, item);
        // A larger item is a chain of chunks of the last class.
        SizeClass(CHUNK_BYTES.partition_point(|chunk| *chunk < bytes).min(CLASS_COUNT - 1) + 1)
    }

    /// Returns all classes, ascending.
    pub(crate) fn all() -> impl Iterator<Item = SizeClass> {
        (1..=CLASS_COUNT).map(SizeClass)
    }

    /// Returns the class of that number, if there is one.
    pub(crate) fn numbered(number: usize) -> Option<SizeClass> {
        (1..=CLASS_COUNT).contains(&number).then_some(SizeClass(number))
    }

    /// Returns its number.
    pub(crate) fn number(self) -> usize {
        self.0
    }

    /// Returns the bytes of a chunk in it.
    pub(crate) fn chunk_bytes(self) -> usize {
        CHUNK_BYTES[self.0 - 1]
    }
}

/// Returns the bytes that memcached would ask for to keep an item.
pub(crate) fn requested_bytes(key: &Key, item: &Item) -> usize {
    let flags_bytes = if item.flags == 0 { 0 } else { FLAGS_BYTES };
    HEADER_BYTES + flags_bytes + key.as_bytes().len() + item.value.len() + END_BYTES
}

const fn chunk_bytes() -> [usize; CLASS_COUNT] {
    let mut classes = [CHUNK_BYTES_MAX; CLASS_COUNT];
    let mut bytes = CHUNK_BYTES_MIN;
    let mut class = 0;
    while class < CLASS_COUNT - 1 {
        bytes = bytes.next_multiple_of(ALIGNMENT);
        classes[class] = bytes;
        bytes += bytes / 4;
        class += 1;
    }
    classes
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn sizes_are_divided_as_memcached_divides_them() {
        // Read off `stats slabs` of memcached 1.6.
        let first: Vec<_> = SizeClass::all().take(5).map(SizeClass::chunk_bytes).collect();
        assert_eq!(first, [96, 120, 152, 192, 240]);
        assert_eq!(CHUNK_BYTES[CLASS_COUNT - 2..], [394_840, 524_288]);
    }

    #[test]
    fn an_item_is_in_the_class_whose_chunk_holds_it() {
        let key = Key::parse(b"key0").unwrap();
        let class = |value_bytes| {
            let value = Bytes::from(vec![b'B'; value_bytes]);
            let item = Item { value, flags: 0, cas: 1, ends: None, ends_set_at: 0 };
            SizeClass::of(&key, &item).number()
        };
        // 96 less header, key and ends.
        assert_eq!((class(33), class(34)), (1, 2));
        assert_eq!(class(66_560), 31);
        assert_eq!(class(2 << 20), CLASS_COUNT);
    }
}
