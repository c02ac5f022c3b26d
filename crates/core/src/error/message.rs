//! The text of an error that a person reads: what happened, where, and what to do.

use std::fmt;

use super::Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problems(problems) => match problems.as_slice() {
                [only] => f.write_str(&only.message),
                several => {
                    write!(f, "{} problems:", several.len())?;
                    several.iter().try_for_each(|problem| write!(f, "\n- {}", problem.message))
                }
            },
            Self::Discovery(error) => {
                write!(f, "discovery at {}", error.url)?;
                if let Some(status) = error.status {
                    write!(f, " (HTTP {status})")?;
                }
                write!(f, ": {}", error.reason)
            }
            Self::IssuerMismatch { url, expected, found } => {
                write!(f, "the metadata at {url} names the issuer ")?;
                match found {
                    Some(found) => write!(f, "'{found}'")?,
                    None => f.write_str("not at all")?,
                }
                write!(
                    f,
                    ", not '{expected}': it was not used (RFC 8414 §3.3); set issuer to the exact \
                     string that the server publishes, or give tokenEndpoint"
                )
            }
            Self::InsecureTokenEndpoint { document, endpoint } => write!(
                f,
                "{document} names the token endpoint {endpoint}, which is not https: nothing was \
                 sent; have the server's configuration corrected, or, where a proxy ends TLS in front \
                 of it, set tokenEndpoint to the https URL, with forceHttpInTokenRequestAudience: true \
                 if the server expects http: in aud"
            ),
            Self::OriginNotAllowed { document, endpoint, place } => write!(
                f,
                "{document} names the token endpoint {endpoint}, {place}: nothing was sent; add the \
                 origin there if it is right, or set tokenEndpoint"
            ),
            Self::TokenEndpoint(error) => {
                write!(
                    f,
                    "token endpoint {} (HTTP {}): {}",
                    error.url, error.status, error.reason
                )?;
                write_hint(f, error.hint.as_deref())
            }
            Self::Transport(error) => {
                write!(f, "{}: {}", error.url, error.reason)?;
                write_hint(f, error.hint.as_deref())
            }
            Self::PreTokenHook(failure) => {
                write!(f, "CLIENT_AUTH_PRE_TOKEN_REQUEST {}", failure.reason)
            }
            Self::Signer(failure) => write!(f, "the external signer {}", failure.reason),
            Self::Closed => f.write_str("the interceptor was closed; create another one"),
            Self::Shortage { reason } => f.write_str(reason),
            Self::Internal { reason } => {
                write!(f, "a defect in @org/smart-m2m, please report it: {reason}")
            }
            Self::Remembered(last) => write!(
                f,
                "{last} (remembered: it is not tried again for a moment, see \
                 renewal.failureCooldownSeconds)"
            ),
            Self::AfterAttempts { attempts, last } => {
                write!(f, "{last}")?;
                if *attempts > 1 {
                    write!(f, " (after {attempts} attempts)")?;
                }
                Ok(())
            }
        }
    }
}

fn write_hint(f: &mut fmt::Formatter<'_>, hint: Option<&str>) -> fmt::Result {
    hint.map_or(Ok(()), |hint| write!(f, "; {hint}"))
}
