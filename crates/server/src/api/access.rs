//! What a client may do, and why, by HTTP.

use std::{net::SocketAddr, sync::Arc};

use axum::{Extension, Json, extract::State};
use rialto_access::{DecidedBy, Explanation, RuleStep};
use rialto_config::{AccessAction, Origin, Settings};
use rialto_domain::Reject;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{problem::Problem, take::Body};
use crate::{
    asked::Asked,
    inquiry::{Inquiry, Word},
};

/// What is asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessQuestion {
    /// Who wants it. Of one that is connected its real groups, claims and rights count, of another those that the
    /// settings and the users' file give it.
    client: String,
    action: ActionWord,
    /// The channel, with its mark: `#client` for a message to one client, `$name` for a control channel.
    channel: String,
    /// Whether the application is asked as well, as if the client did it now, with the payload `null`.
    #[serde(default)]
    ask_application: bool,
}

/// What a client wants to do.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ActionWord {
    Publish,
    Subscribe,
    Control,
    P2p,
    History,
}

/// What would be decided, and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccessAnswer {
    allowed: bool,
    /// `rule`, `token` (the rights in it), `unmatched` (no rule fits), `no-rules`, `ban` or `application`.
    by: &'static str,
    /// The rule that decides: its number, from 1, and its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// Where that rule is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// The decision in a sentence.
    text: String,
    /// The rules up to the one that decides, in their order.
    steps: Vec<StepJson>,
    /// Whether the client is connected.
    connected: bool,
    /// The groups that counted.
    groups: Vec<String>,
    /// What the application says: `none` (it is not asked about this), `not-asked`, `allowed` or `refused`.
    application: &'static str,
}

/// A rule, and whether it fits.
#[derive(Serialize, ToSchema)]
pub(crate) struct StepJson {
    /// Its number, from 1, and its name.
    rule: String,
    /// Where it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    fits: bool,
    /// What it does, or why it does not fit.
    why: String,
}

impl ActionWord {
    /// Returns what the broker takes it for: a publish to a marked channel is another action.
    fn on(self, channel: &str) -> AccessAction {
        match (self, channel.chars().next()) {
            (ActionWord::Publish, Some('#')) | (ActionWord::P2p, _) => AccessAction::P2p,
            (ActionWord::Publish, Some('$')) | (ActionWord::Control, _) => AccessAction::Control,
            (ActionWord::Publish, _) => AccessAction::Publish,
            (ActionWord::Subscribe, _) => AccessAction::Subscribe,
            (ActionWord::History, _) => AccessAction::History,
        }
    }
}

impl StepJson {
    fn new(step: RuleStep, settings: &Settings) -> Self {
        let RuleStep { number, name, fits, why } = step;
        let source = source_of(settings, number);
        StepJson { rule: called(number, name.as_deref()), source, fits, why }
    }
}

fn called(number: usize, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{number} {name}"),
        None => number.to_string(),
    }
}

/// Returns where a rule is written, where that is known.
fn source_of(settings: &Settings, number: usize) -> Option<String> {
    let of = |key: &str| Some(settings.provenance.of(key)).filter(|it| **it != Origin::Default);
    let entry = of(&format!("access.rules[{}]", number.saturating_sub(1)));
    entry.or_else(|| of("access.rules")).map(ToString::to_string)
}

/// Tries out what a client may do
///
/// Nothing is done, and nothing is refused by it.
#[utoipa::path(
    post, path = "/v1/access/test", operation_id = "test_access", tag = "server", request_body = AccessQuestion,
    responses((status = 200, description = "What would be decided", body = AccessAnswer))
)]
pub(crate) async fn test(
    State(asked): State<Arc<Asked>>,
    Extension(address): Extension<SocketAddr>,
    Body(question): Body<AccessQuestion>,
) -> Result<Json<AccessAnswer>, Problem> {
    let AccessQuestion { client, action, channel, ask_application } = question;
    let inquiry = Inquiry::new(&asked, &client, address);
    let action = action.on(&channel);
    let (explanation, steps) = inquiry.explain(action, &channel);
    let word = inquiry.ask_application(&explanation, (action, &channel), ask_application).await;
    let settings = asked.handle.settings();
    let (by, rule) = match &explanation.by {
        DecidedBy::Rule { number, name } => ("rule", Some((*number, name.as_deref()))),
        DecidedBy::Token => ("token", None),
        DecidedBy::Unmatched => ("unmatched", None),
        DecidedBy::NoRules => ("no-rules", None),
    };
    let Explanation { is_allowed, text, .. } = &explanation;
    let answer = AccessAnswer {
        allowed: *is_allowed,
        by,
        rule: rule.map(|(number, name)| called(number, name)),
        source: rule.and_then(|(number, _)| source_of(&settings, number)),
        text: text.clone(),
        steps: steps.into_iter().map(|step| StepJson::new(step, &settings)).collect(),
        connected: inquiry.is_connected(),
        groups: inquiry.groups().into_iter().collect(),
        application: word.as_str(),
    };
    Ok(Json(match (inquiry.ban(), &word) {
        (Some(text), _) => refused_by(answer, "ban", text),
        (None, Word::Refused(reject)) => refused_by(answer, "application", said(reject)),
        (None, _) => answer,
    }))
}

fn refused_by(answer: AccessAnswer, by: &'static str, text: String) -> AccessAnswer {
    AccessAnswer { allowed: false, by, rule: None, source: None, text, ..answer }
}

fn said(reject: &Reject) -> String {
    format!("not allowed: the application says: {reject}")
}
