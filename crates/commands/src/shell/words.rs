//! The words of a line: what is between blanks, or in quotes.

use std::borrow::Cow;

/// What is left of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Words { rest: line.trim_start() }
    }

    /// Returns what is left, from the next word on.
    pub(super) fn rest(self) -> &'a str {
        self.rest
    }

    /// Returns the next word as it stands, without taking it.
    pub(super) fn peek(self) -> Option<&'a str> {
        self.rest.split_whitespace().next()
    }

    /// Takes the next word as it stands, quotes or not.
    pub(super) fn bare(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.rest = self.rest[word.len()..].trim_start();
        Some(word)
    }

    /// Takes the next word: one in double quotes as JSON has a text, one in single quotes as it
    /// stands between them, another one up to the next blank.
    ///
    /// # Errors
    /// What is wrong with the quotes.
    pub(super) fn word(&mut self) -> Result<Option<Cow<'a, str>>, String> {
        let quoted = match self.rest.as_bytes().first() {
            Some(b'"') => double_quoted(self.rest),
            Some(b'\'') => single_quoted(self.rest),
            _ => return Ok(self.bare().map(Cow::Borrowed)),
        };
        let Some((word, rest)) = quoted else {
            return Err(format!("a quote is not closed: {}", self.rest));
        };
        if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
            return Err(format!("there must be a blank behind a quote: {}", self.rest));
        }
        self.rest = rest.trim_start();
        Ok(Some(word))
    }
}

fn double_quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut texts = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let word = texts.next()?.ok()?;
    Some((Cow::Owned(word), &text[texts.byte_offset()..]))
}

fn single_quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let (word, rest) = text[1..].split_once('\'')?;
    Some((Cow::Borrowed(word), rest))
}

#[cfg(test)]
mod tests {
    use super::Words;

    fn all(line: &str) -> Result<Vec<String>, String> {
        let mut words = Words::new(line);
        let mut taken = Vec::new();
        while let Some(word) = words.word()? {
            taken.push(word.into_owned());
        }
        Ok(taken)
    }

    #[test]
    fn words_are_between_blanks_or_in_quotes() {
        assert_eq!(all("  a  b\tc ").unwrap(), ["a", "b", "c"]);
        assert_eq!(
            all(r#"'two words' "a \"b\" \u00e4" x'y"#).unwrap(),
            ["two words", "a \"b\" ä", "x'y"]
        );
        assert_eq!(all(r#""" ''"#).unwrap(), ["", ""]);
        assert_eq!(all("").unwrap(), [""; 0]);
    }

    #[test]
    fn quotes_that_do_not_end_or_have_no_blank_behind_them_are_refused() {
        for line in ["'a", "\"a", "\"", "'", r#""\x""#] {
            assert!(all(line).unwrap_err().starts_with("a quote is not closed"), "{line}");
        }
        for line in ["'a'b", "\"a\"b"] {
            assert!(all(line).unwrap_err().starts_with("there must be a blank"), "{line}");
        }
    }
}
