//! `rialto cert`: certificates to try TLS with, and further ones for clients.

mod authority;

use std::fs;
use std::path::{Path, PathBuf};

use crate::exit::{Exit, Failure};
use crate::output::print;

use authority::{Authority, Pair};

/// The common name of the certificate that comes with a new authority.
const CLIENT_NAME: &str = "Rialto development client";

/// Make certificates for development.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    New(NewArgs),
    Client(ClientArgs),
}

/// Make a new authority, and a server and a client certificate signed by it
///
/// The server certificate is for localhost, 127.0.0.1, ::1 and the names given. Keys are readable
/// by their owner only. Certificates are valid for 825 days, the authority for ten years. Not for
/// production: anybody with ca.key can impersonate any broker to clients that trust ca.pem.
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// Directory to write to, made if need be, for its owner only
    #[arg(long, value_name = "DIR", default_value = "rialto-certs")]
    dir: PathBuf,
    /// Further host name or IP address of the server. May be repeated
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,
    /// Overwrite files that exist
    #[arg(long)]
    force: bool,
}

/// Make a certificate for one client, signed by the authority that `cert new` made
///
/// The common name of the certificate is the client id. A broker accepts it if tls.client_authority
/// names the authority. The files are client-NAME.pem and client-NAME.key beside the authority's.
#[derive(Debug, clap::Args)]
pub(crate) struct ClientArgs {
    /// Client id
    name: String,
    /// Directory with ca.pem and ca.key
    #[arg(long, value_name = "DIR", default_value = "rialto-certs")]
    dir: PathBuf,
    /// Overwrite files that exist
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::New(args) => new(args),
        Command::Client(args) => client(args),
    }
}

fn new(args: &NewArgs) -> Result<(), Failure> {
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
        ("client", authority.client(CLIENT_NAME).map_err(made)?),
    ];
    rialto_access::make_private_directory(&args.dir)
        .map_err(|error| Failure::file(format!("make {}", args.dir.display()), &error))?;
    write_pairs(&args.dir, args.force, &pairs)?;
    print(&report(&args.dir))
}

fn client(args: &ClientArgs) -> Result<(), Failure> {
    let read = |name: &str| {
        let path = args.dir.join(name);
        fs::read_to_string(&path).map_err(|error| {
            let text = format!(
                "cannot read {}: {error}; `rialto cert new` makes an authority, --dir says where \
                 it is",
                path.display()
            );
            Failure::new(Exit::Failed, text)
        })
    };
    let made = |error: rcgen::Error| {
        let text = format!("cannot make a certificate for \"{}\": {error}", args.name);
        Failure::new(Exit::Failed, text)
    };
    if args.name.is_empty() {
        return Err(Failure::new(Exit::Usage, "a client id has at least one character"));
    }
    let authority = Authority::read(&read("ca.pem")?, &read("ca.key")?).map_err(made)?;
    let stem = stem_for(&args.name);
    let pair = authority.client(&args.name).map_err(made)?;
    write_pairs(&args.dir, args.force, &[(&stem, pair)])?;
    let file = in_full(&args.dir).join(stem);
    let file = file.display();
    print(&format!("{file}.pem and {file}.key say that their holder is \"{}\".\n", args.name))
}

/// Returns a file name that cannot leave the directory, nor be the authority's or the server's.
fn stem_for(client: &str) -> String {
    let is_plain = |character: char| character.is_alphanumeric() || "-_.".contains(character);
    let plain = client.chars().map(|it| if is_plain(it) { it } else { '_' });
    format!("client-{}", plain.collect::<String>())
}

fn write_pairs(dir: &Path, force: bool, pairs: &[(&str, Pair)]) -> Result<(), Failure> {
    let files = pairs.iter().flat_map(|(name, pair)| {
        let certificate = (dir.join(format!("{name}.pem")), &pair.certificate, 0o644);
        let key = (dir.join(format!("{name}.key")), &pair.key, 0o600);
        [certificate, key]
    });
    let files: Vec<_> = files.collect();
    if let Some((path, ..)) = files.iter().find(|(path, ..)| !force && path.exists()) {
        return Err(Failure::new(
            Exit::Failed,
            format!("{} exists already; --force overwrites it", path.display()),
        ));
    }
    for (path, content, mode) in files {
        rialto_access::replace_file(&path, content.as_bytes(), mode)
            .map_err(|error| Failure::file(format!("write {}", path.display()), &error))?;
    }
    Ok(())
}

/// Returns the absolute path of a directory that is there.
fn in_full(dir: &Path) -> PathBuf {
    rialto_access::real_path(dir).unwrap_or_else(|_| dir.to_owned())
}

fn report(dir: &Path) -> String {
    let (full, dir) = (in_full(dir), dir.display());
    let full = full.display();
    format!(
        "Certificates are in {full}: ca.pem, server.pem and client.pem, with their keys.\n\
         \n\
         To try TLS, run a broker:\n\
         \x20 rialto serve --tls-certificate {dir}/server.pem --tls-key {dir}/server.key\n\
         and subscribe to a channel:\n\
         \x20 rialto sub --server jmqts://localhost:8011 --ca {dir}/ca.pem hello\n"
    )
}
