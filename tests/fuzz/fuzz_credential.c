/* links: dcvd_api */
/* The header Authorization, a path with a token in front, and X-Forwarded-For: never a crash, and what is said to be cut off
 * a path is there. The first byte chooses. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/access/credential.h"
#include "solver/api/access/peer.h"
#include "solver/api/access/subject.h"
#include "solver/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_peer(const char *text)
{
	struct networks *n = networks_new();
	char peer[ADDRESS_TEXT_SIZE];
	struct err err;

	networks_add(n, "0.0.0.0/0", &err);
	networks_add(n, "::/0", &err);
	peer_forwarded(n, "192.0.2.1", text, peer);
	if (!networks_hold(n, peer))
		abort();
	networks_free(n);
}

static void read_subject(const char *text)
{
	struct subject_rule rule;
	struct err err;

	if (subject_rule_read(text, &rule, &err) < 0)
		return;
	subject_rule_fits(&rule, text, text, text);
	if (rule.kind == SUBJECT_WHOLE && !subject_rule_fits(&rule, text, NULL, NULL))
		abort();
	subject_rule_done(&rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(mem_freep) char *text = size ? mem_dup_n((const char *)data + 1, size - 1) : NULL;
	struct credential c;

	if (!text)
		return 0;
	switch (data[0] % 4) {
	case 0:
		credential_read(text, &c);
		break;
	case 1:
		if (credential_in_path(text, &c) > strlen(text))
			abort();
		break;
	case 2:
		read_peer(text);
		return 0;
	default:
		read_subject(text);
		return 0;
	}
	if ((c.kind == CREDENTIAL_BASIC && !*c.user) || strlen(c.token) >= sizeof(c.token))
		abort();
	return 0;
}
