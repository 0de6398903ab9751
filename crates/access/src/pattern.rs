//! Patterns of channel names and client ids, compiled for one client.

use std::str::Chars;

/// What stands for the client's id in a pattern.
const PLACEHOLDER: &str = "{client}";

/// A pattern of names: `*` stands for any characters, also none, `?` for one; all else for itself.
///
/// # Cost
/// Most names differ from a pattern before its first wildcard, which is one comparison of bytes. The worst is the product
/// of the lengths, for a pattern with several `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// What the name begins with.
    prefix: Box<str>,
    rest: Rest,
}

/// What a name has behind the prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rest {
    Nothing,
    Anything,
    Pieces(Box<[Piece]>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Character(char),
    One,
    Any,
}

impl Pattern {
    /// Compiles a pattern. Each `{client}` in it stands for `client`, character by character: a `*` in an id is a star.
    #[must_use]
    pub fn new(text: &str, client: &str) -> Self {
        let pieces = pieces_of(text, client);
        let wild = pieces.iter().position(|piece| !matches!(piece, Piece::Character(_)));
        let (prefix, rest) = pieces.split_at(wild.unwrap_or(pieces.len()));
        let prefix = prefix.iter().filter_map(|piece| piece.character()).collect::<String>();
        let rest = match rest {
            [] => Rest::Nothing,
            [Piece::Any] => Rest::Anything,
            rest => Rest::Pieces(rest.into()),
        };
        Pattern { prefix: prefix.into(), rest }
    }

    /// Returns whether a pattern of that text depends on who the client is.
    #[must_use]
    pub fn has_placeholder(text: &str) -> bool {
        text.contains(PLACEHOLDER)
    }

    /// Puts `client` in the place of each `{client}`, in a text that is no pattern.
    #[must_use]
    pub fn fill_in(text: &str, client: &str) -> String {
        text.replace(PLACEHOLDER, client)
    }

    /// Returns whether the whole name fits.
    #[inline]
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        match &self.rest {
            Rest::Nothing => *name == *self.prefix,
            Rest::Anything => name.starts_with(&*self.prefix),
            Rest::Pieces(pieces) => {
                name.strip_prefix(&*self.prefix).is_some_and(|rest| fits(pieces, rest))
            }
        }
    }

    /// Returns whether every name fits.
    #[must_use]
    pub fn fits_all(&self) -> bool {
        self.prefix.is_empty() && self.rest == Rest::Anything
    }
}

impl Piece {
    fn takes(self, character: char) -> bool {
        self.character().is_none_or(|own| own == character)
    }

    fn character(self) -> Option<char> {
        match self {
            Piece::Character(character) => Some(character),
            Piece::One | Piece::Any => None,
        }
    }
}

fn pieces_of(text: &str, client: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (index, part) in text.split(PLACEHOLDER).enumerate() {
        if index > 0 {
            pieces.extend(client.chars().map(Piece::Character));
        }
        pieces.extend(part.chars().map(|character| match character {
            '*' => Piece::Any,
            '?' => Piece::One,
            character => Piece::Character(character),
        }));
    }
    pieces.dedup_by(|next, piece| (*next, *piece) == (Piece::Any, Piece::Any));
    pieces
}

/// Walks both once; where they part, the last `*` takes one character more.
fn fits(pieces: &[Piece], name: &str) -> bool {
    let (mut at, mut rest) = (0, name.chars());
    let mut last_any: Option<(usize, Chars<'_>)> = None;
    loop {
        if pieces.get(at) == Some(&Piece::Any) {
            at += 1;
            last_any = Some((at, rest.clone()));
            continue;
        }
        let Some(character) = rest.next() else { return at == pieces.len() };
        if pieces.get(at).is_some_and(|piece| piece.takes(character)) {
            at += 1;
            continue;
        }
        let Some((behind, taken)) = &mut last_any else { return false };
        taken.next();
        (at, rest) = (*behind, taken.clone());
    }
}

#[cfg(test)]
mod tests;
