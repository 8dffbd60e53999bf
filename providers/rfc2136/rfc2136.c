#include "providers/rfc2136/rfc2136.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "providers/kit/kit.h"
#include "providers/rfc2136/internal.h"
#include "solver/base/mem.h"
#include "solver/crypto/crypto.h"

static const char *const algorithm_names[] = { "hmac-sha256", "hmac-sha384", "hmac-sha512", NULL };

static bool port_is_valid(const char *text)
{
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	return *text >= '0' && *text <= '9' && *end == '\0' && port > 0 && port < 65536;
}

/* "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]:53" */
static bool server_is_valid(const char *server)
{
	CLEANUP(mem_freep) char *host = mem_dup(*server == '[' ? server + 1 : server);
	struct in6_addr address;
	char *rest;

	if (*server == '[') {
		rest = strchr(host, ']');
		if (!rest)
			return false;
		*rest++ = '\0';
		return inet_pton(AF_INET6, host, &address) == 1 && (*rest == '\0' || (*rest == ':' && port_is_valid(rest + 1)));
	}
	if (inet_pton(AF_INET6, host, &address) == 1)
		return true;
	rest = strchr(host, ':');
	if (rest)
		*rest++ = '\0';
	return inet_pton(AF_INET, host, &address) == 1 && (!rest || port_is_valid(rest));
}

static const char *check_server(const char *text)
{
	return server_is_valid(text) ? NULL : "it is not an address, or an address and a port";
}

static const struct option rfc2136_table[] = {
	{ "server", OPTION_TEXT, offsetof(struct rfc2136_options, server), .site = true, .required = true, .check = check_server,
	  .help = "Address of the zone's primary, with a port when it is not 53: \"192.0.2.1\", \"192.0.2.1:5353\", \"[2001:db8::1]:53\"." },
	{ "key-name", OPTION_TEXT, offsetof(struct rfc2136_options, key_name),
	  .help = "Name of the TSIG key; without a key the server must trust our address." },
	{ "key-algorithm", OPTION_ENUM, offsetof(struct rfc2136_options, key_algorithm), .def = "hmac-sha256", .names = algorithm_names,
	  .help = "Algorithm of the TSIG key." },
	{ "key-secret", OPTION_SECRET, offsetof(struct rfc2136_options, key_secret), .help = "The TSIG key itself, in base64." },
	{ "ttl-min", OPTION_INT, offsetof(struct rfc2136_options, ttl_min), .def = "1", .min = 0, .max = 86400,
	  .help = "Smallest TTL of a record, in seconds." },
	{ "tcp", OPTION_BOOL, offsetof(struct rfc2136_options, tcp), .def = "false",
	  .help = "Always use TCP; otherwise it is used for messages over 1232 bytes." },
	{ "max-message", OPTION_INT, offsetof(struct rfc2136_options, max_message), .def = "65000", .min = 512, .max = 65000,
	  .help = "Longest message in bytes; the changes of a job are split over several when they need more." },
	{ .name = NULL },
};

/* ldns wants the alphabet with '+' and '/', and the padding. */
static int secret_read(const struct rfc2136_options *o, struct secret **ret, struct err *err)
{
	char *text;
	unsigned char *bytes = NULL;
	size_t length = 0;

	if (crypto_base64_decode(secret_reveal(o->key_secret), &bytes, &length) < 0 || length == 0) {
		free(bytes);
		return err_set(err, ERR_INVALID, "key-secret of key %s is not base64: copy the text of \"secret\" from the server's key file",
		               o->key_name);
	}
	text = crypto_base64(bytes, length);
	*ret = secret_new(text);
	explicit_bzero(text, strlen(text));
	free(text);
	explicit_bzero(bytes, length);
	free(bytes);
	return 0;
}

static int key_open(struct provider *p, struct err *err)
{
	const struct rfc2136_options *o = p->options;
	char name[NAME_SIZE];

	if (!o->key_name != !o->key_secret)
		return err_set(err, ERR_INVALID, "key-name and key-secret belong together: %s is missing", o->key_name ? "key-secret" : "key-name");
	if (!o->key_name)
		return 0;
	if (name_normalize(o->key_name, name, err) < 0)
		return err_in(err, "key-name");
	if (secret_read(o, &p->key_secret, err) < 0)
		return ERR_INVALID;
	p->key_name = mem_dup(name);
	p->key = (struct dns_tsig_key){ p->key_name, (enum dns_tsig_algorithm)o->key_algorithm, secret_reveal(p->key_secret) };
	p->has_key = true;
	return 0;
}

