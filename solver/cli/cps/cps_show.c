/* dcvd cps list, show: enrollments as a person wants to see them. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cli/cps/cps_desk.h"

#define DAY_MS (24LL * 3600 * 1000)

/* ---- list: what is wanted of it */

struct wanted {
	const char *contract, *class, *status, *search, *sort, *expiring;
	long long days;
};

static int64_t time_of(const json_t *e, const char *key)
{
	int64_t ms;

	return clock_parse(json_text(e, key), &ms) < 0 ? 0 : ms;
}

static const json_t *newest_change(const json_t *e)
{
	const json_t *pending = json_object_get(e, "pending_changes");

	return json_array_get(pending, json_array_size(pending) ? json_array_size(pending) - 1 : 0);
}

static bool holds_name(const json_t *e, const char *text)
{
	json_t *one;
	size_t i;

	json_array_foreach(json_object_get(e, "sans"), i, one)
		if (json_is_string(one) && strcasestr(json_string_value(one), text))
			return true;
	return strcasestr(json_text(e, "cn"), text) != NULL;
}

/* "pending", "idle", or the kind of its change. */
static bool has_status(const json_t *e, const char *status)
{
	const json_t *change = newest_change(e);

	if (strcmp(status, "pending") == 0 || strcmp(status, "idle") == 0)
		return (*status == 'p') == (change != NULL);
	return change && strcmp(json_text(change, "type"), status) == 0;
}

static bool is_wanted(const json_t *e, const struct wanted *w)
{
	if ((w->contract && strcmp(json_text(e, "contract"), w->contract) != 0) || (w->class && strcmp(json_text(e, "class"), w->class) != 0))
		return false;
	if ((w->status && !has_status(e, w->status)) || (w->search && !holds_name(e, w->search)))
		return false;
	return !w->expiring || (time_of(e, "expiry") && time_of(e, "expiry") - clock_wall_ms() < w->days * DAY_MS);
}

/* ---- its order */

static int by_time(const json_t *a, const json_t *b, const char *key)
{
	int64_t x = time_of(a, key), y = time_of(b, key);

	return !x || !y ? !x - !y : (x > y) - (x < y);
}

static int compare_id(const json_t *a, const json_t *b)
{
	json_int_t x = json_integer_value(json_object_get(a, "id")), y = json_integer_value(json_object_get(b, "id"));

	return (x > y) - (x < y);
}

static int compare_name(const json_t *a, const json_t *b)
{
	return strcasecmp(json_text(a, "cn"), json_text(b, "cn"));
}

static int compare_expiry(const json_t *a, const json_t *b)
{
	return by_time(a, b, "expiry");
}

static int compare_renewal(const json_t *a, const json_t *b)
{
	return by_time(a, b, "auto_renewal_start");
}

static int compare_class(const json_t *a, const json_t *b)
{
	return strcmp(json_text(a, "class"), json_text(b, "class"));
}

static const struct sorting { const char *name; int (*compare)(const json_t *a, const json_t *b); } orders[] = {
	{ "id", compare_id }, { "name", compare_name }, { "expiry", compare_expiry }, { "renewal", compare_renewal }, { "class", compare_class },
};

static const struct sorting *order_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(orders); i++)
		if (strcmp(orders[i].name, name) == 0)
			return &orders[i];
	return NULL;
}

static int by_order(const void *a, const void *b, void *arg)
{
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	const struct sorting *order = arg;
	int first = order->compare(x, y);

	return first ? first : compare_id(x, y);
}

static json_t *select_sorted(const json_t *all, const struct wanted *w)
{
	json_t **list = mem_new(json_array_size(all) + 1, sizeof(json_t *)), *selected = json_array(), *one;
	size_t i, count = 0;

	json_array_foreach((json_t *)all, i, one)
		if (is_wanted(one, w))
			list[count++] = one;
	qsort_r(list, count, sizeof(json_t *), by_order, (void *)order_of(w->sort ? w->sort : "id"));
	for (i = 0; i < count; i++)
		json_array_append(selected, list[i]);
	free(list);
	return selected;
}

/* ---- when certificates end: one request each, so only where somebody wants to know */

static void read_ends(struct desk *d, const json_t *all)
{
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)all, i, one) {
		int64_t id = json_integer_value(json_object_get(one, "id"));

		if (time_of(one, "expiry"))
			continue;
		fprintf(stderr, "\rdcvd: when certificates end: %zu of %zu ", i + 1, json_array_size(all));
		if (desk_try(d, "certificate", json_pack("{s:I}", "enrollment", (json_int_t)id)) == 0)
			json_object_set(one, "expiry", json_object_get(d->result, "expiry"));
	}
	fputs("\r\033[K", stderr);
}

