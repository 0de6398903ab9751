//! One connection to the database, and what is sent over it.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls, Row, Statement, types::ToSql};

use crate::{address::Address, cause::Trouble};

/// A value that a statement is given.
pub(crate) type Value = Box<dyn ToSql + Sync + Send>;

/// A statement on its way to the database.
pub(crate) struct Request {
    pub(crate) sql: &'static str,
    pub(crate) values: Vec<Value>,
}

impl Request {
    pub(crate) fn new(sql: &'static str, values: Vec<Value>) -> Self {
        Request { sql, values }
    }
}

/// A connection; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Link {
    client: Client,
    /// What moves its bytes.
    mover: JoinHandle<()>,
    /// Statements that the server has parsed.
    statements: HashMap<&'static str, Statement>,
}

impl Link {
    /// Connects.
    pub(crate) async fn open(address: &Address) -> Result<Self, Trouble> {
        let (client, mover) = match &address.tls {
            Some(tls) => {
                let (client, connection) = address.config.connect(tls.clone()).await?;
                (client, tokio::spawn(async move { _ = connection.await }))
            }
            None => {
                let (client, connection) = address.config.connect(NoTls).await?;
                (client, tokio::spawn(async move { _ = connection.await }))
            }
        };
        Ok(Link { client, mover, statements: HashMap::new() })
    }

    /// Has statements parsed, all at once, so that none waits for that when it is sent with others.
    pub(crate) async fn prepare(&mut self, statements: &[&'static str]) -> Result<(), Trouble> {
        let parsed = try_join_all(statements.iter().map(|sql| self.client.prepare(sql))).await?;
        self.statements.extend(statements.iter().copied().zip(parsed));
        Ok(())
    }

    /// Sends statements that need no parsing of values and return nothing.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), Trouble> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// Sends one statement and returns its rows.
    pub(crate) async fn query(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Trouble> {
        Ok(match self.statements.get(sql) {
            Some(statement) => self.client.query(statement, values).await?,
            None => self.client.query(sql, values).await?,
        })
    }

    /// Sends one statement and returns how many rows it changed.
    pub(crate) async fn execute(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Trouble> {
        Ok(match self.statements.get(sql) {
            Some(statement) => self.client.execute(statement, values).await?,
            None => self.client.execute(sql, values).await?,
        })
    }

    /// Sends statements, one right behind the other, and returns the rows of each.
    pub(crate) async fn pipeline(&self, requests: &[Request]) -> Result<Vec<Vec<Row>>, Trouble> {
        let answers = requests.iter().map(|request| async move {
            let values: Vec<&(dyn ToSql + Sync)> =
                request.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
            self.query(request.sql, &values).await
        });
        // In turn, since futures send when they are first polled.
        let mut all = Vec::with_capacity(requests.len());
        let mut answers: futures_util::stream::FuturesOrdered<_> = answers.collect();
        while let Some(rows) = futures_util::StreamExt::next(&mut answers).await {
            all.push(rows?);
        }
        Ok(all)
    }

    /// The client itself, for what is read row by row.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.mover.abort();
    }
}
