//! `application/x-www-form-urlencoded` bodies, which hold credentials.

use bytes::Bytes;
use url::form_urlencoded;
use zeroize::Zeroizing;

/// A form body under construction; wiped when dropped. Serialised as WHATWG URL §5.2: `*` stays,
/// a space is `+`.
pub(crate) struct Form(Zeroizing<String>);

impl Form {
    pub(crate) fn new() -> Self {
        Self(Zeroizing::new(String::with_capacity(2048)))
    }

    pub(crate) fn append(&mut self, name: &str, value: &str) {
        self.make_room(3 * (name.len() + value.len()) + 2);
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.extend(form_urlencoded::byte_serialize(name.as_bytes()));
        self.0.push('=');
        self.0.extend(form_urlencoded::byte_serialize(value.as_bytes()));
    }

    /// A string that grows by itself leaves its old self behind, unwiped.
    fn make_room(&mut self, more: usize) {
        let needed = self.0.len() + more;
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(String::with_capacity(2 * needed));
            larger.push_str(&self.0);
            self.0 = larger;
        }
    }

    /// The bytes, still wiped when the transport is done with them.
    pub(crate) fn into_bytes(self) -> Bytes {
        struct Wiped(Zeroizing<String>);
        impl AsRef<[u8]> for Wiped {
            fn as_ref(&self) -> &[u8] {
                self.0.as_bytes()
            }
        }
        Bytes::from_owner(Wiped(self.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_body_looks_as_in_the_guide() {
        let mut form = Form::new();
        form.append("grant_type", "client_credentials");
        form.append("scope", "system/*.rs openid");
        form.append(
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        );
        assert_eq!(
            form.into_bytes(),
            "grant_type=client_credentials&scope=system%2F*.rs+openid&client_assertion_type=\
             urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        );
    }

    #[test]
    fn what_the_user_wrote_is_encoded_exactly_once() {
        let mut form = Form::new();
        form.append("scope", "system/Observation.rs?category=http://t.hl7.org/c|laboratory");
        form.append("x", "%20");
        assert_eq!(
            form.into_bytes(),
            "scope=system%2FObservation.rs%3Fcategory%3Dhttp%3A%2F%2Ft.hl7.org%2Fc%7Claboratory&x=%2520"
        );
    }

    proptest! {
        #[test]
        fn any_value_comes_back_from_the_form(name in ".{1,20}", value in ".{0,40}") {
            let mut form = Form::new();
            form.append(&name, &value);
            let read: Vec<_> = form_urlencoded::parse(&form.into_bytes()).into_owned().collect();
            prop_assert_eq!(read, vec![(name, value)]);
        }
    }
}
