#include "solver/cps/enrollment.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/base/nesting.h"
#include "solver/cps/json.h"

#define ENROLLMENTS_MAX 100000
#define PENDING_MAX 100
#define DEPTH_MAX 64

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
	e.auto_renewal_ms = cps_json_time(object, "autoRenewalStartTime");
	e.slot_count = json_array_size(json_object_get(object, "assignedSlots"));
	e.no_change_management = json_is_false(json_object_get(object, "changeManagement"));
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

const struct cps_pending *cps_enrollment_newest(const struct cps_enrollment *e)
{
	const struct cps_pending *newest = NULL;

	for (size_t i = 0; i < e->pending_count; i++)
		if (!newest || e->pending[i].change >= newest->change)
			newest = &e->pending[i];
	return newest;
}

/* ---- a list, one enrollment at a time */

struct scan {
	const char *at, *end;
	size_t skipped, count;
	struct err *err;
};

static char next_byte(struct scan *s)
{
	while (s->at < s->end && strchr(" \t\r\n", *s->at))
		s->at++;
	return s->at < s->end ? *s->at : '\0';
}

static int broken(struct scan *s, const char *what)
{
	return err_set(s->err, ERR_PROTOCOL, "the list of enrollments of CPS is not JSON: %s with %zu bytes left", what, (size_t)(s->end - s->at));
}

static int expect(struct scan *s, char byte)
{
	char what[] = "expected 'x'";

	if (next_byte(s) != byte) {
		what[10] = byte;
		return broken(s, what);
	}
	s->at++;
	return 0;
}

/* One value of any kind; NULL: there is none, and the sentence is set. */
static json_t *take_value(struct scan *s)
{
	json_error_t error;
	json_t *value = json_loadb(s->at, (size_t)(s->end - s->at), JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &error);

	if (value)
		s->at += error.position;
	else
		broken(s, error.text);
	return value;
}

static void tell(struct scan *s, const json_t *value, void (*fn)(const struct cps_enrollment *e, void *arg), void *arg)
{
	struct cps_enrollment e;
	struct err skipped;

	if (s->count++ >= ENROLLMENTS_MAX || read_enrollment(value, &e, &skipped) < 0) {
		s->skipped++;
		return;
	}
	fn(&e, arg);
	cps_enrollment_done(&e);
}

static int take_list(struct scan *s, void (*fn)(const struct cps_enrollment *e, void *arg), void *arg)
{
	if (expect(s, '[') < 0)
		return ERR_PROTOCOL;
	if (next_byte(s) == ']')
		return expect(s, ']');
	do {
		json_t *value;

		next_byte(s);
		value = take_value(s);
		if (!value)
			return ERR_PROTOCOL;
		tell(s, value, fn, arg);
		json_decref(value);
	} while (next_byte(s) == ',' && expect(s, ',') == 0);
	return expect(s, ']');
}

static int take_member(struct scan *s, bool *found, void (*fn)(const struct cps_enrollment *e, void *arg), void *arg)
{
	json_t *key, *value;
	bool ours;

	next_byte(s);
	key = take_value(s);
	if (!key)
		return ERR_PROTOCOL;
	ours = json_is_string(key) && strcmp(json_string_value(key), "enrollments") == 0;
	json_decref(key);
	if (expect(s, ':') < 0)
		return ERR_PROTOCOL;
	if (ours && next_byte(s) == '[') {
		*found = true;
		return take_list(s, fn, arg);
	}
	next_byte(s);
	value = take_value(s);
	json_decref(value);
	return value ? 0 : ERR_PROTOCOL;
}

int cps_enrollments_each(const char *text, size_t length, void (*fn)(const struct cps_enrollment *e, void *arg), void *arg,
                         size_t *ret_skipped, struct err *err)
{
	struct scan s = { .at = text, .end = text + length, .err = err };
	bool found = false;

	if (nesting_is_over(text, length, DEPTH_MAX))
		return err_set(err, ERR_PROTOCOL, "the list of enrollments of CPS is nested too deep");
	if (expect(&s, '{') < 0)
		return ERR_PROTOCOL;
	if (next_byte(&s) != '}')
		do {
			if (take_member(&s, &found, fn, arg) < 0)
				return ERR_PROTOCOL;
		} while (next_byte(&s) == ',' && expect(&s, ',') == 0);
	if (expect(&s, '}') < 0)
		return ERR_PROTOCOL;
	*ret_skipped = s.skipped;
	return found ? 0 : err_set(err, ERR_PROTOCOL, "the list of enrollments of CPS has no \"enrollments\"");
}
