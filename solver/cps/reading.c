#include "solver/cps/driving.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/cps/choose.h"
#include "solver/cps/warnings.h"
#include "solver/crypto/leaf.h"

#define EMPTY_MAX 3 /* a vanished warning reads as empty text; CPS may also mean it */
#define LAG_LOOKS 5 /* the same warning may be shown for a while after it was acknowledged */
#define CLOCK_SLACK_MS (10 * 60 * 1000)
#define DESCRIBED_MAX 65536

/* ---- reading: names */

static void take_domains(struct cps_drive *d, struct cps_domains *domains)
{
	cps_domains_done(&d->domains);
	d->domains = *domains;
	free(d->generation);
	d->generation = cps_generation(domains);
	d->facts.names = cps_names_of(domains, loop_settled_ms(d->parts.loop)); /* 0: nothing has expired, as far as anybody knows */
	d->facts.names_read_ms = loop_now_ms(d->parts.loop);
	if (d->facts.names == CPS_NAMES_VALID && !d->facts.names_valid) {
		d->facts.names_valid = d->memory.names_valid = true;
		drive_remember(d);
	}
}

static void say_names(struct cps_drive *d)
{
	struct buf sentence = BUF_INIT(900);
	size_t valid = 0;

	for (size_t i = 0; i < d->domains.count; i++)
		valid += cps_domain_is_valid(&d->domains.items[i]);
	buf_printf(&sentence, "%zu of %zu names are valid", valid, d->domains.count);
	for (size_t i = 0; i < d->domains.count; i++)
		if (!cps_domain_is_valid(&d->domains.items[i]) && *d->domains.items[i].error)
			buf_printf(&sentence, "; %s: %s", d->domains.items[i].domain, d->domains.items[i].error);
	if (d->domains.count)
		drive_say_once(d, &d->names_said, buf_text(&sentence));
	buf_done(&sentence);
}

static void on_names(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;
	struct cps_domains domains = { 0 };
	struct err parse = *err;

	d->call = NULL;
	if (parse.code == 0)
		cps_domains_parse(reply->body, reply->body_length, &domains, &parse);
	if (drive_failed(d, &parse))
		return;
	take_domains(d, &domains);
	say_names(d);
	d->proceed(d);
}

void drive_read_names(struct cps_drive *d)
{
	const struct cps_allowed *input = cps_change_input(&d->change, CPS_INPUT_CHALLENGES);
	char path[DRIVE_PATH_SIZE];

	drive_change_path(d, path, "/input/info/lets-encrypt-challenges");
	drive_read_early(d, input && *input->info ? input->info : path, "dv-challenges.v2", on_names);
}

/* ---- reading: warnings */

static bool is_before_verification(const struct cps_drive *d)
{
	return d->sign == CPS_SIGN_PRE_WARNINGS;
}

const char *drive_when(const struct cps_drive *d)
{
	return is_before_verification(d) ? "pre-verification" : "post-verification";
}

const struct cps_allowed *drive_warnings_input(const struct cps_drive *d)
{
	return cps_change_input(&d->change, is_before_verification(d) ? CPS_INPUT_PRE_WARNINGS : CPS_INPUT_POST_WARNINGS);
}

static char *const *allowed_codes(const struct cps_drive *d)
{
	static char *const none[] = { NULL };

	if (!d->memory.watched)
		return d->parts.config->cps.acknowledge_warnings;
	return d->rules->acknowledge_warnings ? d->rules->acknowledge_warnings : none;
}

static void say_lines(struct cps_drive *d, const char *lines)
{
	CLEANUP(mem_freep) char *copy = mem_dup(lines);
	char *rest = NULL;

	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		drive_say(d, "%s warning: %s", drive_when(d), line);
}

static enum cps_warned judge_warnings(struct cps_drive *d, bool news)
{
	CLEANUP(buf_done) struct buf described = BUF_INIT(DESCRIBED_MAX);
	bool acceptable = cps_warnings_acceptable(d->warnings, allowed_codes(d), &described);

	if (news)
		say_lines(d, buf_text(&described));
	if (acceptable && !described.overflow)
		return CPS_WARNED_ALLOWED;
	mem_replace(&d->waits_for, buf_text(&described));
	return CPS_WARNED_REFUSED;
}

static enum cps_warned classify_warnings(struct cps_drive *d, bool news)
{
	if (!*d->warnings && ++d->empty_warnings <= EMPTY_MAX)
		return CPS_WARNED_EMPTY;
	if (d->warnings_acknowledged && strcmp(d->warnings_acknowledged, d->warnings) == 0 && ++d->warning_looks % LAG_LOOKS != 0)
		return CPS_WARNED_ACKNOWLEDGED;
	return judge_warnings(d, news);
}

static void on_warnings(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;
	char *text = NULL;
	struct err parse = *err;
	bool news;

	d->call = NULL;
	if (parse.code == 0)
		cps_warnings_parse(reply->body, reply->body_length, &text, &parse);
	if (drive_failed(d, &parse))
		return;
	news = !d->warnings || strcmp(d->warnings, text) != 0;
	free(d->warnings);
	d->warnings = text;
	d->facts.warned = classify_warnings(d, news);
	d->proceed(d);
}

