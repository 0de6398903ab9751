//! The writer in every order in which its threads can run (loom): what is put in goes out once, whole and in
//! order, and whoever waits is woken.
//!
//! Each test is run again for every order; one in which a task waits for a wakening that never comes is a
//! deadlock, which loom finds.

use std::{
    future::poll_fn,
    io::{self, IoSlice},
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use loom::{
    future::block_on,
    sync::{Mutex, MutexGuard},
    thread,
};
use rialto_domain::CloseReason;

use super::{Accounts, ConnectionWriter, TryWrite};
use crate::outbox::{Frames, Kind, Pushed, Written};

/// Bytes of a frame of these tests.
const FRAME_BYTES: usize = 100;
/// More than any of these tests has waiting.
const PLENTY: usize = 4000;

/// A stream in memory that takes no more than it has room for.
#[derive(Clone)]
struct Pipe(Arc<Mutex<Inside>>);

struct Inside {
    room: usize,
    taken: Vec<u8>,
    writer: Option<Waker>,
}

impl Pipe {
    fn with_room(room: usize) -> Self {
        Pipe(Arc::new(Mutex::new(Inside { room, taken: Vec::new(), writer: None })))
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap()
    }

    /// Reads all that was written, which makes room for as much again and `more`.
    fn read(&self, more: usize) {
        let mut inside = self.lock();
        inside.room += more;
        if let Some(writer) = inside.writer.take() {
            drop(inside);
            writer.wake();
        }
    }

    fn taken(&self) -> Vec<u8> {
        self.lock().taken.clone()
    }
}

impl TryWrite for Pipe {
    fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut inside = self.lock();
        if inside.room == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let count = inside.room.min(bytes.len());
        inside.room -= count;
        inside.taken.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut inside = self.lock();
        if inside.room > 0 {
            return Poll::Ready(Ok(()));
        }
        inside.writer = Some(context.waker().clone());
        Poll::Pending
    }
}

/// Counts deliveries, and drops leases where that can be seen.
#[derive(Clone, Default)]
struct Counts(Arc<std::sync::Mutex<(u64, u64)>>);

impl Accounts for Counts {
    type Lease = Arc<()>;

    fn count_written(&self, written: Written) {
        self.0.lock().unwrap().0 += written.deliveries;
    }

    fn count_unwritten(&self, deliveries: u64) {
        self.0.lock().unwrap().1 += deliveries;
    }

    fn change_slow(&self, _: bool) {}

    fn change_overhead(&self, _: usize, _: usize) {}
}

type Writer = ConnectionWriter<Pipe, Counts>;

fn writer(pipe: &Pipe, is_paced: bool, bytes_max: usize) -> (Arc<Writer>, Counts) {
    let counts = Counts::default();
    let writer = ConnectionWriter::new(Some(pipe.clone()), is_paced, bytes_max, counts.clone());
    (Arc::new(writer), counts)
}

fn frame(letter: u8) -> Frames {
    Frames { bytes: Bytes::from(vec![letter; FRAME_BYTES]), packets: 1, deliveries: 1 }
}

/// Puts frames in and flushes, as a round of the broker does.
fn deliver(writer: &Writer, letters: &[u8]) {
    for &letter in letters {
        assert_eq!(writer.push(frame(letter), Kind::Kept, false).0, Pushed::Queued);
        writer.mark_dirty();
    }
    writer.flush();
}

/// The connection's task: writes what it is woken for, until the connection is to end and all is written.
fn write_to_the_end(writer: &Writer) {
    block_on(poll_fn(|context| {
        writer.register(context.waker());
        // Asked first: what is put in before the end is there to be written then.
        let is_to_end = writer.closing().is_some();
        if writer.poll_flush_plain(context)?.is_pending() || !is_to_end {
            return Poll::Pending;
        }
        Poll::<io::Result<()>>::Ready(Ok(()))
    }))
    .unwrap();
    assert!(writer.is_empty());
}

/// Holds that each frame is whole and that those of one deliverer are in its order.
fn check(taken: &[u8], deliverers: &[&[u8]]) {
    let frames: Vec<u8> = taken.chunks(FRAME_BYTES).map(|frame| frame[0]).collect();
    assert!(taken.chunks(FRAME_BYTES).all(|it| *it == [it[0]; FRAME_BYTES]), "{taken:?}");
    for letters in deliverers {
        let of_one: Vec<u8> = frames.iter().copied().filter(|it| letters.contains(it)).collect();
        assert_eq!(of_one, *letters);
    }
    assert_eq!(frames.len(), deliverers.iter().map(|letters| letters.len()).sum::<usize>());
}

