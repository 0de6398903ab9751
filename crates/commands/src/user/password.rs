//! How a command is told a password: never by an argument, which others can see.

use std::io::{self, IsTerminal, Read};

use crate::exit::{Exit, Failure};

/// Most bytes of a password on standard input: what is longer is the wrong file.
const PASSWORD_BYTES_MAX: u64 = 64 << 10;

/// Where the password comes from.
#[derive(Debug, clap::Args)]
pub(crate) struct PasswordArgs {
    /// Read the password from standard input, one line, instead of asking for it on the terminal
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordArgs {
    /// Returns the password; it is not empty.
    pub(crate) fn read(&self) -> Result<String, Failure> {
        let password = if self.password_stdin { from_stdin()? } else { from_terminal()? };
        if password.is_empty() {
            return Err(refused("the password is empty; it must have at least one character"));
        }
        Ok(password)
    }
}

fn from_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    io::stdin()
        .take(PASSWORD_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| Failure::file("read the password from standard input", &error))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.contains('\n') || text.len() as u64 == PASSWORD_BYTES_MAX {
        return Err(refused(
            "standard input has more than one line, or too long a one: give the \
             password and nothing else",
        ));
    }
    Ok(line.to_owned())
}

fn from_terminal() -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(refused(
            "there is no terminal to ask for the password on; give it on \
             standard input with --password-stdin",
        ));
    }
    let ask = |prompt| {
        rpassword::prompt_password(prompt)
            .map_err(|error| Failure::file("read the password from the terminal", &error))
    };
    let password = ask("Password: ")?;
    if ask("The same again: ")? != password {
        return Err(refused("the two passwords are not the same; nothing was changed"));
    }
    Ok(password)
}

fn refused(text: &str) -> Failure {
    Failure::new(Exit::Usage, text)
}
