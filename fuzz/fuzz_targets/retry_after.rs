#![no_main]

use std::time::{Duration, UNIX_EPOCH};

use smart_m2m_core::fuzzing::{Received, longest_wait, parse_retry_after, usable_for};

const A_DAY: Duration = Duration::from_secs(24 * 3600);
const MOST: Duration = Duration::from_secs(60);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(8);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let headers = vec![("retry-after", bytes)];
    let wait = longest_wait(&Received { status: 503, headers, body: b"" }, MOST);
    assert!(wait.is_none_or(|wait| wait <= MOST.max(LONGEST_BACK_OFF)));
    let Ok(value) = std::str::from_utf8(bytes) else { return };
    for now in [UNIX_EPOCH, UNIX_EPOCH + Duration::from_secs(784_111_777)] {
        let asked = parse_retry_after(value, now);
        assert!(asked.is_none_or(|asked| asked <= A_DAY));
        if let Ok(seconds) = value.parse::<u32>()
            && value.bytes().all(|byte| byte.is_ascii_digit())
        {
            assert_eq!(asked, Some(Duration::from_secs(seconds.into()).min(A_DAY)));
        }
    }
    // Of a document: neither asked for every time nor kept for ever.
    let usable = usable_for(value);
    assert!((Duration::from_secs(300)..=A_DAY).contains(&usable));
});
