/* lego --dns exec, EXEC_PATH=…: present|cleanup FQDN VALUE, or with EXEC_MODE=RAW present|cleanup -- DOMAIN TOKEN
 * KEYAUTH. In the first form lego has followed CNAMEs: a FQDN that is not below _acme-challenge is a name of its own,
 * and needs a grant of its own; in the second form dcvd follows them, under the grant of the domain. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "solver/challenge/challenge.h"
#include "solver/cli/hook/hook.h"
#include "solver/crypto/crypto.h"
#include "solver/dns/name.h"

#define LABEL "_acme-challenge."

static int read_fqdn(struct hook *h, const char *fqdn, struct hook_item *item, char ret_domain[NAME_SIZE])
{
	bool challenge = strncasecmp(fqdn, LABEL, strlen(LABEL)) == 0;
	const char *name = challenge ? fqdn + strlen(LABEL) : fqdn;
	size_t length = strlen(name);

	if (length && name[length - 1] == '.')
		length--;
	if (length >= NAME_SIZE)
		return hook_complain(h, "the name is longer than DNS allows");
	snprintf(ret_domain, NAME_SIZE, "%.*s", (int)length, name);
	item->domain = ret_domain;
	item->record_name = challenge ? NULL : ret_domain;
	return EXIT_DONE;
}

static int clean(struct hook *h, const struct hook_item *item)
{
	int one, status = hook_release(h, item, NULL);

	one = h->backend->finish(h);
	return one > status ? one : status;
}

int hook_lego(struct hook *h, int argc, char **argv)
{
	char domain[NAME_SIZE], value[SHA256_TEXT_SIZE];
	struct hook_item item = { .type = "dns-01", .proof = value };
	bool present = argc && strcmp(argv[0], "present") == 0;
	int status = EXIT_DONE;
	struct err err;

	if (!present && (!argc || strcmp(argv[0], "cleanup") != 0))
		return strcmp(argc ? argv[0] : "", "timeout") == 0 ? EXIT_DONE : cli_usage_error("hook lego-exec", "the verb is present or cleanup");
	if (argc == 5 && strcmp(argv[1], "--") == 0) {
		item.domain = argv[2];
		if (present && wanted_check(CHALLENGE_DNS01, argv[3], argv[4], NULL, NULL, &err) < 0)
			return hook_complain(h, "%s: %s", argv[2], err.text);
		crypto_dns01_value(argv[4], value);
	} else if (argc == 3 || argc == 4) { /* older versions of lego add the TTL */
		status = read_fqdn(h, argv[1], &item, domain);
		item.proof = argv[2];
	} else {
		return cli_usage_error("hook lego-exec", "it is called with FQDN VALUE, or with -- DOMAIN TOKEN KEYAUTH");
	}
	if (status == EXIT_DONE)
		status = present ? hook_solve(h, &item, 1) : clean(h, &item);
	h->backend->close(h);
	return status;
}
