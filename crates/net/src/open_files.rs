//! How many files a program may have open, of which every connection is one.

use std::io;

use crate::connection_limiter::REFUSED_OPEN_MAX;

/// What the system's limit of open files allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFiles {
    /// Files that may be open.
    pub allowed: u64,
    /// Files that are needed besides those of connections: what the program opens itself, and those of
    /// connections that are told why they are refused.
    pub others: usize,
}

impl OpenFiles {
    /// Allows as many open files as so many connections need besides `others`, as far as the system lets
    /// us.
    ///
    /// # Errors
    /// What the system says of its limit.
    pub fn allow(connections: usize, others: usize) -> io::Result<Self> {
        let others = others + REFUSED_OPEN_MAX;
        let allowed = rlimit::increase_nofile_limit((connections + others) as u64)?;
        Ok(OpenFiles { allowed, others })
    }

    /// Returns how many connections there can be.
    pub fn connections(&self) -> usize {
        usize::try_from(self.allowed).unwrap_or(usize::MAX).saturating_sub(self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_have_what_others_leave() {
        let open_files = OpenFiles { allowed: 100, others: 40 };
        assert_eq!(open_files.connections(), 60);
        assert_eq!(OpenFiles { others: 101, ..open_files }.connections(), 0);
    }

    #[test]
    fn as_many_files_are_allowed_as_are_asked_for_where_the_system_lets_us() {
        let few = OpenFiles::allow(1, 1).unwrap();
        assert_eq!(few.others, 1 + REFUSED_OPEN_MAX);
        assert!(few.connections() > 0, "{few:?}");
        let (soft, hard) = rlimit::Resource::NOFILE.get().unwrap();
        let wanted = usize::try_from(hard.min(soft + 1)).unwrap();
        let more = OpenFiles::allow(wanted - REFUSED_OPEN_MAX, 0).unwrap();
        assert_eq!(more.connections(), wanted - REFUSED_OPEN_MAX);
    }
}
