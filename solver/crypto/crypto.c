#include "solver/crypto/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/err.h"
#include "solver/base/mem.h"

void crypto_sha256(const void *bytes, size_t length, unsigned char ret_digest[SHA256_SIZE])
{
	/* Fails only when libcrypto is broken: no digest is better than a wrong one. */
	if (EVP_Digest(length ? bytes : "", length, ret_digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
}

void crypto_hmac_sha256(const void *key, size_t key_length, const void *bytes, size_t length,
                        unsigned char ret_mac[SHA256_SIZE])
{
	/* A NULL key would mean "the key of the last call" to OpenSSL. */
	if (!HMAC(EVP_sha256(), key_length ? key : "", (int)key_length, length ? bytes : (const void *)"", length,
	          ret_mac, NULL))
		abort();
}

char *crypto_base64(const void *bytes, size_t length)
{
	char *text = mem_new((length + 2) / 3 * 4 + 1, 1);

	EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);
	return text;
}

char *crypto_base64url(const void *bytes, size_t length)
{
	char *text = crypto_base64(bytes, length);

	for (char *c = text; *c; c++) {
		if (*c == '+')
			*c = '-';
		else if (*c == '/')
			*c = '_';
		else if (*c == '=')
			*c = '\0';
	}
	return text;
}

char *crypto_hex(const void *bytes, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = bytes;
	char *text = mem_new(length * 2 + 1, 1);

	for (size_t i = 0; i < length; i++) {
		text[2 * i] = digits[in[i] >> 4];
		text[2 * i + 1] = digits[in[i] & 15];
	}
	return text;
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return -1;
}

/* Length without the padding, or -1 when the padding does not fit the length. */
static long base64_digits(const char *text)
{
	size_t length = strlen(text), padding = 0;

	while (length && padding < 2 && text[length - 1] == '=') {
		length--;
		padding++;
	}
	if (length % 4 == 1 || (padding && (length + padding) % 4))
		return -1;
	return (long)length;
}

int crypto_base64_decode(const char *text, unsigned char **ret, size_t *ret_length)
{
	long digits = base64_digits(text);
	CLEANUP(mem_freep) unsigned char *bytes = NULL;
	unsigned bits = 0, held = 0;
	size_t used = 0;

	if (digits < 0)
		return ERR_INVALID;
	bytes = mem_new((size_t)digits / 4 * 3 + 4, 1);
	for (long i = 0; i < digits; i++) {
		int digit = base64_digit(text[i]);

		if (digit < 0)
			return ERR_INVALID;
		bits = (bits << 6 | (unsigned)digit) & 0xffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			bytes[used++] = (unsigned char)(bits >> held);
		}
	}
	*ret = bytes;
	*ret_length = used;
	bytes = NULL;
	return 0;
}

bool crypto_equal(const char *a, const char *b)
{
	size_t length = strlen(a);

	return length == strlen(b) && CRYPTO_memcmp(a, b, length) == 0;
}

void crypto_dns01_value(const char *key_authorization, char ret_value[SHA256_TEXT_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	CLEANUP(mem_freep) char *text = NULL;

	crypto_sha256(key_authorization, strlen(key_authorization), digest);
	text = crypto_base64url(digest, sizeof(digest));
	memcpy(ret_value, text, SHA256_TEXT_SIZE);
}