#[test]
fn whoever_delivers_at_the_same_time_writes_all_once_and_in_order() {
    loom::model(|| {
        let pipe = Pipe::with_room(usize::MAX);
        let (writer, counts) = writer(&pipe, false, PLENTY);
        let other = writer.clone();
        let delivering = thread::spawn(move || deliver(&other, b"ab"));
        deliver(&writer, b"xy");
        delivering.join().unwrap();
        // Nobody has to come back for what the other put in.
        check(&pipe.taken(), &[b"ab", b"xy"]);
        assert!(writer.is_empty());
        assert_eq!(*counts.0.lock().unwrap(), (4, 0));
    });
}

#[test]
fn what_a_full_socket_does_not_take_is_written_by_the_task_once_there_is_room() {
    loom::model(|| {
        let pipe = Pipe::with_room(1);
        let (writer, _) = writer(&pipe, false, PLENTY);
        let (delivered_to, reader) = (writer.clone(), pipe.clone());
        let delivering = thread::spawn(move || {
            deliver(&delivered_to, b"ab");
            delivered_to.close(CloseReason::Ended);
        });
        let reading = thread::spawn(move || reader.read(PLENTY));
        write_to_the_end(&writer);
        delivering.join().unwrap();
        reading.join().unwrap();
        check(&pipe.taken(), &[b"ab"]);
    });
}

#[test]
fn the_task_is_woken_when_a_socket_takes_no_more() {
    loom::model(|| {
        let pipe = Pipe::with_room(1);
        let (writer, _) = writer(&pipe, false, PLENTY);
        let (delivered_to, reader) = (writer.clone(), pipe.clone());
        let delivering = thread::spawn(move || {
            deliver(&delivered_to, b"a");
            reader.read(PLENTY);
        });
        // Only the task writes on what was begun, and nobody but who began it knows of that.
        block_on(poll_fn(|context| {
            writer.register(context.waker());
            let is_flushed = writer.poll_flush_plain(context)?.is_ready();
            let is_written = is_flushed && writer.written() as usize == FRAME_BYTES;
            if is_written { Poll::<io::Result<()>>::Ready(Ok(())) } else { Poll::Pending }
        }))
        .unwrap();
        delivering.join().unwrap();
        check(&pipe.taken(), &[b"a"]);
    });
}

#[test]
fn the_task_and_a_deliverer_never_write_at_the_same_time() {
    loom::model(|| {
        let pipe = Pipe::with_room(FRAME_BYTES + 1);
        let (writer, _) = writer(&pipe, false, PLENTY);
        deliver(&writer, b"ab");
        let (delivered_to, reader) = (writer.clone(), pipe.clone());
        let delivering = thread::spawn(move || {
            reader.read(PLENTY);
            deliver(&delivered_to, b"c");
            delivered_to.close(CloseReason::Ended);
        });
        write_to_the_end(&writer);
        delivering.join().unwrap();
        check(&pipe.taken(), &[b"abc"]);
    });
}

#[test]
fn a_publisher_that_waits_for_a_reader_is_woken_when_that_has_read() {
    loom::model(|| {
        // Publishers wait above a quarter of the limit.
        let pipe = Pipe::with_room(0);
        let (writer, _) = writer(&pipe, false, 4 * FRAME_BYTES);
        deliver(&writer, b"abc");
        let waited_for = writer.clone();
        let publishing = thread::spawn(move || {
            block_on(poll_fn(|context| match waited_for.must_wait_for(Some(context.waker())) {
                true => Poll::Pending,
                false => Poll::Ready(()),
            }));
        });
        pipe.read(PLENTY);
        block_on(poll_fn(|context| writer.poll_flush_plain(context))).unwrap();
        publishing.join().unwrap();
    });
}

#[test]
fn a_publisher_that_waits_is_woken_when_the_connection_ends() {
    loom::model(|| {
        let pipe = Pipe::with_room(0);
        let (writer, _) = writer(&pipe, false, 4 * FRAME_BYTES);
        deliver(&writer, b"abc");
        let closed = writer.clone();
        let closing = thread::spawn(move || closed.close(CloseReason::Ended));
        block_on(poll_fn(|context| match writer.must_wait_for(Some(context.waker())) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        }));
        closing.join().unwrap();
    });
}

