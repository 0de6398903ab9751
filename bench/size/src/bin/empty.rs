//! A program with tokio's runtime, timer and sockets, and nothing else.

use std::process::ExitCode;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

#[tokio::main]
async fn main() -> ExitCode {
    let Some(address) = std::env::args().nth(1) else { return ExitCode::FAILURE };
    let talk = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"hello").await?;
        stream.read_u8().await
    };
    match timeout(Duration::from_secs(1), talk).await {
        Ok(Ok(byte)) => ExitCode::from(byte),
        _ => ExitCode::FAILURE,
    }
}
