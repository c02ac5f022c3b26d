//! The key derivation of PKCS#12 (RFC 7292 appendix B.2), with its names.

use aws_lc_rs::digest::digest;
use zeroize::Zeroizing;

use super::{Budget, Failure, Password, Sha, check_salt};

/// What is derived (RFC 7292 appendix B.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// Salt and iteration count, as every scheme of PKCS#12 has them.
#[derive(Clone, Copy)]
pub(in crate::keys) struct Derivation<'a> {
    pub(in crate::keys) sha: Sha,
    pub(in crate::keys) salt: &'a [u8],
    pub(in crate::keys) iterations: u64,
}

/// `length` octets for one purpose.
pub(in crate::keys) fn derive(
    derivation: Derivation<'_>,
    purpose: Purpose,
    password: &Password,
    length: usize,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let Derivation { sha, salt, iterations } = derivation;
    check_salt(salt)?;
    let rounds = length.div_ceil(sha.output_len()) as u64;
    let iterations = budget.take(iterations, rounds * sha.runs())?;
    let v = sha.digest().block_len();
    let salt_and_password = v * (salt.len().div_ceil(v) + password.bmp_string.len().div_ceil(v));
    let mut d_and_i = Zeroizing::new(Vec::with_capacity(v + salt_and_password));
    d_and_i.resize(v, purpose as u8);
    for part in [salt, password.bmp_string.as_slice()] {
        d_and_i.extend(part.iter().cycle().take(v * part.len().div_ceil(v)));
    }
    let mut derived = Zeroizing::new(Vec::with_capacity(length + sha.output_len()));
    loop {
        let mut a = digest(sha.digest(), &d_and_i);
        for _ in 1..iterations.get() {
            a = digest(sha.digest(), a.as_ref());
        }
        derived.extend_from_slice(a.as_ref());
        if derived.len() >= length {
            derived.truncate(length);
            return Ok(derived);
        }
        for block in d_and_i[v..].chunks_exact_mut(v) {
            add_one_and(a.as_ref(), block);
        }
    }
}

/// `block + B + 1` without what does not fit, where B is `a` over and over (step 6 C).
fn add_one_and(a: &[u8], block: &mut [u8]) {
    let mut carry = true;
    for index in (0..block.len()).rev() {
        let (sum, over) = block[index].overflowing_add(a[index % a.len()]);
        let (sum, over_by_carry) = sum.overflowing_add(u8::from(carry));
        block[index] = sum;
        carry = over || over_by_carry;
    }
}
