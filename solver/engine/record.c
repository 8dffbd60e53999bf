#include "solver/engine/record.h"

#include <stdio.h>
#include <string.h>

#include "solver/verdict/judge.h"

#define PERSIST_LABEL "_validation-persist."

int record_name(const struct challenge *c, char ret_fqdn[NAME_SIZE], struct err *err)
{
	if (c->record_name) {
		snprintf(ret_fqdn, NAME_SIZE, "%s", c->record_name);
		return 0;
	}
	if (c->type == CHALLENGE_DNS_ACCOUNT01)
		return name_account_challenge(c->identifier, c->account_uri, ret_fqdn, err);
	if (c->type != CHALLENGE_DNS_PERSIST01)
		return name_challenge(c->identifier, ret_fqdn, err);
	if (strlen(c->identifier) + strlen(PERSIST_LABEL) > NAME_MAX_TEXT)
		return err_set(err, ERR_TOO_LARGE, PERSIST_LABEL "%.100s is longer than %d bytes", c->identifier, NAME_MAX_TEXT);
	snprintf(ret_fqdn, NAME_SIZE, PERSIST_LABEL "%s", c->identifier);
	return 0;
}

bool record_is_usual(const struct challenge *c)
{
	struct challenge usual = *c;
	char fqdn[NAME_SIZE];

	if (!c->record_name)
		return true;
	usual.record_name = NULL;
	return record_name(&usual, fqdn, NULL) == 0 && strcmp(fqdn, c->record_name) == 0;
}
