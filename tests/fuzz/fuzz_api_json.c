/* links: dcvd_api */
/* Bodies of the API: a request or a problem that is itself valid JSON; never a crash. The first byte chooses
 * the kind of body. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "solver/api/rest/body.h"
#include "solver/api/access/grants.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_grants(const char *text, size_t size, struct problem *problem)
{
	struct client_body b;
	struct grants *g = NULL;
	struct err err;
	int code = body_read_client(text, size, &b, problem);

	if (code < 0)
		return code;
	code = grants_read(b.grants, &g, problem);
	if (code == 0) {
		json_decref(grants_json(g));
		grants_allow(g, CHALLENGE_DNS01, b.name, &err);
		grants_allow_peer(g, b.name);
	}
	grants_free(g);
	json_decref(b.document);
	return code;
}

static int read_order(const char *text, size_t size, bool single, struct problem *problem)
{
	struct order_body b;
	int code = single ? body_read_challenge(text, size, &b, problem) : body_read_order(text, size, &b, problem);

	if (code == 0)
		order_body_done(&b);
	return code;
}

static int read_check(const char *text, size_t size, struct problem *problem)
{
	struct check_body b;
	int code = body_read_check(text, size, &b, problem);

	if (code == 0)
		json_decref(b.document);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data + 1;
	struct problem problem = { 0 };
	json_t *said;
	char *json;
	int code;

	if (size < 1)
		return 0;
	switch (data[0] % 4) {
	case 0: code = read_order(text, size - 1, true, &problem); break;
	case 1: code = read_order(text, size - 1, false, &problem); break;
	case 2: code = read_check(text, size - 1, &problem); break;
	default: code = read_grants(text, size - 1, &problem); break;
	}
	if (code == 0)
		return 0;
	json = problem_json(&problem);
	said = json_loads(json, 0, NULL);
	if (!said)
		abort();
	json_decref(said);
	free(json);
	return 0;
}
