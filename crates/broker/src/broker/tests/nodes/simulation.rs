//! What happens to nodes and clients, by a seed.

use std::{collections::BTreeMap, num::NonZero, time::Duration};

use rialto_domain::{Admission, ChannelName, ClientId, PacketId};
use rialto_store::{MemoryCluster, Store};

use super::{
    checker::{Checker, Number, Socket},
    node::{Heard, Life, Node},
};
use crate::{
    Answer, BusEffect, Command, Connect, ConnectionKey, ConnectionProfile, Format, Issuer, Publish,
    Remembered,
};

const NODE_COUNT: usize = 3;
const CLIENTS: [&str; 4] = ["ada", "bob", "eve", "zoe"];
const CHANNELS: [&str; 2] = ["room", "hall"];

/// How much happens before all calms down.
const STEPS: usize = 600;

/// More than it takes until nothing is under way any more.
const CALM_STEPS: usize = 40_000;

/// What is done wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Batches do not say which clients they are for.
    NoFence,
    /// What other nodes committed is not always told.
    SkippedPoll,
    /// A node serves on when its lease is over.
    NoLease,
    /// Publishers are told that a message is stored before it is.
    EarlyAnswer,
}

/// A connection, as its client knows it.
#[derive(Debug, Clone, Copy)]
struct Connection {
    client: &'static str,
    node: usize,
    key: ConnectionKey,
    is_open: bool,
}

pub(super) struct Simulation {
    dice: u64,
    cluster: MemoryCluster,
    nodes: Vec<Option<Node>>,
    runs: u64,
    now: Duration,
    checker: Checker,
    connections: BTreeMap<Socket, Connection>,
    /// The connection that each client opened last.
    present: BTreeMap<&'static str, Socket>,
    sockets: Socket,
    number: Number,
    /// What the bus carries, and to which node, in any order; `None` where there is none.
    bus: Option<Vec<(usize, BusEffect)>>,
    fault: Fault,
}

impl Simulation {
    /// Runs all that a seed brings.
    ///
    /// # Panics
    /// When a promise is broken.
    pub(super) fn run(seed: u64, fault: Fault) {
        let mut simulation = Simulation {
            dice: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d,
            cluster: MemoryCluster::default(),
            nodes: Vec::new(),
            runs: 0,
            now: Duration::from_secs(1),
            checker: Checker::default(),
            connections: BTreeMap::new(),
            present: BTreeMap::new(),
            sockets: 0,
            number: 0,
            // Half of all histories have a bus, which loses, doubles and reorders what it carries.
            bus: (seed % 2 == 1).then(Vec::new),
            fault,
        };
        for _ in 0..NODE_COUNT {
            let node = simulation.new_node();
            simulation.nodes.push(Some(node));
        }
        for _ in 0..STEPS {
            simulation.step();
        }
        simulation.calm_down();
        simulation.checker.check_end();
        simulation.check_retained();
    }

    fn new_node(&mut self) -> Node {
        self.runs += 1;
        let how = (self.fault, self.bus.is_some());
        Node::start(&self.cluster, self.runs, self.now, how)
    }

