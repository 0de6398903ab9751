//! The medians of a task, as a table in Markdown.

use std::fmt;

use rialto_bench::outcome::median;
use rialto_bench::report::rate;
use rialto_bench::kind::Kind;

use crate::meter::Figures;
use crate::task::Entry;

/// One run.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Against which server, and so with which client.
    pub kind: Kind,
    /// What came of it.
    pub figures: Figures,
}

/// What came of one task.
pub struct Table<'a> {
    /// The task.
    pub entry: &'a Entry,
    /// All its runs.
    pub samples: &'a [Sample],
}

impl Table<'_> {
    fn median(&self, kind: Kind, value: impl Fn(&Figures) -> f64) -> f64 {
        let its = self.samples.iter().filter(|sample| sample.kind == kind);
        median(its.map(|sample| value(&sample.figures)).collect()).unwrap_or_default()
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}: {}\n", self.entry.name, self.entry.title)?;
        writeln!(f, "| server | per second | client CPU µs each | rate of Rialto's, to it | CPU of Rialto's, to it |")?;
        writeln!(f, "|---|---|---|---|---|")?;
        let [our_rate, our_cpu] =
            [self.median(Kind::Rialto, |it| it.rate), self.median(Kind::Rialto, |it| it.cpu_us)];
        for &kind in self.entry.servers {
            let its_rate = self.median(kind, |it| it.rate);
            let its_cpu = self.median(kind, |it| it.cpu_us);
            let (name, shown) = (kind.name(), rate(its_rate));
            let (rates, cpus) = (our_rate / its_rate, our_cpu / its_cpu);
            writeln!(f, "| {name} | {shown} | {its_cpu:.2} | {rates:.2} | {cpus:.2} |")?;
        }
        Ok(())
    }
}
