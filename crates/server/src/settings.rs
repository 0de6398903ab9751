//! The configuration's words in the words of the parts.

use std::{sync::Arc, time::Duration};

use rialto_broker::LogLimits;
use rialto_config::{AccessMode, Durability, LogFull, Settings, StoreKind};
use rialto_store::{SqliteSettings, StoreSettings};
use rialto_wire::jmqt::DecodeLimits;

use crate::connection::ConnectionLimits;

pub(crate) fn broker(settings: &Settings) -> rialto_broker::Settings {
    let store = &settings.store;
    rialto_broker::Settings {
        echo: settings.delivery.echo,
        heartbeat_timeout: settings.session.heartbeat_timeout.get(),
        authenticate_timeout: settings.limits.authenticate_timeout.get(),
        subscriptions_max: settings.limits.subscriptions_max,
        packet_bytes_max: settings.limits.packet_bytes_max.as_usize(),
        json_depth_max: settings.limits.json_depth_max,
        channel_name_bytes_max: settings.limits.channel_name_bytes_max,
        unacknowledged_max: u32::try_from(settings.limits.unacknowledged_max).unwrap_or(u32::MAX),
        // Half of the outbox: the other half is for what comes besides.
        window_bytes_max: settings.limits.outbox_bytes_max.as_usize() / 2,
        log: LogLimits {
            messages_max: store.log_messages_max,
            bytes_max: store.log_bytes_max.nonzero().unwrap_or(0),
            age_max: store.log_age_max.nonzero().unwrap_or(Duration::ZERO),
            drop_oldest: store.log_full == LogFull::DropOldest,
        },
        forget_after: settings.session.forget_after.get(),
    }
}

pub(crate) fn store(settings: &Settings) -> StoreSettings {
    match settings.store.kind {
        StoreKind::Memory => StoreSettings::Memory,
        StoreKind::Sqlite => StoreSettings::Sqlite {
            directory: settings.server.data_dir.clone(),
            settings: SqliteSettings {
                durability: match settings.store.durability {
                    Durability::Fsync => rialto_store::Durability::Fsync,
                    Durability::Os => rialto_store::Durability::Os,
                },
                bytes_max: settings.store.bytes_max.nonzero(),
                ..SqliteSettings::default()
            },
        },
    }
}

pub(crate) fn access(settings: &Settings) -> rialto_access::Settings {
    let presets = settings.access.tokens.iter();
    rialto_access::Settings {
        mode: match settings.access.mode {
            AccessMode::Open => rialto_access::Mode::Open,
            AccessMode::Tokens => rialto_access::Mode::Tokens,
        },
        token_lifetime: settings.access.token_lifetime.get(),
        presets: presets
            .map(|preset| rialto_access::PresetToken {
                client: preset.client.clone(),
                token: preset.token.expose().to_owned(),
            })
            .collect(),
        // Its direct channel is the id behind a mark.
        client_id_bytes_max: settings.limits.channel_name_bytes_max - 1,
    }
}

pub(crate) fn connection(settings: &Settings) -> Arc<ConnectionLimits> {
    Arc::new(ConnectionLimits {
        decode: DecodeLimits { json_depth_max: settings.limits.json_depth_max },
        packet_bytes_max: settings.limits.packet_bytes_max.as_usize(),
        publisher_stall_max: settings.delivery.publisher_stall_max.get(),
    })
}
