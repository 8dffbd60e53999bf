/* links: dcvd_providers dcvd_conf */
/* The replies that a provider gets, for every provider of the registry: whatever comes, each change of a job gets a result, nothing
 * is done that no reply proves, and nothing is asked of another than the one in the configuration.
 *
 * An input is six characters and then replies, which are given in turn, the first again after the last. The six choose: provider,
 * its options, how many changes, which of them remove, which names, at which reply the job is cut short. Between the replies
 * stands "\n%%\n". "!T" and a sentence is a failure of the transport; "D", two bytes of flags and one count, and answers is a DNS
 * message that repeats the question; else it is "STATUS\n", headers or standard error, "\n\n" and a body, or the bytes of a DNS
 * message. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "providers/kit/kit.h"
#include "providers/memory/memory.h"
#include "providers/registry.h"
#include "solver/base/mem.h"
#include "solver/conf/option.h"
#include "solver/conf/yaml.h"

#define CHOICES 6
#define CHANGES_MAX 8
#define REPLIES_MAX 32
#define CALLS_MAX 400 /* of a job of CHANGES_MAX changes, whatever is answered */
#define HANDLE_MAX 1024
#define ZONE "example.com"
#define SECRET "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0ISE="
#define SEPARATOR "\n%%\n"

#define NEED(what) ((what) ? (void)0 : fault(#what))

/* Two sets of options for each provider, and what each of its requests must be addressed to. */
static const struct setup {
	const char *name, *options[2], *address;
} setups[] = {
	{ "embedded", { "{}", "{}" }, "" },
	{ "memory", { "{}", "{fail-first: 1, pause: 1s}" }, "" },
	{ "edgedns", { "{}", "{ttl: 3600, section: other}" }, "https://api.test" },
	{ "rfc2136", { "{server: '192.0.2.1'}", "{server: '192.0.2.1', key-name: k.test, key-secret: " SECRET ", max-message: 512}" }, "192.0.2.1" },
	{ "powerdns", { "{url: 'http://pdns.test/', api-key: " SECRET "}", "{url: 'http://pdns.test', api-key: " SECRET ", notify: true}" }, "http://pdns.test" },
	{ "exec", { "{command: /bin/hook, args: [a]}", "{command: /bin/hook, mode: batch-json, environment: ['KEY=" SECRET "']}" }, "/bin/hook" },
};

struct replies {
	const char *at[REPLIES_MAX];
	size_t length[REPLIES_MAX], count, next;
	bool hold_secret; /* who is told the secret may repeat it */
};

struct trial {
	const struct provider_api *api;
	const struct setup *setup;
	struct provider *provider;
	size_t cut_after; /* calls */
	/* of the job under way */
	struct request request;
	bool proven;      /* a reply says that something was done */
	bool arrived;     /* a call that writes may have been carried out */
};

