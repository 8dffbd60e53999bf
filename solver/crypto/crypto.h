/* Digests and encodings of ACME: base64, base64url without padding (RFC 4648 section 5),
 * SHA-256, HMAC-SHA256, constant-time comparison. */
#ifndef SOLVER_CRYPTO_CRYPTO_H
#define SOLVER_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#define SHA256_SIZE 32
#define SHA256_TEXT_SIZE 44 /* base64url of a SHA-256 digest: 43 characters and a zero byte */

void crypto_sha256(const void *bytes, size_t length, unsigned char ret_digest[SHA256_SIZE]);
void crypto_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
                        unsigned char ret_mac[SHA256_SIZE]);
/* Give (free with free). */
char *crypto_base64(const void *bytes, size_t length);
char *crypto_base64url(const void *bytes, size_t length);
char *crypto_hex(const void *bytes, size_t length);
/* Lower case, without padding, of a multiple of 5 bytes; `ret` has room for 8 characters for every 5 bytes, and a zero byte. */
#define CRYPTO_BASE32 "abcdefghijklmnopqrstuvwxyz234567"
void crypto_base32(const unsigned char *bytes, size_t length, char *ret);
/* Decodes either alphabet, padding optional; 0 or ERR_INVALID. Gives *ret (free with free). */
int crypto_base64_decode(const char *text, unsigned char **ret, size_t *ret_length);
/* Same time for equal lengths, wherever the first difference stands. */
bool crypto_equal(const char *a, const char *b);

/* The TXT value of dns-01: base64url(SHA-256(key authorization)), RFC 8555 section 8.4. */
void crypto_dns01_value(const char *key_authorization, char ret_value[SHA256_TEXT_SIZE]);

#endif
