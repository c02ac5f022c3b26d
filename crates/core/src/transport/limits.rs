//! Nothing from outside is unbounded.

use reqwest::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use reqwest::{Response, StatusCode, Version};
use serde::de::IgnoredAny;
use zeroize::Zeroizing;

/// Why a body was not read to its end.
pub(crate) enum BodyError {
    TooLarge,
    Broken(reqwest::Error),
}

/// Reads at most `limit` bytes. A longer body is given up, not truncated: half a document is no document.
pub(crate) async fn read_body(
    mut response: Response,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    let announced = response.content_length().unwrap_or(0);
    if announced > limit as u64 {
        return Err(BodyError::TooLarge);
    }
    let mut body = Zeroizing::new(Vec::with_capacity(usize::try_from(announced).unwrap_or(0)));
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// True for the answer to a success whose body nothing but the end of the connection ends (RFC 9112 §6.3): then
/// only the body itself can say whether it is all there.
pub(crate) fn ends_with_connection(response: &Response) -> bool {
    let headers = response.headers();
    response.status().is_success()
        && ![StatusCode::NO_CONTENT, StatusCode::RESET_CONTENT].contains(&response.status())
        && response.version() < Version::HTTP_2
        && !headers.contains_key(CONTENT_LENGTH)
        && !headers.contains_key(TRANSFER_ENCODING)
}

/// True for nothing, and for the beginning of some JSON.
pub(crate) fn is_beginning(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_err_and(|error| error.is_eof())
}