static void fault(const char *what)
{
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

/* ---- what it asks for ---- */

static void check_http(const struct trial *t)
{
	const struct request *q = &t->request;
	size_t length = strlen(t->setup->address);

	NEED(strncmp(q->url, t->setup->address, length) == 0 && strchr("/?", q->url[length]));
	NEED(!strstr(q->url, SECRET));
	for (const char *c = q->url; *c; c++)
		NEED(*c > ' ' && *c < 0x7f);
	for (size_t i = 0; q->headers && q->headers[i]; i++)
		NEED(strchr(q->headers[i], ':') && !strpbrk(q->headers[i], "\r\n"));
	if (q->body) {
		CLEANUP(kit_json_freep) json_t *body = json_loads(q->body, 0, NULL);

		NEED(body);
	}
}

static void check_run(const struct trial *t)
{
	const struct request *q = &t->request;

	NEED(strcmp(q->argv[0], t->setup->address) == 0);
	for (size_t i = 0; q->argv[i]; i++)
		NEED(!strstr(q->argv[i], SECRET));
	for (size_t i = 0; q->env && q->env[i]; i++)
		NEED(strchr(q->env[i], '='));
}

static void check_request(const struct trial *t)
{
	const struct request *q = &t->request;

	switch (q->want) {
	case WANT_HTTP: check_http(t); break;
	case WANT_RUN: check_run(t); break;
	case WANT_DNS:
		NEED(strcmp(q->server, t->setup->address) == 0 && q->wire_length > 12 && q->wire_length <= 65535);
		break;
	default:
		NEED(q->timeout_ms <= KIT_RETRY_MAX_MS);
	}
}

static bool writes(const struct request *q)
{
	if (q->want == WANT_HTTP)
		return strcmp(q->method, "GET") != 0;
	return q->want == WANT_DNS ? (q->wire[2] >> 3 & 15) == 5 : q->want != WANT_PAUSE;
}

/* ---- what it is told ---- */

/* The sentence is dcvd's own, so it has no control characters. */
static void failure_read(char *text, struct answer *ret)
{
	static const struct { char letter; int code; } codes[] = {
		{ 'T', ERR_TIMEOUT }, { 'U', ERR_UNREACHABLE }, { 'P', ERR_PROTOCOL }, { 'L', ERR_TOO_LARGE }, { 'I', ERR_INVALID }, { 'N', ERR_NOT_FOUND },
	};

	*ret = (struct answer){ .code = ERR_IO, .error = *text ? text + 1 : NULL, .headers = "", .body = "", .errors = "" };
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].letter == *text)
			ret->code = codes[i].code;
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
}

static char *message_of(const struct request *q, const char *text, size_t length, size_t *ret_length)
{
	size_t question = 12;
	char *bytes;

	while (question < q->wire_length && q->wire[question])
		question += q->wire[question] + 1u;
	question += 5;
	bytes = mem_new(1, question + length);
	memcpy(bytes, q->wire, question);
	memcpy(bytes + 2, text, 2);
	bytes[7] = text[2];
	memset(bytes + 8, 0, 4);
	memcpy(bytes + question, text + 3, length - 3);
	*ret_length = question + length - 3;
	return bytes;
}

/* Cuts the text into the parts of a reply: "STATUS\nHEADERS\n\nBODY". */
static void reply_read(char *text, size_t length, struct answer *ret)
{
	char *headers = strchr(text, '\n'), *body = headers ? strstr(headers, "\n\n") : NULL;

	*ret = (struct answer){ .status = atoi(text), .headers = "", .body = "", .errors = "" };
	if (body) {
		memset(body, 0, 2);
		ret->body = body + 2;
		ret->length = (size_t)(text + length - ret->body);
	}
	if (headers && headers != body) {
		*headers = '\0';
		ret->headers = ret->errors = headers + 1;
	}
}

/* Takes the next reply. What it holds lives in *ret_text, which the caller frees. */
static void answer_next(const struct trial *t, struct replies *r, struct answer *ret, char **ret_text)
{
	size_t i = r->count ? r->next++ % r->count : 0, length = r->count ? r->length[i] : 0;
	char *text = mem_new(1, length + 1);

	if (length)
		memcpy(text, r->at[i], length);
	*ret_text = text;
	if (!length || *text == '!') {
		failure_read(length ? text + 1 : text, ret);
	} else if (t->request.want != WANT_DNS) {
		reply_read(text, length, ret);
	} else {
		*ret = (struct answer){ .headers = "", .body = text, .length = length, .errors = "" };
		if (*text == 'D' && length > 4) {
			ret->body = *ret_text = message_of(&t->request, text + 1, length - 1, &ret->length);
			free(text);
		}
	}
}

static void learn(struct trial *t, const struct answer *a)
{
	const struct request *q = &t->request;

	if (q->want == WANT_HTTP)
		t->proven |= !a->code && a->status >= 200 && a->status < 300;
	else if (q->want == WANT_RUN)
		t->proven |= !a->code && !a->status;
	else
		t->proven |= !a->code && (q->want != WANT_DNS || a->length >= 12);
	t->arrived |= writes(q) && a->code != ERR_UNREACHABLE && (q->want != WANT_HTTP || a->code || a->status / 100 != 4);
}