#[test]
fn the_task_of_a_connection_that_is_to_end_is_woken() {
    loom::model(|| {
        let pipe = Pipe::with_room(usize::MAX);
        let (writer, _) = writer(&pipe, false, PLENTY);
        let closed = writer.clone();
        let closing = thread::spawn(move || {
            deliver(&closed, b"a");
            closed.close(CloseReason::Ended);
            assert_eq!(closed.push(frame(b'b'), Kind::Kept, false).0, Pushed::Closed);
        });
        block_on(poll_fn(|context| {
            writer.register(context.waker());
            if writer.closing().is_some() { Poll::Ready(()) } else { Poll::Pending }
        }));
        closing.join().unwrap();
        check(&pipe.taken(), &[b"a"]);
    });
}

#[test]
fn what_comes_while_a_paced_connection_becomes_as_any_other_goes_out() {
    loom::model(|| {
        let pipe = Pipe::with_room(usize::MAX);
        let (writer, _) = writer(&pipe, true, PLENTY);
        let delivered_to = writer.clone();
        let delivering = thread::spawn(move || deliver(&delivered_to, b"ab"));
        writer.share();
        delivering.join().unwrap();
        check(&pipe.taken(), &[b"ab"]);
    });
}

#[test]
fn the_task_of_a_connection_that_it_alone_writes_is_woken_for_what_comes() {
    loom::model(|| {
        let counts = Counts::default();
        let writer: Arc<Writer> = Arc::new(ConnectionWriter::new(None, false, PLENTY, counts));
        let delivered_to = writer.clone();
        let delivering = thread::spawn(move || deliver(&delivered_to, b"ab"));
        let mut written = Vec::new();
        block_on(poll_fn(|context| {
            writer.register(context.waker());
            let mut frames = writer.take();
            let bytes: usize = frames.iter().map(|frames| frames.bytes.len()).sum();
            written.extend(frames.iter().flat_map(|frames| frames.bytes.to_vec()));
            let mut count = Written::default();
            count.advance(&mut frames, bytes);
            writer.put_back(frames, count);
            if written.len() == 2 * FRAME_BYTES { Poll::Ready(()) } else { Poll::Pending }
        }));
        delivering.join().unwrap();
        check(&written, &[b"ab"]);
    });
}

#[test]
fn a_task_that_waits_for_its_answers_to_be_read_is_woken_and_their_room_given_back() {
    loom::model(|| {
        let pipe = Pipe::with_room(0);
        let (writer, _) = writer(&pipe, false, PLENTY);
        let room = Arc::new(());
        assert_eq!(writer.push(frame(b'a'), Kind::Answer, false).0, Pushed::Queued);
        assert_eq!(writer.end_turn(Some(room.clone()), 1), FRAME_BYTES);
        let (flushed, reader) = (writer.clone(), pipe.clone());
        let flushing = thread::spawn(move || {
            reader.read(PLENTY);
            flushed.flush();
        });
        // As the task does it: it writes, and then says that it waits.
        block_on(poll_fn(|context| {
            writer.register(context.waker());
            if writer.poll_flush_plain(context).is_pending() {
                return Poll::Pending;
            }
            if writer.has_answers() { Poll::Pending } else { Poll::Ready(()) }
        }));
        flushing.join().unwrap();
        assert_eq!(Arc::strong_count(&room), 1);
    });
}

#[test]
fn a_task_that_asked_for_it_is_woken_after_the_next_flush() {
    loom::model(|| {
        let pipe = Pipe::with_room(usize::MAX);
        let (writer, _) = writer(&pipe, false, PLENTY);
        let delivered_to = writer.clone();
        let mut delivering = None;
        block_on(poll_fn(|context| {
            if delivering.is_none() {
                writer.register(context.waker());
                writer.wake_after_flush();
                let to = delivered_to.clone();
                delivering = Some(thread::spawn(move || deliver(&to, b"a")));
            }
            if writer.written() > 0 { Poll::Ready(()) } else { Poll::Pending }
        }));
        delivering.unwrap().join().unwrap();
    });
}

#[test]
fn what_waits_at_the_end_is_counted_as_never_written() {
    loom::model(|| {
        let pipe = Pipe::with_room(FRAME_BYTES + 1);
        let (writer, counts) = writer(&pipe, false, PLENTY);
        let delivered_to = writer.clone();
        let delivering = thread::spawn(move || deliver(&delivered_to, b"ab"));
        writer.abandon();
        delivering.join().unwrap();
        drop(writer);
        let (written, unwritten) = *counts.0.lock().unwrap();
        assert_eq!(written + unwritten, 2);
    });
}
