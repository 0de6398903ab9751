//! The workloads: what each is called, its plan, and the module that runs it.

mod drain;
mod durable;
mod idle;
mod paced;
mod stream;
mod warm_up;

use anyhow::Result;

use crate::connection::Transport;
use crate::kind::Kind;
use crate::outcome::Outcome;
use crate::server::Server;
use crate::wire::Dialect;
use crate::wire::coremq::Coremq;
use crate::wire::jmqt::Jmqt;
use crate::wire::nats::Nats;
use crate::wire::pubsubx::Pubsubx;

/// One workload of the table.
#[derive(Debug)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What `Outcome::rate` counts.
    pub(crate) unit: &'static str,
    transport: Transport,
    plan: Plan,
}

#[derive(Debug, Clone, Copy)]
enum Plan {
    Stream(stream::Plan),
    /// The same in another dialect, beside JMQT.
    Coremq(stream::Plan),
    Pubsubx(stream::Plan),
    Paced(paced::Plan),
    Durable(durable::Plan),
    Drain {
        messages: u64,
    },
    Idle {
        connections: u64,
    },
}

/// How much of a plan is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Full,
    /// A twentieth: shows that all works, says nothing about speed.
    Quick,
}

impl Size {
    fn of(self, count: u64) -> u64 {
        match self {
            Size::Full => count,
            Size::Quick => count / 20,
        }
    }
}

/// All workloads in the order they are run.
///
/// Message counts are such that a run takes two to three seconds on two cores.
pub(crate) const WORKLOADS: &[Workload] = &[
    stream("w1", "1 publisher, 1 subscriber", Transport::Tcp, ONE_TO_ONE),
    stream("w2", "1 publisher, 100 subscribers", Transport::Tcp, ONE_TO_HUNDRED),
    stream(
        "w3",
        "50 publishers, 1 subscriber",
        Transport::Tcp,
        stream::Plan { channels: 1, publishers: 50, subscribers: 1, messages: 80_000, window: 512 },
    ),
    stream(
        "w4",
        "20 channels of 1 publisher, 5 subscribers",
        Transport::Tcp,
        stream::Plan {
            channels: 20,
            publishers: 1,
            subscribers: 5,
            messages: 120_000,
            window: 1024,
        },
    ),
    durable("w5-1-1", "durable, 1 publisher, 1 unacknowledged", 1, 1, 20_000),
    durable("w5-1-100", "durable, 1 publisher, 100 unacknowledged", 1, 100, 250_000),
    durable("w5-50-1", "durable, 50 publishers, 1 unacknowledged each", 50, 1, 2_400),
    durable("w5-50-100", "durable, 50 publishers, 100 unacknowledged each", 50, 100, 8_000),
    idle("w6-tcp", "10,000 idle connections, 1 subscription each", Transport::Tcp),
    idle("w6-ws", "the same over WebSocket", Transport::WebSocket),
    Workload {
        name: "w7",
        title: "5,000 messages/s to 10 subscribers",
        unit: "deliveries/s",
        transport: Transport::Tcp,
        plan: Plan::Paced(paced::Plan { subscribers: 10, messages: 15_000, per_second: 5_000 }),
    },
    stream("w9", "w1 over WebSocket", Transport::WebSocket, ONE_TO_ONE),
    stream("w9f", "w2 over WebSocket", Transport::WebSocket, ONE_TO_HUNDRED),
    Workload {
        name: "w11",
        title: "w1 in CoreMQ, beside JMQT",
        unit: "deliveries/s",
        transport: Transport::Tcp,
        plan: Plan::Coremq(ONE_TO_ONE),
    },
    Workload {
        name: "w11f",
        title: "w2 in CoreMQ, beside JMQT",
        unit: "deliveries/s",
        transport: Transport::Tcp,
        plan: Plan::Coremq(ONE_TO_HUNDRED),
    },
    Workload {
        name: "w12",
        title: "w1 in PubSubX, beside JMQT",
        unit: "deliveries/s",
        transport: Transport::Tcp,
        plan: Plan::Pubsubx(ONE_TO_ONE),
    },
    Workload {
        name: "w10",
        title: "500,000 stored messages drain to a returning subscriber",
        unit: "drained/s",
        transport: Transport::Tcp,
        plan: Plan::Drain { messages: 500_000 },
    },
];

