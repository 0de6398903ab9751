//! A message in a line, and the options before, between and behind its words.

use rialto_client::Qos;

use crate::payload::PayloadRule;

use super::super::words::Words;

/// What options say of a message.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Options {
    pub(super) qos: Option<Qos>,
    pub(super) retain: bool,
    is_text: bool,
    is_json: bool,
}

impl Options {
    /// Takes the options that come next.
    pub(super) fn take_all(&mut self, words: &mut Words<'_>) -> Result<(), String> {
        while let Some(word) = words.peek()
            && word != VERBATIM
            && word.starts_with("--")
        {
            words.bare();
            match word {
                "--qos" => self.set_qos(words.bare().unwrap_or_default())?,
                _ => {
                    if !self.set(word)? {
                        return Err(format!(
                            "there is no option {word}; data that begins so stands \
                                            behind --"
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// Sets the option that is one word; returns whether it is any.
    fn set(&mut self, word: &str) -> Result<bool, String> {
        match word {
            "--retain" => self.retain = true,
            "--text" => self.is_text = true,
            "--json" => self.is_json = true,
            _ => match word.strip_prefix("--qos=") {
                Some(level) => self.set_qos(level)?,
                None => return Ok(false),
            },
        }
        Ok(true)
    }

    fn set_qos(&mut self, level: &str) -> Result<(), String> {
        self.qos = Some(match level {
            "0" => Qos::AtMostOnce,
            "1" => Qos::AtLeastOnce,
            _ => return Err(format!("--qos is 0 or 1, not {level:?}")),
        });
        Ok(())
    }

    pub(super) fn rule(&self) -> Result<PayloadRule, String> {
        match (self.is_json, self.is_text) {
            (true, true) => Err("--json and --text exclude each other".to_owned()),
            (true, false) => Ok(PayloadRule::Json),
            (false, true) => Ok(PayloadRule::Text),
            (false, false) => Ok(PayloadRule::JsonOrText),
        }
    }

    /// Checks that only the form of the data is said.
    pub(super) fn expect_form_only(&self) -> Result<(), &'static str> {
        if self.retain || self.qos.is_some() {
            return Err("a request has neither --qos nor --retain");
        }
        Ok(())
    }
}

/// What stands behind it is data, whatever it looks like.
const VERBATIM: &str = "--";

/// Takes the data: everything that is left, but for options before and behind it.
pub(super) fn message(
    mut words: Words<'_>,
    options: &mut Options,
) -> Result<Option<String>, String> {
    options.take_all(&mut words)?;
    if words.peek() == Some(VERBATIM) {
        words.bare();
        return Ok(Some(words.rest().to_owned()));
    }
    let mut text = words.rest().trim_end();
    while let Some((before, word)) = text.rsplit_once(char::is_whitespace) {
        let before = before.trim_end();
        if options.set(word)? {
            text = before;
        } else if let Some(before) = before.strip_suffix("--qos")
            && before.ends_with(char::is_whitespace)
        {
            options.set_qos(word)?;
            text = before.trim_end();
        } else {
            break;
        }
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}
