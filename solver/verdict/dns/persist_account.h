/* accounturi of a dns-persist-01 record: the URL of the account (draft-ietf-acme-dns-persist-00, -01), or a prefix of the authority,
 * "sha-256/" and the digest of domain, key and URL (-02). */
#ifndef SOLVER_VERDICT_PERSIST_ACCOUNT_H
#define SOLVER_VERDICT_PERSIST_ACCOUNT_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"

enum persist_match {
	PERSIST_SAME,
	PERSIST_OTHER,
	PERSIST_UNSEEN,    /* a digest: of another account, of an earlier key of ours (which stays good), or without our thumbprint to compare */
	PERSIST_MALFORMED, /* a digest of an unknown algorithm, or a cut one */
};
enum persist_match persist_account_match(const struct authority *a, const struct evidence *e, const char *account_uri);

/* base64url of SHA-256(length of domain, domain, thumbprint, account URL). `domain` is a lower-case name, or "*" for a value that is
 * good for every domain. Gives (free with free). */
char *persist_digest(const char *domain, const char *thumbprint, const char *account_uri);

#endif
