//! How results are printed: for people, or as JSON.

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Lines or columns for people
    Text,
    /// JSON, an object a line
    Json,
}

/// How to print, for all commands that can print JSON.
#[derive(Debug, clap::Args)]
pub(crate) struct FormatArgs {
    /// How to print: text for people, or json, one object a line
    #[arg(long, value_enum, default_value_t = Format::Text, hide_possible_values = true)]
    format: Format,
    /// The same as --format json, as some commands had it first
    #[arg(long, hide = true, conflicts_with = "format")]
    json: bool,
}

impl FormatArgs {
    /// Returns the format that was asked for.
    pub(crate) fn get(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.get() == Format::Json
    }
}
