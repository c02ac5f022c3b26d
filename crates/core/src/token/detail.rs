//! What the body of a refusal says, in any of the forms that servers choose (HT-5, OA-9, QK-11).

use serde_json::{Map, Value};

use super::redaction::Redaction;
use crate::error::OAuthError;
use crate::transport::Answer;

/// Cleaned of credentials and control characters.
pub(super) struct Detail {
    pub(super) oauth: Option<OAuthError>,
    pub(super) reason: String,
    /// HTML or XML.
    pub(super) is_page: bool,
}

impl Detail {
    /// OAuth members, then a FHIR OperationOutcome, then RFC 9457 and its relatives, then the text itself.
    pub(super) fn read(answer: &Answer, redaction: &mut Redaction) -> Self {
        match answer.json() {
            Some(Value::Object(members)) => {
                // A refusal that brings a token all the same, and may repeat it.
                redaction.include_tokens(&members);
                Self::of_members(&members, redaction)
            }
            _ if answer.is_empty() => Self::plain("an empty body".to_owned()),
            _ if answer.is_markup() => {
                let reason = "an HTML page instead of JSON".to_owned();
                Self { oauth: None, reason, is_page: true }
            }
            _ => Self::plain(redaction.clean_body(&answer.body)),
        }
    }

    fn plain(reason: String) -> Self {
        Self { oauth: None, reason, is_page: false }
    }

    fn of_members(members: &Map<String, Value>, redaction: &Redaction) -> Self {
        if let Some(oauth) = oauth_error(members, redaction) {
            let mut reason = oauth.error.clone();
            for part in [&oauth.description, &oauth.uri].into_iter().flatten() {
                reason = format!("{reason}: {part}");
            }
            return Self { oauth: Some(oauth), reason, is_page: false };
        }
        let nested = members.get("error").and_then(Value::as_object);
        let text = outcome_text(members)
            .or_else(|| problem_text(members))
            .or_else(|| problem_text(nested?));
        if let Some(text) = text {
            return Self::plain(redaction.clean(&text));
        }
        let reason = match members.get("error") {
            None | Some(Value::Null) => "a JSON body without an error member",
            Some(Value::String(_)) => "a JSON body with an empty error member",
            Some(_) => "a JSON body whose error member is no text",
        };
        Self::plain(reason.to_owned())
    }
}

/// Names that repeat nothing, whatever a parameter's value is (RFC 6749 §5.2, RFC 8707 §2, RFC 9449 §12.2).
const REGISTERED: [&str; 11] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "access_denied",
    "temporarily_unavailable",
    "use_dpop_nonce",
    "invalid_dpop_proof",
];

fn oauth_error(members: &Map<String, Value>, redaction: &Redaction) -> Option<OAuthError> {
    let text = |name: &str| {
        let value = members.get(name)?.as_str()?.trim();
        (!value.is_empty()).then(|| redaction.clean(value))
    };
    let named = members.get("error")?.as_str()?.trim();
    let registered = REGISTERED.into_iter().find(|code| *code == named);
    Some(OAuthError {
        error: registered.map(str::to_owned).or_else(|| text("error"))?,
        description: text("error_description"),
        uri: text("error_uri"),
    })
}

fn outcome_text(members: &Map<String, Value>) -> Option<String> {
    if members.get("resourceType")?.as_str()? != "OperationOutcome" {
        return None;
    }
    let issue = members.get("issue")?.as_array()?.first()?;
    let text = issue.pointer("/details/text").or_else(|| issue.get("diagnostics"))?;
    text.as_str().map(str::to_owned)
}

/// `title` and `detail` are those of RFC 9457; gateways have names of their own.
fn problem_text(members: &Map<String, Value>) -> Option<String> {
    const NAMES: [&str; 6] =
        ["title", "detail", "message", "errorSummary", "error_description", "error_uri"];
    let parts: Vec<_> = NAMES
        .iter()
        .filter_map(|name| members.get(*name)?.as_str())
        .filter(|text| !text.trim().is_empty())
        .collect();
    (!parts.is_empty()).then(|| parts.join(": "))
}
