/* The configuration as a whole: what is refused and in which words, what an empty file means, routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/conf/config.h"

struct knot_options {
	char *server;
	struct secret *secret;
	int64_t ttl;
};

static const struct option knot_table[] = {
	{ "server", OPTION_TEXT, offsetof(struct knot_options, server), .required = true, .help = "Where to." },
	{ "secret", OPTION_SECRET, offsetof(struct knot_options, secret), .help = "Key." },
	{ "ttl", OPTION_INT, offsetof(struct knot_options, ttl), .def = "60", .min = 1, .max = 100, .help = "Time." },
	{ 0 },
};
static const struct option empty_table[] = { { 0 } };

static const struct option *tables(const char *type, size_t *ret_size)
{
	*ret_size = strcmp(type, "knot") == 0 ? sizeof(struct knot_options) : 0;
	if (strcmp(type, "embedded") == 0)
		return empty_table;
	return *ret_size ? knot_table : NULL;
}

static int parse(const char *text, const char *override, struct config **ret, struct err *err)
{
	const char *overrides[] = { override, NULL };

	*err = (struct err){ 0 };
	return config_parse(text, strlen(text), "f", overrides, tables, ret, err);
}

static struct config *good(const char *text)
{
	struct config *c = NULL;
	struct err err;

	if (parse(text, NULL, &c, &err) < 0)
		fail_msg("%s", err.text);
	return c;
}

static void refuses(const char *text, const char *override, const char *sentence)
{
	struct config *c = NULL;
	struct err err;

	assert_int_equal(parse(text, override, &c, &err), ERR_INVALID);
	assert_string_equal(err.text, sentence);
	assert_null(c);
}

static void names_the_nearest_of_an_unknown_key(void **state)
{
	(void)state;
	refuses("log: {}\nhtpp: {}\n", NULL, "f:2:1: unknown key 'htpp'; did you mean 'http'?");
	refuses("provider: {}\n", NULL, "f:1:1: unknown key 'provider'; did you mean 'providers'?");
	refuses("state_dir: x\n", NULL, "f:1:1: unknown key 'state_dir'; did you mean 'state-dir'?");
	refuses("zzzzzz: x\n", NULL, "f:1:1: unknown key 'zzzzzz'");
	refuses("\"\": x\n", NULL, "f:1:1: unknown key ''");
	refuses("http:\n  lisetn: 80\n", NULL, "f:2:3: http: unknown key 'lisetn'; did you mean 'listen'?");
}

static void refuses_wrong_types_with_their_place(void **state)
{
	(void)state;
	refuses("- a\n", NULL, "f:1:1: expected a mapping of options");
	refuses("http: 80\n", NULL, "f:1:7: http: expected a mapping, found a text");
	refuses("http:\n  threads: many\n", NULL, "f:2:12: http.threads: expected a whole number, found 'many'");
	refuses("http: {listen: {a: b}}\n", NULL,
	        "f:1:16: http.listen: expected a list, found a mapping (an empty list is [])");
	refuses("state-dir:\n", NULL, "f:1:1: state-dir: expected a text, found nothing");
	refuses("providers: [a]\n", NULL, "f:1:12: providers: expected a mapping of names to providers");
	refuses("routes: {a: b}\n", NULL, "f:1:9: routes: expected a list of routes ('- suffix: …')");
	refuses("callback-secrets: [a]\n", NULL, "f:1:19: callback-secrets: expected a mapping of names to secrets");
}

static void refuses_what_is_out_of_range_and_names_the_range(void **state)
{
	(void)state;
	refuses("http: {threads: 257}\n", NULL, "f:1:17: http.threads: 257 is out of range (0 to 256)");
	refuses("dns: {negative-ttl: 2d}\n", NULL, "f:1:21: dns.negative-ttl: 2d is out of range (0 to 1d)");
	refuses("http: {listen: \"70000\"}\n", NULL,
	        "f:1:16: http.listen: '70000': write address:port, [v6]:port or a port from 1 to 65535");
}

static void refuses_broken_yaml_with_line_and_column(void **state)
{
	(void)state;
	refuses("http: {}\nhttp: {}\n", NULL, "f:2:1: duplicate key 'http'");
	refuses("http:\n  threads: 1\n  threads: 1\n", NULL, "f:3:3: duplicate key 'threads'");
	refuses("a: [1\nb: }\n", NULL, "f:2:4: mismatched flow mapping end");
	refuses("a:\n  b: 1\n c: 2\n", NULL, "f:3:2: invalid indentation in mapping");
	refuses("a: \"x\n", NULL, "f:1:5: double-quoted scalar without closing quote");
	refuses("a: \xff\n", NULL, "f:1:4: byte 0xff is not text (UTF-8 is expected)");
	refuses("a: &x 1\nb: *x\n", NULL, "f:2:5: aliases ('*name') are not supported");
	refuses("log: {}\n---\nlog: {}\n", NULL, "f:2:1: a second document ('---'): one is read");
	refuses("state-dir: \"/a\\0b\"\n", NULL, "f:1:12: a text cannot hold a zero byte");
	refuses("[a]: b\n", NULL, "f:1:1: a key must be a word");
	refuses("[[[[[[[[[[[[[[[[[[[[[[", NULL, "f:1:17: nested deeper than 16 levels");
}

static void refuses_bytes(const char *text, size_t length, const char *sentence)
{
	struct config *c = NULL;
	struct err err = { 0 };

	assert_int_equal(config_parse(text, length, "f", NULL, tables, &c, &err), ERR_INVALID);
	assert_string_equal(err.text, sentence);
}

/* libfyaml loops for ever over some of these and reads others as an empty text. */
static void refuses_bytes_that_are_no_text_before_the_parser_sees_them(void **state)
{
	(void)state;
	refuses("%\x80\n", NULL, "f:1:2: byte 0x80 is not text (UTF-8 is expected)");
	refuses("\x80\nlog: {}\n", NULL, "f:1:1: byte 0x80 is not text (UTF-8 is expected)");
	refuses("a: ä\xc0\x80\n", NULL, "f:1:5: byte 0xc0 is not text (UTF-8 is expected)");          /* overlong */
	refuses("# \xe0\x80\x80\n", NULL, "f:1:3: byte 0xe0 is not text (UTF-8 is expected)");
	refuses("# \xf0\x8f\xbf\xbf\n", NULL, "f:1:3: byte 0xf0 is not text (UTF-8 is expected)");
	refuses("a: \xed\xa0\x80\n", NULL, "f:1:4: byte 0xed is not text (UTF-8 is expected)");         /* a surrogate */
	refuses("a: \xf4\x90\x80\x80\n", NULL, "f:1:4: byte 0xf4 is not text (UTF-8 is expected)");     /* above U+10FFFF */
	refuses("log: {}\n# \xf0\x9f\x98", NULL, "f:2:3: byte 0xf0 is not text (UTF-8 is expected)"); /* cut off */
	refuses("a: b\rc: \x01\n", NULL, "f:2:4: byte 0x01 is a control character, which YAML does not allow");
	refuses("a: \x7f\n", NULL, "f:1:4: byte 0x7f is a control character, which YAML does not allow");
	refuses("a: \xc2\x9b\n", NULL, "f:1:4: the character U+009b is not allowed in YAML");
	refuses("a: \xef\xbf\xbe\n", NULL, "f:1:4: the character U+fffe is not allowed in YAML");
	refuses("log: {}\n\xef\xbb\xbf\n", NULL, "f:2:1: the byte order mark U+feff belongs at the start of the file only");
	refuses_bytes("log: {}\n\0http: {}\n", 18, "f:2:1: byte 0x00 is a control character, which YAML does not allow");
	refuses_bytes("\0", 1, "f:1:1: byte 0x00 is a control character, which YAML does not allow");
	refuses("", "state-dir=/\xff", "--set state-dir:1:2: byte 0xff is not text (UTF-8 is expected)");
	refuses("", "http.listen=[\"\xc0\x80\"]", "--set http.listen:1:3: byte 0xc0 is not text (UTF-8 is expected)");
}

