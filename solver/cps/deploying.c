/* From the acknowledgement to production: the deployment window, the programs of the policy, and what is deployed in the end. */
#include "solver/cps/driving.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/crypto/leaf.h"

#define LOOK_POLLS 30        /* a quarter of an hour in polls of 30 s */
#define SCHEDULE_TRIES 5     /* the state of a change passes */
#define ALARM_LOOKS 2        /* production and the edge lag */
#define EDGE_TIMEOUT_MS 20000

/* ---- the deployment window */

/* "2027-01-31T12:00:00Z" */
static char *seconds_text(int64_t wall_ms)
{
	char text[CLOCK_TEXT_SIZE];

	clock_text(wall_ms, text);
	return mem_printf("%.19sZ", text);
}

/* Set once; who changes or clears it by hand has the last word. Set anew only when our own window went by before CPS was ready. */
enum cps_schedule drive_judge_schedule(const struct cps_drive *d)
{
	int64_t now = loop_settled_ms(d->parts.loop), set = d->memory.not_before_ms;

	if (!d->memory.watched || !d->memory.replaces || !d->rules->window_count || !d->has_change)
		return CPS_SCHEDULE_FREE;
	if (d->change.not_before_ms && d->change.not_before_ms != set)
		return CPS_SCHEDULE_SET;
	if (set && (!now || now < set || !d->change.not_before_ms || config_cps_in_window(d->rules, now)))
		return CPS_SCHEDULE_SET;
	return d->schedule_refused ? CPS_SCHEDULE_REFUSED : CPS_SCHEDULE_WANTED;
}

static void on_scheduled(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;
	CLEANUP(mem_freep) char *at = seconds_text(d->wanted_not_before_ms);

	(void)reply;
	d->call = NULL;
	if (err->code == 0) {
		d->memory.not_before_ms = d->wanted_not_before_ms;
		drive_remember(d);
		drive_say(d, "change %" PRId64 " goes to production from %s on: the next deployment window", d->memory.change, at);
		d->proceed(d);
	} else if (err->code == ERR_INVALID || err->code == ERR_DENIED || err->code == ERR_UNSUPPORTED ||
	           (err->code == ERR_CONFLICT && ++d->schedule_tries >= SCHEDULE_TRIES)) {
		d->schedule_refused = true;
		drive_say(d, "CPS does not take the deployment window from %s on: %s", at, err->text);
		d->proceed(d);
	} else if (!drive_failed(d, err)) {
		drive_wait(d);
	}
}

void drive_schedule(struct cps_drive *d)
{
	int64_t now = loop_settled_ms(d->parts.loop);
	CLEANUP(mem_freep) char *at = NULL;
	CLEANUP(mem_freep) char *body = NULL;
	char path[DRIVE_PATH_SIZE];

	if (!now) { /* until it is known what time it is */
		drive_look_after(d, d->parts.config->cps.poll_ms);
		return;
	}
	d->wanted_not_before_ms = config_cps_next_window(d->rules, now);
	at = seconds_text(d->wanted_not_before_ms);
	body = mem_printf("{\"notBefore\":\"%s\",\"notAfter\":null}", at);
	drive_change_path(d, path, "/deployment-schedule");
	drive_put(d, path, "deployment-schedule.v1", body, on_scheduled);
}

/* ---- programs */

static void run(struct cps_drive *d, char *const *argv, void (*done)(const char *why, void *arg))
{
	CLEANUP(mem_freep) char *enrollment = mem_printf("DCVD_ENROLLMENT=%" PRId64, d->enrollment);
	CLEANUP(mem_freep) char *key = mem_printf("DCVD_KEY=%s", d->home);
	CLEANUP(mem_freep) char *change = mem_printf("DCVD_CHANGE=%" PRId64, d->memory.change);
	CLEANUP(mem_freep) char *name = mem_printf("DCVD_CN=%s", d->name ? d->name : "");
	CLEANUP(mem_freep) char *hash = mem_printf("DCVD_HASH=%s", d->has_hold ? d->hold.hash : "");
	CLEANUP(mem_freep) char *digest = mem_printf("DCVD_CERTIFICATE_SHA256=%s", d->production ? d->production : "");
	const char *const env[] = { enrollment, key, change, name, hash, digest, NULL };

	mem_replace(&d->waits_for, "a program of the policy");
	d->program = program_start(d->parts.loop, argv, env, d->rules->program_timeout_ms, done, d);
}

