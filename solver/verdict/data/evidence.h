/* Evidence: what was asked, of whom, when, and what came back. It is recorded once and can be judged again.
 *
 * Plain records that a table (codec.h) turns into JSON and back, so a run can be kept and judged again
 * (`dcvd check --replay FILE`). Bytes of strangers are kept as printable ASCII with \DDD for all else (RFC 1035
 * section 5.1), in DNS data and HTTP bodies alike. Lists grow with evidence_add_…(), each has a maximum.
 */
#ifndef SOLVER_VERDICT_EVIDENCE_H
#define SOLVER_VERDICT_EVIDENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"

#define EVIDENCE_ANSWERS_MAX 2048
#define EVIDENCE_RECORDS_MAX 1200 /* of one answer */
#define EVIDENCE_HOPS_MAX 256
#define EVIDENCE_BODY_MAX 512     /* bytes kept of a body; an authority reads 128 */

struct ev_record {
	char *owner;      /* normalised */
	int type;
	int64_t ttl;      /* seconds */
	char *data;       /* TXT: its strings joined, escaped; CAA: "flags tag value" with the value escaped; A, AAAA: address; names
	                     normalised; others presentation format */
	int64_t strings;  /* TXT: how many character-strings */
};

/* The answer to one DNS question. */
struct ev_answer {
	char *view;       /* "authority": full recursion as the authority does; "direct": one server, asked by us */
	char *name;
	int type;
	char *server, *address; /* direct; NULL otherwise */
	char *zone;       /* direct: the zone whose server this is */
	char *transport;  /* "udp", "tcp"; authority: NULL */
	char *failure;    /* NULL: there is an answer. "timeout", "refused", "malformed", "mismatch", "no-root"; "unroutable" (no way leads there
	                     from this host), "local" (this host could not ask at all) */
	int rcode;        /* -1 without an answer */
	bool authoritative, truncated, edns, case_kept, soa; /* soa: a SOA in answer or authority section */
	char *final_name; /* after CNAME and DNAME */
	char *security;   /* authority: "secure", "insecure", "bogus"; NULL otherwise */
	char *why;        /* why bogus, the EDE text, or the network's sentence; or NULL */
	struct ev_record *records;     /* answer section */
	size_t record_count;
	struct ev_record *authority;   /* NS and SOA of the authority section: referrals */
	size_t authority_count;
	int64_t elapsed_ms, at_ms;
};

/* One HTTP request as the authority would make it. */
struct ev_hop {
	int64_t attempt;  /* its number (http.h); "walk" in JSON */
	char *url, *host;
	char *address;    /* that was connected to */
	bool fallback;    /* the IPv4 address after a failed dial of IPv6 */
	char *failure;    /* NULL: there is a response. "connect-timeout", "connect-refused" (dial); "connect-unreachable", "local"
	                     (this host's own: no way leads there, or it could not try);
	                     "timeout", "reset", "closed", "garbage", "http2", "tls", "tls-not-tls", "bad-head" (after it);
	                     "short", "bad-body", and "timeout" with a status, of its body */
	char *why;        /* the TLS or network sentence, or NULL */
	int status;
	char *location;   /* escaped; NULL without */
	char *server;     /* Server header, escaped, or NULL */
	char *encoding;   /* Content-Encoding header, escaped, or NULL */
	char *body;       /* first EVIDENCE_BODY_MAX bytes after content decoding, escaped */
	int64_t body_length; /* bytes read; over EVIDENCE_BODY_MAX it was more */
	int64_t elapsed_ms, at_ms;
};

/* TLS-ALPN-01: what one address presented. */
struct ev_certificate {
	char *address;
	char *failure;    /* as of a hop, or NULL */
	char *why, *tls_version, *alpn;
	char *der;        /* base64 of the leaf */
	int64_t chain_length, elapsed_ms, at_ms;
};

/* What a perspective elsewhere said. */
struct ev_perspective {
	char *code, *rir; /* "us-east-2", "ARIN" */
	char *check;      /* "dcv" or "caa" */
	bool completed, passed;
	char *problem;    /* ACME error type, or NULL */
	char *detail;
	char *address;    /* that answered it over HTTP, or NULL */
	int64_t elapsed_ms;
};

/* What the counters knew. */
struct ev_budget {
	bool known;
	int64_t failures, failures_limit;       /* in the last hour, for this identifier and account */
	int64_t consecutive, consecutive_limit;
	int64_t wait_ms;                        /* until caches have forgotten the last failure, and a failure is affordable */
};

/* The abilities of the host that collected the evidence. When it lacks one, silence and failures prove nothing about the servers. */
struct ev_host {
	bool known;               /* false: recorded before this was looked at; it counts as able to do everything */
	bool ipv4, ipv6;          /* a route to public addresses, or to one that this check asked */
	char *ipv4_why, *ipv6_why; /* the kernel's sentence where there is none, or NULL */
	bool descriptors;         /* it can open files and sockets */
};

struct evidence {
	char *identifier; /* without "*." */
	bool wildcard, ip;
	char *type;       /* "dns-01", "http-01", "tls-alpn-01", "dns-account-01", "dns-persist-01" */
	char *authority;  /* name of the profile it was collected for */
	char *token;
	char *expected;   /* key authorization (http-01, tls-alpn-01) or TXT value; NULL: nothing to compare with */
	char *account_uri;
	char *account_thumbprint; /* of the account's key, as far as it is known: for the hash form of dns-persist-01 */
	char *fqdn;       /* name that the authority asks: "_acme-challenge.…"; NULL for http-01 */
	char *written_fqdn, *written_zone; /* where the record must stand after CNAMEs and cuts, or NULL */
	char *provider;   /* the configured provider that controls written_zone, or NULL */
	bool provider_known; /* routes were looked at */
	char *unlocated;  /* why the servers of the place could not be found without the authority's view, or NULL */
	bool own_zone;    /* served by this process under a special-use name: there is no authority's view of it */
	bool private;     /* sentences must not quote what a web server sent: the verdict goes to others than operators. Not recorded */
	bool inside;      /* an address of the host is an address of this machine or its network's gateway */
	int64_t at_ms;
	struct ev_answer *answers;
	size_t answer_count;
	struct ev_hop *hops;
	size_t hop_count;
	struct ev_certificate *certificates;
	size_t certificate_count;
	struct ev_perspective *perspectives;
	size_t perspective_count;
	struct ev_budget budget;
	struct ev_host host;
};

struct evidence *evidence_new(void);
void evidence_free(struct evidence *e);
/* Zeroed items at the end of their list, owned by it; NULL at the maximum. Valid until the next one is added. */
struct ev_answer *evidence_add_answer(struct evidence *e);
struct ev_record *evidence_add_record(struct ev_answer *a);
struct ev_record *evidence_add_authority(struct ev_answer *a);
struct ev_hop *evidence_add_hop(struct evidence *e);
struct ev_certificate *evidence_add_certificate(struct evidence *e);
struct ev_perspective *evidence_add_perspective(struct evidence *e);
/* The authority's answer for name and type, or NULL when it was not asked. */
const struct ev_answer *evidence_authority(const struct evidence *e, const char *name, int type);

json_t *evidence_to_json(const struct evidence *e); /* gives */
/* Strict: unknown keys and wrong types are refused by name. Gives *ret (free with evidence_free). */
int evidence_from_json(const json_t *json, struct evidence **ret, struct err *err);
/* Bytes to printable ASCII and back. Give (free with free). */
char *evidence_escape(const void *bytes, size_t length);
int evidence_unescape(const char *text, unsigned char **ret, size_t *ret_length);

#endif
