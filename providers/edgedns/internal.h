/* What the files of this provider share.
 *
 * A job is a list of record sets, each with the changes of one name. Three rules keep strangers' values:
 * a set is created only by calls that fail when it exists; a set that exists is written only after it
 * was read; and after such a write it is read again, for the API knows no optimistic lock. The zone is
 * locked by each writer for a moment: 409 concurrentZoneModification passes, and is waited out. */
#ifndef PROVIDERS_EDGEDNS_INTERNAL_H
#define PROVIDERS_EDGEDNS_INTERNAL_H

#include <stdint.h>

#include "providers/kit/kit.h"
#include "solver/crypto/edgegrid.h"

#define EDGEDNS_TTL_MIN 300
#define EDGEDNS_TRIES 5          /* of a write that meets another writer */
#define EDGEDNS_PAUSE_MS 500     /* the first pause; doubled each time */
#define EDGEDNS_LIST_FROM 3      /* this many unknown sets are read by one listing */

struct edgedns_options {
	char *edgerc, *section, *base_url, *ca_file;
	int64_t ttl;
};

struct provider {
	const struct edgedns_options *options;
	struct edgegrid_credentials credentials;
	char *base;               /* "https://host", no slash at the end */
	const char *scheme;       /* of base; signed */
	const char *host;         /* of base with its port; signed; points into base */
	long long clock_offset;   /* seconds that the API's clock is ahead of ours */
};

/* The TXT records of one name: what stands there, as far as we know. */
struct recordset {
	const char *fqdn;
	bool known;      /* read, and not written since */
	bool exists;
	bool creating;   /* part of the create call under way */
	json_t *rdata;   /* array of texts in presentation format, strangers' byte for byte */
	unsigned ttl;
	unsigned writes;
};

enum doing {
	DOING_NOTHING, DOING_PAUSE, DOING_LIST, DOING_READ, DOING_ZONE, DOING_CREATE_MANY, DOING_CREATE,
	DOING_REPLACE, DOING_DELETE,
};

struct work {
	struct job *job;
	struct recordset *sets;
	size_t count;
	size_t *set_of;          /* change -> set */
	bool *touched;           /* change -> we wrote it, so it is DONE and not NOOP */
	struct kit_call call;
	enum doing doing;
	struct recordset *current;
	unsigned pause_ms;       /* wanted before the next call */
	unsigned conflicts;      /* in a row */
	bool must_read;          /* a create met a set that exists: look before the next one */
	bool bulk_refused, listing_refused, zone_confirmed, signed_again;
	bool written;            /* a call that writes may have arrived */
};

/* recordset.c */
void edgedns_set_forget(struct recordset *s);
/* Takes what a reply says about the set; false when it is not a record set. */
bool edgedns_set_read(struct recordset *s, const json_t *object);
/* What should stand there after the pending changes of the job. `ret_dirty`: it differs. Gives (json_decref). */
json_t *edgedns_set_target(const struct work *w, const struct recordset *s, bool *ret_dirty);
/* The body of a create or replace. Gives (json_decref); takes `rdata`. */
json_t *edgedns_set_body(const struct work *w, const struct provider *p, const struct recordset *s, json_t *rdata);
/* Notes that all pending changes of the set that make a difference are being written. */
void edgedns_set_touch(struct work *w, const struct recordset *s);
/* The final state holds: pending changes of the set become DONE or NOOP. */
void edgedns_set_settle(struct work *w, const struct recordset *s);
void edgedns_set_fail(struct work *w, const struct recordset *s, enum change_status status, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
bool edgedns_set_pending(const struct work *w, const struct recordset *s);
/* True when only additions are pending. */
bool edgedns_set_only_adds(const struct work *w, const struct recordset *s);

/* call.c: each builds and signs the request and notes what is being done. */
void edgedns_call_list(struct provider *p, struct work *w, struct request *ret);
void edgedns_call_zone(struct provider *p, struct work *w, struct request *ret);
void edgedns_call_create_many(struct provider *p, struct work *w, json_t *recordsets, struct request *ret);
/* READ, CREATE, REPLACE or DELETE of one set. Takes `body`, or NULL. */
void edgedns_call_set(struct provider *p, struct work *w, enum doing doing, struct recordset *s, json_t *body,
                      struct request *ret);

/* reply.c */
void edgedns_reply_take(struct provider *p, struct work *w, const struct answer *a);

/* work.c */
struct work *edgedns_work_new(struct job *job);
void edgedns_work_free(struct work *w);
void edgedns_work_next(struct provider *p, struct work *w, struct request *ret);
/* Another writer was faster: repeat after a growing pause, or give up for now. */
void edgedns_work_conflict(struct work *w, const char *detail);

#endif
