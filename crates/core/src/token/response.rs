//! Reading the members of a token response (RFC 6749 §5.1), tolerantly where servers are known to
//! differ.

use serde_json::{Map, Value};
use std::time::Duration;

use super::request::TokenRequest;
use super::schedule::RenewalPolicy;
use super::scope::{RequiredScopes, missing_scopes};
use super::{Details, Token};
use crate::clock::Now;
use crate::events::Warning;
use crate::random;
use crate::secret::Secret;

/// What an answer is read against.
pub(super) struct Expectation<'a> {
    pub(super) request: &'a TokenRequest,
    pub(super) sent_at: Now,
    /// From then until the answer was there.
    pub(super) took: Duration,
    pub(super) renewal: &'a RenewalPolicy,
}

/// Why a success is no usable token response.
#[derive(Debug)]
pub(super) enum Unusable {
    /// In our words.
    Response(&'static str),
    /// Of a type that is not Bearer; as the server wrote it.
    TokenType(String),
    /// Without scopes that the client requires.
    Scopes(Box<ScopesNotGranted>),
}

/// What was asked for, and what became of it.
#[derive(Debug)]
pub(super) struct ScopesNotGranted {
    pub(super) required: RequiredScopes,
    pub(super) requested: Vec<String>,
    /// In the server's words.
    pub(super) granted: Vec<String>,
    pub(super) missing: Vec<String>,
}

impl Expectation<'_> {
    pub(super) fn read(&self, mut members: Map<String, Value>) -> Result<Token, Unusable> {
        let access_token = access_token(members.remove("access_token"))?;
        let mut warnings = Vec::new();
        warnings.extend(check_token_type(members.remove("token_type"))?);
        let lifetime = lifetime(members.remove("expires_in").as_ref()).unwrap_or_else(|| {
            let seconds = self.renewal.default_lifetime.as_secs();
            warnings.push(Warning::new(
                "EXPIRES_IN_MISSING",
                format!(
                    "token endpoint {} named no usable expires_in; the token counts as living \
                     {seconds} s (renewal.defaultLifetimeSeconds)",
                    self.request.endpoint.display()
                ),
            ));
            self.renewal.default_lifetime
        });
        let requested = self.request.requested_scopes();
        let granted = granted_scopes(members.remove("scope")).unwrap_or_else(|| requested.clone());
        let missing = missing_scopes(&requested, &granted);
        if let Some(required) = self.request.required_scopes
            && !required.are_met(&requested, &missing)
        {
            let refused = ScopesNotGranted { required, requested, granted, missing };
            return Err(Unusable::Scopes(Box::new(refused)));
        }
        if !missing.is_empty() {
            warnings.push(Warning::new(
                "SCOPE_NOT_GRANTED",
                format!(
                    "token endpoint {} granted a token without: {}",
                    self.request.endpoint.display(),
                    missing.join(" ")
                ),
            ));
        }
        // RFC 6749 §4.4.3: there should be none. If there is, it is worth more than the token.
        members.remove("refresh_token");
        let chance = random::fraction();
        let schedule = self.renewal.schedule(self.sent_at, self.took, lifetime, chance);
        let details = Details { missing_scopes: missing, extra: members, warnings };
        Ok(Token {
            scope: granted.join(" ").into(),
            details: (!details.is_empty()).then(|| Box::new(details)),
            ..Token::bearer(&access_token, Some(schedule))
        })
    }
}

fn access_token(value: Option<Value>) -> Result<Secret, Unusable> {
    match value {
        Some(Value::String(token)) if is_b64token(&token) => Ok(Secret::new(token)),
        Some(Value::String(token)) if !token.is_empty() => Err(Unusable::Response(
            "its access_token has characters that no Authorization header may carry (RFC 6750 §2.1)",
        )),
        None | Some(Value::String(_) | Value::Null) => {
            Err(Unusable::Response("it has no access_token"))
        }
        Some(_) => Err(Unusable::Response("its access_token is not a string")),
    }
}

/// Wider than RFC 6750's b64token, for servers that are; never a space, a control or a non-ASCII
/// character, which could end the header early.
pub(crate) fn is_b64token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

fn check_token_type(value: Option<Value>) -> Result<Option<Warning>, Unusable> {
    match value {
        Some(Value::String(token_type)) if token_type.eq_ignore_ascii_case("bearer") => Ok(None),
        None | Some(Value::Null) => Ok(Some(Warning::new(
            "TOKEN_TYPE_MISSING",
            "the token response has no token_type; the token is used as a Bearer token",
        ))),
        Some(Value::String(token_type)) => Err(Unusable::TokenType(token_type)),
        Some(_) => Err(Unusable::Response("its token_type is not a string")),
    }
}

/// An integer, a fraction, or either of them as a string (QK-5); nothing for anything else. What is
/// over already has a lifetime of zero: good for those who wait, not for the cache (TC-2).
fn lifetime(value: Option<&Value>) -> Option<Duration> {
    /// Beyond every lifetime that counts, within what a `Duration` holds.
    const CEILING: f64 = 1e9;
    let seconds = match value? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => {
            text.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite())?
        }
        _ => return None,
    };
    Some(Duration::from_secs_f64(seconds.floor().clamp(0.0, CEILING)))
}

