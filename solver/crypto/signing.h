/* Signatures by Ed25519 keys (RFC 8032) in PEM files: PKCS #8 private, SubjectPublicKeyInfo public, as openssl reads and writes them. */
#ifndef SOLVER_CRYPTO_SIGNING_H
#define SOLVER_CRYPTO_SIGNING_H

#include <stddef.h>

#include "solver/base/err.h"

#define SIGNATURE_SIZE 64

/* A new private key; gives (wipe, and free with free). */
int signing_key_new(char **ret_pem, struct err *err);
/* ERR_INVALID: `private_pem` is no Ed25519 key. */
int signing_sign(const char *private_pem, const void *bytes, size_t length, unsigned char ret_signature[SIGNATURE_SIZE], struct err *err);
int signing_public(const char *private_pem, char **ret_pem, struct err *err); /* gives (free with free) */

#endif
