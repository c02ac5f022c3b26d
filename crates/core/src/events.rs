//! Things worth a word that are no failure.

/// A warning: a stable name and a sentence; never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Warning {
    /// Stable name.
    pub code: &'static str,
    /// What was seen and what was done about it.
    pub message: String,
}

impl Warning {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