/// A list in one string, or an array of such lists (SC-6). Nothing: as requested (RFC 6749 §5.1).
fn granted_scopes(value: Option<Value>) -> Option<Vec<String>> {
    let lists = match value? {
        Value::String(list) => vec![list],
        Value::Array(lists) => {
            lists.into_iter().filter_map(|list| list.as_str().map(str::to_owned)).collect()
        }
        _ => return None,
    };
    Some(lists.iter().flat_map(|list| list.split_whitespace()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(members: Value) -> Result<Token, Unusable> {
        let request = TokenRequest::of_client(
            "client",
            "the-secret",
            Some("system/Patient.rs system/Group.rs"),
        );
        let expectation = Expectation {
            request: &request,
            sent_at: Now::read(),
            took: Duration::ZERO,
            renewal: &RenewalPolicy::PLAIN,
        };
        let Value::Object(members) = members else { panic!("{members}") };
        expectation.read(members)
    }

    fn read_members(changes: &Value) -> Result<Token, Unusable> {
        let mut members = json!({"access_token": "t", "token_type": "bearer", "expires_in": 60, "scope": "system/*.rs"});
        for (name, value) in changes.as_object().unwrap() {
            members[name] = value.clone();
        }
        read(members)
    }

    fn warnings(token: &Token) -> Vec<&str> {
        token.warnings().iter().map(|warning| warning.code).collect()
    }

    fn lifetime_of(expires_in: &Value) -> u64 {
        let before = Now::read().monotonic;
        let token = read_members(&json!({"expires_in": expires_in})).unwrap();
        let schedule = token.schedule.unwrap();
        let ends = before + schedule.lifetime..=Now::read().monotonic + schedule.lifetime;
        assert!(ends.contains(&schedule.expires_at.monotonic));
        schedule.lifetime.as_secs()
    }

    #[test]
    fn expires_in_is_read_in_every_form_that_servers_write_it() {
        for (value, seconds) in [
            (json!(60), 60),
            (json!("1200"), 1200),
            (json!(59.9), 59),
            (json!(" 59.9 "), 59),
            (json!(1e300), 86_400),
            (json!(null), 300),
            (json!("soon"), 300),
            (json!("inf"), 300),
            (json!({}), 300),
        ] {
            assert_eq!(lifetime_of(&value), seconds, "{value}");
        }
    }

    #[test]
    fn a_token_that_is_over_already_is_not_live() {
        for value in [json!(0), json!(-5), json!("-1")] {
            let token = read_members(&json!({"expires_in": value})).unwrap();
            assert!(!token.is_live(Now::read()));
        }
    }

    #[test]
    fn a_token_type_is_bearer_in_any_case_or_missing() {
        for value in ["bearer", "Bearer", "BEARER", "bEARER"] {
            let token = read_members(&json!({"token_type": value})).unwrap();
            assert!(warnings(&token).is_empty());
            assert_eq!(token.header(), "Bearer t");
        }
        let token = read_members(&json!({"token_type": null})).unwrap();
        assert_eq!(warnings(&token), ["TOKEN_TYPE_MISSING"]);
        let refused = |value: Value| read_members(&json!({"token_type": value})).unwrap_err();
        assert!(matches!(refused(json!("DPoP")), Unusable::TokenType(named) if named == "DPoP"));
        assert!(matches!(refused(json!(1)), Unusable::Response(_)));
    }

    #[test]
    fn scopes_are_read_from_a_string_an_array_or_the_request() {
        let scopes = |value: Value| {
            let token = read_members(&json!({"scope": value})).unwrap();
            (token.scope.to_string(), token.missing_scopes().join(" "))
        };
        let pair = |granted: &str, missing: &str| (granted.to_owned(), missing.to_owned());
        assert_eq!(scopes(json!("system/*.read")), pair("system/*.read", ""));
        assert_eq!(
            scopes(json!(["system/Patient.r", "system/Patient.s"])),
            pair("system/Patient.r system/Patient.s", "system/Group.rs")
        );
        assert_eq!(scopes(json!("")), pair("", "system/Patient.rs system/Group.rs"));
        let requested = "system/Patient.rs system/Group.rs";
        assert_eq!(scopes(json!(null)), pair(requested, ""));
    }

    #[test]
    fn a_refresh_token_is_dropped_and_other_members_are_kept() {
        let token = read_members(&json!({"refresh_token": "r", "patient": "p1"})).unwrap();
        assert_eq!(token.extra(), json!({"patient": "p1"}).as_object());
    }

    #[test]
    fn a_token_that_would_break_the_header_is_refused_without_being_shown() {
        for bad in ["", "a b", "a\r\nX: y", "tökén", "a\u{0}"] {
            let refused = read_members(&json!({"access_token": bad})).unwrap_err();
            assert!(matches!(refused, Unusable::Response(_)), "{bad:?}");
        }
        let missing = read(json!({"expires_in": 60})).unwrap_err();
        assert!(matches!(missing, Unusable::Response(words) if words.contains("no access_token")));
    }

    #[test]
    fn debug_output_of_a_token_does_not_show_it() {
        let token = read_members(&json!({"access_token": "s3cr3t"})).unwrap();
        assert!(!format!("{token:?}").contains("s3cr3t"));
    }

    proptest! {
        #[test]
        fn any_member_values_are_read_without_a_panic(
            token in ".{0,10}", kind in ".{0,10}", expires_in in any::<f64>(), scope in ".{0,30}",
        ) {
            let _ = read_members(&json!({"access_token": token, "token_type": kind, "expires_in": expires_in, "scope": scope}));
        }
    }
}
