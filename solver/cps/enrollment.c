#include "solver/cps/enrollment.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cps/json.h"

#define ENROLLMENTS_MAX 100000
#define PENDING_MAX 100

int64_t cps_location_id(const char *location)
{
	const char *slash = location ? strrchr(location, '/') : NULL;
	const char *digits = slash ? slash + 1 : location;
	char *end;
	long long id;

	if (!digits || !isdigit((unsigned char)*digits))
		return 0;
	id = strtoll(digits, &end, 10);
	return *end ? 0 : id;
}

static void read_pending(struct cps_enrollment *e, const json_t *changes)
{
	size_t count = cps_json_count(changes, PENDING_MAX);

	e->pending = mem_new(count + 1, sizeof(*e->pending));
	for (size_t i = 0; i < count; i++) {
		const json_t *item = json_array_get(changes, i);
		const char *location = json_string_value(json_is_object(item) ? json_object_get(item, "location") : item);
		int64_t id = cps_location_id(location);

		if (id <= 0)
			continue;
		e->pending[e->pending_count].change = id;
		e->pending[e->pending_count++].type = cps_json_text(item, "changeType");
	}
}

static void read_sans(struct cps_enrollment *e, const json_t *sans)
{
	size_t count = cps_json_count(sans, CPS_NAMES_MAX);

	e->sans = mem_new(count + 1, sizeof(*e->sans));
	for (size_t i = 0; i < count; i++) {
		const char *san = json_string_value(json_array_get(sans, i));

		if (san)
			e->sans[e->san_count++] = mem_dup(san);
	}
}

static int read_enrollment(const json_t *object, struct cps_enrollment *ret, struct err *err)
{
	const json_t *csr = json_object_get(object, "csr");
	struct cps_enrollment e = { .id = cps_json_id(object, "id") };
	const char *location = json_string_value(json_object_get(object, "location"));

	if (e.id <= 0)
		e.id = cps_location_id(location);
	if (e.id <= 0)
		return err_set(err, ERR_PROTOCOL, "an enrollment of CPS has no id");
	e.cn = cps_json_text(csr, "cn");
	e.validation_type = cps_json_text(object, "validationType");
	e.ra = cps_json_text(object, "ra");
	read_sans(&e, json_object_get(csr, "sans"));
	read_pending(&e, json_object_get(object, "pendingChanges"));
	*ret = e;
	return 0;
}

int cps_enrollment_parse(const char *text, size_t length, struct cps_enrollment *ret, struct err *err)
{
	json_t *root = cps_json_load(text, length, "the enrollment", err);
	int code;

	if (!root)
		return ERR_PROTOCOL;
	code = read_enrollment(root, ret, err);
	json_decref(root);
	return code;
}

void cps_enrollment_done(struct cps_enrollment *e)
{
	for (size_t i = 0; i < e->san_count; i++)
		free(e->sans[i]);
	for (size_t i = 0; i < e->pending_count; i++)
		free(e->pending[i].type);
	free(e->sans);
	free(e->pending);
	free(e->cn);
	free(e->validation_type);
	free(e->ra);
	memset(e, 0, sizeof(*e));
}

int cps_enrollments_parse(const char *text, size_t length, struct cps_enrollments *ret, struct err *err)
{
	json_t *root = cps_json_load(text, length, "the list of enrollments", err);
	struct cps_enrollments list = { 0 };
	struct err skipped;
	json_t *array;
	size_t count;

	if (!root)
		return ERR_PROTOCOL;
	array = json_object_get(root, "enrollments");
	if (!json_is_array(array)) {
		json_decref(root);
		return err_set(err, ERR_PROTOCOL, "the list of enrollments of CPS has no \"enrollments\"");
	}
	count = cps_json_count(array, ENROLLMENTS_MAX);
	list.items = mem_new(count + 1, sizeof(*list.items));
	for (size_t i = 0; i < count; i++) {
		if (read_enrollment(json_array_get(array, i), &list.items[list.count], &skipped) == 0)
			list.count++;
		else
			list.skipped++;
	}
	list.skipped += json_array_size(array) - count;
	json_decref(root);
	*ret = list;
	return 0;
}

void cps_enrollments_done(struct cps_enrollments *e)
{
	for (size_t i = 0; i < e->count; i++)
		cps_enrollment_done(&e->items[i]);
	free(e->items);
	memset(e, 0, sizeof(*e));
}

const struct cps_pending *cps_enrollment_newest(const struct cps_enrollment *e)
{
	const struct cps_pending *newest = NULL;

	for (size_t i = 0; i < e->pending_count; i++)
		if (!newest || e->pending[i].change >= newest->change)
			newest = &e->pending[i];
	return newest;
}
