/* links: dcvd_mpic */
/* Open MPIC from strangers: a question that is taken can be asked on and means the same; a reply never passes by accident. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/mpic/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask_on(const json_t *all, bool coordinator, bool caa)
{
	struct mpic_question q, again;
	struct err err;
	json_t *sent;

	if (mpic_question_read(all, coordinator, caa, &q, &err) < 0)
		return;
	sent = mpic_question_json(&q, true);
	if (mpic_question_read(sent, true, false, &again, &err) < 0 || again.caa != q.caa || strcmp(again.domain, q.domain) != 0)
		abort();
	json_decref(sent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *all = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	struct mpic_result r = { 0 };

	if (!all)
		return 0;
	ask_on(all, true, false);
	ask_on(all, false, false);
	ask_on(all, false, true);
	mpic_response_read(all, &r);
	if (r.passed && (!r.completed || !json_is_true(json_object_get(all, "check_passed"))))
		abort();
	mpic_result_done(&r);
	json_decref(all);
	return 0;
}
