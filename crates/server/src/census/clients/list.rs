//! A page of clients: of a snapshot, joined with those that are only stored.
//!
//! By id upwards they stand between each other. In all other orders those that are only stored stand behind the
//! others, by id: they have no numbers.

use std::time::{Duration, Instant};

use rialto_broker::ClientReport;

use super::{ClientNumbers, ClientRow, ClientsWish};
use crate::{
    census::{Cursor, Row as _, Snapshot},
    handle::ClientStatus,
    hub::Hub,
};

/// Stored clients that are looked at together.
const LOOKED_AT_ONCE: usize = 1000;
/// How long stored clients are looked through; then a page ends, and the next goes on.
const LOOK_TIME_MAX: Duration = Duration::from_millis(50);

/// A page of clients.
pub(crate) struct ClientList {
    pub(crate) clients: Vec<(ClientStatus, Option<ClientNumbers>)>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<Cursor>,
    /// How many in memory fit.
    pub(crate) total: usize,
}

/// Stored clients that fit.
#[derive(Default)]
struct StoredPart {
    reports: Vec<ClientReport>,
    /// Up to where was looked, if there may be more behind.
    more_behind: Option<String>,
}

/// A client of a page, before more is asked about it.
enum Found {
    Row(ClientRow),
    Stored(ClientReport),
}

impl Found {
    fn id(&self) -> &str {
        match self {
            Found::Row(row) => row.name(),
            Found::Stored(report) => report.id.as_str(),
        }
    }
}

/// Makes a page of clients. Waits for the store, so it is for threads that may.
pub(crate) fn list_clients(
    hub: &Hub,
    snapshot: &Snapshot<ClientRow>,
    wish: &ClientsWish,
) -> ClientList {
    let part = snapshot.part(&wish.wish, |row| wish.fits(row));
    let total = part.total;
    let rows = part.rows.into_iter().map(Found::Row).collect();
    let order = wish.wish.order;
    let (found, next) = if !wish.wants_stored() || hub.archive.is_empty() {
        (rows, part.next)
    } else if order.by.is_none() && !order.is_descending {
        joined(hub, (snapshot, wish), rows, part.next.is_some())
    } else {
        followed(hub, (snapshot, wish), rows, part.next)
    };
    ClientList { clients: shown(hub, wish, found), next, total }
}

/// Joins a page by id with what is stored.
fn joined(
    hub: &Hub,
    (snapshot, wish): (&Snapshot<ClientRow>, &ClientsWish),
    rows: Vec<Found>,
    has_more_rows: bool,
) -> (Vec<Found>, Option<Cursor>) {
    let after = match &wish.wish.after {
        Some(Cursor::Counted(place)) => place.name(),
        _ => "",
    };
    let count_max = wish.wish.count_max;
    let StoredPart { reports, more_behind } = stored(hub, (snapshot, wish), after, count_max);
    let mut found = rows;
    found.extend(reports.into_iter().map(Found::Stored));
    found.sort_by(|one, other| one.id().cmp(other.id()));
    // What stands behind the last one looked at may have others before it.
    if let Some(looked_at) = &more_behind {
        found.retain(|it| it.id() <= looked_at.as_str());
    }
    let has_more = has_more_rows || more_behind.is_some() || count_max < found.len();
    let is_full = count_max <= found.len();
    found.truncate(count_max);
    let last = found.last().map(|it| it.id().to_owned());
    let next = if is_full { last } else { more_behind.or(last) };
    (found, next.filter(|_| has_more).map(|name| Cursor::name(&name)))
}

/// Adds what is stored behind the last of a list by number.
fn followed(
    hub: &Hub,
    (snapshot, wish): (&Snapshot<ClientRow>, &ClientsWish),
    rows: Vec<Found>,
    next: Option<Cursor>,
) -> (Vec<Found>, Option<Cursor>) {
    if next.is_some() {
        return (rows, next);
    }
    let after = match &wish.wish.after {
        Some(Cursor::Stored(name)) => name,
        _ => "",
    };
    let left = wish.wish.count_max - rows.len();
    // One more, to know whether there is one.
    let StoredPart { mut reports, more_behind } = stored(hub, (snapshot, wish), after, left + 1);
    let mut next = more_behind;
    if left < reports.len() {
        reports.truncate(left);
        next = Some(reports.last().map_or(after, |it| it.id.as_str()).to_owned());
    }
    let mut found = rows;
    found.extend(reports.into_iter().map(Found::Stored));
    (found, next.map(Cursor::Stored))
}

/// Returns stored clients behind an id that fit and were not counted.
fn stored(
    hub: &Hub,
    (snapshot, wish): (&Snapshot<ClientRow>, &ClientsWish),
    after: &str,
    count_max: usize,
) -> StoredPart {
    let (began, mut part) = (Instant::now(), StoredPart::default());
    let is_wanted = |id: &str| wish.has_name(id) && snapshot.get(id).is_none();
    let mut after = after.to_owned();
    if *after < *wish.prefix {
        // The one that is called as the others begin comes first.
        let first = hub.archive.client_report(&wish.prefix);
        part.reports.extend(first.filter(|it| is_wanted(it.id.as_str())));
        after.clone_from(&wish.prefix);
    }
    loop {
        let reports = hub.archive.client_reports(&after, LOOKED_AT_ONCE);
        let is_last = reports.len() < LOOKED_AT_ONCE;
        for report in reports {
            if !report.id.as_str().starts_with(&wish.prefix) {
                return part;
            }
            report.id.as_str().clone_into(&mut after);
            if is_wanted(&after) {
                part.reports.push(report);
            }
            if count_max <= part.reports.len() {
                part.more_behind = Some(after);
                return part;
            }
        }
        if is_last {
            return part;
        }
        if LOOK_TIME_MAX < began.elapsed() {
            part.more_behind = Some(after);
            return part;
        }
    }
}

/// Asks what is known of the clients of a page now: whether they are there and from where.
fn shown(
    hub: &Hub,
    wish: &ClientsWish,
    found: Vec<Found>,
) -> Vec<(ClientStatus, Option<ClientNumbers>)> {
    let in_memory = found.iter().filter(|it| matches!(it, Found::Row(_)));
    let mut shown = hub.show_clients(in_memory.map(Found::id)).into_iter();
    let clients = found.into_iter().filter_map(|found| match found {
        Found::Stored(report) => Some((ClientStatus::new(report, None), None)),
        Found::Row(row) => {
            let numbers = Some(row.numbers());
            match shown.next()? {
                Some((report, peer)) => Some((ClientStatus::new(report, peer.as_deref()), numbers)),
                // It was let go since it was counted, if it is not forgotten.
                None => {
                    let report = hub.archive.client_report(row.name())?;
                    Some((ClientStatus::new(report, None), None))
                }
            }
        }
    });
    let is_slow = |numbers: &Option<ClientNumbers>| {
        numbers.and_then(|it| it.figures).is_some_and(|it| it.is_slow)
    };
    clients
        .filter(|(status, numbers)| {
            wish.has_state((status.is_online, status.is_lost), is_slow(numbers))
        })
        .collect()
}
