//! What a scrape of the balancer gathers, and under which names it is told. Labels are routes, which the settings name,
//! and words of ours; never clients.

use std::{fmt, sync::Arc, time::UNIX_EPOCH};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet},
    metrics::MetricType,
    registry::Unit,
};

use crate::{counts::Counted, route::Route};

use super::administered::{Administered, Server};

/// Everything that a scrape tells.
#[derive(Debug)]
pub(super) struct Snapshot {
    started_s: f64,
    connections: usize,
    routes: Vec<(String, Counted)>,
    servers: Vec<Server>,
}

impl Snapshot {
    pub(super) fn take(administered: &Administered) -> Self {
        let routes = administered.routes.load();
        let counted = |route: &Arc<Route>| (route.label.clone(), route.counts.read());
        Snapshot {
            started_s: administered
                .started
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs_f64(),
            connections: administered.limiter.open(),
            routes: routes.iter().map(counted).collect(),
            servers: administered.servers(),
        }
    }

    /// Writes a counter for each route.
    fn counters(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        (name, help): (&str, &str),
        value: impl Fn(&Counted) -> u64,
    ) -> fmt::Result {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (route, counted) in &self.routes {
            let labels = [("route", route.as_str())];
            let mut counter = family.encode_family(&labels)?;
            counter.encode_counter::<NoLabelSet, _, u64>(&value(counted), None)?;
        }
        Ok(())
    }

    fn refusals(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Clients that were not passed on, by cause";
        let mut family = encoder.encode_descriptor("refused", help, None, MetricType::Counter)?;
        for (route, counted) in &self.routes {
            for (refusal, count) in counted.refused {
                let labels = [("route", route.as_str()), ("cause", refusal.word())];
                let mut counter = family.encode_family(&labels)?;
                counter.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
            }
        }
        Ok(())
    }

    /// Writes a gauge for each server.
    fn of_servers(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        (name, help): (&str, &str),
        value: impl Fn(&Server) -> u32,
    ) -> fmt::Result {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for server in &self.servers {
            let address = server.server.to_string();
            let labels = [("route", server.route.as_str()), ("server", address.as_str())];
            family.encode_family(&labels)?.encode_gauge(&value(server))?;
        }
        Ok(())
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let help = "The release that runs";
        encoder
            .encode_descriptor("build", help, None, MetricType::Info)?
            .encode_info(&[("version", env!("CARGO_PKG_VERSION"))])?;
        let help = "When the balancer started, in seconds since 1970";
        encoder
            .encode_descriptor("start_time", help, Some(&Unit::Seconds), MetricType::Gauge)?
            .encode_gauge(&self.started_s)?;
        let help = "Open connections of clients";
        encoder
            .encode_descriptor("connections", help, None, MetricType::Gauge)?
            .encode_gauge(&i64::try_from(self.connections).unwrap_or(i64::MAX))?;
        self.counters(encoder, ("accepted", "Clients that were let in"), |it| it.accepted)?;
        self.refusals(encoder)?;
        let help = "Bytes passed on from clients to servers";
        self.counters(encoder, ("to_servers_bytes", help), |it| it.bytes_to_servers)?;
        let help = "Bytes passed on from servers to clients";
        self.counters(encoder, ("to_clients_bytes", help), |it| it.bytes_to_clients)?;
        let help = "Connections and checks that servers failed";
        self.counters(encoder, ("server_failures", help), |it| it.server_failures)?;
        let help = "How often servers failed so often that they got no new connections";
        self.counters(encoder, ("server_ejections", help), |it| it.ejections)?;
        let help = "Whether a server gets new connections: 1, or 0";
        self.of_servers(encoder, ("server_up", help), |it| u32::from(it.state == "up"))?;
        let help = "Open connections of a server";
        self.of_servers(encoder, ("server_connections", help), |it| it.connections)
    }
}
