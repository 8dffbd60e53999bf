#include "solver/akamai/client.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

#include "solver/base/buf.h"
#include "solver/base/id.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/akamai/budget.h"
#include "solver/akamai/media.h"
#include "solver/akamai/reply.h"
#include "solver/crypto/edgegrid.h"

#define TRIES_MAX 10
#define TRIES_CONFLICT_MAX 4 /* the caller reads the state again anyway */
#define TRIES_RATE_MAX 30
#define PAUSE_MAX_MS 30000
#define PEOPLE_PATIENCE_MS 20000 /* whoever waits for an answer is not kept longer by a host that cannot be reached */
#define CONNECT_MS 10000     /* to look up the host, and to connect */
#define CLOCK_SLACK_MS 2000  /* Date has whole seconds; less than this is no difference */

struct akamai_client {
	struct loop *loop;
	struct http_client *http;
	struct akamai_account account;
	struct edgegrid_credentials credentials;
	bool loaded;
	int64_t clock_offset_ms;
	struct budget budget;
	struct akamai_call *queue; /* waiting for the budget */
	struct timer *pump;
	size_t in_flight;
	char *trouble;          /* why the last call had no answer that counts */
	int64_t trouble_since_ms;
	bool closed;            /* freed when nothing is in flight */
	bool older[AKAMAI_MEDIA_PAIRS]; /* CPS does not know the newer version of a media type */
	struct akamai_numbers numbers;
};

struct akamai_call {
	struct akamai_client *client;
	struct akamai_call *next, *prev;
	char *method, *path, *accept, *content_type, *body;
	enum akamai_priority priority;
	bool once, clock_corrected, queued;
	int tries;
	int64_t started_ms, queued_ms;
	struct http_call *http;
	struct timer *pause;
	char *trouble; /* why it is repeated */
	akamai_client_fn done;
	void *arg;
};

/* ---- life of the client */

struct akamai_client *akamai_client_new(struct loop *loop, struct http_client *http, const struct akamai_account *account)
{
	struct akamai_client *c = mem_new(1, sizeof(*c));

	c->loop = loop;
	c->http = http;
	c->account = *account;
	budget_init(&c->budget, account->per_minute, account->burst);
	return c;
}

static void client_release(struct akamai_client *c)
{
	if (!c->closed || c->in_flight > 0)
		return;
	if (c->loaded)
		edgegrid_credentials_done(&c->credentials);
	free(c->trouble);
	free(c);
}

void akamai_client_free(struct akamai_client *c)
{
	if (!c)
		return;
	timer_stop(c->pump);
	c->pump = NULL;
	c->closed = true;
	client_release(c);
}

void akamai_client_reconfigure(struct akamai_client *c, const struct akamai_account *account)
{
	c->account = *account;
	budget_limit(&c->budget, account->per_minute, account->burst);
}

int akamai_client_load(struct akamai_client *c, struct err *err)
{
	struct edgegrid_credentials fresh = { 0 };
	int code = ERR_NOT_FOUND;

	if (!c->account.file_first)
		code = edgegrid_credentials_from_env(c->account.section, &fresh, err);
	if (code == ERR_NOT_FOUND)
		code = edgegrid_credentials_read(c->account.edgerc, c->account.section, &fresh, err);
	if (code < 0)
		return err_in(err, "CPS credentials");
	if (c->loaded)
		edgegrid_credentials_done(&c->credentials);
	if (c->account.account_key)
		mem_replace(&fresh.account_key, c->account.account_key);
	c->credentials = fresh;
	c->loaded = true;
	return 0;
}

/* ---- addresses */

static bool host_is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
	       strcmp(host, "localhost") == 0 || strncmp(host, "localhost:", 10) == 0;
}