static void print_list(const json_t *list)
{
	static const char *const headings[] = { "ENROLLMENT", "NAME", "NAMES", "TYPE", "CHANGE", "CLASS", "ENDS", "RENEWAL", "SLOTS", NULL };
	struct table *t = table_new(headings);
	json_t *e;
	size_t i;

	json_array_foreach((json_t *)list, i, e) {
		const json_t *change = newest_change(e);
		CLEANUP(mem_freep) char *type = mem_printf("%s/%s", json_text(e, "ra"), json_text(e, "validation_type"));
		char id[24], names[24], slots[24], ends[16], renewal[16], text[96] = "-";

		snprintf(id, sizeof(id), "%lld", (long long)json_integer_value(json_object_get(e, "id")));
		snprintf(names, sizeof(names), "%zu", json_array_size(json_object_get(e, "sans")));
		snprintf(slots, sizeof(slots), "%lld", (long long)json_integer_value(json_object_get(e, "slots")));
		snprintf(ends, sizeof(ends), "%.10s", *json_text(e, "expiry") ? json_text(e, "expiry") : "-");
		snprintf(renewal, sizeof(renewal), "%.10s", *json_text(e, "auto_renewal_start") ? json_text(e, "auto_renewal_start") : "-");
		if (change)
			snprintf(text, sizeof(text), "%lld %.60s", (long long)json_integer_value(json_object_get(change, "id")), json_text(change, "type"));
		table_row(t, (const char *const[]){ id, json_text(e, "cn"), names, type, text, json_text(e, "class"), ends, renewal, slots });
	}
	table_print_free(t);
}

static int check_wanted(struct wanted *w)
{
	char *unit;

	w->days = w->expiring ? strtoll(w->expiring, &unit, 10) : 0;
	if (w->expiring && (w->days < 1 || w->days > 99999 || (strcmp(unit, "d") != 0 && *unit)))
		return cli_usage_error("cps list", "--expiring 21d is wanted");
	if (w->sort && !order_of(w->sort))
		return cli_usage_error("cps list", "--sort is id, name, expiry, renewal or class");
	return EXIT_DONE;
}

static int show_list(struct desk *d, const struct wanted *w)
{
	int code = desk_ask(d, "list", json_object());
	json_t *all, *selected;

	if (code != EXIT_DONE)
		return code;
	all = json_incref(d->result);
	if (w->expiring || (w->sort && strcmp(w->sort, "expiry") == 0))
		read_ends(d, json_object_get(all, "enrollments"));
	selected = select_sorted(json_object_get(all, "enrollments"), w);
	json_object_set(all, "enrollments", selected);
	if (d->json)
		print_json(all);
	else
		print_list(selected);
	json_decref(selected);
	json_decref(all);
	return EXIT_DONE;
}

