use super::put_text_frame;

#[test]
fn each_length_gets_its_shortest_header() {
    for (payload_bytes, header) in [
        (0, vec![0x81, 0]),
        (125, vec![0x81, 125]),
        (126, vec![0x81, 126, 0, 126]),
        (65535, vec![0x81, 126, 0xFF, 0xFF]),
        (65536, vec![0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        let mut out = b"before".to_vec();
        put_text_frame(&mut out, |out| out.extend(std::iter::repeat_n(b'x', payload_bytes)));
        let expected = [b"before", &header[..], &vec![b'x'; payload_bytes]].concat();
        assert_eq!(out, expected, "payload of {payload_bytes} bytes");
    }
}
