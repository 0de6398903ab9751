use super::*;

#[test]
fn the_machine_says_how_much_memory_it_has() {
    let meminfo = "MemTotal:       24681984 kB\nMemFree:         1234 kB\n";
    assert_eq!(total_bytes(meminfo), Some(24_681_984 << 10));
    assert_eq!(total_bytes("MemFree: 1 kB\n"), None);
    assert!(16 << 20 < memory_bytes());
}

#[test]
fn the_smallest_limit_of_the_groups_around_holds() {
    let root = tempfile::tempdir().unwrap();
    let service = root.path().join("system.slice/rialto.service");
    fs::create_dir_all(&service).unwrap();
    let path = group_path("1:memory:/elsewhere\n0::/system.slice/rialto.service\n").unwrap();
    assert_eq!(group_bytes(root.path(), path), None);
    fs::write(service.join("memory.max"), "max\n").unwrap();
    assert_eq!(group_bytes(root.path(), path), None);
    fs::write(root.path().join("system.slice/memory.max"), "2000\n").unwrap();
    fs::write(root.path().join("memory.max"), "3000\n").unwrap();
    assert_eq!(group_bytes(root.path(), path), Some(2000));
    fs::write(service.join("memory.max"), "1000\n").unwrap();
    assert_eq!(group_bytes(root.path(), path), Some(1000));
}
