//! The broker's log, on standard error.

mod fields;
mod guard;

use std::io::{self, IsTerminal, Write};

use rialto_config::{LOG_LEVELS, Log, LogFormat};
use tracing::Dispatch;
use tracing_subscriber::{Registry, filter::Targets, fmt, layer::SubscriberExt as _};

use crate::exit::{Exit, Failure};

/// Overrides `log.level` of the settings.
const VARIABLE: &str = "RIALTO_LOG";

/// Where the level of the log was given, strongest first.
#[derive(Debug)]
pub(crate) struct Level {
    origin: &'static str,
    directives: String,
}

impl Level {
    /// Takes `flag` before the environment variable before the settings.
    pub(crate) fn choose(flag: Option<&str>, settings: &Log) -> Self {
        let variable = std::env::var(VARIABLE).ok().filter(|value| !value.is_empty());
        match (flag, variable) {
            (Some(flag), _) => Level { origin: "--log-level", directives: flag.to_owned() },
            (None, Some(directives)) => Level { origin: VARIABLE, directives },
            (None, None) => Level { origin: "log.level", directives: settings.level.clone() },
        }
    }

    /// Checks the directives without starting anything.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.filter().map(drop)
    }

    /// Starts logging for the whole process.
    pub(crate) fn start(&self, format: LogFormat) -> Result<(), Failure> {
        let is_terminal = io::stderr().is_terminal();
        let dispatch = subscriber(format, self.filter()?, is_terminal, io::stderr);
        tracing::dispatcher::set_global_default(dispatch).expect("nothing logs before");
        Ok(())
    }

    fn filter(&self) -> Result<Targets, Failure> {
        // The parser would take a misspelt level for the name of a module, and a filter of spans, of
        // which there are none, for another.
        let is_clear =
            |part: &&str| LOG_LEVELS.contains(part) || (part.contains('=') && !part.contains('['));
        let parts = self.directives.split(',').map(str::trim).collect::<Vec<_>>();
        let filter = parts.join(",").parse().ok();
        filter.filter(|_| parts.iter().all(is_clear)).ok_or_else(|| {
            let Level { origin, directives } = self;
            Failure::new(
                Exit::Usage,
                format!(
                    "{origin}: \"{directives}\" is not a log level; expected {}, or levels by module \
                     such as info,rialto_session=debug",
                    LOG_LEVELS.join(", ")
                ),
            )
        })
    }
}

/// Makes what writes the log.
fn subscriber<W: Write + 'static>(
    format: LogFormat,
    filter: Targets,
    is_terminal: bool,
    writer: impl Fn() -> W + Send + Sync + 'static,
) -> Dispatch {
    let registry = Registry::default().with(filter);
    match format {
        LogFormat::Text => {
            let layer = fmt::layer().fmt_fields(fields::Fields).with_ansi(is_terminal);
            Dispatch::new(registry.with(layer.with_writer(writer)))
        }
        LogFormat::Json => {
            let writer = move || guard::Guard(writer());
            let layer = fmt::layer().json().flatten_event(true);
            Dispatch::new(registry.with(layer.with_writer(writer)))
        }
    }
}
