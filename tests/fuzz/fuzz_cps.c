/* links: dcvd_cps */
/* Answers of CPS: an error with a sentence, or a structure; never a crash. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/cps/choose.h"
#include "solver/cps/decide.h"
#include "solver/akamai/reply.h"
#include "solver/cps/warnings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_change(const char *text, size_t size)
{
	struct cps_change change = { 0 };
	struct err err = { 0 };

	if (cps_change_parse(text, size, 10002, 10003, &change, &err) == 0)
		cps_sign_of(&change);
	cps_change_done(&change);
}

static void read_domains(const char *text, size_t size)
{
	struct cps_domains domains = { 0 }, history = { 0 };
	struct err err = { 0 };

	if (cps_domains_parse(text, size, &domains, &err) == 0 && cps_names_of(&domains, 1000) != CPS_NAMES_UNREAD)
		free(cps_generation(&domains));
	if (cps_history_parse(text, size, &history, &err) == 0)
		cps_domains_valid_since(&history, 1000);
	cps_domains_done(&domains);
	cps_domains_done(&history);
}

static void read_ends(const char *text, size_t size)
{
	struct cps_hold hold = { 0 };
	enum cps_past past;
	struct err err = { 0 };

	cps_past_parse(text, size, 1000, &past, &err);
	cps_hold_parse(text, size, &hold, &err);
	cps_hold_done(&hold);
}

static void see_enrollment(const struct cps_enrollment *e, void *arg)
{
	(void)arg;
	cps_enrollment_newest(e);
}

static void read_enrollments(const char *text, size_t size)
{
	struct cps_enrollment one = { 0 };
	struct err err = { 0 };
	size_t skipped;

	cps_enrollments_each(text, size, see_enrollment, NULL, &skipped, &err);
	if (cps_enrollment_parse(text, size, &one, &err) == 0)
		cps_enrollment_newest(&one);
	cps_enrollment_done(&one);
}

static void read_texts(const char *text, size_t size)
{
	struct buf described = BUF_INIT(65536);
	char *warnings = NULL;
	struct err err = { 0 };

	if (cps_warnings_parse(text, size, &warnings, &err) == 0)
		cps_warnings_acceptable(warnings, NULL, &described);
	free(warnings);
	cps_warnings_acceptable(text, NULL, &described);
	akamai_reply_error(429, NULL, text, size, &err);
	akamai_reply_blames_clock(401, text, size);
	akamai_reply_retry_at(text, text, 1000);
	buf_done(&described);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = mem_dup_n((const char *)data, size); /* readers get zero-ended text, as from the HTTP client */

	read_change(text, size);
	read_domains(text, size);
	read_enrollments(text, size);
	read_ends(text, size);
	read_texts(text, strlen(text));
	free(text);
	return 0;
}
