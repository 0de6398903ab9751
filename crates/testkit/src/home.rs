//! The directory of a database server that a test starts, and who runs it.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use rustix::process::getuid;
use tempfile::TempDir;

/// A directory that goes with its server.
pub(crate) struct Home {
    directory: TempDir,
    /// Who runs it, if it may not be who runs the test.
    user: Option<(u32, u32)>,
}

impl Home {
    /// Makes one on the disk, for a server that the user of its package runs where root may not.
    pub(crate) fn on_disk(prefix: &str, user: &str) -> Self {
        Home::make(&std::env::temp_dir(), prefix, user)
    }

    /// Makes one in memory, if the system has a place for that.
    pub(crate) fn in_memory(prefix: &str, user: &str) -> Self {
        let memory = Path::new("/dev/shm");
        if memory.is_dir() { Home::make(memory, prefix, user) } else { Home::on_disk(prefix, user) }
    }

    /// Makes one in a directory.
    pub(crate) fn make(place: &Path, prefix: &str, user: &str) -> Self {
        let directory = tempfile::Builder::new().prefix(prefix).tempdir_in(place);
        let directory = directory.expect("a directory is made");
        let user = getuid().is_root().then(|| ids(user));
        if let Some((uid, gid)) = user {
            chown(directory.path(), Some(uid), Some(gid)).expect("the directory changes hands");
        }
        Home { directory, user }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Gives a file in it to that user.
    pub(crate) fn give(&self, file: &Path) {
        if let Some((uid, gid)) = self.user {
            chown(file, Some(uid), Some(gid)).expect("the file changes hands");
        }
    }

    /// Writes a file there that only that user may read.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::write(&path, text).expect("the file is written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        self.give(&path);
        path
    }

    /// Returns a command that is run there, by that user.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path()).env("LC_ALL", "C.UTF-8");
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Starts a server, and returns once its log says that it is ready.
    pub(crate) fn start(&self, mut command: Command, is_ready: &str) -> Child {
        command.stderr(Stdio::piped());
        let mut process = command.spawn().expect("the server is started");
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut told = String::new();
        while !told.contains(is_ready) {
            let length = log.read_line(&mut told).unwrap();
            assert!(0 < length, "the server ended: {told}");
        }
        // Otherwise it would wait for somebody to read.
        thread::spawn(move || log.read_to_end(&mut Vec::new()));
        process
    }
}

/// Returns user and group of a name; nobody's, if there is no such user.
fn ids(name: &str) -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let line = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":x:"))?;
        let mut fields = line.split(':');
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids(name).or_else(|| ids("nobody")).expect("there is a user besides root")
}
