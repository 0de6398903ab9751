//! What changes while the server runs: settings, certificates, rules, the application; and how.

use std::{collections::BTreeSet, sync::Arc};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rialto_access::{Access, Changes, Throttle};
use rialto_config::{Difference, Settings, SlowConsumer, difference, needs_restart};
use rialto_domain::{AUDIT_TARGET, UnixMs};
use rialto_net::{CertificateFile, Certificates, Origins, Proxies};

use crate::{
    audit::{Act, act},
    certificates,
    connection_limits::ConnectionLimits,
    hub::Hub,
    reload_result::{LastReload, ReloadResult},
    settings_map,
    webhooks::Webhooks,
};

/// Sessions whose rights are renewed in one hold of the broker's lock.
const RENEWED_PER_ROUND_MAX: usize = 500;

/// Everything that a reload reaches.
pub(crate) struct ReloadableServer {
    pub(crate) hub: Arc<Hub>,
    settings: ArcSwap<Settings>,
    /// Those that the server started with.
    first_settings: Settings,
    reload_result: ReloadResult,
    limits: Arc<ArcSwap<ConnectionLimits>>,
    certificates: Arc<Certificates>,
    origins: Arc<Origins>,
    proxies: Arc<Proxies>,
    webhooks: Webhooks,
    /// Held while something changes, so that two changes do not mix.
    pub(crate) changing: Mutex<()>,
}

/// The parts of a server that live on through its reloads.
pub(crate) struct Parts {
    pub(crate) hub: Arc<Hub>,
    pub(crate) limits: Arc<ArcSwap<ConnectionLimits>>,
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) origins: Arc<Origins>,
    pub(crate) proxies: Arc<Proxies>,
    pub(crate) webhooks: Webhooks,
}

impl ReloadableServer {
    pub(crate) fn new(settings: Settings, parts: Parts) -> Self {
        let Parts { hub, limits, certificates, origins, proxies, webhooks } = parts;
        ReloadableServer {
            hub,
            settings: ArcSwap::from_pointee(settings.clone()),
            first_settings: settings,
            reload_result: ReloadResult::default(),
            limits,
            certificates,
            origins,
            proxies,
            webhooks,
            changing: Mutex::new(()),
        }
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    pub(crate) fn access(&self) -> &Arc<Access> {
        &self.hub.authorizer.access
    }

    pub(crate) fn webhooks(&self) -> &Webhooks {
        &self.webhooks
    }

    /// Takes up new settings, or the files that the present ones name once more.
    ///
    /// # Errors
    /// What is wrong; then nothing has changed.
    pub(crate) fn reload(&self, settings: Settings) -> Result<(), String> {
        let result = self.take_up(settings);
        self.note_reload(result.as_ref().err().map(String::as_str));
        result
    }

    /// Notes how a reload went, as far as it came.
    pub(crate) fn note_reload(&self, error: Option<&str>) {
        self.reload_result.note(self.hub.now().unix_ms, error);
    }

    /// Returns until when the server's certificate is valid, if it has one.
    pub(crate) fn certificate_ends(&self) -> Option<UnixMs> {
        self.certificates.end()
    }

    /// Returns how the last reload went.
    pub(crate) fn last_reload(&self) -> Option<LastReload> {
        self.reload_result.last()
    }

    /// Returns the keys of settings whose values wait for the next start.
    pub(crate) fn pending_settings(&self) -> BTreeSet<String> {
        let differences = difference(&self.first_settings, &self.settings());
        differences.into_iter().map(|it| it.key).filter(|key| needs_restart(key)).collect()
    }

    fn take_up(&self, settings: Settings) -> Result<(), String> {
        let _changing = self.changing.lock();
        let old = self.settings();
        let access = settings_map::access(&settings)?;
        let certificates = certificates::load(&settings.tls)?;
        let application = self.webhooks.prepare(&old.webhook, &settings.webhook)?;
        // The last that can fail, and it changes all or nothing.
        let changes = self.access().replace(access).map_err(|error| error.to_string())?;

        let renewed = self.certificates.replace(&certificates);
        self.origins.replace(settings.access.websocket_origins.clone());
        self.proxies.replace(settings_map::trusted_proxies(&settings.access));
        self.webhooks.take_up(application, &self.hub.authorizer);
        self.limits.store(Arc::new(settings_map::connection(&settings)));
        self.hub.memory.set_bytes_max(settings_map::waiting_bytes_max(&settings));
        self.hub.audit.events.want(&settings.events.publish);
        self.hub.set_close_slow(settings.delivery.slow_consumer == SlowConsumer::Close);
        if settings_map::throttle(&old) != settings_map::throttle(&settings) {
            self.hub.authorizer.replace_throttle(Throttle::new(settings_map::throttle(&settings)));
        }
        let reports = self.reports_session_ends();
        let broker_settings = settings_map::broker(&settings, 0, reports);
        self.hub.round(|broker| broker.reconfigure(broker_settings));
        let differences = difference(&old, &settings);
        self.settings.store(Arc::new(settings));
        self.renew_rights();
        // Last, so that whoever reads it can rely on it.
        log(&differences, &changes, &renewed);
        Ok(())
    }

    /// Holds all sessions to what their clients may do by now.
    pub(crate) fn renew_rights(&self) {
        let sessions = self.hub.round(|broker| broker.sessions());
        for some in sessions.chunks(RENEWED_PER_ROUND_MAX) {
            self.hub.round(|broker| {
                for &client in some {
                    broker.renew_rights(client);
                }
            });
        }
    }

    fn reports_session_ends(&self) -> bool {
        self.hub.authorizer.application().is_some()
    }
}

/// Tells the operator what is different now, and what will be after a restart.
fn log(differences: &[Difference], changes: &Changes, renewed: &[CertificateFile]) {
    for difference in differences {
        let setting = &difference.key;
        if needs_restart(setting) {
            tracing::warn!(
                target: AUDIT_TARGET,
                event = "settings-changed", setting, change = %difference,
                "a changed setting takes effect at the next start"
            );
        } else {
            tracing::info!(
                target: AUDIT_TARGET,
                event = "settings-changed", setting, change = %difference, "a setting was changed"
            );
        }
    }
    let Changes { added_users, removed_users, changed_users, changed_issuers } = changes;
    let users = [
        ("user-added", added_users),
        ("user-removed", removed_users),
        ("user-changed", changed_users),
    ];
    for (event, names) in users {
        for name in names {
            act(&Act { event, client: Some(name), ..Act::default() });
        }
    }
    for issuer in changed_issuers {
        act(&Act { event: "jwt-keys-changed", issuer: Some(issuer), ..Act::default() });
    }
    for &file in renewed {
        let setting = Some(certificates::setting(file));
        act(&Act { event: "certificate-renewed", setting, ..Act::default() });
    }
    let in_files = users.iter().map(|(_, names)| names.len()).sum::<usize>()
        + changed_issuers.len()
        + renewed.len();
    tracing::info!(
        target: AUDIT_TARGET,
        event = "reloaded",
        changes = differences.len() + in_files,
        "settings and the files they name were reloaded"
    );
}