/* ---- what it says ---- */

static bool is_sentence(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

static void check_change(const struct trial *t, const struct replies *r, const struct job *job, const struct change *c)
{
	bool holds = c->status == CHANGE_DONE || c->status == CHANGE_NOOP, local = !*t->setup->address;

	NEED(c->status > CHANGE_PENDING && c->status <= CHANGE_UNKNOWN);
	NEED(memchr(c->message, 0, sizeof(c->message)) && is_sentence(c->message));
	NEED(holds || *c->message);
	NEED(!holds || t->proven || local);
	NEED(r->hold_secret || !strstr(c->message, SECRET));
	NEED(!c->new_handle || (holds && c->op == CHANGE_ADD && strlen(c->new_handle) <= HANDLE_MAX));
	NEED(!c->not_sent || job->count > 1 || !t->arrived); /* of a job of several, one call arrived and another did not */
}

static int step(struct trial *t, struct job *job, const struct answer *answer, struct err *err)
{
	struct request next = { 0 };
	int code = t->api->step(t->provider, job, answer, &next, err);

	t->request = next;
	NEED(code == 0 || *err->text);
	if (code == 0 && next.want != WANT_NOTHING)
		check_request(t);
	return code;
}

/* Returns false when it was cut short. */
static bool run(struct trial *t, struct job *job, struct replies *r)
{
	struct err err = { 0 };
	size_t calls = 0;
	int code = step(t, job, NULL, &err);

	t->proven = t->arrived = false;
	for (; code == 0 && t->request.want != WANT_NOTHING; calls++) {
		struct answer answer;
		char *text;

		if (calls == t->cut_after)
			break;
		NEED(calls < CALLS_MAX);
		answer_next(t, r, &answer, &text);
		learn(t, &answer);
		job->now_seconds += (long long)r->next;
		code = step(t, job, &answer, &err);
		free(text);
	}
	t->api->job_done(t->provider, job);
	NEED(!job->state && job->retry_after_ms <= KIT_RETRY_MAX_MS);
	NEED(r->hold_secret || !strstr(err.text, SECRET));
	return code == 0 && t->request.want == WANT_NOTHING;
}

/* ---- the job ---- */

static void changes_fill(struct change *changes, size_t count, unsigned removes, unsigned names)
{
	static const char *const fqdns[] = { "_acme-challenge.example.com", "_acme-challenge.www.example.com", "_Acme-Challenge.WWW.example.com",
	                                     "a.b.c.example.com", "x_y.example.com" };
	static const char *const values[] = { "gfj9Xq9Z_4lh5Vd-uLxcXp2Y2WBhh1ySbiLxOHQYCd0", "b", "a \"quoted\" \\ text", "" };

	for (size_t i = 0; i < count; i++)
		changes[i] = (struct change){ .op = removes >> i & 1 ? CHANGE_REMOVE : CHANGE_ADD, .ttl = 300, .handle = names & 16 ? "k2.test" : NULL,
		                              .fqdn = fqdns[(names + i * (names >> 5)) % ARRAY_LEN(fqdns)], .value = values[(names / 4 + i) % 3] };
}

static bool run_changes(struct trial *t, struct change *changes, size_t count, struct replies *r)
{
	struct job job = { .zone = ZONE, .changes = changes, .count = count, .now_seconds = 1700000000 };
	bool whole = run(t, &job, r);

	for (size_t i = 0; whole && i < count; i++)
		check_change(t, r, &job, &changes[i]);
	return whole;
}

/* The opposite of what was done, with the handles that came. */
static void turn_round(struct change *changes, size_t count, char **handles)
{
	for (size_t i = 0; i < count; i++) {
		handles[i] = changes[i].new_handle;
		changes[i] = (struct change){ .op = changes[i].op == CHANGE_ADD ? CHANGE_REMOVE : CHANGE_ADD, .ttl = changes[i].ttl,
		                              .fqdn = changes[i].fqdn, .value = changes[i].value, .handle = handles[i] };
	}
}

static void run_twice(struct trial *t, size_t count, unsigned removes, unsigned names, struct replies *r)
{
	struct change changes[CHANGES_MAX];
	char *handles[CHANGES_MAX];

	changes_fill(changes, count, removes, names);
	run_changes(t, changes, count, r);
	turn_round(changes, count, handles);
	run_changes(t, changes, count, r);
	for (size_t i = 0; i < count; i++) {
		free(handles[i]);
		free(changes[i].new_handle);
	}
}

static const struct setup *setup_of(const struct provider_api *api)
{
	for (size_t i = 0; i < ARRAY_LEN(setups); i++)
		if (strcmp(setups[i].name, api->name) == 0)
			return &setups[i];
	fault(api->name); /* each provider needs a row */
	return NULL;
}

/* Reads them once: they are the same in each run. */
static const void *options_of(const struct provider_api *api, const struct setup *setup, unsigned choice)
{
	static void *known[ARRAY_LEN(setups)][2];
	void **slot = &known[setup - setups][choice], *options = *slot;
	const char *text = setup->options[choice];
	struct option_notes notes = { 0 };
	struct yaml_node *root = NULL;
	struct err err = { 0 };

	if (options)
		return options;
	options = *slot = mem_new(1, api->options_size + 1);
	option_defaults(api->options, options);
	if (yaml_parse(text, strlen(text), "setup", &root, &err) < 0 ||
	    option_parse_table(api->options, options, root, api->name, NULL, &notes, &err) < 0)
		fault(err.text);
	yaml_free(root);
	return options;
}

static void replies_split(const char *text, size_t length, struct replies *ret)
{
	while (length && ret->count < REPLIES_MAX) {
		const char *end = memmem(text, length, SEPARATOR, strlen(SEPARATOR));
		size_t own = end ? (size_t)(end - text) : length, all = end ? own + strlen(SEPARATOR) : own;

		ret->at[ret->count] = text;
		ret->length[ret->count++] = own;
		text += all;
		length -= all;
	}
}

static const struct provider_api *provider_at(unsigned number)
{
	const struct provider_api *const *list = provider_list();
	size_t count = 0;

	while (list[count])
		count++;
	return list[number % count];
}

/* Where edgedns finds them: for its default section and for "other". */
static void credentials_set(void)
{
	static const char *const words[][2] = { { "HOST", "api.test" }, { "CLIENT_TOKEN", "client" }, { "ACCESS_TOKEN", "access" }, { "CLIENT_SECRET", SECRET } };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		CLEANUP(mem_freep) char *name = mem_printf("AKAMAI_%s", words[i][0]), *other = mem_printf("AKAMAI_OTHER_%s", words[i][0]);

		setenv(name, words[i][1], 1);
		setenv(other, words[i][1], 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trial t = { 0 };
	struct replies r = { 0 };
	struct err err = { 0 };

	if (size < CHOICES)
		return 0;
	credentials_set();
	t.api = provider_at(data[0] - '0');
	t.setup = setup_of(t.api);
	t.cut_after = data[5] == '0' ? CALLS_MAX + 1 : (uint8_t)(data[5] - '0') % 8;
	r.hold_secret = memmem(data, size, SECRET, strlen(SECRET)) != NULL;
	replies_split((const char *)data + CHOICES, size - CHOICES, &r);
	if (t.api->open(options_of(t.api, t.setup, data[1] & 1), &t.provider, &err) < 0)
		fault(err.text);
	run_twice(&t, (uint8_t)(data[2] - '1') % CHANGES_MAX + 1, data[3] - '0', data[4] - '0', &r);
	t.api->close(t.provider);
	memory_clear();
	return 0;
}
