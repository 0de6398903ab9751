use super::*;

#[test]
fn a_value_takes_no_more_memory_than_twice_of_what_came() {
    let mut reader = Reader::new(1 << 20);
    let mut input: &[u8] = b"set k 0 0 1000000\r\nabc";
    assert_eq!(reader.next(&mut input), None);
    assert!(held(&reader) < 100, "{} bytes are held", held(&reader));
    for came in (1000..900_000).step_by(1000) {
        let piece = [0; 1000];
        assert_eq!(reader.next(&mut &piece[..]), None);
        assert!(held(&reader) <= (came + 3) * 2, "{} of {came} bytes are held", held(&reader));
    }
}

#[test]
fn a_value_that_is_too_large_takes_no_memory() {
    let mut reader = Reader::new(1000);
    let mut input: &[u8] = b"set k 0 0 1000000 noreply\r\n";
    let read = reader.next(&mut input).unwrap();
    assert!(matches!(read.request, Err(Fault::TooLarge { stale: Some(_) })) && read.is_quiet);
    for _ in 0..1000 {
        let piece = [b'\n'; 1000];
        assert_eq!(reader.next(&mut &piece[..]), None);
        assert_eq!(held(&reader), 0);
    }
    let mut input: &[u8] = b"\r\nversion\r\n";
    assert_eq!(reader.next(&mut input).unwrap().request, Ok(Request::Version));
}

fn held(reader: &Reader) -> usize {
    match &reader.phase {
        Phase::Block(block) => block.value.capacity(),
        _ => 0,
    }
}
