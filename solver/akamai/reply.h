/* Reading what stands around the content of a reply: errors in any form, and how long to wait. Pure. */
#ifndef SOLVER_AKAMAI_REPLY_H
#define SOLVER_AKAMAI_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"

#define AKAMAI_EXCERPT_MAX 200 /* bytes of an unreadable body that are kept */

/* Turns a reply that is no success (3xx too: nothing is followed, for it would not be signed) into a code and a sentence. Bodies may be
 * problem details, HTML, text or empty. `headers` may be NULL. */
int akamai_reply_error(int status, const char *headers, const char *body, size_t length, struct err *err);
/* The gateway refused the request because of its timestamp. */
bool akamai_reply_blames_clock(int status, const char *body, size_t length);
/* When to ask again, from Retry-After, Akamai-RateLimit-Next, X-RateLimit-Next, X-RateLimit-Reset or "Please try after <time>"; 0: nothing
 * said. */
int64_t akamai_reply_retry_at(const char *headers, const char *body, int64_t now_ms);
/* "Sat, 21 Nov 2026 14:20:00 GMT" -> wall clock; 0 or ERR_INVALID. */
int akamai_http_date(const char *text, int64_t *ret_wall_ms);

#endif
