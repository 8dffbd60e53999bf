#include "solver/cps/answer.h"

#include <string.h>

#include "solver/base/clock.h"
#include "solver/base/mem.h"
#include "solver/cps/json.h"

static json_t *text(const char *value)
{
	json_t *one = value && *value ? json_string(value) : NULL;

	return one ? one : json_null();
}

json_t *cps_answer_enrollment(const struct cps_enrollment *e)
{
	json_t *pending = json_array(), *sans = json_array();
	char start[CLOCK_TEXT_SIZE];

	for (size_t i = 0; i < e->san_count; i++)
		json_array_append_new(sans, text(e->sans[i]));
	for (size_t i = 0; i < e->pending_count; i++)
		json_array_append_new(pending, json_pack("{s:I, s:o}", "id", (json_int_t)e->pending[i].change, "type", text(e->pending[i].type)));
	return json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "id", (json_int_t)e->id, "cn", text(e->cn), "sans", sans, "validation_type",
	                 text(e->validation_type), "ra", text(e->ra), "pending_changes", pending, "auto_renewal_start",
	                 text(e->auto_renewal_ms ? clock_text(e->auto_renewal_ms, start) : NULL), "slots", (json_int_t)e->slot_count,
	                 "change_management", e->no_change_management ? json_false() : json_null());
}

int cps_answer_read(const json_t *answer, struct cps_enrollment *ret)
{
	json_t *pending = json_object_get(answer, "pending_changes"), *sans = json_object_get(answer, "sans"), *one;
	struct cps_enrollment e = { .id = cps_json_id(answer, "id") };
	size_t i;

	if (e.id <= 0)
		return ERR_PROTOCOL;
	e.cn = cps_json_text(answer, "cn");
	e.validation_type = cps_json_text(answer, "validation_type");
	e.ra = cps_json_text(answer, "ra");
	e.auto_renewal_ms = cps_json_time(answer, "auto_renewal_start");
	e.slot_count = (size_t)json_integer_value(json_object_get(answer, "slots"));
	e.no_change_management = json_is_false(json_object_get(answer, "change_management"));
	e.sans = mem_new(json_array_size(sans) + 1, sizeof(*e.sans));
	json_array_foreach(sans, i, one)
		e.sans[e.san_count++] = mem_dup(json_is_string(one) ? json_string_value(one) : "");
	e.pending = mem_new(json_array_size(pending) + 1, sizeof(*e.pending));
	json_array_foreach(pending, i, one)
		e.pending[e.pending_count++] = (struct cps_pending){ cps_json_id(one, "id"), cps_json_text(one, "type") };
	*ret = e;
	return 0;
}