void drive_read_warnings(struct cps_drive *d)
{
	const struct cps_allowed *input = drive_warnings_input(d);

	if (*input->info && *input->update)
		drive_read(d, input->info, "warnings.v1", on_warnings);
	else
		drive_fail(d, ERR_PROTOCOL, "CPS holds the change for warnings but names no usable path to read them");
}

/* ---- reading: change management */

static void on_hold(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;
	struct cps_hold hold = { 0 };
	struct err parse = *err;

	d->call = NULL;
	if (parse.code == 0)
		cps_hold_parse(reply->body, reply->body_length, &hold, &parse);
	if (drive_failed(d, &parse))
		return;
	if (d->has_hold)
		cps_hold_done(&d->hold);
	d->hold = hold;
	d->has_hold = true;
	cps_approvals_done(&d->approvals);
	if (cps_approvals_get(d->parts.store, d->home, &d->approvals, &parse) < 0 && parse.code != ERR_NOT_FOUND) {
		drive_say(d, "what was agreed to cannot be read from the journal: %s", parse.text);
		drive_wait(d);
		return;
	}
	d->facts.approval = CPS_APPROVAL_WAITING; /* judged anew before anything is decided */
	d->proceed(d);
}

void drive_read_hold(struct cps_drive *d)
{
	const struct cps_allowed *input = cps_change_input(&d->change, CPS_INPUT_CHANGE_MANAGEMENT);

	if (*input->info && *input->update)
		drive_read(d, input->info, "change-management-info.v6", on_hold);
	else
		drive_fail(d, ERR_PROTOCOL, "CPS holds the change for change management but names no usable path to read why");
}

/* ---- reading: what became of a change that is not listed any more */

int64_t drive_since(const struct cps_drive *d)
{
	return d->memory.started_ms - CLOCK_SLACK_MS;
}

/* Which certificate the change made, as its history says. */
void drive_take_made(struct cps_drive *d, const struct http_reply *reply)
{
	CLEANUP(mem_freep) char *pem = reply ? cps_past_certificate(reply->body, reply->body_length, drive_since(d)) : NULL;
	struct leaf leaf;
	struct err err;

	if (!pem || leaf_read(pem, &leaf, &err) < 0) {
		mem_replace(&d->made, "");
		return;
	}
	mem_replace(&d->made, leaf.digest);
	leaf_done(&leaf);
}

static void conclude_history(struct cps_drive *d, enum cps_past past)
{
	if (past == CPS_PAST_COMPLETED)
		d->facts.fate = CPS_FATE_COMPLETED;
	else if (past == CPS_PAST_CANCELLED)
		d->facts.fate = CPS_FATE_CANCELLED;
	else if (d->facts.fate != CPS_FATE_VALIDATED)
		d->facts.fate = CPS_FATE_UNKNOWN;
	if (d->facts.fate == CPS_FATE_UNKNOWN || d->facts.fate == CPS_FATE_VALIDATED)
		d->facts.fate_looks++;
	d->proceed(d);
}

static void take_history(struct cps_drive *d, const struct cps_domains *domains)
{
	d->facts.fate = CPS_FATE_UNKNOWN;
	if (!d->memory.names_valid && !cps_domains_valid_since(domains, drive_since(d)))
		return;
	d->facts.names_valid = d->memory.names_valid = true;
	d->facts.fate = CPS_FATE_VALIDATED;
	drive_remember(d);
	cps_answering_report(d->answering, domains);
}

static void on_history(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;
	struct cps_domains domains = { 0 };
	struct err parse = *err;

	d->call = NULL;
	if (parse.code == 0)
		cps_history_parse(reply->body, reply->body_length, &domains, &parse);
	if (parse.code != ERR_NOT_FOUND && drive_failed(d, &parse))
		return;
	take_history(d, &domains);
	cps_domains_done(&domains);
	if (d->has_change) /* it went on while nobody looked */
		d->proceed(d);
	else
		conclude_history(d, CPS_PAST_UNKNOWN);
}

static void read_names_history(struct cps_drive *d)
{
	char path[DRIVE_PATH_SIZE];

	drive_enrollment_path(d, path, "/dv-history");
	drive_read(d, path, "dv-history.v1", on_history);
}

static void on_past(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;
	enum cps_past past = CPS_PAST_UNKNOWN;
	struct err parse = *err;

	d->call = NULL;
	if (parse.code == 0)
		cps_past_parse(reply->body, reply->body_length, drive_since(d), &past, &parse);
	if (parse.code != ERR_NOT_FOUND && drive_failed(d, &parse))
		return;
	if (past == CPS_PAST_COMPLETED)
		drive_take_made(d, reply);
	if (d->memory.names_valid) /* they were read as valid */
		take_history(d, &d->domains);
	if (d->memory.names_valid || past == CPS_PAST_COMPLETED || past == CPS_PAST_CANCELLED)
		conclude_history(d, past);
	else
		read_names_history(d);
}

/* How it ended is asked first; the names only where that says nothing. */
void drive_read_history(struct cps_drive *d)
{
	char path[DRIVE_PATH_SIZE];
	CLEANUP(mem_freep) char *sentence = mem_printf("change %" PRId64 " is not pending any more; the histories say how it ended",
	                                               d->memory.change);

	if (d->has_change) {
		read_names_history(d);
		return;
	}
	drive_say_once(d, &d->held_said, sentence);
	drive_enrollment_path(d, path, "/history/changes");
	drive_read(d, path, "change-history.v5", on_past);
}
