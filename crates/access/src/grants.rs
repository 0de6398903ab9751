//! What a token itself says its holder may do.

use rialto_domain::Action;
use serde_json::Value;

use crate::actions::{self, ACTION_COUNT};

/// Channel patterns by action, as the rights claim of a JWT lists them.
///
/// A token with that claim allows nothing beyond it. Rules may still deny what it lists; where no
/// rule fits, it is allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    patterns: [Vec<String>; ACTION_COUNT],
}

impl Grants {
    /// Reads a claim of the form `{"publish":["a/*"],"subscribe":["#{client}"]}`, with the actions
    /// `publish`, `subscribe`, `control`, `p2p` and `history`. An action that it does not name is
    /// not allowed at all; names it does not know say nothing.
    ///
    /// Returns `None` if the claim has another form.
    #[must_use]
    pub fn from_claim(claim: &Value) -> Option<Self> {
        let object = claim.as_object()?;
        let mut grants = Grants::default();
        for action in actions::ALL {
            if let Some(list) = object.get(actions::name(action)) {
                grants.patterns[actions::index(action)] = texts(list)?;
            }
        }
        Some(grants)
    }

    /// Returns the patterns of the channels on which this is allowed.
    #[must_use]
    pub fn patterns(&self, action: Action) -> &[String] {
        &self.patterns[actions::index(action)]
    }
}

/// Returns a list of texts, or `None` if anything else is in it.
pub(crate) fn texts(list: &Value) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|text| Some(text.as_str()?.to_owned())).collect()
}
