#include "solver/engine/publish.h"

#include <string.h>

#include "solver/base/log.h"
#include "solver/check/poll.h"
#include "solver/engine/claim.h"
#include "solver/engine/entry.h"
#include "solver/engine/lane.h"

#define HTTP_RETRY_MAX_MS 30000

/* ---- http-01 ---- */

static bool in_folder(const struct challenge *c)
{
	return strcmp(c->provider, "folder") == 0;
}

static void http_later(struct engine *e, struct entry *n, const struct err *err)
{
	if (!n->life.tries)
		log_event(LOG_ERROR, err->text, "id", n->c.id, "domain", n->c.identifier, NULL);
	life_wait(e, n, n->c.state == CHALLENGE_WITHDRAWING ? "not withdrawn yet" : "not published yet", err->text);
	life_retry(e, n, HTTP_RETRY_MAX_MS, 0);
}

static void publish_http(struct engine *e, struct entry *n)
{
	struct err err;

	if (in_folder(&n->c) && e->parts.folder_put(n->c.zone, n->c.token, n->c.key_authorization, &err) < 0) {
		http_later(e, n, &err);
		return;
	}
	if (!in_folder(&n->c))
		answers_set_http(e->parts.answers, n->c.identifier, n->c.token, n->c.key_authorization);
	life_input(e, n, INPUT_PUBLISHED, "published; looking at it from outside");
}

static void withdraw_http(struct engine *e, struct entry *n)
{
	struct err err;

	if (!claim_is_free(e, n)) {
		life_input(e, n, INPUT_WITHDRAWN, "kept: another challenge needs the same token");
		return;
	}
	if (in_folder(&n->c) && e->parts.folder_remove(n->c.zone, n->c.token, n->c.key_authorization, &err) < 0) {
		http_later(e, n, &err);
		return;
	}
	if (!in_folder(&n->c))
		answers_clear_http(e->parts.answers, n->c.identifier, n->c.token);
	life_input(e, n, INPUT_WITHDRAWN, "withdrawn");
}

/* ---- all types ---- */

void publish_enter(struct engine *e, struct entry *n)
{
	delivery_begin(&n->publication);
	claim_take(e, n);
}

void publish_start(struct engine *e, struct entry *n)
{
	if (n->c.type == CHALLENGE_HTTP01)
		publish_http(e, n);
	else
		lane_enqueue(e, n);
}

/* Nobody asks its name servers any more, and they take a kilobyte. */
void withdraw_enter(struct engine *e, struct entry *n)
{
	delivery_begin(&n->publication);
	claim_drop(e, n);
	location_free(n->publication.delivery->location);
	n->publication.delivery->location = NULL;
}

void withdraw_start(struct engine *e, struct entry *n)
{
	if (n->c.type == CHALLENGE_HTTP01)
		withdraw_http(e, n);
	else if (!n->c.fqdn || n->publication.out == OUT_NEVER)
		life_input(e, n, INPUT_WITHDRAWN, "nothing was published");
	else
		lane_enqueue(e, n);
}

void ready_enter(struct engine *e, struct entry *n)
{
	(void)e;
	delivery_end(&n->publication);
}

void publish_stop(struct engine *e, struct entry *n)
{
	(void)e;
	lane_leave(n);
}
