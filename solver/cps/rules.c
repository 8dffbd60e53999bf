#include "solver/cps/rules.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/cps/edit.h"

#define LATE_MS (14LL * 24 * 3600 * 1000)

struct check {
	const json_t *wanted;
	const struct cps_rules *rules;
	struct buf *out;
	size_t broken;
};

static void breaks(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void breaks(struct check *c, const char *format, ...)
{
	char sentence[512];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	buf_printf(c->out, "%s%s", c->broken++ ? "\n" : "", sentence);
}

/* "networkConfiguration.geography" */
static const json_t *at(const json_t *o, const char *path)
{
	const char *dot;

	while ((dot = strchr(path, '.'))) {
		CLEANUP(mem_freep) char *key = mem_dup_n(path, (size_t)(dot - path));

		o = json_object_get(o, key);
		path = dot + 1;
	}
	return json_object_get(o, path);
}

static const char *text_at(const json_t *o, const char *path)
{
	const char *text = json_string_value(at(o, path));

	return text ? text : "";
}

static bool is_there(const json_t *o, const char *path)
{
	const json_t *value = at(o, path);

	return value && !json_is_null(value);
}

static bool is_among(const json_t *names, const char *name)
{
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)names, i, one)
		if (json_is_string(one) && strcasecmp(json_string_value(one), name) == 0)
			return true;
	return false;
}

/* ---- what must be there, and what may stand there */

static void check_required(struct check *c)
{
	static const char *const paths[] = {
		"ra", "validationType", "certificateType", "changeManagement", "enableMultiStackedCertificates", "csr.cn",
		"networkConfiguration.geography", "networkConfiguration.secureNetwork", "networkConfiguration.quicEnabled",
		"networkConfiguration.sniOnly",
	};
	static const char *const people[] = { "org", "adminContact", "techContact" };

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (!is_there(c->wanted, paths[i]))
			breaks(c, "%s is missing", paths[i]);
	for (size_t i = 0; i < ARRAY_LEN(people) && !is_there(c->wanted, "orgId"); i++)
		if (!is_there(c->wanted, people[i]))
			breaks(c, "%s is missing; only with an orgId it may be left out", people[i]);
}

