//! What is answered to what.
#![allow(clippy::too_many_lines, reason = "a dialogue and what it leads to are data")]

use super::*;

#[test]
fn a_value_is_given_back_with_its_flags_and_its_id() {
    check(
        "
        > set k 5 0 5
        > hello
        > get k
        > gets k other k
        > get other
        ",
        &expect![[r#"
            > set k 5 0 5
            > hello
                STORED
            > get k
                VALUE k 5 5
                hello
                END
            > gets k other k
                VALUE k 5 5 1
                hello
                VALUE k 5 5 1
                hello
                END
            > get other
                END
        "#]],
    );
}

#[test]
fn storing_commands_heed_what_is_there() {
    check(
        "
        > replace k 0 0 1
        > a
        > append k 0 0 1
        > a
        > add k 7 0 1
        > b
        > add k 0 0 1
        > c
        > append k 1 1 2
        > cd
        > prepend k 1 1 1
        > a
        > get k
        > replace k 0 0 1
        > z
        > gets k
        > cas k 0 0 1 1
        > x
        > cas k 0 0 1 4
        > y
        > cas other 0 0 1 4
        > y
        > get k
        ",
        &expect![[r#"
            > replace k 0 0 1
            > a
                NOT_STORED
            > append k 0 0 1
            > a
                NOT_STORED
            > add k 7 0 1
            > b
                STORED
            > add k 0 0 1
            > c
                NOT_STORED
            > append k 1 1 2
            > cd
                STORED
            > prepend k 1 1 1
            > a
                STORED
            > get k
                VALUE k 7 4
                abcd
                END
            > replace k 0 0 1
            > z
                STORED
            > gets k
                VALUE k 0 1 4
                z
                END
            > cas k 0 0 1 1
            > x
                EXISTS
            > cas k 0 0 1 4
            > y
                STORED
            > cas other 0 0 1 4
            > y
                NOT_FOUND
            > get k
                VALUE k 0 1
                y
                END
        "#]],
    );
}

#[test]
fn numbers_wrap_at_the_top_and_stop_at_the_bottom() {
    check(
        "
        > incr n 1
        > set n 3 0 20
        > 18446744073709551614
        > incr n 1
        > incr n 6
        > get n
        > set n 0 0 2
        > 10
        > decr n 1
        > get n
        > incr n 0
        > decr n 100
        > incr n 95
        > incr n 5
        > get n
        > set n 0 0 2
        > no
        > incr n 1
        > set n 0 0 0
        >\u{20}
        > incr n 1
        > incr n x
        > incr n -1
        > decr n
        ",
        &expect![[r#"
            > incr n 1
                NOT_FOUND
            > set n 3 0 20
            > 18446744073709551614
                STORED
            > incr n 1
                18446744073709551615
            > incr n 6
                5
            > get n
                VALUE n 3 20
                5                   
                END
            > set n 0 0 2
            > 10
                STORED
            > decr n 1
                9
            > get n
                VALUE n 0 2
                9 
                END
            > incr n 0
                9
            > decr n 100
                0
            > incr n 95
                95
            > incr n 5
                100
            > get n
                VALUE n 0 3
                100
                END
            > set n 0 0 2
            > no
                STORED
            > incr n 1
                CLIENT_ERROR cannot increment or decrement non-numeric value
            > set n 0 0 0
            > 
                STORED
            > incr n 1
                CLIENT_ERROR cannot increment or decrement non-numeric value
            > incr n x
                CLIENT_ERROR invalid numeric delta argument
            > incr n -1
                CLIENT_ERROR invalid numeric delta argument
            > decr n
                ERROR
        "#]],
    );
}

#[test]
fn items_are_deleted_touched_and_flushed() {
    check(
        "
        > set a 0 0 1
        > 1
        > delete a
        > delete a
        > delete a 5
        > delete a 0
        > set a 0 10 1
        > 1
        > touch a 100
        > touch b 100
        > touch a soon
        +99s
        > gat 50 a
        > gats 50 a b
        +49s
        > get a
        +1s
        > get a
        > set a 0 0 1
        > 1
        > flush_all
        > get a
        > flush_all 1 2 3
        > flush_all later
        ",
        &expect![[r#"
            > set a 0 0 1
            > 1
                STORED
            > delete a
                DELETED
            > delete a
                NOT_FOUND
            > delete a 5
                CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]
            > delete a 0
                NOT_FOUND
            > set a 0 10 1
            > 1
                STORED
            > touch a 100
                TOUCHED
            > touch b 100
                NOT_FOUND
            > touch a soon
                CLIENT_ERROR invalid exptime argument
            +99s
            > gat 50 a
                VALUE a 0 1
                1
                END
            > gats 50 a b
                VALUE a 0 1 2
                1
                END
            +49s
            > get a
                VALUE a 0 1
                1
                END
            +1s
            > get a
                END
            > set a 0 0 1
            > 1
                STORED
            > flush_all
                OK
            > get a
                END
            > flush_all 1 2 3
                ERROR
            > flush_all later
                CLIENT_ERROR invalid exptime argument
        "#]],
    );
}

#[test]
fn a_flush_may_come_later_and_spares_what_comes_after_it() {
    check(
        "
        > set pub.a 0 0 1
        > 1
        > flush_all 10
        > set pub.b 0 0 1
        > 2
        +9s
        > get pub.a pub.b
        +1s
        > set pub.b 0 0 1
        > 3
        > get pub.a pub.b
        changes
        +100s
        > get pub.b
        > flush_all 10
        > flush_all 20 noreply
        +15s
        > get pub.b
        +5s
        > get pub.b
        ",
        &expect![[r#"
            > set pub.a 0 0 1
            > 1
                STORED
            > flush_all 10
                OK
            > set pub.b 0 0 1
            > 2
                STORED
            +9s
            > get pub.a pub.b
                VALUE pub.a 0 1
                1
                VALUE pub.b 0 1
                2
                END
            +1s
            > set pub.b 0 0 1
            > 3
                STORED
            > get pub.a pub.b
                VALUE pub.b 0 1
                3
                END
            changes
                pub.a = "1"
                pub.b = "2"
                * flushed
                pub.b = "3"
            +100s
            > get pub.b
                VALUE pub.b 0 1
                3
                END
            > flush_all 10
                OK
            > flush_all 20 noreply
            +15s
            > get pub.b
                VALUE pub.b 0 1
                3
                END
            +5s
            > get pub.b
                END
        "#]],
    );
}

#[test]
fn times_to_live_are_relative_absolute_or_over() {
    check(
        "
        > set never 0 0 1
        > n
        > set negative 0 -1 1
        > n
        > set past 0 1735689599 1
        > n
        > set relative 0 2592000 1
        > n
        > set absolute 0 1735689605 1
        > n
        > get never negative past relative absolute
        +4s
        > get absolute
        +1s
        > get absolute
        +2591994s
        > get never relative
        +1s
        > get never relative
        ",
        &expect![[r#"
            > set never 0 0 1
            > n
                STORED
            > set negative 0 -1 1
            > n
                STORED
            > set past 0 1735689599 1
            > n
                STORED
            > set relative 0 2592000 1
            > n
                STORED
            > set absolute 0 1735689605 1
            > n
                STORED
            > get never negative past relative absolute
                VALUE never 0 1
                n
                VALUE relative 0 1
                n
                VALUE absolute 0 1
                n
                END
            +4s
            > get absolute
                VALUE absolute 0 1
                n
                END
            +1s
            > get absolute
                END
            +2591994s
            > get never relative
                VALUE never 0 1
                n
                VALUE relative 0 1
                n
                END
            +1s
            > get never relative
                VALUE never 0 1
                n
                END
        "#]],
    );
}

#[test]
fn noreply_silences_every_command_that_has_it() {
    check(
        "
        > set a 0 0 1 noreply
        > 1
        > add a 0 0 1 noreply
        > 2
        > append a 0 0 1 noreply
        > 0
        > cas a 0 0 1 999 noreply
        > 2
        > incr a 5 noreply
        > decr a 1 noreply
        > touch a 100 noreply
        > get a
        > delete a noreply
        > delete a 0 noreply
        > flush_all noreply
        > verbosity 1 noreply
        > incr a x noreply
        > set a 0 0 101 noreply
        > xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        > set a 0 0 1 noreply
        > too long
        > get a
        ",
        &expect![[r#"
            > set a 0 0 1 noreply
            > 1
            > add a 0 0 1 noreply
            > 2
            > append a 0 0 1 noreply
            > 0
            > cas a 0 0 1 999 noreply
            > 2
            > incr a 5 noreply
            > decr a 1 noreply
            > touch a 100 noreply
            > get a
                VALUE a 0 2
                14
                END
            > delete a noreply
            > delete a 0 noreply
            > flush_all noreply
            > verbosity 1 noreply
            > incr a x noreply
            > set a 0 0 101 noreply
            > xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
            > set a 0 0 1 noreply
            > too long
                ERROR
            > get a
                END
        "#]],
    );
}

#[test]
fn mistakes_are_named_and_the_connection_goes_on() {
    check(
        "
        > bogus
        > GET a
        > get
        > gat 10
        > set
        > set a x 0 5
        > quit!
        > cas a 0 0 5
        > quit!
        > set a 4294967296 0 1
        > x
        > set a 0 0 2
        > abcd
        > verbosity
        > verbosity x
        > verbosity 2
        > version
        > stats slabs
        > stats bogus
        > mg a v
        > get a
        ",
        &expect![[r#"
            > bogus
                ERROR
            > GET a
                ERROR
            > get
                ERROR
            > gat 10
                END
            > set
                ERROR
            > set a x 0 5
                CLIENT_ERROR bad command line format
            > quit!
            > cas a 0 0 5
                CLIENT_ERROR bad command line format
            > quit!
            > set a 4294967296 0 1
                CLIENT_ERROR bad command line format
            > x
            > set a 0 0 2
            > abcd
                CLIENT_ERROR bad data chunk
                ERROR
            > verbosity
                ERROR
            > verbosity x
                CLIENT_ERROR bad command line format
            > verbosity 2
                OK
            > version
                VERSION 0.1.0
            > stats slabs
                STAT active_slabs 0
                STAT total_malloced 1048576
                END
            > stats bogus
                ERROR
            > mg a v
                ERROR
            > get a
                END
        "#]],
    );
}

#[test]
fn nothing_is_taken_for_a_command_that_may_be_data() {
    // A further command of the kind is answered, as in memcached; any other line ends the connection.
    for line in
        ["set a 0 0", "set a 0 0 -1", "cas a 0 0 x 1", "set a 0 0 2147483646", "add my key 0 0 5"]
    {
        for next in ["flush_all", "get k", "set k 0 0 1", "x"] {
            let store = store();
            let mut session = Session::new(&store);
            let script = format!("set k 0 0 1\r\n1\r\n{line}\r\n{line}\r\n{next}\r\nversion\r\n");
            let (reply, progress) = exchange(&mut session, &store, START, script.as_bytes());
            let replies: Vec<&str> = reply.lines().collect();
            assert_eq!((replies.len(), progress), (3, Progress::Closed), "{line}, {next}: {reply}");
            assert!(replies[1].contains("ERROR") && replies[1] == replies[2], "{line}: {reply}");
            let (reply, _) = exchange(&mut Session::new(&store), &store, START, b"get k\r\n");
            assert!(reply.starts_with("VALUE k 0 1"), "{line}, {next}: {reply}");
        }
    }
}

#[test]
fn a_connection_that_speaks_http_is_closed_without_a_word() {
    for line in
        ["POST / HTTP/1.1", "post /x", "GET / HTTP/1.0", "Host: 127.0.0.1:11211", "DELETE HTTP/1.1"]
    {
        let store = store();
        let mut session = Session::new(&store);
        let script = format!("{line}\r\nset k 0 0 1\r\n1\r\n");
        let (reply, progress) = exchange(&mut session, &store, START, script.as_bytes());
        assert_eq!((reply.as_str(), progress), ("", Progress::Closed), "{line}");
        assert_eq!(store.held().1, 0, "{line}");
    }
}

#[test]
fn stats_detail_counts_by_what_keys_begin_with() {
    check(
        "
        > stats detail on
        > set foo:1 0 0 1
        > 1
        > get foo:1 foo:2 plain
        > delete foo:3
        > stats detail dump
        > stats detail off
        > get foo:1
        > stats detail dump
        > stats detail
        > stats reset
        > stats detail dump
        ",
        &expect![[r#"
            > stats detail on
                OK
            > set foo:1 0 0 1
            > 1
                STORED
            > get foo:1 foo:2 plain
                VALUE foo:1 0 1
                1
                END
            > delete foo:3
                NOT_FOUND
            > stats detail dump
                PREFIX foo get 2 hit 1 set 1 del 1
                END
            > stats detail off
                OK
            > get foo:1
                VALUE foo:1 0 1
                1
                END
            > stats detail dump
                PREFIX foo get 2 hit 1 set 1 del 1
                END
            > stats detail
                CLIENT_ERROR usage: stats detail on|off|dump
            > stats reset
                RESET
            > stats detail dump
                END
        "#]],
    );
}

#[test]
fn items_are_told_by_size() {
    check(
        "
        > set small 0 0 2
        > ab
        > set larger 0 0 60
        > xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        > get small
        > stats cachedump 1 10
        > stats cachedump 3 0
        > stats cachedump 99 0
        > stats cachedump x 1
        > delete larger
        > stats items
        > stats slabs
        > slabs automove 1
        > slabs automove x
        ",
        &expect![[r#"
            > set small 0 0 2
            > ab
                STORED
            > set larger 0 0 60
            > xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
                STORED
            > get small
                VALUE small 0 2
                ab
                END
            > stats cachedump 1 10
                ITEM small [2 b; 0 s]
                END
            > stats cachedump 3 0
                ITEM larger [60 b; 0 s]
                END
            > stats cachedump 99 0
                END
            > stats cachedump x 1
                CLIENT_ERROR bad command line
            > delete larger
                DELETED
            > stats items
                STAT items:1:number 1
                STAT items:1:mem_requested 66
                STAT items:1:evicted 0
                STAT items:1:reclaimed 0
                STAT items:1:age 0
                STAT items:1:evicted_nonzero 0
                STAT items:1:evicted_time 0
                STAT items:1:outofmemory 0
                STAT items:1:tailrepairs 0
                STAT items:1:hits_to_hot 0
                STAT items:1:hits_to_warm 0
                STAT items:1:hits_to_cold 0
                STAT items:1:hits_to_temp 0
                STAT items:3:number 0
                STAT items:3:mem_requested 0
                STAT items:3:evicted 0
                STAT items:3:reclaimed 0
                STAT items:3:age 0
                STAT items:3:evicted_nonzero 0
                STAT items:3:evicted_time 0
                STAT items:3:outofmemory 0
                STAT items:3:tailrepairs 0
                STAT items:3:hits_to_hot 0
                STAT items:3:hits_to_warm 0
                STAT items:3:hits_to_cold 0
                STAT items:3:hits_to_temp 0
                END
            > stats slabs
                STAT 1:chunk_size 96
                STAT 1:chunks_per_page 10922
                STAT 1:total_pages 1
                STAT 1:total_chunks 1
                STAT 1:used_chunks 1
                STAT 1:free_chunks 0
                STAT 1:free_chunks_end 0
                STAT 1:mem_requested 66
                STAT 1:get_hits 1
                STAT 1:cmd_set 1
                STAT 1:delete_hits 0
                STAT 1:incr_hits 0
                STAT 1:decr_hits 0
                STAT 1:cas_hits 0
                STAT 1:cas_badval 0
                STAT 1:touch_hits 0
                STAT 3:chunk_size 152
                STAT 3:chunks_per_page 6898
                STAT 3:total_pages 0
                STAT 3:total_chunks 0
                STAT 3:used_chunks 0
                STAT 3:free_chunks 0
                STAT 3:free_chunks_end 0
                STAT 3:mem_requested 0
                STAT 3:get_hits 0
                STAT 3:cmd_set 1
                STAT 3:delete_hits 1
                STAT 3:incr_hits 0
                STAT 3:decr_hits 0
                STAT 3:cas_hits 0
                STAT 3:cas_badval 0
                STAT 3:touch_hits 0
                STAT active_slabs 2
                STAT total_malloced 1048576
                END
            > slabs automove 1
                OK
            > slabs automove x
                CLIENT_ERROR bad command line format
        "#]],
    );
}

#[test]
fn a_key_has_at_most_250_plain_bytes() {
    let (good, bad) = ("k".repeat(250), "k".repeat(251));
    let store = store();
    let mut session = Session::new(&store);
    let script = format!(
        "set {good} 0 0 1\r\n1\r\nset {bad} 0 0 4\r\nquit\r\nget {bad}\r\nget a\tb\r\ndelete {good}\r\n"
    );
    let (reply, _) = exchange(&mut session, &store, START, script.as_bytes());
    expect![[r#"
        STORED
        CLIENT_ERROR bad command line format
        CLIENT_ERROR bad command line format
        CLIENT_ERROR bad command line format
        DELETED
    "#]]
    .assert_eq(&reply.replace("\r\n", "\n"));
}

#[test]
fn a_value_that_is_too_large_is_swallowed_and_replaces_nothing_but_by_set() {
    let store = store();
    let mut session = Session::new(&store);
    let large = "x".repeat(101);
    let script = format!(
        "set pub.k 0 0 1\r\n1\r\nadd pub.k 0 0 101\r\n{large}\r\nget pub.k\r\n\
         set pub.k 0 0 101\r\n{large}\r\nget pub.k\r\n\
         set pub.k 0 0 60\r\n{}\r\nappend pub.k 0 0 41\r\n{}\r\nversion\r\n",
        &large[..60],
        &large[..41],
    );
    let (reply, _) = exchange(&mut session, &store, START, script.as_bytes());
    expect![[r#"
        STORED
        SERVER_ERROR object too large for cache
        VALUE pub.k 0 1
        1
        END
        SERVER_ERROR object too large for cache
        END
        STORED
        SERVER_ERROR object too large for cache
        VERSION 0.1.0
    "#]]
    .assert_eq(&reply.replace("\r\n", "\n"));
    expect![[r#"
            pub.k = "1"
            pub.k deleted
            pub.k = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    "#]]
    .assert_eq(&changes(&store));
}

#[test]
fn a_line_that_is_too_long_ends_the_connection() {
    let store = store();
    for line in ["x".repeat(3000), format!("set {}", "x".repeat(3000)), " ".repeat(3000)] {
        let mut session = Session::new(&store);
        let (reply, progress) = exchange(&mut session, &store, START, line.as_bytes());
        assert_eq!((reply.as_str(), progress), ("", Progress::Closed));
    }
}

#[test]
fn a_get_may_be_longer_than_a_line() {
    let store = store();
    let mut session = Session::new(&store);
    exchange(&mut session, &store, START, b"set key-999 0 0 1\r\n1\r\nset key-0 0 0 1\r\n0\r\n");
    let keys: Vec<String> = (0..1000).map(|index| format!("key-{index}")).collect();
    let line = format!("get {}\r\nversion\r\n", keys.join(" "));
    let (reply, progress) = exchange(&mut session, &store, START, line.as_bytes());
    expect![[r#"
        VALUE key-0 0 1
        0
        VALUE key-999 0 1
        1
        END
        VERSION 0.1.0
    "#]]
    .assert_eq(&reply.replace("\r\n", "\n"));
    assert_eq!(progress, Progress::Hungry);
}

#[test]
fn a_client_that_quits_is_answered_before() {
    check(
        "
        > version
        > quit
        ",
        &expect![[r#"
            > version
                VERSION 0.1.0
            > quit
                (closed)
        "#]],
    );
}

#[test]
fn changes_under_a_prefix_are_told_and_no_others() {
    check(
        "
        > set other 0 0 1
        > 1
        > get pub.a
        > set pub.a 0 0 1
        > 1
        > add pub.a 0 0 1
        > 2
        > append pub.a 0 0 1
        > 0
        > incr pub.a 5
        > decr pub.a 10
        > touch pub.a 100
        > gets pub.a
        > cas pub.a 0 0 3 5
        > new
        > replace pub.b 0 0 1
        > 1
        > delete pub.a
        > delete pub.a
        > delete other
        > set pub.a 0 0 1
        > 1
        > set pub.a 0 -1 1
        > 2
        > flush_all
        changes
        ",
        &expect![[r#"
            > set other 0 0 1
            > 1
                STORED
            > get pub.a
                END
            > set pub.a 0 0 1
            > 1
                STORED
            > add pub.a 0 0 1
            > 2
                NOT_STORED
            > append pub.a 0 0 1
            > 0
                STORED
            > incr pub.a 5
                15
            > decr pub.a 10
                5
            > touch pub.a 100
                TOUCHED
            > gets pub.a
                VALUE pub.a 0 2 5
                5 
                END
            > cas pub.a 0 0 3 5
            > new
                STORED
            > replace pub.b 0 0 1
            > 1
                NOT_STORED
            > delete pub.a
                DELETED
            > delete pub.a
                NOT_FOUND
            > delete other
                DELETED
            > set pub.a 0 0 1
            > 1
                STORED
            > set pub.a 0 -1 1
            > 2
                STORED
            > flush_all
                OK
            changes
                pub.a = "1"
                pub.a = "10"
                pub.a = "15"
                pub.a = "5 "
                pub.a = "new"
                pub.a deleted
                pub.a = "1"
                pub.a deleted
                * flushed
        "#]],
    );
}

#[test]
fn a_reply_waits_when_it_is_long_however_much_was_asked_for() {
    let settings = Settings { bytes_max: 8 << 20, ..Settings::default() };
    let store = Store::new(settings, START);
    let mut session = Session::new(&store);
    let value = "v".repeat(1 << 20);
    let set = format!("set k 0 0 {}\r\n{value}\r\n", value.len());
    exchange(&mut session, &store, START, set.as_bytes());

    let mut input: &[u8] = b"get k k k k k k\r\nget k k\r\n";
    let mut replies = Vec::new();
    loop {
        let mut reply = Vec::new();
        let progress = session.advance(&store, START, &mut input, &mut reply);
        assert!(reply.len() < REPLY_BYTES_MAX + value.len() + 100);
        replies.extend_from_slice(&reply);
        if progress == Progress::Hungry {
            break;
        }
    }
    assert_eq!(replies.len(), 8 * (value.len() + "VALUE k 0 1048576\r\n\r\n".len()) + 2 * 5);
}

#[test]
fn stats_count_what_was_asked() {
    let store = store();
    let mut session = Session::new(&store);
    let script = b"set a 0 0 1\r\n1\r\nget a b\r\nincr a 1\r\ndecr b 1\r\ntouch a 1\r\ndelete a\r\nstats\r\n";
    let (reply, _) = exchange(&mut session, &store, START + 7000, script);
    let told: Vec<&str> =
        reply.lines().filter(|line| line.starts_with("STAT") && !line.ends_with(" 0")).collect();
    let told = told
        .iter()
        .filter(|line| !line.contains(" pid "))
        .fold(String::new(), |all, line| all + line + "\n");
    expect![[r#"
        STAT uptime 7
        STAT time 1735689607
        STAT version 0.1.0
        STAT pointer_size 64
        STAT rusage_user 0.000000
        STAT rusage_system 0.000000
        STAT max_connections 1024
        STAT curr_connections 1
        STAT total_connections 1
        STAT cmd_get 2
        STAT cmd_set 1
        STAT cmd_touch 1
        STAT get_hits 1
        STAT get_misses 1
        STAT delete_hits 1
        STAT incr_hits 1
        STAT decr_misses 1
        STAT touch_hits 1
        STAT total_items 1
        STAT limit_maxbytes 1048576
        STAT accepting_conns 1
    "#]]
    .assert_eq(&told);
    let (reply, _) = exchange(&mut session, &store, START, b"stats reset\r\nstats\r\n");
    assert!(reply.starts_with("RESET\r\n") && reply.contains("STAT cmd_get 0\r\n"), "{reply}");
}
