#include <stdio.h>
#include <string.h>

#include "solver/cli/cli.h"
#include "solver/cli/terraform.h"
#include "solver/engine/record.h"

/* The name to write. Before dcvd has looked it up, the name that the type prescribes, from which a CNAME may lead elsewhere. */
static const char *record_of(const json_t *c, char usual[NAME_SIZE])
{
	const char *domain = json_text(c, "domain");
	struct challenge like = { .type = (enum challenge_type)challenge_type_from_name(json_text(c, "type")),
	                          .identifier = (char *)domain + (strncmp(domain, "*.", 2) == 0 ? 2 : 0),
	                          .account_uri = (char *)json_string_value(json_object_get(c, "account_uri")),
	                          .record_name = (char *)json_string_value(json_object_get(c, "record_name")) };

	if (*json_text(c, "fqdn"))
		return json_text(c, "fqdn");
	return record_name(&like, usual, NULL) == 0 ? usual : domain;
}

static void show(const json_t *c)
{
	const char *state = json_text(c, "state");
	bool dns = json_object_get(c, "value") != NULL;
	char usual[NAME_SIZE];

	printf("%s  %s%s%s  %s  %s\n", json_text(c, "id"), state_colour(state), state, colour_end(), json_text(c, "type"),
	       json_text(c, "domain"));
	if (dns)
		printf("  %s TXT \"%s\"\n", record_of(c, usual), json_text(c, "value"));
	else
		printf("  %s\n", json_text(c, "url"));
}

static int present_one(const struct cli_service *s, const struct cli_challenge *c, const char *timeout, bool no_wait)
{
	json_t *challenge = NULL;
	int status = challenge_present(s, c, &challenge);

	if (status == EXIT_DONE && !no_wait)
		status = challenge_follow(s, timeout, &challenge);
	if (challenge && s->json)
		print_json(challenge);
	else if (challenge)
		show(challenge);
	json_decref(challenge);
	return status;
}

int cli_present(int argc, char **argv)
{
	struct cli_service s = { 0 };
	struct cli_challenge c = { 0 };
	struct terraform_wish wish = { 0 };
	const struct cli_option options[] = { CLI_CHALLENGE_OPTIONS(&c),
		{ "from-terraform", CLI_TEXT, &wish.file, "FILE", "the challenges of akamai_cps_dv_enrollment in \"terraform output -json\", - for stdin" },
		{ "no-wait", CLI_FLAG, &wish.no_wait, NULL, "return as soon as it is journalled" },
		{ "timeout", CLI_TEXT, &wish.timeout, "TIME", "stop waiting after that; it stays presented" },
		CLI_SERVICE_OPTIONS(&s), { NULL } };
	int count, status = cli_parse("present DOMAIN --value V | --key-authorization K [--token T]\ndcvd present --from-terraform FILE|-",
	                              "Publishes the answer to a challenge, or to all of an enrollment, and waits until an authority would see it.",
	                              options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count != !wish.file)
		return cli_usage_error("present", wish.file ? "--from-terraform knows its domains" : "give one domain");
	cli_watch_interrupt();
	if (!wish.file) {
		c.domain = argv[0];
		return present_one(&s, &c, wish.timeout, wish.no_wait);
	}
	wish.type = c.type;
	wish.deadline = c.deadline;
	wish.lifetime = c.lifetime;
	return terraform_present(&s, &wish);
}
