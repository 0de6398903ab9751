//! Colours of lines on a terminal.

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    /// The name of a channel.
    Name,
    /// What is said beside the messages.
    Talk,
    /// What went wrong.
    Problem,
    /// A command that is known.
    Verb,
    /// What stands before the line that is typed.
    Prompt,
}

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum When {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

impl Colour {
    /// Returns a text with the sequences around it that colour it.
    pub(super) fn paint(self, text: &str) -> String {
        let code = match self {
            Colour::Name => "36",
            Colour::Talk => "2",
            Colour::Problem => "31",
            Colour::Verb => "1",
            Colour::Prompt => "32",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}

impl When {
    /// Decides, for a terminal or for something else.
    pub(super) fn decide(self, is_terminal: bool) -> bool {
        match self {
            When::Always => true,
            When::Never => false,
            When::Auto => {
                let no_colour = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
                is_terminal && !no_colour
            }
        }
    }
}