    /// Returns a number below `end`.
    fn roll(&mut self, end: u64) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.roll(among.len() as u64) as usize]
    }

    fn step(&mut self) {
        match self.roll(100) {
            0..25 => self.work(),
            25..50 => self.let_time_pass(),
            50..80 => self.act(),
            80..88 => self.move_client(),
            88..92 => self.subscribe(),
            92..95 => self.hang_up(),
            _ => self.disturb(),
        }
    }

    fn let_time_pass(&mut self) {
        let time = Duration::from_millis(1 + self.roll(40));
        self.pass(time);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.cluster.pass(time);
        for index in 0..NODE_COUNT {
            let now = self.now;
            if let Some(node) = &mut self.nodes[index] {
                node.pass(time, now);
            }
            self.hear(index);
            self.work_at(index);
        }
    }

    /// Threads of some node do something, in whatever order.
    fn work(&mut self) {
        for _ in 0..6 {
            let index = self.roll(NODE_COUNT as u64) as usize;
            self.work_at(index);
        }
        self.carry();
    }

    /// The bus brings some of what it carries, some of it never, and some twice.
    fn carry(&mut self) {
        let now = self.now;
        let (index, is_up) = (self.roll(NODE_COUNT as u64) as usize, self.roll(20) > 0);
        if self.bus.is_none() {
            return;
        }
        if let Some(node) = &mut self.nodes[index] {
            node.tell_of_bus(is_up, now);
        }
        self.hear(index);
        for _ in 0..4 {
            let count = self.bus.as_ref().map_or(0, Vec::len) as u64;
            let Some(count) = NonZero::new(count) else { return };
            let (place, fate) = (self.roll(count.get()) as usize, self.roll(8));
            let Some(bus) = &mut self.bus else { return };
            let (to, said) = bus[place].clone();
            if fate != 0 {
                bus.swap_remove(place);
            }
            if let Some(node) = self.nodes[to].as_mut().filter(|node| !node.is_stopped && fate != 1)
            {
                node.take_from_bus(&said, now);
            }
            self.hear(to);
        }
    }

    fn work_at(&mut self, index: usize) {
        let (what, chance, now) = (self.roll(7), self.roll(10), self.now);
        let Some(node) = &mut self.nodes[index] else { return };
        let mut life = Life::Runs;
        match what {
            0 => node.commit(chance == 0),
            1 | 2 => life = node.learn(now, chance == 0),
            3 => node.look_up(),
            thread => node.tell(thread - 4, now),
        }
        self.hear(index);
        if life == Life::Dead {
            self.end_node(index);
        }
    }

    /// A process ends, with all that it had in memory.
    fn end_node(&mut self, index: usize) {
        self.nodes[index] = None;
        for connection in self.connections.values_mut().filter(|it| it.node == index) {
            connection.is_open = false;
        }
    }

    fn disturb(&mut self) {
        let index = self.roll(NODE_COUNT as u64) as usize;
        let what = self.roll(12);
        if self.nodes[index].is_none() {
            let node = self.new_node();
            self.nodes[index] = Some(node);
            return;
        }
        let now = self.now;
        let Some(node) = &mut self.nodes[index] else { return };
        match what {
            0 => return self.end_node(index),
            1..4 => node.is_stopped = true,
            4 => node.is_cut = true,
            5 => node.refuse(now),
            6 => {
                // Whoever is stopped stays so for longer than a lease, mostly.
                for _ in 0..80 {
                    self.pass(Duration::from_millis(100));
                }
            }
            7 | 8 => {
                for _ in 0..10 {
                    self.pass(Duration::from_millis(100));
                }
            }
            _ => (node.is_stopped, node.is_cut) = (false, false),
        }
        self.hear(index);
    }

    /// The connection over which a client acts, if its node would hear it.
    fn connection(&self, client: &str) -> Option<(Socket, Connection)> {
        let socket = *self.present.get(client)?;
        let connection = self.connections[&socket];
        let node = self.nodes[connection.node].as_ref()?;
        (connection.is_open && !node.is_stopped).then_some((socket, connection))
    }

    fn act(&mut self) {
        let (client, channel) = (self.pick(&CLIENTS), self.pick(&CHANNELS));
        let Some((_, Connection { node, key, .. })) = self.connection(client) else { return };
        let (count, retain) = (1 + self.roll(3), self.roll(6) == 0);
        let (first, now) = (self.number + 1, self.now);
        self.number += count;
        for number in first..=self.number {
            self.checker.published(number, client, channel);
        }
        let Some(node_state) = &mut self.nodes[node] else { return };
        node_state.round(now, |broker| {
            for number in first..first + count {
                let (payload, id) = (number.to_string(), number.to_string());
                let (payload, qos) = (payload.as_bytes(), rialto_domain::Qos::AtLeastOnce);
                let publish = Publish { channel, payload, qos, retain };
                let command = Command::Publish(&publish);
                _ = broker.command(Issuer::Client(key), &command, Answer::To(Some(&id)));
            }
        });
        if self.fault == Fault::EarlyAnswer {
            (first..first + count).for_each(|number| self.checker.acknowledged(number));
        }
        self.hear(node);
    }

    fn subscribe(&mut self) {
        let (client, channel) = (self.pick(&CLIENTS), self.pick(&CHANNELS));
        let Some((_, Connection { node, key, .. })) = self.connection(client) else { return };
        let now = self.now;
        let Some(node_state) = &mut self.nodes[node] else { return };
        node_state.round(now, |broker| {
            let command = Command::Subscribe { channel, persistent: true };
            _ = broker.command(Issuer::Client(key), &command, Answer::To(None));
        });
        self.hear(node);
    }

    fn hang_up(&mut self) {
        let client = self.pick(&CLIENTS);
        let Some((socket, Connection { node, key, .. })) = self.connection(client) else { return };
        self.close(socket, node, key);
    }

    fn close(&mut self, socket: Socket, node: usize, key: ConnectionKey) {
        let connection = self.connections.get_mut(&socket).unwrap();
        connection.is_open = false;
        let client = connection.client;
        self.checker.closed(client, socket);
        let now = self.now;
        if let Some(node) = &mut self.nodes[node] {
            node.sockets.remove(&key);
            node.round(now, |broker| broker.disconnect(key));
        }
        self.hear(node);
    }

    /// A client connects to some node, whatever became of its earlier connection.
    fn move_client(&mut self) {
        let client = self.pick(&CLIENTS);
        let index = self.roll(NODE_COUNT as u64) as usize;
        self.connect(client, index);
    }

    /// Claims a client, waits for that as the server does, and opens its session.
    fn connect(&mut self, client: &'static str, index: usize) {
        let now = self.now;
        let Some(node) = self.nodes[index].as_mut().filter(|node| !node.is_stopped) else { return };
        let mut is_here = false;
        node.round(now, |broker| {
            is_here = broker.claim_session(client, Remembered::Stored, 1);
        });
        for _ in 0..if is_here { 0 } else { 40 } {
            self.pass(Duration::from_millis(20));
            (0..4).for_each(|_| self.work_at(index));
        }
        let now = self.now;
        let Some(node) = self.nodes[index].as_mut().filter(|node| !node.is_stopped) else { return };
        let mut opened = None;
        self.sockets += 1;
        let socket = self.sockets;
        let id = ClientId::from(client);
        let key = node.broker.open(ConnectionProfile::new(Format(0)));
        node.sockets.insert(key, socket);
        let connection = Connection { client, node: index, key, is_open: true };
        self.connections.insert(socket, connection);
        node.round(now, |broker| {
            let admission = Admission::default();
            opened = Some(broker.connect(key, &Connect::stored(&id, &admission)).is_ok());
        });
        if opened == Some(true)
            && self.nodes[index].as_ref().is_some_and(|node| node.broker.client_of(key).is_some())
        {
            self.checker.opened(client, socket, now);
            self.present.insert(client, socket);
            self.hear(index);
        } else {
            self.hear(index);
            self.close(socket, index, key);
        }
    }

    /// Takes what the clients of a node were sent.
    fn hear(&mut self, index: usize) {
        let Some(node) = &mut self.nodes[index] else { return };
        let heard = std::mem::take(&mut node.heard);
        let said = std::mem::take(&mut node.said);
        let others = (0..NODE_COUNT).filter(|other| *other != index);
        let carried = said.iter().flat_map(|said| others.clone().map(|to| (to, said.clone())));
        self.bus.iter_mut().for_each(|bus| bus.extend(carried.clone()));
        let is_late = node.is_late(self.now);
        for heard in heard {
            match heard {
                Heard::Line(socket, line) => self.take_line(socket, &line, is_late),
                Heard::Closed(socket) => {
                    let Connection { node, key, .. } = self.connections[&socket];
                    self.close(socket, node, key);
                }
            }
        }
    }

    fn take_line(&mut self, socket: Socket, line: &str, is_late: bool) {
        let Connection { client, node, key, is_open } = self.connections[&socket];
        if !is_open {
            return;
        }
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["published", number] => self.checker.acknowledged(number.parse().unwrap()),
            ["subscribed", channel] => {
                let channel = CHANNELS.iter().find(|name| **name == channel).unwrap();
                self.checker.subscribed(client, channel, self.number + 1);
            }
            ["push", _, number, "by", _, "id", id] => {
                assert!(!is_late, "{client} is sent {number} by a node whose lease is over");
                let Some(PacketId::Stored(log, sequence)) = PacketId::parse(id) else { return };
                let number = number.parse().unwrap();
                self.checker.delivered((client, socket), number, (log, sequence), self.now);
                // Not all are acknowledged at once, nor in order.
                if self.roll(4) > 0 {
                    let (id, now) = (id.to_owned(), self.now);
                    if let Some(node) = &mut self.nodes[node] {
                        node.round(now, |broker| broker.acknowledge(key, &id));
                    }
                }
            }
            _ => {}
        }
    }

    /// Lets all nodes run and all clients be there, until nothing happens any more.
    fn calm_down(&mut self) {
        for index in 0..NODE_COUNT {
            if self.nodes[index].is_none() {
                let node = self.new_node();
                self.nodes[index] = Some(node);
            }
            if let Some(node) = &mut self.nodes[index] {
                (node.is_stopped, node.is_cut) = (false, false);
            }
        }
        let mut quiet = 0;
        for _ in 0..CALM_STEPS {
            self.pass(Duration::from_millis(20));
            self.work();
            for index in 0..NODE_COUNT {
                if self.nodes[index].is_none() {
                    let node = self.new_node();
                    self.nodes[index] = Some(node);
                }
            }
            for client in CLIENTS {
                if self.connection(client).is_none() {
                    let index = self.roll(NODE_COUNT as u64) as usize;
                    self.connect(client, index);
                    quiet = 0;
                }
            }
            let is_quiet = self.nodes.iter().flatten().all(Node::is_quiet);
            quiet = if is_quiet { quiet + 1 } else { 0 };
            if quiet > 40 {
                return;
            }
        }
        panic!("it never calms down");
    }

    /// All nodes know the same retained messages: those in the store.
    fn check_retained(&mut self) {
        for _ in 0..40 {
            self.pass(Duration::from_millis(50));
            (0..10).for_each(|_| self.work());
        }
        let mut stored = self.cluster.join();
        let stored: BTreeMap<ChannelName, _> =
            stored.load(rialto_domain::Load::All).unwrap().retained.into_iter().collect();
        for node in self.nodes.iter().flatten() {
            for channel in CHANNELS {
                let key = node.broker.channel_keys.get(channel);
                let retained = key.and_then(|&key| node.broker.channels[key].retained.as_ref());
                let there = stored.get(&ChannelName::from(channel));
                assert_eq!(retained.map(|it| &it.message), there, "retained on {channel}");
            }
        }
    }
}
