//! CBC with the padding of PKCS#7 (RFC 5652 §6.3), in place.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use des::{Des, TdesEde3};
use zeroize::Zeroizing;

/// A block cipher that old files are encrypted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CbcCipher {
    Aes128,
    Aes192,
    Aes256,
    /// Three keys.
    TripleDes,
    Des,
}

impl CbcCipher {
    pub(super) const fn key_len(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 | Self::TripleDes => 24,
            Self::Aes256 => 32,
            Self::Des => 8,
        }
    }

    /// Octets of a block, and so of the IV.
    pub(super) const fn block_len(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            Self::TripleDes | Self::Des => 8,
        }
    }

    /// `None`, with `data` in ruins, where the key is not the right one or the data is damaged.
    pub(super) fn decrypt(
        self,
        key: &[u8],
        iv: &[u8],
        data: &mut Zeroizing<Vec<u8>>,
    ) -> Option<()> {
        let length = match self {
            Self::Aes128 => aes(&AES_128, key, iv, data),
            Self::Aes192 => aes(&AES_192, key, iv, data),
            Self::Aes256 => aes(&AES_256, key, iv, data),
            Self::TripleDes => block::<Decryptor<TdesEde3>>(key, iv, data),
            Self::Des => block::<Decryptor<Des>>(key, iv, data),
        }?;
        data.truncate(length);
        Some(())
    }
}

fn aes(algorithm: &'static Algorithm, key: &[u8], iv: &[u8], data: &mut [u8]) -> Option<usize> {
    let key = UnboundCipherKey::new(algorithm, key).ok()?;
    let context = DecryptionContext::Iv128(FixedLength::try_from(iv).ok()?);
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
    key.decrypt(data, context).ok().map(|decrypted| decrypted.len())
}

fn block<D: KeyIvInit + BlockModeDecrypt>(key: &[u8], iv: &[u8], data: &mut [u8]) -> Option<usize> {
    let decryptor = D::new_from_slices(key, iv).ok()?;
    decryptor.decrypt_padded::<Pkcs7>(data).ok().map(<[u8]>::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_whole_number_of_blocks_or_of_another_key_is_refused() {
        for cipher in [
            CbcCipher::Aes128,
            CbcCipher::Aes192,
            CbcCipher::Aes256,
            CbcCipher::TripleDes,
            CbcCipher::Des,
        ] {
            let (key, iv) = (vec![7; cipher.key_len()], vec![9; cipher.block_len()]);
            for length in [0, 1, cipher.block_len() - 1, cipher.block_len() + 1] {
                let mut data = Zeroizing::new(vec![0; length]);
                assert!(cipher.decrypt(&key, &iv, &mut data).is_none(), "{cipher:?} {length}");
            }
            let mut data = Zeroizing::new(vec![0; cipher.block_len()]);
            assert!(cipher.decrypt(&key[1..], &iv, &mut data).is_none());
            assert!(cipher.decrypt(&key, &iv[1..], &mut data).is_none());
        }
    }
}
