#include "solver/check/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/check/pace.h"

struct view_run {
	struct checker *c;
	char fqdn[NAME_SIZE];
	char asked[NAME_SIZE]; /* the name of the question under way */
	int type;
	void (*read)(struct view_run *r, const struct dns_reply *reply);
	struct view view;
	char *zone, *server, *address;
	view_fn done;
	void *arg;
};

static void run_free(struct view_run *r)
{
	free(r->zone);
	free(r->server);
	free(r->address);
	free(r);
}

static void finish(struct view_run *r, enum view_says says)
{
	r->view.says = says;
	r->done(&r->view, &(struct err){ 0 }, r->arg);
	run_free(r);
}

static void finish_without(struct view_run *r, const struct err *err)
{
	struct err reason = *err;

	err_in(&reason, "%s (%s)", r->server, r->address);
	r->view.says = VIEW_NOTHING;
	r->done(&r->view, &reason, r->arg);
	run_free(r);
}

/* What proves nothing is not read any further. */
static bool is_proof(const struct view_run *r, const struct dns_reply *reply, struct err *err)
{
	if (reply->rcode != DNS_NOERROR && reply->rcode != DNS_NXDOMAIN)
		err_set(err, ERR_UNREACHABLE, "answers %s for %s", dns_rcode_name(reply->rcode), r->asked);
	else if (!reply->authoritative)
		err_set(err, ERR_UNREACHABLE, "answers for %s without authority: it does not serve the zone %s", r->asked, r->zone);
	else
		return true;
	return false;
}

static const char *referral_of(const struct view_run *r, const struct dns_reply *reply)
{
	const char *cut = r->type == DNS_TXT ? dns_reply_referral(reply, r->zone) : NULL;

	return cut && name_is_below(r->fqdn, cut) ? cut : NULL;
}

static void read_reply(struct view_run *r, struct dns_reply *reply)
{
	const char *cut = referral_of(r, reply);
	struct err err;

	if (cut) {
		snprintf(r->view.zone, sizeof(r->view.zone), "%s", cut);
		r->view.reply = reply;
		finish(r, VIEW_REFERRAL);
	} else if (!is_proof(r, reply, &err)) {
		finish_without(r, &err);
	} else {
		r->read(r, reply);
	}
}

static void on_reply(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct view_run *r = arg;
	struct dns_reply reply;
	struct err bad = *err;

	(void)elapsed_ms;
	if (!wire || dns_reply_parse(wire, length, r->asked, r->type, &reply, &bad) < 0) {
		finish_without(r, &bad);
		return;
	}
	read_reply(r, &reply);
	dns_reply_done(&reply);
}

static int send_query(struct view_run *r, const char *name, int type, void (*read)(struct view_run *r, const struct dns_reply *reply), struct err *err)
{
	unsigned char query[DNS_QUERY_MAX];
	int length;

	r->type = type;
	r->read = read;
	memmove(r->asked, name, strlen(name) + 1);
	length = dns_query_build(r->asked, type, false, query, sizeof(query), err);
	if (length < 0)
		return length;
	return pace_exchange(r->c, r->fqdn, r->address, query, (size_t)length, false, on_reply, r, err);
}

static void query_on(struct view_run *r, const char *name, int type, void (*read)(struct view_run *r, const struct dns_reply *reply))
{
	struct err err;

	if (send_query(r, name, type, read, &err) < 0)
		finish_without(r, &err);
}

/* ---- the zone, when the answer does not name it ---- */

static void read_soa(struct view_run *r, const struct dns_reply *reply);

static void here(struct view_run *r, const char *zone)
{
	snprintf(r->view.zone, sizeof(r->view.zone), "%s", zone);
	finish(r, VIEW_HERE);
}

static void query_soa(struct view_run *r, const char *name)
{
	if (!name || strcmp(name, r->zone) == 0)
		here(r, r->zone); /* the only one that is left */
	else
		query_on(r, name, DNS_SOA, read_soa);
}

static void read_soa(struct view_run *r, const struct dns_reply *reply)
{
	const char *zone = dns_reply_holder(reply, r->asked);

	if (zone)
		here(r, zone);
	else
		query_soa(r, name_parent(r->asked));
}

/* ---- whose CNAME it is ---- */

static void read_below(struct view_run *r, const struct dns_reply *reply)
{
	char target[NAME_SIZE];

	if (dns_reply_alias(reply, r->asked, target) != DNS_CNAME || strcmp(target, r->view.target) != 0) {
		finish(r, VIEW_ALIAS);
		return;
	}
	r->view.wildcard = true;
	query_soa(r, name_parent(r->fqdn));
}

static void query_below(struct view_run *r)
{
	char name[NAME_SIZE];

	if (name_witness(r->fqdn, name))
		query_on(r, name, DNS_TXT, read_below);
	else
		finish(r, VIEW_ALIAS);
}

static void read_txt(struct view_run *r, const struct dns_reply *reply)
{
	int alias = dns_reply_alias(reply, r->fqdn, r->view.target);
	const char *zone;

	if (alias == DNS_CNAME) {
		query_below(r);
	} else if (alias) {
		finish(r, VIEW_ALIAS);
	} else {
		zone = dns_reply_holder(reply, r->fqdn);
		if (zone)
			here(r, zone);
		else
			query_soa(r, r->fqdn);
	}
}

int view_start(struct checker *c, const char *fqdn, const char *zone, const struct server *server, view_fn done, void *arg, struct err *err)
{
	struct view_run *r = mem_new(1, sizeof(*r));

	*r = (struct view_run){ .c = c, .zone = mem_dup(zone), .server = mem_dup(server->name), .address = mem_dup(server->address),
	                        .done = done, .arg = arg };
	snprintf(r->fqdn, sizeof(r->fqdn), "%s", fqdn);
	if (send_query(r, fqdn, DNS_TXT, read_txt, err) == 0)
		return 0;
	run_free(r);
	return err->code;
}
