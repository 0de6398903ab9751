//! Measures what rules cost a publish, in the real broker, with an encoder that writes next to nothing:
//!
//! ```text
//! cargo run --release -p rialto-access --example rule_cost
//! ```
//!
//! Prints a line for each case: nanoseconds a publish without rules, with 100 rules of which the last one
//! allows it, and the difference. Each figure is the median of several repetitions.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::{
    collections::BTreeSet,
    error::Error,
    time::{Duration, Instant},
};

use rialto_access::{
    Access, Effect, Identity, Mode, Replicants, Revocations, Rule, Settings, SigningKey, Users, Who,
};
use rialto_broker::{
    Answer, Broker, Command, CommandAnswer, Connect, ConnectionKey, ConnectionProfile, Encoder,
    Format, Issuer, Mark, Now, Publish, SessionOpened, Source,
};
use rialto_domain::{Action, Admission, ChannelName, ClientId, PacketId, Qos};

const RULE_COUNT: usize = 100;
const REPETITION_COUNT: usize = 21;
const ROUND_COUNT: usize = 2000;

/// As many as the server takes in one round.
const PUBLISHES_A_ROUND: usize = 256;

const PAYLOAD: &[u8] = br#"{"temperature":21.5,"unit":"C"}"#;

/// A dialect of as few bytes as possible, so that what is measured is the broker.
struct NextToNothing;

impl Encoder for NextToNothing {
    type Envelope = ();
    type Outgoing = ();

    fn envelope(&self, _: Format, _: &ChannelName, _: Source<'_>) -> Self::Envelope {}

    fn delivery(&self, (): &mut (), payload: &[u8], _: Mark, out: &mut Vec<u8>) {
        out.extend_from_slice(payload);
    }

    fn address(&self, _: Format, (): &mut (), shared: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(shared);
    }

    fn resolve(&self, _: Format, (): &mut (), _: &str) -> Option<PacketId> {
        None
    }

    fn session_opened(&self, _: Format, _: SessionOpened, _: &mut Vec<u8>) {}

    fn ping(&self, _: Format, _: &mut Vec<u8>) {}

    fn command_answer(&self, _: Format, _: &CommandAnswer<'_>, out: &mut Vec<u8>) {
        out.push(b'\n');
    }
}

/// A broker with one client that publishes and one that is subscribed to all it publishes to.
struct Bench {
    broker: Broker<NextToNothing>,
    publisher: ConnectionKey,
    channels: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("channels                      no rules   {RULE_COUNT} rules  difference");
    for (label, count) in [("one", 1), ("two, in turn", 2), ("100, in turn", 100)] {
        let channels = (0..count).map(|number| format!("sensors/99/{number}"));
        let channels = channels.collect::<Vec<_>>();
        let free = admission(Vec::new())?;
        let ruled = admission((0..RULE_COUNT).map(rule).collect())?;
        let (without, with) = medians(&channels, &free, &ruled);
        let difference = with - without;
        println!("{label:<26} {without:8.0} ns {with:8.0} ns {difference:8.0} ns");
    }
    Ok(())
}

/// Returns a rule for the sensors of one number: only that of the last fits what is published.
fn rule(number: usize) -> Rule {
    Rule {
        name: None,
        who: Who::default(),
        effect: Effect::Allow,
        actions: BTreeSet::from([Action::Publish]),
        channels: vec![format!("sensors/{number}/*")],
    }
}

fn admission(rules: Vec<Rule>) -> Result<Admission, Box<dyn Error>> {
    let settings = Settings {
        mode: Mode::Open,
        token_lifetime: Duration::from_secs(3600),
        presets: Vec::new(),
        client_id_bytes_max: 255,
        users: Users::default(),
        rules,
        unmatched: Effect::Deny,
        subscribe: Vec::new(),
        issuers: Vec::new(),
        accepts_certificates: false,
        replicants: Replicants::default(),
    };
    let access = Access::new(settings, SigningKey::random()?, Revocations::in_memory())?;
    Ok(access.admission(Identity::of_application("publisher", BTreeSet::new()).into()))
}

/// Measures both in turn, so that what else the machine does meets both.
fn medians(channels: &[String], free: &Admission, ruled: &Admission) -> (f64, f64) {
    let mut benches = [free, ruled].map(|admission| Bench::new(channels.to_vec(), admission));
    let mut figures = [Vec::new(), Vec::new()];
    for _ in 0..REPETITION_COUNT {
        for (bench, figures) in benches.iter_mut().zip(&mut figures) {
            figures.push(bench.measure());
        }
    }
    let [without, with] = figures.map(median);
    (without, with)
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

impl Bench {
    fn new(channels: Vec<String>, admission: &Admission) -> Self {
        let (settings, started) = (rialto_broker::Settings::default(), Now::default());
        let mut broker = Broker::new(NextToNothing, settings, Default::default(), started);
        let listener = broker.open(ConnectionProfile::plain(Format(0)));
        let all_in_memory = "nothing is stored elsewhere";
        let id = ClientId::from("listener".to_owned());
        broker
            .connect(listener, &Connect::stored(&id, &Admission::default()))
            .expect(all_in_memory);
        for channel in &channels {
            let subscribe = Command::Subscribe { channel, persistent: false };
            _ = broker.command(Issuer::Client(listener), &subscribe, Answer::To(None));
        }
        let publisher = broker.open(ConnectionProfile::plain(Format(0)));
        let id = ClientId::from("publisher".to_owned());
        broker.connect(publisher, &Connect::stored(&id, admission)).expect(all_in_memory);
        drop(broker.take_effects());
        Bench { broker, publisher, channels }
    }

    /// Returns the nanoseconds that one publish took.
    fn measure(&mut self) -> f64 {
        let started = Instant::now();
        for _ in 0..ROUND_COUNT {
            self.play_round();
        }
        let took = started.elapsed().as_secs_f64() * 1e9;
        assert_eq!(self.broker.stats().rejected, 0, "a publish was refused");
        took / (ROUND_COUNT * PUBLISHES_A_ROUND) as f64
    }

    fn play_round(&mut self) {
        self.broker.begin_round(Now::default());
        for channel in self.channels.iter().cycle().take(PUBLISHES_A_ROUND) {
            let publish =
                Publish { channel, payload: PAYLOAD, qos: Qos::AtMostOnce, retain: false };
            let publish = Command::Publish(&publish);
            _ = self.broker.command(Issuer::Client(self.publisher), &publish, Answer::To(None));
        }
        drop(self.broker.take_effects());
    }
}
