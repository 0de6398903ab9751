//! One suite for every driver: the duties of [`Store`](crate::Store) and
//! [`StoreReader`](crate::StoreReader), each as a check.
//!
//! A driver's tests implement [`Driver`] and call [`check_all`], which panics at the first duty
//! that is neglected.

mod changes;
mod clients;
mod clock;
mod copying;
mod cursors;
mod history;
mod lifetime;
mod logs;
mod reading;
mod retained;
mod sessions;
mod shared;
mod subject;
mod walking;

pub use copying::TargetDriver;
pub use shared::{SharedDriver, check_shared};
pub use subject::Driver;
pub use walking::WalkDriver;

/// Checks every duty that the traits state, each on a store of its own.
///
/// # Panics
/// When a duty is neglected.
pub fn check_all(driver: &mut dyn Driver) {
    logs::a_failed_batch_leaves_nothing_behind(driver);
    logs::changes_build_upon_each_other(driver);
    logs::a_batch_that_is_given_again_is_not_carried_out_again(driver);
    logs::sequences_have_no_gaps(driver);
    logs::what_nobody_reads_is_not_stored(driver);
    logs::trimming_drops_whole_pages_and_nothing_else(driver);
    logs::trimming_keeps_a_log_within_each_bound(driver);
    logs::trimming_leaves_a_later_log_of_the_channel_alone(driver);
    logs::trimming_never_reaches_pages_to_come(driver);

    cursors::subscribing_starts_behind_the_last_message(driver);
    cursors::subscribing_twice_is_subscribing_once(driver);
    cursors::moving_without_a_cursor_makes_nothing(driver);
    cursors::what_is_acknowledged_is_added_up(driver);
    cursors::acknowledgements_outlive_the_store(driver);
    cursors::a_log_is_dropped_if_nobody_reads_it(driver);
    cursors::forgetting_a_client_forgets_its_cursors_only(driver);
    cursors::the_id_of_a_log_is_never_used_again(driver);
    cursors::all_but_append_may_be_repeated(driver);

    clients::heads_are_the_whole_without_clients(driver);
    clients::a_client_is_read_as_it_is_loaded(driver);
    clients::clients_are_listed_by_id(driver);
    clients::ids_are_listed_with_whether_they_have_a_cursor(driver);
    clients::the_slowest_cursor_is_told(driver);
    clients::direct_messages_are_stored_for_clients_that_are_known(driver);

    history::a_history_is_ordered_by_the_logical_clock_and_then_by_id(driver);
    history::the_oldest_beyond_the_count_are_dropped(driver);
    history::a_message_that_is_there_stays_as_it_is(driver);
    history::a_dropped_history_is_forgotten(driver);
    history::each_channel_has_its_own_history(driver);
    history::histories_and_all_else_leave_each_other_alone(driver);
    history::messages_of_a_history_are_kept_to_the_byte(driver);
    history::histories_outlive_the_store(driver);
    history::histories_change_with_their_batch_or_not_at_all(driver);

    sessions::a_session_is_open_until_it_is_closed(driver);
    sessions::sessions_and_all_else_leave_each_other_alone(driver);
    sessions::clients_of_sessions_are_kept_to_the_byte(driver);
    sessions::sessions_outlive_the_store(driver);
    sessions::sessions_change_with_their_batch_or_not_at_all(driver);

    clock::the_clocks_are_as_they_were_noted_last(driver);
    clock::the_clocks_and_all_else_leave_each_other_alone(driver);
    clock::the_clocks_outlive_the_store(driver);

    retained::a_retained_message_stays_until_it_is_replaced_or_dropped(driver);
    retained::retained_messages_and_all_else_leave_each_other_alone(driver);
    retained::dropped_retained_messages_do_not_come_back(driver);

    reading::reading_starts_at_the_page_that_holds_the_message(driver);
    reading::reading_stops_once_the_bytes_pass_the_limit(driver);
    reading::a_log_that_is_gone_has_no_pages(driver);
    reading::a_page_that_is_set_aside_is_seen_no_more(driver);
    reading::a_reader_beside_a_writer_sees_every_message_in_order(driver);

    lifetime::loading_gives_back_what_was_committed(driver);
    lifetime::names_and_payloads_are_kept_to_the_byte(driver);
    lifetime::what_was_committed_outlives_the_store(driver);
}

/// Checks every duty that [`StoreWalk`](crate::StoreWalk) states and that all drivers can be asked for alike.
///
/// # Panics
/// When a duty is neglected.
pub fn check_walk(driver: &mut dyn WalkDriver) {
    walking::an_empty_store_has_nothing_but_counters(driver);
    walking::a_walk_gives_everything_once(driver);
    walking::a_walk_goes_on_behind_any_record(driver);
}

/// Checks every duty that [`StoreTarget`](crate::StoreTarget) states, and what [`copy`](crate::copy()) makes of it.
///
/// # Panics
/// When a duty is neglected.
pub fn check_target(driver: &mut dyn TargetDriver) {
    copying::a_copy_is_the_store_that_it_was_made_of(driver);
    copying::a_copy_that_was_cut_off_is_no_store_and_is_taken_up(driver);
    copying::a_copy_that_differs_is_no_store(driver);
    copying::what_is_not_empty_or_in_use_is_refused(driver);
}