const ONE_TO_ONE: stream::Plan =
    stream::Plan { channels: 1, publishers: 1, subscribers: 1, messages: 5_000_000, window: 4096 };

const ONE_TO_HUNDRED: stream::Plan =
    stream::Plan { channels: 1, publishers: 1, subscribers: 100, messages: 100_000, window: 1024 };

const fn stream(
    name: &'static str,
    title: &'static str,
    transport: Transport,
    plan: stream::Plan,
) -> Workload {
    Workload { name, title, unit: "deliveries/s", transport, plan: Plan::Stream(plan) }
}

const fn durable(
    name: &'static str,
    title: &'static str,
    publishers: usize,
    window: u64,
    messages: u64,
) -> Workload {
    let plan = Plan::Durable(durable::Plan { publishers, window, messages });
    Workload { name, title, unit: "acknowledged/s", transport: Transport::Tcp, plan }
}

const fn idle(name: &'static str, title: &'static str, transport: Transport) -> Workload {
    let plan = Plan::Idle { connections: 10_000 };
    Workload { name, title, unit: "connections/s", transport, plan }
}

impl Workload {
    /// The peer that offers the same guarantee.
    pub(crate) fn peer(&self) -> Kind {
        match self.plan {
            Plan::Durable(_) | Plan::Drain { .. } => Kind::JetStream,
            Plan::Stream(_) | Plan::Paced(_) | Plan::Idle { .. } => Kind::Nats,
            Plan::Coremq(_) | Plan::Pubsubx(_) => Kind::RialtoJmqt,
        }
    }

    /// Whether `--only` with this word selects the workload: by its name or its family's.
    pub(crate) fn is_named(&self, word: &str) -> bool {
        let rest = self.name.strip_prefix(word);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// Runs the workload once against a freshly started server.
    ///
    /// # Errors
    /// When the server fails, refuses, or delivers anything but each message once and in order.
    pub(crate) fn run(&self, server: &Server, size: Size) -> Result<Outcome> {
        match server.kind() {
            Kind::Rialto if let Plan::Coremq(plan) = self.plan => {
                let plan = stream::Plan { messages: size.of(plan.messages), ..plan };
                stream::run::<Coremq>(server, server.coremq_endpoint(), plan)
            }
            Kind::Rialto if let Plan::Pubsubx(plan) = self.plan => {
                let plan = stream::Plan { messages: size.of(plan.messages), ..plan };
                stream::run::<Pubsubx>(server, server.pubsubx_endpoint(), plan)
            }
            Kind::Rialto | Kind::RialtoJmqt | Kind::RialtoPostgres | Kind::RialtoMariadb => {
                self.run_as::<Jmqt>(server, size)
            }
            Kind::Nats | Kind::JetStream | Kind::JetStreamSynced => {
                self.run_as::<Nats>(server, size)
            }
        }
    }

    fn run_as<D: Dialect>(&self, server: &Server, size: Size) -> Result<Outcome> {
        let endpoint = server.endpoint(self.transport);
        match self.plan {
            Plan::Stream(plan) | Plan::Coremq(plan) | Plan::Pubsubx(plan) => {
                let plan = stream::Plan { messages: size.of(plan.messages), ..plan };
                stream::run::<D>(server, endpoint, plan)
            }
            Plan::Paced(plan) => {
                let plan = paced::Plan { messages: size.of(plan.messages), ..plan };
                paced::run::<D>(server, endpoint, plan)
            }
            Plan::Durable(plan) => {
                let plan = durable::Plan { messages: size.of(plan.messages), ..plan };
                durable::run::<D>(server, endpoint, plan)
            }
            Plan::Drain { messages } => drain::run::<D>(server, endpoint, size.of(messages)),
            Plan::Idle { connections } => idle::run::<D>(server, endpoint, size.of(connections)),
        }
    }
}
