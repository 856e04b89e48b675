import CCrypto

/// Prepares libcrypto when it is first looked at, which everything here does that uses libcrypto.
///
/// The library is told not to tidy up when the process ends: threads may still use it at that moment.
///
/// Corresponds to `OPENSSL_init_crypto`.
let isLibcryptoReady = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1
