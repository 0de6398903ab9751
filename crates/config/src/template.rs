//! Settings written out: the documented default file, and what is in force.

use std::fmt::Write as _;

use toml::Value;

use crate::scalar::Given;
use crate::schema::{LISTENERS, SECTIONS};
use crate::section::{Key, Section};
use crate::settings::Settings;

const PREAMBLE: &str = "\
# The settings of Rialto. Every key is here with its default; keep those that you want to change.
#
# Give this file to the broker with `rialto serve --config FILE`, or in the environment variable
# RIALTO_CONFIG. Environment variables (RIALTO_LIMITS__PACKET_BYTES_MAX=2MiB) take precedence over
# the file, and flags (--set limits.packet_bytes_max=2MiB) over both. `rialto config check` checks
# all of them, `rialto config show` prints the result.
#
# Sizes are numbers of bytes, or strings with a unit: B, KiB, MiB, GiB (1024) or KB, MB, GB (1000).
# Times are strings with a unit: ms, s, m, h or d. Relative paths start at the working directory.
";

/// Returns the default settings as a TOML file that documents every key.
///
/// Read back it gives [`Settings::default`].
pub fn default_toml() -> String {
    let defaults = toml::Table::try_from(Settings::default()).expect("settings are a TOML table");
    let mut text = PREAMBLE.to_owned();
    for (name, section) in SECTIONS {
        match &defaults[name] {
            Value::Table(listeners) if name == LISTENERS => {
                write_listeners(&mut text, &section, listeners);
            }
            values => {
                text.push('\n');
                write_comment(&mut text, section.about);
                write_section(&mut text, name, &section, values);
            }
        }
    }
    text
}

/// Returns `settings` as TOML, with stars in place of secrets.
pub fn to_toml(settings: &Settings) -> String {
    toml::to_string(settings).expect("settings are a TOML table")
}

/// Returns 16 hexadecimal digits that are the same wherever all settings are, secrets left out: for
/// comparing servers, not for keeping anything secret (FNV-1a).
pub fn digest(settings: &Settings) -> String {
    let hash = to_toml(settings).bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// Writes each listener; the keys are documented at the first.
fn write_listeners(text: &mut String, section: &Section, listeners: &toml::Table) {
    text.push('\n');
    write_comment(text, section.about);
    for (index, (name, values)) in listeners.iter().enumerate() {
        let path = format!("{LISTENERS}.{name}");
        if index == 0 {
            write_section(text, &path, section, values);
            continue;
        }
        let _ = writeln!(text, "\n[{path}]");
        for key in section.keys {
            let _ = writeln!(text, "{} = {}", key.name, values[key.name]);
        }
    }
}

fn write_section(text: &mut String, path: &str, section: &Section, values: &Value) {
    let _ = writeln!(text, "[{path}]");
    for key in section.keys {
        write_comment(text, key.doc);
        write_range(text, key);
        let _ = writeln!(text, "{} = {}", key.name, values[key.name]);
    }
}

fn write_range(text: &mut String, key: &Key) {
    let Some((min, max)) = key.range else { return };
    let shown = |bound: &str| {
        key.accept(&Given::Text(bound.to_owned())).map_or(bound.to_owned(), |it| it.to_string())
    };
    let _ = writeln!(text, "# From {} to {}.", shown(min), shown(max));
}

fn write_comment(text: &mut String, lines: &[&str]) {
    for line in lines {
        let _ = writeln!(text, "#{}", line.trim_end());
    }
}