static bool is_hash(const char *slot, const struct cps_drive *d)
{
	return slot && d->has_hold && strcmp(slot, d->hold.hash) == 0;
}

enum cps_program drive_judge_before(const struct cps_drive *d)
{
	if (!d->memory.watched || !d->rules->before_deployment || !d->rules->before_deployment[0] || is_hash(d->passed_hash, d))
		return d->passed_hash ? CPS_PROGRAM_PASSED : CPS_PROGRAM_NONE;
	return is_hash(d->failed_hash, d) ? CPS_PROGRAM_FAILED : CPS_PROGRAM_DUE;
}

/* One that failed is run again at a later look. */
static void on_ran_before(const char *why, void *arg)
{
	struct cps_drive *d = arg;

	d->program = NULL;
	mem_replace(&d->waits_for, NULL);
	mem_replace(why ? &d->failed_hash : &d->passed_hash, d->hold.hash);
	if (why)
		drive_say(d, "the program before deployment failed, so the change does not go to production: %s", why);
	else
		drive_say(d, "the program before deployment passed");
	if (why)
		mem_replace(&d->waits_for, why);
	d->proceed(d);
}

void drive_run_before(struct cps_drive *d)
{
	drive_say(d, "running the program before deployment");
	run(d, d->rules->before_deployment, on_ran_before);
}

static void on_ran_after(const char *why, void *arg)
{
	struct cps_drive *d = arg;

	d->program = NULL;
	mem_replace(&d->waits_for, NULL);
	d->ran_after = true;
	if (why)
		log_event(LOG_ERROR, "the program after deployment failed", "enrollment", d->home, "error", why, NULL);
	drive_say(d, "the program after deployment %s%s", why ? "failed: " : "passed", why ? why : "");
	d->proceed(d);
}

void drive_run_after(struct cps_drive *d)
{
	drive_say(d, "running the program after deployment");
	run(d, d->rules->after_deployment, on_ran_after);
}

/* ---- what is in production */

/* Without a word of the history: it is ours when it names what was proved, and was made since we began. */
static bool fits(const struct cps_drive *d, const struct leaf *leaf)
{
	for (size_t i = 0; i < d->domains.count; i++)
		if (!leaf_names(leaf, d->domains.items[i].domain))
			return false;
	return d->domains.count > 0 && leaf->not_before_ms >= drive_since(d) - 2 * 3600 * 1000;
}

static enum cps_deployed compare(const struct cps_drive *d, const struct leaf *leaf)
{
	if (*d->made)
		return strcmp(d->made, leaf->digest) == 0 ? CPS_DEPLOYED_SAME : CPS_DEPLOYED_OTHER;
	return fits(d, leaf) ? CPS_DEPLOYED_SAME : CPS_DEPLOYED_UNKNOWN;
}

static void take_production(struct cps_drive *d, const struct leaf *leaf)
{
	char text[CLOCK_TEXT_SIZE];

	d->facts.deployed = compare(d, leaf);
	mem_replace(&d->production, leaf->digest);
	d->progress.deployed(leaf->not_after_ms, d->progress.arg);
	if (d->facts.deployed == CPS_DEPLOYED_SAME)
		drive_say(d, "the certificate with serial number %s is in production; it ends at %s", leaf->serial, clock_text(leaf->not_after_ms, text));
	else if (d->facts.deployed == CPS_DEPLOYED_UNKNOWN)
		drive_say(d, "the history of the change names no certificate, so that with serial number %s in production cannot be compared", leaf->serial);
}

