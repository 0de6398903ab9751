//! The dialogues of `spec/dialogues`, played with the client of one language.
//!
//! A *runner*, a process in that language, carries out what a scenario says and tells what happens;
//! the harness is its server, or stands between it and a real broker. Files and runner protocol are
//! described in `spec/dialogues/README.md`.

mod arrival;
mod connection;
mod doorway;
mod expectation;
mod framing;
mod link;
mod play;
mod proxy;
mod runner;
mod scenario;
mod scene;
mod serving;
mod stage;
mod wire;

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, Instant},
};

use serde_json::Value;

use arrival::Arrival;
use play::Play;
use runner::Runner;
use scenario::{Scenario, Side, transport_named, words_of};
use scene::Scene;
use stage::Stage;

use crate::Transport;

/// How long a scenario may take before it fails.
const SCENARIO_TIME: Duration = Duration::from_secs(120);
/// How long any one thing may take; long, because test machines are busy.
const STEP_TIME: Duration = Duration::from_secs(30);

/// All scenarios, for the client behind one runner.
#[derive(Debug, Clone)]
pub struct Suite {
    runner: Vec<String>,
    rialto: Option<PathBuf>,
    carriers: Vec<Transport>,
    only: Vec<String>,
    has_trace: bool,
}

/// How one scenario went over one carrier.
#[derive(Debug)]
pub struct Outcome {
    /// The scenario, its carrier and who was the server.
    pub name: String,
    /// How long it took.
    pub time: Duration,
    /// What happened to it.
    pub verdict: Verdict,
}

/// What happened to a scenario.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything came as it says.
    Passed,
    /// The client lacks what it needs.
    LeftOut(String),
    /// Something else came; which step, and what.
    Failed(String),
}

impl Suite {
    /// Plays all scenarios over all carriers with the runner that `runner` starts.
    #[must_use]
    pub fn with(runner: &[&str]) -> Self {
        Suite {
            runner: runner.iter().map(|&word| word.to_owned()).collect(),
            rialto: None,
            carriers: Transport::ALL.to_vec(),
            only: Vec::new(),
            has_trace: false,
        }
    }

    /// Has the binary at `program` for scenarios with a real broker, which are left out otherwise.
    #[must_use]
    pub fn broker(mut self, program: impl Into<PathBuf>) -> Self {
        self.rialto = Some(program.into());
        self
    }

    /// Plays over one carrier only, if there is one that scenarios call so.
    #[must_use]
    pub fn over(mut self, carrier: &str) -> Option<Self> {
        self.carriers = vec![transport_named(carrier)?];
        Some(self)
    }

    /// Plays scenarios with this in their names only; may be given several times.
    #[must_use]
    pub fn only(mut self, part: &str) -> Self {
        self.only.push(part.to_owned());
        self
    }

    /// Writes each step and all that comes to standard error.
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.has_trace = true;
        self
    }

    /// Plays; tells `each` how each scenario went as soon as it is over.
    ///
    /// # Errors
    /// When the scenarios cannot be read or the runner cannot be started.
    pub fn run(&self, mut each: impl FnMut(&Outcome)) -> Result<Vec<Outcome>, String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/dialogues");
        let mut scenarios = Scenario::read_all(&folder)?;
        scenarios.retain(|scenario| {
            self.only.is_empty() || self.only.iter().any(|part| scenario.name.contains(part))
        });
        let mut outcomes = Vec::new();
        for carrier in &self.carriers {
            self.run_over(*carrier, &scenarios, &mut |outcome| {
                each(&outcome);
                outcomes.push(outcome);
            })?;
        }
        Ok(outcomes)
    }

    fn run_over(
        &self,
        carrier: Transport,
        scenarios: &[Scenario],
        each: &mut dyn FnMut(Outcome),
    ) -> Result<(), String> {
        let mut company: Option<Company> = None;
        for scenario in scenarios.iter().filter(|it| it.carriers.contains(&carrier)) {
            for side in &scenario.sides {
                let now = match company.take() {
                    Some(company) => company,
                    None => Company::start(&self.runner)?,
                };
                let started = Instant::now();
                let (verdict, company_after) = self.play(now, scenario, *side, carrier);
                company = company_after;
                let server = if *side == Side::Broker { "a broker" } else { "a script" };
                let (carrier, _) = words_of(carrier);
                let name = format!("{} over {carrier} with {server}", scenario.name);
                each(Outcome { name, time: started.elapsed(), verdict });
            }
        }
        Ok(())
    }

    /// Plays one scenario; the runner goes on with the next one if all went well.
    fn play(
        &self,
        mut company: Company,
        scenario: &Scenario,
        side: Side,
        carrier: Transport,
    ) -> (Verdict, Option<Company>) {
        if let Some(need) = company.lacks(scenario, carrier) {
            let why = format!("the client cannot {need}");
            return (Verdict::LeftOut(why), Some(company));
        }
        if side == Side::Broker && self.rialto.is_none() {
            return (Verdict::LeftOut("no broker was named".to_owned()), Some(company));
        }
        let (rialto, arrivals) = (self.rialto.as_deref(), &company.sender);
        let stage = match Stage::set(scenario, side, carrier, rialto, arrivals) {
            Ok(stage) => stage,
            Err(error) => return (Verdict::Failed(error.to_string()), Some(company)),
        };
        let bounds = ((Instant::now() + SCENARIO_TIME, STEP_TIME), self.has_trace);
        let arrivals = &company.receiver;
        let played =
            Play::new(scenario, carrier, stage, &mut company.runner, arrivals, bounds).run();
        let complaints = company.runner.complaints();
        match played {
            Ok(()) => (Verdict::Passed, Some(company)),
            Err(why) if complaints.is_empty() => (Verdict::Failed(why), None),
            Err(why) => (Verdict::Failed(format!("{why}\nthe runner wrote:\n{complaints}")), None),
        }
    }
}

/// A runner that said who it is, and what comes from it.
struct Company {
    runner: Runner,
    about: Value,
    sender: mpsc::Sender<Arrival>,
    receiver: mpsc::Receiver<Arrival>,
}

impl Company {
    fn start(command: &[String]) -> Result<Self, String> {
        let (sender, receiver) = mpsc::channel();
        let runner = Runner::start(command, &sender)
            .map_err(|error| format!("{} cannot be started: {error}", command.join(" ")))?;
        let mut scene =
            Scene::new(&receiver, (Instant::now() + SCENARIO_TIME, SCENARIO_TIME), false, false);
        let about = scene.wait("the runner's first line", |scene| scene.runner.take());
        let about = about.map_err(|why| format!("{why}\n{}", runner.complaints()))?;
        Ok(Company { runner, about, sender, receiver })
    }

    /// Returns what the scenario needs and this client lacks over this carrier.
    fn lacks(&self, scenario: &Scenario, carrier: Transport) -> Option<String> {
        let lacks = &self.about["lacks"][words_of(carrier).0];
        let lacks: Vec<_> = lacks.as_array().into_iter().flatten().collect();
        scenario.needs.iter().find(|need| lacks.iter().any(|it| *it == need.as_str())).cloned()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { name, time, verdict } = self;
        match verdict {
            Verdict::Passed => write!(f, "passed    {:6.2} s  {name}", time.as_secs_f32()),
            Verdict::LeftOut(why) => write!(f, "left out            {name}: {why}"),
            Verdict::Failed(why) => {
                write!(f, "FAILED    {:6.2} s  {name}\n    {why}", time.as_secs_f32())
            }
        }
    }
}
