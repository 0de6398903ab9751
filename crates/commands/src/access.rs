//! `rialto access`: what the rules would decide.

mod report;

use rialto_config::AccessAction;
use rialto_server::AccessTrial;
use serde_json::{Map, Value};

use crate::exit::{Exit, Failure};
use crate::format::FormatArgs;
use crate::output::{print_json_lines, print_lines};
use crate::serve::SettingsArgs;

use report::{Decision, Report};

const EXAMPLES: &str = "\
This command evaluates the access rules of the settings, with the groups that the settings and the
users file give the client and those that are given here. It makes no connection, and asks no
application (webhook), which may still refuse what the rules allow.

Exit codes: 0 if all is allowed, 1 if something is denied, 2 for wrong arguments or settings.

Examples:
  rialto access test --config rialto.toml --client pump-7 --publish pumps/7/pressure
  rialto access test --client ada --group staff --subscribe news --control stats --p2p bob
  rialto access test --client ada --claim tenant=acme --history acme/log --format json";

/// Test access rules.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Test(TestArgs),
}

/// Test what a client would be allowed to do, and by which rule
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TestArgs {
    /// Client id to ask for
    #[arg(long, value_name = "ID")]
    client: String,
    /// Group the client belongs to. May be repeated
    #[arg(long, value_name = "GROUP")]
    group: Vec<String>,
    /// Claim of the client's JWT. May be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    claim: Vec<String>,
    #[command(flatten)]
    questions: Questions,
    #[command(flatten)]
    format: FormatArgs,
    #[command(flatten)]
    settings: SettingsArgs,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Questions {
    /// May it publish to this channel? May be repeated, as all of these
    #[arg(long, value_name = "CHANNEL")]
    publish: Vec<String>,
    /// May it subscribe to this channel?
    #[arg(long, value_name = "CHANNEL")]
    subscribe: Vec<String>,
    /// May it ask this control channel? With or without its $
    #[arg(long, value_name = "CHANNEL")]
    control: Vec<String>,
    /// May it send to this client? With or without the # of its channel
    #[arg(long, value_name = "CLIENT")]
    p2p: Vec<String>,
    /// May it read the history of this channel?
    #[arg(long, value_name = "CHANNEL")]
    history: Vec<String>,
}

pub(crate) fn run(Command::Test(args): &Command) -> Result<(), Failure> {
    let settings = args.settings.settings()?;
    let claims = args.claim.iter().map(|text| claim(text)).collect::<Result<Map<_, _>, _>>()?;
    let trial = AccessTrial::new(&settings, &args.client, &args.group, claims)
        .map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    let decisions = args.questions.all().into_iter().map(|(action, channel)| {
        let explanation = trial.explain(action, &channel);
        Decision { action, channel, explanation }
    });
    let report = Report {
        client: &args.client,
        groups: trial.identity().groups(),
        subscriptions: trial.subscriptions(),
        decisions: decisions.collect(),
    };
    if args.format.is_json() {
        print_json_lines([report.to_json()])?;
    } else {
        print_lines(report.to_lines())?;
    }
    // All is said already.
    if report.is_all_allowed() { Ok(()) } else { Err(Failure::new(Exit::Failed, "")) }
}

impl Questions {
    /// Returns them with the names that the broker would see.
    fn all(&self) -> Vec<(AccessAction, String)> {
        let kinds = [
            (AccessAction::Publish, "", &self.publish),
            (AccessAction::Subscribe, "", &self.subscribe),
            (AccessAction::Control, "$", &self.control),
            (AccessAction::P2p, "#", &self.p2p),
            (AccessAction::History, "", &self.history),
        ];
        let of_kind = |(action, mark, names): (AccessAction, &str, &Vec<String>)| {
            let marked = |name: &String| match name.starts_with(mark) {
                true => (action, name.clone()),
                false => (action, format!("{mark}{name}")),
            };
            names.iter().map(marked).map(as_the_broker).collect::<Vec<_>>()
        };
        kinds.into_iter().flat_map(of_kind).collect()
    }
}

/// A publish to a marked channel is another action to the broker.
fn as_the_broker((action, channel): (AccessAction, String)) -> (AccessAction, String) {
    match (action, channel.chars().next()) {
        (AccessAction::Publish, Some('#')) => (AccessAction::P2p, channel),
        (AccessAction::Publish, Some('$')) => (AccessAction::Control, channel),
        _ => (action, channel),
    }
}

fn claim(text: &str) -> Result<(String, Value), Failure> {
    let (name, value) =
        text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("--claim {text}: write it as NAME=VALUE"))
        })?;
    Ok((name.to_owned(), Value::from(value)))
}
