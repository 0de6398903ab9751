//! A decision about what somebody may do, in words.

/// What is decided about one request, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it is allowed.
    pub is_allowed: bool,
    /// What decided.
    pub by: DecidedBy,
    /// Both, for a person; it quotes nothing but rules' names.
    pub text: String,
}

/// What a decision rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecidedBy {
    /// A rule.
    Rule {
        /// Its place among the rules, from 1.
        number: usize,
        /// What it is called.
        name: Option<String>,
    },
    /// The rights that the client's token has.
    Token,
    /// What is configured for where no rule fits.
    Unmatched,
    /// Nothing: there are no rules.
    NoRules,
}

/// A rule on the way to a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleStep {
    /// Its place among the rules, from 1.
    pub number: usize,
    /// What it is called.
    pub name: Option<String>,
    /// Whether it fits, and so decides.
    pub fits: bool,
    /// What it does, or why it does not fit.
    pub why: String,
}
