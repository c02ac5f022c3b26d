//! What of a server's text a person gets to see.

/// False for controls, and for formats that show nothing or turn the direction of what follows: a reader would see
/// another text than there is.
pub(crate) fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// The printable characters, so many at most.
pub(crate) fn printable(text: &str, longest: usize) -> String {
    text.chars().filter(|c| is_printable(*c)).take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_turns_text_is_left_out() {
        let text = "a\u{202E}b\r\nc\u{200B}d\u{2028}e\0f\u{1B}[2Jg\u{2066}é";
        assert_eq!(printable(text, 100), "abcdef[2Jgé");
        assert_eq!(printable(text, 3), "abc");
    }
}