static void rfc2136_close(struct provider *p)
{
	if (!p)
		return;
	secret_free(p->key_secret);
	free(p->key_name);
	free(p);
}

static int rfc2136_open(const void *options, struct provider **ret, struct err *err)
{
	const struct rfc2136_options *o = options;
	struct provider *p;

	if (!o->server || !server_is_valid(o->server))
		return err_set(err, ERR_INVALID, "server \"%.100s\" is not an address, or an address and a port", o->server ? o->server : "");
	p = mem_new(1, sizeof(*p));
	p->options = o;
	if (key_open(p, err) < 0) {
		rfc2136_close(p);
		return ERR_INVALID;
	}
	*ret = p;
	return 0;
}

/* Whether the message asks the server to check that no set stands at the name yet, in which case its TTL is kept. */
static bool expects_none(const struct flight *f, const struct job *job, size_t i)
{
	if (f->second || job->changes[i].op != CHANGE_ADD)
		return false;
	for (size_t k = f->begin; k < i; k++) /* once a name */
		if (job->changes[k].op == CHANGE_ADD && kit_same_name(job->changes[k].fqdn, job->changes[i].fqdn))
			return false;
	return true;
}

static unsigned ttl_of(const struct provider *p, const struct change *c, const struct seen *seen)
{
	unsigned min = (unsigned)p->options->ttl_min;

	if (seen->ttl)
		return seen->ttl;
	return c->ttl > min ? c->ttl : min;
}

static int change_write(const struct provider *p, const struct flight *f, const struct job *job, size_t i, struct err *err)
{
	const struct change *c = &job->changes[i];

	if (c->op == CHANGE_REMOVE)
		return dns_update_remove(f->update, c->fqdn, c->value, err);
	if (expects_none(f, job, i) && dns_update_expect_none(f->update, c->fqdn, err) < 0)
		return err->code;
	return dns_update_add(f->update, c->fqdn, c->value, ttl_of(p, c, &f->seen[i]), err);
}

static size_t change_room(const struct flight *f, const struct job *job, size_t i)
{
	const struct change *c = &job->changes[i];

	return dns_update_change_room(c->fqdn, c->value) + (expects_none(f, job, i) ? dns_update_change_room(c->fqdn, "") : 0);
}

/* Puts as many changes as fit, from f->begin on, into a new message. A change that cannot be written
 * is refused alone. */
static int message_fill(const struct provider *p, struct flight *f, struct job *job, struct err *err)
{
	size_t room = dns_update_empty_room(job->zone, p->has_key ? &p->key : NULL), max = (size_t)p->options->max_message;
	size_t last = f->second ? f->end : job->count; /* nothing is known of those behind it */
	bool empty = true;

	dns_update_free(f->update);
	f->update = dns_update_new(job->zone, err);
	if (!f->update)
		return ERR_INVALID;
	for (f->end = f->begin; f->end < last; f->end++) {
		struct err wrong = { 0 };

		if (job->changes[f->end].status != CHANGE_PENDING)
			continue;
		if (room + change_room(f, job, f->end) > max && !empty)
			break;
		if (change_write(p, f, job, f->end, &wrong) < 0) {
			job->changes[f->end].scope = SCOPE_CHANGE;
			changes_settle(job, f->end, f->end + 1, CHANGE_FATAL, "%.200s", wrong.text);
			continue;
		}
		room += change_room(f, job, f->end);
		empty = false;
	}
	return 0;
}

/* Sends the changes from f->begin on. */
static int update_send(const struct provider *p, struct flight *f, struct job *job, struct request *ret, struct err *err)
{
	f->phase = PHASE_UPDATE;
	if (message_fill(p, f, job, err) < 0)
		return ERR_INVALID;
	free(f->wire);
	f->wire = NULL;
	if (dns_update_build(f->update, p->has_key ? &p->key : NULL, job->now_seconds, &f->wire, &f->length, err) < 0)
		return ERR_INVALID;
	*ret = (struct request){ .want = WANT_DNS, .server = p->options->server, .wire = f->wire, .wire_length = f->length,
	                         .tcp = p->options->tcp || f->over_tcp || f->length > UDP_MAX };
	return 0;
}

