/*
 * A revocation provider of CryptoAPI, in place of wine's own. That one cannot tell whether a certificate without a
 * revocation list is revoked, and wine refuses such a certificate even where Windows is asked to let it pass, as the
 * addon asks: the test kit's certificates are of that kind. This one says that nothing is revoked.
 */
__declspec(dllexport) int __stdcall CertDllVerifyRevocation(void) { return 1; }
