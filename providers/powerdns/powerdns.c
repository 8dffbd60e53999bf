#include "providers/powerdns/powerdns.h"

#include <stdlib.h>
#include <string.h>

#include "providers/kit/kit.h"
#include "providers/powerdns/rrset.h"
#include "solver/base/mem.h"

#define NARROW_MAX 4 /* names that are read one by one; for more the zone is read whole */

struct provider {
	const struct powerdns_options *options;
	char *base;           /* …/api/v1/servers/ID */
	bool version_known;
	bool extends;         /* the server takes EXTEND and PRUNE */
	bool narrow_only;     /* the zone is too large to be read whole */
};

enum phase { PHASE_VERSION, PHASE_READ, PHASE_WRITE, PHASE_NOTIFY };

struct flight {
	enum phase phase;
	struct kit_call call;
	json_t *sets;         /* see rrset.h */
	const char *asked;    /* PHASE_READ: the name, or NULL for the whole zone */
	bool extending;       /* PHASE_WRITE: with EXTEND and PRUNE */
};

static bool url_is_valid(const char *url)
{
	return url && (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0);
}

static const char *check_url(const char *text)
{
	return url_is_valid(text) ? NULL : "it must begin with http:// or https://";
}

static const struct option powerdns_table[] = {
	{ "url", OPTION_TEXT, offsetof(struct powerdns_options, url), .site = true, .required = true, .check = check_url,
	  .help = "Where the API is: \"http://127.0.0.1:8081\" or \"https://pdns.example.org\"." },
	{ "api-key", OPTION_SECRET, offsetof(struct powerdns_options, api_key), .required = true, .help = "The server's api-key." },
	{ "server-id", OPTION_TEXT, offsetof(struct powerdns_options, server_id), .site = true, .def = "localhost",
	  .help = "Name of the server inside the API; another one than localhost only behind a proxy for several servers." },
	{ "ttl-min", OPTION_INT, offsetof(struct powerdns_options, ttl_min), .def = "1", .min = 1, .max = 86400,
	  .help = "Smallest TTL of a record, in seconds." },
	{ "ca-file", OPTION_PATH, offsetof(struct powerdns_options, ca_file),
	  .help = "Authorities to trust for https, in PEM, instead of the system's." },
	{ "notify", OPTION_BOOL, offsetof(struct powerdns_options, notify), .def = "false",
	  .help = "Tell the zone's secondaries after each change (for zones of kind Master)." },
	{ .name = NULL },
};

static void powerdns_close(struct provider *p)
{
	if (!p)
		return;
	free(p->base);
	free(p);
}

/* The URL may end in "/", "/api" or "/api/v1". */
static char *base_new(const struct powerdns_options *o)
{
	static const char *const ends[] = { "/v1", "/api" };
	CLEANUP(mem_freep) char *url = mem_dup(o->url);
	CLEANUP(mem_freep) char *id = kit_escape(o->server_id && *o->server_id ? o->server_id : "localhost");
	size_t length = strlen(url);

	for (size_t i = 0; i <= ARRAY_LEN(ends); i++) {
		while (length > 0 && url[length - 1] == '/')
			url[--length] = '\0';
		if (i < ARRAY_LEN(ends) && length > strlen(ends[i]) && strcmp(url + length - strlen(ends[i]), ends[i]) == 0)
			url[length -= strlen(ends[i])] = '\0';
	}
	return mem_printf("%s/api/v1/servers/%s", url, id);
}

static int powerdns_open(const void *options, struct provider **ret, struct err *err)
{
	const struct powerdns_options *o = options;
	struct provider *p;

	if (!url_is_valid(o->url))
		return err_set(err, ERR_INVALID, "url must begin with http:// or https://");
	if (!*secret_reveal(o->api_key) || strpbrk(secret_reveal(o->api_key), "\r\n"))
		return err_set(err, ERR_INVALID, "api-key is empty or more than one line");
	p = mem_new(1, sizeof(*p));
	p->options = o;
	p->base = base_new(o);
	*ret = p;
	return 0;
}

