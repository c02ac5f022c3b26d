//! The block ciphers that private keys are encrypted with: CBC mode, padding of PKCS#7 (RFC 8018 §6.1.1).

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt as _, InnerIvInit as _, KeyInit};
use des::{Des, TdesEde2, TdesEde3};
use rc2::Rc2;
use zeroize::Zeroizing;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CbcCipher {
    Aes128,
    Aes192,
    Aes256,
    Des,
    /// Triple DES with two keys.
    DesEde2,
    DesEde3,
    /// Keys of this many octets, of which this many bits count (RFC 2268 §2).
    Rc2 {
        key_len: usize,
        effective_bits: usize,
    },
}

impl CbcCipher {
    pub(super) fn key_len(self) -> usize {
        match self {
            Self::Aes128 | Self::DesEde2 => 16,
            Self::Aes192 | Self::DesEde3 => 24,
            Self::Aes256 => 32,
            Self::Des => 8,
            Self::Rc2 { key_len, .. } => key_len,
        }
    }

    pub(super) fn block_len(self) -> usize {
        match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
            Self::Des | Self::DesEde2 | Self::DesEde3 | Self::Rc2 { .. } => 8,
        }
    }

    /// True for a whole number of blocks, as everything encrypted is.
    pub(super) fn fits(self, ciphertext: &[u8]) -> bool {
        !ciphertext.is_empty() && ciphertext.len().is_multiple_of(self.block_len())
    }

    /// `None` where the key is not the right one, or the data is damaged: the padding is none.
    pub(super) fn decrypt(
        self,
        key: &[u8],
        iv: &[u8],
        ciphertext: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        if !self.fits(ciphertext) {
            return None;
        }
        let mut text = Zeroizing::new(ciphertext.to_vec());
        let length = match self {
            Self::Aes128 | Self::Aes192 | Self::Aes256 => self.decrypt_aes(key, iv, &mut text),
            Self::Des => Des::new_from_slice(key).ok().and_then(|des| unpad(des, iv, &mut text)),
            Self::DesEde2 => {
                TdesEde2::new_from_slice(key).ok().and_then(|des| unpad(des, iv, &mut text))
            }
            Self::DesEde3 => {
                TdesEde3::new_from_slice(key).ok().and_then(|des| unpad(des, iv, &mut text))
            }
            Self::Rc2 { effective_bits, .. } => {
                // The crate indexes with both.
                let fits = (1..=128).contains(&key.len()) && (1..=1024).contains(&effective_bits);
                fits.then(|| Rc2::new_with_eff_key_len(key, effective_bits))
                    .and_then(|rc2| unpad(rc2, iv, &mut text))
            }
        };
        text.truncate(length?);
        Some(text)
    }

    fn decrypt_aes(self, key: &[u8], iv: &[u8], text: &mut [u8]) -> Option<usize> {
        let algorithm = match self {
            Self::Aes128 => &AES_128,
            Self::Aes192 => &AES_192,
            _ => &AES_256,
        };
        let key = UnboundCipherKey::new(algorithm, key).ok()?;
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
        let iv = DecryptionContext::Iv128(FixedLength::try_from(iv).ok()?);
        key.decrypt(text, iv).ok().map(|plain| plain.len())
    }
}

fn unpad<C: BlockCipherDecrypt>(cipher: C, iv: &[u8], text: &mut [u8]) -> Option<usize> {
    let cipher = Decryptor::inner_iv_slice_init(cipher, iv).ok()?;
    cipher.decrypt_padded::<Pkcs7>(text).ok().map(<[u8]>::len)
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
            CbcCipher::Des,
            CbcCipher::DesEde2,
            CbcCipher::DesEde3,
        ] {
            let (key, iv) = (vec![7; cipher.key_len()], vec![9; cipher.block_len()]);
            for length in [0, 1, cipher.block_len() - 1, cipher.block_len() + 1] {
                assert!(
                    cipher.decrypt(&key, &iv, &vec![0; length]).is_none(),
                    "{cipher:?} {length}"
                );
            }
            let data = vec![0; cipher.block_len()];
            assert!(cipher.decrypt(&key[1..], &iv, &data).is_none());
            assert!(cipher.decrypt(&key, &iv[1..], &data).is_none());
        }
    }
}
