//! What has to hold of every text that a person or a log gets.

/// So many letters and digits of a credential in a row give it away.
const WINDOW: usize = 12;

/// Short, printable, and on one line.
#[track_caller]
pub(crate) fn assert_readable(text: &str, longest: usize) {
    let count = text.chars().count();
    assert!(count <= longest, "{count} characters: {text:?}");
    if let Some(c) = text.chars().find(|c| is_unprintable(*c)) {
        panic!("{c:?} in {text:?}");
    }
}

/// Controls, and what turns the direction of text or shows nothing.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Nothing of a credential that would give it away; `allowed`: texts of our own that may stand in it.
#[track_caller]
pub(crate) fn assert_withheld(text: &str, credential: &str, allowed: &[&str]) {
    let credential = folded(credential);
    if credential.chars().count() < 3 {
        return;
    }
    let mut said = vec![text.to_owned()];
    for own in allowed {
        said = said.iter().flat_map(|part| part.split(own)).map(str::to_owned).collect();
    }
    for part in said.iter().map(|part| folded(part)) {
        for stretch in stretches(&credential) {
            assert!(!part.contains(stretch), "{stretch:?} is shown in {text:?}");
        }
    }
}

/// What would give a folded text away, each; of a shorter one, that.
pub(crate) fn stretches(folded: &str) -> impl Iterator<Item = &str> {
    let starts = folded.char_indices().map(|(start, _)| start);
    let ends = starts.clone().skip(WINDOW).chain([folded.len()]);
    starts.zip(ends).map(|(start, end)| &folded[start..end])
}

/// Letters and digits, in lower case.
pub(crate) fn folded(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
