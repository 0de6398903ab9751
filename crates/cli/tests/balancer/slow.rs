//! Peers that do not read: they hold up whoever writes to them, and take no memory for it.

use std::{
    fs,
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    time::Duration,
};

use rialto_testkit::PATIENCE;

use crate::Balancer;

/// What the system may keep on the way, between four sockets.
const SYSTEM_BYTES_MAX: u64 = 64 << 20;
/// What the balancer may take for it.
const OWN_BYTES_MAX: usize = 4 << 20;
const PIECE_BYTES: usize = 64 << 10;

#[test]
fn whoever_does_not_read_holds_up_the_writer_and_loses_nothing() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let servers = vec![server.local_addr().unwrap().to_string()];
    let balancer = Balancer::start(&servers, "check = \"off\"", "");
    let client = TcpStream::connect(balancer.address()).unwrap();
    let (accepted, _) = server.accept().unwrap();
    for (mut writer, mut reader) in [
        (client.try_clone().unwrap(), accepted.try_clone().unwrap()),
        (accepted.try_clone().unwrap(), client.try_clone().unwrap()),
    ] {
        let before = balancer.memory_bytes();
        writer.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        let mut written = 0_u64;
        loop {
            let piece = [u8::try_from(written % 251).unwrap(); PIECE_BYTES];
            match writer.write(&piece) {
                Ok(count) => written += count as u64,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
            assert!(written < SYSTEM_BYTES_MAX, "nobody holds the writer up");
        }
        let taken = balancer.memory_bytes().saturating_sub(before);
        assert!(taken < OWN_BYTES_MAX, "it took {taken} bytes");
        reader.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut left = written;
        let mut buffer = vec![0; PIECE_BYTES];
        while 0 < left {
            left -= reader.read(&mut buffer).unwrap() as u64;
        }
    }
    client.shutdown(Shutdown::Write).unwrap();
    accepted.shutdown(Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    (&client).read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty());
    balancer.wait_for_server(&servers[0], "connections", 0);
}

impl Balancer {
    fn memory_bytes(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process_id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kib: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib << 10
    }
}
