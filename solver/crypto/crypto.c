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

void crypto_base32(const unsigned char *bytes, size_t length, char *ret)
{
	unsigned held = 0, bits = 0;

	for (size_t i = 0; i < length; i++) {
		held = (held << 8 | bytes[i]) & 0xfff;
		for (bits += 8; bits >= 5; bits -= 5)
			*ret++ = CRYPTO_BASE32[held >> (bits - 5) & 31];
	}
	*ret = '\0';
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

/* The digits as OpenSSL reads them: with its alphabet and padding. */
static char *base64_padded(const char *text, size_t digits, size_t *ret_length)
{
	char *padded;

	*ret_length = (digits + 3) / 4 * 4;
	padded = mem_new(*ret_length + 1, 1);
	memset(padded, '=', *ret_length);
	for (size_t i = 0; i < digits; i++)
		padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
	return padded;
}

int crypto_base64_decode(const char *text, unsigned char **ret, size_t *ret_length)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_";
	long digits = base64_digits(text);
	size_t length;
	char *padded;

	if (digits < 0 || strspn(text, alphabet) != (size_t)digits)
		return ERR_INVALID;
	padded = base64_padded(text, (size_t)digits, &length);
	*ret = mem_new(length / 4 * 3 + 1, 1);
	*ret_length = (size_t)digits * 3 / 4;
	EVP_DecodeBlock(*ret, (const unsigned char *)padded, (int)length); /* cannot fail: the digits were looked at */
	OPENSSL_cleanse(padded, length);
	free(padded);
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
