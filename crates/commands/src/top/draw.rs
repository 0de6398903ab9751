//! Lines on a terminal, in colours where it is to have them.

use std::time::Instant;

use ratatui::Frame;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line as Drawn, Text};

use super::line::{Line, Tone};
use super::screen::lines;
use super::state::State;

/// Whether there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Palette {
    Colours,
    /// None, as <https://no-color.org> has it; what stands out is bold, or turned round.
    Plain,
}

impl Palette {
    pub(super) fn from_environment() -> Self {
        let has_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if has_none { Palette::Plain } else { Palette::Colours }
    }

    fn style(self, tone: Tone) -> Style {
        let coloured = |style: Style, colour| match self {
            Palette::Colours => style.fg(colour),
            Palette::Plain => style,
        };
        let style = Style::new();
        match tone {
            Tone::Plain => style,
            Tone::Head => style.add_modifier(Modifier::BOLD),
            Tone::Quiet => coloured(style, Color::Cyan),
            Tone::Marked => style.add_modifier(Modifier::REVERSED),
            Tone::Warning => coloured(style.add_modifier(Modifier::BOLD), Color::Red),
        }
    }
}

pub(super) fn draw(frame: &mut Frame<'_>, state: &State, palette: Palette) {
    let area = frame.area();
    let lines = lines(state, area.width.into(), area.height.into(), Instant::now());
    let drawn =
        lines.into_iter().map(|Line { text, tone }| Drawn::styled(text, palette.style(tone)));
    frame.render_widget(Text::from_iter(drawn), area);
}