static void refuses_a_text_that_reads_as_empty_and_is_not(void **state)
{
	(void)state;
	refuses("%", NULL, "f:1:1: the text holds no value, but more than comments");
	refuses("\n# x\n%log: {}\n", NULL, "f:3:1: the text holds no value, but more than comments");
}

static void takes_a_text_without_options_for_the_defaults(void **state)
{
	static const char *const texts[] = { "", "\n", "# only comments\n", "\xef\xbb\xbf", "\xef\xbb\xbf# x", "...\n", "--- # none\n", "~" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		config_free(good(texts[i]));
}

static void reads_a_file_that_begins_with_a_byte_order_mark(void **state)
{
	struct config *c = good("\xef\xbb\xbfstate-dir: /ä\n");

	(void)state;
	assert_string_equal(c->state_dir, "/ä");
	config_free(c);
}

static void refuses_providers_that_cannot_work(void **state)
{
	(void)state;
	refuses("providers:\n  a:\n    ttl: 5\n", NULL, "f:2:3: providers.a: required option 'type' is missing");
	refuses("providers:\n  a: {type: knot}\n", NULL, "f:2:3: providers.a: required option 'server' is missing");
	refuses("providers:\n  a: {type: knott, server: b}\n", NULL, "f:2:13: providers.a: unknown provider type 'knott'");
	refuses("providers:\n  a: {type: knot, server: b, tll: 3}\n", NULL,
	        "f:2:30: providers.a: unknown key 'tll'; did you mean 'ttl'?");
	refuses("providers:\n  a: {type: knot, server: null}\n", NULL,
	        "f:2:27: providers.a.server: expected a text, found nothing");
	refuses("providers:\n  embedded: {type: knot, server: a}\n", NULL,
	        "f:2:3: providers.embedded: this name belongs to the embedded DNS server; take another");
	refuses("providers:\n  a b: {type: knot}\n", NULL,
	        "f:2:3: providers: 'a b': a name has 1 to 64 letters, digits, '-' or '_'");
}

static void refuses_routes_that_lead_nowhere(void **state)
{
	(void)state;
	refuses("routes:\n- suffix: a\n- {suffix: b, provider: embeded}\n", NULL,
	        "f:3:25: routes[1]: there is no provider 'embeded'; did you mean 'embedded'?");
	refuses("routes:\n- {publish: folder}\n", NULL, "f:2:13: routes[0]: 'publish: folder' needs the option 'folder'");
	refuses("routes:\n- {folder: /srv}\n", NULL, "f:2:12: routes[0]: 'folder' needs 'publish: folder'");
	refuses("routes:\n- {suffix: \"*.a\"}\n", NULL,
	        "f:2:12: routes[0].suffix: '*.a': write example.com, which matches all names below it too");
	refuses("routes:\n- {type: dns01}\n", NULL,
	        "f:2:10: routes[0].type: expected http-01, dns-01, dns-account-01, dns-persist-01, tls-alpn-01 or both, found 'dns01'; did you mean 'dns-01'?");
	refuses("routes:\n- {type: tls-alpn-01}\n", NULL,
	        "f:2:3: routes[0]: tls-alpn-01 can be checked, but only the web server itself can answer it");
	refuses("routes:\n- {suffix: a.example, zone: b.example}\n", NULL,
	        "f:2:29: routes[0]: no name below a.example lies in the zone b.example");
	refuses("routes:\n- {delegation: on}\n", NULL, "f:2:16: routes[0]: a delegation zone needs the option 'suffix': it cannot be every name");
	refuses("routes:\n- {suffix: a.example, type: http-01, delegation: first-use}\n", NULL,
	        "f:2:50: routes[0]: delegation belongs to dns-01, and this route is of http-01");
	refuses("routes:\n- {preflight: maybe}\n", NULL, "f:2:15: routes[0].preflight: expected refuse, warn or off, found 'maybe'");
}

static void the_longest_delegation_zone_holds_a_name_whatever_lies_inside(void **state)
{
	struct config *c = good("routes:\n- {suffix: example}\n- {suffix: Dlg.example, delegation: on}\n- {suffix: in.dlg.example}\n"
	                        "- {suffix: own.dlg.example, delegation: first-use}\n");

	(void)state;
	assert_null(config_delegation(c, "a.example"));
	assert_null(config_delegation(c, "xdlg.example"));
	assert_string_equal(config_delegation(c, "dlg.example")->suffix, "dlg.example");
	assert_string_equal(config_delegation(c, "a.in.dlg.example")->suffix, "dlg.example");
	assert_string_equal(config_delegation(c, "a.own.dlg.example")->suffix, "own.dlg.example");
	config_free(c);
}

static void refuses_options_that_contradict_each_other(void **state)
{
	(void)state;
	refuses("check: {poll-first: 5s, poll-max: 1s}\n", NULL, "f:1:1: check: poll-first is longer than poll-max");
	refuses("check: {stub-zones: [example.org]}\n", NULL,
	        "f:1:22: check.stub-zones: 'example.org': write \"zone address\" or \"zone address@port\"");
	refuses("check: {stub-zones: [example.org 192.0.2.1@0]}\n", NULL,
	        "f:1:22: check.stub-zones: 'example.org 192.0.2.1@0': write \"zone address\" or \"zone address@port\"");
	refuses("check: {allow-addresses: [10.0.0.0/33]}\n", NULL,
	        "f:1:27: check.allow-addresses: '10.0.0.0/33': write a network as 10.0.0.0/8 or fd00::/8");
	refuses("challenge: {deadline: 2h, lifetime: 1h}\n", NULL, "f:1:1: challenge: deadline is longer than lifetime");
	refuses("acme-dns: {zone: auth.example.org}\n", NULL, "f:1:1: acme-dns: zone auth.example.org is not among dns.zones");
}

static void refuses_overrides_without_showing_their_value(void **state)
{
	(void)state;
	refuses("", "http.listen", "--set http.listen: write path=value, as http.listen=8080");
	refuses("", "=x", "--set : write path=value, as http.listen=8080");
	refuses("", "http..x=hush", "--set http..x: not the path of an option");
	refuses("", "http.=hush", "--set http.: not the path of an option");
	refuses("", "callback-secrets.a={hush", "--set callback-secrets.a: the value is not YAML; quote what is special");
	refuses("state-dir: /x\n", "state-dir.a=1", "--set state-dir.a: 'state-dir' is not a mapping");
	refuses("", "http.threads=x", "--set: http.threads: expected a whole number, found 'x'");
	refuses("", "htpp.threads=1", "--set: unknown key 'htpp'; did you mean 'http'?");
}

static void refuses_a_text_that_is_too_large(void **state)
{
	CLEANUP(mem_freep) char *text = mem_new(CONFIG_MAX_BYTES + 2, 1);
	struct config *c = NULL;
	struct err err = { 0 };

	(void)state;
	memset(text, '#', CONFIG_MAX_BYTES + 1);
	assert_int_equal(config_parse(text, CONFIG_MAX_BYTES + 1, "f", NULL, tables, &c, &err), ERR_TOO_LARGE);
	assert_string_equal(err.text, "f: larger than 1048576 bytes");
	config_free(NULL);
}

static void refuses_a_file_that_is_missing_or_a_folder(void **state)
{
	struct config *c = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(config_read("/nonexistent/dcvd.yaml", NULL, tables, &c, &err), ERR_NOT_FOUND);
	assert_string_equal(err.text, "/nonexistent/dcvd.yaml: there is no such file");
	assert_int_equal(config_read("/", NULL, tables, &c, &err), ERR_IO);
	assert_string_equal(err.text, "/: cannot read: Is a directory");
}

static void an_empty_file_means_the_defaults(void **state)
{
	struct config *c = good("");

	(void)state;
	assert_string_equal(c->state_dir, "/var/lib/dcvd");
	assert_string_equal(c->http.listen[0], "80");
	assert_null(c->http.listen[1]);
	assert_null(c->http.redirect_unknown);
	assert_string_equal(c->api.listen[0], "127.0.0.1:8053");
	assert_false(c->api.loopback_open);
	assert_string_equal(c->dns.listen[0], "127.0.0.1:5353");
	assert_string_equal(c->dns.zones[0], "dcvd.test");
	assert_null(c->dns.name_servers[0]);
	assert_int_equal(c->challenge.deadline_ms, 600000);
	assert_int_equal(c->challenge.lifetime_ms, 604800000);
	assert_int_equal(c->challenge.batch_ms, 20);
	assert_int_equal(c->log.level, LOG_INFO);
	assert_int_equal(c->cps.per_minute, 35);
	assert_int_equal(c->provider_count, 1);
	assert_string_equal(config_provider(c, "embedded")->type, "embedded");
	assert_null(config_provider(c, "other"));
	config_free(c);
}

static void sections_without_content_are_defaults_too(void **state)
{
	(void)state;
	config_free(good("# nothing\n"));
	config_free(good("http:\nproviders:\nroutes:\ncallback-secrets:\n"));
	config_free(good("null\n"));
	config_free(good("---\n"));
}

static void an_empty_list_turns_a_listener_off(void **state)
{
	struct config *c = good("http: {listen: []}\n");

	(void)state;
	assert_non_null(c->http.listen);
	assert_null(c->http.listen[0]);
	config_free(c);
}

static void overrides_win_over_the_file(void **state)
{
	struct config *c = NULL;
	struct err err;

	(void)state;
	assert_int_equal(parse("http: {listen: 81, threads: 2}\n", "http.listen=[\"82\", \"127.0.0.1:83\"]", &c, &err), 0);
	assert_string_equal(c->http.listen[0], "82");
	assert_string_equal(c->http.listen[1], "127.0.0.1:83");
	assert_int_equal(c->http.threads, 2);
	config_free(c);
	assert_int_equal(parse("", "providers.a={type: knot, server: b}", &c, &err), 0);
	assert_string_equal(((struct knot_options *)config_provider(c, "a")->options)->server, "b");
	config_free(c);
	assert_int_equal(parse("http:\n", "http.threads=3", &c, &err), 0);
	assert_int_equal(c->http.threads, 3);
	config_free(c);
}

static void without_a_file_only_overrides_count(void **state)
{
	const char *overrides[] = { "state-dir=/tmp/x", NULL };
	struct config *c = NULL;
	struct err err = { 0 };

	(void)state;
	assert_int_equal(config_read(NULL, overrides, tables, &c, &err), 0);
	assert_null(c->file);
	assert_string_equal(c->state_dir, "/tmp/x");
	config_free(c);
}

static void without_routes_all_goes_to_the_embedded_server(void **state)
{
	struct config *c = good("routes: []\n");
	const struct config_route *route = config_route(c, CHALLENGE_DNS01, "a.example");

	(void)state;
	assert_string_equal(route->suffix, "");
	assert_string_equal(route->provider, "embedded");
	assert_int_equal(route->publish, ROUTE_RESPONDER);
	assert_ptr_equal(route, config_route(c, CHALLENGE_HTTP01, "b.example"));
	config_free(c);
}

static void a_route_of_dns01_serves_all_that_a_txt_record_proves(void **state)
{
	struct config *c = good("routes: [{suffix: a.example, type: dns-01, authority: private, preflight: warn, unknown: accept, zone: A.Example.}]\n");
	const struct config_route *route = config_route(c, CHALLENGE_DNS01, "a.example");

	(void)state;
	assert_non_null(route);
	assert_ptr_equal(config_route(c, CHALLENGE_DNS_ACCOUNT01, "a.example"), route);
	assert_ptr_equal(config_route(c, CHALLENGE_DNS_PERSIST01, "a.example"), route);
	assert_null(config_route(c, CHALLENGE_HTTP01, "a.example"));
	assert_null(config_route(c, CHALLENGE_TLS_ALPN01, "a.example"));
	assert_string_equal(route->authority, "private");
	assert_string_equal(route->zone, "a.example");
	assert_int_equal(route->preflight, PREFLIGHT_WARN);
	assert_int_equal(route->unknown, UNKNOWN_ACCEPT);
	config_free(c);
}

static void the_longest_suffix_at_a_label_boundary_wins(void **state)
{
	struct config *c = good("routes:\n"
	                        "- {suffix: example.com, ttl: 1}\n"
	                        "- {suffix: a.EXAMPLE.com., ttl: 2}\n"
	                        "- {suffix: a.example.com, ttl: 3}\n"
	                        "- {suffix: b.example.com, type: http-01, ttl: 4}\n");

	(void)state;
	assert_null(config_route(c, CHALLENGE_DNS01, "badexample.com"));
	assert_null(config_route(c, CHALLENGE_DNS01, "com"));
	assert_null(config_route(c, CHALLENGE_DNS01, ""));
	assert_int_equal(config_route(c, CHALLENGE_DNS01, "example.com")->ttl, 1);
	assert_int_equal(config_route(c, CHALLENGE_DNS01, "xa.example.com")->ttl, 1);
	assert_int_equal(config_route(c, CHALLENGE_DNS01, "x.A.example.com")->ttl, 2);
	assert_int_equal(config_route(c, CHALLENGE_DNS01, "b.example.com")->ttl, 1);
	assert_int_equal(config_route(c, CHALLENGE_HTTP01, "b.example.com")->ttl, 4);
	config_free(c);
}

static void a_star_matches_every_name_but_loses_to_all_else(void **state)
{
	struct config *c = good("routes:\n- {suffix: \"*\", ttl: 1}\n- {suffix: com, ttl: 2}\n");

	(void)state;
	assert_int_equal(config_route(c, CHALLENGE_DNS01, "a.org")->ttl, 1);
	assert_int_equal(config_route(c, CHALLENGE_DNS01, "a.com")->ttl, 2);
	config_free(c);
}

static const char full[] = "http: {listen: [\"[::1]:80\"], redirect-unknown: \"http://dcv.akamai.com\"}\n"
                           "api: {listen: 0.0.0.0:80, loopback-open: true}\n"
                           "resolver: {authority-port: 54}\n"
                           "check: {http-port: 81}\n"
                           "providers: {k: {type: knot, server: \"a: \\\"b\\\"\", secret: hush}}\n"
                           "routes: [{provider: k}, {suffix: \"\", provider: k}]\n"
                           "callback-secrets: {flow: hush}\n";

static void the_dump_reads_back_as_the_same(void **state)
{
	struct buf first = BUF_INIT(65536), second = BUF_INIT(65536);
	struct config *c = good(full), *again;

	(void)state;
	config_dump(c, &first);
	again = good(buf_text(&first));
	config_dump(again, &second);
	assert_string_equal(buf_text(&first), buf_text(&second));
	assert_null(strstr(buf_text(&first), "hush"));
	assert_non_null(strstr(buf_text(&first), "secret: \"***\""));
	config_free(c);
	config_free(again);
	buf_done(&first);
	buf_done(&second);
}

static void warns_of_what_is_unwise_and_shows_no_secret(void **state)
{
	struct buf out = BUF_INIT(65536);
	struct config *c = good(full), *plain = good("");

	(void)state;
	config_warnings(plain, &out);
	assert_string_equal(buf_text(&out), "");
	config_warnings(c, &out);
	assert_non_null(strstr(buf_text(&out), "providers.k.secret is written in the configuration itself"));
	assert_non_null(strstr(buf_text(&out), "callback-secrets.flow is written in the configuration itself"));
	assert_non_null(strstr(buf_text(&out), "api.listen: 0.0.0.0:80 is reachable"));
	assert_non_null(strstr(buf_text(&out), "api.loopback-open: "));
	assert_non_null(strstr(buf_text(&out), "resolver.authority-port: "));
	assert_non_null(strstr(buf_text(&out), "check.http-port: "));
	assert_non_null(strstr(buf_text(&out), "routes[1] is never used"));
	assert_null(strstr(buf_text(&out), "hush"));
	config_free(c);
	config_free(plain);
	buf_done(&out);
}

static void the_example_is_valid_and_means_the_defaults(void **state)
{
	const char *const types[] = { "knot", "embedded", NULL };
	struct buf example = BUF_INIT(65536), theirs = BUF_INIT(65536), ours = BUF_INIT(65536);
	struct config *defaults = good(""), *c;

	(void)state;
	config_example(types, tables, &example);
	c = good(buf_text(&example));
	config_dump(c, &theirs);
	config_dump(defaults, &ours);
	assert_string_equal(buf_text(&theirs), buf_text(&ours));
	assert_non_null(strstr(buf_text(&example), "type: knot"));
	config_free(c);
	config_free(defaults);
	buf_done(&example);
	buf_done(&theirs);
	buf_done(&ours);
}

static void callback_secrets_are_kept_by_name(void **state)
{
	struct config *c = good("callback-secrets: {a: x1, b: x2}\n");

	(void)state;
	assert_int_equal(c->callback_secret_count, 2);
	assert_string_equal(c->callback_secrets[1].name, "b");
	assert_string_equal(secret_reveal(c->callback_secrets[1].secret), "x2");
	config_free(c);
	refuses("callback-secrets: {a: }\n", NULL,
	        "f:1:20: callback-secrets.a: expected a secret: {file: …}, {env: …} or {credential: …}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_nearest_of_an_unknown_key),
		cmocka_unit_test(refuses_wrong_types_with_their_place),
		cmocka_unit_test(refuses_what_is_out_of_range_and_names_the_range),
		cmocka_unit_test(refuses_broken_yaml_with_line_and_column),
		cmocka_unit_test(refuses_bytes_that_are_no_text_before_the_parser_sees_them),
		cmocka_unit_test(refuses_a_text_that_reads_as_empty_and_is_not),
		cmocka_unit_test(takes_a_text_without_options_for_the_defaults),
		cmocka_unit_test(reads_a_file_that_begins_with_a_byte_order_mark),
		cmocka_unit_test(refuses_providers_that_cannot_work),
		cmocka_unit_test(refuses_routes_that_lead_nowhere),
		cmocka_unit_test(the_longest_delegation_zone_holds_a_name_whatever_lies_inside),
		cmocka_unit_test(refuses_options_that_contradict_each_other),
		cmocka_unit_test(refuses_overrides_without_showing_their_value),
		cmocka_unit_test(refuses_a_text_that_is_too_large),
		cmocka_unit_test(refuses_a_file_that_is_missing_or_a_folder),
		cmocka_unit_test(an_empty_file_means_the_defaults),
		cmocka_unit_test(sections_without_content_are_defaults_too),
		cmocka_unit_test(an_empty_list_turns_a_listener_off),
		cmocka_unit_test(overrides_win_over_the_file),
		cmocka_unit_test(without_a_file_only_overrides_count),
		cmocka_unit_test(without_routes_all_goes_to_the_embedded_server),
		cmocka_unit_test(a_route_of_dns01_serves_all_that_a_txt_record_proves),
		cmocka_unit_test(the_longest_suffix_at_a_label_boundary_wins),
		cmocka_unit_test(a_star_matches_every_name_but_loses_to_all_else),
		cmocka_unit_test(the_dump_reads_back_as_the_same),
		cmocka_unit_test(warns_of_what_is_unwise_and_shows_no_secret),
		cmocka_unit_test(the_example_is_valid_and_means_the_defaults),
		cmocka_unit_test(callback_secrets_are_kept_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
