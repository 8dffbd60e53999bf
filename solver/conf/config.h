/* The configuration: one YAML file, every option a row in a table (conf/tables.c), read into an
 * immutable snapshot. An empty file works. Unknown keys are refused with file, line, column and the
 * nearest valid name. A reload builds a new snapshot; a broken file leaves the old one in force. */
#ifndef SOLVER_CONF_CONFIG_H
#define SOLVER_CONF_CONFIG_H

#include "solver/base/buf.h"
#include "solver/base/err.h"
#include "solver/base/secret.h"
#include "solver/challenge/challenge.h"
#include "solver/conf/option.h"

#define CONFIG_MAX_BYTES (1024 * 1024)

/* http: the HTTP-01 responder. */
struct config_http {
	char **listen;          /* "address:port", "[v6]:port", "port" (all addresses); default "80"; empty list: off */
	char *redirect_unknown; /* base URL for tokens we do not know ("http://dcv.akamai.com"), or NULL: 404 */
	int64_t threads;        /* 0: one per core */
	int64_t connections;    /* at once */
	char **tls_listen;      /* the same with TLS; empty: none */
	char *tls_certificate, *tls_key; /* PEM files; read again when they change */
	int tls_profile;        /* enum tls_profile */
};
enum tls_profile { TLS_PROFILE_INTERMEDIATE, TLS_PROFILE_MODERN };

/* api: REST and the other front doors. */
struct config_api {
	char **listen;          /* default "127.0.0.1:8053" */
	bool loopback_open;     /* callers from loopback need no token; default false */
	int64_t max_body;       /* bytes */
	int64_t connections;    /* at once, over all listeners */
	int64_t connections_per_address, requests_per_client; /* at once */
	char **trusted_proxies; /* networks whose X-Forwarded-For is believed */
	char *front_proxy_ca;   /* CA file of the front proxy (Kubernetes aggregation), or NULL: X-Remote-User is ignored */
	char **front_proxy_names; /* common names of its certificate */
	char **tls_listen;      /* addresses with TLS; empty: none */
	char *tls_certificate, *tls_key; /* PEM files; read again when they change */
	int tls_profile;        /* enum tls_profile */
	char *tls_client_ca;    /* CA file of client certificates, or NULL */
	int tls_client_certificate; /* enum tls_client_certificate */
	char **tls_client_crl, **front_proxy_crl; /* files of revocation lists of these CAs */
	int tls_crl_check;      /* enum tls_crl_check */
};
enum tls_crl_check { TLS_CRL_STRICT, TLS_CRL_SOFT };
enum tls_client_certificate { TLS_CLIENT_OPTIONAL, TLS_CLIENT_REQUIRED };

/* dns: the embedded authoritative server. */
struct config_dns {
	char **listen;          /* default "127.0.0.1:5353"; UDP and TCP; "53" for all addresses */
	char **zones;           /* default "dcvd.test" */
	char **name_servers;    /* NS names of the zones; default "ns1.<zone>" */
	char *contact;          /* SOA RNAME as a mail address or name; default "hostmaster.<zone>" */
	int64_t negative_ttl_ms;
	int64_t rate_limit, rate_limit_slip; /* UDP replies a second to one network; see nameserver/rate.h */
	char **rate_limit_exempt;
};

struct config_resolver {
	char **servers;         /* recursive resolvers; empty: those of the system */
	int64_t timeout_ms;
	int64_t tries;
	int64_t authority_port; /* 53; others only for tests */
};

/* challenge: times of a challenge. */
struct config_challenge {
	int64_t deadline_ms;    /* ready within; default 10m */
	int64_t lifetime_ms;    /* withdrawn after; default 7d */
	int64_t retention_ms;   /* finished ones stay listed for; default 1h */
	int64_t batch_ms;       /* changes of one zone are gathered for; default 20ms */
	int64_t live_max;       /* live challenges at once; default 200000 */
};

