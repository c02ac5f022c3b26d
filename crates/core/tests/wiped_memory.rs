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
    use smart_m2m_core::{
        KeyChoice, KeystoreOrigin, KeystoreSource, Keystores, Passphrases, Secret,
    };
    use zeroize::Zeroizing;

    /// What is searched for must not lie in memory itself.
    const MASK: u8 = 0xA5;
    const PAGE: usize = 4096;
    static ZEROS: [u8; PAGE] = [0; PAGE];
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
            window.len() >= self.masked.len()
                && window.iter().zip(&self.masked).all(|(byte, masked)| byte ^ MASK == *masked)
        }
    }

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../__test__/fixtures").join(name)
    }

    /// Its octets in both orders, as big-number libraries have them.
    fn of_number(what: &'static str, number: &[u8]) -> [Needle; 2] {
        let mut reversed = Zeroizing::new(number.to_vec());
        reversed.reverse();
        [Needle::new(what, number), Needle::new(what, &reversed)]
    }

    fn read(path: &Path) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024));
        File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    }

    /// Private numbers of a JWKS, and their text.
    fn needles_of_jwks(path: &Path) -> Vec<Needle> {
        let bytes = read(path);
        let text = std::str::from_utf8(&bytes).unwrap();
        let mut needles = Vec::new();
        for (what, member) in [("d", "\"d\":"), ("p", "\"p\":"), ("dp", "\"dp\":")] {
            let Some(at) = text.find(member) else { continue };
            let value = text[at + member.len()..].trim_start().trim_start_matches('"');
            let value = &value[..value.find('"').unwrap()];
            needles.push(Needle::new(what, value.as_bytes()));
            let number = Zeroizing::new(URL_SAFE_NO_PAD.decode(value).unwrap());
            needles.extend(of_number(what, &number));
        }
        needles
    }

    /// The octets of every value in a SEQUENCE: the numbers of PKCS#1, or version and number of SEC 1.
    fn values(der: &[u8]) -> Vec<&[u8]> {
        let (_, mut rest) = value(der);
        let mut values = Vec::new();
        while !rest.is_empty() {
            let (end, content) = value(rest);
            values.push(content);
            rest = &rest[end..];
        }
        values
    }

    /// Where it ends, and what it holds.
    fn value(der: &[u8]) -> (usize, &[u8]) {
        let (start, length) = match der[1] {
            0x81 => (3, usize::from(der[2])),
            0x82 => (4, usize::from(der[2]) << 8 | usize::from(der[3])),
            length => (2, usize::from(length)),
        };
        (start + length, &der[start..start + length])
    }

    fn needles_of_der(path: &Path) -> Vec<Needle> {
        let der = read(path);
        let values = values(&der);
        let private = if values.len() > 8 { &values[3..6] } else { &values[1..2] };
        private.iter().flat_map(|number| of_number("number", number)).collect()
    }

    /// The line of base64 that has most of the private number.
    fn needle_of_pem(path: &Path) -> Needle {
        let bytes = read(path);
        let text = std::str::from_utf8(&bytes).unwrap();
        let (_, key) = text.split_once("-----BEGIN PRIVATE KEY-----").unwrap();
        Needle::new("base64", key.lines().nth(1).unwrap().as_bytes())
    }

    /// `kitten-42`, which must not lie in memory itself.
    fn passphrase() -> Secret {
        let masked = [0xCE, 0xCC, 0xD1, 0xD1, 0xC0, 0xCB, 0x88, 0x91, 0x97];
        let mut text = String::with_capacity(masked.len());
        text.extend(masked.map(|byte| char::from(byte ^ MASK)));
        Secret::new(text)
    }

    fn needles_of_passphrase() -> Vec<Needle> {
        let passphrase = passphrase();
        let text = passphrase.expose();
        let mut utf16 = Zeroizing::new(Vec::with_capacity(64));
        text.bytes().for_each(|byte| utf16.extend([0, byte]));
        vec![Needle::new("passphrase", text.as_bytes()), Needle::new("passphrase", &utf16)]
    }

    /// Needles that lie anywhere in this process's writable memory.
    fn found(needles: &[Needle]) -> Vec<&'static str> {
        let mut memory = File::open("/proc/self/mem").unwrap();
        let maps: Vec<_> = BufReader::new(File::open("/proc/self/maps").unwrap())
            .lines()
            .map(Result::unwrap)
            .collect();
        // By their first octet: memory is long.
        let mut begins = [false; 256];
        for needle in needles {
            begins[usize::from(needle.masked[0] ^ MASK)] = true;
        }
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
            for (page, content) in bytes.chunks(PAGE).enumerate() {
                // Most of it was never written to.
                if content == &ZEROS[..content.len()] {
                    continue;
                }
                for (offset, byte) in content.iter().enumerate() {
                    if begins[usize::from(*byte)] {
                        let rest = &bytes[page * PAGE + offset..];
                        let here = needles.iter().filter(|needle| needle.is_at(rest));
                        found.extend(here.map(|needle| needle.what));
                    }
                }
            }
            // A copy of what was found is no find.
            bytes.fill(0);
        }
        found
    }

    /// Registers it and lets it go; what is left in memory of it.
    fn left_of(path: PathBuf, needles: &[Needle]) -> Vec<&'static str> {
        let keystores = Keystores::default();
        let source = KeystoreSource {
            origin: KeystoreOrigin::Path(path),
            passphrases: Passphrases { keystore: Some(passphrase()), key: None },
            choice: KeyChoice::default(),
        };
        let keystore = keystores.register("wiped", source).unwrap();
        assert!(!found(needles).is_empty(), "what is in use is found, so the search works");
        drop(keystore);
        assert!(keystores.unregister("wiped"));
        found(needles)
    }

    /// One test: what another one has in use would be found.
    #[test]
    fn a_keystore_that_nobody_holds_leaves_no_private_number_and_no_passphrase_in_memory() {
        for name in ["smart-app-launch/RS384.private.json", "smart-app-launch/ES384.private.json"] {
            let needles = needles_of_jwks(&fixture(name));
            assert!(found(&needles).is_empty(), "the search finds nothing of its own");
            assert_eq!(left_of(fixture(name), &needles), Vec::<&str>::new(), "{name}");
        }
        for (plain, files) in [
            (
                "keystores/sec1.der",
                &[
                    "keystores/sec1.der",
                    "keystores/bundle.pem",
                    "keystores/utf-16.pem",
                    "keystores/base64.txt",
                    "keystores/literal-newlines.txt",
                    "keystores/sec1-des3.pem",
                    "keystores/pkcs8-aes-128.pem",
                    "keystores/pkcs8-sha1-rc2-40.pem",
                    "keystores/openssl.p12",
                ][..],
            ),
            (
                "keystores/pkcs1.der",
                &["keystores/pkcs1.der", "keystores/pkcs1-aes-256.pem", "keystores/windows.p12"],
            ),
        ] {
            let mut needles = needles_of_der(&fixture(plain));
            needles.extend(needles_of_passphrase());
            needles.push(needle_of_pem(&fixture("keystores/bundle.pem")));
            assert!(found(&needles).is_empty(), "the search finds nothing of its own");
            for file in files {
                assert_eq!(left_of(fixture(file), &needles), Vec::<&str>::new(), "{file}");
            }
        }
    }
}
