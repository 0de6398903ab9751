//! Servers of a cluster, and who may be one.

use expect_test::expect;

use crate::tests::errors::check_files;
use crate::tests::load_with_file;
use crate::{Settings, Sources};

#[test]
fn a_cluster_that_could_not_link_is_refused() {
    check_files(
        &[
            "[access]\nmode = \"tokens\"\n[cluster]\nnodes = [\"alpha\"]\n",
            "[access]\nmode = \"tokens\"\n[cluster]\nallowed_replicants = [\"gateway\"]\n",
            "[cluster]\nnodes = [\"alpha\", \"http://beta\"]\n",
            "[cluster]\nallowed_replicants = [\"gateway:0\"]\n",
            "[cluster]\nreplicants = [\"\"]\n",
            "[cluster]\nnodes = [\"coremqs://alpha:6748\"]\n",
            "[cluster]\nnodes = [\"alpha\"]\nauthority = \"ca.pem\"\n",
            "[cluster]\nnodes = [\"coremqs://alpha\"]\nauthority = \"a\"\ncertificate = \"c\"\n",
            "[cluster]\nnodes = [\"coremqs://alpha\"]\nauthority = \"a\"\nkey = \"k\"\n",
        ],
        &expect![[r#"
            rialto.toml:4:9: `cluster.nodes` names other servers, access.mode is "tokens", and no client may ask for all messages: none of them could link to this one; name the client as which they come, cluster.replicants = ["server"], and give it a token or a certificate; or, for original servers and gateways, which bring none, set cluster.replicants_by_address = true
            rialto.toml:4:22: `cluster.allowed_replicants` names other servers, access.mode is "tokens", and no client may ask for all messages: none of them could link to this one; name the client as which they come, cluster.replicants = ["server"], and give it a token or a certificate; or, for original servers and gateways, which bring none, set cluster.replicants_by_address = true
            rialto.toml:2:19: `cluster.nodes` has `http://beta`, which is no address of a server; expected a host, host:port or coremqs://host:port
            rialto.toml:2:23: `cluster.allowed_replicants` has `gateway:0`, which is no address of a server; expected a host, host:port or coremqs://host:port
            rialto.toml:2:15: `cluster.replicants` has an empty client id, which nobody has; name the client, or leave the entry out
            rialto.toml:2:9: `coremqs://alpha:6748` is reached over TLS, and `cluster.authority` names no authority; set cluster.authority to the PEM file of those that sign the nodes' certificates
            rialto.toml:3:13: `cluster.authority` is set, and no node is reached over TLS; write coremqs:// before the nodes whose listeners have TLS
            rialto.toml:4:15: `cluster.certificate` is set and `cluster.key` is not; set both or none
            rialto.toml:4:7: `cluster.key` is set and `cluster.certificate` is not; set both or none
        "#]],
    );
}

#[test]
fn in_tokens_mode_it_takes_a_name_or_the_word_that_addresses_are_enough() {
    let tokens = "[access]\nmode = \"tokens\"\n[cluster]\nnodes = [\"alpha\"]\n";
    for more in ["replicants = [\"server\"]\n", "replicants_by_address = true\n"] {
        let loaded = load_with_file(&format!("{tokens}{more}"), Sources::default());
        assert!(loaded.is_ok_and(|it: Settings| it.cluster.nodes == ["alpha"]), "{more}");
    }
}

#[test]
fn what_brokers_on_one_database_would_do_wrong_is_refused() {
    let shared = "[store]\nkind = \"postgres\"\nurl = \"postgres://db\"\nshared = true\n";
    let with = |more: &str| format!("{shared}{more}");
    check_files(
        &[
            "[store]\nshared = true\n",
            &with("[cluster]\nnodes = [\"alpha\"]\n"),
            &with("[history]\npersistent = true\n"),
            &with("[[channels.rules]]\npattern = \"room\"\nhistory_persistent = true\n"),
        ],
        &expect![[r#"
            rialto.toml:2:10: `store.shared` is set, while `store.kind` is "sqlite"; set store.kind to "postgres", or remove store.shared
            rialto.toml:6:9: `cluster.nodes` is set, and brokers that share a database do not pass messages on yet; remove it, or store.shared
            rialto.toml:6:14: histories are to be stored, and brokers that share a database would each store their own; remove history.persistent and history_persistent, or store.shared
            rialto.toml:5:1: histories are to be stored, and brokers that share a database would each store their own; remove history.persistent and history_persistent, or store.shared
        "#]],
    );
    let loaded = load_with_file(shared, Sources::default());
    assert!(loaded.is_ok_and(|it: Settings| it.store.shared));
}