/* Takes `body`. `rest` follows the server's own URL. */
static void ask(const struct provider *p, struct flight *f, enum phase phase, const char *method, const char *rest, char *body,
                 struct request *ret)
{
	CLEANUP(mem_freep) char *url = mem_printf("%s%s", p->base, rest);

	f->phase = phase;
	kit_call_start(&f->call, method, url, body);
	kit_call_header(&f->call, "X-API-Key: %s", secret_reveal(p->options->api_key));
	kit_call_request(&f->call, p->options->ca_file, ret);
}

static char *zone_path(const struct job *job, const char *rest)
{
	CLEANUP(mem_freep) char *zone = kit_escape(job->zone);

	return mem_printf("/zones/%s.%s", zone, rest);
}

/* Reads the next name that has no set yet; false when all have one. Before EXTEND it is the TTL that must be known. */
static bool read_next(const struct provider *p, struct flight *f, struct job *job, struct request *ret)
{
	CLEANUP(mem_freep) char *name = NULL, *query = NULL, *path = NULL;
	size_t missing = 0;

	f->asked = NULL;
	for (size_t i = 0; i < job->count; i++) {
		if (json_object_get(f->sets, job->changes[i].fqdn) || (p->extends && job->changes[i].op == CHANGE_REMOVE))
			continue;
		missing++;
		if (!f->asked)
			f->asked = job->changes[i].fqdn;
	}
	if (missing == 0)
		return false;
	if (missing > NARROW_MAX && !p->narrow_only && json_object_size(f->sets) == 0) {
		f->asked = NULL;
	} else {
		name = kit_escape(f->asked);
		query = mem_printf("?rrset_name=%s.&rrset_type=TXT", name);
	}
	path = zone_path(job, query ? query : "");
	ask(p, f, PHASE_READ, "GET", path, NULL, ret);
	return true;
}

static void write_sets(const struct provider *p, struct flight *f, struct job *job, struct request *ret)
{
	CLEANUP(mem_freep) char *path = zone_path(job, "");
	unsigned ttl_min = (unsigned)p->options->ttl_min;
	char *body;

	f->extending = p->extends;
	body = p->extends ? rrset_extend(f->sets, job, ttl_min) : rrset_merge(f->sets, job, ttl_min);
	if (body)
		ask(p, f, PHASE_WRITE, "PATCH", path, body, ret);
	else
		kit_finish(ret); /* everything held before */
}

static void work_next(const struct provider *p, struct flight *f, struct job *job, struct request *ret)
{
	if (!read_next(p, f, job, ret))
		write_sets(p, f, job, ret);
}

static bool succeeded(const struct answer *a)
{
	return a->code == 0 && a->status >= 200 && a->status < 300;
}

/* Old servers say 422 where newer ones say 404. */
static bool zone_is_missing(const struct answer *a)
{
	return a->code == 0 && (a->status == 404 || (a->status == 422 && a->body && strstr(a->body, "Could not find domain")));
}

/* What is read before the one call that writes changes nothing. */
static void fail(const struct provider *p, const struct flight *f, struct job *job, const struct answer *a, const char *what, struct request *ret)
{
	if (f->phase != PHASE_WRITE || a->code == ERR_UNREACHABLE)
		kit_job_not_sent(job);
	if (zone_is_missing(a))
		kit_job_set(job, CHANGE_NO_ZONE, "PowerDNS at %.100s has no zone %.100s", p->options->url, job->zone);
	else
		kit_job_fail(job, a, what, "check api-key, and that webserver-allow-from holds our address");
	kit_finish(ret);
}

