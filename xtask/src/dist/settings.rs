//! The settings file of an installed broker: every setting as a comment, so that a later version's defaults hold for
//! whatever the operator left alone.

use anyhow::bail;

/// Where an installed broker keeps its data.
const DATA_DIR: &str = "/var/lib/rialto";
/// The line of the defaults that is another here.
const DEFAULT_DATA_DIR: &str = r#"data_dir = "rialto-data""#;

const HEAD: &str = "\
# Settings of the installed broker. Each setting is here with its default, as a comment: remove the # before those
# that you change. `systemctl reload rialto` checks the file and applies it, or names the mistakes in it. Some settings
# need `systemctl restart rialto`; the log names them. If secrets are in this file, nobody else should be able to read it.
#
";

/// Makes the file of what `rialto config default` prints.
///
/// # Errors
/// When that has no line for the data directory.
pub(super) fn installed(defaults: &str) -> anyhow::Result<String> {
    let mut text = HEAD.to_owned();
    let mut is_placed = false;
    for line in defaults.lines() {
        if line == DEFAULT_DATA_DIR {
            is_placed = true;
            text.push_str(&format!("data_dir = \"{DATA_DIR}\"\n"));
        } else if line.is_empty() || line.starts_with(['#', '[']) {
            text.push_str(&format!("{line}\n"));
        } else {
            text.push_str(&format!("#{line}\n"));
        }
    }
    if !is_placed {
        bail!("the default settings have no line {DEFAULT_DATA_DIR}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::installed;

    #[test]
    fn all_but_the_data_directory_is_a_comment() {
        let defaults = "# About.\n\n[server]\n# Where.\ndata_dir = \"rialto-data\"\nthreads = 0\n";
        let text = installed(defaults).unwrap();
        assert!(text.ends_with(
            "# About.\n\n[server]\n# Where.\ndata_dir = \"/var/lib/rialto\"\n#threads = 0\n"
        ));
    }

    #[test]
    fn defaults_of_another_kind_are_an_error() {
        installed("[server]\n").unwrap_err();
    }
}
