//! What commands that list something of a running broker have in common.

use std::num::NonZeroUsize;

use rialto_client::shown::json_line;
use serde_json::Value;
use wildmatch::WildMatch;

use crate::amount::rate;
use crate::api::{Api, List};
use crate::exit::{Exit, Failure};
use crate::format::{Format, FormatArgs};
use crate::output::{print_json_lines, print_lines, talk};
use crate::table::Table;

/// Which entries of a list to print, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Only names that fit this pattern, in which * stands for anything and ? for one character
    #[arg(long = "match", value_name = "PATTERN")]
    pattern: Option<String>,
    /// Begin with the largest of a number; the list is then as the broker sorts it
    #[arg(long, value_name = "NUMBER")]
    sort: Option<String>,
    /// The other way round: the smallest number first, or names downwards
    #[arg(long)]
    reverse: bool,
    /// Print this many at most
    #[arg(long, short = 'n', value_name = "COUNT")]
    limit: Option<NonZeroUsize>,
    #[command(flatten)]
    format: FormatArgs,
}

impl ListArgs {
    /// Prints the entries that fit and that `is_wanted`, as a table of the rows that `row` makes, under
    /// a heading if there is one.
    /// JSON is printed as it comes, a table once its widths are known.
    pub(crate) async fn print<const COLUMNS: usize>(
        &self,
        api: &Api,
        (list, query): (List, &[(&str, &str)]),
        is_wanted: impl Fn(&Value) -> bool,
        (heading, row): (Option<[&str; COLUMNS]>, impl Fn(&Value) -> [String; COLUMNS]),
    ) -> Result<(), Failure> {
        let pattern = self.pattern.as_deref().map(WildMatch::new);
        let query = [query, &self.query(list)?].concat();
        let fits = |entry: &Value| {
            let name = entry[list.key()].as_str().unwrap_or_default();
            pattern.as_ref().is_none_or(|pattern| pattern.matches(name))
        };
        let most = self.limit.map_or(usize::MAX, NonZeroUsize::get);
        let mut count = 0;
        let mut table = heading.map_or_else(Table::plain, Table::under);
        api.list(list, &query, |entry| {
            if fits(&entry) && is_wanted(&entry) {
                count += 1;
                match self.format.get() {
                    Format::Json => print_json_lines([entry.to_string()])?,
                    Format::Text => table.push(row(&entry)),
                }
            }
            Ok(count < most)
        })
        .await?;
        match (self.format.get(), count) {
            (_, 0) => talk("there are none"),
            (Format::Json, _) => {}
            (Format::Text, _) => print_lines(table.into_lines())?,
        }
        Ok(())
    }

    /// Returns what the broker is asked besides.
    fn query(&self, list: List) -> Result<Vec<(&str, &str)>, Failure> {
        let mut query = Vec::new();
        if !list.has_pages() {
            if self.sort.is_some() || self.reverse {
                let text =
                    "this list cannot be sorted: it is short, and in the order of its entries";
                return Err(Failure::new(Exit::Usage, text));
            }
            return Ok(query);
        }
        query.extend(self.sort.as_deref().map(|sort| ("sort", sort)));
        if self.reverse {
            query.push(("order", if self.sort.is_some() { "asc" } else { "desc" }));
        }
        // What stands before the first sign of a pattern the broker can look for.
        let prefix = self.pattern.as_deref().and_then(|it| it.split(['*', '?']).next());
        query.extend(prefix.filter(|it| !it.is_empty()).map(|prefix| ("prefix", prefix)));
        Ok(query)
    }
}

/// Returns a rate of an entry as a cell.
pub(crate) fn per_second(value: &Value) -> String {
    value.as_f64().map_or_else(|| "-".to_owned(), rate)
}

/// Returns a number of an entry as a cell.
pub(crate) fn number(value: &Value) -> String {
    value.as_u64().map_or_else(|| "-".to_owned(), |number| number.to_string())
}

/// Returns a payload on one line, as it is written.
pub(crate) fn payload(payload: &serde_json::value::RawValue) -> String {
    json_line(payload.get()).into_owned()
}
