//! The settings in force, by HTTP.

use std::{collections::BTreeSet, sync::Arc};

use axum::extract::State;
use rialto_config::{ListedSetting, digest, list};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    large::{Large, Lender},
    problem::Problem,
};
use crate::{asked::Asked, reload_result::LastReload};

/// About what a setting takes in the answer, its value included.
const SETTING_BYTES: usize = 320;

/// The settings in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConfigurationJson {
    /// 16 digits that are the same wherever all settings are, secrets left out.
    digest: String,
    /// How the last reload went; absent if there was none since the start.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_reload: Option<ReloadJson>,
    settings: Vec<SettingJson>,
}

/// How a reload of the settings, or of the files that they name, went.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReloadJson {
    /// When it was, in milliseconds since 1970.
    at_ms: u64,
    /// Whether all was taken up; otherwise everything stays as it was.
    succeeded: bool,
    /// What was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A setting.
#[derive(Serialize, ToSchema)]
pub(crate) struct SettingJson {
    /// Its key, with its section before it.
    key: String,
    /// Its value: a text, a number, a truth value or a list. Of a secret only `set` or `not set`.
    #[schema(value_type = Value)]
    value: Value,
    /// What it is if nobody says anything; absent where it has to be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    default: Option<Value>,
    /// Whether the value is another than the default.
    changed: bool,
    /// Who said so: the defaults, a file with line and column, an environment variable or a flag.
    source: String,
    /// Whether a changed value is taken up while the server runs, by a reload.
    reload: bool,
    /// Whether this value waits for the next start.
    pending: bool,
}

impl From<LastReload> for ReloadJson {
    fn from(LastReload { at_ms, error }: LastReload) -> Self {
        ReloadJson { at_ms, succeeded: error.is_none(), error }
    }
}

impl SettingJson {
    fn new(listed: ListedSetting, pending: &BTreeSet<String>) -> Self {
        let ListedSetting { key, value, default, source, needs_restart } = listed;
        let json = |value| serde_json::to_value(value).unwrap_or_default();
        SettingJson {
            changed: default.as_ref() != Some(&value),
            value: json(value),
            default: default.map(json),
            source: source.to_string(),
            reload: !needs_restart,
            pending: pending.contains(&key),
            key,
        }
    }
}

/// Reads the settings in force
///
/// Each with its default, and who said so. Of secrets it is told only whether they are set.
#[utoipa::path(
    get, path = "/v1/configuration", operation_id = "configuration", tag = "server",
    responses(
        (status = 200, description = "The settings, in the order of the default file", body = ConfigurationJson),
        (status = 503, description = "There is no room for a large answer now"),
    )
)]
pub(crate) async fn configuration(
    State(asked): State<Arc<Asked>>,
    lender: Lender,
) -> Result<Large<ConfigurationJson>, Problem> {
    let settings = asked.handle.settings();
    let listed = list(&settings);
    let lent = lender.lend(SETTING_BYTES * listed.len()).await?;
    let pending = asked.handle.pending_settings();
    let settings_json = listed.into_iter().map(|it| SettingJson::new(it, &pending)).collect();
    Ok(Large(
        lent,
        ConfigurationJson {
            digest: digest(&settings),
            last_reload: asked.handle.last_reload().map(ReloadJson::from),
            settings: settings_json,
        },
    ))
}
