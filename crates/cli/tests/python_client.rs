//! The Python client's own tests, run against this build's broker.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::{path::Path, process::Command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_rialto");
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Names a test for each of the client's test modules, so that they run side by side.
macro_rules! modules {
    ($($name:ident: $modules:expr),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                run(&$modules);
            }
        )*
    };
}

modules! {
    the_core_keeps_the_contract: ["test_session", "test_publishing", "test_receiving", "test_wire"],
    the_asyncio_client_works_with_a_broker: ["test_asyncio", "test_asyncio_receiving", "test_robustness"],
    the_blocking_client_works_with_a_broker: ["test_blocking"],
    programs_for_pyjmqt_work: ["test_pyjmqt"],
    servers_for_pyjmqt_work: ["test_pyjmqt_server", "test_pyjmqt_guide", "test_samples"],
    programs_for_coremq_work: ["test_coremq"],
    the_page_is_true_and_a_soak_loses_nothing: ["test_documents"],
    the_wheel_is_as_promised: ["test_package"],
}

fn run(modules: &[&str]) {
    let directory = Path::new(ROOT).join("clients/python");
    let python = Path::new(ROOT).join("target/python/bin/python");
    assert!(python.exists(), "run `cargo xtask setup` first");
    let output = Command::new(python)
        .args(["-W", "error", "-m", "unittest", "-v"])
        .args(modules.iter().map(|module| format!("tests.{module}")))
        .env("RIALTO_BINARY", PROGRAM)
        .env("PYTHONPATH", "src:.")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(directory)
        .output()
        .unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
}
