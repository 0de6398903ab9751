//! A console that can be reached by its names, and whose roles say something.

use crate::rules::violation::{self, Fault, Violation};
use crate::settings::{ConsoleRole, Settings};

pub(super) fn hosts_are_names(settings: &Settings) -> Vec<Violation> {
    let is_name = |host: &str| {
        !host.is_empty()
            && host.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_'))
    };
    let violation = |(index, host): (usize, &String)| {
        Violation::new(
            "console.hosts",
            format!("`console.hosts` has `{host}`, which is no name of a host"),
            "give the name alone, such as mq.example, without https:// and without a port",
        )
        .of_entry(index)
    };
    let hosts = settings.console.hosts.iter().enumerate();
    hosts.filter(|(_, host)| !is_name(host)).map(violation).collect()
}

pub(super) fn roles_say_something(settings: &Settings) -> Vec<Violation> {
    let roles = &settings.console.roles;
    let twice = violation::names_used_twice(roles.iter().map(|role| role.group.as_str()));
    let twice = twice.into_iter().map(|(index, group)| {
        let problem = format!("two entries of `console.roles` are for the group `{group}`");
        Violation::new("console.roles", problem, "put all of its rights into one").of_entry(index)
    });
    let faults = roles.iter().enumerate().filter_map(|(index, role)| {
        let (problem, hint) = says_something(role).err()?;
        let entry = violation::entry("console.roles", index, &role.group);
        let problem = format!("{entry} {problem}");
        Some(Violation::new("console.roles", problem, hint).of_entry(index))
    });
    twice.chain(faults).collect()
}

fn says_something(role: &ConsoleRole) -> Result<(), Fault> {
    if role.group.is_empty() {
        return Err(("has no group".to_owned(), "set group, and see rialto user add --group"));
    }
    if role.allow.is_empty() {
        return Err((
            "allows nothing".to_owned(),
            "name some of \"read\", \"publish\", \"manage\" and \"inspect\"",
        ));
    }
    Ok(())
}