/* The override of the configuration, checked; credentials never cross a network without TLS. */
static int base_check(const char *base, const char **ret_host, struct err *err)
{
	if (strncasecmp(base, "https://", 8) == 0) {
		*ret_host = base + 8;
	} else if (strncasecmp(base, "http://", 7) == 0) {
		*ret_host = base + 7;
		if (!host_is_loopback(*ret_host))
			return err_set(err, ERR_INVALID, "cps.base-url %s: http is allowed for loopback addresses only", base);
	} else {
		return err_set(err, ERR_INVALID, "cps.base-url %s: it must begin with https://", base);
	}
	if (!**ret_host || strchr(*ret_host, '/'))
		return err_set(err, ERR_INVALID, "cps.base-url %s: a host is wanted behind the scheme, and no path", base);
	return 0;
}

static void account_key_add(struct buf *path, const char *key)
{
	buf_add_char(path, strchr(buf_text(path), '?') ? '&' : '?');
	buf_add_text(path, "accountSwitchKey=");
	for (const unsigned char *p = (const unsigned char *)key; *p; p++) {
		if (isalnum(*p) || strchr("-._~", *p))
			buf_add_char(path, (char)*p);
		else
			buf_printf(path, "%%%02X", *p);
	}
}

static int path_check(const char *path, struct err *err)
{
	if (!path || path[0] != '/' || path[1] == '/')
		return err_set(err, ERR_INVALID, "%s: a path must begin with one '/'", path ? path : "(none)");
	if (strlen(path) > AKAMAI_PATH_MAX)
		return err_set(err, ERR_TOO_LARGE, "the path is longer than %d characters", AKAMAI_PATH_MAX);
	for (const char *p = path; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '#')
			return err_set(err, ERR_INVALID, "the path holds a character that must be written as %%%02X",
			               (unsigned char)*p);
	return 0;
}

/* ---- one call */

static void call_free(struct akamai_call *call)
{
	timer_stop(call->pause);
	free(call->method);
	free(call->path);
	free(call->accept);
	free(call->content_type);
	free(call->body);
	free(call->trouble);
	free(call);
}

static void call_finish(struct akamai_call *call, const struct http_reply *reply, const struct err *err)
{
	call->done(reply, err, call->arg);
	call_free(call);
}

static void client_pump(void *arg);

static void client_wake(struct akamai_client *c, int64_t after_ms)
{
	if (!c->pump)
		c->pump = timer_start(c->loop, after_ms, client_pump, c);
}

/* 0 goes first. */
static int rank(const struct akamai_call *call)
{
	static const int ranks[] = {
		[AKAMAI_ACKNOWLEDGES] = 0, [AKAMAI_PEOPLE] = 1, [AKAMAI_FINDS] = 2, [AKAMAI_POLLS] = 3, [AKAMAI_LISTS] = 4,
	};

	return ranks[call->priority];
}

static void call_enqueue(struct akamai_call *call)
{
	struct akamai_call *before;

	call->queued = true;
	call->queued_ms = loop_now_ms(call->client->loop);
	DL_FOREACH(call->client->queue, before)
		if (rank(before) > rank(call))
			break;
	if (before)
		DL_PREPEND_ELEM(call->client->queue, before, call);
	else
		DL_APPEND(call->client->queue, call);
	timer_stop(call->client->pump); /* it may be more urgent than what the pump waits for */
	call->client->pump = NULL;
	client_wake(call->client, 0);
}

static void call_resume(void *arg)
{
	struct akamai_call *call = arg;

	call->pause = NULL;
	call_enqueue(call);
}

/* 0 to `most` - 1. From the kernel: every process would else draw the same numbers. */
static int64_t chance(int64_t most)
{
	uint64_t number;

	id_random(&number, sizeof(number));
	return (int64_t)(number % (uint64_t)most);
}

/* Doubles with each try, with a quarter of it left to chance so that many calls do not march in step. */
static int64_t pause_length(const struct akamai_call *call)
{
	int64_t pause = call->client->account.pause_ms;

	if (pause < 50)
		pause = 50;
	if (pause > 1000)
		pause = 1000;
	for (int i = 1; i < call->tries && pause < PAUSE_MAX_MS; i++)
		pause *= 2;
	if (pause > PAUSE_MAX_MS)
		pause = PAUSE_MAX_MS;
	return pause - pause / 4 + chance(pause / 4 + 1);
}

static bool is_read(const struct akamai_call *call)
{
	return strcmp(call->method, "GET") == 0;
}

