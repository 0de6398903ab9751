//! What the fuzz targets share: the folders they work in, and seeds made from `spec/vectors`.
//!
//! In this folder, `cargo run --release --bin client_packet -- -max_total_time=20
//! corpus/client_packet` runs one target; `cargo xtask fuzz` runs all. A finding is written to
//! `artifacts/`; the same command with its path instead of the corpus runs it again.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Makes the target's corpus folder, with the frames of the specification's vectors in it.
///
/// # Panics
/// When the vectors cannot be read or the corpus cannot be written.
pub fn seed(target: &str, vector_files: &[&str]) {
    let corpus = folder("corpus", target);
    folder("artifacts", target);
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/vectors");
    for file in vector_files {
        let lines = fs::read_to_string(vectors.join(file)).expect("the vectors are there");
        for (number, line) in lines.lines().enumerate() {
            let vector: serde_json::Value = serde_json::from_str(line).expect("vectors are JSON");
            if let Some(frame) = vector["frame"].as_str() {
                let seed = corpus.join(format!("{file}-{number}"));
                fs::write(seed, frame).expect("the corpus can be written");
            }
        }
    }
}

/// Makes the target's corpus folder, with these inputs in it.
///
/// # Panics
/// When the corpus cannot be written.
pub fn seed_with(target: &str, inputs: &[&str]) {
    let corpus = folder("corpus", target);
    folder("artifacts", target);
    for (number, input) in inputs.iter().enumerate() {
        fs::write(corpus.join(format!("seed-{number}")), input).expect("the corpus can be written");
    }
}

fn folder(kind: &str, target: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(target);
    fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}
