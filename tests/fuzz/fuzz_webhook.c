/* links: dcvd_api */
/* A ChallengePayload that is taken is answered with a response; one that is not is refused with a message. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "solver/api/certmanager/webhook_payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(json_t *takes, const char *key)
{
	if (!json_object_get(takes, key))
		abort();
	json_decref(takes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problem problem = { 0 };
	struct webhook_payload p;

	if (webhook_payload_read((const char *)data, size, &p, &problem) < 0) {
		need(webhook_status(problem.status, problem.err.text), "message");
		return 0;
	}
	need(webhook_payload_success(&p), "response");
	need(webhook_payload_failure(&p, 500, p.uid), "response");
	webhook_payload_done(&p);
	return 0;
}