static bool is_late(const struct akamai_call *call)
{
	return loop_now_ms(call->client->loop) - call->started_ms > PEOPLE_PATIENCE_MS;
}

static bool failure_is_worth_a_retry(const struct akamai_call *call, int code)
{
	if (call->once || call->tries >= TRIES_MAX || (call->priority == AKAMAI_PEOPLE && is_late(call)))
		return false;
	return code == ERR_UNREACHABLE || (is_read(call) && (code == ERR_TIMEOUT || code == ERR_PROTOCOL));
}

static bool status_is_worth_a_retry(const struct akamai_call *call, int status)
{
	if (call->once)
		return false;
	if (status == 429)
		return call->tries < TRIES_RATE_MAX;
	if (!is_read(call))
		return false;
	if (status == 409)
		return call->tries < TRIES_CONFLICT_MAX;
	return status >= 500 && call->tries < TRIES_MAX;
}

#define TOLD_EVERY 5 /* tries */

/* Nothing waits in silence: the first time, and then now and again. */
static void call_tell(struct akamai_call *call, const char *why)
{
	mem_replace(&call->trouble, why);
	if (call->tries % TOLD_EVERY == 1)
		log_event(LOG_WARNING, "CPS does not answer as it should; asking again", "path", call->path, "error", why, NULL);
}

static void call_retry_after_pause(struct akamai_call *call, const char *why)
{
	call_tell(call, why);
	call->pause = timer_start(call->client->loop, pause_length(call), call_resume, call);
}

/* A refusal for the rate counts for every call of the account, so the whole budget closes. */
static bool close_budget(struct akamai_call *call, const struct http_reply *reply)
{
	struct akamai_client *c = call->client;
	int64_t now = loop_wall_ms(c->loop) + c->clock_offset_ms;
	int64_t at = 0;

	if (reply->status == 429 || reply->status == 503)
		at = akamai_reply_retry_at(reply->headers, reply->body, now);
	if (at == 0 && reply->status == 429)
		at = now + pause_length(call);
	if (at == 0)
		return false;
	budget_close(&c->budget, loop_now_ms(c->loop) + at - now);
	log_event(LOG_WARNING, "CPS asks to slow down; every request to it waits", "path", call->path, NULL);
	return true;
}

static void clock_learn(struct akamai_client *c, const struct http_reply *reply)
{
	CLEANUP(mem_freep) char *date = http_header(reply->headers, "Date");
	int64_t theirs, offset;

	if (!date || akamai_http_date(date, &theirs) < 0)
		return;
	offset = theirs - loop_wall_ms(c->loop);
	c->clock_offset_ms = llabs(offset) > CLOCK_SLACK_MS ? offset : 0;
}

static bool fall_back_from(struct akamai_client *c, const char *media)
{
	int pair = akamai_media_pair(media);

	if (pair < 0 || c->older[pair])
		return false;
	c->older[pair] = true;
	log_event(LOG_INFO, "CPS does not know the newest version of a media type; asking for the one before", "media", media, NULL);
	return true;
}

/* CPS did not act: the same once more in the version before, which is then used for as long as the process lives. */
static bool falls_back(struct akamai_call *call, int status)
{
	bool accept = status == 406 && fall_back_from(call->client, call->accept);

	return accept || ((status == 415 || status == 406) && fall_back_from(call->client, call->content_type));
}

static void note_trouble(struct akamai_client *c, const char *why)
{
	if (!why || !c->trouble)
		c->trouble_since_ms = why ? loop_wall_ms(c->loop) : 0;
	mem_replace(&c->trouble, why);
}