int cps_cli_list(int argc, char **argv)
{
	struct desk d = { 0 };
	struct wanted w = { 0 };
	const struct cli_option options[] = {
		DESK_OPTIONS(&d),
		{ "contract", CLI_TEXT, &w.contract, "ID", "of this contract" },
		{ "class", CLI_TEXT, &w.class, "CLASS", "managed, monitored or ignored, by cps.classes" },
		{ "status", CLI_TEXT, &w.status, "STATUS", "pending, idle, or the kind of its change: renewal, modify-san, …" },
		{ "search", CLI_TEXT, &w.search, "TEXT", "one of whose names holds this" },
		{ "expiring", CLI_TEXT, &w.expiring, "DAYS", "whose certificate in production ends within so many days, 21d (a request each)" },
		{ "sort", CLI_TEXT, &w.sort, "ORDER", "id (the default), name, expiry, renewal or class" },
		{ NULL },
	};
	char **rest;
	int count, code = cli_parse("cps list", "Enrollments and their pending changes.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (count)
		return cli_usage_error("cps list", "\"%s\" is too much", rest[0]);
	code = check_wanted(&w);
	if (code == EXIT_DONE)
		code = show_list(&d, &w);
	desk_close(&d);
	return code;
}

/* ---- show */

static void print_pair(const char *what, const char *text)
{
	if (!*text)
		return;
	printf("%-18s ", what);
	desk_print_line(stdout, text);
}

static void print_challenge(const json_t *challenge)
{
	CLEANUP(mem_freep) char *line = mem_printf("    %s at %s: %s%s%s", json_text(challenge, "type"), json_text(challenge, "full_path"),
	                                           json_text(challenge, "response_body"), *json_text(challenge, "error") ? " - " : "",
	                                           json_text(challenge, "error"));

	desk_print_line(stdout, line);
}

/* What is known of a name, why it is not valid, and what to publish. */
static void print_name(const json_t *name)
{
	CLEANUP(mem_freep) char *line = mem_printf("  %s: %s%s%s%s%s%s%s", json_text(name, "domain"), json_text(name, "status"),
	                                           *json_text(name, "validation_status") ? ", " : "", json_text(name, "validation_status"),
	                                           *json_text(name, "expires") ? ", token until " : "", json_text(name, "expires"),
	                                           *json_text(name, "error") ? " - " : "", json_text(name, "error"));
	json_t *challenge;
	size_t i;

	desk_print_line(stdout, line);
	json_array_foreach(json_object_get(name, "challenges"), i, challenge)
		if (strcasecmp(json_text(name, "status"), "valid") != 0)
			print_challenge(challenge);
}

static void print_warnings(const json_t *warnings)
{
	json_t *one;
	size_t i;

	if (!json_is_object(warnings))
		return;
	puts("warnings");
	json_array_foreach(json_object_get(warnings, "warnings"), i, one) {
		printf("  %s: ", json_text(one, "code"));
		desk_print_line(stdout, json_text(one, "text"));
	}
	print_pair("digest", json_text(warnings, "digest"));
}

static void print_change(const json_t *change)
{
	CLEANUP(mem_freep) char *state = mem_printf("%lld: %s, %s - %s", (long long)json_integer_value(json_object_get(change, "id")),
	                                            json_text(change, "state"), json_text(change, "status"), json_text(change, "description"));
	const json_t *schedule = json_object_get(change, "schedule");
	json_t *one;
	size_t i;

	print_pair("change", state);
	print_pair("error", json_text(change, "error"));
	json_array_foreach(json_object_get(change, "allowed_input"), i, one)
		print_pair(i ? "" : "wants", json_is_string(one) ? json_string_value(one) : "");
	print_pair("deployed from", json_text(schedule, "not_before"));
	print_pair("deployed until", json_text(schedule, "not_after"));
	print_warnings(json_object_get(change, "warnings"));
	if (json_array_size(json_object_get(change, "names")))
		puts("names of the change");
	json_array_foreach(json_object_get(change, "names"), i, one)
		print_name(one);
}

static void print_enrollment(const json_t *e)
{
	CLEANUP(mem_freep) char *type = mem_printf("%s, %s", json_text(e, "ra"), json_text(e, "validation_type"));
	CLEANUP(mem_freep) char *slots = mem_printf("%lld", (long long)json_integer_value(json_object_get(e, "slots")));
	json_t *one;
	size_t i;

	printf("%-18s %lld\n", "enrollment", (long long)json_integer_value(json_object_get(e, "id")));
	print_pair("common name", json_text(e, "cn"));
	json_array_foreach(json_object_get(e, "sans"), i, one)
		print_pair(i ? "" : "names", json_is_string(one) ? json_string_value(one) : "");
	print_pair("type", type);
	print_pair("slots", slots);
	print_pair("in production until", *json_text(e, "expiry") ? json_text(e, "expiry") : "nothing is deployed");
	print_pair("renewal starts", json_text(e, "auto_renewal_start"));
	print_pair("note", json_text(e, "note"));
	if (json_is_object(json_object_get(e, "change")))
		print_change(json_object_get(e, "change"));
	else
		puts("no pending change");
}

int cps_cli_show(int argc, char **argv)
{
	struct desk d = { 0 };
	const struct cli_option options[] = { DESK_OPTIONS(&d), { NULL } };
	int64_t enrollment;
	char **rest;
	int count, code = cli_parse("cps show ENROLLMENT", "An enrollment, its newest pending change, and what each name needs.", options, argc, argv, &rest,
	                            &count);

	if (code)
		return code - 1;
	if (!desk_read_enrollment("cps show", count, rest, &enrollment))
		return EXIT_USAGE;
	code = desk_ask(&d, "show", json_pack("{s:I}", "enrollment", (json_int_t)enrollment));
	if (code == EXIT_DONE && d.json)
		print_json(d.result);
	else if (code == EXIT_DONE)
		print_enrollment(d.result);
	desk_close(&d);
	return code;
}
