/* The names that authorities ask for. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "solver/crypto/crypto.h"
#include "solver/dns/name.h"
#include "solver/verdict/dns/dns.h"

#define LABEL_BYTES 10 /* of the digest: 16 characters of base32 */

static void base32(const unsigned char *bytes, size_t length, char *ret)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned held = 0, bits = 0;

	for (size_t i = 0; i < length; i++) {
		held = held << 8 | bytes[i];
		for (bits += 8; bits >= 5; bits -= 5)
			*ret++ = alphabet[held >> (bits - 5) & 31];
	}
	*ret = '\0';
}

int name_account_challenge(const char *name, const char *account_uri, char ret_fqdn[254], struct err *err)
{
	unsigned char digest[SHA256_SIZE];
	char label[LABEL_BYTES * 8 / 5 + 1];
	char full[2 * NAME_SIZE];

	if (!account_uri || !*account_uri)
		return err_set(err, ERR_INVALID, "dns-account-01 needs the URI of the ACME account");
	crypto_sha256(account_uri, strlen(account_uri), digest);
	base32(digest, LABEL_BYTES, label);
	if (snprintf(full, sizeof(full), "_%s._acme-challenge.%s", label, name) > NAME_MAX_TEXT)
		return err_set(err, ERR_TOO_LARGE, "_%s._acme-challenge.%.100s is longer than %d bytes", label, name, NAME_MAX_TEXT);
	memcpy(ret_fqdn, full, strlen(full) + 1);
	return 0;
}