static void call_judge(struct akamai_call *call, const struct http_reply *reply)
{
	struct err err = { 0 };

	clock_learn(call->client, reply);
	if (reply->status < 300) {
		note_trouble(call->client, NULL);
		call_finish(call, reply, &err);
		return;
	}
	if (!call->clock_corrected && akamai_reply_blames_clock(reply->status, reply->body, reply->body_length)) {
		call->clock_corrected = true;
		call_enqueue(call);
		return;
	}
	if (falls_back(call, reply->status)) {
		call_enqueue(call);
		return;
	}
	akamai_reply_error(reply->status, reply->headers, reply->body, reply->body_length, &err);
	note_trouble(call->client, reply->status >= 500 || reply->status == 401 ? err.text : NULL);
	if (status_is_worth_a_retry(call, reply->status)) {
		if (close_budget(call, reply)) {
			mem_replace(&call->trouble, err.text);
			call_enqueue(call);
		}
		else
			call_retry_after_pause(call, err.text);
		return;
	}
	call_finish(call, reply, &err);
}

static void call_answered(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct akamai_call *call = arg;
	struct akamai_client *c = call->client;

	call->http = NULL;
	c->numbers.answers[reply && reply->status > 0 && reply->status < AKAMAI_STATUS_MAX ? reply->status : 0]++;
	if (reply)
		budget_latency(&c->budget, reply->elapsed_ms);
	if (err->code < 0 && err->code != ERR_CANCELLED)
		note_trouble(c, err->text);
	if (reply && err->code == 0)
		call_judge(call, reply);
	else if (failure_is_worth_a_retry(call, err->code))
		call_retry_after_pause(call, err->text);
	else
		call_finish(call, NULL, err);
	c->in_flight--; /* only now: `done` may close the client */
	client_release(c);
}

/* "enrollments.v11" -> "application/vnd.akamai.cps.enrollments.v11+json". */
static void header_add(const struct akamai_client *c, const char **headers, size_t *count, struct buf *into, const char *name, const char *media)
{
	int pair = akamai_media_pair(media);

	if (pair >= 0 && c->older[pair])
		media = akamai_media_older(pair);
	if (!media)
		return;
	if (strchr(media, '/'))
		buf_printf(into, "%s: %s", name, media);
	else
		buf_printf(into, "%s: application/vnd.akamai.cps.%s+json", name, media);
	headers[(*count)++] = buf_text(into);
}

static int call_send_signed(struct akamai_call *call, const char *url, const char *authorization, struct err *err)
{
	struct buf accept = BUF_INIT(512), type = BUF_INIT(512), auth = BUF_INIT(4096);
	const char *headers[6] = { "User-Agent: dcvd/" DCVD_VERSION };
	size_t count = 1;
	const struct http_request request = {
		.method = call->method,
		.url = url,
		.headers = headers,
		.body = call->body,
		.body_length = call->body ? strlen(call->body) : 0,
		.max_reply = AKAMAI_REPLY_MAX,
		.timeout_ms = 60000,
		.connect_timeout_ms = CONNECT_MS,
		.ca_file = call->client->account.ca_file,
	};
	int code;

	header_add(call->client, headers, &count, &accept, "Accept", call->accept);
	header_add(call->client, headers, &count, &type, "Content-Type", call->content_type);
	buf_printf(&auth, "Authorization: %s", authorization);
	headers[count++] = buf_text(&auth);
	code = http_start(call->client->http, &request, call_answered, call, &call->http, err);
	buf_done(&accept);
	buf_done(&type);
	buf_wipe(&auth);
	return code;
}

int akamai_client_sign(struct akamai_client *c, const struct akamai_request *request, const char *timestamp, const char *nonce,
                    char **ret_url, char **ret_authorization, struct err *err)
{
	CLEANUP(mem_freep) char *base = c->account.base_url ? mem_dup(c->account.base_url)
	                                                     : mem_printf("https://%s", c->credentials.host);
	CLEANUP(buf_done) struct buf path = BUF_INIT(2 * AKAMAI_PATH_MAX);
	size_t end = strlen(base);
	const char *host = NULL;
	char now[EDGEGRID_TIMESTAMP_SIZE];

	while (end > 0 && base[end - 1] == '/')
		base[--end] = '\0';
	if (path_check(request->path, err) < 0 || base_check(base, &host, err) < 0)
		return err->code;
	buf_add_text(&path, request->path);
	if (c->credentials.account_key)
		account_key_add(&path, c->credentials.account_key);
	*ret_url = mem_printf("%s%s", base, buf_text(&path));
	*ret_authorization = edgegrid_authorization(&c->credentials, &(struct edgegrid_request){
		.method = request->method ? request->method : "GET",
		.scheme = host - base == 8 ? "https" : "http",
		.host = host,
		.path_and_query = buf_text(&path),
		.body = request->body,
		.body_length = request->body ? strlen(request->body) : 0,
		.timestamp = timestamp ? timestamp : edgegrid_timestamp(loop_wall_ms(c->loop) + c->clock_offset_ms, now),
		.nonce = nonce,
	});
	return 0;
}

