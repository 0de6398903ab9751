//! The broker's log, on standard error.

mod fields;
mod guard;

use std::io::{self, IsTerminal, Write};

use rialto_config::{LOG_LEVELS, Log, LogFormat};
use tracing::Dispatch;
use tracing_subscriber::EnvFilter;

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

    fn filter(&self) -> Result<EnvFilter, Failure> {
        // The parser would take a misspelt level for the name of a module.
        let is_clear = |part: &str| part.contains('=') || LOG_LEVELS.contains(&part.trim());
        let filter = EnvFilter::builder().parse(&self.directives).ok();
        filter.filter(|_| self.directives.split(',').all(is_clear)).ok_or_else(|| {
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
    filter: EnvFilter,
    is_terminal: bool,
    writer: impl Fn() -> W + Send + Sync + 'static,
) -> Dispatch {
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    match format {
        LogFormat::Text => {
            let builder = builder.fmt_fields(fields::Fields).with_ansi(is_terminal);
            Dispatch::new(builder.with_writer(writer).finish())
        }
        LogFormat::Json => {
            let writer = move || guard::Guard(writer());
            Dispatch::new(builder.json().flatten_event(true).with_writer(writer).finish())
        }
    }
}