/* check: the self-check. */
struct config_check {
	int64_t poll_first_ms;  /* shortest pause between two looks */
	int64_t poll_max_ms;    /* longest pause */
	int64_t http_port;      /* 80 */
	int64_t http_timeout_ms;
	int64_t http_redirects; /* 10 */
	int64_t tls_port;       /* 443 */
	char *user_agent;       /* of requests that an authority would make */
	char *authority;        /* profile; default "letsencrypt" */
	char **authorities;     /* files with more profiles */
	bool authority_view;    /* full recursion from the root; off: the direct view only */
	char *root_hints;       /* NULL: the public root */
	char *trust_anchor;     /* NULL: the system's root key where there is one */
	char **stub_zones;      /* "zone address[@port]" */
	char **allow_addresses; /* networks that count as public */
	int64_t limit_ms;       /* of one check; 60s */
	int64_t queries_per_second; /* to one server address */
	int64_t recheck_ms;     /* what is ready is looked at again; 0: never */
	int64_t silent_grace_ms; /* how long a silent server holds "ready" when the others show the value */
};

struct config_log {
	int level;              /* enum log_level */
	int format;             /* enum log_format */
};

/* An account beside the main one: what is NULL is as in the main one. */
struct config_cps_account {
	char *name, *edgerc, *section, *account_key;
	char *base_url;           /* or NULL: that of cps */
	char **contracts;
	int64_t per_minute, burst;
};

enum cps_management { CPS_MANAGEMENT_HOLD, CPS_MANAGEMENT_ACKNOWLEDGE, CPS_MANAGEMENT_APPROVE };
enum cps_until { CPS_UNTIL_VALIDATION, CPS_UNTIL_ISSUANCE, CPS_UNTIL_PRODUCTION };

struct config_cps_policy {
	char *name;
	char **acknowledge_warnings;
	int change_management;    /* enum cps_management */
	int64_t approvals;        /* different people */
	int64_t approve_after_ms; /* of CPS_MANAGEMENT_APPROVE: so long before CPS deploys by itself; 0: never without an approval */
	char **windows;           /* as written; config_cps_next_window() reads them */
	struct window *window_list;
	size_t window_count;
	int64_t renew_before_ms;  /* 0: CPS renews by itself alone */
	char **alarm_before;      /* as written */
	int64_t *alarm_ms;        /* the same, the shortest first */
	size_t alarm_count;
	int follow;               /* enum cps_until */
	char **before_deployment, **after_deployment; /* programs with their arguments, or NULL */
	int64_t program_timeout_ms;
	char *verify_edge;        /* host whose TLS certificate is looked at in the end, or NULL */
};

enum cps_class { CPS_CLASS_MONITORED, CPS_CLASS_MANAGED, CPS_CLASS_IGNORED };

/* What is NULL matches everything. */
struct config_cps_class {
	char *cn, *ra, *validation, *contract, *account;
	int kind;                 /* enum cps_class */
	char *policy;             /* or NULL */
};

enum cps_watch { CPS_WATCH_OFF, CPS_WATCH_READ, CPS_WATCH_ACT };

struct config_cps {
	char *edgerc;           /* default "~/.edgerc" */
	char *section;          /* default "default" */
	char *base_url;         /* NULL: https://<host of the credentials>; tests point it at an emulator */
	char *ca_file;          /* or NULL */
	char **contracts;       /* contract ids for listing; empty: all */
	char **acknowledge_warnings; /* codes that may be acknowledged; nothing else is */
	char *prefer;           /* "dns-01" or "http-01" where routes allow both; default dns-01 */
	int64_t per_minute;     /* 35 */
	int64_t burst;          /* 20 per 2 s */
	int64_t poll_ms;        /* pause between two looks at a change; default 30s */
	bool edgerc_by_hand;    /* set by --edgerc, no option: the environment does not count then */
	char *account_key;      /* accountSwitchKey, or NULL: that of the credentials */
	int watch;              /* enum cps_watch */
	int64_t watch_interval_ms;
	int64_t unknown_status_alarm_ms;
	struct config_cps_account *accounts;
	size_t account_count;
	struct config_cps_policy *policies;
	size_t policy_count;
	struct config_cps_class *classes; /* the first that matches decides */
	size_t class_count;
	char **callbacks;       /* URLs that are told of what happens to enrollments */
	char *callback_secret;  /* a name under callback-secrets, or NULL */
	char *enrollment_defaults, *profiles; /* JSON objects, or NULL */
};

/* httpreq: lego's httpreq and acmeproxy. */
enum httpreq_wait { HTTPREQ_QUICK, HTTPREQ_VERIFIED }; /* as enum door_wait */
struct config_httpreq {
	int wait;               /* of callers that ask for neither; default quick */
	int64_t limit_ms;       /* verified: longest wait; below the clients' 30 s; default 20s */
};

