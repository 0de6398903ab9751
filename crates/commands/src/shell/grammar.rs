//! The commands, each with its words for help, completion and hints.

/// What a line is read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grammar {
    /// All commands, with options.
    Jmqt,
    /// The commands of PubSubX's client and those of the shell itself; a message is everything behind
    /// its topic.
    Pubsubx,
}

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Connect,
    Disconnect,
    Publish,
    Subscribe,
    Unsubscribe,
    Send,
    Request,
    Retained,
    History,
    Who,
    Status,
    Wait,
    Watch,
    Repeat,
    Again,
    Help,
    Quit,
}

/// What stands at a place behind a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    Address,
    Channel,
    Client,
    Command,
    Control,
    Other,
}

/// The words of a command.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) verb: Verb,
    /// Its names; the first one is shown.
    pub(super) names: &'static [&'static str],
    /// What stands behind it.
    pub(super) usage: &'static str,
    pub(super) about: &'static str,
    /// What its first words are.
    pub(super) arguments: &'static [Argument],
    pub(super) options: &'static [&'static str],
}

/// Characters of the first column of the help: two columns fit on a terminal of 80.
const WRITTEN_CHARS_MAX: usize = 35;

const PUBLISH_OPTIONS: &[&str] = &["--qos", "--retain", "--text", "--json"];

macro_rules! entries {
    ($($verb:ident $names:expr, $usage:literal, $about:literal, $arguments:expr, $options:expr;)*) => {
        &[$(Entry {
            verb: Verb::$verb,
            names: &$names,
            usage: $usage,
            about: $about,
            arguments: &$arguments,
            options: $options,
        }),*]
    };
}

use Argument::{Address, Channel, Client, Control, Other};

const JMQT: &[Entry] = entries! {
    Connect ["connect"], "[ADDRESS [NAME]]",
        "open a session, here or at another address",
        [Address, Client], &[];
    Disconnect ["disconnect"], "", "end the session", [], &[];
    Publish ["publish", "pub"], "CHANNEL DATA [--qos 0|1] [--retain] [--text|--json]",
        "publish JSON, or anything else as a text", [Channel, Other], PUBLISH_OPTIONS;
    Subscribe ["subscribe", "sub"], "CHANNEL... [--persistent]",
        "show the messages of channels", [Channel, Channel], &["--persistent"];
    Unsubscribe ["unsubscribe", "unsub"], "CHANNEL...", "show them no longer", [Channel, Channel], &[];
    Send ["send"], "CLIENT DATA [--qos 0|1] [--text|--json]", "publish to one client",
        [Client, Other], &["--qos", "--text", "--json"];
    Request ["request", "req"], "CHANNEL [DATA] [--text|--json]",
        "ask a control channel, such as $time", [Control, Other], &["--text", "--json"];
    Retained ["retained"], "CHANNEL", "show the retained message of a channel", [Channel], &[];
    History ["history"], "CHANNEL [COUNT]",
        "show the last messages (HTTP API)", [Channel, Other], &[];
    Who ["who"], "", "show who is connected (HTTP API)", [], &[];
    Status ["status"], "", "show the session and its subscriptions", [], &[];
    Wait ["wait"], "[COUNT] [--timeout TIME]",
        "wait for a message, or for so many", [Other], &["--timeout"];
    Watch ["watch"], "[--every TIME] COMMAND", "repeat a command until Ctrl-C, every 2 s",
        [Argument::Command], &["--every"];
    Repeat ["repeat"], "COUNT [--every TIME] COMMAND", "repeat a command",
        [Other, Argument::Command], &["--every"];
    Again ["!!"], "", "the last command once more", [], &[];
    Help ["help", "-h", "?"], "[COMMAND]", "show the commands, or one of them", [Argument::Command], &[];
    Quit ["quit", "exit"], "", "leave", [], &[];
};

const PUBSUBX: &[Entry] = entries! {
    Connect ["CONNECT"], "<port> <name>",
        "open a session, or take one up again",
        [Address, Client], &[];
    Disconnect ["DISCONNECT"], "", "end the session and its subscriptions", [], &[];
    Publish ["PUBLISH"], "<topic> <data>", "publish everything behind the topic", [Channel, Other], &[];
    Subscribe ["SUBSCRIBE"], "<topic>", "show the messages of a topic", [Channel], &[];
    Unsubscribe ["UNSUBSCRIBE"], "<topic>", "show them no longer", [Channel], &[];
    Status ["status"], "", "show the session and its subscriptions", [], &[];
    Wait ["wait"], "[COUNT] [--timeout TIME]",
        "wait for a message, or for so many", [Other], &["--timeout"];
    Watch ["watch"], "[--every TIME] COMMAND", "repeat a command until Ctrl-C, every 2 s",
        [Argument::Command], &["--every"];
    Repeat ["repeat"], "COUNT [--every TIME] COMMAND", "repeat a command",
        [Other, Argument::Command], &["--every"];
    Again ["!!"], "", "the last command once more", [], &[];
    Help ["-h", "help", "?"], "[COMMAND]", "show the commands, or one of them", [Argument::Command], &[];
    Quit ["quit", "exit"], "", "leave", [], &[];
};

