#include "solver/cli/cps/cps_desk.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/cli/common/waiting.h"
#include "solver/daemon/schema.h"

#define SENTENCE_MAX 1024
#define ANSWER_TIMEOUT_MS (15 * 60 * 1000) /* CPS may tell us to wait for minutes */

int desk_complain(const struct err *err)
{
	fprintf(stderr, "dcvd: %s\n", err->text);
	switch (err->code) {
	case ERR_UNREACHABLE:
	case ERR_TIMEOUT:
		return EXIT_REACH;
	default:
		return EXIT_REFUSED;
	}
}

/* Nothing was asked yet: the configuration or the credentials are wrong. */
int desk_complain_setup(const struct err *err)
{
	fprintf(stderr, "dcvd: %s\n", err->text);
	return EXIT_USAGE;
}

int desk_open(struct desk *d, struct err *err)
{
	if (config_read(d->config_file, d->overrides.items, schema_provider_table, &d->config, err) < 0)
		return err->code;
	if (d->edgerc) {
		mem_replace(&d->config->cps.edgerc, d->edgerc);
		d->config->cps.edgerc_by_hand = true;
	}
	if (d->section)
		mem_replace(&d->config->cps.section, d->section);
	log_setup(LOG_WARNING, LOG_TEXT);
	d->loop = loop_new();
	d->http = http_client_new(d->loop);
	const struct cps_parts parts = { .loop = d->loop, .http = d->http, .config = d->config };
	return cps_open(&parts, &d->cps, err);
}

void desk_close(struct desk *d)
{
	cps_close(d->cps);
	if (d->http)
		http_client_free(d->http);
	if (d->loop)
		loop_free(d->loop);
	config_free(d->config);
	json_decref(d->result);
}

static void on_answer(json_t *result, const struct err *err, void *arg)
{
	struct desk *d = arg;

	d->result = json_incref(result);
	d->err = *err;
	d->done = 1;
	loop_stop(d->loop);
}

/* In slices, so that it is told what is waited for. */
static void run_until_answered(struct desk *d)
{
	struct waiting waiting = { 0 };

	for (int left = ANSWER_TIMEOUT_MS; left > 0 && !d->done; left -= WAITING_SLICE_MS) {
		struct buf what = BUF_INIT(SENTENCE_MAX);

		loop_run_until(d->loop, &d->done, WAITING_SLICE_MS);
		cps_waits_for(d->cps, d->account, &what);
		if (!d->done)
			waiting_for(&waiting, buf_text(&what));
		buf_done(&what);
	}
	waiting_done(&waiting);
	if (!d->done)
		err_set(&d->err, ERR_TIMEOUT, "CPS did not answer within %d minutes", ANSWER_TIMEOUT_MS / 60000);
}

int desk_wait(struct desk *d, int code)
{
	if (code < 0)
		return desk_complain_setup(&d->err);
	run_until_answered(d);
	return d->err.code < 0 ? desk_complain(&d->err) : EXIT_DONE;
}

static int start(struct desk *d, const char *what, json_t *input)
{
	int code;

	if (d->account)
		json_object_set_new(input, "account", json_string(d->account));
	json_decref(d->result);
	d->result = NULL;
	d->done = 0;
	code = d->cps ? 0 : desk_open(d, &d->err);
	if (code == 0)
		code = cps_ask(d->cps, what, input, on_answer, d, &d->err);
	json_decref(input);
	return code;
}

int desk_ask(struct desk *d, const char *what, json_t *input)
{
	return desk_wait(d, start(d, what, input));
}

int desk_try(struct desk *d, const char *what, json_t *input)
{
	int code = start(d, what, input);

	if (code == 0)
		run_until_answered(d);
	return code < 0 ? code : d->err.code;
}

bool desk_read_enrollment(const char *command, int count, char **rest, int64_t *ret)
{
	if (count != 1 || strlen(rest[0]) > 15 || strspn(rest[0], "0123456789") != strlen(rest[0]) || !*rest[0]) {
		cli_usage_error(command, "one enrollment is wanted, a number as \"dcvd cps list\" shows");
		return false;
	}
	*ret = strtoll(rest[0], NULL, 10);
	return true;
}

void desk_print_line(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
	fputc('\n', out);
}
