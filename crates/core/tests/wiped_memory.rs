//! Private keys and passphrases are gone from memory once nobody holds them (docs/security.md). A test of its
//! own process: no other test may have the same keys.

#![cfg(target_os = "linux")]

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
    use std::path::{Path, PathBuf};

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use smart_m2m_core::{KeystoreOrigin, KeystoreSource, Keystores};
    use zeroize::Zeroizing;

    /// What is searched for must not lie in memory itself.
    const MASK: u8 = 0xA5;
    /// Long enough never to be there by chance.
    const LONGEST: usize = 24;

    struct Needle {
        what: &'static str,
        masked: Vec<u8>,
    }

    impl Needle {
        fn new(what: &'static str, plain: &[u8]) -> Self {
            let plain = &plain[plain.len() / 4..];
            Self { what, masked: plain.iter().take(LONGEST).map(|byte| byte ^ MASK).collect() }
        }

        fn is_at(&self, window: &[u8]) -> bool {
            window.iter().zip(&self.masked).all(|(byte, masked)| byte ^ MASK == *masked)
        }
    }

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../__test__/fixtures").join(name)
    }

    /// Every private number of a JWKS: its text, and its octets in both orders, as big-number libraries have them.
    fn needles(path: &Path) -> Vec<Needle> {
        let mut text = Zeroizing::new(String::with_capacity(64 * 1024));
        File::open(path).unwrap().read_to_string(&mut text).unwrap();
        let mut needles = Vec::new();
        for (what, member) in [("d", "\"d\":"), ("p", "\"p\":"), ("dp", "\"dp\":")] {
            let Some(at) = text.find(member) else { continue };
            let value = text[at + member.len()..].trim_start().trim_start_matches('"');
            let value = &value[..value.find('"').unwrap()];
            needles.push(Needle::new(what, value.as_bytes()));
            let mut number = Zeroizing::new(URL_SAFE_NO_PAD.decode(value).unwrap());
            needles.push(Needle::new(what, &number));
            number.reverse();
            needles.push(Needle::new(what, &number));
        }
        assert!(!needles.is_empty());
        needles
    }

    /// Needles that lie anywhere in this process's writable memory.
    fn found(needles: &[Needle]) -> Vec<&'static str> {
        let mut memory = File::open("/proc/self/mem").unwrap();
        let maps: Vec<_> = BufReader::new(File::open("/proc/self/maps").unwrap())
            .lines()
            .map(Result::unwrap)
            .collect();
        let mut found = Vec::new();
        let mut bytes = Vec::new();
        for map in maps.iter().filter(|map| map.contains(" rw")) {
            let (start, rest) = map.split_once('-').unwrap();
            let (end, _) = rest.split_once(' ').unwrap();
            let start = u64::from_str_radix(start, 16).unwrap();
            let end = u64::from_str_radix(end, 16).unwrap();
            bytes.resize(usize::try_from(end - start).unwrap(), 0);
            // A region may be gone meanwhile, or be of the kernel's own.
            if memory.seek(SeekFrom::Start(start)).is_err()
                || memory.read_exact(&mut bytes).is_err()
            {
                continue;
            }
            for needle in needles {
                if bytes.windows(needle.masked.len()).any(|window| needle.is_at(window)) {
                    found.push(needle.what);
                }
            }
            // A copy of what was found is no find.
            bytes.fill(0);
        }
        found
    }

    #[test]
    fn a_keystore_that_nobody_holds_leaves_no_private_number_in_memory() {
        for name in ["smart-app-launch/RS384.private.json", "smart-app-launch/ES384.private.json"] {
            let path = fixture(name);
            let needles = needles(&path);
            assert_eq!(found(&needles), Vec::<&str>::new(), "the search finds nothing of its own");
            let keystores = Keystores::default();
            let source = KeystoreSource::from(KeystoreOrigin::Path(path));
            let keystore = keystores.register("wiped", source).unwrap();
            assert!(!found(&needles).is_empty(), "a key in use is found, so the search works");
            drop(keystore);
            assert!(keystores.unregister("wiped"));
            assert_eq!(found(&needles), Vec::<&str>::new(), "{name}");
        }
    }
}
