//! Comparing a packet with what was expected, key by key.

use std::collections::BTreeMap;

use serde_json::Value;

/// What the names in angle brackets stand for, such as `<m1>` for a packet id the broker made.
#[derive(Debug, Clone, Default)]
pub struct Names(BTreeMap<String, Value>);

impl Names {
    /// Says whether `actual` is what `pattern` says, and remembers what new names stand for.
    ///
    /// Everything is compared exactly, key by key, except that
    /// - `"*"` in the pattern stands for any value, and `"<name>"` for the value it had where the
    ///   name came first, which is not any other name's;
    /// - `{"between":[low,high]}` stands for a number of that range;
    /// - a key of the pattern that ends in `?` may be missing;
    /// - `mg`, whose wording is free, may be there or not if the pattern does not have it.
    pub fn matches(&mut self, pattern: &Value, actual: &Value) -> bool {
        match (pattern, actual) {
            (Value::String(word), _) if word == "*" => true,
            (Value::String(word), _) if is_name(word) => self.name(word, actual),
            (Value::Object(pattern), _) if pattern.contains_key("between") => {
                is_between(&pattern["between"], actual)
            }
            (Value::Object(pattern), Value::Object(actual)) => {
                let is_free = |key: &String| {
                    !pattern.contains_key(key)
                        && (key == "mg" || pattern.contains_key(&format!("{key}?")))
                };
                actual.keys().all(|key| pattern.contains_key(key) || is_free(key))
                    && pattern.iter().all(|(key, pattern)| match key.strip_suffix('?') {
                        Some(key) => {
                            actual.get(key).is_none_or(|actual| self.matches(pattern, actual))
                        }
                        None => actual.get(key).is_some_and(|actual| self.matches(pattern, actual)),
                    })
            }
            (Value::Array(pattern), Value::Array(actual)) => {
                pattern.len() == actual.len()
                    && pattern.iter().zip(actual).all(|(pattern, one)| self.matches(pattern, one))
            }
            _ => pattern == actual,
        }
    }

    /// Puts what names stand for in their places.
    ///
    /// # Panics
    /// When one of them stands for nothing yet.
    #[must_use]
    pub fn fill_in(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, value) in &self.0 {
            filled = filled.replace(&format!("\"{name}\""), &value.to_string());
        }
        let unknown = filled.split('"').find(|part| is_name(part));
        assert!(unknown.is_none(), "{unknown:?} stands for nothing yet in {text}");
        filled
    }

    fn name(&mut self, name: &str, actual: &Value) -> bool {
        match self.0.get(name) {
            Some(known) => known == actual,
            None => {
                let is_new = self.0.values().all(|known| known != actual);
                self.0.insert(name.to_owned(), actual.clone());
                is_new
            }
        }
    }
}

/// Says whether `actual` is what `pattern` says; see [`Names::matches`].
#[must_use]
pub fn matches(pattern: &Value, actual: &Value) -> bool {
    Names::default().matches(pattern, actual)
}

fn is_between(range: &Value, actual: &Value) -> bool {
    let (low, high) = (range[0].as_f64(), range[1].as_f64());
    let is_inside = |actual| low.is_some_and(|low| low <= actual) && high >= Some(actual);
    actual.as_f64().is_some_and(is_inside)
}

fn is_name(word: &str) -> bool {
    let inner = word.strip_prefix('<').and_then(|word| word.strip_suffix('>'));
    inner.is_some_and(|inner| {
        !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests;
