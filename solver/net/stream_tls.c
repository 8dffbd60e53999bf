#include "solver/net/stream_tls.h"

#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "solver/base/mem.h"

/* What Go offers in TLS 1.2 (crypto/tls of Go 1.26 and 1.27): forward secrecy only, no RSA key exchange (gone since Go 1.22), no
 * 3DES (1.23), no CBC with SHA-256 or SHA-384, no finite fields. SHA-1 signs nothing (1.25). Of the hybrid groups those that
 * this OpenSSL knows. */
#define CIPHERS "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:" \
                "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:" \
                "ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA"
#define SIGNATURES "rsa_pss_rsae_sha256:ECDSA+SHA256:ed25519:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512:" \
                   "ECDSA+SHA384:ECDSA+SHA512"
#define CURVES "X25519:P-256:P-384:P-521"
#define HYBRID "X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024:"

SSL_CTX *stream_tls_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_security_level(ctx, 1); /* RSA of 1024 bits and more, as Go */
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_cipher_list(ctx, CIPHERS);
	SSL_CTX_set1_sigalgs_list(ctx, SIGNATURES);
	if (SSL_CTX_set1_groups_list(ctx, HYBRID CURVES) != 1)
		SSL_CTX_set1_groups_list(ctx, CURVES);
	ERR_clear_error();
	return ctx;
}

static const char *alert_name(int alert)
{
	static const struct { int alert; const char *name; } names[] = {
		{ SSL_AD_PROTOCOL_VERSION, "protocol version not supported" }, { SSL_AD_INSUFFICIENT_SECURITY, "insufficient security level" },
		{ SSL_AD_UNKNOWN_CA, "unknown certificate authority" }, { SSL_AD_CERTIFICATE_UNKNOWN, "unknown certificate" },
		{ SSL_AD_DECODE_ERROR, "error decoding message" }, { SSL_AD_DECRYPT_ERROR, "error decrypting message" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].alert == alert)
			return names[i].name;
	return SSL_alert_desc_string_long(alert);
}

void stream_tls_why(unsigned long error, char *ret, size_t size)
{
	int reason = ERR_GET_REASON(error);
	const char *text = error ? ERR_reason_error_string(error) : NULL;

	if (error && ERR_GET_LIB(error) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET)
		snprintf(ret, size, "alert %s", alert_name(reason - SSL_AD_REASON_OFFSET));
	else
		snprintf(ret, size, "%s", text ? text : "TLS failed");
}
