//! Comparing what came with what a step says.

use serde_json::{Map, Value};

use super::scene::{Failure, KINDS, Scene};
use crate::Names;

/// Says whether a client's packet is what a step says.
pub(super) fn is_packet(names: &mut Names, pattern: &Value, packet: &Value) -> bool {
    let (Some((root, body)), Some((sent, sent_body))) = (only(pattern), only(packet)) else {
        return names.matches(pattern, packet);
    };
    root == sent && try_matching(names, body, &normal(sent_body))
}

/// Says whether an event is what a step says: it is, in all that the step names.
pub(super) fn is_event(names: &mut Names, pattern: &Map<String, Value>, event: &Value) -> bool {
    let mut known = names.clone();
    let is_of_kind =
        KINDS.iter().all(|kind| pattern.contains_key(*kind) == event.get(kind).is_some());
    let all = is_of_kind
        && pattern.iter().all(|(key, pattern)| {
            let value = event.get(key).unwrap_or(&Value::Null);
            // What is absent is off.
            *pattern == Value::Bool(false) && value.is_null() || known.matches(pattern, value)
        });
    if all {
        *names = known;
    }
    all
}

/// Takes the next event that is what the step says, and all of its kind before it.
pub(super) fn take_event(
    scene: &mut Scene<'_>,
    names: &mut Names,
    who: &str,
    pattern: &Map<String, Value>,
) -> Result<Option<Value>, Failure> {
    let kind = kind_of(pattern)?;
    let is_of_kind = |(from, event): &(String, Value)| {
        from == who
            && event.get(kind).is_some()
            && (kind != "message" || pattern.get("of").is_none_or(|of| *of == event["of"]))
            && (kind != "outcome" || pattern[kind] == event[kind])
    };
    let is_exact = kind == "message" || kind == "outcome";
    let mut candidates: Vec<_> =
        (0..scene.events.len()).filter(|at| is_of_kind(&scene.events[*at])).collect();
    let found = candidates.iter().position(|at| is_event(names, pattern, &scene.events[*at].1));
    match (found, candidates.first()) {
        (Some(found), _) if found == 0 || !is_exact => {
            let event = scene.events[candidates[found]].1.clone();
            if let Some(of) = event["outcome"].as_str() {
                scene.answered.insert((who.to_owned(), of.to_owned()));
            }
            candidates.truncate(found + 1);
            let mut at = 0;
            scene.events.retain(|_| {
                at += 1;
                !candidates.contains(&(at - 1))
            });
            Ok(Some(event))
        }
        (_, Some(first)) if is_exact => Err(format!("instead came {}", scene.events[*first].1)),
        _ => Ok(None),
    }
}

/// Returns the kind of event that a step speaks of.
pub(super) fn kind_of(pattern: &Map<String, Value>) -> Result<&'static str, Failure> {
    let kind = KINDS.into_iter().find(|kind| pattern.contains_key(*kind));
    kind.ok_or_else(|| "this is no kind of event".to_owned())
}

fn try_matching(names: &mut Names, pattern: &Value, actual: &Value) -> bool {
    let mut known = names.clone();
    let is_it = known.matches(pattern, actual);
    if is_it {
        *names = known;
    }
    is_it
}

/// Returns the only key of an object, and its value.
fn only(value: &Value) -> Option<(&String, &Value)> {
    let object = value.as_object()?;
    (object.len() == 1).then(|| object.iter().next()).flatten()
}

/// Leaves out the flags and numbers that are 0.
fn normal(body: &Value) -> Value {
    let mut body = body.clone();
    if let Value::Object(keys) = &mut body {
        keys.retain(|key, value| {
            !["q", "rt", "pr"].contains(&key.as_str()) || !(*value == 0 || *value == false)
        });
    }
    body
}
