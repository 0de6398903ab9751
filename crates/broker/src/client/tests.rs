use super::*;

#[test]
fn what_is_known_of_a_client_and_of_a_connection_is_small() {
    // A client is an allocation of its own, and allocators have none between 128 and 144 bytes or more.
    assert!(size_of::<Client>() <= 128, "{} bytes", size_of::<Client>());
    assert!(size_of::<Connection>() <= 256, "{} bytes", size_of::<Connection>());
}