/// Control channels that every broker of ours has.
pub(super) const CONTROLS: [&str; 6] =
    ["$time", "$whoami", "$limits", "$stats", "$mySubscriptions", "$removeRetained"];

impl Grammar {
    /// Returns all commands, in the order of the help.
    pub(super) fn entries(self) -> &'static [Entry] {
        match self {
            Grammar::Jmqt => JMQT,
            Grammar::Pubsubx => PUBSUBX,
        }
    }

    /// Returns the command of that name, in upper or lower case.
    pub(super) fn find(self, name: &str) -> Option<&'static Entry> {
        let is_it = |entry: &&Entry| entry.names.iter().any(|it| it.eq_ignore_ascii_case(name));
        self.entries().iter().find(is_it)
    }

    /// Returns the names of all commands.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        self.entries().iter().flat_map(|entry| entry.names).copied()
    }

    /// Returns the lines of the help, of one command or of all.
    pub(super) fn help(self, name: Option<&str>) -> Result<Vec<String>, String> {
        let Some(name) = name else {
            return Ok(self.entries().iter().flat_map(Entry::lines).collect());
        };
        let entry = self.find(name).ok_or_else(|| self.unknown(name))?;
        let mut lines = vec![entry.written(), format!("  {}", entry.about)];
        if let [_, others @ ..] = entry.names
            && !others.is_empty()
        {
            lines.push(format!("  also written {}", others.join(", ")));
        }
        Ok(lines)
    }

    /// Says that there is no such command, and which one may be meant.
    pub(super) fn unknown(self, name: &str) -> String {
        let name = name.to_lowercase();
        let is_near = |it: &&str| {
            it.len() > 2
                && (it.starts_with(&*name) || name.starts_with(*it) || is_one_off(it, &name))
        };
        let advice = self.names().find(is_near);
        let advice = advice.map_or_else(|| "help lists all".to_owned(), |it| format!("{it}?"));
        format!("there is no command {}; {advice}", rialto_client::shown::one_word(&name))
    }
}

impl Entry {
    pub(super) fn name(&self) -> &'static str {
        self.names[0]
    }

    /// Returns how it is written.
    pub(super) fn written(&self) -> String {
        format!("{} {}", self.name(), self.usage).trim_end().to_owned()
    }

    /// Returns its lines in the list of all commands, no wider than a narrow terminal: one whose words
    /// do not fit has them in a line of their own.
    fn lines(&self) -> Vec<String> {
        let (written, about) = (self.written(), self.about);
        match written.len() <= WRITTEN_CHARS_MAX {
            true => vec![format!("{written:WRITTEN_CHARS_MAX$}  {about}")],
            false => vec![written, format!("{:WRITTEN_CHARS_MAX$}  {about}", "")],
        }
    }
}

/// Returns whether two words differ in one letter, or in two that are exchanged.
fn is_one_off(a: &str, b: &str) -> bool {
    let common = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let head = common(a, b);
    let reversed = |text: &str| text.bytes().rev().map(char::from).collect::<String>();
    let tail = common(&reversed(a), &reversed(b));
    let longest = a.len().max(b.len());
    longest <= head + tail + 1 || a.len() == b.len() && longest <= head + tail + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_known_in_upper_and_lower_case_and_by_their_short_names() {
        for (name, verb) in
            [("PUBLISH", Verb::Publish), ("Sub", Verb::Subscribe), ("-H", Verb::Help)]
        {
            assert_eq!(Grammar::Jmqt.find(name).unwrap().verb, verb);
        }
        assert!(Grammar::Pubsubx.find("sub").is_none());
    }

    #[test]
    fn what_may_be_meant_by_an_unknown_command_is_said() {
        let said = |name| Grammar::Jmqt.unknown(name);
        assert_eq!(said("publsh"), "there is no command publsh; publish?");
        assert_eq!(said("subscirbe"), "there is no command subscirbe; subscribe?");
        assert_eq!(said("CON"), "there is no command con; connect?");
        assert_eq!(said("ü"), "there is no command ü; help lists all");
    }

    #[test]
    fn the_help_fits_on_a_narrow_terminal() {
        for grammar in [Grammar::Jmqt, Grammar::Pubsubx] {
            let lines = grammar.help(None).unwrap();
            assert!(grammar.entries().len() <= lines.len());
            assert_eq!(lines.iter().find(|line| 80 < line.len()), None);
        }
        let lines = Grammar::Jmqt.help(Some("SUB")).unwrap();
        assert_eq!(lines[0], "subscribe CHANNEL... [--persistent]");
        assert_eq!(lines[2], "  also written sub");
    }

    #[test]
    fn no_two_commands_have_the_same_name() {
        for grammar in [Grammar::Jmqt, Grammar::Pubsubx] {
            let mut names: Vec<_> = grammar.names().collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }
}
