//! Chance, where clients that act together should not do so again.

use aws_lc_rs::rand;

/// From 0 to 1. Where the system gives no random numbers: 1, the longest wait.
pub(crate) fn fraction() -> f64 {
    let mut bytes = [0; 4];
    rand::fill(&mut bytes)
        .map_or(1.0, |()| f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX))
}
