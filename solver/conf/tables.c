#include "solver/conf/tables.h"

#include <string.h>

#include "solver/base/log.h"
#include "solver/conf/check.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const char *const level_names[] = {
	[LOG_ERROR] = "error", [LOG_WARNING] = "warning", [LOG_INFO] = "info", [LOG_DEBUG] = "debug", NULL,
};
static const char *const format_names[] = { [LOG_TEXT] = "text", [LOG_JSON] = "json", NULL };
static const char *const type_names[] = { CHALLENGE_TYPE_NAMES, [CHALLENGE_TYPES] = "both", NULL };
static const char *const tls_profile_names[] = { [TLS_PROFILE_INTERMEDIATE] = "intermediate", [TLS_PROFILE_MODERN] = "modern", NULL };
static const char *const crl_check_names[] = { [TLS_CRL_STRICT] = "strict", [TLS_CRL_SOFT] = "soft", NULL };
static const char *const client_certificate_names[] = { [TLS_CLIENT_OPTIONAL] = "optional", [TLS_CLIENT_REQUIRED] = "required", NULL };
static const char *const wait_names[] = { [HTTPREQ_QUICK] = "quick", [HTTPREQ_VERIFIED] = "verified", NULL };
static const char *const registration_names[] = {
	[ACME_DNS_OFF] = "off", [ACME_DNS_TOKEN] = "token", [ACME_DNS_OPEN] = "open", NULL,
};
static const char *const preflight_names[] = {
	[PREFLIGHT_REFUSE] = "refuse", [PREFLIGHT_WARN] = "warn", [PREFLIGHT_OFF] = "off", NULL,
};
static const char *const delegation_names[] = { [DELEGATION_OFF] = "off", [DELEGATION_ON] = "on", [DELEGATION_FIRST_USE] = "first-use", NULL };
static const char *const unknown_names[] = { [UNKNOWN_HOLD] = "hold", [UNKNOWN_ACCEPT] = "accept", NULL };
static const char *const publish_names[] = { [ROUTE_RESPONDER] = "responder", [ROUTE_FOLDER] = "folder", NULL };

