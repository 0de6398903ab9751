//! The answers to `stats`, in memcached's words, for people and for what exports them to a monitoring system.
//!
//! Exporters give up when a name is missing. So names are given whose matter this cache does not have, such as the
//! crawler for expired items; they are 0 or "no", which is the truth about it.

use std::io::Write as _;

use crate::{
    exptime::UnixMs,
    reply::{REPLY_BYTES_MAX, say},
    report::Report,
    settings::ProcessorTime,
    size_class::{PAGE_BYTES, SizeClass},
    stats::{Class, ClassCounter},
    store::Store,
};

/// Does what a report asks, and writes the answer behind `reply`.
pub(crate) fn answer(report: &Report, store: &Store, now: UnixMs, reply: &mut Vec<u8>) {
    let mut page = Page(reply);
    match report {
        Report::General => general(store, now, &mut page),
        Report::Settings => settings(store, &mut page),
        Report::Items => items(store, &mut page),
        Report::Slabs => slabs(store, &mut page),
        Report::Nothing => {}
        Report::Keys { class, count_max } => keys(store, now, *class, *count_max, &mut page),
        Report::DetailDump => detail(store, &mut page),
        Report::Reset => {
            store.stats().reset();
            return say(reply, "RESET");
        }
        Report::Detail { is_on } => {
            store.stats().prefixes.switch(*is_on);
            return say(reply, "OK");
        }
        Report::DetailUsage => return say(reply, "CLIENT_ERROR usage: stats detail on|off|dump"),
        Report::KeysUsage => return say(reply, "CLIENT_ERROR bad command line"),
    }
    say(reply, "END");
}

/// The lines of an answer.
struct Page<'r>(&'r mut Vec<u8>);

impl Page<'_> {
    fn stat(&mut self, name: &str, value: impl std::fmt::Display) {
        // Writing to a vector cannot fail.
        _ = write!(self.0, "STAT {name} {value}\r\n");
    }

    /// Writes names whose matter this cache does not have.
    fn none(&mut self, names: &[&str]) {
        for name in names {
            self.stat(name, 0);
        }
    }

    /// Writes a figure of a size class.
    fn of_class(&mut self, prefix: &str, class: SizeClass, name: &str, value: u64) {
        self.stat(&format!("{prefix}{}:{name}", class.number()), value);
    }
}

fn general(store: &Store, now: UnixMs, page: &mut Page<'_>) {
    let (bytes, items) = store.held();
    let (settings, stats) = (store.settings(), store.stats());
    let ProcessorTime { user, system } = (settings.processor_time)();
    page.stat("pid", std::process::id());
    page.stat("uptime", now.saturating_sub(store.started_at()) / 1000);
    page.stat("time", store.wall_ms(now) / 1000);
    page.stat("version", env!("CARGO_PKG_VERSION"));
    page.stat("pointer_size", usize::BITS);
    page.stat("rusage_user", format_args!("{}.{:06}", user.as_secs(), user.subsec_micros()));
    page.stat("rusage_system", format_args!("{}.{:06}", system.as_secs(), system.subsec_micros()));
    page.stat("max_connections", settings.connections_max);
    page.stat("curr_connections", stats.connections.open());
    page.stat("total_connections", stats.connections.total());
    page.stat("rejected_connections", stats.connections.refused());
    for (name, value) in stats.counters.all() {
        page.stat(name, value);
    }
    page.stat("bytes", bytes);
    page.stat("curr_items", items);
    page.stat("limit_maxbytes", settings.bytes_max);
    page.stat("accepting_conns", 1);
    page.none(&[
        "auth_cmds",
        "auth_errors",
        "conn_yields",
        "crawler_items_checked",
        "crawler_reclaimed",
        "direct_reclaims",
        "listen_disabled_num",
        "lru_crawler_running",
        "lru_crawler_starts",
        "lru_maintainer_juggles",
        "lrutail_reflocked",
        "moves_to_cold",
        "moves_to_warm",
        "moves_within_lru",
        "slab_reassign_running",
        "slabs_moved",
        "store_no_memory",
        "time_in_listen_disabled_us",
    ]);
}

