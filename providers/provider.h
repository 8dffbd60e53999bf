/* The contract of a provider: something that puts TXT values into a zone and takes them out.
 *
 * A provider is a pure reader of answers. step() is given the job and the reply to what it last
 * asked for, and says what it wants next. No sockets, no threads, no clock, no randomness but what
 * the kit gives: so each provider is short, and is tested and fuzzed from recorded text.
 *
 * Final state: after DONE, the value is there (add) or is not (remove), whatever was there before;
 * other values of the same name are untouched, and a record set that exists keeps its TTL. Doing it twice
 * succeeds. That a zone, a name or an account cannot be seen does not prove that a value is gone: a removal
 * is DONE or NOOP only when the provider saw the zone. The engine guarantees one job at a time per (provider,
 * zone), follows CNAMEs, finds the zone, retries, takes refused jobs apart, and journals handles.
 */
#ifndef PROVIDERS_PROVIDER_H
#define PROVIDERS_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/base/err.h"
#include "solver/conf/option.h"

#define PROVIDER_ABI 1

enum change_op { CHANGE_ADD, CHANGE_REMOVE };

enum change_status {
	CHANGE_PENDING,     /* not decided yet */
	CHANGE_DONE,        /* the final state holds */
	CHANGE_NOOP,        /* it held before */
	CHANGE_RETRY,       /* temporary; see retry_after_ms */
	CHANGE_RATE_LIMITED,/* temporary for the whole credential; see retry_after_ms */
	CHANGE_DENIED,      /* credentials or permissions */
	CHANGE_NO_ZONE,     /* the provider does not hold this zone */
	CHANGE_FATAL,       /* refused for good */
	CHANGE_UNKNOWN,     /* sent, no reply: the engine repeats the job, which must reconcile */
};

/* The changes that a refusal (DENIED, FATAL) concerns. The engine takes a job apart that was refused as one call: the halves, then
 * each change alone, so that only the change that caused it fails. */
enum change_scope {
	SCOPE_CALL,       /* all changes of the same call: it is unknown which of them caused it */
	SCOPE_CHANGE,     /* this change and no other */
	SCOPE_CREDENTIAL, /* the key or the account, so a smaller call would fail too */
};

struct change {
	enum change_op op;
	const char *fqdn;     /* no trailing dot */
	const char *value;    /* raw, not quoted */
	unsigned ttl;         /* seconds, already clamped to the provider's minimum */
	const char *handle;   /* from an earlier add, or NULL */

	/* Filled in by the provider. */
	enum change_status status;
	enum change_scope scope; /* of DENIED and FATAL */
	bool not_sent;        /* with RETRY and UNKNOWN: no call that writes can have arrived, so nothing was changed */
	char *new_handle;     /* to remember with the value, or NULL; taken by the engine (malloc) */
	char message[256];    /* one sentence for RETRY…UNKNOWN; for DONE what people should know of it, or "" */
};

struct job {
	const char *zone;
	struct change *changes;
	size_t count;
	long long now_seconds;   /* wall clock at this step, for signatures */
	unsigned retry_after_ms; /* filled in with RETRY and RATE_LIMITED; 0: the engine decides */
	void *state;             /* the provider's own, from first step to last; freed by job_done() */
};

#define HANDLE_MAX 1024 /* bytes of a handle */

enum want { WANT_NOTHING, WANT_HTTP, WANT_DNS, WANT_RUN, WANT_PAUSE, WANT_ANSWERS };

/* What the provider wants next. Everything in it must stay valid until the next step() or job_done(). */
struct request {
	enum want want;
	/* WANT_HTTP */
	const char *method, *url;
	const char *const *headers; /* NULL-ended "Name: value" */
	const char *body;           /* zero-ended, or NULL */
	const char *ca_file;        /* or NULL */
	/* WANT_DNS: one message; the reply comes back as bytes */
	const char *server;         /* "address", "address:port", "[v6]:port" */
	const unsigned char *wire;
	size_t wire_length;
	bool tcp;
	/* WANT_RUN: no shell */
	const char *const *argv, *const *env;
	const char *input;
	/* WANT_PAUSE */
	/* WANT_ANSWERS: set or clear every change of the job among our own published answers */
	unsigned timeout_ms;        /* of the call, or the length of the pause; 0: the engine's default */
};

/* The reply. `code` 0 or ERR_TIMEOUT (may have happened), ERR_UNREACHABLE (did not), … */
struct answer {
	int code;
	const char *error;          /* sentence when code != 0 */
	int status;                 /* HTTP status, or exit status of the program */
	const char *headers;        /* "Name: value\r\n" lines */
	const char *body;           /* zero-ended; standard output of a program */
	size_t length;
	const char *errors;         /* standard error of a program */
};

struct provider; /* an instance: opened with options */

struct provider_caps {
	unsigned changes_per_job;  /* most changes of one job; 0: no limit */
	unsigned values_per_name;  /* 0: no limit; 1: a slot, the engine serialises */
	unsigned min_ttl;          /* seconds */
	bool local;                /* published by dcvd itself: no propagation outside */
	unsigned jobs_at_once;     /* per zone; 0 and 1: one writer per zone */
};

struct provider_api {
	unsigned abi;               /* PROVIDER_ABI, compared before anything else */
	const char *name;           /* as written in the configuration: "rfc2136" */
	const char *summary;        /* one line for `dcvd providers` */
	const struct option *options; /* its options, ended by a row without name; the core parses them */
	size_t options_size;        /* of the struct those rows fill */
	struct provider_caps caps;
	/* `options` is the filled struct; it is borrowed and lives longer than the instance. */
	int (*open)(const void *options, struct provider **ret, struct err *err);
	void (*close)(struct provider *p); /* NULL is allowed */
	/* Takes the job one step. `answer` is NULL at first. With WANT_NOTHING every change has a status
	 * other than CHANGE_PENDING. Returns a negative code only for our own failures; the engine then
	 * treats all pending changes as CHANGE_RETRY with err's sentence. */
	int (*step)(struct provider *p, struct job *job, const struct answer *answer, struct request *ret, struct err *err);
	/* Frees job->state; called exactly once per job, also when it was cut short. */
	void (*job_done)(struct provider *p, struct job *job);
	/* Zones this instance knows it holds (NULL-ended, borrowed), or NULL when it does not know. */
	const char *const *(*zones)(struct provider *p);
};

#endif
