/* links: dcvd_verdict */
/* Any text as recorded evidence. What is read is judged by each authority, with a verdict that can be written; it is written and
 * read again, and then judged the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/verdict/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct authorities *all(void)
{
	static struct authorities *loaded;

	if (!loaded && authorities_load(NULL, &loaded, NULL) < 0)
		abort();
	return loaded;
}

static char *judged(const struct evidence *e, const char *authority)
{
	struct verdict *v = judge(e, authorities_find(all(), authority));
	char *text;

	if (!v->detail)
		abort();
	text = verdict_json(v);
	if (!text)
		abort();
	verdict_free(v);
	return text;
}

static void judge_again(const struct evidence *e, const char *authority)
{
	json_t *json = evidence_to_json(e);
	struct evidence *again = NULL;
	char *first = judged(e, authority), *second;

	if (evidence_from_json(json, &again, NULL) < 0)
		abort();
	second = judged(again, authority);
	if (strcmp(first, second) != 0)
		abort();
	free(first);
	free(second);
	evidence_free(again);
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	struct evidence *e = NULL;
	struct err err = { 0 };

	if (!json)
		return 0;
	if (evidence_from_json(json, &e, &err) == 0)
		for (const char *const *name = authorities_names(all()); *name; name++)
			judge_again(e, *name);
	evidence_free(e);
	json_decref(json);
	return 0;
}