static void check_words(struct check *c)
{
	static const struct { const char *path, *words; } rows[] = {
		{ "ra", "lets-encrypt third-party symantec" }, { "validationType", "dv ov ev third-party" },
		{ "certificateType", "san single wildcard wildcard-san third-party" },
		{ "networkConfiguration.geography", "core china+core russia+core" },
		{ "networkConfiguration.secureNetwork", "enhanced-tls standard-tls" },
		{ "networkConfiguration.ocspStapling", "on off not-set" }, { "certificateChainType", "default symantec1kroot" },
		{ "signatureAlgorithm", "SHA-256 SHA-1" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *word = text_at(c->wanted, rows[i].path), *found = strstr(rows[i].words, word);
		size_t length = strlen(word);

		while (found && length && ((found > rows[i].words && found[-1] != ' ') || (found[length] && found[length] != ' ')))
			found = strstr(found + 1, word);
		if (is_there(c->wanted, rows[i].path) && (!length || !found))
			breaks(c, "%s is \"%.60s\"; one of these is wanted: %s", rows[i].path, word, rows[i].words);
	}
}

static void check_booleans(struct check *c)
{
	static const char *const paths[] = {
		"changeManagement", "enableMultiStackedCertificates", "networkConfiguration.quicEnabled", "networkConfiguration.sniOnly",
		"networkConfiguration.fipsMode", "networkConfiguration.dnsNameSettings.cloneDnsNames",
	};

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		if (is_there(c->wanted, paths[i]) && !json_is_boolean(at(c->wanted, paths[i])))
			breaks(c, "%s must be true or false", paths[i]);
}

/* ---- what goes together */

static void check_dv(struct check *c)
{
	bool dv = strcmp(text_at(c->wanted, "validationType"), "dv") == 0;

	if (!dv && is_there(c->wanted, "csr.preferredTrustChain"))
		breaks(c, "csr.preferredTrustChain is for validationType dv only");
	if (!dv)
		return;
	if (strcmp(text_at(c->wanted, "ra"), "lets-encrypt") != 0)
		breaks(c, "validationType dv needs ra lets-encrypt");
	if (strcmp(text_at(c->wanted, "certificateType"), "san") != 0)
		breaks(c, "validationType dv needs certificateType san");
	if (json_is_true(at(c->wanted, "enableMultiStackedCertificates")))
		breaks(c, "validationType dv cannot have enableMultiStackedCertificates");
}

static void check_third_party(struct check *c)
{
	bool third = strcmp(text_at(c->wanted, "validationType"), "third-party") == 0;

	if (!third && is_there(c->wanted, "thirdParty"))
		breaks(c, "thirdParty is for validationType third-party only");
	if (third && (strcmp(text_at(c->wanted, "ra"), "third-party") != 0 || strcmp(text_at(c->wanted, "certificateType"), "third-party") != 0))
		breaks(c, "validationType third-party needs ra and certificateType third-party");
}

static void check_dns_names(struct check *c)
{
	const json_t *settings = at(c->wanted, "networkConfiguration.dnsNameSettings");
	const json_t *dns_names = json_object_get(settings, "dnsNames");
	json_t *names, *one;
	size_t i;

	if (!json_is_object(settings))
		return;
	if (!json_is_true(at(c->wanted, "networkConfiguration.sniOnly")))
		breaks(c, "networkConfiguration.dnsNameSettings needs sniOnly: true");
	if (json_is_false(json_object_get(settings, "cloneDnsNames")) && json_array_size(dns_names) == 0)
		breaks(c, "networkConfiguration.dnsNameSettings: without cloneDnsNames the dnsNames must be listed");
	names = cps_edit_names(c->wanted);
	json_array_foreach((json_t *)dns_names, i, one)
		if (!json_is_string(one) || !is_among(names, json_string_value(one)))
			breaks(c, "networkConfiguration.dnsNameSettings.dnsNames: %.255s is not a name of the certificate",
			       json_is_string(one) ? json_string_value(one) : "(no text)");
	json_decref(names);
}

static void check_fips(struct check *c)
{
	const json_t *disallowed = at(c->wanted, "networkConfiguration.disallowedTlsVersions");

	if (!json_is_true(at(c->wanted, "networkConfiguration.fipsMode")))
		return;
	if (is_among(disallowed, "TLSv1_2") && is_among(disallowed, "TLSv1_3"))
		breaks(c, "networkConfiguration.fipsMode: TLSv1_2 and TLSv1_3 cannot both be disallowed");
	if (!*text_at(c->wanted, "networkConfiguration.mustHaveCiphers") || !*text_at(c->wanted, "networkConfiguration.preferredCiphers"))
		breaks(c, "networkConfiguration.fipsMode: mustHaveCiphers and preferredCiphers must each name a profile");
}

/* ---- compared with what is there */

static void check_fixed(struct check *c)
{
	const json_t *there = c->rules->existing;
	static const struct { const char *path, *why; } rows[] = {
		{ "networkConfiguration.sniOnly", "cannot change once the enrollment exists" },
		{ "networkConfiguration.secureNetwork", "cannot change once the enrollment exists" },
		{ "csr.cn", "cannot change: make another enrollment" }, { "validationType", "cannot change: make another enrollment" },
	};

	if (!there && is_there(c->wanted, "networkConfiguration.clientMutualAuthentication"))
		breaks(c, "networkConfiguration.clientMutualAuthentication cannot be set while the enrollment is created; set it afterwards");
	for (size_t i = 0; there && i < ARRAY_LEN(rows); i++)
		if (is_there(c->wanted, rows[i].path) && is_there(there, rows[i].path) && !json_equal(at(c->wanted, rows[i].path), at(there, rows[i].path)))
			breaks(c, "%s %s", rows[i].path, rows[i].why);
}

static void check_counts(struct check *c, const json_t *names)
{
	int64_t most = json_integer_value(json_object_get(c->rules->existing, "maxAllowedSanNames"));
	int64_t most_wildcards = json_integer_value(json_object_get(c->rules->existing, "maxAllowedWildcardSanNames"));
	int64_t wildcards = 0;
	size_t i;
	json_t *one;

	json_array_foreach((json_t *)names, i, one)
		wildcards += json_is_string(one) && json_string_value(one)[0] == '*';
	if (most > 0 && (int64_t)json_array_size(names) > most)
		breaks(c, "%zu names are more than the %lld that CPS allows for this enrollment", json_array_size(names), (long long)most);
	if (most_wildcards > 0 && wildcards > most_wildcards)
		breaks(c, "%lld wildcards are more than the %lld that CPS allows for this enrollment", (long long)wildcards, (long long)most_wildcards);
}

static void check_routes(struct check *c, const json_t *names)
{
	json_t *before = c->rules->existing ? cps_edit_names(c->rules->existing) : json_array(), *one;
	bool dv = strcmp(text_at(c->wanted, "validationType"), "dv") == 0;
	size_t i;

	json_array_foreach((json_t *)names, i, one) {
		const char *name = json_string_value(one);
		bool wildcard = name && strncmp(name, "*.", 2) == 0;

		if (!name) {
			breaks(c, "csr.sans holds something that is no text");
			continue;
		}
		if (!dv || !c->rules->has_route || is_among(before, name) || c->rules->has_route(wildcard ? name + 2 : name, wildcard, c->rules->arg))
			continue;
		if (wildcard)
			breaks(c, "%.255s: no route for dns-01, and a wildcard is validated in no other way", name);
		else
			breaks(c, "%.255s: no route answers its challenges; add one under routes:", name);
	}
	json_decref(before);
}

size_t cps_rules_check(const json_t *wanted, const struct cps_rules *rules, struct buf *out)
{
	struct check c = { .wanted = wanted, .rules = rules, .out = out };
	json_t *names = cps_edit_names(wanted);

	check_required(&c);
	check_words(&c);
	check_booleans(&c);
	check_dv(&c);
	check_third_party(&c);
	check_dns_names(&c);
	check_fips(&c);
	check_fixed(&c);
	check_counts(&c, names);
	check_routes(&c, names);
	json_decref(names);
	return c.broken;
}

enum cps_window cps_rules_window(int64_t starts_ms, int64_t expires_ms, int64_t now_ms)
{
	if (!starts_ms || now_ms < starts_ms)
		return CPS_WINDOW_CLOSED;
	return expires_ms && expires_ms - now_ms < LATE_MS ? CPS_WINDOW_LATE : CPS_WINDOW_OPEN;
}
