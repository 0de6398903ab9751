//! The blocks of code of a page, and how a page says what is to be done with them.
//!
//! | block | what it is |
//! |---|---|
//! | `sh` | commands, typed into terminal 1 |
//! | `sh terminal=2` | commands for another terminal; the text says so to the reader |
//! | `sh skip="why"` | commands that no test can run |
//! | `text` | what the commands before it print, in the terminal they ran in, or in `terminal=2` |
//! | `text typed` | lines typed into what runs in the terminal, such as a client with a prompt |
//! | `text example` | something to look at: a drawing, bytes on the wire |
//! | `browser` | steps in a browser, one a line (`clients/js/tests/steps.js`) |
//! | `browser picture=NAME` | the same, after which the window is a picture of the documentation |
//! | any with `file=NAME` | a file that the reader makes |
//! | any other | something to look at |
//!
//! Only fenced blocks are code: one that is merely indented would be run by nobody.

#[cfg(test)]
mod tests;

/// A fenced block of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// The line of the page at which its text begins, from 1.
    pub(crate) line: usize,
    pub(crate) language: String,
    /// Names and values behind the language; a name alone has an empty value.
    attributes: Vec<(String, String)>,
    /// Without the last line end.
    pub(crate) text: String,
}

impl Block {
    pub(crate) fn is_shell(&self) -> bool {
        self.language == "sh"
    }

    /// Says whether it shows what commands print.
    pub(crate) fn is_output(&self) -> bool {
        self.language == "text" && self.attribute("example").is_none() && !self.is_typed()
    }

    /// Says whether its lines are typed into a program that reads them.
    pub(crate) fn is_typed(&self) -> bool {
        self.language == "text" && self.attribute("typed").is_some()
    }

    pub(crate) fn is_browser(&self) -> bool {
        self.language == "browser"
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        attributes.find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// Returns the blocks of a page in their order, or the line and the fault of one that is written
/// wrongly.
pub(crate) fn blocks(page: &str) -> Result<Vec<Block>, String> {
    let mut found = Vec::new();
    let mut lines = page.lines().zip(1..);
    let mut is_after_blank = true;
    while let Some((line, number)) = lines.next() {
        let indent = line.len() - line.trim_start().len();
        if let Some(info) = line.trim_start().strip_prefix("```") {
            let (language, attributes) =
                read_info(info).map_err(|fault| format!("{number}: {fault}"))?;
            let mut text = Vec::new();
            loop {
                let (line, _) = lines.next().ok_or(format!("{number}: the block has no end"))?;
                if line.trim() == "```" {
                    break;
                }
                text.push(line.get(indent..).unwrap_or_default());
            }
            let text = text.join("\n");
            found.push(Block { line: number + 1, language, attributes, text });
        } else if is_after_blank && indent >= 4 && !line.trim().is_empty() {
            return Err(format!("{number}: code is fenced, not indented, and says what it is"));
        }
        is_after_blank = line.trim().is_empty();
    }
    Ok(found)
}

/// Takes apart what stands behind the opening fence.
fn read_info(info: &str) -> Result<(String, Vec<(String, String)>), String> {
    let mut words = words(info)?.into_iter();
    let language = words.next().ok_or("the block does not say what it is")?;
    let attributes = words.map(|word| match word.split_once('=') {
        Some((name, value)) => (name.to_owned(), value.to_owned()),
        None => (word, String::new()),
    });
    let attributes: Vec<(String, String)> = attributes.collect();
    let known = ["terminal", "skip", "example", "file", "typed", "picture"];
    match attributes.iter().find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(format!("no block can be {name}; it can be one of {known:?}")),
        None => Ok((language, attributes)),
    }
}

/// Splits at blanks outside of quotation marks, and takes these away.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut is_quoted = false;
    for character in text.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.extend(Some(std::mem::take(&mut word))),
            other => word.push(other),
        }
    }
    if is_quoted {
        return Err("a quotation mark is missing".into());
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    Ok(words)
}
