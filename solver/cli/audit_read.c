/* The entries of the audit log, from the service or from the journal in its state folder. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/api/audit/audit_chain.h"
#include "solver/base/mem.h"
#include "solver/cli/audit.h"

#define PAGE 1000

struct reading {
	audit_entry_fn each;
	void *arg;
	int64_t after, last;
	size_t count; /* of this page */
	int status;
};

static void on_stored(const struct store_audit *entry, void *arg)
{
	struct reading *r = arg;

	r->after = entry->number;
	r->count++;
	if (r->status == EXIT_DONE)
		r->status = r->each(entry, r->arg);
}

static int page_of_store(struct store *store, size_t limit, struct reading *r)
{
	struct err err;

	if (store_each_audit(store, r->after, limit, on_stored, r, &err) == 0)
		return r->status;
	fprintf(stderr, "dcvd: %s\n", err.text);
	return EXIT_REFUSED;
}

/* Number and time as the journal has them: whoever verifies compares them with the line. */
static void on_served(const json_t *e, struct reading *r)
{
	struct store_audit entry = { .number = json_integer_value(json_object_get(e, "number")), .line = mem_dup(json_text(e, "line")), .digest = mem_dup(json_text(e, "digest")) };

	if (clock_parse(json_text(e, "at"), &entry.at_ms) < 0)
		entry.at_ms = -1;
	on_stored(&entry, r);
	free(entry.line);
	free(entry.digest);
}

static int page_of_service(const struct cli_service *s, size_t limit, struct reading *r)
{
	CLEANUP(mem_freep) char *path = mem_printf("/v1/audit?after=%" PRId64 "&limit=%zu", r->after > 0 ? r->after : 0, limit);
	json_t *page = NULL, *e;
	int status = service_call(s, "GET", path, NULL, NULL, &page);
	size_t i;

	if (status != EXIT_DONE)
		return status;
	r->last = json_integer_value(json_object_get(page, "last"));
	json_array_foreach(json_object_get(page, "entries"), i, e)
		on_served(e, r);
	json_decref(page);
	if (r->after < 1)
		r->count = 0; /* no page follows such a number */
	return r->status;
}

static int nothing(const struct store_audit *entry, void *arg)
{
	(void)entry, (void)arg;
	return EXIT_DONE;
}

static int find_last(const struct cli_service *s, struct store *store, int64_t *ret)
{
	struct reading r = { .each = nothing };
	struct audit_chain last;
	struct err err;
	int status = EXIT_DONE;

	if (!store) {
		status = page_of_service(s, 1, &r);
		*ret = r.last;
	} else if (audit_chain_load(store, &last, &err) == 0) {
		*ret = last.number;
	} else {
		fprintf(stderr, "dcvd: %s\n", err.text);
		status = EXIT_REFUSED;
	}
	return status;
}

int audit_read_entries(const struct cli_service *s, int64_t after, int64_t only, audit_entry_fn each, void *arg)
{
	struct store *store = NULL;
	struct reading r = { .each = each, .arg = arg, .after = after ? after : AUDIT_BEGIN };
	int64_t last = 0;
	int status = cli_open_store(s, false, &store);

	if (status > 0)
		return status;
	status = only ? find_last(s, store, &last) : EXIT_DONE;
	if (last - only > r.after)
		r.after = last - only;
	do {
		r.count = 0;
		if (status == EXIT_DONE)
			status = store ? page_of_store(store, PAGE, &r) : page_of_service(s, PAGE, &r);
	} while (status == EXIT_DONE && r.count == PAGE);
	if (store)
		store_close(store);
	return status;
}

int audit_read_folder(const char *folder, audit_entry_fn each, void *arg)
{
	struct reading r = { .each = each, .arg = arg, .after = AUDIT_BEGIN };
	struct store *store = NULL;
	int status = EXIT_DONE;
	struct err err;

	if (store_open_copy(folder, &store, &err) < 0) {
		fprintf(stderr, "dcvd: %s\n", err.text);
		return err.code == ERR_DAMAGED ? EXIT_DAMAGED : EXIT_USAGE;
	}
	do {
		r.count = 0;
		status = page_of_store(store, PAGE, &r);
	} while (status == EXIT_DONE && r.count == PAGE);
	store_close(store);
	return status;
}
