//! A line of a screen, and how it stands out.

/// A line of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// How a line stands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Head,
    Quiet,
    Marked,
    Warning,
}

pub(super) fn line(tone: Tone, text: impl Into<String>) -> Line {
    Line { text: text.into(), tone }
}
