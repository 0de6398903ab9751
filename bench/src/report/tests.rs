use super::*;
use crate::workload::WORKLOADS;

fn sample(kind: Kind, repetition: usize, rate: f64) -> Sample {
    let outcome = Outcome { rate: Some(rate), seconds: 1.0, ..Outcome::default() };
    Sample { workload: &WORKLOADS[0], kind, repetition, outcome }
}

#[test]
fn ratio_is_the_median_of_pairs_not_the_ratio_of_medians() {
    let samples = [
        sample(Kind::Rialto, 1, 100.0),
        sample(Kind::Nats, 1, 50.0),
        sample(Kind::Nats, 2, 10.0),
        sample(Kind::Rialto, 2, 30.0),
        sample(Kind::Rialto, 3, 10.0),
        sample(Kind::Nats, 3, 20.0),
        sample(Kind::Rialto, 4, 10.0),
    ];
    let summary = Summary::new(&WORKLOADS[0], &samples);
    assert_eq!(summary.ratio(|it| it.rate), Some(2.0));
    assert_eq!(summary.median(Kind::Rialto, |it| it.rate), Some(20.0));
    assert_eq!(summary.ratio(|it| it.cpu_us), None);
}

#[test]
fn table_has_a_column_for_what_was_measured_only() {
    let samples = [sample(Kind::Rialto, 1, 3e6), sample(Kind::Nats, 1, 2e6)];
    let mut out = Vec::new();
    Summary::new(&WORKLOADS[0], &samples).print(&mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "
w1: 1 publisher, 1 subscriber (deliveries/s)
              per second       run s
  rialto          3.00 M        1.00
  nats            2.00 M        1.00
  ratio             1.50           -
  ratio of rates, each repetition: 1.50
"
    );
}
