/* Errors: a negative code the caller can act on, and a sentence for people.
 *
 * Functions return 0 (or a useful non-negative number) on success and a negative ERR_*
 * on failure, and put what, where and what to do into *err. Library code never logs it:
 * each layer may add its context in front, and the top logs or sends it once. A secret
 * never goes into a sentence. Whether a code is worth a retry is a property of the code.
 */
#ifndef SOLVER_BASE_ERR_H
#define SOLVER_BASE_ERR_H

#include <stdbool.h>

enum {
	ERR_INVALID = -1,     /* the input is wrong; repeating it changes nothing */
	ERR_NOT_FOUND = -2,   /* no such thing */
	ERR_EXISTS = -3,      /* it is there already, with other content */
	ERR_DENIED = -4,      /* credentials or grants do not allow it */
	ERR_TOO_LARGE = -5,   /* over a documented maximum */
	ERR_CONFLICT = -6,    /* somebody else changed it meanwhile; read again */
	ERR_RATE = -7,        /* told to slow down */
	ERR_TIMEOUT = -8,     /* no answer in time; it may or may not have happened */
	ERR_UNREACHABLE = -9, /* could not be reached; it did not happen */
	ERR_PROTOCOL = -10,   /* the other side answered nonsense */
	ERR_BUSY = -11,       /* a limit on work in flight is reached */
	ERR_IO = -12,         /* disk or operating system */
	ERR_UNSUPPORTED = -13,/* understood, but not offered here */
	ERR_CANCELLED = -14,  /* called off by us */
	ERR_DAMAGED = -15,    /* what was stored is not what is read: somebody must decide */
};

#define ERR_TEXT_MAX 512

struct err {
	int code;                /* 0 or one of the above */
	char text[ERR_TEXT_MAX]; /* always terminated, cut at a whole byte count */
};

/* Sets code and sentence; returns the code. `err` may be NULL. */
int err_set(struct err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Puts "context: " in front of the sentence; returns its code, which nothing else knows: `err` is not NULL. */
int err_in(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3), nonnull(1)));
/* Like err_set, with the sentence of `errno` behind it: "open x: Permission denied". */
int err_errno(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Repeating the same call later may succeed. */
bool err_is_transient(int code);
/* "invalid", "not-found", …: stable, for logs and JSON. */
const char *err_name(int code);

#endif
