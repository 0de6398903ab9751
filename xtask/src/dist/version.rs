//! Cargo's versions as Debian writes them.

/// Returns the version of a Debian package: one before a release sorts before it there as well.
pub(super) fn debian(version: &str, revision: u32) -> String {
    let (release, before) = version.split_once('-').unwrap_or((version, ""));
    // A hyphen would begin the revision.
    let before = before.replace('-', ".");
    let separator = if before.is_empty() { "" } else { "~" };
    format!("{release}{separator}{before}-{revision}")
}

#[cfg(test)]
mod tests {
    use super::debian;

    #[test]
    fn what_comes_before_a_release_sorts_before_it() {
        assert_eq!(debian("1.2.3", 1), "1.2.3-1");
        assert_eq!(debian("1.2.3-rc.1", 4), "1.2.3~rc.1-4");
        assert_eq!(debian("1.2.3-rc-x", 1), "1.2.3~rc.x-1");
        let compare = |one: &str, operator, other: &str| {
            let arguments = ["--compare-versions", one, operator, other];
            std::process::Command::new("dpkg").args(arguments).status().unwrap().success()
        };
        let ascending = ["1.2.2", "1.2.3-alpha.1", "1.2.3-rc.1", "1.2.3"];
        for pair in ascending.windows(2) {
            assert!(compare(&debian(pair[0], 2), "lt", &debian(pair[1], 1)), "{pair:?}");
        }
        assert!(compare(&debian("1.2.3", 1), "lt", &debian("1.2.3", 2)));
    }
}
