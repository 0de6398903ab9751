//! `rialto user`: users and devices with passwords, in the file that a broker reads.

mod password;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rialto_access::{User, UsersError, UsersFile};
use rialto_client::shown::one_line;
use rialto_config::Settings;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::format::FormatArgs;
use crate::output::{print_json_lines, print_lines, talk};
use crate::serve::SettingsArgs;

const EXAMPLES: &str = "\
Users are kept in users.toml in the data directory, or in the file that access.users_file names,
with argon2id hashes of their passwords. Run these commands as the account that runs the broker: no
other account can read the file. A running broker applies changes by itself within about two
seconds.

Examples:
  rialto user add ada --group staff
  rialto user add pump-7 --group pumps --password-stdin < pump-7.password
  rialto user passwd ada --data-dir /var/lib/rialto
  rialto user groups ada --group staff --group admins
  rialto user list --format json";

/// Add, change, list and remove users and their passwords.
#[derive(Debug, clap::Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Command {
    Add(AddArgs),
    Remove(RemoveArgs),
    List(ListArgs),
    Passwd(PasswdArgs),
    Groups(GroupsArgs),
}

/// Add a user
///
/// From then on only somebody with the password can connect under this name, in open mode as well,
/// and tokens that were issued for the name before are invalid.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// The user's name, which is the client id
    name: String,
    /// Group the user belongs to. May be repeated
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    #[command(flatten)]
    password: password::PasswordArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Remove a user, and end the sessions and tokens that were opened with its password
#[derive(Debug, clap::Args)]
pub(crate) struct RemoveArgs {
    /// The user's name
    name: String,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// List the users and their groups
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Change a user's password, and end the sessions and tokens that were opened with the old one
#[derive(Debug, clap::Args)]
pub(crate) struct PasswdArgs {
    /// The user's name
    name: String,
    #[command(flatten)]
    password: password::PasswordArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Set the groups of a user in place of all earlier ones; without --group the user is in no group
#[derive(Debug, clap::Args)]
pub(crate) struct GroupsArgs {
    /// The user's name
    name: String,
    /// Group the user belongs to. May be repeated
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(crate) fn run(command: &Command) -> Result<(), Failure> {
    match command {
        Command::Add(args) => add(args),
        Command::Remove(args) => remove(args),
        Command::List(args) => list(args),
        Command::Passwd(args) => passwd(args),
        Command::Groups(args) => groups(args),
    }
}

fn add(args: &AddArgs) -> Result<(), Failure> {
    let settings = args.settings.settings()?;
    let path = settings.users_file();
    check_name(&args.name, &settings)?;
    // Before anybody types a password in vain.
    if UsersFile::read_or_new(&path)?.users().get(&args.name).is_some() {
        return Err(UsersError::Exists(args.name.clone()).into());
    }
    let password = args.password.read()?;
    make_directory_of(&path)?;
    let groups = BTreeSet::from_iter(args.group.iter().cloned());
    UsersFile::lock(&path)?.add(&args.name, &password, groups, now())?;
    report(&path, &format!("user \"{}\" was added", one_line(&args.name)));
    Ok(())
}

fn remove(args: &RemoveArgs) -> Result<(), Failure> {
    let path = args.settings.settings()?.users_file();
    UsersFile::lock(&path)?.remove(&args.name)?;
    report(&path, &format!("user \"{}\" was removed", one_line(&args.name)));
    Ok(())
}

fn list(args: &ListArgs) -> Result<(), Failure> {
    let path = args.settings.settings()?.users_file();
    let file = UsersFile::read_or_new(&path)?;
    if file.users().is_empty() {
        let path = rialto_access::real_path(&path).unwrap_or(path);
        talk(&format!("there are no users in {}; `rialto user add` adds one", path.display()));
    }
    if args.format.is_json() {
        let user = |user: &User| json!({ "name": user.name, "groups": user.groups });
        return print_json_lines(file.list().map(|it| user(it).to_string()));
    }
    print_lines(file.list().map(|user| {
        let groups: Vec<&str> = user.groups.iter().map(String::as_str).collect();
        format!("{}  {}", user.name, groups.join(", ")).trim_end().to_owned()
    }))
}

fn passwd(args: &PasswdArgs) -> Result<(), Failure> {
    let path = args.settings.settings()?.users_file();
    if UsersFile::read_or_new(&path)?.users().get(&args.name).is_none() {
        return Err(UsersError::Unknown(args.name.clone()).into());
    }
    let password = args.password.read()?;
    UsersFile::lock(&path)?.set_password(&args.name, &password, now())?;
    report(&path, &format!("the password of user \"{}\" was changed", one_line(&args.name)));
    Ok(())
}

fn groups(args: &GroupsArgs) -> Result<(), Failure> {
    let path = args.settings.settings()?.users_file();
    let groups = BTreeSet::from_iter(args.group.iter().cloned());
    let said = match groups.len() {
        0 => format!("user \"{}\" is in no group now", one_line(&args.name)),
        _ => format!("the groups of user \"{}\" were changed", one_line(&args.name)),
    };
    UsersFile::lock(&path)?.set_groups(&args.name, groups)?;
    report(&path, &said);
    Ok(())
}

/// A longer name could never open a session.
fn check_name(name: &str, settings: &Settings) -> Result<(), Failure> {
    let limit = settings.limits.channel_name_bytes_max - 1;
    if limit < name.len() {
        let text = format!(
            "a user's name is a client id, which has at most {limit} bytes \
             (limits.channel_name_bytes_max - 1)"
        );
        return Err(Failure::new(Exit::Usage, text));
    }
    Ok(())
}

/// Users may be there before the broker has run for the first time.
fn make_directory_of(file: &Path) -> Result<(), Failure> {
    let file = rialto_access::real_path(file)
        .map_err(|error| Failure::file(format!("find {}", file.display()), &error))?;
    let Some(directory) = file.parent() else { return Ok(()) };
    rialto_access::make_private_directory(directory)
        .map_err(|error| Failure::file(format!("make {}", directory.display()), &error))
}

/// Says what was done, and which file was written: in full, as it may have been named by a link or
/// from another directory than the broker's.
fn report(path: &Path, what: &str) {
    let path = rialto_access::real_path(path).unwrap_or_else(|_| path.to_owned());
    let path = path.display();
    talk(&format!(
        "{what} ({path}); a running broker takes this up by itself within about two seconds"
    ));
}

fn now() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    since_epoch.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
