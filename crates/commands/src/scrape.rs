//! What `/metrics` of a running broker says, read.

use std::collections::BTreeMap;

/// The numbers of one scrape. A metric that the broker does not have, an older one perhaps, is 0 wherever it is
/// asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Scrape {
    /// By name and labels, as they are written.
    series: BTreeMap<String, f64>,
}

/// A histogram's counts: upper bounds, ascending, and how many are up to each.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Histogram(Vec<(f64, f64)>);

impl Scrape {
    /// Reads a page in Prometheus' text format; `None` if it is something else.
    pub(crate) fn parse(page: &str) -> Option<Self> {
        let lines = page.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let series = lines.map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            Some((series.to_owned(), value.parse().ok()?))
        });
        let scrape = Scrape { series: series.collect::<Option<_>>()? };
        // Every release has this one.
        scrape.label("rialto_build_info", "version").is_some().then_some(scrape)
    }

    /// Returns the sum over all series of a metric.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        self.of(name).map(|(_, value)| value).sum()
    }

    /// Returns the same in whole numbers.
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.sum(name) as u64
    }

    /// Returns the value of the series of a metric with this label.
    pub(crate) fn labelled(&self, name: &str, label: &str, word: &str) -> f64 {
        let series = self.of(name);
        let mut series = series.filter(|(labels, _)| value_of(labels, label) == Some(word));
        series.next().map_or(0.0, |(_, value)| value)
    }

    /// Returns what a label of a metric's first series says.
    pub(crate) fn label(&self, name: &str, label: &str) -> Option<&str> {
        self.of(name).find_map(|(labels, _)| value_of(labels, label))
    }

    /// Returns what a label says in each series of a metric, with its value.
    pub(crate) fn by_label<'s, 'n>(
        &'s self,
        name: &'n str,
        label: &'n str,
    ) -> impl Iterator<Item = (&'s str, f64)> + use<'s, 'n> {
        self.of(name).filter_map(move |(labels, value)| Some((value_of(labels, label)?, value)))
    }

    /// Returns a histogram, all its series together.
    pub(crate) fn histogram(&self, name: &str) -> Histogram {
        let buckets = format!("{name}_bucket");
        let mut counts: Vec<(f64, f64)> = Vec::new();
        for (bound, count) in self.by_label(&buckets, "le") {
            let Ok(bound) = bound.replace("+Inf", "inf").parse::<f64>() else { continue };
            match counts.iter_mut().find(|(it, _)| it.total_cmp(&bound).is_eq()) {
                Some((_, sum)) => *sum += count,
                None => counts.push((bound, count)),
            }
        }
        counts.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        Histogram(counts)
    }

    /// Returns each series of a metric: its labels as they are written, and its value.
    fn of<'s, 'n>(&'s self, name: &'n str) -> impl Iterator<Item = (&'s str, f64)> + use<'s, 'n> {
        let behind = self.series.range(name.to_owned()..);
        let same = behind.take_while(move |(series, _)| series.starts_with(name));
        same.filter_map(move |(series, value)| {
            let labels = series.strip_prefix(name)?;
            (labels.is_empty() || labels.starts_with('{')).then_some((labels, *value))
        })
    }
}

impl Histogram {
    /// Returns what was counted since an earlier one.
    pub(crate) fn since(&self, earlier: &Histogram) -> Histogram {
        let before = |bound: f64| {
            let same = earlier.0.iter().find(|(it, _)| it.total_cmp(&bound).is_eq());
            same.map_or(0.0, |(_, count)| *count)
        };
        let counts =
            self.0.iter().map(|(bound, count)| (*bound, (count - before(*bound)).max(0.0)));
        Histogram(counts.collect())
    }

    /// Returns the bound up to which such a part of all is, in the unit of the histogram; `None`
    /// where nothing was counted. Beyond the last bound it is the last.
    pub(crate) fn quantile(&self, part: f64) -> Option<f64> {
        let total = self.0.last().map(|(_, count)| *count).filter(|total| 0.0 < *total)?;
        let (bound, _) = self.0.iter().find(|(_, count)| total * part <= *count)?;
        let last = self.0.iter().rev().find(|(bound, _)| bound.is_finite());
        if bound.is_finite() { Some(*bound) } else { last.map(|(bound, _)| *bound) }
    }
}

/// Returns what a label says among labels as they are written, whose words hold nothing that is escaped.
fn value_of<'a>(labels: &'a str, label: &str) -> Option<&'a str> {
    let inner = labels.strip_prefix('{')?.strip_suffix('}')?;
    let mut pairs = inner.split("\",").filter_map(|pair| pair.split_once("=\""));
    let (_, value) = pairs.find(|(name, _)| *name == label)?;
    Some(value.strip_suffix('"').unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# HELP rialto_build_info The release that runs.\n\
        # TYPE rialto_build_info gauge\n\
        rialto_build_info{version=\"0.1.0\"} 1\n\
        rialto_published_total 7\n\
        rialto_published_totally 9\n\
        rialto_sent_packets_total{dialect=\"jmqt\",listener=\"a, b\"} 3\n\
        rialto_sent_packets_total{dialect=\"coremq\",listener=\"c\"} 4\n\
        rialto_x_seconds_sum 0.5\n\
        rialto_x_seconds_bucket{le=\"0.001\"} 2\n\
        rialto_x_seconds_bucket{le=\"0.002\"} 9\n\
        rialto_x_seconds_bucket{le=\"+Inf\"} 10\n";

    #[test]
    fn numbers_are_found_by_name_and_label() {
        let scrape = Scrape::parse(PAGE).unwrap();
        assert_eq!(scrape.count("rialto_published_total"), 7);
        assert_eq!(scrape.count("rialto_sent_packets_total"), 7);
        assert_eq!(scrape.labelled("rialto_sent_packets_total", "dialect", "coremq"), 4.0);
        assert_eq!(scrape.labelled("rialto_sent_packets_total", "listener", "a, b"), 3.0);
        assert_eq!(scrape.label("rialto_build_info", "version"), Some("0.1.0"));
        assert_eq!(scrape.count("rialto_unknown"), 0);
    }

    #[test]
    fn a_quantile_is_the_bound_below_which_so_many_are() {
        let scrape = Scrape::parse(PAGE).unwrap();
        let histogram = scrape.histogram("rialto_x_seconds");
        let quantiles = [0.2, 0.5, 0.9, 0.99].map(|part| histogram.quantile(part));
        assert_eq!(quantiles, [Some(0.001), Some(0.002), Some(0.002), Some(0.002)]);
        assert_eq!(histogram.since(&histogram).quantile(0.5), None);
        assert_eq!(Histogram::default().quantile(0.5), None);
    }

    #[test]
    fn what_is_no_page_of_metrics_is_none() {
        assert_eq!(Scrape::parse("<html>hello</html>"), None);
        assert_eq!(Scrape::parse("other_metric 1\n"), None);
        assert_eq!(Scrape::parse(""), None);
    }
}
