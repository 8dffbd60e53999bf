/* What providers share: read a reply, build a request, give changes their result.
 *
 * Replies come from outside: everything read here has a maximum, and nonsense is a status and a sentence,
 * never a crash. No sockets, no clock; the only randomness is that of crypto/. */
#ifndef PROVIDERS_KIT_KIT_H
#define PROVIDERS_KIT_KIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "providers/provider.h"

#define KIT_BODY_MAX 8388608     /* bytes of a reply that are read as JSON, and of a request body */
#define KIT_DETAIL_SIZE 160      /* of what a server said, as it is put into a sentence */
#define KIT_RETRY_MAX_MS 3600000 /* longest pause a server may ask for */

/* --- Reading a reply (reply.c) --- */

/* The body as JSON; gives (json_decref), NULL when it is empty, too large or not JSON. */
json_t *kit_json(const struct answer *a);
void kit_json_freep(json_t **json); /* CLEANUP(kit_json_freep) json_t *j */
/* The text of a member, or NULL when it is absent or not text. Borrowed from `object`. */
const char *kit_json_text(const json_t *object, const char *key);
/* Compact text; gives (free with free). Takes `json`. */
char *kit_json_dump(json_t *json);
/* The value of a reply header; gives (free with free), NULL when absent. */
char *kit_header(const struct answer *a, const char *name);
/* Retry-After as seconds or as a date (RFC 9110 section 10.2.3), at most KIT_RETRY_MAX_MS; 0 when absent. */
unsigned kit_retry_after_ms(const struct answer *a, long long now_seconds);
/* What the server said, printable and on one line: `detail`, `title`, `error`, `message` or `errors[0]` of
 * a JSON body, the reason of the transport, or the beginning of any other body. Returns `text`. */
const char *kit_detail(const struct answer *a, char text[KIT_DETAIL_SIZE]);
/* What a reply means when the provider knows nothing better: 2xx DONE, 401 and 403 DENIED, 429
 * RATE_LIMITED, 408, 425 and 5xx RETRY, a lost reply UNKNOWN, a failed connection RETRY, else FATAL.
 * What 404, 409 and 422 mean is for the provider to say. */
enum change_status kit_status(const struct answer *a);

/* --- Giving results (result.c) --- */

void kit_change_set(struct change *c, enum change_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* All changes that are still pending. */
void kit_job_set(struct job *job, enum change_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Sets the scope (enum change_scope) of the refusal that follows, for all pending changes. */
void kit_job_scope(struct job *job, enum change_scope scope);
/* No call that writes can have arrived: all changes that are still pending. */
void kit_job_not_sent(struct job *job);
/* All pending changes get the status of kit_status(), "what: status, detail" as the sentence, and the job
 * gets Retry-After. 401 is about the credential. For DENIED `mend` (or NULL) says what to do. */
void kit_job_fail(struct job *job, const struct answer *a, const char *what, const char *mend);
bool kit_job_pending(const struct job *job);

/* --- Building a request (call.c) --- */

/* Owns the strings of one request until the next one. Credentials are wiped on the way out. */
struct kit_call {
	char *method, *url, *body;
	char **headers; /* NULL-ended */
	size_t header_count;
};

/* Starts a request, and forgets the one before. `body` is taken (malloc), or NULL; a body gets
 * "Content-Type: application/json" unless kit_call_header() adds another one before kit_call_request(). */
void kit_call_start(struct kit_call *call, const char *method, const char *url, char *body);
void kit_call_header(struct kit_call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fills WANT_HTTP; the strings stay with `call`. */
void kit_call_request(struct kit_call *call, const char *ca_file, struct request *ret);
void kit_call_done(struct kit_call *call);
/* Fills WANT_PAUSE or WANT_NOTHING. */
void kit_pause(struct request *ret, unsigned milliseconds);
void kit_finish(struct request *ret);
/* Percent-encodes all but unreserved characters (RFC 3986); gives (free with free). */
char *kit_escape(const char *text);
/* True for equal names; case and a dot at the end do not count. */
bool kit_same_name(const char *a, const char *b);

#endif
