//! Names of channels as people write them: what is wrong with them before a broker is asked.

use crate::exit::{Exit, Failure};

/// What names of control channels begin with.
const CONTROL: char = '$';

/// Checks a name to publish to. Control channels may be published to: it is how they are asked.
pub(crate) fn check_publishable(name: &str) -> Result<(), Failure> {
    if name.is_empty() { Err(empty()) } else { Ok(()) }
}

/// Checks a name to subscribe to, or to unsubscribe from.
pub(crate) fn check_subscribable(name: &str) -> Result<(), Failure> {
    if name.is_empty() {
        return Err(empty());
    }
    if name.starts_with(CONTROL) {
        let text = format!(
            "{name} is a control channel, which answers questions and has no messages\n  \
             `rialto request '{name}'` asks it"
        );
        return Err(Failure::new(Exit::Usage, text));
    }
    Ok(())
}

/// Returns the name of a control channel, which may be given without its `$`: shells take that for
/// their own.
pub(crate) fn control_channel(name: &str) -> Result<String, Failure> {
    if name.is_empty() {
        return Err(empty());
    }
    Ok(if name.starts_with(CONTROL) { name.to_owned() } else { format!("{CONTROL}{name}") })
}

/// Returns whether a name looks as if it stood for several, as it would elsewhere. A `#` in front is
/// that of a client's own channel.
pub(crate) fn looks_like_pattern(name: &str) -> bool {
    let after_first = name.char_indices().skip(1).any(|(_, c)| c == '#');
    name.contains(['*', '>', '+']) || after_first || name == "#"
}

fn empty() -> Failure {
    Failure::new(
        Exit::Usage,
        "the name of the channel is empty; if it begins with $, put it into single quotes: the shell \
         takes it for a variable",
    )
}

#[cfg(test)]
mod tests {
    use super::{control_channel, looks_like_pattern};

    #[test]
    fn names_that_mean_several_elsewhere_are_known() {
        for name in ["a/*", "*", "a.>", "+/b", "a/#", "#", "##", "#ada/#"] {
            assert!(looks_like_pattern(name), "{name}");
        }
        for name in ["room", "#ada", "a/b.c", "ä?"] {
            assert!(!looks_like_pattern(name), "{name}");
        }
    }

    #[test]
    fn a_control_channel_may_be_named_without_its_dollar() {
        assert_eq!(control_channel("time").unwrap(), "$time");
        assert_eq!(control_channel("$time").unwrap(), "$time");
        assert!(control_channel("").is_err());
    }
}
