/* dcvd describe ID: fields, what each server said, and the events. */
#include <stdio.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/cli.h"

static void line(const json_t *object, const char *label, const char *key)
{
	if (*json_text(object, key))
		printf("%-11s %s\n", label, json_text(object, key));
}

static void print_waiting(const json_t *c)
{
	char age[16];

	if (*json_text(c, "waiting_for"))
		printf("%-11s %s (for %s)\n", "Waiting:", json_text(c, "waiting_for"), age_text(json_text(c, "waiting_since"), age));
}

static void print_looks(const json_t *verdict)
{
	static const char *const headings[] = { "  SERVER", "ADDRESS", "OK", "STATUS", "DETAIL", NULL };
	const json_t *looks = json_object_get(verdict, "looks");
	struct table *t;
	json_t *look;
	size_t i;

	if (!json_is_object(verdict))
		return;
	printf("%-11s %s: %s\n", "Verdict:", json_text(verdict, "result"), json_text(verdict, "detail"));
	if (!json_array_size(looks))
		return;
	t = table_new(headings);
	json_array_foreach(looks, i, look) {
		CLEANUP(mem_freep) char *server = mem_printf("  %s", json_text(look, "server"));
		const char *const cells[] = { server, json_text(look, "address"), json_is_true(json_object_get(look, "ok")) ? "yes" : "no",
			                      json_text(look, "status"), json_text(look, "detail"), NULL };

		table_row(t, cells);
	}
	table_print_free(t);
}

static void print_events(const json_t *events)
{
	static const char *const headings[] = { "  AGE", "STATE", "EVENT", NULL };
	struct table *t = table_new(headings);
	json_t *event;
	size_t i;

	puts("Events:");
	json_array_foreach(events, i, event) {
		char age[16];
		CLEANUP(mem_freep) char *first = mem_printf("  %s", age_text(json_text(event, "at"), age));
		const char *const cells[] = { first, json_text(event, "state"), json_text(event, "text"), NULL };

		table_row(t, cells);
	}
	table_print_free(t);
}

/* All that hold it; one that was released is named when no other does. */
static void print_orders(const json_t *c)
{
	const json_t *orders = json_object_get(c, "orders"), *order;
	size_t i;

	if (json_array_size(orders) < 2)
		line(c, "Order:", "order");
	else
		json_array_foreach(orders, i, order)
			printf("%-11s %s\n", i ? "" : "Orders:", json_string_value(order));
}

static void print_challenge(const json_t *c)
{
	const char *state = json_text(c, "state");

	line(c, "Id:", "id");
	print_orders(c);
	printf("%-11s %s%s%s\n", "State:", state_colour(state), state, colour_end());
	line(c, "Reason:", "reason");
	print_waiting(c);
	line(c, "Type:", "type");
	line(c, "Domain:", "domain");
	line(c, "Record:", "fqdn");
	line(c, "Value:", "value");
	line(c, "Url:", "url");
	line(c, "Zone:", "zone");
	line(c, "Provider:", "provider");
	line(c, "Client:", "client");
	line(c, "Created:", "created");
	line(c, "Deadline:", "deadline");
	line(c, "Expires:", "expires");
	print_looks(json_object_get(c, "verdict"));
	print_events(json_object_get(c, "events"));
}

static void print_callback(const json_t *callback)
{
	const json_t *result = json_object_get(callback, "result");
	bool settled = json_is_true(json_object_get(callback, "settled"));
	char age[16];

	if (!json_is_object(callback))
		return;
	printf("%-11s %s (%s)\n", "Callback:", json_text(callback, "url"),
	       !settled ? "pending" : json_is_true(json_object_get(result, "delivered")) ? "delivered" : "given up");
	if (json_is_object(result))
		printf("%-11s %d tries, the last %s ago%s%s\n", "", (int)json_integer_value(json_object_get(result, "attempts")),
		       age_text(json_text(result, "at"), age), *json_text(result, "error") ? ": " : "", json_text(result, "error"));
	if (*json_text(result, "next"))
		printf("%-11s again at %s\n", "", json_text(result, "next"));
}

static void print_order(const json_t *o)
{
	static const char *const headings[] = { "  ID", "STATE", "TYPE", "DOMAIN", "REASON", NULL };
	struct table *t;
	json_t *c;
	size_t i;

	line(o, "Id:", "id");
	line(o, "State:", "state");
	line(o, "Label:", "label");
	line(o, "Client:", "client");
	line(o, "Created:", "created");
	print_callback(json_object_get(o, "callback"));
	puts("Challenges:");
	t = table_new(headings);
	json_array_foreach(json_object_get(o, "challenges"), i, c) {
		CLEANUP(mem_freep) char *id = mem_printf("  %s", json_text(c, "id"));
		const char *const cells[] = { id, json_text(c, "state"), json_text(c, "type"), json_text(c, "domain"), challenge_why(c), NULL };

		table_row(t, cells);
	}
	table_print_free(t);
}

int cli_describe(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const struct cli_option options[] = { CLI_SERVICE_OPTIONS(&s), { NULL } };
	CLEANUP(mem_freep) char *path = NULL;
	CLEANUP(mem_freep) char *id = NULL;
	json_t *reply = NULL;
	bool order;
	int count, status = cli_parse("describe ID", "Everything about a challenge (ch_…) or an order (or_…).", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count != 1)
		return cli_usage_error("describe", "give one id");
	id = url_escape(argv[0]);
	order = strncmp(id, "or_", 3) == 0;
	path = mem_printf("/v1/%s/%s", order ? "orders" : "challenges", id);
	status = service_call(&s, "GET", path, NULL, NULL, &reply);
	if (status == EXIT_DONE && s.json)
		print_json(reply);
	else if (status == EXIT_DONE)
		order ? print_order(reply) : print_challenge(reply);
	json_decref(reply);
	return status;
}
