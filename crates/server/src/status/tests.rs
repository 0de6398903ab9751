use super::TOO_MANY;

#[test]
fn who_finds_no_room_is_told_so_in_a_problem_of_the_stated_length() {
    let text = str::from_utf8(TOO_MANY).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = format!("\r\nContent-Length: {}", body.len());
    assert!(head.ends_with(&length), "{head}");
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["status"], 503);
}
