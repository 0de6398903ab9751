use serde_json::json;

use super::*;

#[test]
fn a_claim_is_compared_as_the_text_number_or_flag_it_is() {
    let has = |claim: Value, value: &str| has_value(&claim, value);
    assert!(has(json!("a"), "a") && has(json!(1.5), "1.5") && has(json!(true), "true"));
    assert!(!has(json!("a"), "A") && !has(json!(false), "true") && !has(Value::Null, "null"));
    assert!(has(json!(["x", 7]), "7") && !has(json!([["x"]]), "x"));
}
