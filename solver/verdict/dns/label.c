/* The names that authorities ask for. */
#include <stdio.h>
#include <string.h>

#include "solver/crypto/crypto.h"
#include "solver/dns/name.h"
#include "solver/verdict/dns/dns.h"

#define LABEL_BYTES 10 /* of the digest: 16 characters of base32 */

int name_account_challenge(const char *name, const char *account_uri, char ret_fqdn[254], struct err *err)
{
	unsigned char digest[SHA256_SIZE];
	char digits[LABEL_BYTES * 8 / 5 + 1], label[64];

	if (!account_uri || !*account_uri)
		return err_set(err, ERR_INVALID, "dns-account-01 needs the URI of the ACME account");
	crypto_sha256(account_uri, strlen(account_uri), digest);
	crypto_base32(digest, LABEL_BYTES, digits);
	snprintf(label, sizeof(label), "_%s." CHALLENGE_LABEL, digits);
	return name_under(label, name, ret_fqdn, err);
}

int name_of_record(const char *type, const char *identifier, const char *account_uri, char ret_fqdn[254], struct err *err)
{
	if (strcmp(type, "dns-account-01") == 0)
		return name_account_challenge(identifier, account_uri, ret_fqdn, err);
	return name_under(strcmp(type, "dns-persist-01") == 0 ? PERSIST_LABEL : CHALLENGE_LABEL, identifier, ret_fqdn, err);
}