static void on_production(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;
	struct err parse = *err;
	CLEANUP(mem_freep) char *pem = NULL;
	struct leaf leaf;

	d->call = NULL;
	if (parse.code == 0)
		pem = cps_deployment_certificate(reply->body, reply->body_length, &parse);
	if (parse.code != ERR_NOT_FOUND && drive_failed(d, &parse))
		return;
	d->facts.deployed = CPS_DEPLOYED_OTHER; /* nothing is there yet */
	if (pem && leaf_read(pem, &leaf, &parse) == 0) {
		take_production(d, &leaf);
		leaf_done(&leaf);
	}
	d->proceed(d);
}

static void on_made(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;

	d->call = NULL;
	if (err->code != ERR_NOT_FOUND && drive_failed(d, err))
		return;
	drive_take_made(d, err->code ? NULL : reply);
	drive_read_production(d);
}

void drive_read_production(struct cps_drive *d)
{
	char path[DRIVE_PATH_SIZE];

	drive_enrollment_path(d, path, d->made ? "/deployments/production" : "/history/changes");
	if (d->made)
		drive_read(d, path, "deployment.v8", on_production);
	else
		drive_read(d, path, "change-history.v5", on_made);
}

/* ---- what an edge server shows */

static void on_edge(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct cps_drive *d = arg;
	struct err parse = *err;
	struct leaf leaf;

	d->edge_call = NULL;
	d->facts.edge = CPS_EDGE_UNREACHABLE;
	if (parse.code == 0 && leaf_read(reply->body, &leaf, &parse) == 0) {
		d->facts.edge = d->production && strcmp(leaf.digest, d->production) == 0 ? CPS_EDGE_SAME : CPS_EDGE_OTHER;
		drive_say(d, "%s shows the certificate with serial number %s, which is %sthe one in production", d->rules->verify_edge, leaf.serial,
		          d->facts.edge == CPS_EDGE_SAME ? "" : "not ");
		leaf_done(&leaf);
	} else {
		drive_say(d, "the certificate of %s cannot be seen: %s", d->rules->verify_edge, parse.text);
	}
	d->proceed(d);
}

/* A wildcard cannot be asked for; any name below it is answered alike. */
static char *edge_url(const struct cps_drive *d, const char *port)
{
	const char *name = d->name ? d->name : d->domains.count ? d->domains.items[0].domain : "";

	return mem_printf("https://%s%s:%s/", strncmp(name, "*.", 2) == 0 ? "www" : "", *name == '*' ? name + 1 : name, port);
}

void drive_look_at_edge(struct cps_drive *d)
{
	const char *colon = strrchr(d->rules->verify_edge, ':');
	CLEANUP(mem_freep) char *host = mem_dup_n(d->rules->verify_edge, colon ? (size_t)(colon - d->rules->verify_edge) : strlen(d->rules->verify_edge));
	CLEANUP(mem_freep) char *url = edge_url(d, colon ? colon + 1 : "443");
	const struct http_request request = { .url = url, .connect_address = host, .certificate_only = true, .insecure_tls = true,
	                                      .timeout_ms = EDGE_TIMEOUT_MS };
	struct err err = { 0 };

	if (http_start(d->parts.http, &request, on_edge, d, &d->edge_call, &err) < 0)
		on_edge(NULL, &err, d);
}

/* ---- until it shows */

static const char *lag(const struct cps_drive *d)
{
	return d->facts.deployed == CPS_DEPLOYED_OTHER ? "the change is complete, but production does not show its certificate yet"
	       : "the certificate is in production, but the edge server does not show it yet";
}

void drive_wait_for_production(struct cps_drive *d)
{
	mem_replace(&d->waits_for, lag(d));
	if (++d->facts.end_looks > ALARM_LOOKS)
		drive_alarm(d, "not-deployed", lag(d));
	drive_say_once(d, &d->held_said, lag(d));
	d->facts.deployed = CPS_DEPLOYED_UNREAD; /* at the next look */
	d->facts.edge = CPS_EDGE_UNREAD;
	d->ends = true;
	drive_look_after(d, d->parts.config->cps.poll_ms * LOOK_POLLS);
}
