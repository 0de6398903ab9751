//! Every command of `README.md` and `docs/` is run here, in order, as it stands.
//!
//! A page is played in a directory and a network of its own (a network namespace, so that the ports
//! are those of the page), by as many shells as it has terminals. `markdown` says how a page is
//! written for that, `page` how it is played. Namespaces are for root only; elsewhere these tests say
//! so and show nothing.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod browser;
mod links;
mod machine;
mod markdown;
mod messages;
mod output;
mod page;
mod terminal;

use std::{
    fs,
    path::{Path, PathBuf},
};

use markdown::{Block, blocks};

/// Blocks that are not run, over all pages. Each says why in its page; a new one is counted here.
const SKIPPED_COUNT: usize = 8;

/// Names a test for each page that has commands.
macro_rules! pages {
    ($($name:ident: $page:literal),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                page::play(&root().join($page));
            }
        )*

        const PAGES: &[&str] = &[$($page),*];
    };
}

pages! {
    the_readme_runs_as_it_stands: "README.md",
    access_runs_as_it_stands: "docs/access.md",
    administration_runs_as_it_stands: "docs/administration.md",
    audit_runs_as_it_stands: "docs/audit.md",
    balancing_runs_as_it_stands: "docs/balancer.md",
    clusters_run_as_they_stand: "docs/cluster.md",
    the_command_line_runs_as_it_stands: "docs/cli.md",
    compatibility_runs_as_it_stands: "docs/compatibility.md",
    configuration_runs_as_it_stands: "docs/configuration.md",
    coremq_runs_as_it_stands: "docs/coremq.md",
    embedding_runs_as_it_stands: "docs/embedding.md",
    getting_started_runs_as_it_stands: "docs/getting-started.md",
    http_api_runs_as_it_stands: "docs/http-api.md",
    inspecting_runs_as_it_stands: "docs/inspect.md",
    installing_runs_as_it_stands: "docs/install.md",
    jmqt_runs_as_it_stands: "docs/jmqt.md",
    memcached_runs_as_it_stands: "docs/memcached.md",
    metrics_run_as_they_stand: "docs/metrics.md",
    operating_runs_as_it_stands: "docs/operating.md",
    pubsubx_runs_as_it_stands: "docs/pubsubx.md",
    replication_runs_as_it_stands: "docs/replication.md",
    the_shell_runs_as_it_stands: "docs/shell.md",
    the_tutorial_runs_as_it_stands: "docs/tutorial.md",
    tls_runs_as_it_stands: "docs/tls.md",
    webhooks_run_as_they_stand: "docs/webhooks.md",
}

#[test]
fn every_page_with_commands_is_played() {
    for page in all_pages() {
        let name = page.strip_prefix(root()).unwrap().to_str().unwrap();
        let has_commands = blocks_of(&page).iter().any(Block::is_shell);
        let is_played = PAGES.contains(&name);
        assert_eq!(is_played, has_commands, "{name}: does `pages!` name the pages with commands?");
    }
}

#[test]
fn what_cannot_be_run_here_is_little_and_says_why() {
    let mut skipped_count = 0;
    for page in all_pages() {
        let shells: Vec<Block> = blocks_of(&page).into_iter().filter(Block::is_shell).collect();
        let skipped: Vec<&Block> =
            shells.iter().filter(|block| block.attribute("skip").is_some()).collect();
        for block in &skipped {
            let reason = block.attribute("skip").unwrap();
            eprintln!("not run: {}:{}: {reason}", page.display(), block.line);
            assert!(!reason.is_empty(), "{}:{} does not say why", page.display(), block.line);
        }
        assert!(
            shells.is_empty() || skipped.len() < shells.len(),
            "{}: none of its commands is run",
            page.display()
        );
        skipped_count += skipped.len();
    }
    assert_eq!(skipped_count, SKIPPED_COUNT, "blocks that are not run; see the list above");
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let others = ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "bench/README.md"];
    let specs = ["README.md", "coremq.md", "jmqt.md", "pubsubx.md"]
        .map(|name| root().join("spec").join(name));
    for page in all_pages().into_iter().chain(others.map(|name| root().join(name))).chain(specs) {
        let text = fs::read_to_string(&page).unwrap();
        for (line, target) in links::targets(&text) {
            assert!(leads_somewhere(&page, target), "{}:{line}: {target}", page.display());
        }
    }
}

/// Says whether a link is to another site, or to a file or heading that is there.
fn leads_somewhere(page: &Path, target: &str) -> bool {
    if target.contains("://") {
        return true;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { page.to_owned() } else { page.with_file_name("").join(file) };
    if anchor.is_empty() {
        return path.exists();
    }
    let text = fs::read_to_string(path).unwrap_or_default();
    links::anchors(&text).iter().any(|other| other == anchor)
}

/// Returns the directory of the repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn all_pages() -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join("docs")).unwrap();
    let mut pages: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

fn blocks_of(page: &Path) -> Vec<Block> {
    let text = fs::read_to_string(page).unwrap();
    blocks(&text).unwrap_or_else(|error| panic!("{}:{error}", page.display()))
}
