//! Statements as text, with their values in it.
//!
//! The session takes bytes as they are (`SET NAMES binary`) and knows no escapes but a doubled quote
//! (`NO_BACKSLASH_ESCAPES`), so that a value is its bytes, whatever they are.

use rialto_database::number;

/// Length of a statement with many rows at which another one begins.
const ROWS_BYTES_MAX: usize = 1 << 20;

/// A value in a statement, in place of a `?`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Number(i64),
    Bytes(&'a [u8]),
    Null,
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Value::Number(number)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Bytes(text.as_bytes())
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Value::Bytes(bytes)
    }
}

/// Returns a number as a value.
pub(crate) fn unsigned(value: u64) -> Value<'static> {
    number(value).into()
}

/// A statement with many rows of values between a head and a tail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    head: &'static str,
    row: &'static str,
    between: &'static str,
    tail: &'static str,
    count_max: usize,
}

impl Rows {
    pub(crate) const fn new(head: &'static str, row: &'static str, tail: &'static str) -> Self {
        Rows { head, row, between: ",", tail, count_max: 1000 }
    }

    /// Has something else stand between rows, and at most so many in a statement.
    pub(crate) const fn joined_by(self, between: &'static str, count_max: usize) -> Self {
        Rows { between, count_max, ..self }
    }
}

/// Statements, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Script {
    text: Vec<u8>,
    /// Where each ends, its semicolon included, and whose it is.
    ends: Vec<(usize, usize)>,
    owner: usize,
}

impl Script {
    /// Says whose the statements are that are added from now on.
    pub(crate) fn set_owner(&mut self, owner: usize) {
        self.owner = owner;
    }

    /// Adds a statement, with a value in place of each `?`.
    pub(crate) fn add(&mut self, sql: &str, values: &[Value<'_>]) {
        self.write(sql, values);
        self.end();
    }

    /// Adds statements that each have many rows; none if there are no rows.
    pub(crate) fn add_rows<'v, const N: usize>(
        &mut self,
        statement: Rows,
        rows: impl IntoIterator<Item = [Value<'v>; N]>,
    ) {
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let start = self.text.len();
            self.text.extend(statement.head.as_bytes());
            let mut count = 0;
            while let Some(values) = rows.next_if(|_| {
                count < statement.count_max && self.text.len() < start + ROWS_BYTES_MAX
            }) {
                if 0 < count {
                    self.text.extend(statement.between.as_bytes());
                }
                self.write(statement.row, &values);
                count += 1;
            }
            self.text.extend(statement.tail.as_bytes());
            self.end();
        }
    }

    fn end(&mut self) {
        self.text.push(b';');
        self.ends.push((self.text.len(), self.owner));
    }

    fn write(&mut self, sql: &str, values: &[Value<'_>]) {
        let mut values = values.iter();
        for (index, part) in sql.split('?').enumerate() {
            if 0 < index {
                let value = values.next().expect("there is a value for each place");
                write_value(&mut self.text, value);
            }
            self.text.extend(part.as_bytes());
        }
        debug_assert!(values.next().is_none(), "there is a place for each value: {sql}");
    }

    /// Returns the statements in packets, as many in each as go into so many bytes; one that is longer goes alone. With each
    /// packet, whose its statements are.
    pub(crate) fn packets(&self, bytes_max: usize) -> Vec<(&[u8], Vec<usize>)> {
        let mut packets: Vec<(&[u8], Vec<usize>)> = Vec::new();
        let (mut start, mut end) = (0, 0);
        for (next, owner) in &self.ends {
            match packets.last_mut() {
                Some((text, owners)) if next - start <= bytes_max => {
                    *text = &self.text[start..*next];
                    owners.push(*owner);
                }
                _ => {
                    start = end;
                    packets.push((&self.text[start..*next], vec![*owner]));
                }
            }
            end = *next;
        }
        packets
    }
}

fn write_value(text: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Number(number) => text.extend(number.to_string().as_bytes()),
        Value::Null => text.extend(b"NULL"),
        Value::Bytes(bytes) => {
            text.reserve(bytes.len() + 2);
            text.push(b'\'');
            for (index, part) in bytes.split(|byte| *byte == b'\'').enumerate() {
                if 0 < index {
                    text.extend(b"''");
                }
                text.extend(part);
            }
            text.push(b'\'');
        }
    }
}

#[cfg(test)]
mod tests;