fn settings(store: &Store, page: &mut Page<'_>) {
    let settings = store.settings();
    let is_detailed = store.stats().prefixes.is_on();
    page.stat("maxbytes", settings.bytes_max);
    page.stat("maxconns", settings.connections_max);
    page.stat("item_size_max", settings.item_bytes_max);
    page.stat("idle_timeout", settings.idle_max.map_or(0, |idle_max| idle_max.as_secs()));
    page.stat("evictions", "on");
    page.stat("domain_socket", "NULL");
    page.stat("cas_enabled", "yes");
    page.stat("flush_enabled", "yes");
    page.stat("dump_enabled", "yes");
    page.stat("shutdown_command", "no");
    page.stat("auth_enabled_sasl", "no");
    page.stat("auth_enabled_ascii", "no");
    page.stat("binding_protocol", "ascii");
    page.stat("stat_key_prefix", ":");
    page.stat("detail_enabled", if is_detailed { "yes" } else { "no" });
    page.stat("growth_factor", "1.25");
    page.stat("client_flags_size", size_of::<u32>());
    page.stat("lru_crawler", "no");
    page.stat("lru_maintainer_thread", "no");
    page.stat("lru_segmented", "no");
    page.stat("slab_reassign", "no");
    page.none(&[
        "lru_crawler_sleep",
        "lru_crawler_tocrawl",
        "hot_lru_pct",
        "warm_lru_pct",
        "hot_max_factor",
        "warm_max_factor",
        "slab_automove",
    ]);
}

/// Returns the classes that have or had items, once what was removed is counted out.
fn used_classes(store: &Store) -> impl Iterator<Item = (SizeClass, &Class)> {
    store.held();
    let classes = &store.stats().classes;
    SizeClass::all().map(|class| (class, classes.of(class))).filter(|(_, class)| class.is_used())
}

fn items(store: &Store, page: &mut Page<'_>) {
    for (class, figures) in used_classes(store) {
        let mut say = |name: &str, value| page.of_class("items:", class, name, value);
        say("number", figures.items());
        say("mem_requested", figures.bytes());
        say("evicted", figures.counted(ClassCounter::Evicted));
        say("reclaimed", figures.counted(ClassCounter::Reclaimed));
        for name in [
            "age",
            "evicted_nonzero",
            "evicted_time",
            "outofmemory",
            "tailrepairs",
            "hits_to_hot",
            "hits_to_warm",
            "hits_to_cold",
            "hits_to_temp",
        ] {
            say(name, 0);
        }
    }
}

fn slabs(store: &Store, page: &mut Page<'_>) {
    let mut classes_used = 0;
    for (class, figures) in used_classes(store) {
        classes_used += 1;
        let chunk_bytes = class.chunk_bytes();
        let chunks_per_page = (PAGE_BYTES / chunk_bytes) as u64;
        let mut say = |name: &str, value| page.of_class("", class, name, value);
        say("chunk_size", chunk_bytes as u64);
        say("chunks_per_page", chunks_per_page);
        say("total_pages", figures.items().div_ceil(chunks_per_page));
        say("total_chunks", figures.items());
        say("used_chunks", figures.items());
        say("free_chunks", 0);
        say("free_chunks_end", 0);
        say("mem_requested", figures.bytes());
        for (name, counter) in [
            ("get_hits", ClassCounter::GetHits),
            ("cmd_set", ClassCounter::Sets),
            ("delete_hits", ClassCounter::DeleteHits),
            ("incr_hits", ClassCounter::IncrHits),
            ("decr_hits", ClassCounter::DecrHits),
            ("cas_hits", ClassCounter::CasHits),
            ("cas_badval", ClassCounter::CasBadValues),
            ("touch_hits", ClassCounter::TouchHits),
        ] {
            say(name, figures.counted(counter));
        }
    }
    page.stat("active_slabs", classes_used);
    // memcached keeps every slab page it once took. Here memory is given back, so that only the limit does not change.
    page.stat("total_malloced", store.settings().bytes_max);
}

fn keys(store: &Store, now: UnixMs, class: usize, count_max: usize, page: &mut Page<'_>) {
    let Some(class) = SizeClass::numbered(class) else { return };
    let count_max = if count_max == 0 { usize::MAX } else { count_max };
    for (key, item) in store.items_of(class, now).take(count_max) {
        if REPLY_BYTES_MAX <= page.0.len() {
            return;
        }
        page.0.extend_from_slice(b"ITEM ");
        page.0.extend_from_slice(key.as_bytes());
        // Writing to a vector cannot fail.
        let ends_s = item.ends.map_or(0, |ends| store.wall_ms(ends) / 1000);
        _ = write!(page.0, " [{} b; {ends_s} s]\r\n", item.value.len());
    }
}

fn detail(store: &Store, page: &mut Page<'_>) {
    for (prefix, counts) in store.stats().prefixes.all() {
        page.0.extend_from_slice(b"PREFIX ");
        page.0.extend_from_slice(&prefix);
        // Writing to a vector cannot fail.
        _ = write!(
            page.0,
            " get {} hit {} set {} del {}\r\n",
            counts.gets, counts.hits, counts.sets, counts.deletes
        );
    }
}
