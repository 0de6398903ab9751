//! Database servers that a broker stores in, each started for one run.

use std::any::Any;
use std::path::Path;

use rialto_testkit::{Mariadb, Postgres};

use crate::kind::Kind;

/// A running database server, stopped when dropped.
#[derive(Debug)]
pub(crate) struct Database {
    _server: Box<dyn Any>,
    /// What a broker is told, each as in `store.kind=postgres`.
    pub(crate) settings: [String; 2],
}

impl Database {
    /// Starts the one that a broker of this kind stores in, in a directory of its own below `scratch`; `None` if it stores
    /// in a file.
    ///
    /// The servers have their defaults, also for what the starters, which tests share, make smaller.
    pub(crate) fn start(kind: Kind, scratch: &Path) -> Option<Self> {
        let (server, name, url): (Box<dyn Any>, _, _) = match kind {
            Kind::RialtoPostgres => {
                let server = Postgres::start_in(scratch, &["shared_buffers=128MB"]);
                let url = server.url();
                (Box::new(server), "postgres", url)
            }
            Kind::RialtoMariadb => {
                let sizes = ["innodb-log-file-size=96M", "innodb-buffer-pool-size=128M"];
                let server = Mariadb::start_in(scratch, &sizes);
                let url = server.url().replace("/?", "/rialto?");
                (Box::new(server), "mysql", url)
            }
            _ => return None,
        };
        let settings = [format!("store.kind={name}"), format!("store.url={url}")];
        Some(Database { _server: server, settings })
    }
}