static bool is_pending(const struct job *job, size_t begin, size_t end)
{
	for (size_t i = begin; i < end; i++)
		if (job->changes[i].status == CHANGE_PENDING)
			return true;
	return false;
}

/* The next message, or nothing when every change has its result. */
static int next_send(const struct provider *p, struct flight *f, struct job *job, struct request *ret, struct err *err)
{
	f->begin = f->end;
	f->second = f->over_tcp = false;
	return is_pending(job, f->begin, job->count) ? update_send(p, f, job, ret, err) : 0;
}

static bool ask(const struct provider *p, struct flight *f, enum phase phase, struct job *job, struct request *ret)
{
	f->phase = phase;
	f->asked = f->begin;
	for (size_t i = f->begin; i < f->end; i++)
		f->seen[i] = (struct seen){ 0 };
	return look_send(p, f, job, ret);
}

/* All names of the phase are answered: goes on to the next phase. */
static int asked_all(const struct provider *p, struct flight *f, struct job *job, struct request *ret, struct err *err)
{
	switch (f->phase) {
	case PHASE_OWN:
		f->end = 0;
		break;
	case PHASE_TTL:
		f->second = true;
		return update_send(p, f, job, ret, err);
	default: /* the reply is lost, and some changes may not have been made: send it once more, over TCP */
		if (!is_pending(job, f->begin, f->end))
			break;
		f->over_tcp = f->second = true;
		return update_send(p, f, job, ret, err);
	}
	return next_send(p, f, job, ret, err);
}

static int take_look(const struct provider *p, struct flight *f, struct job *job, const struct answer *answer,
                     struct request *ret, struct err *err)
{
	look_take(f, job, answer);
	if (f->phase == PHASE_LOOK)
		look_settle(p, f, job);
	else if (f->phase == PHASE_OWN)
		own_settle(p, f, job);
	f->asked++;
	return look_send(p, f, job, ret) ? 0 : asked_all(p, f, job, ret, err);
}

static int take_update(const struct provider *p, struct flight *f, struct job *job, const struct answer *answer,
                       struct request *ret, struct err *err)
{
	bool lost = answer->code == ERR_TIMEOUT;

	if (!lost && update_reply_settle(p, f, job, answer))
		return next_send(p, f, job, ret, err);
	return ask(p, f, lost ? PHASE_LOOK : PHASE_TTL, job, ret) ? 0 : asked_all(p, f, job, ret, err);
}

static int rfc2136_step(struct provider *p, struct job *job, const struct answer *answer, struct request *ret, struct err *err)
{
	struct flight *f = job->state;

	*ret = (struct request){ .want = WANT_NOTHING };
	if (!f) {
		f = job->state = mem_new(1, sizeof(*f));
		f->seen = mem_new(job->count + 1, sizeof(*f->seen));
		f->end = job->count;
	}
	if (!answer)
		return ask(p, f, PHASE_OWN, job, ret) ? 0 : asked_all(p, f, job, ret, err);
	return f->phase == PHASE_UPDATE ? take_update(p, f, job, answer, ret, err) : take_look(p, f, job, answer, ret, err);
}

static void rfc2136_job_done(struct provider *p, struct job *job)
{
	struct flight *f = job->state;

	(void)p;
	if (!f)
		return;
	dns_update_free(f->update);
	free(f->wire);
	free(f->seen);
	free(f);
	job->state = NULL;
}

const struct provider_api rfc2136_provider = {
	.abi = PROVIDER_ABI,
	.name = "rfc2136",
	.summary = "DNS UPDATE with TSIG: BIND, Knot, PowerDNS and other servers of your own",
	.options = rfc2136_table,
	.options_size = sizeof(struct rfc2136_options),
	.caps = { .min_ttl = 1 },
	.open = rfc2136_open,
	.close = rfc2136_close,
	.step = rfc2136_step,
	.job_done = rfc2136_job_done,
};
