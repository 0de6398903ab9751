use rusqlite::types::Value;

use super::{columns, next_statement, tokens::Tokens};

#[test]
fn statements_end_with_a_line() {
    let dump =
        "-- MySQL dump\n\nDROP TABLE IF EXISTS `a`;\nINSERT INTO `a` VALUES\n(1,'x;'),\n(2,'y');\n";
    let mut reader = dump.as_bytes();
    let mut statements = Vec::new();
    while let Some(statement) = next_statement(&mut reader).unwrap() {
        statements.push(statement.trim().to_owned());
    }
    assert_eq!(
        statements,
        ["DROP TABLE IF EXISTS `a`;", "INSERT INTO `a` VALUES\n(1,'x;'),\n(2,'y');"]
    );
}

#[test]
fn columns_are_told_from_keys() {
    let sql = "(\n  `id` int(11) NOT NULL AUTO_INCREMENT,\n  `Data` longtext DEFAULT 'a,b',\n  \
               PRIMARY KEY (`id`),\n  KEY `k` (`id`,`data`)\n) ENGINE=InnoDB";
    assert_eq!(columns(&mut Tokens::of(sql)), ["id", "data", "primary", "key"]);
}

#[test]
fn values_are_what_the_server_had() {
    let sql = r#"(1,'it''s \'a\' \\ "b"\n','',NULL,-2.5,_binary 'x',0x7b7d),(2)"#;
    let mut tokens = Tokens::of(sql);
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    assert_eq!(
        tokens.row().unwrap().unwrap(),
        [
            Some(Value::Integer(1)),
            text("it's 'a' \\ \"b\"\n"),
            text(""),
            None,
            Some(Value::Real(-2.5)),
            text("x"),
            text("{}"),
        ]
    );
    assert_eq!(tokens.row().unwrap().unwrap(), [Some(Value::Integer(2))]);
    assert!(tokens.row().is_none());
}
