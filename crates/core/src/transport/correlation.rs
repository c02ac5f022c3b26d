//! What the operator of a server can find an answer by (HT-5).

use super::client::Answer;

/// In the order in which they are shown. The last one is no name, but says what the server wants.
pub(crate) const CORRELATION_HEADERS: [&str; 6] = [
    "Cerner-Correlation-Id",
    "x-request-id",
    "x-correlation-id",
    "x-ms-request-id",
    "x-okta-request-id",
    "WWW-Authenticate",
];
/// A message is read by a person.
const LONGEST: usize = 100;

/// ` (x-request-id: 4711)`, or nothing; `clean` has the last word on what is shown of the server's text.
pub(crate) fn correlation(answer: &Answer, clean: impl Fn(&str) -> String) -> String {
    let shown: Vec<_> = CORRELATION_HEADERS
        .iter()
        .filter_map(|name| {
            let value = clean(answer.header(*name)?);
            let value: String = value.chars().take(LONGEST).collect();
            (!value.is_empty()).then(|| format!("{name}: {value}"))
        })
        .collect();
    if shown.is_empty() { String::new() } else { format!(" ({})", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn headers_that_tell_an_answer_from_others_are_named_and_cut() {
        let mut headers = HeaderMap::new();
        let mut answer = Answer { status: 500, headers: headers.clone(), body: Vec::new().into() };
        assert_eq!(correlation(&answer, str::to_owned), "");
        headers.insert("x-request-id", HeaderValue::from_str(&"4".repeat(500)).unwrap());
        headers.insert("cerner-correlation-id", HeaderValue::from_static("a\tb"));
        headers.insert("x-correlation-id", HeaderValue::from_static(""));
        answer.headers = headers;
        let shown = correlation(&answer, |text| text.replace('\t', " "));
        assert_eq!(
            shown,
            format!(" (Cerner-Correlation-Id: a b, x-request-id: {})", "4".repeat(LONGEST))
        );
    }
}
