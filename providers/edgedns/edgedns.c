#include "providers/edgedns/edgedns.h"

#include <stdlib.h>
#include <string.h>

#include "providers/edgedns/internal.h"
#include "solver/base/mem.h"

#define AT(field) offsetof(struct edgedns_options, field)

static const char *check_base(const char *text)
{
	return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0 ? NULL : "it must begin with https:// or http://";
}

static const struct option options[] = {
	{ "edgerc", OPTION_PATH, AT(edgerc),
	  .help = "File with EdgeGrid credentials. Without it the AKAMAI_HOST, AKAMAI_CLIENT_TOKEN, AKAMAI_CLIENT_SECRET and "
	          "AKAMAI_ACCESS_TOKEN variables are read, and then ~/.edgerc." },
	{ "section", OPTION_TEXT, AT(section), .def = "default", .help = "Section of that file." },
	{ "ttl", OPTION_INT, AT(ttl), .def = "300", .min = 1, .max = 86400,
	  .help = "TTL in seconds of the record sets that are created; under 300 only where the contract allows it." },
	{ "base-url", OPTION_TEXT, AT(base_url), .site = true, .check = check_base,
	  .help = "Another address of the API, as http://127.0.0.1:8080; for tests. Default: https and the host of the credentials." },
	{ "ca-file", OPTION_PATH, AT(ca_file), .help = "Certificate authorities to trust instead of the system's." },
	{ NULL },
};

static int credentials_open(struct provider *p, struct err *err)
{
	const struct edgedns_options *o = p->options;
	int code;

	if (o->edgerc)
		return edgegrid_credentials_read(o->edgerc, o->section, &p->credentials, err);
	code = edgegrid_credentials_from_env(o->section, &p->credentials, err);
	if (code != ERR_NOT_FOUND)
		return code;
	return edgegrid_credentials_read("~/.edgerc", o->section, &p->credentials, err);
}

static int base_open(struct provider *p, struct err *err)
{
	const char *given = p->options->base_url;
	size_t length;

	p->base = given ? mem_dup(given) : mem_printf("https://%s", p->credentials.host);
	length = strlen(p->base);
	while (length && p->base[length - 1] == '/')
		p->base[--length] = '\0';
	p->scheme = strncmp(p->base, "http://", 7) == 0 ? "http" : "https";
	p->host = strstr(p->base, "://");
	if (!p->host || strncmp(p->base, p->scheme, strlen(p->scheme)) != 0 || p->host != p->base + strlen(p->scheme))
		return err_set(err, ERR_INVALID, "base-url: must begin with https:// or http://");
	p->host += 3;
	if (!*p->host || strpbrk(p->host, "/?# @"))
		return err_set(err, ERR_INVALID, "base-url: only a host and a port may follow %s://", p->scheme);
	return 0;
}

static void provider_close(struct provider *p)
{
	if (!p)
		return;
	edgegrid_credentials_done(&p->credentials);
	free(p->base);
	free(p);
}

static int provider_open(const void *given, struct provider **ret, struct err *err)
{
	struct provider *p = mem_new(1, sizeof(*p));
	int code;

	p->options = given;
	code = credentials_open(p, err);
	if (code >= 0)
		code = base_open(p, err);
	if (code < 0) {
		provider_close(p);
		return code;
	}
	*ret = p;
	return 0;
}

static int provider_step(struct provider *p, struct job *job, const struct answer *answer, struct request *ret,
                         struct err *err)
{
	struct work *w = job->state;

	(void)err;
	if (!w)
		job->state = w = edgedns_work_new(job);
	if (answer)
		edgedns_reply_take(p, w, answer);
	edgedns_work_next(p, w, ret);
	return 0;
}

static void provider_job_done(struct provider *p, struct job *job)
{
	(void)p;
	edgedns_work_free(job->state);
	job->state = NULL;
}

const struct provider_api edgedns_provider = {
	.abi = PROVIDER_ABI,
	.name = "edgedns",
	.summary = "Akamai Edge DNS: zone management API with EdgeGrid credentials",
	.options = options,
	.options_size = sizeof(struct edgedns_options),
	.caps = { .changes_per_job = 500, .min_ttl = EDGEDNS_TTL_MIN },
	.open = provider_open,
	.close = provider_close,
	.step = provider_step,
	.job_done = provider_job_done,
};