static int call_send(struct akamai_call *call, struct err *err)
{
	const struct akamai_request request = { .method = call->method, .path = call->path, .body = call->body };
	CLEANUP(mem_freep) char *url = NULL;
	CLEANUP(mem_freep) char *authorization = NULL;

	if (akamai_client_sign(call->client, &request, NULL, NULL, &url, &authorization, err) < 0)
		return err->code;
	return call_send_signed(call, url, authorization, err);
}

static void call_launch(struct akamai_call *call)
{
	struct err err = { 0 };

	call->tries++;
	call->client->numbers.waited_ms += loop_now_ms(call->client->loop) - call->queued_ms;
	if (call_send(call, &err) < 0) {
		call_finish(call, NULL, &err);
		return;
	}
	call->client->in_flight++;
	log_event(LOG_DEBUG, "asking CPS", "method", call->method, "path", call->path, NULL);
}

static void client_pump(void *arg)
{
	struct akamai_client *c = arg;
	int64_t wait = 0;

	c->pump = NULL;
	c->in_flight++; /* a call that fails at once may close the client */
	while (c->queue && wait == 0) {
		struct akamai_call *call = c->queue;

		wait = budget_take(&c->budget, loop_now_ms(c->loop), rank(call) <= 1);
		if (wait > 0)
			break;
		DL_DELETE(c->queue, call);
		call->queued = false;
		call_launch(call);
	}
	if (wait > 0)
		client_wake(c, wait);
	c->in_flight--;
	client_release(c);
}

int akamai_call_start(struct akamai_client *c, const struct akamai_request *request, akamai_client_fn done, void *arg,
                   struct akamai_call **ret_call, struct err *err)
{
	struct akamai_call *call;

	if (path_check(request->path, err) < 0)
		return err->code;
	if (!c->loaded && akamai_client_load(c, err) < 0)
		return err->code;
	call = mem_new(1, sizeof(*call));
	call->client = c;
	call->method = mem_dup(request->method ? request->method : "GET");
	call->path = mem_dup(request->path);
	call->accept = mem_dup(request->accept);
	call->content_type = mem_dup(request->content_type);
	call->body = mem_dup(request->body);
	call->once = request->once;
	call->priority = request->priority;
	call->started_ms = loop_now_ms(c->loop);
	call->done = done;
	call->arg = arg;
	call_enqueue(call);
	if (ret_call)
		*ret_call = call;
	return 0;
}

void akamai_call_cancel(struct akamai_call *call)
{
	struct akamai_client *c = call ? call->client : NULL;

	if (!call)
		return;
	if (call->http) {
		http_cancel(call->http);
		c->in_flight--;
	}
	if (call->queued)
		DL_DELETE(c->queue, call);
	call_free(call);
	client_release(c);
}

void akamai_client_standing(const struct akamai_client *c, struct akamai_standing *ret)
{
	int64_t now = loop_now_ms(c->loop);
	const struct akamai_call *call;

	*ret = (struct akamai_standing){
		.used = budget_used(&c->budget, now), .per_minute = c->budget.per_minute, .trouble = c->trouble, .trouble_since_ms = c->trouble_since_ms,
		.closed_ms = c->budget.closed_until_ms > now ? c->budget.closed_until_ms - now : 0,
	};
	DL_FOREACH(c->queue, call)
		ret->waiting++;
}

const struct akamai_numbers *akamai_client_numbers(const struct akamai_client *c)
{
	return &c->numbers;
}

const char *akamai_call_trouble(const struct akamai_call *call)
{
	return call ? call->trouble : NULL;
}
