//! Redis as a bus: one server, one that Sentinel names, or a cluster with sharded channels.
//!
//! One connection publishes and receives, in the third version of Redis' protocol, which tells both apart; in a cluster one to each
//! of its servers. The library's own ways of connecting again are not used: what it would subscribe anew must be followed by a look
//! into the database, so a connection that was lost is thrown away.

mod inbox;

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use futures_util::future::try_join_all;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, Pipeline,
    ProtocolVersion, RedisError,
    aio::MultiplexedConnection,
    cluster::{ClusterClient, ClusterClientBuilder},
    cluster_async::ClusterConnection,
    io::tcp::TcpSettings,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};

use crate::{Bus, BusError, BusReceiver, BusSender, Heard, Outgoing, Subject};

use inbox::{Inbox, Receiving};

/// Time to connect to one address.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// What stands behind the addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topology {
    /// One Redis.
    Single,
    /// Sentinels, which know the Redis of this name.
    Sentinel(String),
    /// Servers of one Redis Cluster.
    Cluster,
}

/// Redis as a bus.
pub struct RedisBus {
    addresses: Vec<ConnectionInfo>,
    topology: Topology,
    /// Bytes that may wait to be taken.
    inbox_bytes_max: usize,
}

impl RedisBus {
    /// Takes addresses as in `redis://user:password@host:6379/` or, for TLS, `rediss://…`. With [`Topology::Sentinel`] they are those
    /// of sentinels, with the user and the password for Redis itself. Of what
    /// comes, up to `inbox_bytes_max` bytes wait to be taken.
    ///
    /// # Errors
    /// When one of them is no such address, or there is none. What is wrong is said without the address, which may hold a password.
    pub fn new(
        addresses: &[&str],
        topology: Topology,
        inbox_bytes_max: usize,
    ) -> Result<Self, BusError> {
        let parse = |address: &&str| {
            let info = address.into_connection_info().map_err(|error| {
                BusError::Settings(format!("no address of a Redis: {}", error.category()))
            })?;
            let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
            let tcp = TcpSettings::default().set_nodelay(true);
            Ok(info.set_redis_settings(settings).set_tcp_settings(tcp))
        };
        let addresses = addresses.iter().map(parse).collect::<Result<Vec<_>, BusError>>()?;
        match (addresses.len(), &topology) {
            (0, _) => Err(BusError::Settings("there is no address of a Redis".to_owned())),
            (2.., Topology::Single) => Err(BusError::Settings(
                "several addresses of a Redis need a sentinel, or a cluster".to_owned(),
            )),
            _ => Ok(RedisBus { addresses, topology, inbox_bytes_max }),
        }
    }

    fn sentinels(&self, name: &str) -> Result<SentinelClient, RedisError> {
        let addresses: Vec<ConnectionAddr> =
            self.addresses.iter().map(|address| address.addr().clone()).collect();
        let redis = self.addresses[0].redis_settings();
        let tcp = TcpSettings::default().set_nodelay(true);
        let mut builder = SentinelClientBuilder::new(addresses, name, SentinelServerType::Master)?
            .set_client_to_redis_protocol(ProtocolVersion::RESP3)
            .set_client_to_redis_tcp_settings(tcp);
        if let Some(user) = redis.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = redis.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        builder.build()
    }

    fn cluster(&self, inbox: &Inbox) -> Result<ClusterClient, RedisError> {
        let inbox = inbox.clone();
        ClusterClientBuilder::new(self.addresses.clone())
            .use_protocol(ProtocolVersion::RESP3)
            .connection_timeout(CONNECT_WITHIN)
            .response_timeout(super::line::ANSWER_WITHIN)
            .retries(1)
            .push_sender(move |push| inbox.take(push))
            .build()
    }

    async fn open(&self, inbox: &Inbox) -> Result<Connection, RedisError> {
        let pushed = inbox.clone();
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_response_timeout(Some(super::line::ANSWER_WITHIN))
            .set_push_sender(move |push| pushed.take(push));
        match &self.topology {
            Topology::Single => {
                let client = Client::open(self.addresses[0].clone())?;
                let connecting = client.get_multiplexed_async_connection_with_config(&config);
                connecting.await.map(Connection::One)
            }
            Topology::Sentinel(name) => {
                let mut sentinels = self.sentinels(name)?;
                let connecting = sentinels.get_async_connection_with_config(&config);
                connecting.await.map(Connection::One)
            }
            Topology::Cluster => {
                let connecting = self.cluster(inbox)?;
                connecting.get_async_connection().await.map(Connection::Cluster)
            }
        }
    }
}

impl Bus for RedisBus {
    type Sender = RedisSender;
    type Receiver = RedisReceiver;

    async fn connect(&mut self) -> Result<(RedisSender, RedisReceiver), BusError> {
        let (inbox, receiving) = inbox::open(self.inbox_bytes_max);
        let connection = self.open(&inbox).await.map_err(failed("connecting to Redis"))?;
        Ok((RedisSender { connection, inbox }, RedisReceiver(receiving)))
    }
}

enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// The sending half of a connection to Redis.
pub struct RedisSender {
    connection: Connection,
    inbox: Inbox,
}

/// The receiving half.
pub struct RedisReceiver(Receiving);

impl BusSender for RedisSender {
    async fn subscribe(&mut self, subjects: &[Subject]) -> Result<(), BusError> {
        self.inbox.expect(subjects);
        let subscribed = match &mut self.connection {
            Connection::One(connection) => connection.subscribe(texts(subjects)).await,
            Connection::Cluster(connection) => {
                let groups = by_slot(subjects, Subject::as_str).into_values().map(|group| {
                    let mut connection = connection.clone();
                    async move { connection.ssubscribe(texts(group)).await }
                });
                try_join_all(groups).await.map(drop)
            }
        };
        subscribed.map_err(failed("subscribing at Redis"))
    }

    async fn unsubscribe(&mut self, subjects: &[Subject]) -> Result<(), BusError> {
        self.inbox.expect_no_more(subjects);
        let unsubscribed = match &mut self.connection {
            Connection::One(connection) => connection.unsubscribe(texts(subjects)).await,
            Connection::Cluster(connection) => {
                let groups = by_slot(subjects, Subject::as_str).into_values().map(|group| {
                    let mut connection = connection.clone();
                    async move { connection.sunsubscribe(texts(group)).await }
                });
                try_join_all(groups).await.map(drop)
            }
        };
        unsubscribed.map_err(failed("unsubscribing at Redis"))
    }

    async fn publish(&mut self, batch: &[Outgoing]) -> Result<Vec<Heard>, BusError> {
        let published = match &mut self.connection {
            Connection::One(connection) => {
                let pipeline = pipeline("PUBLISH", batch);
                pipeline.query_async::<Vec<u64>>(connection).await
            }
            Connection::Cluster(connection) => publish_sharded(connection, batch).await,
        };
        let counts = published.map_err(failed("publishing at Redis"))?;
        Ok(counts.into_iter().map(Heard::By).collect())
    }

    async fn check(&mut self) -> Result<(), BusError> {
        let ping = redis::cmd("PING");
        let answered = match &mut self.connection {
            Connection::One(connection) => ping.query_async::<String>(connection).await,
            Connection::Cluster(connection) => ping.query_async::<String>(connection).await,
        };
        answered.map(drop).map_err(failed("asking Redis for a sign of life"))
    }
}

impl BusReceiver for RedisReceiver {
    async fn next(&mut self) -> Result<(Subject, Bytes), BusError> {
        self.0.next().await
    }
}

/// Publishes to the servers of a cluster at the same time, to each what it has the slots of; in order on each subject.
async fn publish_sharded(
    connection: &ClusterConnection,
    batch: &[Outgoing],
) -> Result<Vec<u64>, RedisError> {
    let numbered: Vec<(usize, &Outgoing)> = batch.iter().enumerate().collect();
    let groups = by_slot(&numbered, |(_, message)| message.subject.as_str());
    let publishing = groups.into_values().map(|group| {
        let mut connection = connection.clone();
        let pipeline = pipeline("SPUBLISH", group.iter().map(|(_, message)| *message));
        async move {
            let counts = pipeline.query_async::<Vec<u64>>(&mut connection).await?;
            Ok::<_, RedisError>(group.into_iter().map(|(index, _)| *index).zip(counts))
        }
    });
    let mut all: Vec<(usize, u64)> =
        try_join_all(publishing).await?.into_iter().flatten().collect();
    all.sort_unstable();
    Ok(all.into_iter().map(|(_, count)| count).collect())
}

fn pipeline<'a>(command: &str, batch: impl IntoIterator<Item = &'a Outgoing>) -> Pipeline {
    let mut pipeline = redis::pipe();
    for Outgoing { subject, bytes, .. } in batch {
        pipeline.cmd(command).arg(subject.as_str()).arg(&bytes[..]);
    }
    pipeline
}

/// Sorts by the tag that decides on the slot: a command, and a pipeline, is for one slot.
fn by_slot<T>(all: &[T], subject: impl Fn(&T) -> &str) -> BTreeMap<String, Vec<&T>> {
    let mut groups: BTreeMap<String, Vec<&T>> = BTreeMap::new();
    for one in all {
        let text = subject(one);
        let tag = text.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
        groups.entry(tag.map_or(text, |(tag, _)| tag).to_owned()).or_default().push(one);
    }
    groups
}

fn texts<'a>(subjects: impl IntoIterator<Item = &'a Subject>) -> Vec<&'a str> {
    subjects.into_iter().map(Subject::as_str).collect()
}

fn failed(during: &'static str) -> impl FnOnce(RedisError) -> BusError {
    move |error| BusError::engine(during, error)
}
