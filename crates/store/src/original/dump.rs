//! Reads a dump of MySQL tables, as `mysqldump` or phpMyAdmin writes it, into a database of our own.
//!
//! Of the statements only `CREATE TABLE` and `INSERT INTO … VALUES` of the tables in question are understood; all others are
//! passed over.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use rusqlite::{Connection, params_from_iter};

use crate::Cause;

use tokens::{Token, Tokens};

mod tokens;

/// A table, with its columns as they are found in the dump.
struct Table {
    name: &'static str,
    wanted: &'static [&'static str],
    /// In the order of the dump; lower case.
    columns: Vec<String>,
}

/// Reads the tables out of a dump. The database is gone with its connection; where it is large, it is on disk.
pub(super) fn load(
    path: &Path,
    tables: &[(&'static str, &'static [&'static str])],
) -> Result<Connection, Cause> {
    // The empty name is that of a private database.
    let mut connection = Connection::open("")?;
    let mut found: Vec<Table> = Vec::new();
    for (name, wanted) in tables {
        let columns = wanted.join(", ");
        connection.execute_batch(&format!("CREATE TABLE {name} ({columns})"))?;
        found.push(Table { name, wanted, columns: Vec::new() });
    }
    let transaction = connection.transaction()?;
    let mut seen = 0;
    let mut reader = BufReader::new(File::open(path)?);
    while let Some(statement) = next_statement(&mut reader)? {
        seen += usize::from(take(&transaction, &mut found, &statement)?);
    }
    transaction.commit()?;
    if seen == 0 {
        let (table, column) = (tables[0].0, tables[0].1[0]);
        return Err(Cause::NotOriginal { table, column });
    }
    Ok(connection)
}

/// Returns the next statement: lines up to one that ends with a semicolon, which is outside of all texts, since these have
/// their line ends escaped.
fn next_statement(reader: &mut impl BufRead) -> Result<Option<String>, Cause> {
    let mut statement = Vec::new();
    loop {
        let start = statement.len();
        if reader.read_until(b'\n', &mut statement)? == 0 {
            break;
        }
        let line = statement[start..].trim_ascii();
        let is_comment = start == 0 && (line.is_empty() || line.starts_with(b"--"));
        if is_comment {
            statement.clear();
        } else if line.ends_with(b";") {
            break;
        }
    }
    if statement.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8(statement);
    text.map(Some).map_err(|_| Cause::Damaged("the dump is not UTF-8".to_owned()))
}

/// Takes a statement in; returns whether it is about one of the tables.
fn take(connection: &Connection, tables: &mut [Table], statement: &str) -> Result<bool, Cause> {
    let mut tokens = Tokens::of(statement);
    let (first, second) = (tokens.word(), tokens.word());
    match (first.as_deref(), second.as_deref()) {
        (Some("create"), Some("table")) => {}
        (Some("insert"), Some("into")) => {}
        _ => return Ok(false),
    }
    let mut name = tokens.word().unwrap_or_default();
    if name == "if" {
        // IF NOT EXISTS
        tokens.word();
        tokens.word();
        name = tokens.word().unwrap_or_default();
    }
    let Some(table) = tables.iter_mut().find(|table| table.name == name) else { return Ok(false) };
    if first.as_deref() == Some("create") {
        table.columns = columns(&mut tokens);
    } else {
        insert(connection, table, &mut tokens)?;
    }
    Ok(true)
}

/// Returns the names of columns between parentheses: of a definition, the first word behind each comma.
fn columns(tokens: &mut Tokens<'_>) -> Vec<String> {
    let mut columns = Vec::new();
    let (mut depth, mut is_name) = (0, false);
    for token in tokens.by_ref() {
        match token {
            Token::Open => {
                depth += 1;
                is_name = depth == 1;
            }
            Token::Close if depth <= 1 => break,
            Token::Close => depth -= 1,
            Token::Comma => is_name = depth == 1,
            Token::Word(word) if is_name => {
                // Keys and constraints come behind the columns, and stand for none.
                columns.push(word.to_ascii_lowercase());
                is_name = false;
            }
            _ => {}
        }
    }
    columns
}

/// Inserts the rows of a statement.
fn insert(connection: &Connection, table: &Table, tokens: &mut Tokens<'_>) -> Result<(), Cause> {
    let columns = match tokens.peek() {
        Some(Token::Open) => columns(tokens),
        _ => table.columns.clone(),
    };
    tokens.word(); // VALUES
    let places: Vec<Option<usize>> = table
        .wanted
        .iter()
        .map(|wanted| columns.iter().position(|column| column == wanted))
        .collect();
    let marks = vec!["?"; table.wanted.len()].join(", ");
    let sql = format!("INSERT INTO {} VALUES ({marks})", table.name);
    let mut statement = connection.prepare_cached(&sql)?;
    while let Some(row) = tokens.row() {
        let row = row.map_err(|what| {
            Cause::Damaged(format!("a row of {} cannot be understood: {what}", table.name))
        })?;
        let values = places.iter().map(|place| place.and_then(|place| row.get(place)?.clone()));
        statement.execute(params_from_iter(values))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
