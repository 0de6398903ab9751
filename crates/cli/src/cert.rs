//! `rialto cert new`: certificates to try TLS with.

mod authority;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};
use crate::output::print;

use authority::{Authority, Pair};

/// Make certificates for development.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    New(NewArgs),
}

/// Make a new authority, and a server and a client certificate signed by it
///
/// The server certificate is for localhost, 127.0.0.1, ::1 and the names given. Keys are readable
/// by their owner only. Certificates are valid for 825 days, the authority for ten years. Not for
/// production: who has ca.key can pretend to be any broker to those who trust ca.pem.
#[derive(Debug, clap::Args)]
struct NewArgs {
    /// Directory to write to, made if need be
    #[arg(long, value_name = "DIR", default_value = "rialto-certs")]
    dir: PathBuf,
    /// Further host name or IP address of the server. May be repeated
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,
    /// Overwrite files that exist
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let Command::New(args) = &args.command;
    let made = |error: rcgen::Error| {
        Failure::new(
            Exit::Usage,
            format!("cannot make the certificates: {error}; is a --name wrong?"),
        )
    };
    let authority = Authority::new().map_err(made)?;
    let pairs = [
        ("ca", authority.pair()),
        ("server", authority.server(&args.name).map_err(made)?),
        ("client", authority.client().map_err(made)?),
    ];
    write_pairs(args, &pairs)?;
    print(&report(&args.dir))
}

fn write_pairs(args: &NewArgs, pairs: &[(&str, Pair)]) -> Result<(), Failure> {
    fs::create_dir_all(&args.dir)
        .map_err(|error| Failure::file(format!("make {}", args.dir.display()), &error))?;
    let files = pairs.iter().flat_map(|(name, pair)| {
        let certificate = (args.dir.join(format!("{name}.pem")), &pair.certificate, 0o644);
        let key = (args.dir.join(format!("{name}.key")), &pair.key, 0o600);
        [certificate, key]
    });
    let files: Vec<_> = files.collect();
    if let Some((path, ..)) = files.iter().find(|(path, ..)| !args.force && path.exists()) {
        return Err(Failure::new(
            Exit::Failed,
            format!("{} exists already; --force overwrites it", path.display()),
        ));
    }
    for (path, content, mode) in files {
        write(&path, content, mode)
            .map_err(|error| Failure::file(format!("write {}", path.display()), &error))?;
    }
    Ok(())
}

/// Writes a file that was never readable by more than `mode` says, not even while it is written.
fn write(path: &Path, content: &str, mode: u32) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path)?.write_all(content.as_bytes())
}

fn report(dir: &Path) -> String {
    let dir = dir.display();
    format!(
        "Certificates are in {dir}: ca.pem, server.pem and client.pem, with their keys.\n\
         \n\
         To try TLS, run a broker:\n\
         \x20 rialto serve --tls-certificate {dir}/server.pem --tls-key {dir}/server.key\n\
         and subscribe to a channel:\n\
         \x20 rialto sub --server jmqts://localhost:8011 --ca {dir}/ca.pem hello\n"
    )
}
