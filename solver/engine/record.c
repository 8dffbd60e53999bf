#include "solver/engine/record.h"

#include <stdio.h>
#include <string.h>

#include "solver/verdict/judge.h"

int record_name(const struct challenge *c, char ret_fqdn[NAME_SIZE], struct err *err)
{
	if (c->record_name) {
		snprintf(ret_fqdn, NAME_SIZE, "%s", c->record_name);
		return 0;
	}
	return name_of_record(challenge_type_name(c->type), c->identifier, c->account_uri, ret_fqdn, err);
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
