//! One connection to the database, and what is sent over it.

use std::collections::HashMap;

use futures_util::future::try_join_all;
use rialto_database::{Control, Link, Row, Statement, Trouble};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls, Statement as Parsed, types::ToSql};

use crate::{
    address::Address, cause::trouble, nodes, request::Request, requests, sets, statements as sql,
};

/// A row of a PostgreSQL database.
#[derive(Debug)]
pub(crate) struct PostgresRow(pub(crate) tokio_postgres::Row);

impl Row for PostgresRow {
    fn number(&self, column: usize) -> Option<i64> {
        self.0.get(column)
    }

    fn bytes(&self, column: usize) -> Option<&[u8]> {
        self.0.get(column)
    }

    fn places(&self, column: usize) -> Vec<i64> {
        self.0.get(column)
    }

    fn stretches(&self, column: usize) -> Vec<(u64, u64)> {
        sets::stretches(self.0.get(column))
    }
}

/// A connection; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct PostgresLink {
    client: Client,
    /// What moves its bytes.
    mover: JoinHandle<()>,
    /// Statements that the server has parsed.
    statements: HashMap<&'static str, Parsed>,
}

impl PostgresLink {
    /// Connects.
    pub(crate) async fn open(address: &Address) -> Result<Self, Trouble> {
        let (client, mover) = match &address.tls {
            Some(tls) => {
                let connected = address.config.connect(tls.clone()).await;
                let (client, connection) = connected.map_err(|error| trouble(&error))?;
                (client, tokio::spawn(async move { _ = connection.await }))
            }
            None => {
                let connected = address.config.connect(NoTls).await;
                let (client, connection) = connected.map_err(|error| trouble(&error))?;
                (client, tokio::spawn(async move { _ = connection.await }))
            }
        };
        Ok(PostgresLink { client, mover, statements: HashMap::new() })
    }

    /// Has statements parsed, all at once, so that none waits for that when it is sent with others.
    pub(crate) async fn parse(&mut self, statements: &[&'static str]) -> Result<(), Trouble> {
        let parsed = statements.iter().map(|sql| self.client.prepare(sql));
        let parsed = try_join_all(parsed).await.map_err(|error| trouble(&error))?;
        self.statements.extend(statements.iter().copied().zip(parsed));
        Ok(())
    }

    /// Sends statements that need no parsing of values and return nothing.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), Trouble> {
        self.client.batch_execute(sql).await.map_err(|error| trouble(&error))
    }

    /// Sends one statement and returns its rows.
    pub(crate) async fn query(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, Trouble> {
        let rows = match self.statements.get(sql) {
            Some(statement) => self.client.query(statement, values).await,
            None => self.client.query(sql, values).await,
        };
        rows.map_err(|error| trouble(&error))
    }

    /// Sends statements, one right behind the other, and returns the rows of each.
    async fn pipeline(&self, requests: &[Request]) -> Result<Vec<Vec<PostgresRow>>, Trouble> {
        let answers = requests.iter().map(|request| async move {
            let values: Vec<&(dyn ToSql + Sync)> =
                request.values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
            self.query(request.sql, &values).await
        });
        // In turn, since futures send when they are first polled.
        let mut all = Vec::with_capacity(requests.len());
        let mut answers: futures_util::stream::FuturesOrdered<_> = answers.collect();
        while let Some(rows) = futures_util::StreamExt::next(&mut answers).await {
            all.push(rows?.into_iter().map(PostgresRow).collect());
        }
        Ok(all)
    }
}

impl Link for PostgresLink {
    type Row = PostgresRow;

    fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    fn append_bytes_max(&self) -> usize {
        // A value has at most 1 GiB.
        256 << 20
    }

    async fn prepare(&mut self) -> Result<(), Trouble> {
        self.parse(&sql::ALL).await?;
        self.parse(&nodes::COMMITTING).await
    }

    async fn all(
        &mut self,
        statements: Vec<Statement<'_>>,
    ) -> Result<Vec<Vec<PostgresRow>>, Trouble> {
        if let [Statement::Control(Control::BeginToRead)] = statements[..] {
            // Several statements.
            self.run(sql::BEGIN_TO_READ).await?;
            return Ok(vec![Vec::new()]);
        }
        let requests: Vec<_> = statements.into_iter().map(requests::request).collect();
        self.pipeline(&requests).await
    }

    async fn roll_back(&mut self) -> Result<(), Trouble> {
        self.run("ROLLBACK").await
    }
}

impl Drop for PostgresLink {
    fn drop(&mut self) {
        self.mover.abort();
    }
}
