//! Text of others in messages: a terminal must not act on it, and it must read as what it is.

/// False for control characters, and for what shows nothing or turns the direction of what follows: a reader would see
/// another text than there is.
pub(crate) fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// What is printable of it, and no more characters than so many.
pub(crate) fn printable(text: &str, longest: usize) -> String {
    text.chars().filter(|c| is_printable(*c)).take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_or_a_reader_cannot_see_is_left_out() {
        let text = "a\u{1B}[2Jb\u{202E}c\u{200B}d\u{2028}e\u{2066}f\u{FEFF}g\u{E0041}h\u{9B}é漢";
        assert_eq!(printable(text, 20), "a[2Jbcdefghé漢");
        assert_eq!(printable(text, 3), "a[2");
    }
}