/* acme-dns: accounts that may write one name each, below a zone of the embedded DNS server. */
enum acme_dns_registration { ACME_DNS_OFF, ACME_DNS_TOKEN, ACME_DNS_OPEN };
struct config_acme_dns {
	char *zone;             /* NULL: the first of dns.zones */
	int registration;       /* default token: with credentials of a client */
	char **networks;        /* that may register; empty: all */
	int64_t lifetime_ms;    /* of a value; default 24h */
	int64_t values;         /* of one name at once; the oldest makes room */
	int64_t accounts;       /* at most */
	int64_t registrations;  /* of all strangers in an hour; 0: no limit */
	int64_t updates;        /* of one account in a minute; 0: no limit */
};

/* cert-manager: the webhook solver, as an aggregated API server. */
struct config_cert_manager {
	char *group;            /* API group, a domain of the operator; NULL: the door is shut */
	char *solver;           /* solver name; default "dcvd" */
	int wait;               /* as enum door_wait; default verified */
	int64_t limit_ms;       /* verified: longest wait; default 20s */
};

/* perspectives: other nodes that are asked too (Open MPIC). */
struct config_perspectives {
	char **peers;           /* "code RIR url" each: nodes of ours */
	char *coordinator;      /* URL of an Open MPIC coordinator, asked in place of the peers; or NULL */
	struct secret *keys;    /* lines "code token"; a line with a token alone is for all */
	char *ca_file;          /* certificates that are trusted in place of the system's; or NULL */
	int64_t timeout_ms;     /* of one question; default 15s */
};

/* sandbox: what the service takes from itself. */
struct config_sandbox {
	bool system_calls;      /* only those of ordinary programs */
	bool files;             /* writes nothing but its state, document roots, and: */
	char **writable;        /* folders */
};

/* providers: <name>: {type: rfc2136, …its own options} */
struct config_provider {
	char *name;
	char *type;
	void *options;          /* the struct of the type's own table, filled */
	const struct option *table;
	bool broken;            /* a mistake was noted in it; see config_read_all() */
};

/* routes: first the longest matching suffix, then the order in the file. */
enum route_publish { ROUTE_RESPONDER, ROUTE_FOLDER };
enum route_preflight { PREFLIGHT_REFUSE, PREFLIGHT_WARN, PREFLIGHT_OFF };
enum route_unknown { UNKNOWN_HOLD, UNKNOWN_ACCEPT };
enum route_delegation { DELEGATION_OFF, DELEGATION_ON, DELEGATION_FIRST_USE };
struct config_route {
	char *suffix;           /* "" or "*" matches every name; "example.com" matches it and all below */
	int type;               /* enum challenge_type (dns-01: all that are proved by a TXT record), or CHALLENGE_TYPES: both */
	char *provider;         /* dns-01: a name under providers; "embedded" always exists */
	char *zone;             /* dns-01: the zone that the provider changes; NULL: the one that name servers show */
	int publish;            /* http-01 */
	char *folder;           /* http-01 with ROUTE_FOLDER: document root of another web server */
	int64_t ttl;            /* seconds; 0: the provider's minimum or 60 */
	char *authority;        /* profile whose rules apply; NULL: check.authority */
	int preflight;          /* what becomes of a name that cannot pass */
	int unknown;            /* whether what cannot be seen from here is ready */
	int delegation;         /* whether others point CNAMEs into the suffix: engine/target.h */
};

struct config_callback_secret { char *name; struct secret *secret; };

/* callbacks: who may have which URL called, signed with which secret. */
struct config_callback {
	char *secret;           /* a name under callback-secrets */
	char **urls;            /* these and all below them */
	char **clients;         /* by name, "*": all; empty: operators only. Operators use every rule */
};

/* audit: the log of who did what. */
struct config_audit {
	int64_t keep_ms;        /* older entries are removed; 0: never */
	struct secret *key;     /* Ed25519 key (PEM) that signs its head; NULL: <state-dir>/audit.key */
};

