//! Nothing from outside is unbounded.

use reqwest::Response;
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
