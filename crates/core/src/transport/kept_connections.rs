//! To which servers the HTTP client may hold a connection from an earlier answer.

use std::sync::{Mutex, PoisonError};

use reqwest::Response;
use reqwest::header::CONNECTION;
use url::{Origin, Url};

/// Servers of one transport; of more, only the latest are known.
const MOST_SERVERS: usize = 64;

/// Origins whose latest answer left its connection open.
#[derive(Debug, Default)]
pub(super) struct KeptConnections(Mutex<Vec<Origin>>);

impl KeptConnections {
    pub(super) fn may_be_to(&self, url: &Url) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&url.origin())
    }

    /// None is held any more.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn note(&self, url: &Url, response: &Response) {
        let closes = response
            .headers()
            .get(CONNECTION)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"close"));
        let origin = url.origin();
        let mut origins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match origins.iter().position(|other| *other == origin) {
            Some(place) if closes => drop(origins.remove(place)),
            None if !closes => {
                origins.truncate(MOST_SERVERS - 1);
                origins.insert(0, origin);
            }
            _ => {}
        }
    }
}