struct config {
	unsigned holders;       /* beside the one who read it: config_hold() */
	char *file;             /* where it came from, or NULL */
	char *state_dir;        /* default "/var/lib/dcvd" */
	char *user;             /* that a start as root changes to; NULL: see daemon/privileges.h */
	struct config_http http;
	struct config_api api;
	struct config_dns dns;
	struct config_resolver resolver;
	struct config_challenge challenge;
	struct config_check check;
	struct config_log log;
	struct config_cps cps;
	struct config_httpreq httpreq;
	struct config_acme_dns acme_dns;
	struct config_cert_manager cert_manager;
	struct config_perspectives perspectives;
	struct config_sandbox sandbox;
	struct config_audit audit;
	struct config_provider *providers;
	size_t provider_count;
	struct config_route *routes;
	size_t route_count;
	struct config_callback_secret *callback_secrets;
	size_t callback_secret_count;
	struct config_callback *callbacks;
	size_t callback_count;
	char *warnings;         /* noted while reading; see config_warnings() */
	struct config_place *places; /* of config_read_all(): where each key stands; or NULL */
};

/* Option table of a provider type, and the size of its struct; NULL when there is no such type.
 * The daemon passes the registry in: conf knows no provider. */
typedef const struct option *(*config_provider_table_fn)(const char *type, size_t *ret_size);

/* The state folder alone, for commands that look into it: secrets, providers and all else are not read. Gives *ret (free with free). */
int config_read_state_dir(const char *file, char **ret, struct err *err);

/* Reads `file` (NULL: no file, all defaults), then applies `overrides` (NULL-ended "http.listen=8080",
 * value in YAML flow syntax). Gives *ret (free with config_free). Errors: "FILE:LINE:COLUMN: sentence". */
int config_read(const char *file, const char *const *overrides, config_provider_table_fn tables,
                struct config **ret, struct err *err);
/* The same for who wants to hear of every mistake: they come into `mistakes`, one a line, and what could be read into *ret, which is
 * fit for looking at only when there are none. An error is left for what cannot be read at all. */
int config_read_all(const char *file, const char *const *overrides, config_provider_table_fn tables, struct buf *mistakes,
                    struct config **ret, struct err *err);
/* "FILE:LINE:COLUMN: " of a key such as "check.authority", "routes[2].provider" or "providers.corp", as far as it is known: for
 * mistakes that are found later. Gives (free with free). */
char *config_where(const struct config *c, const char *path);
/* The same from text (fuzzed). */
int config_parse(const char *text, size_t length, const char *name, const char *const *overrides,
                 config_provider_table_fn tables, struct config **ret, struct err *err);
/* Counted, on the loop thread: a reload gives up the old configuration, which goes with the last of those who hold it. Gives (free with config_free). */
struct config *config_hold(const struct config *c);
void config_free(struct config *c); /* gives up one hold; NULL is allowed */

/* Sentences about what is allowed but unwise (inline secrets, …), one per line into `out`. */
void config_warnings(const struct config *c, struct buf *out);
/* The effective configuration as YAML, secrets as "***". */
void config_dump(const struct config *c, struct buf *out);
/* A commented example of every option, valid as it stands. */
void config_example(const char *const *provider_types, config_provider_table_fn tables, struct buf *out);

/* Whether a section ("dns") has the same values in both. Secrets are not compared. */
bool config_section_is_same(const struct config *a, const struct config *b, const char *name);

/* What is read at the start only stays in `fresh` as `running` has it; `fn` hears the name ("api.listen") of each that would be another. */
typedef void (*config_kept_fn)(const char *option, void *arg);
void config_keep_running(struct config *fresh, const struct config *running, config_kept_fn fn, void *arg);

/* The route of a name, NULL when none matches. Longest suffix wins; among equals the first. */
/* NULL: there is none of that name. */
const struct config_cps_policy *config_cps_policy(const struct config *c, const char *name);
/* When the next of its deployment windows begins, after that moment; 0: it has none. */
int64_t config_cps_next_window(const struct config_cps_policy *p, int64_t wall_ms);
bool config_cps_in_window(const struct config_cps_policy *p, int64_t wall_ms);
const struct config_route *config_route(const struct config *c, enum challenge_type type, const char *name);
/* The delegation zone that holds a name: the route of DNS types with the longest suffix among those that say delegation:, also where a
 * longer one says nothing. NULL: none. */
const struct config_route *config_delegation(const struct config *c, const char *name);
const struct config_provider *config_provider(const struct config *c, const char *name);

#endif
