//! The broker's log, on standard error.

use std::io::{self, IsTerminal};

use rialto_config::{Log, LogFormat};
use tracing_subscriber::EnvFilter;

use crate::exit::{Exit, Failure};

/// Overrides `log.level` of the settings.
const VARIABLE: &str = "RIALTO_LOG";

/// Quietest first.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

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
        let filter = self.filter()?;
        let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
        match format {
            LogFormat::Text => builder.with_ansi(io::stderr().is_terminal()).init(),
            LogFormat::Json => builder.json().flatten_event(true).init(),
        }
        Ok(())
    }

    fn filter(&self) -> Result<EnvFilter, Failure> {
        // The parser would take a misspelt level for the name of a module.
        let is_clear = |part: &str| part.contains('=') || LEVELS.contains(&part.trim());
        let filter = EnvFilter::builder().parse(&self.directives).ok();
        filter.filter(|_| self.directives.split(',').all(is_clear)).ok_or_else(|| {
            let Level { origin, directives } = self;
            Failure::new(
                Exit::Usage,
                format!(
                    "{origin}: \"{directives}\" is no log level; expected {}, or levels by module \
                     such as info,rialto_session=debug",
                    LEVELS.join(", ")
                ),
            )
        })
    }
}
