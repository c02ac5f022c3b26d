//! Scopes: passed through as they are, compared by what they mean (requirements SC).

/// `requireScopes`: how many of the scopes asked for a token needs to be of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredScopes {
    /// One of them.
    Any,
    /// Every one of them.
    All,
}

impl RequiredScopes {
    /// The option's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::All => "all",
        }
    }

    /// True where what is missing leaves enough.
    pub(super) fn are_met(self, requested: &[String], missing: &[String]) -> bool {
        match self {
            Self::Any => requested.is_empty() || missing.len() < requested.len(),
            Self::All => missing.is_empty(),
        }
    }
}

/// Characters of a scope token (RFC 6749 §3.3).
pub(crate) fn is_scope_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}

/// What was asked for and is not covered by what was granted. SMART scopes cover each other:
/// `system/*.cruds` covers `system/Patient.read`, and `Patient.r` with `Patient.s` covers `Patient.rs`.
pub(crate) fn missing_scopes(requested: &[String], granted: &[String]) -> Vec<String> {
    let parsed: Vec<_> = granted.iter().filter_map(|scope| SmartScope::parse(scope)).collect();
    requested.iter().filter(|scope| !is_covered(scope, granted, &parsed)).cloned().collect()
}

fn is_covered(scope: &str, granted: &[String], parsed: &[SmartScope<'_>]) -> bool {
    if granted.iter().any(|other| without_prefix(other) == without_prefix(scope)) {
        return true;
    }
    let Some(scope) = SmartScope::parse(scope) else { return false };
    let permissions = parsed
        .iter()
        .filter(|other| other.reaches(&scope))
        .fold(0, |permissions, other| permissions | other.permissions);
    permissions & scope.permissions == scope.permissions
}

/// A clinical scope of SMART App Launch, version 1 or 2.
struct SmartScope<'a> {
    context: &'a str,
    resource: &'a str,
    /// Bits in the order `cruds`.
    permissions: u8,
    /// What follows `?`, opaque (SC-4).
    query: Option<&'a str>,
}

const CRUDS: &str = "cruds";

impl<'a> SmartScope<'a> {
    fn parse(scope: &'a str) -> Option<Self> {
        let (scope, query) = match without_prefix(scope).split_once('?') {
            Some((scope, query)) => (scope, Some(query)),
            None => (without_prefix(scope), None),
        };
        let (context, rest) = scope.split_once('/')?;
        let (resource, access) = rest.rsplit_once('.')?;
        if !matches!(context, "system" | "user" | "patient") {
            return None;
        }
        let permissions = match access {
            "read" => letters("rs")?,
            "write" => letters("cud")?,
            "*" => letters(CRUDS)?,
            _ => letters(access)?,
        };
        Some(Self { context, resource, permissions, query })
    }

    fn reaches(&self, other: &Self) -> bool {
        self.context == other.context
            && (self.resource == "*" || self.resource == other.resource)
            && (self.query.is_none() || self.query == other.query)
    }
}

fn letters(access: &str) -> Option<u8> {
    let mut permissions = 0;
    for letter in access.chars() {
        permissions |= 1 << CRUDS.find(letter)?;
    }
    (permissions != 0).then_some(permissions)
}

/// The URI form of a scope means the same (SC-5).
fn without_prefix(scope: &str) -> &str {
    scope.strip_prefix("http://smarthealthit.org/fhir/scopes/").unwrap_or(scope)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn missing(requested: &str, granted: &str) -> String {
        let list = |scopes: &str| scopes.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        missing_scopes(&list(requested), &list(granted)).join(" ")
    }

    #[test]
    fn versions_1_and_2_cover_each_other() {
        for (requested, granted) in [
            ("system/Patient.read", "system/Patient.rs"),
            ("system/Patient.rs", "system/Patient.read"),
            ("system/Patient.write", "system/Patient.cud"),
            ("system/*.cruds", "system/*.*"),
            ("system/Patient.rs", "system/*.cruds"),
            ("system/Patient.rs", "system/Patient.r system/Patient.s"),
            ("system/*.read", "system/*.read"),
            ("http://smarthealthit.org/fhir/scopes/system/Patient.rs", "system/Patient.rs"),
            ("system/Observation.rs?category=lab", "system/Observation.rs"),
            ("api://x/.default", "api://x/.default"),
        ] {
            assert_eq!(missing(requested, granted), "", "{requested} by {granted}");
        }
    }

    #[test]
    fn what_is_narrower_does_not_cover() {
        for (requested, granted) in [
            ("system/*.rs", "system/Patient.rs"),
            ("system/Patient.rs", "system/Patient.r"),
            ("system/Patient.rs", "user/Patient.rs"),
            ("system/Observation.rs", "system/Observation.rs?category=lab"),
            ("system/Patient.cruds", "system/Patient.read"),
            ("openid", ""),
        ] {
            assert_eq!(missing(requested, granted), requested, "{requested} by {granted}");
        }
    }

    #[test]
    fn any_asks_for_one_of_the_scopes_and_all_for_every_one() {
        let met = |required: RequiredScopes, requested: &str, granted: &str| {
            let list =
                |scopes: &str| scopes.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            let requested = list(requested);
            required.are_met(&requested, &missing_scopes(&requested, &list(granted)))
        };
        let requested = "system/Patient.rs system/Group.rs";
        for (granted, any, all) in [
            ("system/*.read", true, true),
            ("system/Group.cruds", true, false),
            ("system/Patient.r", false, false),
            ("", false, false),
        ] {
            assert_eq!(met(RequiredScopes::Any, requested, granted), any, "{granted}");
            assert_eq!(met(RequiredScopes::All, requested, granted), all, "{granted}");
        }
        assert!(met(RequiredScopes::Any, "", "") && met(RequiredScopes::All, "", "more"));
    }

    proptest! {
        #[test]
        fn any_scope_covers_itself(scope in "[!-~]{1,60}") {
            prop_assert_eq!(missing(&scope, &scope), "");
        }
    }
}
