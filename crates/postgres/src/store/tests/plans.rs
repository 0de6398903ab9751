//! How the database finds what a statement is about.

use rialto_store::Part;
use rialto_testkit::Postgres;

use super::{open, settings};
use crate::{
    check, nodes, reads,
    statements::{ALL, BEGIN, COMMIT},
    walks,
};

#[test]
fn every_statement_finds_its_rows_by_a_key() {
    let server = Postgres::start_in_memory(&[]);
    let settings = settings(&server, "rialto");
    drop(open(&settings));
    let others = [reads::LOG, reads::CLIENT, reads::CLIENTS, reads::IDS];
    let control = [BEGIN, COMMIT];
    // The first part is single rows.
    let walks = Part::ALL.into_iter().skip(1).map(walks::sql);
    let nodes = nodes::COMMITTING.into_iter().chain(nodes::BELONGING);
    for sql in
        ALL.into_iter().chain(others).chain(nodes).chain(walks).filter(|sql| !control.contains(sql))
    {
        let count = (1..20).take_while(|number| sql.contains(&format!("${number}"))).count();
        let values = vec!["NULL"; count].join(", ");
        let values = if count == 0 { String::new() } else { format!("({values})") };
        let plan = server.sql(&format!(
            "{}; SET plan_cache_mode = force_generic_plan; PREPARE it AS {sql}; EXPLAIN EXECUTE it {values}",
            check::session(&settings)
        ));
        assert!(plan.contains("Index") || plan.contains("Insert"), "{sql}\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{sql}\n{plan}");
    }
}