#define AT(member) offsetof(struct config, member)
static const struct option top_options[] = {
	{ "state-dir", OPTION_PATH, AT(state_dir), .def = "/var/lib/dcvd", .min = 1, .max = 1024,
	  .start = true, .help = "Folder of the journal, which survives a restart. Only the service may have write access to it." },
	{ "user", OPTION_TEXT, AT(user), .min = 1, .max = 64, .check = check_name,
	  .start = true, .help = "User (name or number) that a start as root changes to before anything listens; the state folder is given to it. Without it: dcvd where there is "
	          "such a user, else the number 65053 where that can read and write what the configuration names, else root without its capabilities. ~/ is then the home of that user, or the state folder where it has none." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_log, member)
static const struct option log_options[] = {
	{ "level", OPTION_ENUM, AT(level), .def = "info", .names = level_names,
	  .help = "Least important lines that are written: error, warning, info or debug." },
	{ "format", OPTION_ENUM, AT(format), .def = "text", .names = format_names,
	  .help = "Form of the lines on standard error: text or json." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_http, member)
static const struct option http_options[] = {
	{ "listen", OPTION_LIST, AT(listen), .def = "80", .max = 64, .check = check_listen,
	  .help = "Where tokens are served: address:port, [v6]:port, or a port for all addresses. [] turns it off." },
	{ "redirect-unknown", OPTION_TEXT, AT(redirect_unknown), .min = 8, .max = 512, .check = check_url,
	  .help = "Base URL that tokens unknown here are redirected to, as http://dcv.akamai.com; without it: 404." },
	{ "threads", OPTION_INT, AT(threads), .def = "0", .min = 0, .max = 256,
	  .help = "Threads that answer; 0 is one per core." },
	{ "connections", OPTION_INT, AT(connections), .def = "10000", .min = 1, .max = 1000000,
	  .help = "Connections at once, at most half of them from one address (one /64 of IPv6; loopback is exempt). When they are full, the one that "
	          "has waited longest for its peer is closed for a new one." },
	{ "tls-listen", OPTION_LIST, AT(tls_listen), .max = 64, .check = check_listen,
	  .help = "Where tokens are served with TLS, for authorities that were redirected from port 80; 443 is port 443 of all addresses." },
	{ "tls-certificate", OPTION_PATH, AT(tls_certificate), .min = 1, .max = 1024,
	  .help = "Certificate chain (PEM) of tls-listen. Read again when it changes; until it exists, connections are refused." },
	{ "tls-key", OPTION_PATH, AT(tls_key), .min = 1, .max = 1024,
	  .help = "Private key (PEM) of that certificate." },
	{ "tls-profile", OPTION_ENUM, AT(tls_profile), .def = "intermediate", .names = tls_profile_names,
	  .help = "Versions and ciphers, by Mozilla's names: intermediate (TLS 1.2 and 1.3, ECDHE with AEAD only), or modern (TLS 1.3 only)." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_api, member)
static const struct option api_options[] = {
	{ "listen", OPTION_LIST, AT(listen), .def = "127.0.0.1:8053", .max = 64, .check = check_listen,
	  .help = "Where the API is served without TLS: keep it on loopback or behind a proxy. [] turns it off." },
	{ "loopback-open", OPTION_BOOL, AT(loopback_open), .def = "false",
	  .help = "Callers from this machine need no token. Any local user may then publish." },
	{ "max-body", OPTION_INT, AT(max_body), .def = "1048576", .min = 1024, .max = 67108864,
	  .help = "Largest request body in bytes; at most 65536 without valid credentials." },
	{ "connections", OPTION_INT, AT(connections), .def = "2000", .min = 1, .max = 1000000,
	  .help = "Connections at once over all addresses. When they are full, the one that has waited longest for its peer is closed for a new one." },
	{ "connections-per-address", OPTION_INT, AT(connections_per_address), .def = "1000", .min = 1, .max = 1000000,
	  .help = "Connections at once from one address (one /64 of IPv6); loopback and trusted-proxies are exempt." },
	{ "requests-per-client", OPTION_INT, AT(requests_per_client), .def = "500", .min = 1, .max = 1000000,
	  .help = "Requests of one client under way at once: event streams, waits and all others. More get 429; what only withdraws is exempt." },
	{ "tls-listen", OPTION_LIST, AT(tls_listen), .max = 64, .check = check_listen,
	  .help = "Where the API is served with TLS, beside listen." },
	{ "tls-certificate", OPTION_PATH, AT(tls_certificate), .min = 1, .max = 1024,
	  .help = "Certificate chain (PEM) of tls-listen. Read again when it changes; until it exists, connections are refused." },
	{ "tls-key", OPTION_PATH, AT(tls_key), .min = 1, .max = 1024,
	  .help = "Private key (PEM) of that certificate." },
	{ "tls-profile", OPTION_ENUM, AT(tls_profile), .def = "intermediate", .names = tls_profile_names,
	  .help = "Versions and ciphers, by Mozilla's names: intermediate (TLS 1.2 and 1.3, ECDHE with AEAD only), or modern (TLS 1.3 only)." },
	{ "tls-client-ca", OPTION_PATH, AT(tls_client_ca), .min = 1, .max = 1024,
	  .help = "CA certificates (PEM) that client certificates are verified against." },
	{ "tls-client-crl", OPTION_LIST, AT(tls_client_crl), .max = 16,
	  .help = "Files of revocation lists (PEM or DER) of these CAs. Read again when they change; what they name is refused, also on open connections." },
	{ "tls-crl-check", OPTION_ENUM, AT(tls_crl_check), .def = "strict", .names = crl_check_names,
	  .help = "strict: a certificate is accepted only while a current list of its issuer covers it; soft: also while there is no current list." },
	{ "tls-client-certificate", OPTION_ENUM, AT(tls_client_certificate), .def = "optional", .names = client_certificate_names,
	  .help = "optional, or required: without a verified client certificate there is no connection." },
	{ "front-proxy-ca", OPTION_PATH, AT(front_proxy_ca), .min = 1, .max = 1024,
	  .help = "CA certificates (PEM) of the proxy whose X-Remote-User is believed, as Kubernetes' requestheader-client-ca-file." },
	{ "front-proxy-crl", OPTION_LIST, AT(front_proxy_crl), .max = 16,
	  .help = "Files of revocation lists of that CA, as tls-client-crl." },
	{ "front-proxy-names", OPTION_LIST, AT(front_proxy_names), .def = "front-proxy-client", .max = 64,
	  .help = "Common names that the certificate of that proxy may have." },
	{ "trusted-proxies", OPTION_LIST, AT(trusted_proxies), .max = 64, .check = check_network,
	  .help = "Networks of reverse proxies whose X-Forwarded-For is believed." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_dns, member)
static const struct option dns_options[] = {
	{ "listen", OPTION_LIST, AT(listen), .def = "127.0.0.1:5353", .max = 64, .check = check_listen,
	  .help = "Where the embedded DNS server answers, UDP and TCP; 53 is port 53 of all addresses. [] turns it off." },
	{ "zones", OPTION_LIST, AT(zones), .def = "dcvd.test", .max = 10000, .check = check_domain,
	  .help = "Zones that are delegated to the embedded DNS server." },
	{ "name-servers", OPTION_LIST, AT(name_servers), .max = 16, .check = check_domain,
	  .help = "Names of the zones' servers, as the parent zone delegates to; empty: ns1.<zone>. Their addresses stand in the parent zone." },
	{ "contact", OPTION_TEXT, AT(contact), .min = 1, .max = 254,
	  .help = "Mail address in the SOA record; without it: hostmaster.<zone>." },
	{ "negative-ttl", OPTION_DURATION, AT(negative_ttl_ms), .def = "5s", .min = 0, .max = DAY,
	  .help = "How long others may remember that a name does not exist. Short, so that a value is seen soon." },
	{ "rate-limit", OPTION_INT, AT(rate_limit), .def = "500", .min = 0, .max = 1000000,
	  .help = "UDP replies a second to one network (/24, or /56 of IPv6), so that forged queries cannot flood their victim; twice as many at once. TCP and "
	          "loopback are exempt. 0: no limit." },
	{ "rate-limit-slip", OPTION_INT, AT(rate_limit_slip), .def = "1", .min = 0, .max = 100,
	  .help = "Beyond rate-limit every how many-th reply says \"ask by TCP\" (TC), as small as the query; the others are dropped. 1: all say it. 0: none." },
	{ "rate-limit-exempt", OPTION_LIST, AT(rate_limit_exempt), .max = 64, .check = check_network,
	  .help = "Networks without rate-limit, as resolvers of your own." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_resolver, member)
static const struct option resolver_options[] = {
	{ "servers", OPTION_LIST, AT(servers), .max = 16, .check = check_server,
	  .help = "Recursive resolvers that find the authoritative servers; empty: those of the system." },
	{ "timeout", OPTION_DURATION, AT(timeout_ms), .def = "2s", .min = 50, .max = MINUTE,
	  .help = "Wait for one answer." },
	{ "tries", OPTION_INT, AT(tries), .def = "3", .min = 1, .max = 10,
	  .help = "Questions to one server before it counts as silent." },
	{ "authority-port", OPTION_INT, AT(authority_port), .def = "53", .min = 1, .max = 65535,
	  .help = "Port of authoritative servers; another than 53 is for tests." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_challenge, member)
static const struct option challenge_options[] = {
	{ "deadline", OPTION_DURATION, AT(deadline_ms), .def = "10m", .min = 1000, .max = 7 * DAY,
	  .help = "A challenge that is not ready within this time has failed." },
	{ "lifetime", OPTION_DURATION, AT(lifetime_ms), .def = "7d", .min = 1000, .max = 90 * DAY,
	  .help = "dcvd withdraws a challenge by itself after this time." },
	{ "retention", OPTION_DURATION, AT(retention_ms), .def = "1h", .min = 0, .max = 90 * DAY,
	  .help = "Finished challenges stay listed for this time." },
	{ "batch", OPTION_DURATION, AT(batch_ms), .def = "20ms", .min = 0, .max = MINUTE,
	  .help = "The first changes of an order wait for the others in their zone for at most this time, and are sent together with them." },
	{ "live-max", OPTION_INT, AT(live_max), .def = "200000", .min = 1, .max = 10000000,
	  .help = "Live challenges at once; more are refused." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_check, member)
static const struct option check_options[] = {
	{ "poll-first", OPTION_DURATION, AT(poll_first_ms), .def = "150ms", .min = 10, .max = 10 * MINUTE,
	  .help = "Shortest pause between two looks; later ones grow with the time that was waited." },
	{ "poll-max", OPTION_DURATION, AT(poll_max_ms), .def = "60s", .min = 10, .max = 10 * MINUTE,
	  .help = "Longest pause between two looks, while a server has been asked fewer than 80 times in ten minutes." },
	{ "http-port", OPTION_INT, AT(http_port), .def = "80", .min = 1, .max = 65535,
	  .help = "Port on which web hosts are looked at; another than 80 is for tests." },
	{ "http-timeout", OPTION_DURATION, AT(http_timeout_ms), .def = "10s", .min = 100, .max = 5 * MINUTE,
	  .help = "Not used any more: the rules of the authority say how long a web host is waited for." },
	{ "http-redirects", OPTION_INT, AT(http_redirects), .def = "10", .min = 0, .max = 20,
	  .help = "Not used any more: the rules of the authority say how many redirects are followed." },
	{ "tls-port", OPTION_INT, AT(tls_port), .def = "443", .min = 1, .max = 65535,
	  .help = "Port on which TLS hosts are looked at; another than 443 is for tests." },
	{ "user-agent", OPTION_TEXT, AT(user_agent), .def = "Mozilla/5.0 (compatible; dcvd; +self-check)", .min = 1, .max = 256,
	  .check = check_header, .help = "User-Agent of the requests that an authority would make." },
	{ "authority", OPTION_TEXT, AT(authority), .def = "letsencrypt", .min = 1, .max = 64, .check = check_name,
	  .help = "Certificate authority whose rules apply, where a request names no other. A request may name an authority with looser rules "
	          "than those of public ones (pebble, private, step-ca, or one of a file) only where this or a route names it too." },
	{ "authorities", OPTION_LIST, AT(authorities), .max = 64,
	  .help = "Files (JSON) with more authorities, or with other rules for those that are built in. A rule that holds "
	          "only from a day on stands in \"changes\": [{\"from\": \"2026-12-15\", \"perspectives\": 5}]; \"ended\" is the day from which "
	          "it issues nothing, \"profiles\" are its kinds of certificates." },
	{ "authority-view", OPTION_BOOL, AT(authority_view), .def = "true",
	  .help = "Looks as the authority does: full recursion from the root with DNSSEC. Off: name servers are asked directly only." },
	{ "root-hints", OPTION_PATH, AT(root_hints), .min = 1, .max = 1024,
	  .help = "Root name servers as a hints file; without it: the public root." },
	{ "trust-anchor", OPTION_PATH, AT(trust_anchor), .min = 1, .max = 1024,
	  .help = "Key of the root for DNSSEC as a zone file; without it: that of the system, where there is one." },
	{ "stub-zones", OPTION_LIST, AT(stub_zones), .max = 256, .check = check_stub_zone,
	  .help = "\"zone address[@port]\": asked there in place of the delegation from the root." },
	{ "allow-addresses", OPTION_LIST, AT(allow_addresses), .max = 256, .check = check_network,
	  .help = "Networks that count as public, as 10.0.0.0/8. Checks connect to no other address that is not public (private, loopback, "
	          "link-local), whatever the authority allows: web hosts, receivers of callbacks, and name servers (but for those "
	          "in the same private network as one of resolver.servers). A private authority needs them." },
	{ "limit", OPTION_DURATION, AT(limit_ms), .def = "60s", .min = 1000, .max = 10 * MINUTE,
	  .help = "Longest time of one check." },
	{ "queries-per-second", OPTION_INT, AT(queries_per_second), .def = "100", .min = 1, .max = 100000,
	  .help = "Most questions to one server address in a second; all names share them." },
	{ "recheck", OPTION_DURATION, AT(recheck_ms), .def = "10m", .min = 0, .max = DAY,
	  .help = "What is ready is looked at again after a minute and then at this interval, until it is released; 0: never." },
	{ "silent-grace", OPTION_DURATION, AT(silent_grace_ms), .def = "30s", .min = 0, .max = 10 * MINUTE,
	  .help = "A server that says nothing is waited for this long when all others show the value." },
	{ 0 },
};
#undef AT

static const char *const watch_names[] = { [CPS_WATCH_OFF] = "off", [CPS_WATCH_READ] = "read", [CPS_WATCH_ACT] = "act", NULL };

#define AT(member) offsetof(struct config_cps, member)
static const struct option cps_options[] = {
	{ "edgerc", OPTION_PATH, AT(edgerc), .def = "~/.edgerc", .min = 1, .max = 1024,
	  .help = "File with the EdgeGrid credentials." },
	{ "section", OPTION_TEXT, AT(section), .def = "default", .min = 1, .max = 128,
	  .help = "Section of that file." },
	{ "base-url", OPTION_TEXT, AT(base_url), .min = 8, .max = 512, .check = check_url,
	  .help = "URL of the API in place of the credentials' host; for an emulator." },
	{ "ca-file", OPTION_PATH, AT(ca_file), .min = 1, .max = 1024,
	  .help = "Certificates that are trusted for the API in place of the system's." },
	{ "contracts", OPTION_LIST, AT(contracts), .max = 256, .check = check_contract,
	  .help = "Contracts whose enrollments are listed; empty: all that the credentials may see." },
	{ "acknowledge-warnings", OPTION_LIST, AT(acknowledge_warnings), .max = 256, .check = check_warning,
	  .help = "Codes of warnings that may be acknowledged without asking, or text-sha256:… of one exact text. No other is." },
	{ "prefer", OPTION_TEXT, AT(prefer), .def = "dns-01", .min = 1, .max = 16, .check = check_challenge_type,
	  .help = "Challenge type where routes allow both: dns-01 or http-01." },
	{ "per-minute", OPTION_INT, AT(per_minute), .def = "35", .min = 1, .max = 10000,
	  .help = "Requests a minute, shared by everything that talks to CPS." },
	{ "burst", OPTION_INT, AT(burst), .def = "20", .min = 1, .max = 10000,
	  .help = "Requests in two seconds." },
	{ "poll", OPTION_DURATION, AT(poll_ms), .def = "30s", .min = 10, .max = DAY,
	  .help = "Pause between two looks at a change." },
	{ "account-key", OPTION_TEXT, AT(account_key), .min = 1, .max = 128,
	  .help = "Account that is switched to (accountSwitchKey), in place of what the credentials say." },
	{ "watch", OPTION_ENUM, AT(watch), .def = "off", .names = watch_names,
	  .help = "read: keeps an inventory of all enrollments and raises alarms; act: drives the changes of managed ones, too." },
	{ "watch-interval", OPTION_DURATION, AT(watch_interval_ms), .def = "15m", .min = 1000, .max = DAY,
	  .help = "Pause between two looks at the list of enrollments." },
	{ "unknown-status-alarm", OPTION_DURATION, AT(unknown_status_alarm_ms), .def = "6h", .min = 1000, .max = 7 * DAY,
	  .help = "A status of a change that dcvd does not know is waited for, and told after this long." },
	{ "callbacks", OPTION_LIST, AT(callbacks), .max = 16, .check = check_url,
	  .help = "URLs that are told of alarms and of what happens to enrollments, as signed CloudEvents (dcvd.cps.…); callbacks: must allow them." },
	{ "callback-secret", OPTION_TEXT, AT(callback_secret), .min = 1, .max = 64, .check = check_name,
	  .help = "A name under callback-secrets: the key that signs them." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_httpreq, member)
static const struct option httpreq_options[] = {
	{ "wait", OPTION_ENUM, AT(wait), .def = "quick", .names = wait_names,
	  .help = "When present is answered: quick, when the provider has it, or verified, when the checks see it. Callers may choose: .../verified/present." },
	{ "limit", OPTION_DURATION, AT(limit_ms), .def = "20s", .min = 100, .max = 25000,
	  .help = "Longest wait for an answer; the clients give up at 30s. dcvd continues with a challenge that is not ready by then." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_acme_dns, member)
static const struct option acme_dns_options[] = {
	{ "zone", OPTION_TEXT, AT(zone), .min = 1, .max = 253, .check = check_domain,
	  .help = "Zone of the accounts' names, one of dns.zones; without it: the first of them." },
	{ "registration", OPTION_ENUM, AT(registration), .def = "token", .names = registration_names,
	  .help = "Who may make an account: off, token (a client's token in the URL), or open (anybody)." },
	{ "networks", OPTION_LIST, AT(networks), .max = 100, .check = check_network,
	  .help = "Networks that accounts are made from; empty: all." },
	{ "lifetime", OPTION_DURATION, AT(lifetime_ms), .def = "24h", .min = HOUR, .max = 24 * HOUR,
	  .help = "A value is withdrawn after this time: the clients never do." },
	{ "values", OPTION_INT, AT(values), .def = "100", .min = 2, .max = 1000,
	  .help = "Values at one name; the oldest makes room for one more." },
	{ "accounts", OPTION_INT, AT(accounts), .def = "100000", .min = 1, .max = 1000000,
	  .help = "Accounts; more are refused." },
	{ "registrations", OPTION_INT, AT(registrations), .def = "60", .min = 0, .max = 1000000,
	  .help = "With registration: open, accounts that are made in an hour by all together; more are refused (429), and of one network those beyond a tenth. 0: no limit." },
	{ "updates", OPTION_INT, AT(updates), .def = "60", .min = 0, .max = 1000000,
	  .help = "Updates that one account may make in a minute; more are refused. 0: no limit." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_cert_manager, member)
static const struct option cert_manager_options[] = {
	{ "group", OPTION_TEXT, AT(group), .min = 1, .max = 253, .check = check_domain,
	  .help = "API group of the webhook, a domain of yours, as groupName of the issuer; without it the door is shut." },
	{ "solver", OPTION_TEXT, AT(solver), .def = "dcvd", .min = 1, .max = 63, .check = check_domain,
	  .help = "Name of the solver, as solverName of the issuer." },
	{ "wait", OPTION_ENUM, AT(wait), .def = "verified", .names = wait_names,
	  .help = "When Present is answered: verified, when the checks see it, or quick, when the provider has it." },
	{ "limit", OPTION_DURATION, AT(limit_ms), .def = "20s", .min = 100, .max = 25000,
	  .help = "Longest wait for an answer; kube-apiserver gives up at 34s. dcvd continues with a challenge that is not ready by then." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_perspectives, member)
static const struct option perspectives_options[] = {
	{ "peers", OPTION_LIST, AT(peers), .max = 32,
	  .help = "Other nodes that look too, as \"code RIR url\": eu-west RIPE https://dcvd.example.net:8443. Their door mpic must be granted." },
	{ "coordinator", OPTION_TEXT, AT(coordinator), .min = 8, .max = 512, .check = check_url,
	  .help = "URL of an Open MPIC coordinator, which is asked in place of the peers." },
	{ "keys", OPTION_SECRET, AT(keys),
	  .help = "Tokens to send: a line \"code token\" for each peer (\"coordinator token\"), or a token alone for all." },
	{ "ca-file", OPTION_PATH, AT(ca_file), .min = 1, .max = 1024,
	  .help = "Certificates that are trusted for them in place of the system's." },
	{ "timeout", OPTION_DURATION, AT(timeout_ms), .def = "15s", .min = 1000, .max = MINUTE,
	  .help = "How long dcvd waits for the other perspectives; one that has not answered by then counts as not corroborating." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_route, member)
const struct option route_options[] = {
	{ "suffix", OPTION_TEXT, AT(suffix), .def = "*", .max = 254, .check = check_suffix,
	  .help = "Domain that it serves, with all below; \"*\" is every name. The longest match wins." },
	{ "type", OPTION_ENUM, AT(type), .def = "both", .names = type_names,
	  .help = "Challenge type: http-01, dns-01 (with it dns-account-01 and dns-persist-01) or both." },
	{ "provider", OPTION_TEXT, AT(provider), .def = "embedded", .min = 1, .max = 64,
	  .help = "dns-01: a name under providers, or embedded." },
	{ "zone", OPTION_TEXT, AT(zone), .max = 254, .check = check_domain,
	  .help = "dns-01: zone that the provider is told to change; without it: the zone that name servers show to this host (views may differ)." },
	{ "publish", OPTION_ENUM, AT(publish), .def = "responder", .names = publish_names,
	  .help = "http-01: responder answers itself; folder writes files for another web server." },
	{ "folder", OPTION_PATH, AT(folder), .min = 1, .max = 1024,
	  .help = "http-01 with publish: folder: document root of that web server." },
	{ "ttl", OPTION_INT, AT(ttl), .def = "0", .min = 0, .max = 86400,
	  .help = "dns-01: seconds a value may be remembered; 0: the provider's minimum or 60." },
	{ "authority", OPTION_TEXT, AT(authority), .min = 1, .max = 64, .check = check_name,
	  .help = "Certificate authority that these names are for; without it: check.authority." },
	{ "preflight", OPTION_ENUM, AT(preflight), .def = "refuse", .names = preflight_names,
	  .help = "A name that the authority cannot accept (its form, CAA, its delegation): refuse it before anything is published, warn, or off: do not look." },
	{ "delegation", OPTION_ENUM, AT(delegation), .def = "off", .names = delegation_names,
	  .help = "dns-01: off; on: a delegation zone, into which others point CNAMEs. Each name in it belongs to one identifier (\"dcvd delegate IDENTIFIER\" shows which), and no grant on names reaches in; first-use: a name of one label is bound to the identifier that uses it first." },
	{ "unknown", OPTION_ENUM, AT(unknown), .def = "hold", .names = unknown_names,
	  .help = "Where what the authority sees cannot be seen from here: hold back until the deadline, or accept as ready." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_callback, member)
const struct option callback_options[] = {
	{ "secret", OPTION_TEXT, AT(secret), .required = true, .min = 1, .max = 64, .check = check_name,
	  .help = "A name under callback-secrets: the key that signs these calls." },
	{ "urls", OPTION_LIST, AT(urls), .required = true, .max = 256, .check = check_url,
	  .help = "URLs that may be called, with all below them: same scheme, host and port, and the path up to a \"/\". Their addresses must be "
	          "public, or check.allow-addresses names them." },
	{ "clients", OPTION_LIST, AT(clients), .max = 256,
	  .help = "Clients that may ask for such a call, by name; \"*\": all. Without it only operators may." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_sandbox, member)
static const struct option sandbox_options[] = {
	{ "system-calls", OPTION_BOOL, AT(system_calls), .def = "true",
	  .start = true, .help = "Only system calls of ordinary programs (seccomp), also for programs that exec providers run; where systemd or a container filters already, its filter is enough." },
	{ "files", OPTION_BOOL, AT(files), .def = "true",
	  .start = true, .help = "Nothing is written but the state folder, the folders of routes, and writable (Landlock, where the kernel has it). With exec providers only where "
	          "writable says what their programs need. All this holds from the start on: new folders need a restart." },
	{ "writable", OPTION_LIST, AT(writable), .max = 256,
	  .start = true, .help = "Folders that programs of exec providers write to, as /tmp and ~/.acme.sh with its whole path." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_audit, member)
static const struct option audit_options[] = {
	{ "keep", OPTION_DURATION, AT(keep_ms), .def = "0s", .min = 0, .max = 36500 * DAY,
	  .help = "Entries of the audit log that are older are removed, as 400d; the rest can still be verified, and an entry says what was removed. 0s: never." },
	{ "key", OPTION_SECRET, AT(key),
	  .help = "Private Ed25519 key (PEM) that signs the head of the audit log; without it: audit.key in the state folder, made when it is needed first." },
	{ 0 },
};
#undef AT

const struct section config_sections[] = {
	{ "", top_options, 0, NULL },
	{ "log", log_options, offsetof(struct config, log), "Log lines on standard error." },
	{ "http", http_options, offsetof(struct config, http), "The HTTP-01 responder." },
	{ "api", api_options, offsetof(struct config, api), "REST and the other front doors." },
	{ "dns", dns_options, offsetof(struct config, dns), "The embedded authoritative DNS server." },
	{ "resolver", resolver_options, offsetof(struct config, resolver), "How names are resolved." },
	{ "sandbox", sandbox_options, offsetof(struct config, sandbox), "What the service takes from itself at the start." },
	{ "challenge", challenge_options, offsetof(struct config, challenge), "Times of a challenge." },
	{ "check", check_options, offsetof(struct config, check), "The self-check." },
	{ "cps", cps_options, offsetof(struct config, cps), "Akamai CPS." },
	{ "httpreq", httpreq_options, offsetof(struct config, httpreq), "The door of lego's httpreq and of acmeproxy." },
	{ "acme-dns", acme_dns_options, offsetof(struct config, acme_dns), "The door of acme-dns clients." },
	{ "perspectives", perspectives_options, offsetof(struct config, perspectives), "Other nodes that look too (Open MPIC)." },
	{ "audit", audit_options, offsetof(struct config, audit), "The log of who did what." },
	{ "cert-manager", cert_manager_options, offsetof(struct config, cert_manager), "The door of cert-manager (webhook solver)." },
	{ 0 },
};

void *section_base(const struct section *s, const struct config *c)
{
	return (char *)c + s->offset;
}

const struct section *section_find(const char *name)
{
	for (const struct section *s = config_sections; s->name; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}
