/* Which labels a challenge may be written under: no name of another protocol, and none of another challenge. */
#include <string.h>

#include "solver/challenge/challenge.h"
#include "solver/dns/name.h"

#define ACCOUNT_DIGITS 16 /* 10 bytes in base32 (draft-ietf-acme-dns-account-label) */
#define BASE32 "abcdefghijklmnopqrstuvwxyz234567"

static bool first_is(const char *name, const char *label)
{
	size_t length = strlen(label);

	return name && strncmp(name, label, length) == 0 && name[length] == '.';
}

static bool is_account_label(const char *name)
{
	return name[0] == '_' && strspn(name + 1, BASE32) == ACCOUNT_DIGITS && name[1 + ACCOUNT_DIGITS] == '.';
}

bool record_label_is_account(const char *name)
{
	return is_account_label(name) && first_is(name_parent(name), CHALLENGE_LABEL);
}

/* What stands behind the labels of the type; the name itself where they are missing. */
static const char *behind_labels(enum challenge_type type, const char *name)
{
	if (type == CHALLENGE_DNS_ACCOUNT01)
		return record_label_is_account(name) ? name_parent(name_parent(name)) : name;
	return first_is(name, type == CHALLENGE_DNS_PERSIST01 ? PERSIST_LABEL : CHALLENGE_LABEL) ? name_parent(name) : name;
}

static const char *expected(enum challenge_type type)
{
	if (type == CHALLENGE_DNS_ACCOUNT01)
		return "_<label of the account>." CHALLENGE_LABEL;
	return type == CHALLENGE_DNS_PERSIST01 ? PERSIST_LABEL : CHALLENGE_LABEL;
}

int record_label_check(enum challenge_type type, const char *name, struct err *err)
{
	for (const char *rest = behind_labels(type, name); rest; rest = name_parent(rest))
		if (rest[0] == '_')
			return err_set(err, ERR_INVALID, "record_name: %.200s is no place for %s: its labels with \"_\" must be %s in front, and no others",
			               name, challenge_type_name(type), expected(type));
	return 0;
}
