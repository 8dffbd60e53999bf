#include "solver/verdict/dns/persist_account.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"
#include "solver/verdict/dns/dns.h"
#include "solver/verdict/dns/persist_record.h"

#define ALGORITHM "sha-256/"
#define DIGEST_TEXT 43
#define MESSAGE_MAX 4096

char *persist_digest(const char *domain, const char *thumbprint, const char *account_uri)
{
	unsigned char digest[SHA256_SIZE];
	struct buf message = BUF_INIT(MESSAGE_MAX);

	buf_add_char(&message, (char)strlen(domain));
	buf_printf(&message, "%s%s%s", domain, thumbprint, account_uri);
	crypto_sha256(message.length ? buf_text(&message) : "", message.length, digest);
	buf_done(&message);
	return crypto_base64url(digest, sizeof(digest));
}

/* Behind the prefix of the authority, or NULL when it is no digest of its. */
static const char *hash_part(const struct authority *a, const char *account_uri)
{
	size_t length = a->persist_prefix ? strlen(a->persist_prefix) : 0;

	return a->persist != PERSIST_URL && strncmp(account_uri, a->persist_prefix, length) == 0 ? account_uri + length : NULL;
}

/* The record that was to be published says which digest is right. */
static bool was_published(const struct evidence *e, const char *account_uri)
{
	struct persist_record p;
	bool same;

	if (!e->expected)
		return false;
	same = persist_record_parse((const unsigned char *)e->expected, strlen(e->expected), &p, NULL) == 0 && strcmp(p.account_uri, account_uri) == 0;
	persist_record_done(&p);
	return same;
}

static bool is_digest_of(const struct evidence *e, const char *domain, const char *digest)
{
	CLEANUP(mem_freep) char *ours = persist_digest(domain, e->account_thumbprint, e->account_uri);

	return strcmp(ours, digest) == 0;
}

enum persist_match persist_account_match(const struct authority *a, const struct evidence *e, const char *account_uri)
{
	const char *hash = hash_part(a, account_uri);

	if (!hash && a->persist == PERSIST_HASH)
		return PERSIST_OTHER;
	if (!hash && !e->account_uri) /* the caller wrote this record, so it names the caller's own account */
		return was_published(e, account_uri) ? PERSIST_SAME : PERSIST_UNSEEN;
	if (!hash)
		return strcmp(account_uri, e->account_uri) == 0 ? PERSIST_SAME : PERSIST_OTHER;
	if (strncmp(hash, ALGORITHM, strlen(ALGORITHM)) != 0 || strlen(hash + strlen(ALGORITHM)) != DIGEST_TEXT)
		return PERSIST_MALFORMED;
	hash += strlen(ALGORITHM);
	if (was_published(e, account_uri))
		return PERSIST_SAME;
	if (!e->account_uri || !e->account_thumbprint)
		return PERSIST_UNSEEN;
	return is_digest_of(e, e->identifier, hash) || is_digest_of(e, "*", hash) ? PERSIST_SAME : PERSIST_UNSEEN;
}

char *persist_account_text(const struct authority *a, const char *domain, const char *account_uri, const char *thumbprint)
{
	CLEANUP(mem_freep) char *digest = a->persist == PERSIST_HASH && thumbprint ? persist_digest(domain, thumbprint, account_uri) : NULL;

	if (a->persist != PERSIST_HASH)
		return mem_dup(account_uri);
	return digest ? mem_printf("%s" ALGORITHM "%s", a->persist_prefix, digest) : NULL;
}
