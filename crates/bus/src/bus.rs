//! The contract of the drivers.

use std::future::Future;

use bytes::Bytes;

use crate::{BusError, Heard, Outgoing, Subject};

/// A way to an engine that carries messages between nodes.
///
/// # Duties
/// 1. **Subscribed when it says so:** whatever is published on a subject after [`BusSender::subscribe`] has returned arrives, as
///    long as nothing fails.
/// 2. **In order:** what one sender publishes arrives in the order published, over all subjects of a batch and of the batches
///    behind each other.
/// 3. **Only what was asked for:** nothing arrives of subjects that nobody subscribed to, nor of those whose
///    unsubscribing has returned, but for what was on its way.
/// 4. **Gaps show:** where anything may have been lost of what was to arrive, [`BusReceiver::next`] returns an error; likewise the
///    methods of the sender where it is not known whether the engine took something.
/// 5. **Cancel-safe:** a call of [`BusReceiver::next`] that is dropped loses nothing.
///
/// Whether what a sender publishes comes back to its own receiver is left open.
/// The tests in `tests/conformance` check exactly these, on each driver.
pub trait Bus: Send + 'static {
    /// The sending half of a connection.
    type Sender: BusSender;
    /// The receiving half.
    type Receiver: BusReceiver;

    /// Connects. Nothing is subscribed then.
    ///
    /// # Errors
    /// Whatever keeps the engine from being reached, or from being used.
    fn connect(
        &mut self,
    ) -> impl Future<Output = Result<(Self::Sender, Self::Receiver), BusError>> + Send;
}

/// The sending half of a connection.
pub trait BusSender: Send {
    /// Subscribes; returns once the engine has confirmed it.
    ///
    /// # Errors
    /// As for [`publish`](Self::publish).
    fn subscribe(
        &mut self,
        subjects: &[Subject],
    ) -> impl Future<Output = Result<(), BusError>> + Send;

    /// Unsubscribes.
    ///
    /// # Errors
    /// As for [`publish`](Self::publish).
    fn unsubscribe(
        &mut self,
        subjects: &[Subject],
    ) -> impl Future<Output = Result<(), BusError>> + Send;

    /// Publishes messages, each as [`Outgoing::bytes`] has it; returns by how many each was heard.
    ///
    /// # Errors
    /// When it is not known whether the engine took all of them: the connection is of no use any more.
    fn publish(
        &mut self,
        batch: &[Outgoing],
    ) -> impl Future<Output = Result<Vec<Heard>, BusError>> + Send;

    /// Looks whether the engine still answers.
    ///
    /// # Errors
    /// As for [`publish`](Self::publish).
    fn check(&mut self) -> impl Future<Output = Result<(), BusError>> + Send;
}

/// The receiving half of a connection.
pub trait BusReceiver: Send {
    /// Waits for the next message.
    ///
    /// # Errors
    /// When the connection has ended, or something that was to arrive is lost.
    fn next(&mut self) -> impl Future<Output = Result<(Subject, Bytes), BusError>> + Send;
}