static void version_read(struct provider *p, struct flight *f, struct job *job, const struct answer *a, struct request *ret)
{
	CLEANUP(kit_json_freep) json_t *server = succeeded(a) ? kit_json(a) : NULL;
	const char *version = server ? kit_json_text(server, "version") : NULL;

	if (a->code == 0 && a->status == 404) {
		kit_job_scope(job, SCOPE_CREDENTIAL);
		kit_job_set(job, CHANGE_FATAL, "%.150s is not the API of PowerDNS, or it has no server %.50s: check url and server-id",
		            p->options->url, p->options->server_id ? p->options->server_id : "localhost");
		kit_finish(ret);
	} else if (!succeeded(a)) {
		fail(p, f, job, a, "reading the version of PowerDNS", ret);
	} else {
		p->version_known = true;
		p->extends = version && powerdns_version_extends(version);
		work_next(p, f, job, ret);
	}
}

static void zone_read(struct provider *p, struct flight *f, struct job *job, const struct answer *a, struct request *ret)
{
	CLEANUP(kit_json_freep) json_t *zone = succeeded(a) ? kit_json(a) : NULL;

	if (!f->asked && (a->code == ERR_TOO_LARGE || (succeeded(a) && !zone))) {
		p->narrow_only = true;
		work_next(p, f, job, ret);
	} else if (!succeeded(a)) {
		fail(p, f, job, a, "reading the zone", ret);
	} else if (!json_is_array(json_object_get(zone, "rrsets"))) {
		kit_job_set(job, CHANGE_RETRY, "PowerDNS sent no record sets for zone %.150s", job->zone);
		kit_finish(ret);
	} else {
		rrset_read(f->sets, job, zone, f->asked, !f->asked);
		work_next(p, f, job, ret);
	}
}

static void written(struct provider *p, struct flight *f, struct job *job, const struct answer *a, struct request *ret)
{
	CLEANUP(mem_freep) char *path = zone_path(job, "/notify");

	if (f->extending && a->code == 0 && (a->status == 400 || a->status == 422) && !zone_is_missing(a)) {
		p->extends = false; /* the server lacks the feature that its version promises: read, merge, write */
		work_next(p, f, job, ret);
		return;
	}
	if (!succeeded(a)) {
		fail(p, f, job, a, "changing the zone", ret);
		return;
	}
	kit_job_set(job, CHANGE_DONE, "%s", "");
	kit_finish(ret);
	if (p->options->notify)
		ask(p, f, PHASE_NOTIFY, "PUT", path, NULL, ret);
}

static int powerdns_step(struct provider *p, struct job *job, const struct answer *answer, struct request *ret, struct err *err)
{
	struct flight *f = job->state;

	(void)err;
	if (!f) {
		f = job->state = mem_new(1, sizeof(*f));
		f->sets = json_object();
	}
	if (!answer && !p->version_known)
		ask(p, f, PHASE_VERSION, "GET", "", NULL, ret);
	else if (!answer)
		work_next(p, f, job, ret);
	else if (f->phase == PHASE_VERSION)
		version_read(p, f, job, answer, ret);
	else if (f->phase == PHASE_READ)
		zone_read(p, f, job, answer, ret);
	else if (f->phase == PHASE_WRITE)
		written(p, f, job, answer, ret);
	else
		kit_finish(ret); /* a lost NOTIFY only delays a secondary */
	return 0;
}

static void powerdns_job_done(struct provider *p, struct job *job)
{
	struct flight *f = job->state;

	(void)p;
	if (!f)
		return;
	kit_call_done(&f->call);
	json_decref(f->sets);
	free(f);
	job->state = NULL;
}

const struct provider_api powerdns_provider = {
	.abi = PROVIDER_ABI,
	.name = "powerdns",
	.summary = "PowerDNS Authoritative Server over its HTTP API",
	.options = powerdns_table,
	.options_size = sizeof(struct powerdns_options),
	.caps = { .changes_per_job = 1000, .min_ttl = 1 },
	.open = powerdns_open,
	.close = powerdns_close,
	.step = powerdns_step,
	.job_done = powerdns_job_done,
};
